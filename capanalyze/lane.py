"""The analyzer's loop for the interpreter: the commonest packets in one function, without a call per step.

In: a RawPackets cursor. Out: the same as ``Analyzer.take`` for every packet. Compiled, its steps (``advance``,
``read_words``, ``short``) cost a few ns each; interpreted, their calls and attributes are most of the time. So
this loop does for an established TWS session's next segment what they do, but only sets its octets aside: until the
other side speaks, something else happens on the connection, or the stretch ends, what one side says is collected, and
read as one. Every other packet goes to ``take``. The tests compare both, and with compiled code over every capture.
"""

from collections.abc import Callable
from functools import cache
from itertools import count
from struct import Struct
from typing import TYPE_CHECKING, Any, Final

from capanalyze.packets.common import ANY_SERVICE, ANY_TTL, SHAPE
from capanalyze.packets.ip import TCP
from capanalyze.packets.link import LINK_ETHERNET, LINK_NULL
from capanalyze.packets.raw import RawPackets
from capanalyze.packets.segment import ACK
from capanalyze.tcp.short import open_window
from capanalyze.tcp.side import TAIL, Side
from capanalyze.tcp.zeek import PURE_ACK
from capanalyze.tws.pieces import Pieces
from capanalyze.tws.resting import Resting

if TYPE_CHECKING:
    from capanalyze.analyzer import Analyzer

LEADS: Final = {LINK_ETHERNET: (14, 0x08004500), LINK_NULL: (4, 0x4500)}
"""Link type -> octets before the IP header, the four octets from two before it (service masked)."""

HEADERS: Final = 40
"""Octets of an IP and a TCP header without options."""

USUAL: Final = 0x40004006
"""Don't fragment, a time to live of 64, TCP: what nearly every packet on a host has, known by one comparison."""

HEADS: Final = {offset << 12 | flags: 20 + 4 * offset for offset in range(5, 16) for flags in (ACK, ACK | 8)}
"""The 16 bits from data offset to flags, with or without PSH -> octets of an IP header and that TCP header."""


def feed(analyzer: "Analyzer", packets: RawPackets) -> None:
    """Take every packet that the cursor has."""
    while packets.advance():
        analyzer.take(packets)
        if packets.held:
            break
        if packets.link_type in LEADS:
            Stretch(analyzer, packets).take()
    analyzer.packets = packets.number


