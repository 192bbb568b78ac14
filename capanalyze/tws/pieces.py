"""Pieces: several packets' octets read as one, and who brought which of them.

In: a side's next octets, packet by packet. Out: they as one run of octets, and for a place in it the packet. For the
interpreter, to which a call per packet costs more than the octets (lane.py); compiled, each packet is read alone.
"""

from bisect import bisect_right
from collections.abc import Callable
from itertools import accumulate
from typing import Final

from mypy_extensions import i64

from capanalyze.tws.resync import Part

Piece = tuple[bytes, int, int]
"""Octets, the packet that brought them, and its time in ns."""

Span = tuple[int, int, int]
"""Where the octets of a packet end in a run of octets, the packet, and its time in ns."""

NO_SPANS: Final[list[Span]] = []
"""The spans of octets that one packet brought: shared, never written to."""


class Pieces:
    """Octets of consecutive packets; ``joined`` is all of them.

    Args:
        pieces: the octets of each.
        bringers: the packets.
        time_of: says a packet's time in ns.
    """

    def __init__(self, pieces: list[bytes], bringers: list[int], time_of: Callable[[int], int]) -> None:
        self._pieces = pieces
        self._bringers = bringers
        self._time_of = time_of
        self.joined: bytes = b"".join(pieces)
        self._ends: list[int] = []

    def __len__(self) -> int:
        return len(self._pieces)

    def piece(self, place: i64) -> Piece:
        """What one packet brought."""
        packet = self._bringers[place]
        return self._pieces[place], packet, self._time_of(packet)

    def behind(self, place: i64) -> "Pieces":
        """All but the first ``place``."""
        return self if place == 0 else Pieces(self._pieces[place:], self._bringers[place:], self._time_of)

    def _place(self, at: int) -> int:
        """Which piece holds the octet at ``at``."""
        if not self._ends:
            self._ends = list(accumulate(map(len, self._pieces)))
        return bisect_right(self._ends, at)

    def brought(self, at: i64) -> Piece:
        """The piece that holds the octet at ``at``."""
        return self.piece(self._place(at))

    def parts(self, at: i64, end: i64) -> list[Part]:
        """The octets from ``at`` to ``end`` as the packets brought them, oldest first."""
        found = []
        begin: i64 = at
        for upto, packet, ts_ns in self.spans(at, end):
            found.append(Part(self.joined, begin, at + upto, packet, ts_ns))
            begin = at + upto
        return found

    def spans(self, begin: i64, end: i64) -> list[Span]:
        """Who brought the octets from ``begin`` to ``end``; the spans count from ``begin``."""
        found = []
        place = self._place(begin)
        upto: i64 = begin
        while upto < end:
            upto = min(self._ends[place], end)
            _, packet, ts_ns = self.piece(place)
            found.append((upto - begin, packet, ts_ns))
            place += 1
        return found
