"""Unframed: octets of a side that sends no lengths, until they are whole messages (legacy.py).

In: the octets, by packet. Out: the same together, and which packet brought which.
"""

from typing import Final

from mypy_extensions import i64

from capanalyze.tws.resync import Mark


class Unframed:
    """Octets of one side that are no whole message yet, from stream offset ``base`` on, and who brought them."""

    def __init__(self, base: i64) -> None:
        self.octets: bytearray = bytearray()
        self.base: i64 = base
        self.marks: list[Mark] = []
        self.enough: i64 = 0  # octets from which on it is worth to try again
        self.tries: i64 = 0  # since the last whole message, because a packet ended with a NUL

    def add(self, data: bytes, packet: i64, ts_ns: i64) -> None:
        """Take what ``packet`` brought."""
        if len(self.marks) == 0 or self.marks[-1].packet != packet:
            self.marks.append(Mark(self.base + len(self.octets), packet, ts_ns))
        self.octets += data

    def mark(self, offset: i64) -> Mark:
        """The packet that brought the octet at ``offset``; the marks before it are dropped."""
        while len(self.marks) > 1 and self.marks[1].offset <= offset:
            del self.marks[0]
        return self.marks[0]


NO_UNFRAMED: Final[list[Unframed | None]] = [None, None]
"""``SessionState.unframed`` of a session that has lengths: shared, never written to."""
