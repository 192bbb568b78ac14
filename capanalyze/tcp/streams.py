"""Streams: in-order octets of one side, each once, and the holes in them.

In: the payload of segments that are not simply next in order. Out: runs (octets in order) and gaps, in
stream order. An out-of-order segment waits until its hole is filled, until the peer has acknowledged
the hole and PATIENCE more segments came (the capture lost it), or until too much waits. Where two segments
differ in what they say about the same octet, the one that became in order first counts.
"""

from typing import Final

from mypy_extensions import i64

from capanalyze.tcp.connection import Connection
from capanalyze.tcp.parting import NO_GAPS, NO_HELD, Gap, Held, Trouble
from capanalyze.tcp.room import Room
from capanalyze.tcp.sequence import MASK
from capanalyze.tcp.side import Side, break_tail, trouble

MAX_HELD: Final = 256
"""Segments that wait behind a hole, per side."""

MAX_HELD_OCTETS: Final = 1024 * 1024
"""Octets that wait behind a hole, per side."""

MAX_HELD_IN_ALL: Final = 8 * 1024 * 1024
"""Octets that wait behind holes, over all connections, and HELD_COST for each segment."""

HELD_COST: Final = 320
"""Octets that a segment takes which waits, beside its payload."""

PATIENCE: Final = 16
"""Segments of a side after which an acknowledged hole is taken to be lost by the capture."""

EARLIER: Final = 1 << 20
"""Octets before the first ones captured that still belong to a stream whose SYN was not captured."""

NO_END: Final = 1 << 62
"""A position beyond everything."""


class Run:
    """Octets of a side that are next in its stream, or a gap (``data`` empty, ``gap`` octets)."""

    __slots__ = ("data", "end", "gap", "packet", "side", "start", "ts_ns")

    def __init__(self, side: i64, data: bytes, start: i64, end: i64, gap: i64, packet: i64, ts_ns: i64) -> None:
        self.side: i64 = side
        self.data: bytes = data
        self.start: i64 = start
        self.end: i64 = end
        self.gap: i64 = gap
        self.packet: i64 = packet
        self.ts_ns: i64 = ts_ns