class Stretch:
    """The ordinary packets behind the current one.

    Attributes:
        first: the number of the first. places, sizes: see ``RawPackets.places``.
        lent: the sides of which something was collected: ``pieces``, or the time of the last packet.
    """

    def __init__(self, analyzer: "Analyzer", packets: RawPackets) -> None:
        self.analyzer = analyzer
        self.packets = packets
        self.lead, self.mark = LEADS[packets.link_type]
        self.first = packets.number + 1
        self.places, self.sizes = packets.places(self.lead + HEADERS)
        self.lent: set[Side] = set()

    def take(self) -> None:
        """Take them all, or all up to one that is held back."""
        if self.places:
            self._collect()
            self._settle_all()
            if not self.packets.held:
                self.packets.go_back(self.first + len(self.places) - 1, self.places[-1])
                self.analyzer.last_ts = self.packets.ts_ns

    def _collect(self) -> None:
        """The loop."""
        sides, heads, lent = self.analyzer.tracker.sides, HEADS, self.lent
        data, lead, mark, like_most = self.packets.data, self.lead, self.mark, USUAL
        ip = self.packets.header + lead
        unpack = shape_behind(ip - 2)
        for number, place, captured in zip(count(self.first), self.places, self.sizes, strict=False):
            kind, total, protocol, key, seq, ack, flags, window = unpack(data, place)
            side = None
            try:
                side = sides[key]
                length = total - heads[flags]
            except KeyError:
                pass
            else:
                if (
                    seq == side.next_seq
                    and (pieces := side.pieces) is not None
                    and side.plain
                    and window
                    and (kind == mark or kind & ANY_SERVICE == mark)
                    and (protocol == like_most or protocol & ANY_TTL == TCP)
                    and lead + total <= captured
                ):
                    peer = side.peer
                    if length > 0:
                        sent = side.next_rel + length
                        if sent - side.acked_rel < peer.room and (ack == side.last_ack or acked(side, peer, ack)):
                            if not pieces:
                                lent.add(side)
                                if peer.pieces:
                                    self._hand_on(peer)
                            side.next_seq = (seq + length) & 0xFFFFFFFF
                            side.next_rel = sent
                            end = place + ip + total
                            pieces.append((data[end - length : end], number))
                            if window != side.window:
                                open_window(side, window)
                            continue
                    elif (
                        length == 0
                        and (more := (ack - side.last_ack) & 0xFFFFFFFF)
                        and (upto := peer.acked_rel + more) <= peer.next_rel
                    ):
                        peer.acked_rel = upto
                        side.last_ack = ack
                        side.packets += 1
                        side.last_packet = number
                        lent.add(side)
                        if window != side.window:
                            open_window(side, window)
                        continue
            # of a fragment, or behind IP options, what was read are no ports
            self._prepare(side if kind & ANY_SERVICE == mark and protocol & ANY_TTL == TCP else None)
            self.packets.go_back(number, place)
            self.analyzer.take(self.packets)
            if self.packets.held:
                break

    def _prepare(self, side: Side | None) -> None:
        """Before a packet of that side is taken: what the connection owes is handed on, or it is lent from now on.

        None: of any connection, or of none.
        """
        if side is None:
            self._settle_all()
        elif side.pieces is not None and side.peer.pieces is not None:
            self._settle(side)
            self._settle(side.peer)
        elif side.listener is not None:
            self.lent.add(side)
            if side.plain and usual(side) and usual(side.peer):
                session = self.analyzer.sessions[side.place]
                if session is not None and session.settled:
                    side.pieces, side.peer.pieces = [], []

    def _settle_all(self) -> None:
        """Hand on what was collected, and keep nothing of it but what can be told."""
        sessions, first, places = self.analyzer.sessions, self.first, self.places
        last = [side.pieces[-1][1] if side.pieces else side.last_packet for side in self.lent]
        times = self.packets.times_at([places[number - first if number > first else 0] for number in last])
        for side, number, ts_ns in zip(self.lent, last, times, strict=True):
            if side.pieces:
                self._hand_on(side, ts_ns)
            elif number >= first:
                side.last_ts = ts_ns
            session = sessions[side.place]
            if session is not None and type(session) is not Resting:
                if side.detail:
                    session.let_pieces_go(side.index)
                else:
                    self.analyzer.all_sessions.rest_if_able(side)
        self.lent.clear()

    def _settle(self, side: Side) -> None:
        """Hand on what was collected of a side."""
        if side.pieces:
            self._hand_on(side)
        elif side.last_packet >= self.first:
            side.last_ts = self._time_of(side.last_packet)

    def _hand_on(self, side: Side, last_ns: int | None = None) -> None:
        """Count the segments that were collected of a side, and give their octets to its session.

        ``last_ns`` is when the last of them came.
        """
        pieces = side.pieces
        assert pieces
        octets, number = pieces[-1]
        ts_ns = self._time_of(number) if last_ns is None else last_ns
        if number > side.last_packet:
            side.last_packet = number
            side.last_ts = ts_ns
        else:
            side.last_ts = self._time_of(side.last_packet)
        side.packets += len(pieces)
        side.pieces = []
        if side.detail and len(pieces) > 1:
            together = Pieces(pieces, self._time_of)
            octets = together.joined
            side.octets += len(octets)
            session = self.analyzer.sessions[side.place]
            assert session is not None
            session.pieces(side.index, together)
        else:  # of one that is counted only it does not matter when it was said
            assert side.listener is not None
            for octets, number in pieces:
                end = len(octets)
                side.octets += end
                at = side.listener.hear(octets, 0, end, number, ts_ns)
                if at < end:
                    self.analyzer.all_sessions.tell(side, octets, at, end, number, ts_ns)
        if side.detail:
            side.last_data_packet = number
            side.last_data_ts = ts_ns
            side.tail = octets[-TAIL:] if len(octets) >= TAIL else (side.tail + octets)[-TAIL:]

    def _time_of(self, number: int) -> int:
        """The time of a packet of the stretch."""
        return self.packets.time_at(self.places[number - self.first])


@cache
def shape_behind(octets: int) -> Callable[[bytes, int], tuple[Any, ...]]:
    """SHAPE, behind so many octets."""
    return Struct(f"{SHAPE.format[0]}{octets}x{SHAPE.format[1:]}").unpack_from


def acked(side: Side, peer: Side, ack: int) -> bool:
    """Take an acknowledgement number of a side, unless it is not of what the peer has sent."""
    upto = peer.acked_rel + ((ack - side.last_ack) & 0xFFFFFFFF)
    if upto > peer.next_rel:
        return False
    peer.acked_rel = upto
    side.last_ack = ack
    return True


def usual(side: Side) -> bool:
    """Whether all that happens but once has happened to a side that goes on as before."""
    return not side.narrated and side.first_data_acked_packet > 0 and side.history_seen & PURE_ACK > 0
