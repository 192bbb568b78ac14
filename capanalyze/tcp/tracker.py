"""Tracker: segments in, connections out.

In: one segment at a time, in file order. Out: ``connections``, updated in place; and per segment the payload that
became in order: its own (DIRECT: the common case) or ``streams.runs``. The next segment in order without SYN,
FIN or RST takes the short path, ``short``; every other one ``segment``.
"""

from typing import Final

from mypy_extensions import i64

from capanalyze.packets.segment import ACK, FIN, RST, SYN, Segment
from capanalyze.tcp import notes
from capanalyze.tcp.close import Closing
from capanalyze.tcp.connection import TAIL, Connection, Side
from capanalyze.tcp.notes import event, history, note
from capanalyze.tcp.sequence import distance
from capanalyze.tcp.streams import PATIENCE, Streams

NOTHING: Final = 0
DIRECT: Final = 1
RUNS: Final = 2
GENERAL: Final = 3

TOLD_IN_FULL: Final = 500
"""Connections whose events and last octets are kept; of later ones only the numbers."""

PURE_ACK: Final = 4
"""The bit of Zeek's "a" in ``Side.history_seen``."""

NO_LIMIT: Final = 1 << 62
"""``Side.room`` where the window's scale is not known, or the window is closed."""

STRAY: Final = 1 << 24
"""A segment farther than this from a connection's numbers belongs to an older one of the same ports, if that fits."""


