"""What went wrong in a session, one entry each: framing that was lost, and requests without an answer.

In: what session.py and pairing.py found. Out: entries of the lists in state.py, and the bounds of these.
"""

from typing import Final

from mypy_extensions import i64

LOST: Final = 50
"""Places listed where framing made no sense; ``desync_count`` stays true."""

UNANSWERED: Final = 100
"""Requests without an answer that are listed; ``unanswered_left_out`` counts the rest."""


class Desync:
    """A place in a side's stream where framing made no sense, octets are missing, or a frame is empty."""

    def __init__(self, from_client: bool, packet: i64, ts_ns: i64, offset: i64, reason: str) -> None:
        self.from_client: bool = from_client
        self.packet: i64 = packet
        self.ts_ns: i64 = ts_ns
        self.offset: i64 = offset
        self.reason: str = reason


class Unanswered:
    """A request that no message of the server answered; ``request_id`` is None where it has none."""

    def __init__(self, packet: i64, ts_ns: i64, name: str, request_id: int | None) -> None:
        self.packet: i64 = packet
        self.ts_ns: i64 = ts_ns
        self.name: str = name
        self.request_id: int | None = request_id


NO_DESYNCS: Final[list[Desync]] = []
NO_REQUESTS: Final[list[Unanswered]] = []
"""What a session has until there is something to remember: shared, never written to."""
