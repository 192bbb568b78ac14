"""The common header shapes in one step: IPv4 without options and TCP, 40 octets; IPv6 without further headers, 60.

In: a buffer and the offset of an IP header with as many octets after it and 2 before it. Out: the fields that tell
whether the packet has that shape, and those that TCP needs. There are two spellings of the same reading, because
what is fast differs: ``read_words`` becomes machine code when compiled (a struct call costs a tuple and eight
boxes there), and ``SHAPE.unpack_from(data, ip - 2)`` is the fastest when interpreted. A test holds them equal.
"""

from struct import Struct
from typing import Final

from librt.strings import read_i64_be
from mypy_extensions import i64

COMPILED: Final = not __file__.endswith(".py")
"""Whether this module, and with it all hot modules, runs as compiled by mypyc."""

SHAPE: Final = Struct(">IHxxI2x12sIIHH")
SHAPE_SIX: Final = Struct(">I2xHBx36sIIHH")

Headers = tuple[i64, i64, i64, i64, i64, i64, i64]
"""Four octets from the two before the IP header (an EtherType where the link is Ethernet; version and header length;
type of service), total length, four octets from the fragment field to the protocol, sequence and acknowledgement
number, the 16 bits from data offset to flags, window."""

ANY_SERVICE: Final = 0xFFFFFF00
"""Mask of the first field: everything but the type of service."""

ANY_TTL: Final = 0x3FFF00FF
"""Mask of the third: "more fragments" and the offset, and the protocol."""

ANY_FLOW: Final = 0xFFFFF000
"""Mask of the first field of IPv6: everything but traffic class and flow label."""


def read_words(data: bytes, ip: i64) -> Headers:
    """Read the fields by fixed-width words."""
    first = read_i64_be(data, ip - 2)
    numbers = read_i64_be(data, ip + 24)
    rest = read_i64_be(data, ip + 32)
    return (
        (first >> 32) & 0xFFFFFFFF,
        (first >> 16) & 0xFFFF,
        (read_i64_be(data, ip + 6) >> 32) & 0xFFFFFFFF,
        (numbers >> 32) & 0xFFFFFFFF,
        numbers & 0xFFFFFFFF,
        (rest >> 48) & 0xFFFF,
        (rest >> 32) & 0xFFFF,
    )


def read_words_six(data: bytes, ip: i64) -> Headers:
    """The same of IPv6: the length of what follows its header, and the next header in place of the third."""
    first = read_i64_be(data, ip - 2)
    numbers = read_i64_be(data, ip + 44)
    rest = read_i64_be(data, ip + 52)
    return (
        (first >> 32) & 0xFFFFFFFF,
        first & 0xFFFF,
        data[ip + 6],
        (numbers >> 32) & 0xFFFFFFFF,
        numbers & 0xFFFFFFFF,
        (rest >> 48) & 0xFFFF,
        (rest >> 32) & 0xFFFF,
    )
