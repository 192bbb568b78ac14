"""The analyzer's loop for the interpreter: the commonest packets in one function, without a call per step.

In: a RawPackets cursor. Out: the same as ``Analyzer.take`` for every packet. Compiled, the steps of ``take``
(``advance``, ``read_words``, ``short``) cost a few ns each; interpreted, calls and attributes are most of the time. So
where a packet is simply the next segment of an established TWS session, this loop only sets its octets aside. What one
side says is collected until the other side speaks, something else happens on the connection, or the stretch ends, and
is then read as one piece. Every other packet goes to ``take``. Tests compare the two, and both with compiled code over
every capture.
"""

from itertools import count
from typing import TYPE_CHECKING, Final

from capanalyze.packets.ip import TCP
from capanalyze.packets.link import tag
from capanalyze.packets.raw import NO_TIME, RawPackets
from capanalyze.packets.shapes import shape_of
from capanalyze.tcp.parting import NO_PACKETS
from capanalyze.tcp.short import open_window
from capanalyze.tcp.side import TAIL, Side
from capanalyze.tcp.zeek import PURE_ACK
from capanalyze.tws.pieces import Pieces
from capanalyze.tws.resting import Resting

if TYPE_CHECKING:
    from capanalyze.analyzer import Analyzer

NO_PLACES: Final[tuple[list[int], list[int]]] = ([], [])
"""The places of packets whose link layer has to be walked: none."""

NO_PIECES: Final[list[bytes]] = []
"""What was collected of a side where nothing was: shared, never written to."""


def feed(analyzer: "Analyzer", packets: RawPackets) -> None:
    """Take every packet that the cursor has."""
    while packets.advance():
        analyzer.take(packets)
        if packets.held:
            break
        Stretch(analyzer, packets).take()
    analyzer.packets = packets.number


class Tagged:
    """The sides whose segments have a VLAN tag, by what else there is in their keys."""

    def __init__(self, sides: dict[bytes, Side], vlan: bytes) -> None:
        self.sides = sides
        self.vlan = vlan

    def __getitem__(self, key: bytes) -> Side:
        return self.sides[key + self.vlan]

    def get(self, key: bytes) -> Side | None:
        """The same, or None where there is none."""
        return self.sides.get(key + self.vlan)


