"""Side: one end of a connection. What every connection needs lies in it; what few need, in its Parting and Trouble.

In: the tracker's updates, packet by packet. Out: attributes that timeline/ and report/ read after ``finish``.
A capture may hold tens of thousands of connections at a time, most of them plain: until a side closes or something
odd happens it shares one Parting and one Trouble with all others, which nobody writes to (``part`` and ``trouble``
give a side its own).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from librt.strings import read_i64_be
from mypy_extensions import i64

if TYPE_CHECKING:
    from capanalyze.tcp.connection import Connection

TAIL: Final = 64
"""Octets of payload kept per side, the newest: what was said last before the close."""

END_PACKETS: Final = 100
"""FINs, RSTs and ignored RSTs whose packet numbers are kept, per side; ``*_count`` stays true. Where the connection is
counted only, the first one's."""

MAX_GAPS: Final = 100
"""Gaps described per side; of further ones the octets are counted, and what comes late for them is not found."""

GAPS_IN_BRIEF: Final = 4
"""The same where the connection is counted only."""

NOWHERE: Final = -(1 << 62)
"""A position where there is none."""

NOT_CAPTURED: Final = -2
"""``Side.offer`` of a side whose SYN is not in the capture."""


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


class Parting:
    """How a side ended: its FINs and RSTs, and what it had said before the connection's close.

    Attributes:
        closed: it sent a FIN, captured or inferred. fin_rel: its position. fin_ts: the time of the first copy.
        fin_ack: the acknowledgement number in the copy sent first, the lowest; -1 none.
        fin_packets, rst_packets: packet numbers, retransmissions and copies included, the first END_PACKETS of them;
        fin_count, rst_count: how many there are. rst_ack: the acknowledgement number of the newest RST, -1 none.
        fin_inferred: the FIN is known by its acknowledgement alone.
        fin_acked: the peer acknowledged it, in packet fin_acked_packet (0: before it, or not captured) at
            fin_acked_ts, by a segment at position fin_acked_at of its own stream. fin_acked_open: the lowest position
            of its segments without payload and FIN that do so. fin_late: it was captured behind its acknowledgement.
        tail, last_data_ts, last_data_packet: what the side had said last before the close, and when.
        last_fin, last_rst: numbers of the newest FIN and RST, for Zeek's history.
    """

    def __init__(self) -> None:
        self.closed: bool = False
        self.fin_rel: i64 = NOWHERE
        self.fin_ts: i64 = -1
        self.fin_ack: i64 = -1
        self.fin_packets: list[int] = NO_PACKETS
        self.fin_count: i64 = 0
        self.rst_packets: list[int] = NO_PACKETS
        self.rst_count: i64 = 0
        self.rst_ack: i64 = -1
        self.fin_inferred: bool = False
        self.fin_acked: bool = False
        self.fin_acked_packet: i64 = 0
        self.fin_acked_ts: i64 = -1
        self.fin_acked_at: i64 = NOWHERE
        self.fin_acked_open: i64 = NOWHERE
        self.fin_late: bool = False
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
            there is more: acknowledged, or ahead: its own number was ahead of them. shifted: its numbers began at a
            keep-alive or at a FIN, whichever it was.
        told: what the peer's SYN-ACK acknowledged, where the SYN itself was not captured before it; -1 none.
        unsure: its numbers rest on a segment without payload: perhaps a keep-alive.
        beyond_packet, beyond_ts, beyond_at: the packet that first acknowledged more than the capture holds (0 none),
            and where in the peer's stream it lies; beyond_open: the same of the first one without payload and FIN.
        told_unseen: its octets that are acknowledged and not captured were told of. skipped: so many that its numbers
            were moved on behind them, and nothing of it came since.
        probe: the keep-alive or zero-window probe that the peer has to answer, or "".
        duplicate_ack, duplicate_acks: the acknowledgement number that was repeated last, and how often.
        stale_ack: the acknowledgement number of its newest packet, where an older packet had a newer one; else -1.
        repeats, zero_windows, holes, hole_at: for Zeek's history.
    """

    def __init__(self) -> None:
        self.held: list[Held] = []
        self.held_octets: i64 = 0
        self.acked_hole: i64 = 0
        self.gaps: list[Gap] = []
        self.most_gaps: i64 = MAX_GAPS
        self.gaps_left_out: i64 = 0
        self.gap_octets_left_out: i64 = 0
        self.missing: i64 = 0
        self.cut: i64 = 0
        self.hidden_at: i64 = NOWHERE
        self.ahead: i64 = NOWHERE
        self.shifted: bool = False
        self.told: i64 = -1
        self.unsure: bool = False
        self.beyond_packet: i64 = 0
        self.beyond_ts: i64 = -1
        self.beyond_at: i64 = NOWHERE
        self.beyond_open: i64 = NOWHERE
        self.told_unseen: bool = False
        self.skipped: bool = False
        self.probe: str = ""
        self.duplicate_ack: i64 = -1
        self.duplicate_acks: i64 = 0
        self.stale_ack: i64 = -1
        self.repeats: i64 = 0
        self.zero_windows: i64 = 0
        self.holes: i64 = 0
        self.hole_at: i64 = NOWHERE


OPEN: Final = Parting()
"""The Parting of every side that has not closed: never written to."""

SMOOTH: Final = Trouble()
"""The Trouble of every side that has none: never written to."""


class Side:
    """One end of a connection: what it sent, and how far the peer acknowledged it.

    Positions (``*_rel``) count octets of payload from 0, unwrapped to 64 bits; a SYN is at -1. In a capture
    that starts mid-stream 0 is the first octet captured.

    Attributes for readers:
        host, port: its address (4 or 16 octets) and port.
        octets: payload in the capture, each octet once (contract.md, "Octets").
        tail: the last TAIL octets it sent, where the connection is told in full.
        first_data_packet, first_data_ts, last_data_packet, last_data_ts: its first and its newest payload.
        first_data_acked_packet, first_data_acked_ts: when the peer acknowledged its first payload (0, -1: never).
        and those of its Parting and Trouble.
    """

    __slots__ = (
        "acked_rel",
        "acknowledged",
        "connection",
        "detail",
        "first_data_acked_packet",
        "first_data_acked_ts",
        "first_data_packet",
        "first_data_ts",
        "history_seen",
        "hosts",
        "ident",
        "ident_at",
        "index",
        "isn",
        "key",
        "last_ack",
        "last_data_packet",
        "last_data_ts",
        "last_packet",
        "last_syn",
        "last_ts",
        "low_rel",
        "max_rel",
        "max_ts",
        "narrated",
        "next_rel",
        "next_seq",
        "octets",
        "offer",
        "packets",
        "parting",
        "peer",
        "pieces",
        "place",
        "plain",
        "port",
        "ports",
        "room",
        "scale",
        "scaled",
        "tail",
        "trouble",
        "whole_rel",
        "window",
        "zeek",
        "zeek_before",
    )

    def __init__(self, key: bytes, port: i64) -> None:
        # what every segment of the short path reads or writes lies together: few cache lines a packet
        self.plain: bool = False  # the short path may be taken
        self.narrated: bool = True  # payload makes "data" events
        self.detail: bool = True  # the newest octets are kept
        self.scaled: bool = False  # it has sent more than SYNs
        self.acknowledged: bool = False  # it has sent a segment without payload and flags
        self.hosts: i64 = read_i64_be(key, 0) if len(key) == 12 else 0  # the addresses of a short key as a number,
        self.ports: i64 = (
            read_i64_be(key, 4) & 0xFFFFFFFF if len(key) == 12 else 0
        )  # and its ports: for the cache (recent.py)
        self.next_seq: i64 = -1  # the 32-bit number that is in order next; -1 before anything is known
        self.last_ack: i64 = -1  # the newest acknowledgement number this side sent (32 bits); -1 none
        self.window: i64 = -1  # last advertised, unscaled; -1 none
        self.peer: Side | None = None
        self.packets: i64 = 0
        self.last_packet: i64 = 0
        self.last_ts: i64 = -1
        self.history_seen: i64 = 0
        self.next_rel: i64 = 0
        self.octets: i64 = 0
        self.acked_rel: i64 = -1  # how far the peer acknowledged
        self.first_data_acked_packet: i64 = 0
        self.room: i64 = 0  # the window in octets
        self.last_data_packet: i64 = 0
        self.last_data_ts: i64 = -1
        self.index: i64 = 0  # 0 orig, 1 resp
        self.place: i64 = 0  # of its connection among those that are kept
        self.scale: i64 = -1  # the one in force: 0 for a SYN's own window, -1 unknown
        self.pieces: list[tuple[bytes, int, int]] | None = None  # the interpreter's loop (lane.py) has not handed on
        # the rest
        self.key: bytes = key
        self.port: i64 = port
        self.connection: Connection | None = None
        self.parting: Parting = OPEN
        self.trouble: Trouble = SMOOTH
        self.isn: i64 = -1  # of the SYN; -1 not captured
        self.max_rel: i64 = 0  # the end of the highest octet or FIN sent
        self.max_ts: i64 = -1  # time of the segment that set max_rel
        self.low_rel: i64 = 0  # the lowest position known to be of the stream
        self.whole_rel: i64 = 0  # the end of what was sent without a hole, or acknowledged in spite of one
        self.offer: i64 = NOT_CAPTURED  # the window scale that its SYN offers; -1 none
        self.ident: i64 = 0  # IP identification of the newest segment of the general path; 0 none
        self.ident_at: i64 = 0  # how many packets of the side that was
        self.first_data_packet: i64 = 0
        self.first_data_ts: i64 = -1
        self.first_data_acked_ts: i64 = -1
        self.tail: bytes = b""
        self.zeek: i64 = 0
        self.zeek_before: i64 = 0
        self.last_syn: i64 = -1

    @property
    def host(self) -> bytes:
        """Its address."""
        return self.key[:4] if len(self.key) < 36 else self.key[:16]

    @property
    def missing(self) -> int:
        """Octets that the peer acknowledged and the capture lacks; known when the connection is finished."""
        return self.trouble.missing

    @property
    def gaps(self) -> list[Gap]:
        """Holes in its stream."""
        return self.trouble.gaps

    @property
    def gaps_left_out(self) -> int:
        """Holes that ``gaps`` does not list."""
        return self.trouble.gaps_left_out

    @property
    def fin_packets(self) -> list[int]:
        """Packets with its FIN."""
        return self.parting.fin_packets

    @property
    def fin_count(self) -> int:
        """How many packets with its FIN there are."""
        return self.parting.fin_count

    @property
    def fin_ts(self) -> int:
        """Time of the first captured copy of its FIN, -1 none."""
        return self.parting.fin_ts

    @property
    def fin_inferred(self) -> bool:
        """Whether the FIN is known by its acknowledgement alone."""
        return self.parting.fin_inferred

    @property
    def fin_acked(self) -> bool:
        """Whether the peer acknowledged the FIN."""
        return self.parting.fin_acked

    @property
    def fin_acked_packet(self) -> int:
        """The packet that acknowledged the FIN; 0 none, or before it."""
        return self.parting.fin_acked_packet

    @property
    def fin_acked_ts(self) -> int:
        """When the FIN was acknowledged, -1 not known."""
        return self.parting.fin_acked_ts

    @property
    def rst_packets(self) -> list[int]:
        """Packets with a RST of it."""
        return self.parting.rst_packets

    @property
    def rst_count(self) -> int:
        """How many packets with a RST of it there are."""
        return self.parting.rst_count

    @property
    def tail_at_close(self) -> bytes:
        """The last octets that it had sent before the close."""
        return self.parting.tail

    @property
    def last_data_ts_at_close(self) -> int:
        """When it had sent its last octets before the close, -1 never."""
        return self.parting.last_data_ts

    @property
    def last_data_packet_at_close(self) -> int:
        """The packet of its last octets before the close, 0 none."""
        return self.parting.last_data_packet


def kept(packets: list[int], packet: i64, detail: bool) -> list[int]:
    """The packet numbers with one more, while there is room; ``detail``: the connection is told in full."""
    if packets is NO_PACKETS:
        return [packet]
    if detail and len(packets) < END_PACKETS:
        packets.append(packet)
    return packets


def part(side: Side) -> Parting:
    """The side's own Parting, to be written to."""
    if side.parting is OPEN:
        side.parting = Parting()
    return side.parting


def trouble(side: Side) -> Trouble:
    """The side's own Trouble, to be written to."""
    if side.trouble is SMOOTH:
        side.trouble = Trouble()
        side.trouble.most_gaps = MAX_GAPS if side.detail else GAPS_IN_BRIEF
    return side.trouble
