"""Sessions at rest: those that are counted only, while both sides are between two frames.

In: the octets of all of them that got equally far. Out: their frames are counted; what is no whole frame, or a watched
one, is left to a session of the connection's own, which goes on from there (``Session.resume``). A session with its
streams takes a kilobyte, interpreted more, and 20,000 may be open at a time; one that all share is at hand, too, where
theirs lie far away in memory.
"""

from mypy_extensions import i64

from capanalyze.packets.common import COMPILED
from capanalyze.tws.framing import FrameStream
from capanalyze.tws.rest import Rest
from capanalyze.tws.session import Session


class RestingStream(FrameStream):
    """The same side of all of them."""

    __slots__ = ()

    def hear(self, data: bytes, start: i64, end: i64, packet: i64, ts_ns: i64) -> i64:  # noqa: ARG002 - none is kept
        """Take whole frames; return where the first one begins that is not whole, or is watched."""
        return self.walk_octets(data, start, end) if COMPILED else self.walk_heads(data, start, end)


class Resting(Session):
    """In place of all sessions at rest that came to the same milestones: ``finish`` counts another one of them.

    Args:
        rest: what sessions share that are counted only.
        progress: their milestones (rest.py).
    """

    __slots__ = ()

    def __init__(self, rest: Rest, progress: i64) -> None:
        super().__init__(0, True, True, False, False, rest)
        self.first = self.client = RestingStream(self, 0, 0, None, rest.client)
        self.second = self.server = RestingStream(self, 1, 0, None, rest.server)
        self.resume(progress)
