"""Find the frames again in octets of which no frame boundary is known.

In: the octets of one side after lost framing, after a gap, or of a capture that began mid-session. Out: where a
chain of CHAIN plausible headers begins (protocol.md 2.2). One pass over the octets, whatever the pieces: every
possible header is looked at once, and says where the next one has to be.
"""

import re
from typing import Final

from mypy_extensions import i64

from capanalyze.tws.frames import BINARY, IMPLAUSIBLE, PROTOBUF, UNDECIDED, identify, length_at

CHAIN: Final = 3
"""Plausible headers in a row, each where the one before says, that make a frame boundary."""

SEARCH_FRAME: Final = 16384
"""Longest frame that a chain may hold; the octets kept while searching are at most twice that and a step."""

MARKS: Final = 4096
"""Packets whose octets are kept at a time; a chain over more of them is not seen."""

_STEP: Final = 4096
_KEPT: Final = 2 * (SEARCH_FRAME + 4) + 64
_KNOWN: Final = 8  # octets that tell what a frame is
_HEADER_OCTETS: Final = 9  # prefix, id, first octet after it: a candidate waits for them, or for the end

# a length below SEARCH_FRAME, then a text id of 1 to 3 digits or a 4-octet id of 1 to 511
_HEADER: Final = re.compile(
    rb"\0\0[\0-\x3f][\0-\xff](?:[1-9](?:\0|[0-9]\0|[0-9][0-9]\0)|\0\0(?:\0[\x01-\xff]|\x01[\0-\xff]))"
)

_TEXT: Final = 0  # the payload ends with a NUL, unless it is a 4-octet id alone
_PROTOBUF: Final = 1


class Part:
    """Octets ``data[start:end]`` of one side that ``packet`` brought."""

    __slots__ = ("data", "end", "packet", "start", "ts_ns")

    def __init__(self, data: bytes, start: i64, end: i64, packet: i64, ts_ns: i64) -> None:
        self.data: bytes = data
        self.start: i64 = start
        self.end: i64 = end
        self.packet: i64 = packet
        self.ts_ns: i64 = ts_ns


NO_PARTS: Final[list[Part]] = []
"""A list of Parts while there is none: shared, never written to."""


class Mark:
    """From ``offset`` of the stream on the octets came with ``packet``."""

    __slots__ = ("offset", "packet", "ts_ns")

    def __init__(self, offset: i64, packet: i64, ts_ns: i64) -> None:
        self.offset: i64 = offset
        self.packet: i64 = packet
        self.ts_ns: i64 = ts_ns


class Chain:
    """Plausible headers one after the other, the first at ``start``; ``kind`` is that of the last frame."""

    __slots__ = ("count", "kind", "start")

    def __init__(self, start: i64, count: i64, kind: i64) -> None:
        self.start: i64 = start
        self.count: i64 = count
        self.kind: i64 = kind


_NO_OCTETS: Final = bytearray()
_NO_MARKS: Final[list[Mark]] = []
_NO_CHAINS: Final[dict[int, Chain]] = {}
"""What a Scanner has before it takes anything, and most never do: shared, never written to."""


