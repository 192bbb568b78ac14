"""Parting and Trouble: what of a side few connections need: how it ended, and what is odd about it.

In: the tracker's updates. Out: attributes that timeline/ and report/ read through Side (side.py).
"""

from typing import Final

from mypy_extensions import i64

END_PACKETS: Final = 100
"""FINs, RSTs and ignored RSTs whose packet numbers are kept, per side; ``*_count`` stays true. Where the connection is
counted only, the first one's."""

MAX_GAPS: Final = 100
"""Gaps described per side; of further ones the octets are counted, and what comes late for them is not found."""

GAPS_SHORT: Final = 20
"""The same of connections that are not told at length (``Connection.at_length``)."""

GAPS_IN_BRIEF: Final = 4
"""The same where the connection is counted only."""

NOWHERE: Final = -(1 << 62)
"""A position where there is none."""

NO_PACKETS: Final[list[int]] = []
"""Packet numbers where there are none: shared, never written to (``kept`` makes a list of one's own)."""


class Gap:
    """Octets of a side that the capture lacks: ``length`` octets from ``offset``.

    ``packet`` is where the stream went on, or the capture's end. ``acknowledged``: the peer got all of them
    (known when the connection is finished). What the capture held after all, further on, is no gap any more.
    """

    __slots__ = ("acknowledged", "length", "offset", "packet")

    def __init__(self, offset: i64, length: i64, packet: i64) -> None:
        self.offset: i64 = offset
        self.length: i64 = length
        self.packet: i64 = packet
        self.acknowledged: bool = False


class Held:
    """Payload that arrived ahead of a hole: relative positions ``start`` to ``end`` (``end`` by the headers)."""

    __slots__ = ("data", "end", "packet", "start", "ts_ns")

    def __init__(self, start: i64, end: i64, data: bytes, packet: i64, ts_ns: i64) -> None:
        self.start: i64 = start
        self.end: i64 = end
        self.data: bytes = data
        self.packet: i64 = packet
        self.ts_ns: i64 = ts_ns


NO_GAPS: Final[list[Gap]] = []
NO_HELD: Final[list[Held]] = []
"""What a side has none of: shared, never written to."""


class Parting:
    """How a side ended: its FINs and RSTs, and what it had said before the connection's close.

    Attributes:
        closed: it sent a FIN, captured or inferred. fin_rel: its position. fin_ts: the time of the first copy.
        fin_ack: the acknowledgement number in the copy sent first, the lowest; -1 none.
        fin_packets, rst_packets: packet numbers, retransmissions and copies included, the first END_PACKETS of them;
        fin_count, rst_count: how many there are. rst_ack: the acknowledgement number of the newest RST, -1 none.
        fin_again: the first packet that is no copy and repeats the FIN; 0 none.
        fin_inferred: the FIN is known by its acknowledgement alone.
        fin_acked: the peer acknowledged it, in packet fin_acked_packet (0: before it, or not captured) at
            fin_acked_ts, by a segment at position fin_acked_at of its own stream. fin_acked_open: the lowest position
            of its segments without payload and FIN that do so. fin_late: it was captured behind its acknowledgement.
        tail, last_data_ts, last_data_packet: what the side had said last before the close, and when.
        last_fin, last_rst: numbers of the newest FIN and RST, for Zeek's history.
    """

    __slots__ = (
        "closed",
        "fin_ack",
        "fin_acked",
        "fin_acked_at",
        "fin_acked_open",
        "fin_acked_packet",
        "fin_acked_ts",
        "fin_again",
        "fin_count",
        "fin_inferred",
        "fin_late",
        "fin_packets",
        "fin_rel",
        "fin_ts",
        "last_data_packet",
        "last_data_ts",
        "last_fin",
        "last_rst",
        "rst_ack",
        "rst_count",
        "rst_packets",
        "tail",
    )

    def __init__(self) -> None:
        self.closed: bool = False
        self.fin_inferred: bool = False
        self.fin_acked: bool = False
        self.fin_late: bool = False
        self.fin_rel: i64 = NOWHERE
        self.fin_ts: i64 = -1
        self.fin_ack: i64 = -1
        self.fin_packets: list[int] = NO_PACKETS
        self.fin_count: i64 = 0
        self.fin_again: i64 = 0
        self.rst_packets: list[int] = NO_PACKETS
        self.rst_count: i64 = 0
        self.rst_ack: i64 = -1
        self.fin_acked_packet: i64 = 0
        self.fin_acked_ts: i64 = -1
        self.fin_acked_at: i64 = NOWHERE
        self.fin_acked_open: i64 = NOWHERE
        self.tail: bytes = b""
        self.last_data_ts: i64 = -1
        self.last_data_packet: i64 = 0
        self.last_fin: i64 = -1
        self.last_rst: i64 = -1


