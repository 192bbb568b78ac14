"""First: who ended the connection first, how, and how sure the packets make that.

In: a connection of which no more packets come. Out: ``opened``, inferred FINs, and the Close. FIN against FIN is
decided by what their first copies acknowledge, in order or behind a hole, never by time stamps (contract.md, "close").
"""

from typing import Final

from mypy_extensions import i64

from capanalyze.tcp.arrived import answered_by_the_open, had_behind_hole, last_octet
from capanalyze.tcp.connection import Close, Connection, Side
from capanalyze.tcp.evidence import doubt, weigh
from capanalyze.tcp.grounds import SENT_AGAIN
from capanalyze.tcp.leap import is_one_more
from capanalyze.tcp.parting import NOWHERE
from capanalyze.tcp.sequence import distance
from capanalyze.tcp.side import part, trouble

HAD: Final = 1
HAD_NOT: Final = 0
CANNOT_TELL: Final = -1


def closed_by_fin(side: Side) -> bool:
    """Whether the side sent a FIN, captured or known by its acknowledgement."""
    if side.parting.closed:
        return True
    plain = side.acked_rel == last_octet(side) + 1 and side.packets > 0 and not side.trouble.unsure
    return plain or is_one_more(side)


def infer_fin(side: Side) -> None:
    """A FIN that the capture lacks: the peer acknowledged one number beyond the last octet, and no octet came there.

    Where the capture lacks the last octets too, that one number more is acknowledged beyond them. One number may also
    be a keep-alive's where the connection was idle from the first packet captured, so the side's numbers have to rest
    on more than a segment without payload.
    """
    if side.parting.closed:
        return
    closed = closed_by_fin(side)
    if max(side.acked_rel - (1 if closed else 0), side.trouble.ahead) > last_octet(side):
        trouble(side).hidden_at = last_octet(side)
    if not closed:
        return
    parting = part(side)
    parting.closed = True
    parting.fin_rel = side.acked_rel - 1
    parting.fin_inferred = True
    parting.fin_acked = True
    beyond = side.trouble.beyond
    parting.fin_acked_packet = beyond.packet
    parting.fin_acked_ts = beyond.ts_ns
    parting.fin_acked_at = beyond.at
    parting.fin_acked_open = beyond.open


def infer_own_fin(side: Side, peer: Side) -> None:
    """A FIN that the capture lacks with its acknowledgement: its sender acknowledged the peer's from one number beyond.

    That number is more likely its FIN's than that of an octet: the last acknowledgement of all comes from there.
    """
    beyond = last_octet(side) + 1
    if side.parting.closed or side.trouble.ahead != beyond or peer.parting.fin_acked_at != beyond:
        return
    parting = part(side)
    parting.closed = True
    parting.fin_rel = beyond - 1
    parting.fin_inferred = True


def opening(connection: Connection) -> str | None:
    """How the connection began (contract.md, "opened")."""
    if connection.header_cut:
        return None
    if connection.refused:
        return "refused"
    client, server = connection.client, connection.server
    if client.isn < 0:
        return "midstream"
    answered = server.isn >= 0 or server.next_seq >= 0
    if not answered or (connection.with_itself and client.last_ack < 0):
        return "unanswered"
    if client.last_ack >= 0 and (server.isn < 0 or distance(client.last_ack, server.isn) > 0):
        return "complete"
    return "complete" if client.acked_rel > 0 and server.octets else "syn_ack"


def decide(connection: Connection) -> Close | None:
    """The first thing that ended a direction, or None."""
    if connection.header_cut:
        return None
    orig, resp = connection.orig, connection.resp
    chosen = first_fin(orig, resp)
    reset = connection.reset
    if chosen is None or (reset is not None and reset_was_first(reset, chosen, orig, resp)):
        chosen = reset
    if chosen is None:
        return None
    if chosen.side >= 0:
        weigh(connection, chosen)
    chosen.first = "both" if chosen.side < 0 else connection.side_name(chosen.side)
    return chosen


def reset_was_first(reset: Close, fin: Close, orig: Side, resp: Side) -> bool:
    """Whether a RST came before every FIN.

    One that acknowledges a FIN did not, wherever it was captured, nor one that lies beyond its sender's own.
    """
    if fin.inferred:
        return False
    if fin_before(orig, reset.packet) or fin_before(resp, reset.packet):
        return False
    side, peer = (orig, resp) if reset.side == 0 else (resp, orig)
    if side.parting.closed and distance(reset.seq, side.next_seq) + side.next_rel > side.parting.fin_rel:
        return False
    if not peer.parting.closed or reset.ack < 0:
        return True
    return distance(reset.ack, peer.next_seq) + peer.next_rel <= peer.parting.fin_rel


def fin_before(side: Side, packet: i64) -> bool:
    """Whether a FIN of a side was captured before a packet."""
    fins = side.parting.fin_packets
    return len(fins) > 0 and fins[0] < packet