class Scanner:
    """Searches one side's octets, which begin at stream offset ``origin``; ``found`` is where frames begin, or -1.

    ``first`` is the first offset that can be it: ``origin``, or the one after where the header is known to be wrong.
    ``eager`` holds the indexes that are enough by themselves at ``origin`` (by 0 and 1): what follows a hole or the
    capture's start begins a packet, and packets nearly always begin with a frame.
    """

    def __init__(self, origin: i64, first: i64, eager: bytes) -> None:
        self.origin: i64 = origin
        self.eager: bytes = eager
        self.found: i64 = -1
        self.octets: i64 = 0  # taken so far
        self.buffer: bytearray = _NO_OCTETS
        self.base: i64 = origin  # stream offset of buffer[0]
        self.next: i64 = first  # stream offset of the next candidate
        self.marks: list[Mark] = _NO_MARKS
        self.chains: dict[int, Chain] = _NO_CHAINS  # by the stream offset where the next header has to be

    def add(self, data: bytes, start: i64, end: i64, packet: i64, ts_ns: i64) -> i64:
        """Take ``data[start:end]``; return the index up to which it was taken (less than ``end`` once found)."""
        at: i64 = start
        if self.octets == 0:
            self.buffer, self.marks, self.chains = bytearray(), [], {}
        if len(self.marks) == 0 or self.marks[-1].packet != packet:
            if len(self.marks) == MARKS:
                self._forget(self.marks[MARKS // 2].offset)
            self.marks.append(Mark(self.base + len(self.buffer), packet, ts_ns))
        while at < end and self.found < 0:
            upto: i64 = at + _STEP if end - at > _STEP else end
            self.buffer += data[at:upto]
            self.octets += upto - at
            at = upto
            if len(self.eager) != 0:
                self._try_origin()
            self._search(self.base + len(self.buffer) - _HEADER_OCTETS)
            if len(self.buffer) > 2 * _KEPT:
                self._forget(self.base + len(self.buffer) - _KEPT)  # no chain is as long as that
        return at

    def begins(self, data: bytes, start: i64, end: i64) -> bool:
        """Whether its very first octets, ``data[start:end]``, begin a frame that the schema knows."""
        if self.octets != 0 or len(self.eager) == 0:
            return False
        index = index_at(data, start, min(end, start + _KNOWN))
        return index > 0 and self.eager[index] != 0 and body_at(data, start, end, index) > 0

    def _try_origin(self) -> None:
        """Take the first octets for a frame if they begin one that the schema knows."""
        known = bytes(self.buffer[:_HEADER_OCTETS])
        index = index_at(known, 0, min(len(known), _KNOWN))
        body = body_at(known, 0, len(known), index) if index > 0 else index
        if body == UNDECIDED:
            return
        self.eager, eager = b"", self.eager
        if body != IMPLAUSIBLE and eager[index] != 0:
            self.found = self.origin

    def finish(self) -> bool:
        """Nothing follows: take frames that end exactly with the stream, or two of a chain; tell whether there are."""
        end: i64 = self.base + len(self.buffer)
        if self.found < 0:
            self._search(end)
        if self.found < 0:
            chain = self.chains.get(end)
            if chain is not None and self._ends(chain.kind, end):
                self.found = chain.start
        if self.found < 0:
            for place, chain in self.chains.items():
                if place > end and chain.count == CHAIN - 1 and (self.found < 0 or chain.start < self.found):
                    self.found = chain.start
        return self.found >= 0

    def take(self) -> list[Part]:
        """The octets from ``found`` on, as the packets brought them."""
        parts: list[Part] = []
        end: i64 = self.base + len(self.buffer)
        kept = bytes(self.buffer)
        for number, mark in enumerate(self.marks, 1):
            upto: i64 = self.marks[number].offset if number < len(self.marks) else end
            begin: i64 = max(self.found, mark.offset)
            if begin < upto:
                parts.append(Part(kept, begin - self.base, upto - self.base, mark.packet, mark.ts_ns))
        return parts

    def _search(self, last: i64) -> None:
        """Look at the candidates up to stream offset ``last``."""
        while self.found < 0:
            match = _HEADER.search(self.buffer, max(self.next - self.base, 0))
            if match is None:
                break
            place: i64 = self.base + match.start()
            if place > last:
                break
            self.next = place + 1
            self._candidate(place)
        if self.next <= last:
            self.next = last + 1

    def _candidate(self, place: i64) -> None:
        at: i64 = place - self.base
        buffer = self.buffer
        length: i64 = buffer[at + 2] * 256 + buffer[at + 3]
        kind: i64 = _TEXT
        least: i64 = 4
        if buffer[at + 4] == 0:
            if buffer[at + 6] != 0 or buffer[at + 7] > 200:
                kind = _PROTOBUF
                if length > 4 and not self._is_key(at + 8):
                    return
        else:
            least = 2 if buffer[at + 5] == 0 else 3 if buffer[at + 6] == 0 else 4
        if length < least:
            return
        if kind == _TEXT and length == 4 and least == 4 and buffer[at + 4] == 0:
            kind = _PROTOBUF  # an id alone: its last octet says nothing
        chain = self.chains.pop(place, None)
        start: i64 = place
        count: i64 = 1
        if chain is not None and self._ends(chain.kind, place):
            start = chain.start
            count = chain.count + 1
        if count >= CHAIN:
            self.found = start
            return
        expected: i64 = place + 4 + length
        other = self.chains.get(expected)
        if other is None or other.count < count:
            self.chains[expected] = Chain(start, count, kind)

    def _is_key(self, at: i64) -> bool:
        """Whether a protobuf field key may begin there."""
        return at >= len(self.buffer) or is_key(self.buffer[at])

    def _ends(self, kind: i64, place: i64) -> bool:
        """Whether a frame of that kind may end before ``place``."""
        return kind == _PROTOBUF or self.buffer[place - self.base - 1] == 0

    def _forget(self, offset: i64) -> None:
        """Forget the octets before ``offset``, and the chains that begin there."""
        del self.buffer[: offset - self.base]
        self.base = offset
        self.chains = {place: chain for place, chain in self.chains.items() if chain.start >= offset}
        first: i64 = 0
        while first + 1 < len(self.marks) and self.marks[first + 1].offset <= offset:
            first += 1
        del self.marks[:first]


def is_key(octet: i64) -> bool:
    """Whether an octet may be the key of a protobuf field (wire types 0, 1, 2, 5; field number not 0)."""
    wire: i64 = octet & 7
    return octet > 7 and (wire < 3 or wire == 5)


def body_at(data: bytes, start: i64, end: i64, index: i64) -> i64:
    """``index`` where a body may follow the id of the frame that begins at ``start``; UNDECIDED or IMPLAUSIBLE else.

    A message without a body leaves only its id behind where a packet, and the capture, begins after its length. That
    looks like the length of a frame whose id is the length of the next one.
    """
    if index < BINARY or length_at(data, start) == 4:
        return index
    if end - start < _HEADER_OCTETS:
        return UNDECIDED
    octet: i64 = data[start + 8]
    fits = is_key(octet) if index > BINARY + PROTOBUF else octet == 45 or 48 <= octet <= 57  # a number comes first
    return index if fits else IMPLAUSIBLE


def index_at(data: bytes, start: i64, end: i64) -> i64:
    """The index of a frame that begins with the octets ``data[start:end]``, UNDECIDED or IMPLAUSIBLE."""
    if end - start < 5:
        return UNDECIDED
    length: i64 = (data[start] * 256 + data[start + 1]) * 65536 + data[start + 2] * 256 + data[start + 3]
    if length == 0 or length > SEARCH_FRAME:
        return IMPLAUSIBLE
    return identify(data, start + 4, min(end, start + 4 + length), length)
