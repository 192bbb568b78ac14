"""Sessions at rest: those that are counted only, while both sides are between two frames.

In: the octets of all of them that got equally far. Out: their frames are counted; the beginning of a frame waits at its
side; what makes no frame is left to a session of the connection's own, which goes on from there (``Session.resume``).
A session with its streams takes a kilobyte, interpreted more, and 20,000 may be open at a time; one that all share is
at hand, too, where theirs lie far away in memory.
"""

from typing import Final

from mypy_extensions import i64

from capanalyze.packets.common import COMPILED
from capanalyze.tcp.listener import Listener
from capanalyze.tws.frames import MAX_FRAME, identify, length_at
from capanalyze.tws.framing import FrameStream
from capanalyze.tws.session import Session
from capanalyze.tws.untold import Untold

MOST_BEGUN: Final = 2048
"""Octets of a frame that waits at its side until it is whole; a longer one needs a session of its own."""


class RestingStream(FrameStream):
    """The same side of all of them."""

    __slots__ = ()

    def hear(self, data: bytes, start: i64, end: i64, packet: i64, ts_ns: i64) -> i64:  # noqa: ARG002 - none is kept
        """Take whole frames; return where the first one begins that is not whole, or is watched."""
        return self.walk_octets(data, start, end) if COMPILED else self.walk_heads(data, start, end)


class Resting(Session):
    """In place of all sessions at rest that came to the same milestones: ``finish`` counts another one of them.

    Args:
        untold: what sessions share that are counted only.
        progress: their milestones (untold.py).
    """

    __slots__ = ()

    def __init__(self, untold: Untold, progress: i64) -> None:
        super().__init__(0, True, True, False, False, untold)
        self.first = self.client = RestingStream(self, 0, 0, None, untold.client)
        self.second = self.server = RestingStream(self, 1, 0, None, untold.server)
        self.resume(progress)


class Begun(Listener):
    """In place of the stream of a side at which a frame waits: what comes next has to be put after that."""

    __slots__ = ()

    def hear(self, data: bytes, start: i64, end: i64, packet: i64, ts_ns: i64) -> i64:  # noqa: ARG002 - takes none
        """Leave all octets to ``Sessions.tell``."""
        return start


BEGUN: Final = Begun()


def begins_frame(octets: bytes) -> bool:
    """Whether these may be the beginning of a frame that may wait at its side."""
    return len(octets) < 4 or len(octets) < 4 + int.from_bytes(octets[:4], "big") <= MOST_BEGUN


def whole_frame(octets: bytes, at: i64, end: i64) -> tuple[i64, i64]:
    """Size and index of the frame at ``at`` that the walk left; 0 and 0 where it is not whole, or none."""
    if end - at < 5:
        return 0, 0
    length = length_at(octets, at)
    if length == 0 or length > MAX_FRAME or at + 4 + length > end:
        return 0, 0
    index = identify(octets, at + 4, at + 4 + length, length)
    return (4 + length, index) if index > 0 else (0, 0)
