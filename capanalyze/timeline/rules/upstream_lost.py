"""upstream-lost: the gateway said that it lost its own connection to IB (1100), or had it back (1101, 1102).

Why it matters: data stops and the API socket stays up. A client that closes and reconnects for that reason only makes
things worse.
What it is not: a fault of the socket between client and gateway.
Source of the facts: protocol.md 5.2; failures.md 38.
"""

from typing import Final

from capanalyze.timeline.facts import Facts
from capanalyze.timeline.findings import Finding, finding

ID: Final = "upstream-lost"

MEANINGS: Final = {
    1100: "the gateway lost its connection to IB's servers",
    1101: "restored, market data has to be requested again",
    1102: "restored, market data goes on",
}


def check(facts: Facts) -> Finding | None:
    """Fires on an error 1100."""
    if facts.error(1100) is None:
        return None
    seen = [error for error in facts.errors if error.code in MEANINGS]
    return finding(
        ID,
        "The gateway lost its own connection to IB; the API socket stayed up",
        [error.at for error in seen],
        [f"{error.code} in packet {error.at.packet}: {MEANINGS[error.code]}" for error in seen],
        severity="notice",
        advice="wait for 1101 or 1102; subscribe again after 1101; leave the API connection open",
    )
