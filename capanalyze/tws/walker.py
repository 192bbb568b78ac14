"""The inner loop: whole frames counted where they lie, at the cost of a few loads each.

In: a piece of one side's octets that begins with a frame. Out: a count per index, and where the walk had to stop.
It is spelt twice, because what is fast differs: ``walk_octets`` by byte indexes, which mypyc turns into machine
code; ``walk_heads`` by one dict look-up per frame, which the interpreter does best. A property
test holds them equal.
"""

from functools import lru_cache
from typing import Final

from librt.vecs import vec
from mypy_extensions import i64

from capanalyze.packets.common import COMPILED
from capanalyze.tcp.listener import Listener
from capanalyze.tws.frames import BINARY, INDEXES

TEXT_CELLS: Final = 128
"""Text ids counted in the table; larger ones have no message so far (``rare``)."""

CELLS: Final = TEXT_CELLS + INDEXES - BINARY
"""Size of the table once a 4-octet id was seen."""

ALWAYS: Final = 1
"""A mark: an octet of the length that is 0 in every frame that the walk takes."""

WATCH_ALL: Final = bytes([ALWAYS]) * INDEXES
WATCH_NONE: Final = bytes(INDEXES)

FIRSTS: Final = b"\1" + bytes(255)
"""``Walker.firsts`` when no id waits."""

HEAD: Final = 9
"""Octets of a frame that are looked up: the first of the request id too, where the fields before have one digit."""

Head = tuple[int, int, int]
"""Octets of a frame, how far after its first octet lies what it is watched for (0: it is not), and its index."""

MAX_HEADS: Final = 2048
"""Different beginnings of frames that are known at a time."""

ABSURD: Final = 1 << 31
"""Octets of a frame that the walk does not take: more than any piece has."""

NO_PREFIXES: Final[set[bytes]] = set()
"""``Walker.prefixes`` while no id waits: shared, never written to."""

_ROOM: Final = 11  # a request id lies at most 10 octets after the frame's first


