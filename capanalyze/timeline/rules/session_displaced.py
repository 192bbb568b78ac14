"""session-displaced: another session of the same user took over the market data (error 10197).

Why it matters: data stops while the socket stays up; the fix is a login elsewhere, not the connection.
What it is not: a lost connection to IB's servers (upstream-lost), though one may follow.
Source of the facts: protocol.md 5.2; failures.md 43.
"""

from typing import Final

from capanalyze.timeline.errors_told import DATA_TAKEN, told
from capanalyze.timeline.facts import Facts
from capanalyze.timeline.findings import Finding, finding
from capanalyze.timeline.resubscribed import data_since

ID: Final = "session-displaced"

CODE: Final = DATA_TAKEN


def check(facts: Facts) -> Finding | None:
    """Fires on an error message with code 10197."""
    error = facts.error(CODE)
    if error is None:
        return None
    newest = [one for one in facts.errors if one.code == CODE][-1]
    over = data_since(facts, newest)
    return finding(
        ID,
        f"Another session of the same user {'had' if over else 'has'} the market data (error 10197)",
        [error.at],
        [told(error), "market data came again after that" if over else ""],
        severity="notice" if over else "problem",
        advice="close the other TWS, app or web session, or use a second user name for the API",
    )
