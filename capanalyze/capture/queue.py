"""PacketQueue: packets that are put in one by one come out through a RawPackets cursor, in the same order."""

from mypy_extensions import i64

from capanalyze.packets.raw import RawPackets

Item = tuple[i64, i64, i64, i64, bytes, i64, i64, i64]
"""Number, ts_ns, interface, link type, data, offset, captured, original: as in RawPackets."""


class PacketQueue(RawPackets):
    """The cursor; ``advance`` returns False when the queue is empty, and packets may be put in again.

    ``last`` is the number of the capture's last packet, for ``number`` at the end: it may be one that cannot be used.
    """

    def __init__(self) -> None:
        super().__init__()
        self._items: list[Item] = []
        self._next: i64 = 0
        self.last: i64 = 0

    def put(
        self,
        number: i64,
        ts_ns: i64,
        interface: i64,
        link_type: i64,
        data: bytes,
        offset: i64,
        captured: i64,
        original: i64,
    ) -> None:
        """Append a packet; the arguments are the attributes of RawPackets."""
        self._items.append((number, ts_ns, interface, link_type, data, offset, captured, original))

    def advance(self) -> bool:
        """Go to the next packet."""
        if self._next >= len(self._items):
            self._items = []
            self._next = 0
            self.number = max(self.number, self.last)
            return False
        number, ts_ns, interface, link_type, data, offset, captured, original = self._items[self._next]
        self._next += 1
        self.number, self.ts_ns, self.interface, self.link_type = number, ts_ns, interface, link_type
        self.data, self.offset, self.captured, self.original = data, offset, captured, original
        return True
