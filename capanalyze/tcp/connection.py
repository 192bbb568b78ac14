"""Connection and Side: what is known of a TCP connection while packets arrive, and of it in the end.

In: the tracker's updates, packet by packet. Out: attributes that timeline/ and report/ read after
``finish``. Everything here is measurement; who is to blame is decided elsewhere.
Sides are 0 (orig: the first known sender) and 1 (resp); ``client`` and ``server`` name them for people.
"""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

TAIL: Final = 64
"""Octets of payload kept per side, the newest: what was said last before the close."""

EVENTS: Final = 120
"""TCP events kept per connection before the middle is left out (``events_left_out`` counts)."""

EVENTS_IN_BRIEF: Final = 12
"""The same for a connection that is not told in full."""

NOTE_PACKETS: Final = 100
"""Packet numbers kept for each note; ``count`` stays true."""

NOTE_PACKETS_IN_BRIEF: Final = 3
"""The same for a connection that is not told in full."""

END_PACKETS: Final = 100
"""FINs, RSTs and ignored RSTs whose packet numbers are kept, per side; ``*_count`` stays true."""

NOWHERE: Final = -(1 << 62)
"""A position where there is none."""

NOT_CAPTURED: Final = -2
"""``Side.offer`` of a side whose SYN is not in the capture."""


class Event:
    """A TCP happening worth a line: its packet, time, sender and kind.

    Kinds: "SYN" "SYN-ACK" "ACK" (completes the handshake) "FIN" "RST" "data" and the tcp.analysis words
    of notes.py. ``value`` is the octets of "data", the window of "window_update", else 0.
    ``flag`` qualifies: "retransmission", "ignored", "out_of_window", "after_close", "" ...
    ``last_packet`` and ``count`` fold repeats of the same kind by the same side.
    """

    __slots__ = ("count", "flag", "kind", "last_packet", "packet", "side", "ts_ns", "value")

    def __init__(self, packet: i64, ts_ns: i64, side: i64, kind: str, value: i64, flag: str) -> None:
        self.packet: i64 = packet
        self.last_packet: i64 = packet
        self.ts_ns: i64 = ts_ns
        self.side: i64 = side
        self.kind: str = kind
        self.value: i64 = value
        self.flag: str = flag
        self.count: i64 = 1


class Note:
    """A Wireshark tcp.analysis word, the side whose packets carry it, and which packets they are."""

    __slots__ = ("count", "note", "packets", "side")

    def __init__(self, note: str, side: i64) -> None:
        self.note: str = note
        self.side: i64 = side
        self.packets: list[int] = []
        self.count: i64 = 0

    def add(self, packet: i64, room: i64) -> None:
        """Count one more packet, and remember its number while there are fewer than ``room``."""
        self.count += 1
        if len(self.packets) < room:
            self.packets.append(packet)


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


class Close:
    """The first thing that ended a direction (contract.md, "close"); packet is 0 where it was inferred."""

    __slots__ = ("ack", "certainty", "first", "inferred", "kind", "packet", "seq", "side", "ts_ns")

    def __init__(self, first: str, kind: str, packet: i64, ts_ns: i64, inferred: bool, certainty: str) -> None:
        self.first: str = first  # "client", "server" or "both"
        self.kind: str = kind  # "FIN" or "RST"
        self.packet: i64 = packet
        self.ts_ns: i64 = ts_ns
        self.inferred: bool = inferred
        self.certainty: str = certainty  # "certain" or "likely"
        self.side: i64 = -1  # 0 or 1; -1 where both closed
        self.seq: i64 = -1  # of a RST
        self.ack: i64 = -1  # of a RST with the ACK flag


class Held:
    """Payload that arrived ahead of a hole: relative positions ``start`` to ``end`` (``end`` by the headers)."""

    __slots__ = ("data", "end", "packet", "start", "ts_ns")

    def __init__(self, start: i64, end: i64, data: bytes, packet: i64, ts_ns: i64) -> None:
        self.start: i64 = start
        self.end: i64 = end
        self.data: bytes = data
        self.packet: i64 = packet
        self.ts_ns: i64 = ts_ns


