"""The inner loop: whole frames counted where they lie, at the cost of a few loads each.

In: a piece of one side's octets that begins with a frame. Out: a count per index, and where the walk had to stop.
It is written for both of its lives: byte indexes and no calls, which mypyc turns into machine code and the
interpreter runs without making objects.
"""

from typing import Final

from mypy_extensions import i64

from capanalyze.tws.frames import BINARY, INDEXES

ALWAYS: Final = 1
"""A mark: an octet of the length that is 0 in every frame that the walk takes."""

WATCH_ALL: Final = bytes([ALWAYS]) * INDEXES


_ROOM: Final = 11  # a request id lies at most 10 octets behind the frame's first

FIRSTS: Final = b"\1" + bytes(255)
"""``Walker.firsts`` when no id waits."""


class Walker:
    """Counts of one side, and what the walk stops at.

    Attributes:
        counts: frames by index (frames.py).
        watch: by index: 0 (count only), ALWAYS (stop), or how far behind the frame's first octet its request id lies
            if a version field before it has one digit: then the walk stops if that id may be one that waits.
        firsts: by octet: 1 where an id that waits begins with it, and for 0, which lies there if there are two digits.
        prefixes, prefix: the first octets of the ids that wait, and how many octets that are.
    """

    def __init__(self) -> None:
        self.counts: list[int] = [0] * INDEXES
        self.watch: bytes = WATCH_ALL
        self.firsts: bytes = FIRSTS
        self.prefixes: set[bytes] = set()
        self.prefix: i64 = 1

    def walk(self, data: bytes, start: i64, end: i64) -> i64:
        """Count whole frames from ``start``; return the index of the first that needs ``stopped``, or ``end``.

        That is a frame cut at ``end``, of more than 255 or less than 4 octets, shorter than _ROOM at ``end``, without
        a plausible id, or watched.
        """
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
                if firsts[first] != 0 and (first == 0 or data[where : where + self.prefix] in self.prefixes):
                    break
            counts[index] += 1
            at = after
        return at
