"""Analysis: the tcp.analysis words on one segment, as Wireshark's User's Guide 7.5 defines them.

In: a segment with its position, before it has been counted. Out: notes, and what the next segments are compared with.
One word differs: a zero-window probe without payload (Linux sends those) is called what it is, not a keep-alive.
"""

from mypy_extensions import i64

from capanalyze.packets.segment import ACK, FIN, SYN, Segment
from capanalyze.tcp import notes
from capanalyze.tcp.connection import Connection, Side
from capanalyze.tcp.notes import mark, note
from capanalyze.tcp.numbering import is_lone
from capanalyze.tcp.sequence import MASK, distance
from capanalyze.tcp.side import trouble


def analyse(connection: Connection, side: Side, peer: Side, seg: Segment, rel: i64, packet: i64, ts_ns: i64) -> None:
    """Put the words on a segment at position ``rel`` (a SYN's is -1), in Wireshark's order of tests."""
    flags = seg.flags & (SYN | FIN)
    length = seg.length
    expected = side.max_rel
    first = side.packets == 1
    if seg.window == 0 and not flags:
        note(connection, side, notes.ZERO_WINDOW, packet, ts_ns)
    probe = ""
    if length == 1 and rel == expected and peer.window == 0 and not flags:
        probe = notes.ZERO_WINDOW_PROBE
    elif rel > expected and not first and rel != side.next_rel:  # else a probe's octet lies between, and was taken
        note(connection, side, notes.LOST_SEGMENT, packet, ts_ns)
    elif length <= 1 and rel == expected - 1 and not first and not flags:
        probe = notes.ZERO_WINDOW_PROBE if peer.window == 0 else notes.KEEP_ALIVE
    if probe:
        note(connection, side, probe, packet, ts_ns)
    if length and not flags and rel + length - side.acked_rel == peer.room:
        note(connection, side, notes.WINDOW_FULL, packet, ts_ns)
    if length == 0 and not flags and rel == expected and seg.ack == newest_ack(side):
        bare(connection, side, peer, seg, packet, ts_ns)
    if (length or flags) and not probe and not first:
        word = repeat(connection, side, peer, seg, rel, ts_ns)
        if word and length:
            note(connection, side, word, packet, ts_ns)
        elif word:  # the SYN's or the FIN's own event says that it came again
            mark(connection, side, word, packet)
    remember(side, seg, rel, probe, ts_ns)


def keeps_alive_unseen(side: Side, seg: Segment, rel: i64) -> bool:
    """Whether a lone octet is a keep-alive's after octets, or in the place of a FIN, that the capture lacks.

    The peer had acknowledged it, as the last one, before it was captured.
    """
    if rel < side.next_rel or rel != side.acked_rel - 1 or not is_lone(seg):
        return False
    return rel + 1 >= side.max_rel  # one more where a keep-alive was there before


def newest_ack(side: Side) -> i64:
    """The acknowledgement number of the side's newest packet, even where it was an old one."""
    return side.trouble.stale_ack if side.trouble.stale_ack >= 0 else side.last_ack


def bare(connection: Connection, side: Side, peer: Side, seg: Segment, packet: i64, ts_ns: i64) -> None:
    """A segment that says nothing new: window update, answer to a probe, or duplicate ACK."""
    if seg.window != side.window:
        if seg.window:
            note(connection, side, notes.WINDOW_UPDATE, packet, ts_ns)
    elif peer.trouble.probe == notes.KEEP_ALIVE and seg.window:
        note(connection, side, notes.KEEP_ALIVE_ACK, packet, ts_ns)
    elif peer.trouble.probe == notes.ZERO_WINDOW_PROBE and seg.window == 0:
        note(connection, side, notes.ZERO_WINDOW_PROBE_ACK, packet, ts_ns)
    elif seg.window:
        odd = trouble(side)
        if odd.duplicate_ack != seg.ack:
            odd.duplicate_ack = seg.ack
            odd.duplicate_acks = 0
        odd.duplicate_acks += 1
        note(connection, side, notes.DUPLICATE_ACK, packet, ts_ns)


def repeat(connection: Connection, side: Side, peer: Side, seg: Segment, rel: i64, ts_ns: i64) -> str:
    """Octets below the highest ones sent: which kind of retransmission, or only out of order; "" where they are new."""
    end = rel + seg.length
    if seg.length and newest_ack(peer) >= 0 and end <= acked_by(side, peer):
        return notes.SPURIOUS_RETRANSMISSION
    if rel >= side.max_rel or (seg.length > 1 and rel == side.max_rel - 1):  # at that number a probe was
        return ""
    odd = peer.trouble
    if (
        odd.duplicate_acks >= 2
        and seg.seq == odd.duplicate_ack == newest_ack(peer)
        and soon(ts_ns, peer.last_ts, notes.FAST_RETRANSMISSION_NS)
    ):
        return notes.FAST_RETRANSMISSION
    near = connection.rtt_ns if connection.rtt_ns > 0 else notes.OUT_OF_ORDER_NS
    if soon(ts_ns, side.max_ts, near) and end + (1 if seg.flags & (SYN | FIN) else 0) != side.max_rel:
        return notes.OUT_OF_ORDER
    return notes.RETRANSMISSION


def acked_by(side: Side, peer: Side) -> i64:
    """The position that the peer's newest packet acknowledges."""
    stale = peer.trouble.stale_ack
    return side.acked_rel if stale < 0 else side.acked_rel - ((peer.last_ack - stale) & MASK)


def remember(side: Side, seg: Segment, rel: i64, probe: str, ts_ns: i64) -> None:
    """Keep what the next segments are compared with; a zero-window probe moves nothing on."""
    if side.trouble.probe != probe:
        trouble(side).probe = probe
    end = rel + seg.length + (1 if seg.flags & SYN else 0) + (1 if seg.flags & FIN else 0)
    if probe != notes.ZERO_WINDOW_PROBE:
        if end > side.max_rel:
            side.max_rel = end
            side.max_ts = ts_ns
        if rel == side.whole_rel or rel < side.whole_rel < end:
            side.whole_rel = side.max_rel  # the hole is no news any more, whether or not another one lies after it
    stale: i64 = -1
    if seg.flags & ACK and side.last_ack >= 0 and distance(seg.ack, side.last_ack) < 0:
        stale = seg.ack
    if side.trouble.stale_ack != stale:
        trouble(side).stale_ack = stale


def soon(ts_ns: i64, earlier: i64, within: i64) -> bool:
    """Whether a time is less than ``within`` after another; a clock that was set back proves nothing."""
    return 0 <= ts_ns - earlier < within
