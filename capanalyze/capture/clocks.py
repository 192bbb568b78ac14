"""Clocks: which files hold the same packets, and by how much their clocks are apart, as these tell.

In: the first packets of each file. Out: the file beside it, and what has to be taken off its times. A ring buffer has
no packet twice: what a host sends again has another identification (Linux, Windows), and what gives none counts only
with octets of payload, and with packets of another side: what got lost is sent again, but by one side.
"""

from typing import Final, NamedTuple

from capanalyze.capture.files import CaptureFile
from capanalyze.packets.raw import NO_TIME
from capanalyze.packets.segment import OK, Segment

LOOKED_AT: Final = 1000
"""First packets of a file among which one with a time is looked for."""

COMPARED: Final = 1000
"""Packets that are compared, of all files together."""

ENOUGH: Final = 3
"""Packets that have to be the same; those that share an identification are one."""

AGREE_NS: Final = 2_000_000_000
"""How far their differences in time may lie apart, which is what a packet takes there and back."""

RIGHT_NS: Final = 50_000_000
"""How small they are where nothing has to be set right, as NTP leaves clocks: what such merge is in order enough."""


class Sighting(NamedTuple):
    """A packet in a file.

    Attributes:
        rank: the file's place among those given. ts_ns: when that was. mark: what no other packet has.
        way: from where to where it goes, of a packet without identification.
    """

    rank: int
    ts_ns: int
    mark: int
    way: bytes


Head = dict[int, Sighting]
"""The first packets of a file, or of several, by what is the same wherever a packet is captured."""


def head_of(file: CaptureFile, rank: int, most: int) -> tuple[int | None, Head]:
    """When a file begins, and its first packets, looking at ``most``; the file is used up.

    The time is in ns since the epoch; None without a packet; NO_TIME where none of the first packets has one, or one
    above 0, which is what a broken clock gives.
    """
    head: Head = {}
    segment = Segment()
    begins = NO_TIME
    looked_at = 0
    for window in file.windows():
        while window.advance():
            looked_at += 1
            if begins < 0 < window.ts_ns:
                begins = int(window.ts_ns)
            if looked_at <= most and segment.read(window) == OK:
                found = named(segment, window.data)
                if found:
                    numbered = int(segment.identification)
                    way = b"" if numbered else segment.key
                    head.setdefault(found, Sighting(rank, int(window.ts_ns), numbered or found, way))
            if looked_at >= (most if begins > 0 else LOOKED_AT):
                return begins, head
    return (begins if looked_at else None), head


def named(segment: Segment, data: bytes) -> int:
    """A number for what two recordings of a packet share; 0 where it may as well be the same sent again."""
    if segment.identification == 0 and segment.length < 2:
        return 0
    start, end = int(segment.tcp), int(min(segment.payload, segment.end))
    fixed = data[start + 4 : min(start + 16, end)]
    ends = segment.key[: 12 if len(segment.key) < 36 else 36]  # without a VLAN, which one of them alone may have
    return hash((int(segment.identification), ends, int(segment.length), fixed, data[start + 20 : end]))


def beside(head: Head, known: Head) -> tuple[int, int] | None:
    """The rank of a file that holds the same packets, and how far the clock is ahead of that one's; None without any.

    That is taken so that packets need the same time in both directions, and as nothing up to RIGHT_NS.
    """
    shared: dict[int, dict[int, int]] = {}
    ways: dict[int, set[bytes]] = {}
    for name, one in head.items():
        other = known.get(name)
        if other is not None and one.ts_ns > 0 and other.ts_ns > 0:
            shared.setdefault(other.rank, {}).setdefault(one.mark, one.ts_ns - other.ts_ns)
            ways.setdefault(other.rank, set()).add(one.way)
    for rank, apart in shared.items():
        least, most = min(apart.values()), max(apart.values())
        several = b"" in ways[rank] or len(ways[rank]) > 1
        if len(apart) >= ENOUGH and several and most - least <= AGREE_NS:
            ahead = (least + most) // 2
            return rank, ahead if abs(ahead) > RIGHT_NS else 0
    return None
