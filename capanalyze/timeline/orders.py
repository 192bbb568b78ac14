"""Orders that had no answer when their connection came to its end: whether they were taken the packets do not tell.

In: Facts. Out: those requests, a clause for the first line, and which of them were not to be transmitted.
"""

from typing import Final

from capanalyze.timeline.ends import moment
from capanalyze.timeline.facts import Facts
from capanalyze.timeline.half_closed import half_closed
from capanalyze.timeline.last_words import messages_before_close
from capanalyze.timeline.orders_named import PLACE_ORDER
from capanalyze.timeline.vanished import in_vain
from capanalyze.timeline.words import at_least, count
from capanalyze.tws.decode import decode_message
from capanalyze.tws.session import Session
from capanalyze.tws.tally import ORDERS_KEPT, Named, OrderAnswered

ORDERS: Final = frozenset((PLACE_ORDER, "cancelOrder"))

LOOK_FIRST: Final = (
    "look for it in TWS, or with reqOpenOrders and reqExecutions, before it is sent again: it may be there"
)
"""What to do about an order without an answer: nothing is worse than to have it twice."""


def unconfirmed(facts: Facts) -> list[Named]:
    """Orders, and cancellations, without any answer where somebody closed, or the gateway's host had fallen silent."""
    session = facts.session
    if session is None or facts.stage not in {"ready", "midstream"} or not facts.server.side.packets:
        return []
    found = in_vain(facts)
    if not facts.closer and (found is None or found.peer is not facts.server):
        return []
    early = {one.packet for one in session.pairing.tally.early}
    doubtful = errors_in_doubt(session)
    return [
        one
        for one in session.unanswered
        if one.name in ORDERS and one.packet not in early and one.request_id not in doubtful
    ]


def answered_late(facts: Facts) -> list[OrderAnswered]:
    """Orders, and cancellations, whose first answer came after the client had closed, but not for sending only."""
    session = facts.session
    if session is None or facts.stage not in {"ready", "midstream"} or facts.closer != "client" or half_closed(facts):
        return []
    orders = session.pairing.tally.orders
    return [one for one in orders if facts.too_late("server", moment(one.at_packet, one.at_ts))]


def errors_in_doubt(session: Session) -> set[int | None]:
    """The ids of requests with which an error may have been about another one that has the same."""
    return {one.request_id for one in session.pairing.tally.refused if not one.alone}


def unconfirmed_told(facts: Facts) -> str:
    """The clause for a first line, or ""; where octets are missing the answers may be among them."""
    found = [] if facts.incomplete else unconfirmed(facts)
    late = [] if facts.incomplete else answered_late(facts)
    if not found and not late:
        return ""
    what = "not answered" if not late else "answered only after it had closed" if not found else "not answered in time"
    first = min([*found, *late], key=lambda one: int(one.packet))
    one = f"{first.name} {first.request_id}"
    if len(found) + len(late) == 1:
        return f"the client's {one} was {what}"
    number = at_least(more_unanswered(facts) or len(late) == ORDERS_KEPT) + count(len(found) + len(late), "request")
    return f"{number} about orders were {what} ({one} for one)"


def more_unanswered(facts: Facts) -> bool:
    """Whether more requests had no answer than are listed, or waited than were followed."""
    session = facts.session
    return session is not None and session.unanswered_left_out + session.pairing.tally.not_followed > 0


def held(facts: Facts, orders: list[Named]) -> list[int]:
    """The ids of those that were sent with transmit off, as far as they are kept: TWS holds such an order."""
    wanted = {(int(one.packet), one.request_id) for one in orders if one.name == PLACE_ORDER}
    found = []
    for message in messages_before_close(facts, "client") if wanted else []:
        if message.name == PLACE_ORDER:
            told = decode_message(message)
            order = told.fields.get("order")
            off = isinstance(order, dict) and order.get("transmit") is False
            if off and told.request_id is not None and (int(message.packet), told.request_id) in wanted:
                found.append(told.request_id)
    return found
