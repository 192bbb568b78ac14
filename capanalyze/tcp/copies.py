"""Copies: packets that the capture holds twice (loopback seen going out and coming in, two interfaces, a SPAN port).

In: the segments of the general path. Out: whether one is the same packet as an earlier one, and not a segment sent
again. The test is on what a sender changes when it sends again: the IP identification, and the TCP header with its
acknowledgement, window and time stamps. Not its checksum: a capture on the sending host has it before the network card
fills it in. Where copies occur, and where a capture begins, the short path is closed for a while, so that every packet
is compared; where none do it costs nothing there.
"""

from typing import Final

from librt.strings import read_i64_be
from librt.vecs import vec
from mypy_extensions import i64

from capanalyze.packets.common import COMPILED
from capanalyze.packets.segment import ACK, FIN, RST, SYN, Segment
from capanalyze.tcp.connection import Side
from capanalyze.tcp.recent import SPREAD
from capanalyze.tcp.sequence import distance
from capanalyze.tcp.views import Views

REMEMBERED: Final = 512
"""Segments that a copy may lie after its original at least, over all connections."""

PLACES: Final = 2 * REMEMBERED
"""For as many segments: a power of two, and never more than half of them are taken."""

WATCH: Final = 4096
"""Segments that are compared after a copy was found."""

SUSPICION: Final = 16
"""Segments that are compared after one that might be a copy."""

NEAR: Final = 64
"""How many packets of a side a copy may lie after its original that took the short path."""

NEWER: Final = 0x4000
"""How far ahead of a side's newest identification that of its next packet is: a host may count all it sends."""

TOGETHER_NS: Final = 100_000_000
"""How far apart copies lie that one interface captured. A time-out before a retransmission is longer (RFC 6298 2.4: a
second; Linux: 200 ms), so a sender that never changes the identification is not misunderstood."""

ALIKE_NS: Final = 1_000_000
"""The same where the sender gives no identification (IPv6; RFC 6864 allows 0 with DF set), or always the same; not of
a SYN, which no host repeats so soon (RFC 6298 2.1)."""

FAR_BACK: Final = 0x8000
"""Packets of a side after which a copy may lie that another interface captured: half of all identifications."""

CONSTANT: Final = -1
"""``Side.ident`` of a sender that gives different segments the same identification."""


class Sightings:
    """Up to REMEMBERED segments by name, and when and on which interface each was captured last.

    A table of numbers, not a dictionary: that would be three objects for each segment, and nearly none is met again.
    """

    __slots__ = ("interfaces", "names", "number", "times")

    def __init__(self) -> None:
        self.number: i64 = 0
        self.names: vec[i64] = vec[i64]([0] * PLACES)  # 0: nobody's place
        self.times: vec[i64] = vec[i64]([0] * PLACES)
        self.interfaces: vec[i64] = vec[i64]([0] * PLACES)

    def place(self, name: i64) -> i64:
        """Where the segment of that name is, or would be."""
        names = self.names
        place = name & (PLACES - 1)
        while names[place] != name and names[place] != 0:
            place = (place + 1) & (PLACES - 1)
        return place

    def put(self, place: i64, name: i64, ts_ns: i64, interface: i64) -> None:
        """Remember the segment of that name, which belongs in that place."""
        if self.names[place] == 0:
            self.names[place] = name
            self.number += 1
        self.times[place] = ts_ns
        self.interfaces[place] = interface


class Copies:
    """What was seen lately.

    Attributes:
        found: copies in the capture.
        watching: segments still to be compared: while it is not 0 no connection takes the short path.
        repeating: the interface that last gave a packet which another one had given before; -1 where none did.
        is_newer: the identification of the last segment is ahead of all that its side gave before.
        newest, before: the segments seen, in two generations: the newest becomes the one before when it has REMEMBERED.
    """

    def __init__(self) -> None:
        self.found: i64 = 0
        self.watching: i64 = SUSPICION
        self.repeating: i64 = -1
        self.is_newer: bool = False
        self._elsewhere: i64 = -1  # which other interface gave the segment before, -1 none that is remembered,
        self._elsewhere_ns: i64 = -1  # and when
        self.newest = Sightings()
        self.before = Sightings()

    def is_copy(self, side: Side, seg: Segment, data: bytes, ts_ns: i64, before_ns: i64) -> bool:
        """Whether the segment was captured before; it is remembered.

        ``side`` has counted it already; ``before_ns`` is the time of the side's packet before it.
        """
        if self.watching:
            self.watching -= 1
        self._elsewhere = self._elsewhere_ns = -1
        if (
            self._seen(side, seg, data, ts_ns)
            or of_short_path(side, seg, ts_ns - before_ns)
            or (seg.interface == self.repeating and of_other_interface(side, seg))
        ):
            side.ident_at += 1  # it is none of those in between
            self.found += 1
            self.watching = WATCH
            self._have_both(side, seg, ts_ns)
            return True
        assert side.connection is not None
        if side.connection.views is not None:
            side.connection.views.take(side.index, seg, side.last_packet, ts_ns)
        if seg.interface == self.repeating and is_lacking(side, seg):
            side.ident_at += 1  # nor is what only this interface captured
            return False
        self.is_newer = side.ident > 0 and 0 < (seg.identification - newest_ident(side)) & 0xFFFF < NEWER
        if seg.identification == side.ident != 0:
            side.ident = CONSTANT
        elif side.ident != CONSTANT:
            side.ident = seg.identification
        side.ident_at = side.packets
        return False

    def _seen(self, side: Side, seg: Segment, data: bytes, ts_ns: i64) -> bool:
        """Whether the same identification and TCP header are among those remembered."""
        name = name_of(seg, data)
        known = self.newest
        free = place = known.place(name)
        if known.names[place] != name:
            known = self.before
            place = known.place(name)
        found = known.names[place] == name
        interface, before_ns = known.interfaces[place], known.times[place]
        apart = ts_ns - before_ns
        if self.newest.number == REMEMBERED and known is not self.newest:
            self.before = self.newest
            self.newest = Sightings()
            free = self.newest.place(name)
        self.newest.put(free, name, ts_ns, seg.interface)
        if not found:
            return False
        if interface != seg.interface:
            self.repeating = seg.interface
            self._elsewhere, self._elsewhere_ns = interface, before_ns
            return True
        if seg.flags & SYN or (seg.identification != 0 and side.ident != CONSTANT):
            return within(apart, TOGETHER_NS)
        if not seg.length and not seg.flags & (SYN | FIN) and not self.found:
            return False  # duplicate ACKs are equal too, and the RSTs that answer several segments
        return within(apart, ALIKE_NS)

    def _have_both(self, side: Side, seg: Segment, ts_ns: i64) -> None:
        """Note on the connection that two interfaces captured a segment, if they did."""
        connection = side.connection
        assert connection is not None
        if connection.views is None and self._elsewhere >= 0 and connection.detail and not connection.with_itself:
            connection.views = Views(self._elsewhere, seg.interface)
        if connection.views is not None:
            connection.views.copy(side.index, seg, ts_ns, self._elsewhere_ns)

    def suspect(self) -> None:
        """A segment repeats what the short path has taken: compare the next ones, unless it is newer than that."""
        if not self.is_newer:
            self.watching = max(self.watching, SUSPICION)


