"""pacing-reject: the gateway said error 100, more than 50 messages a second.

Why it matters: after repeated violations older builds, and newer ones that are set to reject, drop the client.
What it is not: the pacing of historical data (error 162), which leaves the connection alone.
Source of the facts: protocol.md 5.2 and 5.3; failures.md 34.
"""

from typing import Final

from capanalyze.timeline.facts import Facts
from capanalyze.timeline.findings import Finding, finding
from capanalyze.timeline.legs import ended_by_relay
from capanalyze.timeline.pacing import REJECTED
from capanalyze.timeline.standing import recent
from capanalyze.timeline.words import at_least, count

ID: Final = "pacing-reject"


def check(facts: Facts) -> Finding | None:
    """Fires on an error message with code 100."""
    told = [error for error in facts.errors if error.code == REJECTED]
    if not told:
        return None
    least = at_least(facts.session is not None and facts.session.errors_left_out > 0)
    closed = facts.closer == "server" and ended_by_relay(facts) is None and recent(facts, told[-1])
    return finding(
        ID,
        "The client sends more messages than the gateway takes (error 100)",
        [*(error.at for error in told[:8]), facts.close if closed else None],
        [
            f"error 100 in packet {told[0].at.packet}"
            + (f", and {least}{count(len(told) - 1, 'more time')} after that" if len(told) > 1 else ""),
            "the gateway closed the connection after that" if closed else "",
        ],
        advice='send at most 45 messages a second, cancels included; untick "Reject messages above maximum rate"',
    )
