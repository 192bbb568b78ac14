"""Recent: the sides that sent a segment lately, by their addresses and ports as two numbers.

In: where the addresses and ports of an IPv4 segment lie in a buffer. Out: the side that sends them, or None. A cache
before the table's dictionary, for compiled code: the dictionary needs the key as an object, its hash, and four looks
at far places in memory, which with thousands of connections is half of what a packet costs. Here it is two numbers
and one look; and where there are many, ``look_ahead`` asks for all packets of a window, one right after the other:
memory works on several such questions at a time, and answers most before they are needed. The interpreter is faster
with the dictionary.
"""

from typing import Final

from librt.strings import read_i64_be
from librt.vecs import vec
from mypy_extensions import i64

from capanalyze.packets.raw import RawPackets
from capanalyze.tcp.side import Side

LEAST: Final = 1 << 12
MOST: Final = 1 << 18
"""Places, in pairs: three sides that share one push each other out; at most that many are worth the memory (2 MB)."""

SPARE: Final = 16
"""Places per connection that the cache grows for."""

AHEAD: Final = 1024
"""Packets looked for at once: about those of a window."""

BEYOND: Final = 1 << 61
"""Farther than any place in a buffer."""

SPREAD: Final = 0x278DDE6E5FD29F05
"""2^62 divided by the golden ratio (Knuth, TAOCP 6.4): the product's upper bits are the place."""

NOBODY: Final = Side(b"")
"""What an empty place holds: no segment has its numbers."""


class Recent:
    """The cache.

    Args:
        sides: the table's dictionary, which is asked for what the cache does not have.
    """

    def __init__(self, sides: dict[bytes, Side]) -> None:
        self.sides = sides
        self.size: i64 = LEAST
        self.places: vec[Side] = vec[Side]([NOBODY] * LEAST)
        self.data: bytes = b""  # looked at ahead,
        self.spots: vec[i64] = vec[i64]([BEYOND] * (AHEAD + 1))  # where in it addresses lie, BEYOND after the last,
        self.likely: vec[Side] = vec[Side]([NOBODY] * AHEAD)  # and who seems to send with them
        self.next: i64 = 0  # the first of the spots that was not asked for yet

    def sender(self, data: bytes, at: i64) -> Side | None:
        """The side that sends with the addresses and ports at ``data[at : at + 12]``."""
        hosts = read_i64_be(data, at)
        ports = read_i64_be(data, at + 4) & 0xFFFFFFFF
        if data is self.data:
            while self.spots[self.next] < at:
                self.next += 1
            if self.spots[self.next] == at:
                side = self.likely[self.next]
                if side.hosts == hosts and side.ports == ports:
                    return side
        place = place_of(hosts, ports, self.size)
        side = self.places[place]
        if side.hosts == hosts and side.ports == ports:
            return side
        other = self.places[place ^ 1]
        if other.hosts == hosts and other.ports == ports:
            return other
        found = self.sides.get(data[at : at + 12])
        if found is not None:
            self.put(found)
        return found

    def put(self, side: Side) -> None:
        """Take a side in, unless its key is a long one."""
        if side.ports >= 0:
            place = place_of(side.hosts, side.ports, self.size)
            self.places[place if self.places[place].ports < 0 else place ^ 1] = side

    def drop(self, side: Side) -> None:
        """Keep a side that is about to be forgotten alive no longer."""
        if side.ports >= 0:
            place = place_of(side.hosts, side.ports, self.size)
            for at in (place, place ^ 1):
                if self.places[at] is side:
                    self.places[at] = NOBODY

    def look_ahead(self, packets: RawPackets, lead: i64) -> None:
        """Look for the senders of the next packets, whose addresses lie ``lead`` octets after where each begins."""
        self.data = data = packets.data
        self.next = 0
        spots, likely, places = self.spots, self.likely, self.places
        number = min(packets.ahead(spots), AHEAD)
        while number > 0 and spots[number - 1] + lead > len(data) - 12:
            number -= 1
        spots[number] = BEYOND
        for nth in range(number):
            at = spots[nth] + lead
            spots[nth] = at
            hosts = read_i64_be(data, at)
            ports = read_i64_be(data, at + 4) & 0xFFFFFFFF
            place = place_of(hosts, ports, self.size)
            side = places[place]
            likely[nth] = side if side.hosts == hosts and side.ports == ports else places[place ^ 1]

    def grow(self, connections: i64) -> None:
        """Make room for so many connections."""
        size = self.size
        while size < MOST and size < SPARE * connections:
            size *= 2
        if size != self.size:
            self.size = size
            before = self.places
            self.places = vec[Side]([NOBODY] * size)
            for side in before:
                self.put(side)

    def clear(self) -> None:
        """No more segments come."""
        self.size = LEAST
        self.places = vec[Side]([NOBODY] * LEAST)
        self.likely = vec[Side]([NOBODY] * AHEAD)


def place_of(hosts: i64, ports: i64, size: i64) -> i64:
    """The first place of the side that sends with these addresses and ports."""
    mixed = (hosts * SPREAD ^ ports) * SPREAD
    return ((mixed ^ mixed >> 29) * SPREAD >> 40) & (size - 1)


def lose(side: Side) -> None:
    """The segments with these addresses and ports come from another side now, or from none that is known."""
    side.ports = -1
