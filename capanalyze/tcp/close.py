"""Closing: FINs and RSTs as they come: which of them count, and the moment of the close.

In: FINs and RSTs as the tracker meets them. Out: what first.py decides by and states.py reads. The rules are
contract.md's: a RST counts when its sequence number is the one that the receiver expects (RFC 9293 3.5.3, RFC 5961
3.2); one that lies in the window is judged by whether the receiver's connection goes on.
"""

from typing import Final

from mypy_extensions import i64

from capanalyze.packets.segment import ACK, FIN, SYN, Segment
from capanalyze.tcp.acknowledgement import acknowledged_by_reset
from capanalyze.tcp.connection import Close, Connection, Side
from capanalyze.tcp.evidence import INEXACT, OTHER_WAY, WENT_ON, came_another_way, doubt, last_octet
from capanalyze.tcp.first import closed_by_fin, decide, infer_fin, infer_own_fin, opening
from capanalyze.tcp.identity import answers_syn
from capanalyze.tcp.judgement import (
    OUT_OF_WINDOW,
    REFUSED,
    VALID,
    is_asked,
    is_overtaken,
    is_unplaced,
    judge,
)
from capanalyze.tcp.leap import ends_before, unsay
from capanalyze.tcp.notes import event
from capanalyze.tcp.parting import NO_PACKETS, Parting, kept
from capanalyze.tcp.sequence import distance
from capanalyze.tcp.side import last_octets, part
from capanalyze.tcp.states import settle_states
from capanalyze.tcp.zeek import RESET, endpoint, enter

EARLY: Final = 16
"""Packets of a connection within which the octets before a RST may come that was captured before them."""