class Stretch:
    """The ordinary packets after the current one.

    Attributes:
        first: the number of the first. places, ends: see ``RawPackets.places``. shape: how all are read.
        sides: where those are found that sent them, by what is read.
        lent: the sides of which something was collected: ``pieces``, or the times of the last packets.
    """

    def __init__(self, analyzer: "Analyzer", packets: RawPackets) -> None:
        self.analyzer = analyzer
        self.packets = packets
        self.shape = shape_of(packets)
        sides = analyzer.tracker.sides
        self.sides = Tagged(sides, tag(self.shape.tag & 0xFFF)) if self.shape.tag else sides
        self.first = packets.number + 1
        self.places, self.ends = NO_PLACES
        if self.shape.lead >= 0:
            self.places, self.ends = packets.places(self.shape.lead + self.shape.version.octets)
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
        data, sides, lent = self.packets.data, self.sides, self.lent
        shape, header = self.shape, self.packets.header
        mark, service, unpack = shape.mark, shape.service, shape.reader(header)
        _, _, _, following, like_most, counted, heads = shape.version
        ip = header + shape.lead + counted
        side: Side | None
        for number, place, upto in zip(count(self.first), self.places, self.ends, strict=False):
            kind, total, protocol, key, seq, ack, flags, window = unpack(data, place)
            try:
                side = sides[key]
                length = total - heads[flags]
            except KeyError:
                side = sides.get(key)
            else:
                if (
                    seq == side.next_seq
                    and (pieces := side.pieces) is not None
                    and window
                    and (kind == mark or kind & service == mark)
                    and (protocol == like_most or protocol & following == TCP)
                    and (end := place + ip + total) <= upto
                ):
                    peer = side.peer
                    if length > 0:
                        sent = side.next_rel + length
                        if sent - side.acked_rel < peer.room and (ack == side.last_ack or acked(side, peer, ack)):
                            if not pieces:
                                lent.add(side)
                                if peer.pieces:
                                    self._hand_on(peer)
                                pieces = side.pieces = []
                                side.bringers = []
                            side.next_seq = (seq + length) & 0xFFFFFFFF
                            side.next_rel = sent
                            pieces.append(data[end - length : end])
                            side.bringers.append(number)
                            if window != side.window:
                                open_window(side, window)
                            continue
                    elif (
                        length == 0
                        and (more := (ack - side.last_ack) & 0xFFFFFFFF)
                        and (acknowledged := peer.acked_rel + more) <= peer.next_rel
                    ):
                        peer.acked_rel = acknowledged
                        side.last_ack = ack
                        side.packets += 1
                        side.last_packet = number
                        lent.add(side)
                        if window != side.window:
                            open_window(side, window)
                        continue
            self._take_alone(number, place, side, kind & service == mark and protocol & following == TCP)
            if self.packets.held:
                break

    def _take_alone(self, number: int, place: int, side: Side | None, common: bool) -> None:
        """Leave a packet to the analyzer, which knows by then what was collected of its connection.

        Of a fragment, or behind IP options, it is not known which connection that is (``common``).
        """
        if not common:
            self._settle_all()
        elif side is not None and side.pieces is not None:
            self._settle(side)
            self._settle(side.peer)
        elif side is not None and side.listener is not None:
            self._lend(side)
        self.packets.go_back(number, place)
        self.analyzer.take(self.packets)

    def _lend(self, side: Side) -> None:
        """A packet of a side whose connection is not collected is to be taken: from now on it is, if all is usual."""
        self.lent.add(side)
        if side.plain and usual(side) and usual(side.peer):
            session = self.analyzer.sessions[side.place]
            if session is not None and session.settled:
                side.pieces = side.peer.pieces = NO_PIECES

    def _settle_all(self) -> None:
        """Hand on what was collected, and keep nothing of it but what can be told."""
        sessions, first, places = self.analyzer.sessions, self.first, self.places
        for side in self.lent:
            if side.pieces:
                self._hand_on(side)
        last = [side.last_packet for side in self.lent]
        times = self.packets.times_at([places[number - first if number > first else 0] for number in last])
        for side, number, ts_ns in zip(self.lent, last, times, strict=True):
            self._date(side, number, ts_ns)
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
        if side.last_packet >= self.first:
            self._date(side, side.last_packet, self._time_of(side.last_packet))

    def _date(self, side: Side, number: int, ts_ns: int) -> None:
        """Say when the last packet of a side came."""
        if number >= self.first:
            side.last_ts = ts_ns
            if side.last_data_packet >= self.first:
                side.last_data_ts = self._time_of(side.last_data_packet)

    def _hand_on(self, side: Side) -> None:
        """Count the segments that were collected of a side, and give their octets to its session."""
        pieces, bringers = side.pieces, side.bringers
        assert pieces
        side.pieces, side.bringers = NO_PIECES, NO_PACKETS
        number = bringers[-1]
        side.last_packet = max(side.last_packet, number)
        side.packets += len(pieces)
        if not side.detail:
            self._hand_on_counted(side, pieces, number)
            return
        side.last_data_packet = number
        if len(pieces) > 1:
            together = Pieces(pieces, bringers, self._time_of)
            octets = together.joined
            session = self.analyzer.sessions[side.place]
            assert session is not None
            session.pieces(side.index, together)
        else:
            octets = pieces[0]
            assert side.listener is not None
            side.listener.hear(octets, 0, len(octets), number, self._time_of(number))
        side.octets += len(octets)
        side.tail = octets[-TAIL:] if len(octets) >= TAIL else (side.tail + octets)[-TAIL:]

    def _hand_on_counted(self, side: Side, pieces: list[bytes], number: int) -> None:
        """The same of a side of a connection that is counted only: which packet said what, and when, is not told."""
        for octets in pieces:
            end = len(octets)
            side.octets += end
            at = side.listener.hear(octets, 0, end, number, NO_TIME) if side.listener is not None else 0
            if at < end:
                self.analyzer.all_sessions.tell(side, octets, at, end, number, NO_TIME)

    def _time_of(self, number: int) -> int:
        """The time of a packet of the stretch."""
        return self.packets.time_at(self.places[number - self.first])


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
