"""In order: messages in the order of the packets that completed them.

In: messages as they are found. Out: the same in capture order. Where framing is searched for, messages are found some
packets later than they came, and those of other connections were found in the meantime: so the newest wait a while.
"""

from bisect import bisect_right
from typing import Final

from capanalyze.tws.message import Message

BEHIND: Final = 1_000
"""Packets that a message waits: a search that ends at all seldom takes a hundred, but others may lie between."""

NO_MORE: Final = 1 << 62
"""``packets`` after the last one."""

MOST_OCTETS: Final = 4 * 1024 * 1024
"""Octets of messages that wait; beyond them the oldest wait no longer."""

MESSAGE_COST: Final = 400
"""Octets that a message takes beside its payload."""


class InOrder:
    """The messages that wait."""

    def __init__(self) -> None:
        self._waiting: list[Message] = []

    def take(self, found: list[Message], packets: int) -> list[Message]:
        """Those that need wait no longer, of the ones found so far; ``packets`` were read."""
        waiting = self._waiting
        waiting.extend(found)
        waiting.sort(key=packet_of)
        at = bisect_right(waiting, packets - BEHIND, key=packet_of)
        octets = sum([len(message.payload) for message in waiting[at:]]) + MESSAGE_COST * (len(waiting) - at)
        while octets > MOST_OCTETS:
            octets -= len(waiting[at].payload) + MESSAGE_COST
            at += 1
        self._waiting = waiting[at:]
        del waiting[at:]
        return waiting

    def rest(self, found: list[Message]) -> list[Message]:
        """All that still wait, and the last ones found."""
        return self.take(found, NO_MORE)


def packet_of(message: Message) -> int:
    """Sort key of messages."""
    return message.packet