def first_fin(orig: Side, resp: Side) -> Close | None:
    """Which FIN was sent first, by what each acknowledges."""
    if not orig.parting.closed and not resp.parting.closed:
        return None
    if not orig.parting.closed or not resp.parting.closed:
        return close_by(orig if orig.parting.closed else resp)
    orig_had, resp_had = had_fin(orig, resp), had_fin(resp, orig)
    if orig_had == HAD and resp_had == HAD:
        return both_had(orig, resp)
    if HAD in {orig_had, resp_had}:
        earlier, later = (resp, orig) if orig_had == HAD else (orig, resp)
        if not was_sent_again(later, earlier):
            return close_by(earlier)
        close = close_by(earlier) if may_have_been_told(earlier) else crossed(orig, resp)
        doubt(close, SENT_AGAIN)
        return close
    if orig.parting.fin_inferred and resp.parting.fin_inferred:
        for side, peer in ((orig, resp), (resp, orig)):
            if answered_by_the_open(side, peer):
                return close_by(side)
        return close_by(orig if orig.parting.fin_acked_packet < resp.parting.fin_acked_packet else resp)
    if CANNOT_TELL in {orig_had, resp_had}:
        # the captured FIN did not have the other one: it was sent first, or both were
        close = close_by(resp if orig_had == CANNOT_TELL else orig)
        doubt(close, "")
        return close
    for side, peer in ((orig, resp), (resp, orig)):
        if had_behind_hole(side, peer):
            return close_by(peer)
    close = crossed(orig, resp)
    if orig.parting.fin_inferred or resp.parting.fin_inferred:
        doubt(close, "")
    return close


def crossed(orig: Side, resp: Side) -> Close:
    """Both closed before they had the other's FIN; the packet is that of the FIN captured first."""
    captured = [side for side in (orig, resp) if not side.parting.fin_inferred]
    earlier = captured[0]
    if len(captured) == 2 and captured[1].parting.fin_packets[0] < earlier.parting.fin_packets[0]:
        earlier = captured[1]
    close = close_by(earlier)
    close.side = -1
    return close


def was_sent_again(later: Side, earlier: Side) -> bool:
    """Whether the captured FIN of ``later``, which acknowledges the other one, cannot be its first copy.

    It had acknowledged the other one from beyond its own FIN before, as far as the capture goes.
    """
    if later.parting.fin_inferred or answered_by_the_open(earlier, later):
        return False
    return earlier.parting.fin_acked_at > later.parting.fin_rel


def may_have_been_told(side: Side) -> bool:
    """Whether the peer repeats itself when it acknowledges a side's FIN: the side had sent that again before.

    Then one lost packet explains it, the peer's FIN that acknowledged this one; FINs that cross ask for two.
    """
    return 0 < side.parting.fin_again < side.parting.fin_acked_packet


def both_had(orig: Side, resp: Side) -> Close:
    """Each FIN acknowledges the other, so one is a retransmission of the first: that which came later in the capture.

    Unless an acknowledgement of one of them tells that its sender had not closed yet.
    """
    for side, peer in ((orig, resp), (resp, orig)):
        if not side.parting.fin_inferred and answered_by_the_open(side, peer):
            return close_by(side)
    if orig.parting.fin_inferred or resp.parting.fin_inferred:  # the captured one is that retransmission
        close = close_by(resp if orig.parting.fin_inferred else orig)
    else:
        close = close_by(orig if orig.parting.fin_packets[0] > resp.parting.fin_packets[0] else resp)
    doubt(close, SENT_AGAIN)
    return close


def had_fin(side: Side, peer: Side) -> i64:
    """Whether a side had taken the peer's FIN when it sent its own: HAD, HAD_NOT or CANNOT_TELL.

    A captured FIN says it by its acknowledgement, and where that is a later copy, what was captured before it and lies
    beyond it does. Of an inferred one the number says it under which the side acknowledged the peer's FIN: before its
    own FIN or beyond it.
    """
    if side.parting.fin_inferred:
        if peer.parting.fin_inferred or peer.parting.fin_acked_at == NOWHERE or may_have_been_told(peer):
            return CANNOT_TELL
        return HAD if peer.parting.fin_acked_at <= side.parting.fin_rel else HAD_NOT
    known = side.parting.fin_ack
    if known < 0:
        return HAD_NOT
    odd = side.trouble
    if odd.ahead == side.parting.fin_rel + 1 and odd.ahead_ack >= 0 and distance(odd.ahead_ack, known) < 0:
        known = odd.ahead_ack
    position = distance(known, peer.next_seq) + peer.next_rel
    return HAD if position > peer.parting.fin_rel else HAD_NOT


def close_by(side: Side) -> Close:
    """The close made by that side's FIN."""
    if side.parting.fin_inferred:
        close = Close("", "FIN", 0, -1, True, "likely")
    else:
        close = Close("", "FIN", side.parting.fin_packets[0], side.parting.fin_ts, False, "certain")
    close.side = side.index
    return close
