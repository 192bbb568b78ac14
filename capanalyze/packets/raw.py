"""RawPackets: a cursor over packets that lie in one buffer, which is how packets enter the pure rooms.

A capture has millions of packets; none of them becomes an object. A reader (capture/) is a RawPackets
that parses one record header each time ``advance`` is called and leaves its fields as plain integers.
"""

from typing import Final

from librt.vecs import vec
from mypy_extensions import i64

NO_TIME: Final = -1
"""``ts_ns`` of a packet whose block carries no time (pcapng Simple Packet Block), or one before 1970."""


class RawPackets:
    """The current packet of a run; ``advance()`` moves on to the next one that is whole in the buffer.

    Attributes (valid after ``advance()`` returned True):
        data: the buffer that holds the packet; it may be another object after the next ``advance()``.
        number: 1, 2, ... over the packet blocks of the capture (Wireshark's frame number).
        ts_ns: nanoseconds since the epoch, or NO_TIME.
        interface: index of the interface in the capture (0 in a pcap file).
        link_type: LINKTYPE_ number of that interface (tcpdump.org/linktypes.html).
        offset: where the packet's first octet lies in ``data``.
        captured: octets of the packet that are in ``data``.
        original: octets the packet had on the wire.
        held: the current packet was kept back (``hold``), and the run ends with it.
        header: octets of the record header before an ordinary packet (``places``).
    """

    def __init__(self) -> None:
        self.data: bytes = b""
        self.number: i64 = 0
        self.ts_ns: i64 = NO_TIME
        self.interface: i64 = 0
        self.link_type: i64 = 1
        self.offset: i64 = 0
        self.captured: i64 = 0
        self.original: i64 = 0
        self.held: bool = False
        self.header: i64 = 0

    def advance(self) -> bool:
        """Go to the next packet; False when more data has to be fed first (or none is left)."""
        return False

    def hold(self, wrapping: str) -> bool:  # noqa: ARG002 - a reader that has another engine at hand overrides this
        """Keep the current packet back: what it is wrapped in is left to another engine, which delivers it again.

        False where there is none, so the packet is to be counted as one that cannot be used.
        """
        return False

    def places(self, shortest: i64) -> tuple[list[int], list[int]]:  # noqa: ARG002 - for readers with a buffer
        """Where the records of the ordinary packets after the current one begin, and where the packets end.

        For the interpreter, which is faster so. All of them lie in ``data`` with a header of ``header`` octets, are of
        ``link_type``, have a time and ``shortest`` octets or more, and are numbered on from ``number``. ``advance``
        goes on after the last of them; the first that is not ordinary is left to it.
        """
        return [], []

    def go_back(self, number: i64, place: i64) -> None:
        """Make an ordinary packet the current one; ``advance`` goes on after it."""

    def ahead(self, starts: vec[i64]) -> i64:  # noqa: ARG002 - as above
        """Fill in where the next packets begin in ``data``, as many as there is room for, and say how many.

        For compiled code, which looks after all of them before it takes the first. Nothing is checked or moved: what
        is damaged, or no packet that ``advance`` stops at, may be among them.
        """
        return 0

    def time_at(self, place: i64) -> i64:  # noqa: ARG002 - only a reader with places knows
        """``ts_ns`` of an ordinary packet."""
        return NO_TIME

    def times_at(self, places: list[int]) -> list[int]:
        """The same of several."""
        return [self.time_at(place) for place in places]