class Side:
    """One end of a connection: what it sent, and how far the peer acknowledged it.

    Positions (``*_rel``) count octets of payload from 0, unwrapped to 64 bits; a SYN is at -1. In a capture
    that starts mid-stream 0 is the first octet captured.

    Attributes for readers:
        host, port: its address (4 or 16 octets) and port.
        octets: payload in the capture, each octet once (contract.md, "Octets").
        missing: octets that the peer acknowledged and the capture lacks.
        tail, tail_at_close: the last TAIL octets it sent; the last before the connection's close.
        last_data_ts, last_data_ts_at_close: time of its newest payload, and of the newest before the close.
        last_data_packet, last_data_packet_at_close: the packets of these.
        fin_packets, rst_packets: packet numbers, retransmissions and copies included, the first END_PACKETS of them;
        fin_count, rst_count: how many there are.
        fin_acked: the peer acknowledged the FIN, with fin_acked_packet (0: before it, or not captured) at fin_acked_ts;
        fin_inferred: the FIN is known only by that.
        gaps: holes in its stream, in stream order, the first MAX_GAPS found; gaps_left_out, gap_octets_left_out:
            the rest.
        first_data_acked_ts, first_data_acked_packet: when the peer acknowledged its first payload (-1, 0: never).
    """

    def __init__(self, key: bytes, host: bytes, port: i64) -> None:  # noqa: PLR0915 - a line for each fact
        self.key: bytes = key
        self.host: bytes = host
        self.port: i64 = port
        self.index: i64 = 0  # 0 orig, 1 resp
        self.peer: Side | None = None
        self.connection: Connection | None = None
        self.plain: bool = False  # the short path may be taken
        self.detail: bool = True  # the newest octets are kept
        self.narrated: bool = True  # payload makes "data" events
        self.place: i64 = 0  # of its connection in the capture, from 0
        # sequence space
        self.isn: i64 = -1  # of the SYN; -1 not captured
        self.told: i64 = -1  # what the peer's SYN-ACK acknowledged, where the SYN itself was not captured before it
        self.next_seq: i64 = -1  # the 32-bit number that is in order next; -1 before anything is known
        self.next_rel: i64 = 0
        self.max_rel: i64 = 0  # the end of the highest octet or FIN sent
        self.low_rel: i64 = 0  # the lowest position known to be of the stream
        self.acked_rel: i64 = -1  # how far the peer acknowledged
        self.last_ack: i64 = -1  # the newest acknowledgement number this side sent (32 bits); -1 none
        self.window: i64 = -1  # last advertised, unscaled; -1 none
        self.room: i64 = 0  # the same in octets
        self.offer: i64 = NOT_CAPTURED  # the window scale that its SYN offers; -1 none
        self.scale: i64 = -1  # the one in force: 0 for a SYN's own window, -1 unknown
        self.scaled: bool = False  # it has sent more than SYNs
        self.ident: i64 = 0  # IP identification of the newest segment of the general path; 0 none
        self.ident_at: i64 = 0  # how many packets of the side that was
        self.acknowledged: bool = False  # it has sent a segment without payload and flags
        self.unsure: bool = False  # its numbers rest on a segment without payload: perhaps a keep-alive
        self.held: list[Held] = []
        self.held_octets: i64 = 0
        self.acked_hole: i64 = 0  # segments sent since the peer acknowledged beyond a hole
        # counts
        self.packets: i64 = 0
        self.octets: i64 = 0
        self.missing: i64 = 0
        self.last_packet: i64 = 0
        self.last_ts: i64 = -1
        self.first_data_packet: i64 = 0
        self.first_data_ts: i64 = -1
        self.first_data_acked_packet: i64 = 0
        self.first_data_acked_ts: i64 = -1
        self.last_data_packet: i64 = 0
        self.last_data_ts: i64 = -1
        self.last_data_packet_at_close: i64 = 0
        self.last_data_ts_at_close: i64 = -1
        self.tail: bytes = b""
        self.tail_at_close: bytes = b""
        # what ended it
        self.closed: bool = False  # it sent a FIN, captured or inferred
        self.fin_rel: i64 = NOWHERE  # position of the FIN
        self.fin_ack: i64 = -1  # acknowledgement number in the first copy of the FIN; -1 none
        self.fin_packets: list[int] = []
        self.fin_count: i64 = 0
        self.fin_ts: i64 = -1
        self.fin_inferred: bool = False
        self.fin_acked: bool = False
        self.fin_acked_packet: i64 = 0
        self.fin_acked_ts: i64 = -1
        self.fin_acked_at: i64 = NOWHERE  # position of the peer's segment that first acknowledged it
        self.whole_rel: i64 = 0  # the end of what was sent without a hole, or acknowledged in spite of one
        self.beyond_packet: i64 = 0  # the packet that first acknowledged more than the capture holds; 0 none
        self.beyond_ts: i64 = -1
        self.beyond_at: i64 = NOWHERE  # position of that segment in the peer's stream
        self.rst_packets: list[int] = []
        self.rst_count: i64 = 0
        self.rst_ack: i64 = -1  # acknowledgement number of its newest RST; -1 none
        self.gaps: list[Gap] = []
        self.gaps_left_out: i64 = 0
        self.gap_octets_left_out: i64 = 0
        # Zeek's view (zeek.py)
        self.zeek: i64 = 0
        self.zeek_before: i64 = 0
        self.history_seen: i64 = 0
        self.last_syn: i64 = -1
        self.last_fin: i64 = -1
        self.last_rst: i64 = -1
        self.repeats: i64 = 0
        self.zero_windows: i64 = 0
        self.holes: i64 = 0
        self.hole_at: i64 = NOWHERE
        # for notes
        self.duplicate_acks: i64 = 0
        self.duplicate_ack_ts: i64 = -1
        self.max_ts: i64 = -1  # time of the segment that set max_rel
        self.probe: str = ""  # the keep-alive or zero-window probe that the peer has to answer


