"""What is known of one side's octets while they are taken apart, and whom the stream tells of it.

In: nothing. Out: StreamState, the attributes of a FrameStream (framing.py), and FrameHandler, what its owner overrides.
"""

from typing import TYPE_CHECKING, Final

from mypy_extensions import i64

from capanalyze.tws.held import NOTHING, Held
from capanalyze.tws.pieces import Pieces
from capanalyze.tws.resync import NO_PARTS, Part, Scanner
from capanalyze.tws.tail import Tail
from capanalyze.tws.walker import Walker

if TYPE_CHECKING:
    from capanalyze.tws.framing import FrameStream

# what the octets of a side are taken for
OPENING: Final = 0  # the hello, or whatever stands in its place
FRAMES: Final = 1
SEARCHING: Final = 2  # framing lost, or never known: resync.py looks for headers
FIELDS: Final = 3  # a session from before version 100: NUL-terminated fields without a length
OPAQUE: Final = 4  # not this protocol: counted only
HOLDING: Final = 5  # FRAMES, with the beginning of one in hand


class FrameHandler:
    """What a FrameStream tells its owner; the session overrides all of it."""

    __slots__ = ()

    def heard(
        self, stream: "FrameStream", data: bytes, start: i64, walked: i64, end: i64, packet: i64, ts_ns: i64
    ) -> bool:
        """Take the next octets of a side, unless they are whole frames and none is watched; whether it may rest now."""
        raise NotImplementedError

    def opening(self, stream: "FrameStream", data: bytes, start: i64, end: i64) -> i64:
        """Take octets while ``stream.mode`` is OPENING; return where the mode it chose goes on (``end``: used up)."""
        raise NotImplementedError

    def opening_cut(self, stream: "FrameStream", length: i64) -> None:
        """Note that ``length`` octets are missing while ``stream.mode`` is OPENING; it may choose FRAMES."""

    def fields(self, stream: "FrameStream", data: bytes, start: i64, end: i64) -> None:
        """Take octets of an unframed session (``stream.mode`` is FIELDS)."""

    def frame(self, stream: "FrameStream", index: i64, data: bytes, begin: i64, end: i64) -> None:
        """Take a watched frame whose kept payload is ``data[begin:end]``; ``stream.frame_*`` say more of it."""

    def found(self, stream: "StreamState") -> None:
        """Note that frames were found in octets without a known boundary."""

    def lost(self, stream: "StreamState", offset: i64, reason: str) -> None:
        """Note that something is wrong with the framing at ``offset`` of the stream."""


NOBODY: Final = FrameHandler()
"""The owner of a stream that nothing comes on any more."""


class StreamState(Walker):
    """One side's octets, as far as they are understood.

    Attributes:
        offset: of the next octet to come. packet, ts_ns: of the piece that is being read.
        frame_size, frame_packet, frame_offset, frame_missing: of the frame that the handler is told of: octets with
            the prefix, packet and stream offset of its first octet, octets that the capture lacks.
        held: what is not whole yet (modes OPENING and HOLDING). scanner: the search (mode SEARCHING).
        missing, hello_octets, skipped, remainder: octets by their fate; the others are those of whole frames.
        shown: the first octets, at most SHOWN, of a side that does not begin with a frame, where they are ``told``.
        unframed: the side began with the hello of a session from before version 100.
        found: stream offset of the first frame after framing was found again, the last time; -1 if never.
        headless: what the side began with is not in the capture. eager: see Scanner.
    """

    __slots__ = (
        "backlog",
        "begin",
        "eager",
        "found",
        "frame_missing",
        "frame_offset",
        "frame_packet",
        "frame_size",
        "from_client",
        "handler",
        "headless",
        "held",
        "hello_octets",
        "limit",
        "missing",
        "mode",
        "offset",
        "packet",
        "pieces",
        "remainder",
        "scanner",
        "shift",
        "shown",
        "side",
        "skipped",
        "tail",
        "told",
        "ts_ns",
        "unframed",
    )

    def __init__(
        self, handler: FrameHandler, side: i64, limit: i64, tail: Tail | None, shared: Walker | None = None
    ) -> None:
        super().__init__(shared)
        self.mode: i64 = OPENING
        self.offset: i64 = 0
        self.tail: Tail | None = tail
        self.told: bool = shared is None  # more than counted
        self.from_client: bool = side == 0
        self.unframed: bool = False
        self.headless: bool = False
        self.handler: FrameHandler = handler
        self.side: i64 = side
        self.limit: i64 = limit  # octets kept of one frame, prefix included
        self.packet: i64 = 0
        self.ts_ns: i64 = -1
        self.pieces: Pieces | None = None  # who brought what, while the octets of several packets are read as one
        self.shift: i64 = 0  # stream offset = index in the piece + shift
        self.begin: i64 = 0  # index where the run of whole frames began that is not in the tail yet
        self.frame_size: i64 = 0
        self.frame_packet: i64 = 0
        self.frame_offset: i64 = 0
        self.frame_missing: i64 = 0
        self.held: Held = NOTHING
        self.eager: bytes = b""
        self.scanner: Scanner | None = None
        self.backlog: list[Part] = NO_PARTS  # to be read again, the next one last
        self.missing: i64 = 0
        self.hello_octets: i64 = 0
        self.skipped: i64 = 0
        self.remainder: i64 = 0
        self.shown: bytes = b""
        self.found: i64 = -1
