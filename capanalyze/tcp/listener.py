"""Listener: whom the octets of a side are for, as they come in order; tws/ overrides it.

It is reached from the side itself: with thousands of connections each object on the way there is a wait for memory.
"""

from typing import Final

from mypy_extensions import i64

REST: Final = -1
"""What ``hear`` returns where the session behind it may be put to rest (tws/resting.py): it is only counted, and lies
between two frames."""


class Listener:
    """Nobody in particular."""

    __slots__ = ()

    def hear(self, data: bytes, start: i64, end: i64, packet: i64, ts_ns: i64) -> i64:
        """Take the next octets of the side, ``data[start:end]``, which ``packet`` brought; return where it stopped.

        What is left before ``end`` is for the connection's session, which has to be asked for; so is REST told to it.
        """
        raise NotImplementedError
