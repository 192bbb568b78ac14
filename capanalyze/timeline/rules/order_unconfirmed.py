"""order-unconfirmed: an order, or its cancellation, had no answer when the connection came to its end.

Why it matters: the gateway may have taken it, and nobody told the client: whoever sends it again may have it twice, and
whoever does not may not have it at all. A program that places an order and disconnects at once is the commonest case.
What it is not: an order that was answered, or refused (requests-refused), or that waits in a session that goes on
(requests-unanswered).
Source of the facts: protocol.md 3.6 (openOrder and orderStatus answer placeOrder); RFC 9293 3.10 (an acknowledgement is
the host's, not the program's).
"""

from typing import Final

from capanalyze.timeline.ends import between, moment
from capanalyze.timeline.facts import Facts
from capanalyze.timeline.findings import Cause, Finding, finding
from capanalyze.timeline.orders import held, more_unanswered, unconfirmed
from capanalyze.timeline.words import LISTED_REQUESTS, SECOND, first_of, listing, span
from capanalyze.tws.tally import Named

ID: Final = "order-unconfirmed"

LEFT_AT_ONCE: Final = Cause(
    "the client closed before an answer could come", "likely", "whether it waits for openOrder or orderStatus"
)
LOOK_FIRST: Final = (
    "look for it in TWS, or with reqOpenOrders and reqExecutions, before it is sent again: it may be there"
)


def check(facts: Facts) -> Finding | None:
    """Fires where an order without an answer is among the client's last words."""
    orders = unconfirmed(facts)
    if not orders:
        return None
    side = facts.client.side
    taken = (
        "acknowledged all that the client sent, which is no answer of the gateway"
        if side.acked_rel >= side.next_rel
        else "did not acknowledge all that the client sent: it may not have got it"
    )
    last = between(moment(orders[-1].packet, orders[-1].ts_ns), facts.until, facts.set_back)
    at_once = facts.closer == "client" and last is not None and last < SECOND
    return finding(
        ID,
        "An order had no answer when the connection came to its end"
        if len(orders) == 1
        else "Orders had no answer when the connection came to its end",
        [*(int(one.packet) for one in orders[:LISTED_REQUESTS]), facts.close],
        [
            f"no answer to {_listed(facts, orders)}",
            f"the gateway's host {taken}",
            *_transmit(facts, orders),
        ],
        severity="problem",
        certainty="possible" if facts.incomplete or facts.held_back else "certain",
        causes=[LEFT_AT_ONCE] if at_once else [],
        advice=f"wait for openOrder or orderStatus before disconnecting; {LOOK_FIRST}" if at_once else LOOK_FIRST,
    )


def _listed(facts: Facts, orders: list[Named]) -> str:
    """The orders by name, id and packet, and how long before the end each was sent."""
    end = "the close" if facts.closer else "the end"
    words = []
    for one in orders[:LISTED_REQUESTS]:
        before = between(moment(one.packet, one.ts_ns), facts.until, facts.set_back)
        when = f", {span(before)} before {end}" if before is not None and before >= 0 else ""
        words.append(f"{one.name} {one.request_id} (packet {one.packet}{when})")
    return first_of(words, max(len(orders) - LISTED_REQUESTS, 0), least=more_unanswered(facts))


def _transmit(facts: Facts, orders: list[Named]) -> list[str]:
    """That an order was not to be transmitted."""
    ids = held(facts, orders)
    if not ids:
        return []
    which = listing([str(one) for one in ids[:LISTED_REQUESTS]])
    return [f"placeOrder {which} had transmit off: TWS holds such an order, and answers once it is transmitted"]