def within(apart: i64, limit: i64) -> bool:
    """Whether two times lie less than ``limit`` apart, whichever is first."""
    return -limit < apart < limit


def of_short_path(side: Side, seg: Segment, apart: i64) -> bool:
    """Whether the identification is of a segment that took the short path, where nothing is remembered.

    Most systems count identifications up by one a packet of a connection, so those between the newest segment of the
    general path and this one are known. One that counts in another way has a chance of 1 in 1000 to fall among them.
    """
    between = side.packets - side.ident_at - 1
    if between <= 0 or side.ident <= 0 or seg.identification == 0 or not within(apart, TOGETHER_NS):
        return False
    if seg.flags & (SYN | FIN | RST | ACK) != ACK or seg.window == 0:  # which the short path does not take
        return False
    if distance(seg.seq + seg.length, side.next_seq) > 0:  # all that it takes is in order
        return False
    if not seg.length and seg.ack != side.last_ack:  # an acknowledgement that was overtaken
        return False
    ago = (newest_ident(side) - seg.identification) & 0xFFFF
    return ago < min(between, NEAR) and not is_lacking(side, seg)


def of_other_interface(side: Side, seg: Segment) -> bool:
    """The same of a connection with copies, however long ago the other interface captured the segment.

    That is so where one interface's packets lie after those of the other in the file. What a sender sends again has a
    newer identification than all of its packets, unless it does not count them up: then the chance is that of their
    number in 65,536. The first FIN and the first RST are never copies.
    """
    if side.ident <= 0 or seg.identification == 0 or side.connection is None or not side.connection.copies:
        return False
    if seg.flags & RST and side.parting.rst_count == 0:
        return False
    end = seg.seq + seg.length + (1 if seg.flags & FIN else 0)  # a FIN has a number too
    said = side.next_seq + (1 if side.parting.closed else 0)
    if distance(end, said) > 0 or distance(seg.ack, side.last_ack) > 0 or is_lacking(side, seg):
        return False
    return (newest_ident(side) - seg.identification) & 0xFFFF < min(side.packets, FAR_BACK)


def newest_ident(side: Side) -> i64:
    """The identification of a side's packet before this one, if it counts them up by one."""
    return side.ident + side.packets - side.ident_at - 1


def is_lacking(side: Side, seg: Segment) -> bool:
    """Whether a segment has the SYN, or octets that lie before those captured so far or in a hole among them."""
    start = side.next_rel + distance(seg.seq, side.next_seq)
    end = start + seg.length
    if side.isn < 0 and (seg.flags & SYN or (seg.length and start < side.low_rel)):
        return True
    return any(gap.offset < end and start < gap.offset + gap.length for gap in side.trouble.gaps)


def name_of(seg: Segment, data: bytes) -> i64:
    """A segment's addresses, ports, TCP header but the checksum, identification and length as one number, not 0.

    Of 64 bits: that two segments that are remembered share one is as likely as a wrong octet in memory.
    """
    end = min(seg.payload, seg.end)
    fixed = min(seg.tcp + 16, end)
    options = seg.tcp + 20
    if COMPILED:
        mixed = mix(seg.identification << 16 | (seg.length & 0xFFFF), seg.key, 0, len(seg.key))
        mixed = mix(mixed, data, seg.tcp + 4, fixed)
        if end - options >= 8:
            mixed = mix(mixed, data, options, end)
    else:
        mixed = hash((seg.identification, seg.length & 0xFFFF, seg.key, data[seg.tcp + 4 : fixed], data[options:end]))
    if mixed == 0:
        return 1
    return mixed  # a conditional expression would make an object of it


def mix(mixed: i64, data: bytes, start: i64, end: i64) -> i64:
    """Add the octets ``data[start:end]``, 8 or more of them, to a number (for compiled code, whose numbers wrap)."""
    last = end - 8
    at = start
    while at < last:
        mixed = (mixed ^ read_i64_be(data, at)) * SPREAD
        mixed ^= mixed >> 32
        at += 8
    mixed = (mixed ^ read_i64_be(data, last)) * SPREAD
    return mixed ^ mixed >> 32
