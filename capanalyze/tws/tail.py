"""The newest frames of one side, kept cheaply, so that what was sent before the close can be told.

In: runs of whole frames that one packet completed, or several. Out: the last TAIL_FRAMES of them, oldest first. A run
is one slice of the packet's octets, so that the cost is paid per packet and not per frame; the objects are used again.
"""

from typing import Final

from mypy_extensions import i64

from capanalyze.tws.pieces import NO_SPANS, Pieces, Span

TAIL_FRAMES: Final = 8
"""Newest frames of a side that can be told. Each run holds at least one frame: that many runs are enough."""

LONG_KEPT: Final = 4096
"""Octets kept of the payload of a frame of more than 255 octets; such a frame is a run of its own."""


class Run:
    """Whole frames, one after the other.

    ``size`` is 0 for a run that ``data`` holds whole. ``packet`` brought all of it, or else ``spans`` say who brought
    what; while ``pieces`` is set it is only known where the run lies in them (``cut``). Else ``data`` has one frame's
    first octets (prefix included), which began in ``first_packet``; ``size`` octets of it were on the wire, and the
    capture lacks ``missing`` of them.
    """

    __slots__ = (
        "begin",
        "data",
        "end",
        "first_packet",
        "missing",
        "offset",
        "packet",
        "pieces",
        "size",
        "spans",
        "ts_ns",
    )

    def __init__(self) -> None:
        self.data: bytes = b""
        self.offset: i64 = 0
        self.first_packet: i64 = 0
        self.packet: i64 = 0
        self.ts_ns: i64 = -1
        self.size: i64 = 0
        self.missing: i64 = 0
        self.spans: list[Span] = NO_SPANS
        self.pieces: Pieces | None = None
        self.begin: i64 = 0
        self.end: i64 = 0

    def cut(self) -> i64:
        """Take the newest frames of a run out of its pieces; how many there are."""
        assert self.pieces is not None
        starts = newest_of(self.pieces.joined, self.begin, self.end)
        begin = starts[0]
        self.data = self.pieces.joined[begin : self.end]
        self.offset += begin - self.begin
        self.spans = self.pieces.spans(begin, self.end)
        self.pieces = None
        return len(starts)

    def bringer(self, at: i64) -> Span:
        """Who brought the octet at ``data[at]``; the span's end does not count where there is only one."""
        for span in self.spans:
            if at < span[0]:
                return span
        return (0, self.packet, self.ts_ns)


class Tail:
    """The newest runs of one side."""

    __slots__ = ("added", "runs")

    def __init__(self) -> None:
        self.runs: list[Run] = []
        self.added: i64 = 0

    def add(self, data: bytes, offset: i64, packet: i64, ts_ns: i64) -> Run:
        """Keep a run of short frames in place of the oldest run; return it, to be completed for any other."""
        if self.added < TAIL_FRAMES:
            self.runs.append(Run())
        run = self.runs[self.added % TAIL_FRAMES]
        self.added += 1
        run.data = data
        run.offset = offset
        run.packet = packet
        run.ts_ns = ts_ns
        run.size = 0
        run.spans = NO_SPANS
        run.pieces = None
        return run

    def add_pieces(self, pieces: Pieces, begin: i64, end: i64, offset: i64) -> None:
        """Keep a run of short frames that several packets brought, ``pieces.joined[begin:end]``; ``settle`` cuts it."""
        run = self.add(b"", offset, 0, -1)
        run.pieces = pieces
        run.begin = begin
        run.end = end

    def settle(self) -> None:
        """Keep of runs of several packets what can be told, and let go of the rest."""
        needed: i64 = TAIL_FRAMES
        for run in reversed(self._in_order()):
            if run.pieces is None:
                needed -= 1 if len(run.data) != 0 else 0
            elif needed > 0:
                needed -= run.cut()
            else:
                run.pieces = None

    def newest(self) -> list[Run]:
        """The runs that are kept, oldest first."""
        self.settle()
        return self._in_order()

    def _in_order(self) -> list[Run]:
        if self.added < TAIL_FRAMES:
            return self.runs[: self.added]
        oldest = self.added % TAIL_FRAMES
        return self.runs[oldest:] + self.runs[:oldest]


def newest_of(data: bytes, begin: i64, end: i64) -> list[int]:
    """Where the last TAIL_FRAMES of the frames begin that the run ``data[begin:end]`` is made of: short ones only."""
    starts: list[int] = []
    at: i64 = begin
    while at < end:
        starts.append(at)
        at += 4 + data[at + 3]
    return starts[-TAIL_FRAMES:]
