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
    return finding(
        ID,
        "The gateway sent the client to another address",
        [facts.hello, facts.answer],
        [f"redirect to {quote(facts.redirect)}"],
        advice="connect to that address directly, or use a client that follows redirects",
    )