class Connection:
    """A TCP connection of the capture (contract.md, "Connection"); complete after ``Tracker.finish``."""

    def __init__(self, number: i64, orig: Side, resp: Side) -> None:
        self.number: i64 = number  # 1, 2, ... in order of first packet
        self.orig: Side = orig
        self.resp: Side = resp
        self.client_side: i64 = 0  # which of the two is the client
        self.roles_from: str = "first_packet"
        self.opened: str | None = None
        self.first_packet: i64 = 0
        self.first_ts: i64 = -1
        self.close: Close | None = None
        self.reset: Close | None = None  # the first valid RST, wherever it stands
        self.doubtful_reset: Close | None = None  # in the window but not exact: judged by what follows
        self.refused: bool = False
        self.ignored_resets: list[int] = []
        self.ignored_count: i64 = 0
        self.client_state: str = "UNKNOWN"
        self.server_state: str = "UNKNOWN"
        self.conn_state: str = "OTH"
        self.history: str = ""
        self.notes: list[Note] = []
        self.events: list[Event] = []
        self.events_left_out: i64 = 0
        self.talker: i64 = -1  # the side whose payload came last
        self.ending: bool = False  # a FIN or a valid RST was captured
        self.header_cut: bool = False  # the capture cut all its headers before the flags
        self.cut_packets: i64 = 0  # packets whose header is cut before the flags
        self.copies: i64 = 0  # packets that the capture holds more than once (copies.py)
        self.detail: bool = True  # False: beyond the connections told in full
        self.vlan: i64 = 0
        self.heeded: bool = True  # payload is still worth handing on
        self.narrated: bool = True  # payload makes "data" events: its messages do not tell the story

    @property
    def client(self) -> Side:
        """The side that opened the connection, by the best evidence (``roles_from``)."""
        return self.orig if self.client_side == 0 else self.resp

    @property
    def server(self) -> Side:
        """The gateway's side."""
        return self.resp if self.client_side == 0 else self.orig

    @property
    def packets(self) -> int:
        """Packets of both sides."""
        return self.orig.packets + self.resp.packets

    @property
    def last_packet(self) -> int:
        """Number of the newest packet."""
        return max(self.orig.last_packet, self.resp.last_packet)

    @property
    def last_ts(self) -> int:
        """Time of the newest packet in file order, ns; -1 without times."""
        return self.orig.last_ts if self.orig.last_packet > self.resp.last_packet else self.resp.last_ts

    def side_name(self, index: i64) -> str:
        """Name side 0 or 1: "client" or "server"."""
        return "client" if index == self.client_side else "server"