class Closing:
    """The judgements on FIN and RST; it keeps nothing between calls."""

    def fin(self, connection: Connection, side: Side, position: i64, seg: Segment, packet: i64, ts_ns: i64) -> bool:
        """A FIN at ``position``; True when it is the first thing that ends the connection in file order."""
        if side.acked_rel > position + 1 and ends_before(side, position):
            unsay(side)
        if side.acked_rel > position + 1:  # the peer has octets of beyond it: an old or a forged one
            event(connection, side, "FIN", packet, ts_ns, 0, OUT_OF_WINDOW)
            return False
        parting = part(side)
        again = parting.closed and not self._takes_back(side, parting, position)
        event(connection, side, "FIN", packet, ts_ns, 0, "retransmission" if again else "")
        parting.fin_packets = kept(parting.fin_packets, packet, side.detail)
        parting.fin_count += 1
        if again:
            parting.fin_again = parting.fin_again or packet
            if parting.fin_rel == position and seg.flags & ACK and distance(seg.ack, parting.fin_ack) < 0:
                parting.fin_ack = seg.ack  # it was sent before the one captured first
            return False
        parting.closed = True
        parting.fin_rel = position
        parting.fin_ts = ts_ns
        parting.fin_ack = seg.ack if seg.flags & ACK else -1
        side.max_rel = max(side.max_rel, position + 1)
        if side.acked_rel > position:  # its acknowledgement was captured before it
            parting.fin_acked = True
            parting.fin_acked_at = side.trouble.beyond_at
            parting.fin_acked_open = side.trouble.beyond_open
            parting.fin_late = True
        return self._first_end(connection)

    def _takes_back(self, side: Side, parting: Parting, position: i64) -> bool:
        """Whether a FIN right behind the octets belies the one known so far, ahead of them and not acknowledged."""
        if parting.fin_acked or position != side.next_rel or parting.fin_rel <= position:
            return False
        parting.fin_packets = NO_PACKETS
        parting.fin_count = 0
        side.max_rel = position
        return True

    def reset(
        self, connection: Connection, side: Side, peer: Side, seg: Segment, asked: bool, packet: i64, ts_ns: i64
    ) -> bool:
        """A RST; True when it is the first thing that ends the connection in file order. ``asked``: see Close."""
        parting = part(side)
        parting.rst_packets = kept(parting.rst_packets, packet, side.detail)
        parting.rst_count += 1
        parting.rst_ack = seg.ack if seg.flags & ACK else -1
        verdict = judge(side, peer, seg)
        if verdict in {VALID, REFUSED}:
            endpoint(connection, side, peer, seg.flags, 0)
        close = Close("", "RST", packet, ts_ns, False, "certain")
        close.side = side.index
        close.seq = seg.seq
        close.ack = parting.rst_ack
        close.hops = seg.hops
        close.asked = asked
        if verdict == OUT_OF_WINDOW:
            self._ignore(connection, close, side)
            event(connection, side, "RST", packet, ts_ns, 0, verdict)
            return False
        finished = closed_by_fin(connection.orig) and closed_by_fin(connection.resp)
        flag = "after_both_fins" if finished and verdict != REFUSED else verdict
        event(connection, side, "RST", packet, ts_ns, 0, flag)
        if verdict == INEXACT:
            if connection.reset is None and connection.doubtful_reset is None:
                doubt(close, INEXACT)
                close.behind = max(last_octet(side), side.acked_rel)
                connection.doubtful_reset = close
            return False
        if verdict == VALID and is_overtaken(side, peer, seg):
            doubt(close, INEXACT)
        if came_another_way(connection, close):
            doubt(close, OTHER_WAY)
        acknowledged_by_reset(connection, side, peer, close.ack, packet, ts_ns)
        if connection.reset is None:
            connection.reset = close
            connection.refused = verdict == REFUSED
            if verdict == VALID and is_unplaced(side, peer):
                connection.doubtful_reset = close
        return self._first_end(connection)

    def outlived(self, connection: Connection, side: Side, seg: Segment) -> None:
        """Take back a RST that counted where its receiver acknowledges octets that lie behind its number.

        Who accepts a RST expects its number and says nothing more, so this one was forged, or came too late, or never
        arrived. A FIN alone does not tell: Linux accepts a RST with the FIN's own number too.
        """
        reset = connection.reset
        sender = side.peer
        if reset is None or reset.side != sender.index or sender.next_seq < 0:
            return
        behind = distance(seg.ack, reset.seq)
        said = distance(sender.next_seq, reset.seq)
        fin = 1 if sender.parting.closed and sender.parting.fin_rel == sender.next_rel else 0
        if said > 0 and 0 < behind <= said + fin:
            take_back(connection, sender)
            self._ignore(connection, reset, sender)
            qualify(connection, reset.packet, "ignored")

    def went_on(self, connection: Connection, side: Side, seg: Segment, fresh: i64) -> None:
        """``fresh`` octets, or a FIN, behind the side's own RST tell that it may not have sent that.

        So does an acknowledgement of octets that were captured behind it. Who resets a connection forgets it and sends
        nothing more; something between the two may have reset it.
        """
        reset = connection.reset
        if reset is None or reset.side != side.index:
            return
        peer = side.peer
        fin: i64 = 1 if seg.flags & FIN else 0
        heard = seg.flags & ACK != 0 and seg.ack == peer.next_seq and peer.last_data_packet > reset.packet
        if reset.ack >= 0 and distance(seg.ack, reset.ack) <= 0:
            heard = False  # the RST acknowledged as much: it was captured before what it answers
        if heard or ((fresh or fin) and distance(seg.seq + seg.length + fin, reset.seq) > 0):
            if reset.doubt == OTHER_WAY:
                reset.doubt = ""  # that it went on says more, and what came then is not of before the close
            doubt(reset, WENT_ON)

    def _ignore(self, connection: Connection, reset: Close, sender: Side) -> None:
        connection.ignored_count += 1
        connection.ignored_resets = kept(connection.ignored_resets, reset.packet, connection.detail)
        if connection.early_reset is None and sender.next_seq >= 0 and distance(reset.seq, sender.next_seq) > 0:
            connection.early_reset = reset
            reset.patience = EARLY

    def _after_early(self, connection: Connection, side: Side, seg: Segment, fresh: i64, again: bool) -> bool:
        """What a segment says of a RST that was ignored and lies ahead.

        A RST may be captured some packets early. The octets just before it, which come then, prove that it was sent
        behind them. It is likely only where its receiver has spoken in between: that may have been a challenge.
        """
        early = connection.early_reset
        assert early is not None
        early.patience -= 1
        if early.patience == 0:
            connection.early_reset = None
        if side.index != early.side:
            if again or fresh > 0 or seg.flags & FIN:
                doubt(early, INEXACT)
            return False
        if not fresh or side.next_seq != early.seq:
            return False
        connection.early_reset = None
        if connection.reset is not None:
            return False
        connection.ignored_count -= 1
        connection.ignored_resets = [packet for packet in connection.ignored_resets if packet != early.packet]
        qualify(connection, early.packet, VALID)
        return self._stands(connection, early)

    def after_reset(self, connection: Connection, side: Side, seg: Segment, fresh: i64, again: bool) -> bool:
        """What a segment behind a RST in doubt, or an early one, says of it; True when that is the close.

        ``again``: the segment acknowledges nothing new.
        """
        if connection.doubtful_reset is not None:
            return self._after_doubt(connection, side, seg, fresh, again)
        return self._after_early(connection, side, seg, fresh, again)

    def _after_doubt(self, connection: Connection, side: Side, seg: Segment, fresh: i64, again: bool) -> bool:
        """What a segment behind a doubtful RST says of it.

        The receiver of a RST that counted sends nothing more: one that challenges it (RFC 5961 3.2), or goes on, has
        ignored it. A sender that goes on beyond it did not send it. The octets just before it, captured after it, or an
        acknowledgement of exactly its number, crossing it, prove that the number was the expected one. One that came
        before anything was known counts unless its sender goes on.
        """
        doubtful = connection.doubtful_reset
        assert doubtful is not None
        counts = doubtful is connection.reset
        if side.index == doubtful.side:
            fin: i64 = 1 if seg.flags & FIN else 0
            beyond = distance(seg.seq + seg.length + fin, doubtful.seq)
            proved = (side.next_seq == doubtful.seq and (counts or fresh > 0)) or (fin == 1 and beyond == 0)
            ignored = beyond > 0 or fin == 1 or seg.flags & SYN != 0 or (counts and has_heard(side.peer))
        else:
            proved = seg.flags & ACK != 0 and not again and not seg.length and seg.ack == doubtful.seq
            ignored = not counts and (again or fresh > 0 or seg.flags & FIN != 0)
        if proved:
            doubtful.certainty = "certain"
            doubtful.doubt = ""
            qualify(connection, doubtful.packet, VALID)
            return self._stands(connection, doubtful)
        if ignored:
            connection.doubtful_reset = None
            if counts:
                take_back(connection, side)
            self._ignore(connection, doubtful, side if side.index == doubtful.side else side.peer)
            qualify(connection, doubtful.packet, "ignored")
        return False

    def _stands(self, connection: Connection, doubtful: Close) -> bool:
        """A doubtful RST counts; True when it is the first thing that ends the connection in file order."""
        side = connection.orig if doubtful.side == 0 else connection.resp
        if connection.reset is not doubtful:  # it was not believed so far
            acknowledged_by_reset(connection, side, side.peer, doubtful.ack, doubtful.packet, doubtful.ts_ns)
        connection.reset = doubtful
        connection.doubtful_reset = None
        enter(side, RESET)
        return self._first_end(connection)

    def _first_end(self, connection: Connection) -> bool:
        """Mark the moment of the close: what both sides had said by then."""
        if connection.ending:
            return False
        connection.ending = True
        for side in (connection.orig, connection.resp):
            said_before(side)
        return True

    def infer(self, connection: Connection) -> None:
        """No more packets come: a doubtful RST stands, and a FIN may be known by its acknowledgement only.

        Unless the receiver of the RST acknowledged octets that were captured behind it, and so went on. A RST where all
        that its sender said ends was captured before the last of that; one that answers a SYN before that.
        """
        doubtful = connection.doubtful_reset
        if doubtful is not None:
            sender = connection.orig if doubtful.side == 0 else connection.resp
            end = last_octet(sender)
            exact = sender.next_seq >= 0 and end - sender.next_rel == distance(doubtful.seq, sender.next_seq)
            if exact or doubtful is connection.reset or min(sender.acked_rel, end) <= doubtful.behind:
                self._stands(connection, doubtful)
                if doubtful.ack >= 0 and is_asked(sender, sender.peer) and answers_syn(sender.peer, doubtful.ack):
                    connection.refused = True  # it was captured before the SYN
                    qualify(connection, doubtful.packet, REFUSED)
            else:
                self._ignore(connection, doubtful, sender)
                qualify(connection, doubtful.packet, "ignored")
        infer_fin(connection.orig)
        infer_fin(connection.resp)
        infer_own_fin(connection.orig, connection.resp)
        infer_own_fin(connection.resp, connection.orig)

    def finish(self, connection: Connection) -> None:
        """Decide who was first, and name the states (after ``infer`` and the end of the streams)."""
        connection.header_cut = 0 < connection.cut_packets == connection.packets
        connection.opened = opening(connection)
        connection.close = decide(connection)
        close = connection.close
        if close is not None and close.side >= 0 and close.doubt != WENT_ON:
            # what the closer had said includes octets captured after its FIN and lying before it
            said_before(connection.orig if close.side == 0 else connection.resp)
        settle_states(connection)


def take_back(connection: Connection, side: Side) -> None:
    """A RST of a side that counted ended nothing."""
    if connection.doubtful_reset is connection.reset:
        connection.doubtful_reset = None
    connection.refused = False
    connection.reset = None
    connection.ending = connection.orig.parting.closed or connection.resp.parting.closed
    connection.over = False
    if side.zeek == RESET:
        side.zeek = side.zeek_before


def has_heard(peer: Side) -> bool:
    """Whether any octet or FIN of the peer's that was captured has been acknowledged."""
    return peer.parting.fin_acked or (peer.octets > 0 and peer.acked_rel > peer.low_rel)


def qualify(connection: Connection, packet: i64, flag: str) -> None:
    """Say of a RST what turned out later."""
    for known in connection.events:
        if known.packet == packet and known.kind == "RST":
            known.flag = flag


def said_before(side: Side) -> None:
    """Set apart what a side had said by now, where that is told."""
    if not side.detail:
        return
    parting = part(side)
    parting.tail = last_octets(side)
    parting.last_data_ts = side.last_data_ts
    parting.last_data_packet = side.last_data_packet
