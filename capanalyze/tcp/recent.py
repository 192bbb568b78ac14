"""Recent: the sides that sent a segment lately, by their addresses and ports as two numbers.

In: where the addresses and ports of an IPv4 segment lie in a buffer. Out: the side that sends them, or None. A cache
before the table's dictionary, for compiled code: the dictionary needs the key as an object, its hash, and four looks
at far places in memory, which with thousands of connections is half of what a packet costs. Here it is two numbers
and one look. The interpreter is faster with the dictionary.
"""

from typing import Final

from librt.strings import read_i64_be
from librt.vecs import vec
from mypy_extensions import i64

from capanalyze.tcp.side import Side

LEAST: Final = 1 << 12
MOST: Final = 1 << 17
"""Places, in pairs: three sides that share one push each other out; at most that many are worth the memory (1 MB)."""

SPARE: Final = 8
"""Places per connection that the cache grows for."""

SPREAD: Final = 0x278DDE6E5FD29F05
"""2^62 divided by the golden ratio (Knuth, TAOCP 6.4): the product's upper bits are the place."""

NOBODY: Final = Side(b"", 0)
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

    def sender(self, data: bytes, at: i64) -> Side | None:
        """The side that sends with the addresses and ports at ``data[at : at + 12]``."""
        hosts = read_i64_be(data, at)
        ports = read_i64_be(data, at + 4) & 0xFFFFFFFF
        mixed = hosts * SPREAD ^ ports
        place = ((mixed ^ mixed >> 32) * SPREAD >> 40) & (self.size - 1)
        side = self.places[place]
        if side.hosts == hosts and side.ports == ports:
            return side
        other = self.places[place ^ 1]
        if other.hosts == hosts and other.ports == ports:
            return other
        found = self.sides.get(data[at : at + 12])
        if found is not None and found.ports >= 0:
            self.places[place if side.ports < 0 else place ^ 1] = found
        return found

    def grow(self, connections: i64) -> None:
        """Make room for so many connections; what the cache had is found again by the dictionary."""
        size = self.size
        while size < MOST and size < SPARE * connections:
            size *= 2
        if size != self.size:
            self.size = size
            self.places = vec[Side]([NOBODY] * size)

    def clear(self) -> None:
        """No more segments come."""
        self.size = LEAST
        self.places = vec[Side]([NOBODY] * LEAST)


def lose(side: Side) -> None:
    """The segments with these addresses and ports come from another side now, or from none that is known."""
    side.ports = -1
