"""Fragments: IP datagrams that came in pieces, put together.

In: the pieces, with the datagram they belong to (addresses, identification, VLAN). Out: the datagram's payload once
every octet of it is accounted for, by the headers: a short snapshot length leaves only its captured beginning.
Bounded in datagrams, pieces and octets; the oldest datagram goes first.
"""

from typing import Final

from mypy_extensions import i64

MAX_DATAGRAMS: Final = 64
"""Datagrams that wait for pieces."""

MAX_PIECES: Final = 128
"""Pieces of a datagram: 64 KiB at an MTU of 576 are 119."""

MAX_AGE_NS: Final = 60_000_000_000
"""Pieces farther apart than this are of two datagrams (RFC 8200 4.5)."""

LARGEST: Final = 65535


class Piece:
    """A fragment's payload: ``offset`` to ``end`` by the header, and what of it was captured."""

    __slots__ = ("data", "end", "offset")

    def __init__(self, offset: i64, end: i64, data: bytes) -> None:
        self.offset: i64 = offset
        self.end: i64 = end
        self.data: bytes = data


class Datagram:
    """A datagram in the making."""

    __slots__ = ("following", "pieces", "size", "total", "ts_ns")

    def __init__(self, ts_ns: i64) -> None:
        self.ts_ns: i64 = ts_ns
        self.pieces: list[Piece] = []
        self.size: i64 = 0  # octets of all pieces
        self.total: i64 = -1  # -1 until the last piece came
        self.following: i64 = -1  # protocol of the first piece's payload

    def whole(self) -> bytes | None:
        """The payload as far as it was captured without a hole; None while pieces are missing."""
        if self.total < 0 or self.size < self.total or self.following < 0:
            return None
        self.pieces.sort(key=piece_offset)
        found: list[bytes] = []
        at: i64 = 0
        cut = False
        for piece in self.pieces:
            if piece.offset > at:
                return None
            if piece.end > at:
                if not cut:
                    found.append(piece.data[at - piece.offset :])
                    cut = len(piece.data) < piece.end - piece.offset
                at = piece.end
        return b"".join(found)[: self.total] if at >= self.total else None


def piece_offset(piece: Piece) -> int:
    """Sort key of pieces."""
    return piece.offset


def same_for_copies(piece: Piece) -> int:
    """A number that pieces share which say the same of the same octets."""
    return hash((piece.offset, piece.end, piece.data))


class Fragments:
    """The datagrams that wait for pieces.

    Attributes:
        unused: packets that were pieces of a datagram which never became whole (final after ``finish``).
        made: the pieces of the datagrams that became whole last: one that comes once more is not of another datagram.
        total, following: length by the headers, and protocol, of the datagram that ``add`` returned last.
    """

    def __init__(self) -> None:
        self.waiting: dict[bytes, Datagram] = {}
        self.made: dict[bytes, set[int]] = {}
        self.unused: i64 = 0
        self.total: i64 = 0
        self.following: i64 = 0

    def add(
        self, name: bytes, offset: i64, length: i64, more: bool, following: i64, captured: bytes, ts_ns: i64
    ) -> bytes | None:
        """Take a piece; the payload where it completes its datagram."""
        if length <= 0 or offset + length > LARGEST:
            self.unused += 1
            return None
        datagram = self.waiting.get(name)
        if datagram is not None and (
            not -MAX_AGE_NS < ts_ns - datagram.ts_ns < MAX_AGE_NS or len(datagram.pieces) >= MAX_PIECES
        ):
            self._drop(name)
            datagram = None
        if datagram is None:
            if len(self.waiting) >= MAX_DATAGRAMS:
                self._drop(next(iter(self.waiting)))
            datagram = Datagram(ts_ns)
            self.waiting[name] = datagram
        datagram.pieces.append(Piece(offset, offset + length, captured[:length]))
        datagram.size += length
        if offset == 0:
            datagram.following = following
        if not more:
            datagram.total = offset + length
        payload = datagram.whole()
        if payload is not None:
            self._remember(name)
            self.total = datagram.total
            self.following = datagram.following
        return payload

    def _remember(self, name: bytes) -> None:
        self.made.pop(name, None)
        if len(self.made) >= MAX_DATAGRAMS:
            del self.made[next(iter(self.made))]
        self.made[name] = {same_for_copies(piece) for piece in self.waiting.pop(name).pieces}

    def _drop(self, name: bytes) -> None:
        made = self.made.get(name)
        for piece in self.waiting.pop(name).pieces:
            if made is None or same_for_copies(piece) not in made:
                self.unused += 1

    def finish(self) -> None:
        """No more pieces come."""
        for name in list(self.waiting):
            self._drop(name)
