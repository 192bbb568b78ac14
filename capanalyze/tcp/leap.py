"""Leap: an acknowledgement of octets that were not captured, and what belies it.

In: acknowledgement numbers and FINs as they come. Out: how far a side was acknowledged. Nearly always the capture lacks
what was acknowledged. But a host forgets an acknowledgement of what it has not sent (RFC 9293 3.10.7.4), and so do we
where later packets belie it: its sender acknowledges less again, and in that octets that were captured since; or the
other side closes before that number.
"""

from mypy_extensions import i64

from capanalyze.packets.segment import ACK, Segment
from capanalyze.tcp.arrived import last_octet
from capanalyze.tcp.connection import Side
from capanalyze.tcp.parting import NOWHERE
from capanalyze.tcp.sequence import MASK, distance
from capanalyze.tcp.side import trouble


def remember_leap(peer: Side, acked: i64) -> None:
    """An acknowledgement of ``acked``, more than ever, comes; of octets or a FIN that were captured, it is no leap."""
    fin = peer.parting.closed and acked == peer.parting.fin_rel + 1
    if acked > last_octet(peer) and not fin:
        odd = trouble(peer)
        odd.leapt_from = peer.acked_rel
        odd.leapt_over = peer.max_rel
    elif peer.trouble.leapt_from != NOWHERE:
        trouble(peer).leapt_from = NOWHERE


def move_leap(side: Side, by: i64) -> None:
    """The positions of a side are counted from another number now."""
    odd = side.trouble
    if odd.leapt_from != NOWHERE:
        odd.leapt_from += by
        odd.leapt_over += by


def note_ahead(side: Side, peer: Side, seg: Segment, rel: i64, again: bool) -> None:
    """A segment without payload lies at ``rel``, ahead of what was captured of its side.

    One that acknowledges nothing new (``again``), or one whose number has been acknowledged, may be a keep-alive, which
    lies one number too early. So may one that acknowledges what was not captured, as the first packet after a hole in
    both directions does.
    """
    odd = trouble(side)
    if rel > odd.ahead:
        odd.ahead = rel
        odd.ahead_ack = seg.ack if seg.flags & ACK else -1
    news = seg.flags & ACK != 0 and not again and distance(seg.ack, peer.next_seq) <= 0
    if news and rel == odd.ahead and rel >= side.acked_rel:
        odd.ahead_sure = rel


def is_one_more(side: Side) -> bool:
    """Whether one number more was acknowledged than before, or than its side's own was, and no octet captured there.

    That is a FIN's number, nearly always: no message of TWS is of one octet.
    """
    connection = side.connection
    if connection is None or not connection.api:
        return False
    before = side.acked_rel - 1
    return (last_octet(side) <= before or not side.octets) and before in (
        side.trouble.leapt_from,
        side.trouble.ahead_sure,
    )


def is_belied(peer: Side, ack: i64) -> bool:
    """Whether an old number belies the leap before it: it acknowledges octets that were captured after that."""
    odd = peer.trouble
    if odd.leapt_from == NOWHERE or peer.max_rel >= peer.acked_rel:
        return False
    position = peer.next_rel + distance(ack, peer.next_seq)
    return odd.leapt_over < position <= peer.max_rel


def ends_before(side: Side, position: i64) -> bool:
    """Whether a FIN at ``position`` belies the leap: nothing of its side was captured beyond it."""
    odd = side.trouble
    return odd.leapt_from != NOWHERE and side.max_rel <= position + 1


def unsay(peer: Side) -> None:
    """Forget the newest leap over a side's octets."""
    odd = peer.trouble
    side = peer.peer
    side.last_ack = (side.last_ack - (peer.acked_rel - odd.leapt_from)) & MASK
    peer.acked_rel = odd.leapt_from
    odd.leapt_from = NOWHERE
    odd.acked_hole = 0
