"""Analyzer: joins the pure rooms. Runs of raw packets in, connections with their TWS sessions out.

In: ``feed`` with any RawPackets (a file's window, a live capture's last packets: the same path). Out, after
``finish``: ``connections`` and ``sessions`` (by the same index), the packets that could not be used, by reason,
and the times of the capture. It reads no clock and no file.
"""

from typing import Final

from mypy_extensions import i64

from capanalyze import API_PORTS, lane
from capanalyze.packets.common import (
    ANY_FLOW,
    ANY_SERVICE,
    ANY_TTL,
    COMPILED,
    SHAPE,
    Headers,
    read_words,
    read_words_six,
)
from capanalyze.packets.icmp import IcmpError
from capanalyze.packets.ip import FRAGMENT, NOT_TCP, TCP
from capanalyze.packets.link import FOUR_BY_ETHERTYPE, NOT_IP, UNKNOWN_LINK, is_vlan, lead_of, tag
from capanalyze.packets.raw import NO_TIME, RawPackets
from capanalyze.packets.segment import ACK, HEADER_CUT, OK, PENDING, REASONS, REASSEMBLED, Segment
from capanalyze.packets.wrapped import wrapping
from capanalyze.sessions import Sessions
from capanalyze.settling import settle
from capanalyze.tcp.connection import Connection, Side
from capanalyze.tcp.recent import LEAST
from capanalyze.tcp.short import DIRECT, GENERAL, short
from capanalyze.tcp.tracker import RUNS, Tracker
from capanalyze.tws.message import Message
from capanalyze.tws.session import Session

ADDRESSES: Final = 12
"""Where an IPv4 header has them."""


