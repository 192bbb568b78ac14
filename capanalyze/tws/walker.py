"""The inner loop: whole frames counted where they lie, at the cost of a few loads each.

In: a piece of one side's octets that begins with a frame. Out: a count per index, and where the walk had to stop.
It is spelt twice, because what is fast differs: ``walk_octets`` by byte indexes, which mypyc turns into machine
code; ``walk_heads`` by one struct call and one dict look-up per frame, which the interpreter does best. A property
test holds them equal.
"""

from struct import Struct
from typing import Final

from mypy_extensions import i64

from capanalyze.packets.common import COMPILED
from capanalyze.tws.frames import BINARY, INDEXES

ALWAYS: Final = 1
"""A mark: an octet of the length that is 0 in every frame that the walk takes."""

WATCH_ALL: Final = bytes([ALWAYS]) * INDEXES

FIRSTS: Final = b"\1" + bytes(255)
"""``Walker.firsts`` when no id waits."""

HEAD: Final = Struct(">I4s")
"""A frame's length and the first four octets of its payload."""

MAX_CELLS: Final = 4096
"""Different first four octets counted apart before their counts are added up."""

_ROOM: Final = 11  # a request id lies at most 10 octets behind the frame's first


class Walker:
    """Counts of one side, and what the walk stops at.

    Attributes:
        counts: frames by index (frames.py); complete after ``settle``.
        watch: by index: 0 (count only), ALWAYS (stop), or how far behind the frame's first octet its request id lies if
            a version field before it has one digit: then the walk stops if that id may be one that waits, or if what
            lies before it is neither a NUL nor the key of protobuf field 1.
        firsts: by octet: 1 where an id that waits begins with it, and for 0, which ALWAYS points at.
        prefixes, prefix: the first octets of the ids that wait, and how many octets that are.
        cells: by a payload's first four octets: [count, index], which ``settle`` adds to ``counts``.
    """

    def __init__(self) -> None:
        self.counts: list[int] = [0] * INDEXES
        self.watch: bytes = WATCH_ALL
        self.firsts: bytes = FIRSTS
        self.prefixes: set[bytes] = set()
        self.prefix: i64 = 1
        self.cells: dict[bytes, list[int]] = {}

    def walk(self, data: bytes, start: i64, end: i64) -> i64:
        """Count whole frames from ``start``; return the index of the first that needs ``stopped``, or ``end``.

        That is a frame cut at ``end``, of more than 255 or less than 4 octets, shorter than _ROOM at ``end``, without
        a plausible id, or watched.
        """
        return self.walk_octets(data, start, end) if COMPILED else self.walk_heads(data, start, end)

    def settle(self) -> None:
        """Add what ``walk_heads`` counted to ``counts``."""
        for count, index in self.cells.values():
            self.counts[index] += count
        self.cells.clear()

    def walk_heads(self, data: bytes, start: i64, end: i64) -> i64:
        """``walk`` for the interpreter."""
        cells = self.cells
        watch = self.watch
        firsts = self.firsts
        unpack = HEAD.unpack_from
        at: i64 = start
        last: i64 = end - _ROOM
        while at <= last:
            length, head = unpack(data, at)
            after: i64 = at + 4 + length
            if after > end or length > 255 or length < 4:
                break
            cell = cells.get(head)
            if cell is None:
                cell = self._cell(head)
            index = cell[1]
            mark = watch[index]
            if mark:
                where = at + mark
                first = data[where]
                if data[where - 1] & 0xF7 or (
                    firsts[first] and (first == 0 or data[where : where + self.prefix] in self.prefixes)
                ):
                    break
            elif index == 0:
                break
            cell[0] += 1
            at = after
        return at

    def _cell(self, head: bytes) -> list[int]:
        """A new count for frames that begin like that."""
        if len(self.cells) >= MAX_CELLS:
            self.settle()
        cell = self.cells[head] = [0, plain_index(head)]
        return cell

    def walk_octets(self, data: bytes, start: i64, end: i64) -> i64:
        """``walk`` as machine code."""
        counts = self.counts
        watch = self.watch
        firsts = self.firsts
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
            if index == 0:
                index = data[at + 6] * 256 + data[at + 7]
                if data[at + 5] != 0 or index == 0 or index > 511:
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
            counts[index] += 1
            at = after
        return at


def plain_index(head: bytes) -> int:
    """The index that a payload's first four octets show as ``walk_octets`` reads them; 0 where none."""
    if head[0] == 0:
        number = head[2] * 256 + head[3]
        return number + BINARY if head[1] == 0 and 0 < number < 512 else 0
    digits = head[: head.find(b"\0")] if b"\0" in head[:3] else b""
    return int(digits) if digits.isdigit() and digits[0] != 48 else 0