class Tracker:
    """All connections of a capture."""

    def __init__(self) -> None:
        self.sides: dict[bytes, Side] = {}
        self.older: dict[bytes, Side] = {}
        self.connections: list[Connection] = []
        self.streams = Streams()
        self.closing = Closing()
        self.side: Side | None = None
        self.side_index: i64 = 0
        self.place: i64 = 0
        self.just_closed: bool = False

    def short(
        self, key: bytes, seq: i64, ack: i64, window: i64, length: i64, data: bytes, payload: i64, packet: i64, ts_ns: i64
    ) -> i64:
        """Take a segment that has ACK and neither SYN, FIN nor RST, and whose payload is all there.

        Returns NOTHING or DIRECT where it is simply the next one in order, GENERAL (and nothing is changed) where
        it is not: then ``segment`` has to be called. Most segments end here; every test is on integers at hand.
        """
        side = self.sides.get(key)
        if side is None or not side.plain or seq != side.next_seq:
            return GENERAL
        peer = side.peer
        assert peer is not None
        if ack != side.last_ack:
            acked = peer.acked_rel + ((ack - side.last_ack) & 0xFFFFFFFF)  # an old number gives one far beyond
            if acked > peer.next_rel or peer.first_data_acked_packet == 0 or window == 0:
                return GENERAL
            peer.acked_rel = acked
            side.last_ack = ack
        elif length == 0 or window == 0:
            return GENERAL
        if window != side.window:
            side.window = window
            side.room = window << side.scale if side.scale >= 0 else NO_LIMIT
        side.packets += 1
        side.last_packet = packet
        side.last_ts = ts_ns
        if length == 0:
            if not side.history_seen & PURE_ACK:
                self._first_pure_ack(side, peer, packet, ts_ns)
            return NOTHING
        side.next_seq = (seq + length) & 0xFFFFFFFF
        side.next_rel += length
        side.octets += length
        if side.next_rel - side.acked_rel >= peer.room:
            self._window_full(side, peer, packet, ts_ns)
        if side.narrated:
            self._said(side, length, data, payload, payload + length, packet, ts_ns)
        else:
            side.last_data_packet = packet
            side.last_data_ts = ts_ns
            if side.detail:
                end = payload + length
                side.tail = data[end - TAIL : end] if length >= TAIL else (side.tail + data[payload:end])[-TAIL:]
        self.side = side
        self.side_index = side.index
        self.place = side.place
        return DIRECT

    def _said(self, side: Side, length: i64, data: bytes, start: i64, end: i64, packet: i64, ts_ns: i64) -> None:
        """Remember when and what a side said last."""
        side.last_data_packet = packet
        side.last_data_ts = ts_ns
        connection = side.connection
        assert connection is not None
        if side.first_data_packet == 0:
            side.first_data_packet = packet
            side.first_data_ts = ts_ns
            history(connection, side, "d")
        side.narrated = side.detail and connection.narrated
        if not side.detail:
            return
        side.tail = data[end - TAIL : end] if end - start >= TAIL else (side.tail + data[start:end])[-TAIL:]
        if not side.narrated:
            return
        if connection.talker != side.index:
            connection.talker = side.index
            event(connection, side, "data", packet, ts_ns, length, "")
        else:
            last = connection.events[-1]
            if last.kind == "data" and last.side == side.index:
                last.count += 1
                last.value += length
                last.last_packet = packet

    def _window_full(self, side: Side, peer: Side, packet: i64, ts_ns: i64) -> None:
        if side.next_rel - side.acked_rel == peer.room:
            assert side.connection is not None
            note(side.connection, side, notes.WINDOW_FULL, packet, ts_ns)

    def segment(self, seg: Segment, data: bytes, packet: i64, ts_ns: i64) -> i64:
        """Take any segment; NOTHING or RUNS (``side``, ``streams.runs``) became in order."""
        flags = seg.flags
        side = self.sides.get(seg.key)
        if side is None or self._starts_anew(side, seg):
            side = self._open(seg, packet, ts_ns)
        elif self.older:
            side = self._owner(side, seg)
        connection = side.connection
        peer = side.peer
        assert connection is not None
        assert peer is not None
        if side.plain and side.next_rel > side.max_rel:  # the short path leaves these behind
            side.max_rel = side.next_rel
            side.max_ts = side.last_data_ts
        if peer.plain and peer.next_rel > peer.max_rel:
            peer.max_rel = peer.next_rel
            peer.max_ts = peer.last_data_ts
        side.packets += 1
        side.last_packet = packet
        side.last_ts = ts_ns
        self.streams.runs.clear()
        if flags & SYN:
            self._syn(connection, side, peer, seg, data, packet, ts_ns)
        if flags & RST:
            self._place(side, peer, seg)
            self.just_closed = self.closing.reset(connection, side, peer, seg, packet, ts_ns)
            return NOTHING
        self._place(side, peer, seg)
        rel = side.next_rel + distance(seg.seq, side.next_seq)
        if flags & SYN:
            rel += 1
        self._analyse(connection, side, peer, seg, rel, packet, ts_ns)
        if flags & ACK:
            self._acknowledge(connection, side, peer, seg, packet, ts_ns)
        fresh: i64 = 0
        if seg.length:
            fresh = self._payload(connection, side, rel, seg, data, packet, ts_ns)
        if flags & FIN:
            self.just_closed = self.closing.fin(connection, side, rel + seg.length, seg, packet, ts_ns)
        if connection.doubtful_reset is not None and (fresh or flags & FIN):
            self.closing.goes_on(connection)
        if seg.window or not flags & FIN:
            side.window = seg.window
            side.room = seg.window << side.scale if side.scale >= 0 and seg.window else NO_LIMIT
        self._settle(connection)
        self.side = side
        return RUNS if self.streams.runs else NOTHING

    def _starts_anew(self, side: Side, seg: Segment) -> bool:
        """A SYN with another initial sequence number, on ports that are known."""
        if not seg.flags & SYN or seg.flags & RST:
            return False
        peer = side.peer
        assert peer is not None
        if side.isn >= 0:
            if seg.seq == side.isn:
                return False
            old = self.older.get(seg.key)
            return old is None or old.isn != seg.seq
        if side.next_seq < 0 or side.packets == 0:
            # nothing of this side yet: a SYN-ACK answers the peer's SYN, a plain SYN is a simultaneous open
            return bool(seg.flags & ACK and peer.isn >= 0 and seg.ack != (peer.isn + 1) & 0xFFFFFFFF)
        start = (side.next_seq - (side.next_rel - side.low_rel) - 1) & 0xFFFFFFFF
        return seg.seq != start

    def _owner(self, side: Side, seg: Segment) -> Side:
        """The connection that a late segment belongs to where the ports were reused."""
        old = self.older.get(seg.key)
        if old is None or old.next_seq < 0:
            return side
        if seg.flags & SYN:
            return old if old.isn == seg.seq and side.isn != seg.seq else side
        if seg.flags & RST and not seg.flags & ACK and seg.seq == 0:
            return side
        near_old = near(seg.seq, old.next_seq)
        if side.next_seq >= 0:
            near_new = near(seg.seq, side.next_seq)
        else:
            peer = side.peer
            assert peer is not None
            near_new = bool(seg.flags & ACK) and peer.next_seq >= 0 and near(seg.ack, peer.next_seq)
        return old if near_old and not near_new else side

    def _open(self, seg: Segment, packet: i64, ts_ns: i64) -> Side:
        """A connection that was not known."""
        key = seg.key
        vlan = key[len(key) - len(key) % 4 :]
        octets: i64 = 4 if len(key) < 36 else 16
        source, target = key[:octets], key[octets : 2 * octets]
        from_port, to_port = key[2 * octets : 2 * octets + 2], key[2 * octets + 2 : 2 * octets + 4]
        back = target + source + to_port + from_port + vlan
        orig = Side(key, source, int.from_bytes(from_port, "big"))
        resp = Side(back, target, int.from_bytes(to_port, "big"))
        connection = Connection(len(self.connections) + 1, orig, resp)
        resp.index = 1
        orig.peer, resp.peer = resp, orig
        orig.connection = resp.connection = connection
        connection.first_packet = packet
        connection.first_ts = ts_ns
        connection.detail = len(self.connections) < TOLD_IN_FULL
        orig.detail = resp.detail = connection.detail
        orig.place = resp.place = len(self.connections)
        connection.vlan = int.from_bytes(vlan, "big")
        if key in self.sides:
            self.older[key] = self.sides[key]
            self.older[back] = self.sides[back]
            if seg.flags & SYN:
                note(connection, orig, notes.REUSED_PORTS, packet, ts_ns)
        self.sides[key] = orig
        if back != key:
            self.sides[back] = resp
        self.connections.append(connection)
        if seg.flags & SYN:
            connection.roles_from = "syn"
            if seg.flags & ACK:
                connection.roles_from = "syn_ack"
                connection.client_side = 1
        return orig

    def header_cut(self, seg: Segment, packet: i64, ts_ns: i64) -> None:
        """A packet of which the capture has the ports and no more."""
        side = self.sides.get(seg.key)
        if side is None:
            side = self._open(seg, packet, ts_ns)
        assert side.connection is not None
        side.connection.header_cut = True
        side.packets += 1
        side.last_packet = packet
        side.last_ts = ts_ns

    def _syn(
        self, connection: Connection, side: Side, peer: Side, seg: Segment, data: bytes, packet: i64, ts_ns: i64
    ) -> None:
        """SYN and SYN-ACK: the numbers that everything counts from."""
        again = side.isn >= 0
        side.isn = seg.seq
        if not again and side.packets == 1:  # else it was captured after later segments: the numbers are known
            side.next_seq = (seg.seq + 1) & 0xFFFFFFFF
            side.next_rel = 0
            side.max_rel = 0
        side.scale = seg.window_scale(data)
        flag = "retransmission" if again else ""
        if seg.flags & ACK:
            history(connection, side, "h")
            event(connection, side, "SYN-ACK", packet, ts_ns, 0, flag)
            self.closing.answered(connection)
        else:
            history(connection, side, "s")
            event(connection, side, "SYN", packet, ts_ns, 0, flag)
            if connection.roles_from in {"first_packet", "port", "hello", "syn_ack"} and peer.isn < 0:
                connection.roles_from = "syn"
                connection.client_side = side.index

    def _place(self, side: Side, peer: Side, seg: Segment) -> None:
        """Settle where the numbers of a side begin when no SYN told it."""
        if side.next_seq < 0 and not seg.flags & (SYN | RST):
            side.next_seq = seg.seq
            side.acked_rel = 0
        elif side.packets == 1 and side.isn < 0 and not seg.flags & (SYN | RST):
            # known by the peer's acknowledgements only: an older octet is data, a lone one before is a keep-alive
            behind = distance(side.next_seq, seg.seq)
            if (behind > 0 and seg.length > 1) or (behind < 0 and peer.isn < 0):
                side.next_seq = seg.seq
                side.acked_rel = max(behind, 0)
        if seg.flags & ACK and peer.next_seq < 0 and not seg.flags & RST:
            peer.next_seq = seg.ack
            peer.acked_rel = 0

    def _acknowledge(
        self, connection: Connection, side: Side, peer: Side, seg: Segment, packet: i64, ts_ns: i64
    ) -> None:
        """What the acknowledgement number proves about the peer's octets and FIN."""
        if side.last_ack >= 0 and distance(seg.ack, side.last_ack) < 0:
            return
        side.last_ack = seg.ack
        acked = peer.next_rel + distance(seg.ack, peer.next_seq)
        peer.acked_rel = max(peer.acked_rel, acked)
        if peer.first_data_packet and peer.first_data_acked_packet == 0 and acked > 0:
            peer.first_data_acked_packet = packet
            peer.first_data_acked_ts = ts_ns
        if peer.fin_rel >= 0 and acked > peer.fin_rel and not peer.fin_acked:
            peer.fin_acked = True
            peer.fin_acked_packet = packet
            peer.fin_acked_ts = ts_ns
        if acked > peer.max_rel:
            note(connection, side, notes.ACK_LOST_SEGMENT, packet, ts_ns)
        if peer.held and acked > peer.next_rel:
            peer.acked_hole = max(peer.acked_hole, 1)
        if not seg.length and not seg.flags & (SYN | FIN) and not side.history_seen & PURE_ACK:
            self._first_pure_ack(side, peer, packet, ts_ns)

    def _first_pure_ack(self, side: Side, peer: Side, packet: i64, ts_ns: i64) -> None:
        """The first segment of a side without payload and flags; after a SYN-ACK it completes the handshake."""
        connection = side.connection
        assert connection is not None
        history(connection, side, "a")
        if side.isn >= 0 and peer.isn >= 0 and side.index == connection.client_side and not side.first_data_packet:
            event(connection, side, "ACK", packet, ts_ns, 0, "")

    def _payload(
        self, connection: Connection, side: Side, rel: i64, seg: Segment, data: bytes, packet: i64, ts_ns: i64
    ) -> i64:
        if side.packets == 1 and side.isn < 0:
            side.low_rel = rel
        before = side.next_rel
        fresh = self.streams.payload(side, rel, seg.length, data, seg.payload, seg.captured, packet, ts_ns)
        if side.acked_hole:
            side.acked_hole += 1
            if side.acked_hole > PATIENCE and side.held:
                self.streams.give_up_hole(side)
                side.acked_hole = 1 if side.held else 0
        if side.next_rel > before:
            for run in self.streams.runs:
                if not run.gap:
                    self._said(side, run.end - run.start, run.data, run.start, run.end, packet, ts_ns)
        elif fresh:
            side.last_data_packet = packet
            side.last_data_ts = ts_ns
        if side.first_data_packet == 0:
            side.first_data_packet = packet
            side.first_data_ts = ts_ns
            history(connection, side, "d")
        return fresh

    def _settle(self, connection: Connection) -> None:
        """Whether the short path may be taken from here on."""
        orig, resp = connection.orig, connection.resp
        plain = (
            not connection.ending
            and connection.doubtful_reset is None
            and not orig.held
            and not resp.held
            and orig.next_seq >= 0
            and resp.next_seq >= 0
            and orig.last_ack >= 0
            and resp.last_ack >= 0
            and orig.window > 0
            and resp.window > 0
            and orig.acked_rel <= orig.next_rel
            and resp.acked_rel <= resp.next_rel
        )
        orig.plain = plain
        resp.plain = plain

    def _analyse(
        self, connection: Connection, side: Side, peer: Side, seg: Segment, rel: i64, packet: i64, ts_ns: i64
    ) -> None:
        """The tcp.analysis words, in Wireshark's order of tests; positions before this segment is counted."""
        flags = seg.flags & (SYN | FIN)
        length = seg.length
        next_rel = max(side.max_rel, side.next_rel)
        span = length + (1 if flags else 0)
        if seg.window == 0 and not flags:
            note(connection, side, notes.ZERO_WINDOW, packet, ts_ns)
            history(connection, side, "w")
        probe = ""
        if side.packets > 1 and length <= 1 and not flags and rel == next_rel - 1:
            probe = notes.ZERO_WINDOW_PROBE if peer.window == 0 else notes.KEEP_ALIVE
        elif length == 1 and rel == next_rel and peer.window == 0 and not flags:
            probe = notes.ZERO_WINDOW_PROBE
        elif rel > next_rel and side.packets > 1 and not flags & SYN:
            if not (side.fin_rel >= 0 and rel == side.fin_rel + 1):
                note(connection, side, notes.LOST_SEGMENT, packet, ts_ns)
                history(connection, side, "g")
        elif span and rel < next_rel and side.packets > 1:
            self._repeat(connection, side, peer, seg, rel, packet, ts_ns)
        elif length == 0 and not flags and rel == next_rel and seg.ack == side.last_ack:
            self._bare(connection, side, peer, seg, packet, ts_ns)
        if probe:
            note(connection, side, probe, packet, ts_ns)
        side.probe = probe
        end = rel + length
        if end > side.max_rel:
            side.max_rel = end
            side.max_ts = ts_ns
        if seg.ack != side.last_ack:
            side.duplicate_acks = 0

    def _bare(self, connection: Connection, side: Side, peer: Side, seg: Segment, packet: i64, ts_ns: i64) -> None:
        """A segment that says nothing new: window update, answer to a probe, or duplicate ACK."""
        if seg.window != side.window and seg.window:
            note(connection, side, notes.WINDOW_UPDATE, packet, ts_ns)
        elif peer.probe == notes.KEEP_ALIVE and seg.window:
            note(connection, side, notes.KEEP_ALIVE_ACK, packet, ts_ns)
        elif peer.probe == notes.ZERO_WINDOW_PROBE and seg.window == 0:
            note(connection, side, notes.ZERO_WINDOW_PROBE_ACK, packet, ts_ns)
        elif seg.window and peer.max_rel > peer.acked_rel:
            side.duplicate_acks += 1
            side.duplicate_ack_ts = ts_ns
            note(connection, side, notes.DUPLICATE_ACK, packet, ts_ns)

    def _repeat(
        self, connection: Connection, side: Side, peer: Side, seg: Segment, rel: i64, packet: i64, ts_ns: i64
    ) -> None:
        """Octets below the highest ones sent: which kind of retransmission, or only out of order."""
        if seg.flags & FIN and rel + seg.length == side.fin_rel and seg.length == 0:
            word = notes.RETRANSMISSION
        elif seg.length and rel + seg.length <= side.acked_rel:
            word = notes.SPURIOUS_RETRANSMISSION
        elif (
            peer.duplicate_acks >= 2
            and seg.seq == peer.last_ack
            and ts_ns - peer.duplicate_ack_ts < notes.FAST_RETRANSMISSION_NS
        ):
            word = notes.FAST_RETRANSMISSION
        elif side.held and ts_ns - side.max_ts < notes.OUT_OF_ORDER_NS:
            word = notes.OUT_OF_ORDER
        else:
            word = notes.RETRANSMISSION
        note(connection, side, word, packet, ts_ns)
        history(connection, side, "t")


def near(number: i64, expected: i64) -> bool:
    """Whether a sequence number may belong to a connection that expects another one."""
    apart = distance(number, expected)
    return -STRAY < apart < STRAY
