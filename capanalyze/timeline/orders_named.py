"""Orders named: what the messages that are kept of a session's beginning say of orders.

In: a Session. Out: the first word about an order behind some packet: an orderStatus, or that this session's client
placed an order with that id, or may have done so unseen: what is told after that may be told of another order.
"""

from bisect import bisect_right
from typing import Final, NamedTuple

from capanalyze.tws.decode import decode_message
from capanalyze.tws.message import Message
from capanalyze.tws.session import Session

ORDER_STATUS: Final = "orderStatus"
PLACE_ORDER: Final = "placeOrder"


class OrderNamed(NamedTuple):
    """A packet, and the status that an orderStatus in it tells; "" where an order may have been placed in it."""

    packet: int
    status: str


class OrdersNamed:
    """What a session says of orders; ``lacks_from``: the packet from which its client's words are not all known, or 0.

    Order ids are each client's own: an order is known by the id of its client and its own.
    """

    def __init__(self, session: Session, lacks_from: int) -> None:
        self._client = session.client_id
        self._words: dict[tuple[int, int], list[OrderNamed]] = {}
        placed = 0
        for message in session.head:
            placed += message.from_client and message.name == PLACE_ORDER
            client, status = self._said(message)
            if client is not None and message.request_id is not None:
                word = OrderNamed(int(message.packet), status)
                self._words.setdefault((client, message.request_id), []).append(word)
        for words in self._words.values():
            words.sort(key=_packet)
        unseen = placed < session.client_counts.get(PLACE_ORDER, 0) and len(session.head) > 0
        self._unsure_from = lacks_from or (int(session.head[-1].packet) if unseen else 0)

    def _said(self, message: Message) -> tuple[int | None, str]:
        """Of which client's order a message tells, and its status; None of no order's."""
        if message.from_client:
            return (self._client if message.name == PLACE_ORDER else None), ""
        if message.name != ORDER_STATUS:
            return None, ""
        fields = decode_message(message).fields
        client, status = fields.get("clientId"), fields.get("status")
        return (client, status) if isinstance(client, int) and isinstance(status, str) and status else (None, "")

    def first(self, client: int, order: int, after: int) -> OrderNamed | None:
        """The first word about an order behind a packet."""
        words = self._words.get((client, order), [])
        at = bisect_right(words, after, key=_packet)
        word = words[at] if at < len(words) else None
        if client == self._client and self._unsure_from > after and (word is None or word.packet > self._unsure_from):
            return OrderNamed(self._unsure_from, "")
        return word


def _packet(word: OrderNamed) -> int:
    return word.packet
