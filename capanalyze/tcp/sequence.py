"""32-bit sequence numbers (RFC 9293 3.4): the one place where they wrap."""

from typing import Final

from mypy_extensions import i64

MASK: Final = 0xFFFFFFFF


def distance(newer: i64, older: i64) -> i64:
    """How far ``newer`` lies behind ``older`` in sequence space, -2^31 to 2^31 - 1."""
    return ((newer - older + 0x80000000) & 0xFFFFFFFF) - 0x80000000


def apart(one: i64, other: i64) -> i64:
    """How far two numbers lie apart, 0 to 2^31."""
    between = distance(one, other)
    return between if between >= 0 else -between


def onward(newer: i64, older: i64) -> i64:
    """The same, -2^30 to 3 * 2^30 - 1: what would be older still is newer, as no capture holds all that was said.

    No more than 2^30 octets are under way at a time (RFC 7323 2.3), so nothing old lies farther back.
    """
    return ((newer - older + 0x40000000) & 0xFFFFFFFF) - 0x40000000
