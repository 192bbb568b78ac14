"""Where framing was lost: one entry for each place in a side's stream.

In: what session.py was told of a stream. Out: the entries of ``SessionState.desyncs``.
"""

from typing import Final

from mypy_extensions import i64

LOST: Final = 50
"""Places listed where framing made no sense; ``desync_count`` stays true."""


NO_ROOM: Final = "no room for what waits to be understood"
"""Why a side is not read any more though its octets may make sense."""


class Desync:
    """A place in a side's stream where framing made no sense, octets are missing, or a frame is empty."""

    def __init__(self, from_client: bool, packet: i64, ts_ns: i64, offset: i64, reason: str) -> None:
        self.from_client: bool = from_client
        self.packet: i64 = packet
        self.ts_ns: i64 = ts_ns
        self.offset: i64 = offset
        self.reason: str = reason

    @property
    def senseless(self) -> bool:
        """Whether the octets themselves make no sense: none of them is missing, and there was room for them."""
        return "missing" not in self.reason and self.reason != NO_ROOM


NO_DESYNCS: Final[list[Desync]] = []
"""What a session has until framing was lost: shared, never written to."""