class Streams:
    """Orders payload; ``runs`` collects what became deliverable since it was last emptied."""

    def __init__(self, room: Room) -> None:
        self.runs: list[Run] = []
        self.room = room
        self.held_octets: i64 = 0

    def payload(
        self, side: Side, rel: i64, length: i64, data: bytes, start: i64, captured: i64, packet: i64, ts_ns: i64
    ) -> i64:
        """Take ``length`` octets at ``rel``, ``captured`` of them at ``data[start:]``; say how many are new."""
        end = rel + length
        if side.parting.closed and end > side.parting.fin_rel:  # nothing lies beyond the side's own FIN
            end = side.parting.fin_rel
        if end <= rel:
            return 0
        old: i64 = 0
        if rel < side.next_rel:
            old = self._late(side, rel, min(end, side.next_rel))
            skip = side.next_rel - rel
            rel = side.next_rel
            start += skip
            captured = max(captured - skip, 0)
        if end <= rel:
            return old
        captured = min(captured, end - rel)
        if rel > side.next_rel:
            return old + self._hold(side, rel, end, data[start : start + captured], packet, ts_ns)
        fresh = end - rel
        if side.trouble.held:
            fresh -= overlap(side, rel, end)
        self._deliver(side, end, data, start, captured, packet, ts_ns)
        self._release(side)
        side.octets += fresh
        return old + fresh

    def _late(self, side: Side, rel: i64, end: i64) -> i64:
        """Octets below the next position: new only where they fill a gap or lie before all captured octets."""
        new: i64 = 0
        if rel < side.low_rel and side.isn < 0 and side.low_rel - rel <= EARLIER:
            new = min(end, side.low_rel) - rel
            if end < side.low_rel:
                add_gap(side, end, side.low_rel - end, 0)
            side.low_rel = rel
        if side.trouble.gaps:
            new += fill(side.trouble, rel, end)
        side.octets += new
        return new

    def _hold(self, side: Side, rel: i64, end: i64, data: bytes, packet: i64, ts_ns: i64) -> i64:
        """Keep a segment that lies behind a hole."""
        fresh = end - rel - overlap(side, rel, end)
        if fresh == 0:
            return 0
        odd = trouble(side)
        if odd.held is NO_HELD:
            odd.held = []
        at = len(odd.held)
        while at > 0 and odd.held[at - 1].start > rel:
            at -= 1
        odd.held.insert(at, Held(rel, end, data, packet, ts_ns))
        odd.held_octets += len(data)
        self._hold_more(len(data) + HELD_COST)
        side.octets += fresh
        while odd.held and (
            len(odd.held) > MAX_HELD
            or odd.held_octets > MAX_HELD_OCTETS
            or self.held_octets > MAX_HELD_IN_ALL
            or not (side.detail or self.room.fits(0))
        ):
            self.give_up_hole(side)
        return fresh

    def _hold_more(self, octets: i64) -> None:
        """Count what waits behind holes, or waits no longer (less than 0)."""
        self.held_octets += octets
        self.room.take(octets)

    def _deliver(self, side: Side, end: i64, data: bytes, start: i64, captured: i64, packet: i64, ts_ns: i64) -> None:
        """Append octets up to ``end`` to the stream; what a short snapshot length left out is a gap in it."""
        if captured:
            self.runs.append(Run(side.index, data, start, start + captured, 0, packet, ts_ns))
        cut = end - side.next_rel - captured
        if cut > 0:
            trouble(side).cut += cut
            self.runs.append(Run(side.index, b"", 0, 0, cut, packet, ts_ns))
        moved = end - side.next_rel
        side.next_rel = end
        side.next_seq = (side.next_seq + moved) & MASK

    def _release(self, side: Side) -> None:
        """Deliver what is held and has become in order."""
        odd = side.trouble
        while odd.held and odd.held[0].start <= side.next_rel:
            held = odd.held.pop(0)
            odd.held_octets -= len(held.data)
            self._hold_more(-len(held.data) - HELD_COST)
            if held.end > side.next_rel:
                skip = side.next_rel - held.start
                captured = max(len(held.data) - skip, 0)
                self._deliver(side, held.end, held.data, skip, captured, held.packet, held.ts_ns)
        if odd.acked_hole and not odd.held:
            odd.acked_hole = 0

    def give_up_hole(self, side: Side) -> None:
        """The octets before the first held segment will not come: a gap, then what is held."""
        if not side.trouble.held:
            return
        first = side.trouble.held[0]
        self.gap(side, first.start, first.packet, first.ts_ns)
        self._release(side)

    def skip(self, side: Side, end: i64, packet: i64, ts_ns: i64) -> None:
        """The peer has octets up to ``end``: what is not there by now is a gap."""
        while side.trouble.held:
            self.give_up_hole(side)
        self.gap(side, end, packet, ts_ns)
        break_tail(side)
        trouble(side).skipped = True

    def gap(self, side: Side, end: i64, packet: i64, ts_ns: i64) -> None:
        """The stream lacks the octets from its next position to ``end``."""
        length = end - side.next_rel
        if length <= 0:
            return
        add_gap(side, side.next_rel, length, packet)
        self.runs.append(Run(side.index, b"", 0, 0, length, packet, ts_ns))
        side.next_rel = end
        side.next_seq = (side.next_seq + length) & MASK

    def finish(self, connection: Connection) -> None:
        """The capture is over: close every hole and the one after the last octet, and count what is missing."""
        self._finish(connection, connection.orig)
        if not connection.with_itself:
            self._finish(connection, connection.resp)

    def _finish(self, connection: Connection, side: Side) -> None:
        if side.parting.closed:
            self._forget_beyond(side, side.parting.fin_rel)
        while side.trouble.held:
            self.give_up_hole(side)
        end = side.acked_rel
        if side.parting.closed:
            end = min(end, side.parting.fin_rel)
        if end > side.next_rel:
            self.gap(side, end, connection.last_packet, connection.last_ts)
        odd = side.trouble
        if not odd.gaps:
            return
        odd.missing = odd.gap_octets_left_out
        for gap in odd.gaps:
            acknowledged = min(side.acked_rel - gap.offset, gap.length)
            gap.acknowledged = acknowledged == gap.length
            odd.missing += max(acknowledged, 0)

    def _forget_beyond(self, side: Side, fin_rel: i64) -> None:
        """The FIN's own number is no octet, and what was captured with numbers beyond it is not of the stream."""
        odd = side.trouble
        beyond = overlap(side, fin_rel, NO_END)
        if not odd.gaps_left_out:
            beyond += max(side.next_rel - max(fin_rel, side.low_rel), 0)
        gone = fill(odd, fin_rel, NO_END)
        side.octets -= max(beyond - gone, 0)
        side.max_rel = min(side.max_rel, fin_rel + 1)
        for held in odd.held:
            if held.end > fin_rel:
                kept = held.data[: max(fin_rel - held.start, 0)]
                odd.held_octets -= len(held.data) - len(kept)
                self._hold_more(len(kept) - len(held.data))
                held.data, held.end = kept, max(fin_rel, held.start)
        while odd.held and odd.held[-1].start >= fin_rel:
            self._hold_more(-len(odd.held.pop().data) - HELD_COST)


def overlap(side: Side, rel: i64, end: i64) -> i64:
    """Octets of the range that are held already."""
    covered: i64 = 0
    at = rel
    for held in side.trouble.held:
        low = max(held.start, at)
        high = min(held.end, end)
        if high > low:
            covered += high - low
            at = high
    return covered


def add_gap(side: Side, offset: i64, length: i64, packet: i64) -> None:
    """Note a hole, in stream order."""
    odd = trouble(side)
    if len(odd.gaps) >= odd.most_gaps:
        odd.gaps_left_out += 1
        odd.gap_octets_left_out += length
        return
    if odd.gaps is NO_GAPS:
        odd.gaps = []
    at = len(odd.gaps)
    while at > 0 and odd.gaps[at - 1].offset > offset:
        at -= 1
    odd.gaps.insert(at, Gap(offset, length, packet))


def fill(odd: Trouble, rel: i64, end: i64) -> i64:
    """Take a range out of the gaps; say how many octets of it they had."""
    found: i64 = 0
    at: i64 = 0
    while at < len(odd.gaps):
        gap = odd.gaps[at]
        low = max(rel, gap.offset)
        high = min(end, gap.offset + gap.length)
        if high <= low:
            at += 1
            continue
        found += high - low
        beyond = gap.offset + gap.length - high
        if low > gap.offset:
            gap.length = low - gap.offset
            at += 1
            if beyond and len(odd.gaps) < odd.most_gaps:
                odd.gaps.insert(at, Gap(high, beyond, gap.packet))
                at += 1
            elif beyond:
                odd.gaps_left_out += 1
                odd.gap_octets_left_out += beyond
        elif beyond:
            gap.offset = high
            gap.length = beyond
            at += 1
        else:
            odd.gaps.pop(at)
    return found
