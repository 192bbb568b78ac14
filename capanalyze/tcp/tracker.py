"""Tracker: segments in, connections out.

In: one segment at a time, in file order. Out: ``connections``, updated in place; and per segment the payload that
became in order: its own (the common case) or ``streams.runs``. The next segment in order without SYN, FIN or RST takes
the short path (short.py); every other one ``segment``.
"""

from collections.abc import Collection
from typing import Final

from mypy_extensions import i64

from capanalyze.packets.common import COMPILED
from capanalyze.packets.segment import ACK, FIN, RST, SYN, Segment
from capanalyze.tcp import close, notes
from capanalyze.tcp.acknowledgement import acknowledge
from capanalyze.tcp.analysis import analyse, keeps_alive_unseen
from capanalyze.tcp.connection import Connection, Side, is_over
from capanalyze.tcp.copies import Copies
from capanalyze.tcp.identity import owner
from capanalyze.tcp.judgement import may_answer
from capanalyze.tcp.leap import note_ahead
from capanalyze.tcp.notes import OLDER, event, note
from capanalyze.tcp.numbering import answers_another, is_lone, place, position, take_syn
from capanalyze.tcp.parting import NOWHERE, OPEN, SMOOTH
from capanalyze.tcp.recent import Recent
from capanalyze.tcp.resets import copied, finds_nobody, get_through, outlived, reconsider, went_on
from capanalyze.tcp.sequence import STRAY, apart
from capanalyze.tcp.short import NOTHING, catch_up, goes_on, open_window, said
from capanalyze.tcp.side import break_tail, count_fin, count_rst, trouble
from capanalyze.tcp.streams import PATIENCE, Streams
from capanalyze.tcp.table import Table
from capanalyze.tcp.zeek import DATA, INACTIVE, PURE_ACK, endpoint, flag_letters, repeated, zero_window

RUNS: Final = 2
"""What ``segment`` says where ``streams.runs`` became in order."""


