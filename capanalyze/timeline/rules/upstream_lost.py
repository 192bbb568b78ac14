"""upstream-lost: the gateway said that it lost its own connection to IB (1100, 2110), or had it back (1101, 1102).

Why it matters: data stops and the API socket stays up. A client that closes and reconnects for that reason only makes
things worse; one that does not subscribe again after 1101 waits for data that never comes.
What it is not: a fault of the socket between client and gateway.
Source of the facts: protocol.md 5.2; failures.md 38.
"""

from typing import Final

from capanalyze.timeline.errors_told import UPSTREAM
from capanalyze.timeline.facts import Facts
from capanalyze.timeline.findings import Finding, finding
from capanalyze.timeline.resubscribed import never_again
from capanalyze.timeline.words import at_least

ID: Final = "upstream-lost"

MEANINGS: Final = {
    1100: "the gateway lost its connection to IB's servers",
    1101: "restored, market data has to be requested again",
    1102: "restored, market data goes on",
    2110: "the gateway's connection to IB's servers is broken, and will be restored by itself",
}

LISTED: Final = 6
"""The newest messages are told: they say how it stands."""

ADVICE: Final = {
    1101: "send every request for market data again: the gateway says that it lost them",
    1102: "nothing has to be requested again; what came meanwhile is lost",
}


def check(facts: Facts) -> Finding | None:
    """Fires on an error that tells of the gateway's own connection."""
    seen = [error for error in facts.errors if error.code in MEANINGS]
    if not seen:
        return None
    newest = seen[-LISTED:]
    least = at_least(facts.session is not None and facts.session.errors_left_out > 0)
    before = [f"{least}{len(seen) - len(newest)} more of these before"] if len(seen) > len(newest) else []
    return finding(
        ID,
        _title(facts),
        [error.at for error in newest],
        [
            *before,
            *(f"{error.code} in packet {error.at.packet}: {MEANINGS[error.code]}" for error in newest),
            "the client asked for no data after that" if never_again(facts) is not None else "",
        ],
        severity="notice" if never_again(facts) is None else "problem",
        advice=_advice(facts, seen[-1].code),
    )


def _advice(facts: Facts, newest: int) -> str:
    """What to do; where the gateway closed in the end, nothing more once it had its connection back."""
    if facts.closer == "server":
        return "" if newest in ADVICE else "connect again once the gateway has its own connection to IB back"
    do = ADVICE.get(newest, "wait for 1101 or 1102; subscribe again after 1101")
    return f"{do}; leave the API connection open"


def _title(facts: Facts) -> str:
    if facts.error(1100) is None and facts.error(2110) is None:
        lost = "; its subscriptions are gone" if facts.error(1101) is not None else ""
        return f"The gateway has its own connection to IB back{lost}"
    newest = max(error.at.packet for error in facts.errors if error.code in UPSTREAM)
    stayed = "" if facts.closer == "server" or facts.connection.last_packet <= newest else "; the API socket stayed up"
    return f"The gateway lost its own connection to IB{stayed}"
