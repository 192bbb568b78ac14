"""The short path: a segment that is simply the next one of its side, on integers at hand.

In: the fields of such a segment, and its side. Out: the side, updated; what few segments need is left behind for
``catch_up``. All others are for ``Tracker.segment``.
"""

from typing import Final

from mypy_extensions import i64

from capanalyze.packets.common import COMPILED
from capanalyze.tcp import notes
from capanalyze.tcp.acknowledgement import first_pure_ack
from capanalyze.tcp.connection import TAIL, Connection, Side
from capanalyze.tcp.notes import event, note
from capanalyze.tcp.side import break_tail, shared, trouble
from capanalyze.tcp.zeek import DATA, INACTIVE, PURE_ACK, once

NOTHING: Final = 0
DIRECT: Final = 1
GENERAL: Final = 3

NO_LIMIT: Final = 1 << 62
"""``Side.room`` where the window's scale is not known, or the window is closed."""


def short(
    side: Side | None,
    seq: i64,
    ack: i64,
    window: i64,
    length: i64,
    cut: i64,
    data: bytes,
    payload: i64,
    packet: i64,
    ts_ns: i64,
) -> i64:
    """Take a segment of a side that has ACK and neither SYN, FIN nor RST; the last ``cut`` octets are not captured.

    Returns NOTHING or DIRECT where it is simply the next one in order, GENERAL (and nothing is changed) where
    it is not: then ``Tracker.segment`` has to be called. Most segments end here; every test is on integers at hand.
    """
    if side is None or not side.plain or seq != side.next_seq or (cut and side.first_data_packet == 0):
        return GENERAL
    if ack != side.last_ack:
        acked = side.peer.acked_rel + ((ack - side.last_ack) & 0xFFFFFFFF)  # an old number gives one far beyond
        if acked > side.peer.next_rel or not side.answered or window == 0:
            return GENERAL
        side.peer.acked_rel = acked
        side.last_ack = ack
    elif length == 0 or window == 0:
        return GENERAL
    if window != side.window:
        open_window(side, window)
    side.packets += 1
    side.last_packet = packet
    side.last_ts = ts_ns
    if length == 0:
        if not side.history_seen & PURE_ACK:
            first_pure_ack(side, side.peer, packet, ts_ns)
        return NOTHING
    side.next_seq = (seq + length) & 0xFFFFFFFF
    side.next_rel += length
    side.octets += length
    if side.next_rel - side.acked_rel >= side.peer.room:
        window_full(side, side.peer, packet, ts_ns)
    if cut:
        cut_short(side, cut, data, payload, payload + length - cut, packet, ts_ns)
    elif side.narrated:
        said(side, length, data, payload, payload + length, packet, ts_ns)
    else:
        side.last_data_packet = packet
        side.last_data_ts = ts_ns
        if side.detail:
            end = payload + length
            side.tail = data[end - TAIL : end] if length >= TAIL else (side.tail + data[payload:end])[-TAIL:]
    return DIRECT


def said(side: Side, length: i64, data: bytes, start: i64, end: i64, packet: i64, ts_ns: i64) -> None:
    """Remember when and what a side said last."""
    side.last_data_packet = packet
    side.last_data_ts = ts_ns
    connection = side.connection
    assert connection is not None
    if side.first_data_packet == 0:
        side.first_data_packet = packet
        side.first_data_ts = ts_ns
        once(connection, side, DATA, "d")
    side.narrated = side.detail and connection.narrated
    if not side.detail:
        return
    side.tail = data[end - TAIL : end] if end - start >= TAIL else (side.tail + data[start:end])[-TAIL:]
    if not side.narrated:
        return
    if connection.talker != side.index:
        connection.talker = side.index
        event(connection, side, "data", packet, ts_ns, length, "")
    else:
        last = connection.events[-1]
        if last.kind == "data" and last.side == side.index:
            last.count += 1
            last.value += length
            last.last_packet = packet


def cut_short(side: Side, cut: i64, data: bytes, start: i64, end: i64, packet: i64, ts_ns: i64) -> None:
    """Remember what a snapshot length left of a segment, and that octets are missing after it."""
    if start < end:
        said(side, end - start, data, start, end, packet, ts_ns)
    side.last_data_packet = packet
    side.last_data_ts = ts_ns
    break_tail(side)
    trouble(side).cut += cut


def window_full(side: Side, peer: Side, packet: i64, ts_ns: i64) -> None:
    """Note a segment that reaches exactly to the end of the window."""
    if side.next_rel - side.acked_rel == peer.room:
        assert side.connection is not None
        note(side.connection, side, notes.WINDOW_FULL, packet, ts_ns)


def open_window(side: Side, window: i64) -> None:
    """A side advertises a window, which its peer may fill."""
    side.window = window
    side.room = NO_LIMIT
    if window > 0 and side.scale >= 0:
        side.room = window << side.scale
    if not COMPILED and not side.detail:
        side.window, side.room = shared(side.window), shared(side.room)


def catch_up(side: Side) -> None:
    """Set what the short path leaves behind."""
    if side.next_rel > side.whole_rel:
        side.whole_rel = side.next_rel
        if side.next_rel > side.max_rel:
            side.max_rel = side.next_rel
            side.max_ts = side.last_data_ts


def goes_on(connection: Connection) -> bool:
    """Whether nothing is odd about a connection by now, so that the short path may be taken."""
    orig, resp = connection.orig, connection.resp
    odd, other = orig.trouble, resp.trouble
    return (
        not connection.ending
        and connection.doubtful_reset is None
        and connection.early_reset is None
        and not odd.held
        and not other.held
        and orig.next_seq >= 0
        and resp.next_seq >= 0
        and orig.last_ack >= 0
        and resp.last_ack >= 0
        and orig.window > 0
        and resp.window > 0
        and orig.scaled
        and resp.scaled
        and not odd.unsure
        and not other.unsure
        and not odd.skipped
        and not other.skipped
        and not odd.probe
        and not other.probe
        and min(orig.zeek, resp.zeek) > INACTIVE
        and odd.stale_ack < 0
        and other.stale_ack < 0
        and orig.acked_rel <= orig.next_rel
        and resp.acked_rel <= resp.next_rel
        and orig.max_rel <= orig.next_rel
        and resp.max_rel <= resp.next_rel
        and (orig.first_data_packet == 0 or orig.history_seen & DATA != 0)  # what a SYN carries has no letter
        and (resp.first_data_packet == 0 or resp.history_seen & DATA != 0)
        and not awaits_again(orig)
        and not awaits_again(resp)
    )


def awaits_again(side: Side) -> bool:
    """Whether a side's first octets were captured after what acknowledges them, and nothing has since."""
    return side.first_data_packet > 0 and side.acked_rel > 0 and not side.peer.answered
