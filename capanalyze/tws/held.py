"""The beginning of a frame, or of a hello, of which the rest has not come yet.

In: the first octets, and then more. Out: as soon as the octets tell, what they begin and how long it is. Of a long
frame only the first ``limit`` octets are kept.
"""

from typing import Final

from mypy_extensions import i64

from capanalyze.tws.frames import IMPLAUSIBLE, MAX_FRAME, UNDECIDED, identify, length_at
from capanalyze.tws.resync import NO_PARTS, Part

EMPTY: Final = -2
"""What a length of 0 begins."""


class Held:
    """Octets of one side that are no whole frame.

    Attributes:
        kept: the first octets, prefix included, up to ``limit``, or to the first that the capture lacks.
        octets: how many of it there were so far, those that the capture lacks (``missing``) included.
        need: how many it has; 0 before that is known. index: what it is; UNDECIDED before that is known.
        offset, packet: of its first octet in the stream, and who brought that.
        parts: the octets as they came, until the index is known.
    """

    __slots__ = ("index", "kept", "length", "limit", "missing", "need", "octets", "offset", "packet", "parts")

    def __init__(self, limit: i64) -> None:
        self.limit: i64 = limit
        self.kept: bytearray = bytearray()
        self.octets: i64 = 0
        self.missing: i64 = 0
        self.need: i64 = 0
        self.index: i64 = UNDECIDED
        self.length: i64 = 0
        self.offset: i64 = 0
        self.packet: i64 = 0
        self.parts: list[Part] = NO_PARTS

    def begin(self, offset: i64, packet: i64) -> None:
        """A frame begins of which nothing is known."""
        if len(self.kept) != 0:
            self.kept = bytearray()
        self.octets = 0
        self.missing = 0
        self.need = 0
        self.index = UNDECIDED
        self.offset = offset
        self.packet = packet
        self.parts = NO_PARTS

    def add(self, data: bytes, start: i64, end: i64) -> None:
        """Take ``data[start:end]``, which belongs to it."""
        room: i64 = self.limit - len(self.kept)
        if room > 0 and self.missing == 0:
            self.kept += data[start : min(end, start + room)]
        self.octets += end - start

    def remember(self, piece: bytes, packet: i64, ts_ns: i64) -> None:
        """Take octets that do not tell yet, to be read again should they begin nothing."""
        self.add(piece, 0, len(piece))
        if len(self.parts) == 0:
            self.parts = []
        self.parts.append(Part(piece, 0, len(piece), packet, ts_ns))

    def decide(self, data: bytes, start: i64, end: i64) -> i64:
        """What it is, as far as its octets and those of ``data[start:end]`` tell: an index, EMPTY or IMPLAUSIBLE."""
        known = bytes(self.kept) + data[start : min(end, start + 8)]
        here: i64 = len(known)
        if here < 4:
            return UNDECIDED
        self.length = length_at(known, 0)
        if self.length == 0:
            return EMPTY
        self.need = self.length + 4
        if self.length > MAX_FRAME:
            return IMPLAUSIBLE
        return identify(known, 4, min(here, self.length + 4), self.length)

    def forget(self) -> i64:
        """Drop it; how many octets it had that the capture holds."""
        octets: i64 = self.octets - self.missing
        self.octets = 0
        self.missing = 0
        return octets


NOTHING: Final = Held(0)
"""What a stream holds while it holds nothing: shared by all, never written to."""
