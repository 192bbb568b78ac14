"""Identity: which connection of the same addresses and ports a segment belongs to.

In: a segment, the side that sent the newest connection of its 4-tuple, and the same side of the one before it.
Out: the side it belongs to, or None: it begins a connection. A SYN with another initial sequence number begins one
(contract.md), and so does a segment whose numbers both belong nowhere; late packets of the old connection are told
by their numbers.
"""

from typing import Final

from mypy_extensions import i64

from capanalyze.packets.segment import ACK, RST, SYN, Segment
from capanalyze.tcp.connection import Side
from capanalyze.tcp.sequence import MASK, STRAY, apart, distance

ELSEWHERE: Final = 1 << 28
"""In place of STRAY for a connection that has not ended: what both sides may have said while nothing was captured."""

LATE_SYN: Final = 1 << 20
"""Octets that may have been captured before the SYN that opened their stream."""

LARGEST_SYN: Final = 65535
"""Octets that a SYN-ACK may acknowledge besides the SYN (RFC 7413)."""

YOUNG: Final = 1000
"""Packets after which a connection whose SYN was not captured does not get one any more."""

NEAR: Final = 1 << 20
"""How far a segment's numbers may lie from those of the only direction known so far."""

INCOMPARABLE: Final = 1 << 32
"""Farther than two numbers can be apart: a segment of which there is nothing to compare."""


def owner(side: Side, old: Side | None, seg: Segment) -> Side | None:
    """The side that sent the segment: ``side``, ``old``, or None for a connection that begins."""
    if seg.flags & SYN and not seg.flags & RST:
        return syn_ack_owner(side, old, seg) if seg.flags & ACK else syn_owner(side, old, seg)
    if old is None and seg.seq == side.next_seq:
        return side
    if old is not None:
        from_old = misfit(old, seg, False)
        if from_old < STRAY and from_old < misfit(side, seg, True):
            return old
    return None if is_foreign(side, seg) else side


def is_foreign(side: Side, seg: Segment) -> bool:
    """Whether both numbers are so far off that a connection sent it whose SYN was not captured.

    An open connection may have said much while nothing was captured; an ended one has not. Beyond the FINs of both
    sides nothing lies at all. A refusal has one number only, and may come before the SYN that it answers.
    """
    peer = side.peer
    connection = side.connection
    assert connection is not None
    if is_refusal(seg) and connection.over and peer.next_seq >= 0:
        return is_beyond(peer, seg.ack, STRAY)
    if seg.flags & (RST | ACK) != ACK or side.next_seq < 0 or peer.next_seq < 0:
        return False
    if beyond_fin(side, seg.seq) and beyond_fin(peer, seg.ack):
        return True
    limit = STRAY if connection.over else ELSEWHERE
    return is_beyond(side, seg.seq, limit) and is_beyond(peer, seg.ack, limit)


def is_beyond(side: Side, number: i64, limit: i64) -> bool:
    """Whether a number is farther than ``limit`` from the next one of a side, and from its newest beyond a hole."""
    if apart(number, side.next_seq) <= limit:
        return False
    newest = side.next_seq + max(side.max_rel - side.next_rel, 0)
    return apart(number, newest & MASK) > limit


def beyond_fin(side: Side, number: i64) -> bool:
    """Whether a number lies beyond a captured FIN of a side that was acknowledged: the side never uses it."""
    parting = side.parting
    if not parting.fin_acked or parting.fin_inferred:
        return False
    return distance(number, side.next_seq) > parting.fin_rel + 1 - side.next_rel


def syn_owner(side: Side, old: Side | None, seg: Segment) -> Side | None:
    """Who sent a SYN."""
    if side.isn == seg.seq:
        return side
    if old is not None and old.isn == seg.seq:
        return old
    if side.isn < 0 and began_with(side, seg.seq):
        return side
    if old is not None and old.isn < 0 and began_with(old, seg.seq):
        return old
    return None


def syn_ack_owner(side: Side, old: Side | None, seg: Segment) -> Side | None:
    """Who sent a SYN-ACK: its acknowledgement of the peer's SYN says most."""
    if acknowledges_syn(side, seg):
        return side
    if old is not None and acknowledges_syn(old, seg):
        return old
    if side.isn == seg.seq:
        return side
    if old is not None and old.isn == seg.seq:
        return old
    if side.isn < 0 and began_with(side, seg.seq):
        return side
    return None


def acknowledges_syn(side: Side, seg: Segment) -> bool:
    """Whether a SYN-ACK of this side answers the peer's SYN."""
    return side.peer.isn >= 0 and answers_syn(side.peer, seg.ack)


def answers_syn(peer: Side, ack: i64) -> bool:
    """Whether an acknowledgement is of the peer's SYN, and of no more than what the peer has said."""
    return 0 < distance(ack, peer.isn) <= 1 + max(peer.max_rel, peer.next_rel)


def began_with(side: Side, number: i64) -> bool:
    """Whether a side whose SYN was not captured so far may have begun with that initial sequence number."""
    peer = side.peer
    following = (number + 1) & MASK
    if side.trouble.told >= 0:
        return 0 <= distance(side.trouble.told, following) <= LARGEST_SYN
    if side.next_seq < 0:  # nothing came from it that tells: it answers a SYN, or was reset before this
        refused = side.connection is not None and side.connection.refused and peer.isn >= 0
        return (peer.isn >= 0 and not refused) or following in {peer.parting.rst_ack, side.parting.last_rst}
    lowest = (side.next_seq - (side.next_rel - side.low_rel)) & MASK
    before = distance(lowest, following)
    if before == 0:
        return True
    return 0 < before <= LATE_SYN and side.packets + peer.packets <= YOUNG


def misfit(side: Side, seg: Segment, anywhere: bool) -> i64:
    """How far a segment lies from what the connection expects, by both of its numbers.

    ``anywhere``: or from any number that it has used. Where ports are used again at once, numbers that a clock gives
    out may begin near the old ones, or among them.
    """
    peer = side.peer
    farthest: i64 = -1
    if side.next_seq >= 0 and not is_refusal(seg):
        farthest = beside(side, seg.seq, anywhere)
    if seg.flags & ACK and peer.next_seq >= 0:
        farthest = max(farthest, beside(peer, seg.ack, anywhere))
    return farthest if farthest >= 0 else INCOMPARABLE


def is_refusal(seg: Segment) -> bool:
    """Whether a RST has no number of its own, and so answers a SYN (RFC 9293 3.5.2)."""
    return seg.flags & (RST | ACK) == RST | ACK and seg.seq == 0


def beside(side: Side, number: i64, anywhere: bool) -> i64:
    """How far a number lies from the next one of a side, or (``anywhere``) from those between its SYN and the next."""
    ahead = distance(number, side.next_seq)
    if ahead >= 0:
        return ahead
    used = min(side.next_rel - side.low_rel, ELSEWHERE) + 1 if anywhere else 0
    return max(-ahead - used, 0)


def answers(side: Side, seg: Segment) -> bool:
    """Whether a segment continues what is known of a side by its peer's segments alone."""
    peer = side.peer
    if not seg.flags & ACK:  # a SYN captured after its answer, or a RST, which has the number that was acknowledged
        return side.trouble.told == (seg.seq + 1) & MASK if seg.flags & SYN else peer.last_ack == seg.seq
    if peer.next_seq < 0 or apart(seg.ack, peer.next_seq) > NEAR:
        return False
    return peer.last_ack < 0 or apart(seg.seq, peer.last_ack) <= NEAR
