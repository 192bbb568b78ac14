"""requests-refused: the gateway answered requests of a working session with an error: an order, data, a contract.

Why it matters: the socket is fine and the client gets nothing, or its order does not exist. What the gateway said is on
the wire, also where the client's program shows it to nobody.
What it is not: a warning after which a request goes on (399, 10167), an order that the client itself cancelled, or an
error that has a rule of its own (read-only-api, session-displaced, pacing-reject).
Source of the facts: protocol.md 5.2 and 5.3; IB's list of message codes.
"""

from typing import Final

from capanalyze.timeline.facts import Facts
from capanalyze.timeline.findings import Finding, finding
from capanalyze.timeline.refusals import Refusals, left_out, refusals
from capanalyze.timeline.words import count, packets, quote

ID: Final = "requests-refused"

LISTED: Final = 6
"""Kinds of refusals in the evidence."""

PACING: Final = "ask for historical data slower: at most 60 requests in ten minutes, none twice within 15 s"
NO_DATA: Final = "subscribe to that market data for the API, or ask for delayed data first (reqMarketDataType 3)"
TOO_OLD: Final = "upgrade the client's library: the gateway does not take what this one sends"
ADVICE: Final = {
    101: "cancel market data that is no longer needed before asking for more",
    103: "count order ids up from nextValidId, and use none twice",
    110: "round the price to the contract's minTick (reqContractDetails, reqMarketRule)",
    200: "check the contract: symbol, exchange, currency, primary exchange; with its conId there is only one",
    354: NO_DATA,
    10089: NO_DATA,
    10090: NO_DATA,
    10091: NO_DATA,
    10168: NO_DATA,
    10186: NO_DATA,
    10268: TOO_OLD,
    10269: TOO_OLD,
    10270: TOO_OLD,
    10285: TOO_OLD,
}
"""What helps against an error, by its code."""

ELSE: Final = (
    "the text of the error is the gateway's reason; the same request in TWS by hand tells whether the API matters"
)


def check(facts: Facts) -> Finding | None:
    """Fires where an error ended a request and no other rule tells of it."""
    groups = refusals(facts)
    if not groups:
        return None
    more = sum(len(group.requests) for group in groups[LISTED:]) + left_out(facts)
    orders = [group for group in groups if group.of_an_order]
    return finding(
        ID,
        f"The gateway answered {'an order' if orders else 'requests'} of the client with an error"
        if not orders or sum(len(group.requests) for group in orders) == 1
        else "The gateway answered orders of the client with an error",
        sorted({int(one.at_packet) for group in groups for one in group.requests})[:LISTED],
        [*(_told(group) for group in groups[:LISTED]), f"and {count(more, 'more request')}" if more else ""],
        severity="problem" if orders else "notice",
        certainty="certain" if all(group.sure for group in groups) and not facts.client.unread else "likely",
        advice=_advice(groups[0]),
    )


def _told(group: Refusals) -> str:
    """A kind of refusals: its requests, the code, where, and the gateway's words."""
    first = group.requests[0]
    which = f" {first.request_id}" if first.request_id is not None else ""
    name = f"{group.name}{which}" if len(group.requests) == 1 else f"{len(group.requests):,} {group.name}"
    where = packets(int(one.at_packet) for one in group.requests)
    doubt = "" if group.sure else " (another request had its id, too)"
    return f"{name}: error {group.code} in {where}{doubt}" + (f": {quote(group.text)}" if group.text else "")


def _advice(group: Refusals) -> str:
    if group.code in {162, 420} and "pacing" in group.text.lower():
        return PACING
    return ADVICE.get(group.code, ELSE)
