"""Arrived: what a side's captured octets are the end of, and whether the peer's host told that the FIN after them came.

In: a side, and what its peer acknowledged, in order or selectively. Out: answers for first.py and evidence.py.
"""

from mypy_extensions import i64

from capanalyze.tcp.parting import NOWHERE
from capanalyze.tcp.sequence import distance
from capanalyze.tcp.side import Side


def has_beyond(side: Side, received: i64) -> bool:
    """Whether a side's FIN has come to the peer, which tells that it received something up to that number."""
    return received >= 0 and distance(received, side.next_seq) + side.next_rel > side.parting.fin_rel


def had_behind_hole(side: Side, peer: Side) -> bool:
    """Whether the peer's FIN had come when a side closed; octets before it had not, so no program knew of it.

    The side's FIN may have told that, if it is no later copy, which lies before what was captured ahead of it; or an
    earlier segment.
    """
    parting = side.parting
    told = not parting.fin_inferred and side.trouble.ahead <= parting.fin_rel
    return (told and has_beyond(peer, parting.fin_received)) or answered_by_the_open(peer, side)


def answered_by_the_open(closer: Side, peer: Side) -> bool:
    """Whether the peer told that it has the closer's FIN from a place that is not beyond a FIN of its own.

    A segment without payload has the number of what its sender sends next (RFC 9293 3.10.7.4), so nothing that lies
    there, or beyond it, had been sent.
    """
    at = closer.parting.fin_acked_open
    if at == NOWHERE:
        return False
    if peer.parting.closed:
        return at <= peer.parting.fin_rel
    return at <= captured_end(peer) and is_whole(peer)


def last_octet(side: Side) -> i64:
    """The position after the highest octet that the capture holds of a side."""
    end = side.next_rel
    for held in side.trouble.held:
        end = max(end, held.end)
    return end


def captured_end(side: Side) -> i64:
    """The same when the streams are finished: what was acknowledged beyond it has been counted as a gap since."""
    return side.trouble.hidden_at if side.trouble.hidden_at != NOWHERE else last_octet(side)


def is_whole(side: Side) -> bool:
    """Whether the last number of a side that the capture holds is an octet or its SYN, and so no FIN lies before it."""
    end = captured_end(side)
    return is_begun(side) and all(gap.offset + gap.length != end for gap in side.trouble.gaps)


def is_begun(side: Side) -> bool:
    """Whether the capture holds an octet of a side, or knows its SYN, so that it had not closed before that."""
    return side.isn >= 0 or side.trouble.told >= 0 or side.octets > 0
