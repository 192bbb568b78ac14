"""Close: FINs and RSTs as they come, and in the end who was first.

In: FINs and RSTs as the tracker meets them. Out: what first.py decides by and states.py reads. The rules are
contract.md's: a RST counts when its sequence number is the one that the receiver expects (RFC 9293 3.5.3, RFC 5961
3.2); one that lies in the window is judged by whether the receiver's connection goes on (resets.py).
"""

from mypy_extensions import i64

from capanalyze.packets.segment import ACK, Segment
from capanalyze.tcp.acknowledgement import acknowledged_by_reset
from capanalyze.tcp.arrived import last_octet
from capanalyze.tcp.connection import Close, Connection, Side, mark_end
from capanalyze.tcp.evidence import came_another_way, doubt
from capanalyze.tcp.first import closed_by_fin, decide, infer_fin, infer_own_fin, opening
from capanalyze.tcp.grounds import INEXACT, OTHER_WAY, WENT_ON
from capanalyze.tcp.identity import answers_syn
from capanalyze.tcp.judgement import OUT_OF_WINDOW, REFUSED, VALID, is_asked, is_overtaken, is_unplaced, judge
from capanalyze.tcp.leap import ends_before, unsay
from capanalyze.tcp.notes import OLDER, event
from capanalyze.tcp.parting import NO_PACKETS, Parting
from capanalyze.tcp.resets import ignore, let_stand, qualify
from capanalyze.tcp.sequence import distance
from capanalyze.tcp.side import count_fin, count_rst, part, said_before
from capanalyze.tcp.states import settle_states
from capanalyze.tcp.zeek import endpoint


def fin(connection: Connection, side: Side, position: i64, seg: Segment, data: bytes, packet: i64, ts_ns: i64) -> bool:
    """A FIN at ``position``; True when it is the first thing that ends the connection in file order."""
    if side.acked_rel > position + 1 and ends_before(side, position):
        unsay(side)
    if side.acked_rel > position + 1:  # the peer has octets of beyond it: an old or a forged one
        event(connection, side, "FIN", packet, ts_ns, 0, OUT_OF_WINDOW)
        return False
    parting = part(side)
    again = parting.closed and not replaces_fin(side, parting, position)
    event(connection, side, "FIN", packet, ts_ns, 0, "retransmission" if again else "")
    count_fin(side, packet)
    if again:
        parting.fin_again = parting.fin_again or packet
        if parting.fin_rel == position and seg.flags & ACK:
            take_earlier(parting, seg, data)
        return False
    parting.closed = True
    parting.fin_rel = position
    parting.fin_ts = ts_ns
    parting.fin_ack = seg.ack if seg.flags & ACK else -1
    parting.fin_received = seg.received(data) if seg.flags & ACK else -1
    side.max_rel = max(side.max_rel, position + 1)
    if side.acked_rel > position:  # its acknowledgement was captured before it
        parting.fin_acked = True
        parting.fin_acked_at = side.trouble.beyond.at
        parting.fin_acked_open = side.trouble.beyond.open
        parting.fin_late = True
    return mark_end(connection)


def take_earlier(parting: Parting, seg: Segment, data: bytes) -> None:
    """One more copy of a FIN: what it tells less than the one captured first it tells because it was sent before."""
    if distance(seg.ack, parting.fin_ack) < 0:
        parting.fin_ack = seg.ack
    received = seg.received(data)
    if distance(received, parting.fin_received) < 0:
        parting.fin_received = received


def replaces_fin(side: Side, parting: Parting, position: i64) -> bool:
    """Whether a FIN right after the octets belies the one known so far, ahead of them and not acknowledged."""
    if parting.fin_acked or position != side.next_rel or parting.fin_rel <= position:
        return False
    parting.fin_packets = NO_PACKETS
    parting.fin_count = 0
    side.max_rel = position
    return True


def reset(connection: Connection, side: Side, peer: Side, seg: Segment, asked: bool, packet: i64, ts_ns: i64) -> bool:
    """A RST; True when it is the first thing that ends the connection in file order. ``asked``: see Close."""
    parting = part(side)
    count_rst(side, packet)
    parting.rst_ack = seg.ack if seg.flags & ACK else -1
    verdict = OLDER if seg.seq == peer.trouble.elsewhere else judge(side, peer, seg)
    if verdict in {VALID, REFUSED}:
        endpoint(connection, side, peer, seg.flags, 0)
    close = Close("", "RST", packet, ts_ns, False, "certain")
    close.side = side.index
    close.seq = seg.seq
    close.ack = parting.rst_ack
    close.ttl = seg.ttl
    close.interface = seg.interface
    close.asked = asked
    if verdict in {OUT_OF_WINDOW, OLDER}:
        ignore(connection, close, side)
        event(connection, side, "RST", packet, ts_ns, 0, verdict)
        return False
    finished = closed_by_fin(connection.orig) and closed_by_fin(connection.resp)
    flag = "after_both_fins" if finished and verdict != REFUSED else verdict
    event(connection, side, "RST", packet, ts_ns, 0, flag)
    if verdict == INEXACT:
        if connection.reset is None and connection.doubtful_reset is None:
            doubt(close, INEXACT)
            close.sent = max(last_octet(side), side.acked_rel)
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
    return mark_end(connection)


def infer(connection: Connection) -> None:
    """No more packets come: a doubtful RST stands, and a FIN may be known by its acknowledgement only.

    Unless the receiver of the RST acknowledged octets that were captured after it, and so went on. A RST where all
    that its sender said ends was captured before the last of that; one that answers a SYN before that.
    """
    doubtful = connection.doubtful_reset
    if doubtful is not None:
        sender = connection.side(doubtful.side)
        end = last_octet(sender)
        exact = sender.next_seq >= 0 and end - sender.next_rel == distance(doubtful.seq, sender.next_seq)
        if exact or doubtful is connection.reset or min(sender.acked_rel, end) <= doubtful.sent:
            let_stand(connection, doubtful)
            if doubtful.ack >= 0 and is_asked(sender, sender.peer) and answers_syn(sender.peer, doubtful.ack):
                connection.refused = True  # it was captured before the SYN
                qualify(connection, doubtful.packet, REFUSED)
        else:
            ignore(connection, doubtful, sender)
            qualify(connection, doubtful.packet, "ignored")
    infer_fin(connection.orig)
    infer_fin(connection.resp)
    infer_own_fin(connection.orig, connection.resp)
    infer_own_fin(connection.resp, connection.orig)


def finish(connection: Connection) -> None:
    """Decide who was first, and name the states (after ``infer`` and the end of the streams)."""
    connection.header_cut = 0 < connection.cut_packets == connection.packets
    connection.opened = opening(connection)
    connection.close = decide(connection)
    close = connection.close
    if close is not None and close.doubt != WENT_ON:
        # what a closer had said includes octets captured after the first FIN and lying before its own
        for side in (connection.orig, connection.resp):
            if close.side == side.index or close.side < 0:
                said_before(side)
    settle_states(connection)
