"""The newest frames of one side, kept cheaply, so that what was sent before the close can be told.

In: runs of whole frames that one packet completed. Out: the last FRAMES of them, oldest first. A run is one
slice of the packet's octets, so that the cost is paid per packet and not per frame; the objects are used again.
"""

from typing import Final

from mypy_extensions import i64

TAIL_FRAMES: Final = 8
"""Newest frames of a side that can be told. Each run holds at least one frame: that many runs are enough."""

LONG_KEPT: Final = 4096
"""Octets kept of the payload of a frame of more than 255 octets; such a frame is a run of its own."""


class Run:
    """Whole frames, one after the other, the last octets of all of which came with the same packet.

    ``size`` is 0 for a run that ``data`` holds whole and ``packet`` brought whole. Else ``data`` has one frame's first
    octets (prefix included), which began in ``first_packet``; ``size`` octets of it were on the wire, and the capture
    lacks ``missing`` of them.
    """

    def __init__(self) -> None:
        self.data: bytes = b""
        self.offset: i64 = 0
        self.first_packet: i64 = 0
        self.packet: i64 = 0
        self.ts_ns: i64 = -1
        self.size: i64 = 0
        self.missing: i64 = 0


class Tail:
    """The newest runs of one side."""

    def __init__(self) -> None:
        self.runs: list[Run] = [Run() for _ in range(TAIL_FRAMES)]
        self.added: i64 = 0

    def add(self, data: bytes, offset: i64, packet: i64, ts_ns: i64) -> Run:
        """Keep a run of short frames in place of the oldest run; return it, to be completed for any other."""
        run = self.runs[self.added % TAIL_FRAMES]
        self.added += 1
        run.data = data
        run.offset = offset
        run.packet = packet
        run.ts_ns = ts_ns
        run.size = 0
        return run

    def newest(self) -> list[Run]:
        """The runs that are kept, oldest first."""
        if self.added < TAIL_FRAMES:
            return self.runs[: self.added]
        oldest = self.added % TAIL_FRAMES
        return self.runs[oldest:] + self.runs[:oldest]