class Analyzer:
    """A capture in the making.

    Args:
        ports: the ports that mark the gateway's side.
        keep_all: keep every TWS message for ``take_messages`` (else only the first and the last of a connection).
        converse: follow every request with all its answers too (``Session.conversation``); goes with ``keep_all``.
            ``all_sessions`` has them after ``finish``.
        keys: follow only the requests with these ids.
    """

    def __init__(
        self,
        ports: tuple[int, ...] = API_PORTS,
        keep_all: bool = False,
        converse: bool = False,
        keys: frozenset[int] | None = None,
    ) -> None:
        self.ports = ports
        self.keep_all = keep_all
        self.tracker = Tracker(ports)
        self.all_sessions = Sessions(self.tracker.table, keep_all, converse, keys)
        self.skipped: dict[str, int] = {}
        self.packets: i64 = 0
        self.first_ts: i64 = NO_TIME
        self.last_ts: i64 = NO_TIME
        self._segment = Segment()
        self._icmp = IcmpError()

    @property
    def connections(self) -> list[Connection]:
        """The connections; after ``finish`` those told in full, in the order of their first packet."""
        return self.tracker.connections

    @property
    def sessions(self) -> list[Session | None]:
        """The session of each connection, by its ``place``; after ``finish`` that is its index."""
        return self.all_sessions.places

    def feed(self, packets: RawPackets) -> None:
        """Take every packet that the cursor has."""
        if not COMPILED and not self.keep_all:
            lane.feed(self, packets)
        else:
            if COMPILED:
                self._look_ahead(packets)
            while packets.advance():
                self.take(packets)
            self.packets = packets.number

    def _look_ahead(self, packets: RawPackets) -> None:
        """Of many connections, look for those that the packets belong to before the first is taken."""
        recent = self.tracker.recent
        lead, _, _ = lead_of(packets.link_type)
        if recent.size > LEAST and lead >= 0:
            recent.look_ahead(packets, ADDRESSES + lead)

    def take(self, packets: RawPackets) -> None:
        """Take the current packet."""
        ts_ns = packets.ts_ns
        if ts_ns != NO_TIME:
            self.last_ts = ts_ns
            if self.first_ts == NO_TIME:
                self.first_ts = ts_ns
        lead, mark, mark_six = lead_of(packets.link_type)
        captured = packets.captured
        ip = packets.offset + lead
        if lead < 0 or captured < lead + 40 or ip < 2:
            self._general(packets, ts_ns)
            return
        data = packets.data
        if COMPILED:
            kind, total, protocol, seq, ack, flags, window = read_words(data, ip)
        else:
            kind, total, protocol, key, seq, ack, flags, window = SHAPE.unpack_from(data, ip - 2)
        if kind & ANY_FLOW == mark_six:
            self._take_six(packets, lead, ts_ns)
            return
        header = (flags >> 10) & 0x3C
        length = total - 20 - header
        there = captured - lead - 20 - header
        if kind & ANY_SERVICE != mark or protocol & ANY_TTL != TCP or header < 20 or length < 0 or there < 0:
            if mark == FOUR_BY_ETHERTYPE and is_vlan(kind >> 16):
                self._take_tagged(packets, lead + 4, ts_ns)
            else:
                self._general(packets, ts_ns)
            return
        if flags & 0x17 == ACK:
            side = self.tracker.recent.sender(data, ip + 12) if COMPILED else self.tracker.sides.get(key)
            if self._next(side, seq, ack, window, length, there, packets, ip + 20 + header, ts_ns):
                return
        if mark == FOUR_BY_ETHERTYPE and there >= length:
            self._segment.common(data, ip, seq, ack, flags, window, header, length, packets.interface)
            self._take(data, packets.number, ts_ns)
        else:
            self._general(packets, ts_ns)  # whose link layer was not looked at, or which is cut

    def _take_six(self, packets: RawPackets, lead: i64, ts_ns: i64) -> None:
        """The same of IPv6."""
        data = packets.data
        ip = packets.offset + lead
        if packets.captured >= lead + 60:
            words = read_words_six(data, ip)
            key = data[ip + 8 : ip + 44]
            if words[2] == TCP and self._found_next(packets, words, ip + 40, words[1], key, ts_ns):
                return
        self._general(packets, ts_ns)

    def _take_tagged(self, packets: RawPackets, lead: i64, ts_ns: i64) -> None:
        """The same of IPv4 behind a VLAN tag, whose id is part of the key."""
        data = packets.data
        ip = packets.offset + lead
        if packets.captured >= lead + 40:
            words = read_words(data, ip)
            vlan: i64 = (data[ip - 4] & 0x0F) << 8 | data[ip - 3]
            if words[0] & ANY_SERVICE == FOUR_BY_ETHERTYPE and words[2] & ANY_TTL == TCP and vlan != 0:
                key = data[ip + 12 : ip + 24] + tag(vlan)
                if self._found_next(packets, words, ip + 20, words[1] - 20, key, ts_ns):
                    return
        self._general(packets, ts_ns)

    def _found_next(self, packets: RawPackets, words: Headers, tcp: i64, octets: i64, key: bytes, ts_ns: i64) -> bool:
        """``_next`` of the side with that key: ``octets`` of TCP header and payload begin at ``tcp``."""
        _, _, _, seq, ack, flags, window = words
        header = (flags >> 10) & 0x3C
        length = octets - header
        payload = tcp + header
        there = packets.offset + packets.captured - payload
        if header < 20 or length < 0 or there < 0 or flags & 0x17 != ACK:
            return False
        side = self.tracker.sides.get(key)
        return self._next(side, seq, ack, window, length, there, packets, payload, ts_ns)

    def _next(
        self,
        side: Side | None,
        seq: i64,
        ack: i64,
        window: i64,
        length: i64,
        there: i64,
        packets: RawPackets,
        payload: i64,
        ts_ns: i64,
    ) -> bool:
        """Take the next segment of a side, if it is simply that; ``there`` octets lie after its headers."""
        data, number = packets.data, packets.number
        cut: i64 = 0 if there >= length else length - there
        if cut and packets.captured + cut > packets.original:  # no snapshot length: the lengths contradict each other
            return False
        outcome = short(side, seq, ack, window, length, cut, data, payload, number, ts_ns)
        if outcome == DIRECT:
            assert side is not None
            end = payload + length - cut
            at = (
                payload
                if side.listener is None or end == payload
                else side.listener.hear(data, payload, end, number, ts_ns)
            )
            if at < end:
                self.all_sessions.tell(side, data, at, end, number, ts_ns)
            if cut:
                self.all_sessions.gap(side, cut, number, ts_ns)
        return outcome != GENERAL

    def _general(self, packets: RawPackets, ts_ns: i64) -> None:
        """Take any packet: of another shape, or a segment that is not simply the next of its side."""
        segment = self._segment
        found = segment.read(packets)
        if found in (OK, REASSEMBLED):
            self._take(packets.data if found == OK else segment.data, packets.number, ts_ns)
        else:
            self._unusable(found, packets)

    def _take(self, data: bytes, packet: i64, ts_ns: i64) -> None:
        """A segment that is not simply the next in order."""
        tracker = self.tracker
        outcome = tracker.segment(self._segment, data, packet, ts_ns)
        sessions = self.all_sessions
        if len(sessions.places) != len(tracker.connections) or tracker.left is not None:
            self._make_places()
        if outcome == RUNS:
            sessions.tell_runs(tracker.side, tracker.streams.runs)
        if tracker.just_closed:
            tracker.just_closed = False
            sessions.closed(tracker.side)

    def _make_places(self) -> None:
        """Connections came, and one may have been forgotten: even the one that came."""
        self.all_sessions.make_places(len(self.tracker.connections))
        if self.tracker.left is not None:
            self.all_sessions.leave(self.tracker.left)
            self.tracker.left = None

    def _unusable(self, found: i64, packets: RawPackets) -> None:
        """A packet without a whole TCP header."""
        if found == HEADER_CUT:
            self.tracker.header_cut(self._segment, packets.number, packets.ts_ns)
            self._make_places()
        elif found != PENDING and not self._wrapped(found, packets) and not (found == NOT_TCP and self._error(packets)):
            self._skip(REASONS[found], 1)

    def _error(self, packets: RawPackets) -> bool:
        """Whether the packet is an ICMP error about a connection, which is told with that."""
        error = self._icmp
        return error.read(packets) and self.tracker.undelivered(
            error.key, error.seq, error.words, error.host, packets.number, packets.ts_ns
        )

    def _wrapped(self, found: i64, packets: RawPackets) -> bool:
        """Whether another engine has to unwrap the packet: it is held back then, or counted by its wrapping."""
        wrapper = wrapping(packets) if found in {NOT_IP, NOT_TCP, UNKNOWN_LINK} else ""
        if wrapper and not packets.hold(wrapper):
            self._skip(f"wrapped in {wrapper}", 1)
        return wrapper != ""

    def _skip(self, reason: str, packets: i64) -> None:
        self.skipped[reason] = self.skipped.get(reason, 0) + packets

    def take_messages(self) -> list[Message]:
        """See ``Sessions.take_messages``."""
        return self.all_sessions.take_messages()

    def finish(self) -> None:
        """No more packets come: settle streams, sessions, roles and closes."""
        self._make_places()
        fragments = self._segment.fragments
        fragments.finish()
        if fragments.unused:
            self._skip(REASONS[FRAGMENT], fragments.unused)
            fragments.unused = 0
        settle(self.tracker, self.all_sessions)
