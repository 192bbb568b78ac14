"""order-unconfirmed: an order, or its cancellation, had no answer when its client or the whole connection was gone.

Why it matters: the gateway may have taken it, and nobody told the client: whoever sends it again may have it twice, and
whoever does not may not have it at all. A program that places an order and disconnects at once is the commonest case:
the answer comes when its socket is gone.
What it is not: an order that was answered, or refused (requests-refused), or that waits in a session that goes on
(requests-unanswered).
Source of the facts: protocol.md 3.6 (openOrder and orderStatus answer placeOrder); RFC 9293 3.10 (an acknowledgement is
the host's, not the program's).
"""

from typing import Final

from capanalyze.timeline.ends import moment
from capanalyze.timeline.facts import Facts
from capanalyze.timeline.findings import Cause, Finding, finding
from capanalyze.timeline.orders import LOOK_FIRST, answered_late, held, more_unanswered, unconfirmed
from capanalyze.timeline.told_later import told_later
from capanalyze.timeline.words import LISTED_REQUESTS, SECOND, first_of, listing, span
from capanalyze.tws.tally import ORDERS_KEPT, Named, OrderAnswered

ID: Final = "order-unconfirmed"

LEFT_AT_ONCE: Final = Cause(
    "the client closed before an answer could come", "likely", "whether it waits for openOrder or orderStatus"
)


def check(facts: Facts) -> Finding | None:
    """Fires where an order without an answer is among the client's last words."""
    late = answered_late(facts)
    told = late[:LISTED_REQUESTS]
    orders = sorted([*unconfirmed(facts), *late], key=lambda one: int(one.packet))
    if not orders:
        return None
    side = facts.client.side
    taken = (
        "acknowledged all that the client sent, which is no answer of the gateway"
        if side.acked_rel >= side.next_rel
        else "did not acknowledge all that the client sent: it may not have got it"
    )
    last = facts.between(moment(orders[-1].packet, orders[-1].ts_ns), facts.until)
    at_once = facts.closer == "client" and last is not None and last < SECOND
    closed = "likely" if facts.inferred else "certain"
    again = told_later(facts, orders[:LISTED_REQUESTS])
    return finding(
        ID,
        f"{'An order' if len(orders) == 1 else 'Orders'} had no answer when "
        + ("the client closed" if late else "the connection came to its end"),
        [
            *(int(one.packet) for one in orders[:LISTED_REQUESTS]),
            facts.close,
            *(int(one.at_packet) for one in told),
            *(one.packet for one in again),
        ],
        [
            f"no answer to {_listed(facts, orders)}",
            *_came_late(facts, told),
            *([f"the gateway's host {taken}"] if len(late) < len(orders) else []),
            *_transmit(facts, orders),
            *(one.words for one in again),
        ],
        severity="problem",
        certainty="possible" if facts.incomplete or facts.held_back else closed if late else "certain",
        causes=[LEFT_AT_ONCE] if at_once else [],
        advice=f"wait for openOrder or orderStatus before disconnecting; {LOOK_FIRST}" if at_once else LOOK_FIRST,
    )


def _listed(facts: Facts, orders: list[Named]) -> str:
    """The orders by name, id and packet, and how long before the end each was sent."""
    end = "the close" if facts.closer else "the end"
    words = []
    for one in orders[:LISTED_REQUESTS]:
        before = facts.between(moment(one.packet, one.ts_ns), facts.until)
        when = f", {span(before)} before {end}" if before is not None and before >= 0 else ""
        words.append(f"{one.name} {one.request_id} (packet {one.packet}{when})")
    least = more_unanswered(facts) or len(answered_late(facts)) == ORDERS_KEPT
    return first_of(words, max(len(orders) - LISTED_REQUESTS, 0), least=least)


def _came_late(facts: Facts, late: list[OrderAnswered]) -> list[str]:
    """What answered orders when the client had closed, and whether its host took all of that."""
    words = []
    for one in late:
        after = facts.between(facts.close, moment(one.at_packet, one.at_ts))
        when = f" {span(after)}" if after is not None and after >= 0 else ""
        words.append(
            f"{one.answer} about {one.request_id} came{when} after the client's {facts.kind} (packet {one.at_packet})"
        )
    if not words:
        return []
    words = list(dict.fromkeys(words))  # one message may answer several
    refusal = facts.client.rst
    side = facts.server.side
    if refusal is not None and refusal.packet > late[0].at_packet and side.acked_rel < side.next_rel:
        words.append(
            f"the client's host did not acknowledge all that came after that, and sent a RST (packet {refusal.packet})"
        )
    return words


def _transmit(facts: Facts, orders: list[Named]) -> list[str]:
    """That an order was not to be transmitted."""
    ids = held(facts, orders)
    if not ids:
        return []
    which = listing([str(one) for one in ids[:LISTED_REQUESTS]])
    return [f"placeOrder {which} had transmit off: TWS holds such an order, and answers once it is transmitted"]