class Trouble:
    """What is odd about a side: holes, what waits behind them, repeats, numbers that are not sure.

    Attributes:
        held, held_octets: segments that wait behind a hole. acked_hole: segments sent since the peer acknowledged
            beyond it.
        gaps: holes in its stream, in stream order, the first ``most_gaps`` found; gaps_left_out,
            gap_octets_left_out: the rest. missing: octets that the peer acknowledged and the capture lacks. cut: octets
            of captured segments that a short snapshot length left out. hidden_at: where its captured octets end, if
            there is more: acknowledged, or ahead: its own number was ahead of them, in a segment without payload that
            acknowledged ahead_ack; ahead_sure: the same where that was no keep-alive.
        former_isn: of a SYN-ACK before the newest one, which has another number; -1 none.
        told: what the peer's SYN-ACK acknowledged, where the SYN itself was not captured before it; -1 none.
        unsure: its numbers rest on a segment without payload: perhaps a keep-alive.
        beyond_packet, beyond_ts, beyond_at: the packet that first acknowledged more than the capture holds (0 none),
            and where in the peer's stream it lies; beyond_open: the same of the first one without payload and FIN.
        told_unseen: what it had acknowledged when its octets that are acknowledged and not captured were told of, or
            NOWHERE. skipped: so many that its numbers were moved on behind them, and nothing of it came since.
        probe: the keep-alive or zero-window probe that the peer has to answer, or "".
        duplicate_ack, duplicate_acks: the acknowledgement number that was repeated last, and how often.
        leapt_from, leapt_over: how far it had been acknowledged, and captured, before an acknowledgement of more than
            was captured, which may yet be belied (leap.py).
        stale_ack: the acknowledgement number of its newest packet, where an older packet had a newer one; else -1.
        tail_to_hole: the last octets that it sent before its newest hole, or before what was cut off.
        repeats, zero_windows, holes, hole_at: for Zeek's history.
    """

    __slots__ = (
        "acked_hole",
        "ahead",
        "ahead_ack",
        "ahead_sure",
        "beyond_at",
        "beyond_open",
        "beyond_packet",
        "beyond_ts",
        "cut",
        "duplicate_ack",
        "duplicate_acks",
        "former_isn",
        "gap_octets_left_out",
        "gaps",
        "gaps_left_out",
        "held",
        "held_octets",
        "hidden_at",
        "hole_at",
        "holes",
        "leapt_from",
        "leapt_over",
        "missing",
        "most_gaps",
        "probe",
        "repeats",
        "skipped",
        "stale_ack",
        "tail_to_hole",
        "told",
        "told_unseen",
        "unsure",
        "zero_windows",
    )

    def __init__(self) -> None:
        self.held: list[Held] = NO_HELD
        self.held_octets: i64 = 0
        self.acked_hole: i64 = 0
        self.gaps: list[Gap] = NO_GAPS
        self.most_gaps: i64 = MAX_GAPS
        self.gaps_left_out: i64 = 0
        self.gap_octets_left_out: i64 = 0
        self.missing: i64 = 0
        self.cut: i64 = 0
        self.hidden_at: i64 = NOWHERE
        self.ahead: i64 = NOWHERE
        self.ahead_ack: i64 = -1
        self.ahead_sure: i64 = NOWHERE
        self.former_isn: i64 = -1
        self.told: i64 = -1
        self.unsure: bool = False
        self.beyond_packet: i64 = 0
        self.beyond_ts: i64 = -1
        self.beyond_at: i64 = NOWHERE
        self.beyond_open: i64 = NOWHERE
        self.told_unseen: i64 = NOWHERE
        self.skipped: bool = False
        self.probe: str = ""
        self.duplicate_ack: i64 = -1
        self.duplicate_acks: i64 = 0
        self.leapt_from: i64 = NOWHERE
        self.leapt_over: i64 = 0
        self.stale_ack: i64 = -1
        self.tail_to_hole: bytes = b""
        self.repeats: i64 = 0
        self.zero_windows: i64 = 0
        self.holes: i64 = 0
        self.hole_at: i64 = NOWHERE


OPEN: Final = Parting()
"""The Parting of every side that has not closed: never written to."""

SMOOTH: Final = Trouble()
"""The Trouble of every side that has none: never written to."""


def kept(packets: list[int], packet: i64, detail: bool) -> list[int]:
    """The packet numbers with one more, while there is room; ``detail``: the connection is told in full."""
    if packets is NO_PACKETS:
        return [packet]
    if detail and len(packets) < END_PACKETS:
        packets.append(packet)
    return packets
