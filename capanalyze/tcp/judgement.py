"""Judgement: whether the receiver of a RST acts on it, as far as it is known when the RST is captured.

In: a RST and what both sides have said so far. Out: a word for its number. What comes later may yet tell another
(resets.py).
"""

from typing import Final

from mypy_extensions import i64

from capanalyze.packets.segment import ACK, Segment
from capanalyze.tcp.connection import Side
from capanalyze.tcp.grounds import INEXACT
from capanalyze.tcp.identity import answers_syn
from capanalyze.tcp.sequence import MASK, STRAY, distance

LARGEST_WINDOW: Final = 65535 << 14
"""What a window may be where the scale is not known (RFC 7323 2.3)."""

ANSWERED_WITHIN: Final = 10_000_000_000
"""Nanoseconds: longer than any round trip."""

VALID: Final = ""
REFUSED: Final = "refused"
OUT_OF_WINDOW: Final = "out_of_window"


def is_unplaced(side: Side, peer: Side) -> bool:
    """Whether nothing is known of the number that the peer expects next from a side."""
    return peer.last_ack < 0 and side.next_seq < 0


def is_asked(side: Side, peer: Side) -> bool:
    """Whether the peer is in SYN_SENT, and a side has said nothing but RSTs so far."""
    return side.isn < 0 and peer.isn >= 0 and peer.last_ack < 0 and side.next_seq < 0


def may_answer(side: Side, peer: Side, before: i64, ts_ns: i64) -> bool:
    """Whether a RST without ACK may be the answer to a segment of the peer's (RFC 9293 3.5.2).

    To one that waits for an acknowledgement, or one captured since the side's packet ``before``, and lately: what a
    firewall or a load balancer sends when a connection has been idle too long answers nothing. While a side's FIN waits
    its host knows the connection, and resets what brings octets to a program that is gone.
    """
    if peer.next_rel > peer.acked_rel:
        return True
    waits = side.parting.closed and not side.parting.fin_acked
    return before < (peer.last_data_packet if waits else peer.last_packet) and ts_ns - peer.last_ts < ANSWERED_WITHIN


def is_overtaken(side: Side, peer: Side, seg: Segment) -> bool:
    """Whether octets that lie beyond the number of a RST were captured before it: its receiver may have had them.

    It has not taken a probe of its closed window where it says so afterwards.
    """
    if side.next_seq < 0 or distance(side.next_seq, seg.seq) <= 0:
        return False
    return seg.seq != peer.last_ack or not has_probed(side, peer) or peer.last_packet < side.last_data_packet


def has_probed(side: Side, peer: Side) -> bool:
    """Whether one octet of a side is all that is not acknowledged, and the peer's window is closed to it."""
    return peer.window == 0 and peer.last_ack >= 0 and distance(side.next_seq, peer.last_ack) == 1


def judge(side: Side, peer: Side, seg: Segment) -> str:
    """Whether the receiver of a RST acts on it: VALID, REFUSED, INEXACT or OUT_OF_WINDOW."""
    if is_asked(side, peer):  # the RST has to acknowledge the SYN (RFC 9293 3.10.7.3)
        return REFUSED if seg.flags & ACK and answers_syn(peer, seg.ack) else OUT_OF_WINDOW
    if is_unplaced(side, peer):
        return VALID
    if seg.seq == peer.last_ack:
        return VALID
    if side.next_seq >= 0:
        beyond_fin: i64 = 1 if side.parting.closed and side.next_rel == side.parting.fin_rel else 0
        if seg.seq in (side.next_seq, (side.next_seq + beyond_fin) & MASK):
            return INEXACT if not beyond_fin and has_probed(side, peer) else VALID
    expected = peer.last_ack if peer.last_ack >= 0 else side.next_seq
    window = peer.window << peer.scale if peer.scale >= 0 and peer.window >= 0 else LARGEST_WINDOW
    if side.isn >= 0 and not side.scaled and peer.packets == 0:
        window = STRAY  # nothing but SYNs was captured: it may answer a segment of an older connection
    return INEXACT if 0 < distance(seg.seq, expected) < window else OUT_OF_WINDOW
