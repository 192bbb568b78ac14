"""Analysis: the tcp.analysis words on one segment, as Wireshark's User's Guide 7.5 defines them.

In: a segment with its position, before it has been counted. Out: notes, and what the next segments are compared with.
"""

from mypy_extensions import i64

from capanalyze.packets.segment import FIN, SYN, Segment
from capanalyze.tcp import notes
from capanalyze.tcp.connection import Connection, Side
from capanalyze.tcp.notes import mark, note
from capanalyze.tcp.side import trouble


def analyse(connection: Connection, side: Side, peer: Side, seg: Segment, rel: i64, packet: i64, ts_ns: i64) -> None:
    """Put the words on a segment at position ``rel``, in Wireshark's order of tests."""
    flags = seg.flags & (SYN | FIN)
    length = seg.length
    expected = side.max_rel
    first = side.packets == 1
    if seg.window == 0 and not flags:
        note(connection, side, notes.ZERO_WINDOW, packet, ts_ns)
    probe = ""
    if not first and length <= 1 and not flags and rel == expected - 1:
        probe = notes.ZERO_WINDOW_PROBE if peer.window == 0 else notes.KEEP_ALIVE
    elif length == 1 and rel == expected and peer.window == 0 and not flags:
        probe = notes.ZERO_WINDOW_PROBE
    elif rel > expected and not first and not flags & SYN:
        note(connection, side, notes.LOST_SEGMENT, packet, ts_ns)
    elif rel < expected and not first and length:
        note(connection, side, repeat(side, peer, seg, rel, ts_ns), packet, ts_ns)
    elif rel < expected and not first and flags:  # the SYN's or the FIN's own event says that it came again
        mark(connection, side, repeat(side, peer, seg, rel, ts_ns), packet)
    elif length == 0 and not flags and rel == expected and seg.ack == side.last_ack:
        bare(connection, side, peer, seg, packet, ts_ns)
    if probe:
        note(connection, side, probe, packet, ts_ns)
    if length and not flags and rel + length - side.acked_rel == peer.room:
        note(connection, side, notes.WINDOW_FULL, packet, ts_ns)
    if side.trouble.probe != probe:
        trouble(side).probe = probe
    end = rel + length + (1 if seg.flags & SYN else 0)
    if end > side.max_rel:
        side.max_rel = end
        side.max_ts = ts_ns
    if rel <= side.whole_rel:
        side.whole_rel = max(side.whole_rel, end + (1 if seg.flags & FIN else 0))
    if seg.ack != side.last_ack and side.trouble.duplicate_acks:
        trouble(side).duplicate_acks = 0


def bare(connection: Connection, side: Side, peer: Side, seg: Segment, packet: i64, ts_ns: i64) -> None:
    """A segment that says nothing new: window update, answer to a probe, or duplicate ACK."""
    if seg.window != side.window and seg.window:
        note(connection, side, notes.WINDOW_UPDATE, packet, ts_ns)
    elif peer.trouble.probe == notes.KEEP_ALIVE and seg.window:
        note(connection, side, notes.KEEP_ALIVE_ACK, packet, ts_ns)
    elif peer.trouble.probe == notes.ZERO_WINDOW_PROBE and seg.window == 0:
        note(connection, side, notes.ZERO_WINDOW_PROBE_ACK, packet, ts_ns)
    elif seg.window and peer.max_rel > peer.acked_rel:
        odd = trouble(side)
        odd.duplicate_acks += 1
        odd.duplicate_ack_ts = ts_ns
        note(connection, side, notes.DUPLICATE_ACK, packet, ts_ns)


def repeat(side: Side, peer: Side, seg: Segment, rel: i64, ts_ns: i64) -> str:
    """Octets below the highest ones sent: which kind of retransmission, or only out of order."""
    if seg.length and rel + seg.length <= side.acked_rel:
        return notes.SPURIOUS_RETRANSMISSION
    if (
        peer.trouble.duplicate_acks >= 2
        and seg.seq == peer.last_ack
        and soon(ts_ns, peer.trouble.duplicate_ack_ts, notes.FAST_RETRANSMISSION_NS)
    ):
        return notes.FAST_RETRANSMISSION
    if side.trouble.held and soon(ts_ns, side.max_ts, notes.OUT_OF_ORDER_NS):
        return notes.OUT_OF_ORDER
    return notes.RETRANSMISSION


def soon(ts_ns: i64, earlier: i64, within: i64) -> bool:
    """Whether a time lies at most ``within`` behind another; a clock that was set back proves nothing."""
    return 0 <= ts_ns - earlier < within
