"""output-trimmed: the gateway said that it threw away output for this client.

Why it matters: messages are missing that no capture can show: they were never sent.
What it is not: octets that the capture lacks (capture-incomplete).
Source of the facts: failures.md 49 (the gateway's text "Output exceeded limit ... removed first half").
"""

from typing import Final

from capanalyze.timeline.facts import Facts
from capanalyze.timeline.findings import Finding, finding
from capanalyze.timeline.standing import trimmed
from capanalyze.timeline.words import quote

ID: Final = "output-trimmed"


def check(facts: Facts) -> Finding | None:
    """Fires on an error message with that text."""
    told = trimmed(facts)
    if not told:
        return None
    return finding(
        ID,
        "The gateway dropped messages for this client before it sent them",
        [error.at for error in told[:8]],
        [f"packet {error.at.packet}: {quote(error.text)}" for error in told[:3]],
        advice="read the socket faster, and ask for fewer streams",
    )
