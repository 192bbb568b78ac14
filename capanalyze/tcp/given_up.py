"""Connections that are followed no longer, because more is to be kept of them than there is room for.

In: what connections take that are counted only. Out: whether that is too much; and later, which segments belong to one
that was given up. Those of which all goes well have their room from the beginning (``FOLLOWED`` in table.py); what is
odd of a side is not known before it comes, and 20,000 connections may all be odd.
"""

from collections.abc import Iterable
from typing import Final

from mypy_extensions import i64

from capanalyze.packets.common import COMPILED
from capanalyze.packets.segment import ACK, SYN, Segment
from capanalyze.tcp.connection import Connection
from capanalyze.tcp.parting import OPEN, SMOOTH
from capanalyze.tcp.room import CONNECTION_COST, GAP_COST, ODD_COST, PARTING_COST, Room
from capanalyze.tcp.side import Side, shared

REMEMBERED: Final = 40_000
"""Keys of sides that were given up; beyond them all are forgotten, and what still comes is followed as if new."""


class GivenUp:
    """Those that were given up, and what the others take."""

    def __init__(self, room: Room) -> None:
        self.room = room
        self._keys: set[bytes] = set()

    def add(self, connection: Connection, keys: Iterable[bytes]) -> None:
        """Remember a connection that is followed no longer, by the keys that its segments have."""
        connection.given_up = True
        if len(self._keys) >= REMEMBERED:
            self._keys.clear()
        self._keys.update(keys)

    def has(self, seg: Segment) -> bool:
        """Whether a segment belongs to one that was given up; a SYN begins another one."""
        if not self._keys or seg.key not in self._keys:
            return False
        if seg.flags & (SYN | ACK) != SYN:
            return True
        self._keys.discard(seg.key)
        return False

    def weigh(self, connection: Connection) -> bool:
        """Count what a connection that is counted only takes by now; True where that has grown and is too much."""
        load = CONNECTION_COST + beyond(connection.orig) + beyond(connection.resp)
        more = load - connection.load
        connection.load = load if COMPILED else shared(load)
        self.room.take(more)
        return more > 0 and not connection.over and self.room.is_exhausted()

    def unload(self, connection: Connection) -> None:
        """A connection takes nothing any more: it is forgotten, or told in full."""
        self.room.take(-connection.load)
        connection.load = 0


def beyond(side: Side) -> i64:
    """What a side takes beyond what every side does."""
    odd = side.trouble
    cost: i64 = 0 if odd is SMOOTH else ODD_COST + len(odd.gaps) * GAP_COST
    return cost if side.parting is OPEN else cost + PARTING_COST
