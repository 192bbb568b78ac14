"""32-bit sequence numbers (RFC 9293 3.4): the one place where they wrap."""

from typing import Final

from mypy_extensions import i64

MASK: Final = 0xFFFFFFFF

OLDEST: Final = 1 << 30
"""How far back a number may lie that is old: as many octets as may be under way at a time (RFC 7323 2.3)."""


def distance(newer: i64, older: i64) -> i64:
    """How far ``newer`` lies behind ``older`` in sequence space, -2^30 to 3 * 2^30 - 1.

    What would be older still is newer: octets that no capture holds may have been said in between.
    """
    return ((newer - older + OLDEST) & MASK) - OLDEST


def apart(one: i64, other: i64) -> i64:
    """How far two numbers lie apart, 0 to 2^31."""
    between = (one - other) & MASK
    return between if between <= 1 << 31 else (1 << 32) - between
