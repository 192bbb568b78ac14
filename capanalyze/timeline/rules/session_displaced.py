"""session-displaced: another session of the same user took over the market data (error 10197).

Why it matters: data stops while the socket stays up; the fix is a login elsewhere, not the connection.
What it is not: a lost connection to IB's servers (upstream-lost), though one may follow.
Source of the facts: protocol.md 5.2; failures.md 43.
"""

from typing import Final

from capanalyze.timeline.errors_told import told
from capanalyze.timeline.facts import Facts
from capanalyze.timeline.findings import Finding, finding

ID: Final = "session-displaced"

CODE: Final = 10197


def check(facts: Facts) -> Finding | None:
    """Fires on an error message with code 10197."""
    error = facts.error(CODE)
    if error is None:
        return None
    return finding(
        ID,
        "Another session of the same user has the market data (error 10197)",
        [error.at],
        [told(error)],
        advice="close the other TWS, app or web session, or use a second user name for the API",
    )
