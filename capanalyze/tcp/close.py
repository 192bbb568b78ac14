"""Closing: who ended the connection first, how, and how sure the packets make that.

In: FINs and RSTs as the tracker meets them. Out: ``Connection.close`` and the fields that states.py reads.
The rules are contract.md's: FIN against FIN is decided by what their first copies acknowledge, a RST counts
when its sequence number is one that the receiver accepts (RFC 9293 3.10.7, RFC 5961 3.2), and time stamps
never decide.
"""

from typing import Final

from mypy_extensions import i64

from capanalyze.packets.segment import ACK, Segment
from capanalyze.tcp.connection import Close, Connection, Side
from capanalyze.tcp.notes import event, history
from capanalyze.tcp.sequence import distance
from capanalyze.tcp.states import settle_states

LARGEST_WINDOW: Final = 65535 << 14
"""What a window may be where the scale is not known (RFC 7323 2.3)."""

REFUSED: Final = "refused"


class Closing:
    """The judgements on FIN and RST; it keeps nothing between calls."""

    def fin(self, connection: Connection, side: Side, position: i64, seg: Segment, packet: i64, ts_ns: i64) -> bool:
        """A FIN at ``position``; True when it is the first thing that ends the connection in file order."""
        history(connection, side, "f")
        again = side.fin_rel >= 0
        event(connection, side, "FIN", packet, ts_ns, 0, "retransmission" if again else "")
        side.fin_packets.append(packet)
        if again:
            return False
        side.fin_rel = position
        side.fin_ts = ts_ns
        side.fin_ack = seg.ack if seg.flags & ACK else -1
        side.max_rel = max(side.max_rel, position + 1)
        if side.acked_rel > position:
            side.fin_acked = True
        return self._first_end(connection)

    def reset(self, connection: Connection, side: Side, peer: Side, seg: Segment, packet: i64, ts_ns: i64) -> bool:
        """A RST; True when it is the first thing that ends the connection in file order."""
        history(connection, side, "r")
        side.rst_packets.append(packet)
        verdict = self._validity(side, peer, seg)
        if verdict == "out_of_window":
            connection.ignored_resets.append(packet)
            event(connection, side, "RST", packet, ts_ns, 0, verdict)
            return False
        finished = closed_by_fin(connection.orig) and closed_by_fin(connection.resp)
        flag = "after_both_fins" if finished else REFUSED if verdict == REFUSED else ""
        event(connection, side, "RST", packet, ts_ns, 0, flag or verdict)
        close = Close("", "RST", packet, ts_ns, False, "certain")
        close.side = side.index
        if verdict == "inexact":
            if connection.reset is None and connection.doubtful_reset is None:
                close.certainty = "likely"
                connection.doubtful_reset = close
            return False
        if connection.reset is None:
            connection.reset = close
            if verdict == REFUSED:
                connection.refused = True
        return self._first_end(connection)

    def _validity(self, side: Side, peer: Side, seg: Segment) -> str:
        """Judge a RST: the empty string (valid), REFUSED, "inexact" or "out_of_window"."""
        if side.packets == len(side.rst_packets) and peer.isn >= 0 and peer.packets and peer.last_ack < 0:
            # the peer is in SYN_SENT: the RST has to acknowledge its SYN
            acknowledged = distance(seg.ack, peer.isn)
            return REFUSED if seg.flags & ACK and 0 < acknowledged <= peer.max_rel + 1 else "out_of_window"
        expected = peer.last_ack
        if expected < 0 and side.next_seq < 0:
            return ""  # nothing is known of what the receiver expects
        after_fin: i64 = 1 if side.fin_rel >= 0 and side.next_rel == side.fin_rel else 0
        if side.next_seq >= 0 and seg.seq in {side.next_seq, (side.next_seq + after_fin) & 0xFFFFFFFF}:
            return ""
        if seg.seq == expected:
            return ""
        if expected < 0:
            expected = side.next_seq
        ahead = distance(seg.seq, expected)
        window = peer.window << peer.scale if peer.scale >= 0 and peer.window >= 0 else LARGEST_WINDOW
        return "inexact" if 0 < ahead <= max(window, 1) else "out_of_window"

    def goes_on(self, connection: Connection) -> None:
        """New payload or a FIN after a doubtful RST: the receiver had ignored it."""
        doubtful = connection.doubtful_reset
        assert doubtful is not None
        connection.ignored_resets.append(doubtful.packet)
        connection.doubtful_reset = None
        for known in connection.events:
            if known.packet == doubtful.packet:
                known.flag = "ignored"

    def answered(self, connection: Connection) -> None:
        """A SYN-ACK after a refusal: the repeated SYN got through, so the refusal ended nothing."""
        if connection.refused:
            connection.refused = False
            connection.reset = None
            connection.ending = False

    def _first_end(self, connection: Connection) -> bool:
        """Mark the moment of the close: what both sides had said by then."""
        if connection.ending:
            return False
        connection.ending = True
        for side in (connection.orig, connection.resp):
            side.tail_at_close = side.tail
            side.last_data_ts_at_close = side.last_data_ts
            side.last_data_packet_at_close = side.last_data_packet
        return True

    def infer(self, connection: Connection) -> None:
        """No more packets come: a doubtful RST stands, and a FIN may be known by its acknowledgement only."""
        if connection.doubtful_reset is not None:
            connection.reset = connection.reset or connection.doubtful_reset
            self._first_end(connection)
        for side in (connection.orig, connection.resp):
            infer_fin(side)

    def finish(self, connection: Connection) -> None:
        """Decide who was first, and name the states (after ``infer`` and the end of the streams)."""
        connection.opened = opening(connection)
        connection.close = decide(connection)
        close = connection.close
        if close is not None and close.side >= 0:
            # what the closer had said includes octets captured after its FIN and lying before it
            closer = connection.orig if close.side == 0 else connection.resp
            closer.tail_at_close = closer.tail
            closer.last_data_ts_at_close = closer.last_data_ts
            closer.last_data_packet_at_close = closer.last_data_packet
        settle_states(connection)


