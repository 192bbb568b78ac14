"""Told later: what the gateway said of orders on later connections, when their own had ended without an answer.

In: Facts and the orders' requests. Out: the first orderStatus about each, in words. It tells that there is an order
with that id, and how it stands; where the request was to change or to cancel it, not whether that was done.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from capanalyze.timeline.facts import Facts
from capanalyze.timeline.words import clean
from capanalyze.tws.decode import decode_message
from capanalyze.tws.tally import Named

ORDER_STATUS: Final = "orderStatus"


class ToldLater(NamedTuple):
    """The packet of an orderStatus, and what it tells, as a line of evidence."""

    packet: int
    words: str


def told_later(facts: Facts, orders: Sequence[Named]) -> list[ToldLater]:
    """What is told of these orders."""
    return [told for order in orders if (told := _of_one(facts, order)) is not None]


def _of_one(facts: Facts, order: Named) -> ToldLater | None:
    """The first orderStatus on another connection to that gateway, among the messages that are kept of its beginning.

    Order ids are each client's own, so the client id has to be that of the client which sent the order.
    """
    for other in facts.others:
        if other is facts or other.session is None or other.listener != facts.listener or facts.client_id is None:
            continue
        for message in other.session.head:
            if (
                message.name == ORDER_STATUS
                and message.request_id == order.request_id
                and message.packet > order.packet
            ):
                fields = decode_message(message).fields
                if fields.get("clientId") == facts.client_id:
                    where = f"on connection {other.number}: status {clean(str(fields.get('status', '')))}"
                    what = f"the gateway told of an order {order.request_id} of this client id later, {where}"
                    return ToldLater(int(message.packet), f"{what} (packet {message.packet})")
    return None
