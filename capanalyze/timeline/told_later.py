"""Told later: what the gateway said of orders on later connections, when their own had ended without an answer.

In: Facts and the orders' requests. Out: the first orderStatus about each, in words. It tells that there is an order
with that id, and how it stands; where the request was to change or to cancel it, not whether that was done. Of an id
that the client may have used for a new order by then, nothing is told.
"""

from collections.abc import Sequence
from typing import NamedTuple

from capanalyze.timeline.facts import Facts
from capanalyze.timeline.orders_named import OrdersNamed
from capanalyze.timeline.words import quote
from capanalyze.tws.tally import Named


class ToldLater(NamedTuple):
    """The packet of an orderStatus, and what it tells, as a line of evidence."""

    packet: int
    words: str


def told_later(facts: Facts, orders: Sequence[Named]) -> list[ToldLater]:
    """What is told of these orders, once of each."""
    if facts.client_id is None:
        return []
    there = [
        (named, other.number)
        for other in facts.others
        if other is not facts and other.listener == facts.listener and (named := _named(other)) is not None
    ]
    last = {order.request_id: int(order.packet) for order in orders if order.request_id is not None}
    told = [_of_one(there, facts.client_id, order, packet) for order, packet in last.items()]
    return [one for one in told if one is not None]


def _named(facts: Facts) -> OrdersNamed | None:
    """What the messages of a connection say of orders, read once; None without a session."""
    if facts.orders_named is None and facts.session is not None:
        lacks_from = int(facts.connection.first_packet) if facts.client.unread else 0
        facts.orders_named = OrdersNamed(facts.session, lacks_from)
    return facts.orders_named


def _of_one(there: Sequence[tuple[OrdersNamed, int]], client: int, order: int, after: int) -> ToldLater | None:
    """The first word about an order on other connections to that gateway, unless it is that of a new one."""
    words = [(word, number) for named, number in there if (word := named.first(client, order, after)) is not None]
    if not words:
        return None
    (packet, status), number = min(words)
    if not status:
        return None
    where = f"on connection {number}: status {quote(status)} (packet {packet})"
    return ToldLater(packet, f"the gateway told of an order {order} of this client id later, {where}")
