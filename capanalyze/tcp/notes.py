"""The tcp.analysis words of Wireshark, noted per side with the packets that carry them.

The conditions and their order are those documented in the Wireshark User's Guide 7.5 ("TCP Analysis") for
release 4. One differs: a zero-window probe without payload (Linux sends those) is called what it is.
"""

from typing import Final

from mypy_extensions import i64

from capanalyze.tcp.connection import EVENTS, Connection, Event, Note, Side

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
    """Put ``word`` on a packet of ``side``."""
    for known in connection.notes:
        if known.side == side.index and known.note == word:
            known.add(packet)
            break
    else:
        fresh = Note(word, side.index)
        fresh.add(packet)
        connection.notes.append(fresh)
    if word in WORTH_A_LINE:
        event(connection, side, word, packet, ts_ns, 0, "")


def event(connection: Connection, side: Side, kind: str, packet: i64, ts_ns: i64, value: i64, flag: str) -> None:
    """Append a line to the connection's story, folding a repeat of its last one."""
    events = connection.events
    if events:
        last = events[-1]
        if last.kind == kind and last.side == side.index and last.flag == flag:
            last.last_packet = packet
            last.count += 1
            last.value += value
            return
    if len(events) >= EVENTS:
        connection.events_left_out += 1
        if kind not in {"FIN", "RST"} or len(events) >= 2 * EVENTS:
            return
    events.append(Event(packet, ts_ns, side.index, kind, value, flag))


HISTORY: Final = "shadfrctgwiq"
"""Zeek's history letters (docs.zeek.org, base/protocols/conn); a capital is the originator's."""

LOGARITHMIC: Final = "tgw"
"""Letters that Zeek writes at the 1st, 10th, 100th ... occurrence; the others once a side."""


def history(connection: Connection, side: Side, letter: str) -> None:
    """Add a Zeek history letter."""
    if letter in LOGARITHMIC:
        count = side.history_counts.get(letter, 0) + 1
        side.history_counts[letter] = count
        if str(count).strip("0") != "1":
            return
    else:
        bit: i64 = 1 << HISTORY.index(letter)
        if side.history_seen & bit:
            return
        side.history_seen |= bit
    connection.history += letter.upper() if side.index == 0 else letter
