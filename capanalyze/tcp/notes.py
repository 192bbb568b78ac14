"""The tcp.analysis words of Wireshark, noted per side with the packets that carry them.

The conditions and their order are those documented in the Wireshark User's Guide 7.5 ("TCP Analysis") for
release 4. One differs: a zero-window probe without payload (Linux sends those) is called what it is.
"""

from typing import Final

from mypy_extensions import i64

from capanalyze.tcp.connection import Connection, Side
from capanalyze.tcp.events import EVENTS, EVENTS_SHORT, NO_NOTES, NOTE_PACKETS, NOTE_PACKETS_SHORT, Event, Note

FAST_RETRANSMISSION_NS: Final = 20_000_000
"""A retransmission within 20 ms of the second duplicate ACK is a fast one."""

OUT_OF_ORDER_NS: Final = 3_000_000
"""A segment that fills a hole within 3 ms is out of order, not a retransmission."""

RETRANSMISSION: Final = "retransmission"
FAST_RETRANSMISSION: Final = "fast_retransmission"
SPURIOUS_RETRANSMISSION: Final = "spurious_retransmission"
OUT_OF_ORDER: Final = "out_of_order"
LOST_SEGMENT: Final = "lost_segment"
ACK_LOST_SEGMENT: Final = "ack_lost_segment"
DUPLICATE_ACK: Final = "duplicate_ack"
KEEP_ALIVE: Final = "keep_alive"
KEEP_ALIVE_ACK: Final = "keep_alive_ack"
ZERO_WINDOW: Final = "zero_window"
ZERO_WINDOW_PROBE: Final = "zero_window_probe"
ZERO_WINDOW_PROBE_ACK: Final = "zero_window_probe_ack"
WINDOW_UPDATE: Final = "window_update"
WINDOW_FULL: Final = "window_full"
REUSED_PORTS: Final = "reused_ports"

OLDER: Final = "older"
"""Kind of the event of a segment, and flag of that of a RST, which are of an older connection of the same ports."""

UNTAKEN: Final = "untaken"
"""Flag of the event of a SYN-ACK that comes again although it was acknowledged: its sender had not taken that."""

WORTH_A_LINE: Final = frozenset(
    {
        RETRANSMISSION,
        FAST_RETRANSMISSION,
        SPURIOUS_RETRANSMISSION,
        LOST_SEGMENT,
        ACK_LOST_SEGMENT,
        KEEP_ALIVE,
        ZERO_WINDOW,
        ZERO_WINDOW_PROBE,
        WINDOW_FULL,
    }
)
"""Notes that are events of the timeline too."""


def note(connection: Connection, side: Side, word: str, packet: i64, ts_ns: i64) -> None:
    """Put ``word`` on a packet of ``side``; where it matters to the story it is an event too."""
    mark(connection, side, word, packet)
    if word in WORTH_A_LINE:
        event(connection, side, word, packet, ts_ns, 0, "")


def mark(connection: Connection, side: Side, word: str, packet: i64) -> None:
    """Put ``word`` on a packet of ``side``; no word on those of a connection that is counted only."""
    if not connection.detail:
        return
    most: i64 = NOTE_PACKETS if connection.at_length else NOTE_PACKETS_SHORT
    for known in connection.notes:
        if known.side == side.index and known.note == word:
            known.add(packet, most)
            break
    else:
        fresh = Note(word, side.index)
        fresh.add(packet, most)
        if connection.notes is NO_NOTES:
            connection.notes = []
        connection.notes.append(fresh)


def event(connection: Connection, side: Side, kind: str, packet: i64, ts_ns: i64, value: i64, flag: str) -> None:
    """Append a line to the connection's story, folding a repeat of its last one; none where it is told in brief."""
    if not connection.detail:
        connection.events_left_out += 1
        return
    events = connection.events
    if events:
        last = events[-1]
        if last.kind == kind and last.side == side.index and last.flag == flag:
            last.last_packet = packet
            last.count += 1
            last.value += value
            return
    most: i64 = EVENTS if connection.at_length else EVENTS_SHORT
    if len(events) >= most and (kind not in {"FIN", "RST"} or len(events) >= 2 * most):
        connection.events_left_out += 1
        return
    events.append(Event(packet, ts_ns, side.index, kind, value, flag))