class Walker(Listener):
    """Counts of one side, and what the walk stops at.

    Attributes:
        counts, rare: frames by ``cell_of`` their index, and the few that have no cell by their index; ``by_index`` is
            both. Streams of which only the sum is wanted share them (``share``).
        watch: by index: 0 (count only), ALWAYS (stop), or how far after the frame's first octet its request id lies if
            a version field before it has one digit: then the walk stops if that id may be one that waits, or if what
            lies before it is neither a NUL nor the key of protobuf field 1.
        firsts: by octet: 1 where an id that waits begins with it, and for 0, which ALWAYS points at.
        prefixes, prefix: the first octets of the ids that wait, and how many octets that are.
        seen: what ``walk_heads`` counted, by index; ``settle`` adds it to ``counts``.
    """

    __slots__ = ("counts", "firsts", "prefix", "prefixes", "rare", "seen", "watch")

    def __init__(self, shared: "Walker | None" = None) -> None:
        self.counts: vec[i64] = vec[i64]([0] * TEXT_CELLS) if shared is None else shared.counts
        self.rare: dict[int, int] = {} if shared is None else shared.rare
        self.watch: bytes = WATCH_ALL
        self.firsts: bytes = FIRSTS
        self.prefixes: set[bytes] = NO_PREFIXES
        self.prefix: i64 = 1
        self.seen: dict[int, int] = {} if shared is None else shared.seen

    def walk(self, data: bytes, start: i64, end: i64) -> i64:
        """Count whole frames from ``start``; return the index of the first that needs ``stopped``, or ``end``.

        That is a frame cut at ``end``, of more than 255 or less than 4 octets, shorter than _ROOM at ``end``, without
        a plausible id, or watched.
        """
        return self.walk_octets(data, start, end) if COMPILED else self.walk_heads(data, start, end)

    def share(self, other: "Walker") -> None:
        """Count together with another stream, which has room for 4-octet ids already."""
        self.counts = other.counts
        self.rare = other.rare
        self.seen = other.seen

    def count(self, index: i64, frames: i64) -> None:
        """Count ``frames`` of an index."""
        cell = cell_of(index)
        if cell < 0:
            self.rare[index] = self.rare.get(index, 0) + frames
            return
        if cell >= len(self.counts):
            self.widen()
        self.counts[cell] += frames

    def widen(self) -> None:
        """Make room for 4-octet ids."""
        if len(self.counts) < CELLS:
            wide = vec[i64]([0] * CELLS)
            for cell in range(TEXT_CELLS):
                wide[cell] = self.counts[cell]
            self.counts = wide

    def settle(self) -> None:
        """Add what ``walk_heads`` counted to ``counts``."""
        for index, frames in self.seen.items():
            self.count(index, frames)
        self.seen.clear()

    def by_index(self) -> dict[int, int]:
        """How many frames of each index there were, in order of the index."""
        self.settle()
        found = dict(self.rare)
        for cell, frames in enumerate(self.counts):
            if frames != 0:
                found[cell if cell < TEXT_CELLS else cell - TEXT_CELLS + BINARY] = frames
        return {index: found[index] for index in sorted(found)}

    def walk_heads(self, data: bytes, start: i64, end: i64) -> i64:
        """``walk`` for the interpreter."""
        seen = self.seen
        heads = heads_of(self.watch, self.firsts, len(self.counts))
        at: i64 = start
        last: i64 = end - _ROOM
        while at <= last:
            try:
                size, mark, index = heads[data[at : at + HEAD]]
            except KeyError:
                size, mark, index = self._head(heads, data[at : at + HEAD])
            after: i64 = at + size
            if after > end:
                break
            if mark:
                where = at + mark
                first = data[where]
                if data[where - 1] & 0xF7 or (
                    self.firsts[first] and (first == 0 or data[where : where + self.prefix] in self.prefixes)
                ):
                    break
            try:
                seen[index] += 1
            except KeyError:
                seen[index] = 1
            at = after
        return at

    def _head(self, heads: dict[bytes, Head], head: bytes) -> Head:
        """What a frame is that begins like that."""
        index = plain_index(head[4:])
        if head[:3] != b"\0\0\0" or head[3] < 4 or index == 0 or cell_of(index) >= len(self.counts):
            return ABSURD, 0, 0  # where ``counts`` has to grow first (``count``) the next one like that is taken
        mark = self.watch[index]
        if ALWAYS < mark < HEAD and head[mark - 1] & 0xF7 == 0 and self.firsts[head[mark]] == 0:
            mark = 0  # whatever follows
        if len(heads) >= MAX_HEADS:
            heads.clear()
        found = heads[head] = (4 + head[3], mark, index)
        return found

    def walk_octets(self, data: bytes, start: i64, end: i64) -> i64:
        """``walk`` as machine code."""
        counts = self.counts
        watch = self.watch
        firsts = self.firsts
        cells: i64 = len(counts)
        at: i64 = start
        last: i64 = end - _ROOM
        while at <= last:
            length: i64 = data[at + 3]
            if data[at] + data[at + 1] + data[at + 2] != 0 or length < 4:
                break
            after: i64 = at + 4 + length
            if after > end:
                break
            index: i64 = data[at + 4]
            cell: i64 = 0
            if index == 0:
                index = data[at + 6] * 256 + data[at + 7]
                cell = index + TEXT_CELLS
                if data[at + 5] != 0 or index == 0 or cell >= cells:
                    break
                index += BINARY
            elif 48 < index < 58:
                second: i64 = data[at + 5]
                if second == 0:
                    index -= 48
                else:
                    third: i64 = data[at + 6]
                    if third != 0 or second < 48 or second > 57:
                        break
                    index = index * 10 + second - 528
                cell = index
            else:
                break
            mark: i64 = watch[index]
            if mark != 0:
                where: i64 = at + mark
                first: i64 = data[where]
                if data[where - 1] & 0xF7 != 0 or (
                    firsts[first] != 0 and (first == 0 or data[where : where + self.prefix] in self.prefixes)
                ):
                    break
            counts[cell] += 1
            at = after
        return at


@lru_cache(maxsize=32)
def heads_of(watch: bytes, firsts: bytes, cells: int) -> dict[bytes, Head]:  # noqa: ARG001 - what it depends on
    """What frames are by their HEAD octets, as far as asked; one table for all streams that watch for the same."""
    return {}


def cell_of(index: i64) -> i64:
    """Where frames of an index are counted in ``Walker.counts``; -1 where there is no place for them."""
    if index < TEXT_CELLS:
        return index
    return index - BINARY + TEXT_CELLS if index >= BINARY else -1


def plain_index(head: bytes) -> int:
    """The index that a payload's first four octets show as ``walk_octets`` reads them; 0 where none."""
    if head[0] == 0:
        number = head[2] * 256 + head[3]
        return number + BINARY if head[1] == 0 and 0 < number < 512 else 0
    digits = head[: head.find(b"\0")] if b"\0" in head[:3] else b""
    return int(digits) if digits.isdigit() and digits[0] != 48 else 0