def closed_by_fin(side: Side) -> bool:
    """Whether the side sent a FIN, captured or known by its acknowledgement."""
    return side.fin_rel >= 0 or side.acked_rel == side.max_rel + 1


def infer_fin(side: Side) -> None:
    """A FIN that the capture lacks: the peer acknowledged one number beyond the last octet, and no octet came there."""
    peer = side.peer
    assert peer is not None
    if side.fin_rel >= 0 or side.packets == 0 or side.acked_rel != side.max_rel + 1 or side.held:
        return
    if side.missing == 0 and side.next_rel == side.max_rel and peer.packets:
        side.fin_rel = side.max_rel
        side.fin_inferred = True
        side.fin_acked = True


def opening(connection: Connection) -> str | None:
    """How the connection began (contract.md, "opened")."""
    if connection.header_cut:
        return None
    if connection.refused:
        return REFUSED
    client, server = connection.client, connection.server
    if client.isn < 0:
        return "midstream"
    if server.isn < 0 and server.next_seq < 0:
        return "unanswered"
    if server.isn < 0 and server.packets == len(server.rst_packets):
        return "unanswered"
    if client.last_ack >= 0 and (server.isn < 0 or distance(client.last_ack, server.isn) > 0):
        return "complete"
    return "syn_ack"


def decide(connection: Connection) -> Close | None:
    """The first thing that ended a direction, or None."""
    orig, resp = connection.orig, connection.resp
    reset = connection.reset
    if connection.header_cut:
        return None
    fin = first_fin(orig, resp)
    if fin is None and reset is None:
        return None
    chosen = fin if fin is not None else reset
    if fin is not None and reset is not None and not fin.inferred:
        earliest = min(side.fin_packets[0] for side in (orig, resp) if side.fin_packets)
        chosen = reset if reset.packet < earliest else fin
    assert chosen is not None
    chosen.first = "both" if chosen.side < 0 else connection.side_name(chosen.side)
    return chosen


def first_fin(orig: Side, resp: Side) -> Close | None:
    """Which FIN was sent first, by what each acknowledges."""
    if orig.fin_rel < 0 and resp.fin_rel < 0:
        return None
    if orig.fin_rel < 0 or resp.fin_rel < 0:
        return close_by(orig if resp.fin_rel < 0 else resp)
    orig_had = had_fin(orig, resp)
    resp_had = had_fin(resp, orig)
    if orig_had != resp_had:
        return close_by(resp if orig_had else orig)
    if orig.fin_inferred or resp.fin_inferred:
        return close_by(orig if orig.fin_inferred else resp)
    first = orig if orig.fin_packets[0] < resp.fin_packets[0] else resp
    if orig_had:
        return close_by(first)
    both = close_by(first)
    both.side = -1
    return both


def had_fin(side: Side, peer: Side) -> bool:
    """Whether the first copy of a side's FIN acknowledges the peer's FIN."""
    if side.fin_inferred or side.fin_ack < 0:
        return False
    behind_data = distance(side.fin_ack, peer.next_seq) + peer.next_rel
    return behind_data > peer.fin_rel


def close_by(side: Side) -> Close:
    """The close made by that side's FIN."""
    if side.fin_inferred:
        close = Close("", "FIN", 0, -1, True, "likely")
    else:
        close = Close("", "FIN", side.fin_packets[0], side.fin_ts, False, "certain")
    close.side = side.index
    return close