class Tracker:
    """All connections of a capture.

    Args:
        ports: the ports that mark the gateway's side.

    Attributes:
        connections: those that are kept (table.py), at their sides' ``place``.
        table: they by key, and the tally of those that were forgotten. recent: a cache before it.
        side: the side that sent the last segment of the general path, if it is followed.
        just_closed: the last segment was the close. left: the connection that was forgotten at the last segment.
        copies: packets that the capture holds twice.
    """

    def __init__(self, ports: Collection[int] = ()) -> None:
        self.table = Table(ports)
        self.sides = self.table.sides
        self.older = self.table.older
        self.recent = Recent(self.sides)
        self.connections = self.table.connections
        self.left: Connection | None = None
        self.streams = Streams(self.table.room)
        self.copies = Copies()
        self.side: Side | None = None
        self.just_closed: bool = False

    def segment(self, seg: Segment, data: bytes, packet: i64, ts_ns: i64) -> i64:
        """Take any segment; NOTHING or RUNS (``side``, ``streams.runs``) became in order."""
        flags = seg.flags
        key = seg.key
        newest = self.recent.sender(key, 0) if COMPILED and len(key) == 12 else self.sides.get(key)
        side = None if newest is None else owner(newest, self.older.get(key) if self.older else None, seg)
        if side is None:
            side = self._open(seg, packet, ts_ns, newest is not None)
        self.side = side
        if side is None:
            return NOTHING
        connection = side.connection
        peer = side.peer
        assert connection is not None
        if side.plain:
            catch_up(side)
            catch_up(peer)
        before, before_ns = side.last_packet, side.last_ts
        side.packets += 1
        side.last_packet = packet
        side.last_ts = ts_ns
        if self.streams.runs:
            self.streams.runs.clear()
        if self.copies.is_copy(side, seg, data, ts_ns, before_ns):
            self._copy(connection, side, seg, packet)
            return NOTHING
        if flags & (SYN | FIN | RST) or not side.history_seen & (DATA if seg.length else PURE_ACK):
            flag_letters(connection, side, seg)
        if flags & RST:
            asked = flags & ACK != 0 or may_answer(side, peer, before, ts_ns)
            self.just_closed = close.reset(connection, side, peer, seg, asked, packet, ts_ns)
            self._settle(connection)
            return NOTHING
        if peer.last_ack < 0 and answers_another(side, peer, seg):
            trouble(side).elsewhere = seg.ack
            event(connection, side, OLDER, packet, ts_ns, 0, "")
            return NOTHING
        if connection.refused and flags & ACK and not (flags & SYN and finds_nobody(connection)):
            get_through(connection)
        if flags & SYN:
            if flags & ACK and not connection.detail:
                self.table.accepted(connection)
            take_syn(connection, side, peer, seg, data, packet, ts_ns)
        elif not side.scaled or side.isn < 0 or peer.next_seq < 0:
            place(side, peer, seg)
        self._take(connection, side, peer, seg, data, packet, ts_ns)
        if flags & (SYN | FIN | RST) or side.zeek == INACTIVE:
            endpoint(connection, side, peer, flags, seg.length)
        self._settle(connection)
        return RUNS if self._has_room(connection, side) and self.streams.runs else NOTHING

    def _take(
        self, connection: Connection, side: Side, peer: Side, seg: Segment, data: bytes, packet: i64, ts_ns: i64
    ) -> None:
        """A segment whose place in the stream is known."""
        flags = seg.flags
        rel = side.next_rel
        if seg.seq != side.next_seq:
            rel = position(side, seg.seq)
        if connection.rtt_ns < 0 and not flags & SYN and side.isn >= 0 and peer.isn >= 0 and connection.syn_ts >= 0:
            connection.rtt_ns = ts_ns - connection.syn_ts
        if seg.window == 0:
            zero_window(connection, side)
        again = flags & ACK != 0 and seg.ack == side.last_ack
        if side.trouble.told_unseen != NOWHERE and not again:
            side.trouble.told_unseen = NOWHERE
        lone = seg.length == 1 and keeps_alive_unseen(side, seg, rel)
        analyse(connection, side, peer, seg, rel, packet, ts_ns)
        if side.trouble.skipped:
            side.trouble.skipped = False
        if flags & SYN:
            rel += 1
        beyond_fin = side.parting.closed and rel == side.parting.fin_rel + 1  # its FIN has a number too
        if rel > side.next_rel and not (seg.length or flags & (SYN | FIN) or beyond_fin):
            note_ahead(side, peer, seg, rel, again)
        if flags & ACK:
            acknowledge(self.streams, connection, side, peer, seg, data, rel, packet, ts_ns)
            outlived(connection, side, seg)
        fresh: i64 = 0
        lone = lone or (side.packets == 1 and rel == side.low_rel - 1 and is_lone(seg))
        if seg.length and not lone and not (rel < side.low_rel and side.trouble.probe and is_lone(seg)):
            fresh = self._payload(connection, side, rel, seg, data, packet, ts_ns)
        went_on(connection, side, seg, fresh)
        if flags & FIN:
            self.just_closed = close.fin(connection, side, rel + seg.length, seg, data, packet, ts_ns)
        end = side.next_rel
        if side.parting.closed and side.parting.fin_rel == end:
            end += 1
        side.whole_rel = max(side.whole_rel, end)
        if connection.doubtful_reset is not None or connection.early_reset is not None:
            self.just_closed = reconsider(connection, side, seg, fresh, again) or self.just_closed
        if seg.window > 0 or (seg.window == 0 and not flags & FIN):
            open_window(side, seg.window)

    def _copy(self, connection: Connection, side: Side, seg: Segment, packet: i64) -> None:
        """A packet that the capture holds already: it is counted, and says nothing new."""
        flags = seg.flags
        connection.copies += 1
        if flags & RST:
            count_rst(side, packet)
            copied(connection, side, seg)
        elif flags & FIN:
            count_fin(side, packet)
        self._settle(connection)

    def _open(self, seg: Segment, packet: i64, ts_ns: i64, reused: bool) -> Side | None:
        """A connection that was not known; None where there is no room for it. ``reused``: its ports were known."""
        table = self.table
        joined = table.join(seg)
        if joined is not None:
            return joined
        if table.given_up.has(seg):
            table.refuse(seg)
            return None
        leaver = table.leaver()
        if leaver is None and table.refuses(seg):
            table.refuse(seg)
            return None
        if leaver is not None:
            self._let_go(leaver)
            table.forget(leaver)
        side = table.open(seg, packet, ts_ns, leaver)
        if COMPILED:
            self.recent.grow(len(self.connections))
            self.recent.put(side)
            if side.peer.key != side.key:  # both ends of some connections have one address and port
                self.recent.put(side.peer)
        if reused and seg.flags & SYN:
            assert side.connection is not None
            note(side.connection, side, notes.REUSED_PORTS, packet, ts_ns)
        return side

    def _has_room(self, connection: Connection, side: Side) -> bool:
        """Whether there is room for what is kept of a connection by now, or of one that ended; else it is given up."""
        table = self.table
        if connection.detail or (side.trouble is SMOOTH and side.parting is OPEN):
            return True
        if not table.given_up.weigh(connection) or self.left is not None:
            return True
        ended = table.ended_one(0) if not self.streams.runs else None
        self._let_go(connection if ended is None else ended)
        if ended is None:
            table.give_up(connection)
        else:
            table.vacate(ended)
        return ended is not None

    def _let_go(self, connection: Connection) -> None:
        """Settle a connection that the table is about to forget."""
        self.end_streams(connection)
        close.finish(connection)
        self.streams.runs.clear()
        if COMPILED:
            self.recent.drop(connection.orig)
            self.recent.drop(connection.resp)
        self.left = connection

    def end_streams(self, connection: Connection) -> None:
        """No more packets of a connection come; ``streams.runs`` is what that makes deliverable."""
        self.streams.runs.clear()
        if connection.orig.plain:
            catch_up(connection.orig)
            catch_up(connection.resp)
        close.infer(connection)
        self.streams.finish(connection)

    def close(self) -> None:
        """No more packets come at all: no connection is looked for any more."""
        self.table.close()
        self.recent.clear()

    def header_cut(self, seg: Segment, packet: i64, ts_ns: i64) -> None:
        """A packet of which the capture has the ports and no more."""
        side = self.sides.get(seg.key)
        if side is None:
            seg.flags = 0
            side = self._open(seg, packet, ts_ns, False)
        if side is None:
            return
        assert side.connection is not None
        side.connection.cut_packets += 1
        side.packets += 1
        side.last_packet = packet
        side.last_ts = ts_ns

    def undelivered(self, key: bytes, seq: i64, words: str, host: bytes, packet: i64, ts_ns: i64) -> bool:
        """Tell an ICMP error about the segment with that key and sequence number, which a forged one does not know.

        False: of no connection that is known.
        """
        for side in self.table.senders(key):
            if side.next_seq >= 0 and apart(seq, side.next_seq) <= STRAY:
                assert side.connection is not None
                event(side.connection, side.peer, "ICMP", packet, ts_ns, 0, words + " " + host.hex())
                return True
        return False

    def _payload(
        self, connection: Connection, side: Side, rel: i64, seg: Segment, data: bytes, packet: i64, ts_ns: i64
    ) -> i64:
        before = side.next_rel
        fresh = self.streams.payload(side, rel, seg.length, data, seg.payload, seg.captured, packet, ts_ns)
        odd = side.trouble
        if odd.acked_hole:
            odd.acked_hole += 1
            if odd.acked_hole > PATIENCE and odd.held:
                self.streams.give_up_hole(side)
                odd.acked_hole = 1 if odd.held else 0
        if not odd.probe and fresh < seg.length and not (side.parting.closed and rel >= side.parting.fin_rel):
            repeated(connection, side)
            if not fresh:
                self.copies.suspect()
        if side.first_data_packet == 0 and fresh:
            side.first_data_packet = packet
            side.first_data_ts = ts_ns
        if fresh and rel + seg.length <= side.acked_rel:
            trouble(side).overtaken = packet
        if side.next_rel > before:
            for run in self.streams.runs:
                if run.side != side.index:
                    continue
                if run.gap:
                    break_tail(side)
                else:
                    said(side, run.end - run.start, run.data, run.start, run.end, packet, ts_ns)
        if fresh and (side.next_rel == before or seg.captured < seg.length):
            side.last_data_packet = packet
            side.last_data_ts = ts_ns
        return fresh

    def _settle(self, connection: Connection) -> None:
        """Whether the short path may be taken from here on."""
        orig, resp = connection.orig, connection.resp
        plain = self.copies.watching == 0 and goes_on(connection)
        orig.plain = plain
        resp.plain = plain
        if not plain:
            orig.pieces = resp.pieces = None
        if connection.ending and not connection.over and is_over(connection):
            self.table.ended(connection)
