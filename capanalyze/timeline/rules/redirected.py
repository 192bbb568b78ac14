"""redirected: the gateway answered the hello with another address.

Why it matters: most clients do not follow it: Python's take -1 for a version, others report error 502 or 506.
What it is not: an old gateway (version-window-miss).
Source of the facts: protocol.md 1.4 and 6.3 row d4.
"""

from typing import Final

from capanalyze.timeline.facts import Facts
from capanalyze.timeline.findings import Finding, finding
from capanalyze.timeline.words import quote

ID: Final = "redirected"


def check(facts: Facts) -> Finding | None:
    """Fires where the server's hello is a redirect."""
    if not facts.redirect:
        return None
    there = _followed(facts)
    evidence = [f"redirect to {quote(facts.redirect)}"]
    return finding(
        ID,
        "The gateway sent the client to another address",
        [facts.hello, facts.answer],
        [*evidence, f"connection {there.number} leads there, and its session was ready"] if there else evidence,
        severity="notice" if there else "problem",
        advice="" if there else "connect to that address directly, or use a client that follows redirects",
    )


def _followed(facts: Facts) -> Facts | None:
    """The next connection to that address, where a session came about."""
    for other in facts.others:
        if other.number > facts.number and other.stage == "ready" and other.server.address == facts.redirect:
            return other
    return None
