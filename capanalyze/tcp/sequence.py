"""32-bit sequence numbers (RFC 9293 3.4): how they compare, and how far apart they may be.

The short path and the interpreter's loop (short.py, lane.py) spell the arithmetic out, where a call costs too much.
"""

from typing import Final

from mypy_extensions import i64

MASK: Final = 0xFFFFFFFF
"""Where numbers wrap."""

UNDER_WAY: Final = 1 << 30
"""Octets that are sent and not acknowledged at a time, at most (RFC 7323 2.3)."""

STRAY: Final = 1 << 24
"""A number farther than this from one that is known to be of a connection is of another connection."""


def distance(number: i64, origin: i64) -> i64:
    """How far a number is beyond ``origin``, -2^31 to 2^31 - 1: less than 0 where it comes before that."""
    return ((number - origin + 0x80000000) & MASK) - 0x80000000


def apart(one: i64, other: i64) -> i64:
    """How far apart two numbers are, 0 to 2^31."""
    between = distance(one, other)
    return between if between >= 0 else -between


def onward(number: i64, origin: i64) -> i64:
    """How far a number is beyond ``origin``, -2^30 to 3 * 2^30 - 1: what would be older than that is new instead.

    Nothing old is farther back, as no more than UNDER_WAY octets are; and no capture holds all that was said.
    """
    return ((number - origin + UNDER_WAY) & MASK) - UNDER_WAY
