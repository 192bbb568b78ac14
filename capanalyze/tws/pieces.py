"""Pieces: several packets' octets read as one, and who brought which of them.

In: a side's next octets, packet by packet. Out: they as one run of octets, and for a place in it the packet. For the
interpreter, to which a call per packet costs more than the octets (lane.py); compiled, each packet is read alone.
"""

from bisect import bisect_right
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
    """Octets of consecutive packets; ``joined`` is all of them."""

    def __init__(self, pieces: list[Piece], joined: bytes) -> None:
        self.joined = joined
        self._pieces = pieces
        self._ends: list[int] = []

    def _place(self, at: int) -> int:
        """Which piece holds the octet at ``at``."""
        if not self._ends:
            self._ends = list(accumulate([len(piece[0]) for piece in self._pieces]))
        return bisect_right(self._ends, at)

    def brought(self, at: i64) -> Piece:
        """The piece that holds the octet at ``at``."""
        return self._pieces[self._place(at)]

    def parts(self, at: i64, end: i64) -> list[Part]:
        """The octets from ``at`` to ``end`` as the packets brought them, oldest first."""
        found = []
        place = self._place(at)
        begin: int = at
        while begin < end:
            upto = min(self._ends[place], end)
            found.append(Part(self.joined, begin, upto, self._pieces[place][1], self._pieces[place][2]))
            begin = upto
            place += 1
        return found

    def spans(self, begin: i64, end: i64) -> list[Span]:
        """Who brought the octets from ``begin`` to ``end``; the spans count from ``begin``."""
        return [(part.end - begin, part.packet, part.ts_ns) for part in self.parts(begin, end)]
