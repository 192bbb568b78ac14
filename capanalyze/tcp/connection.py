"""Connection and Side: what is known of a TCP connection while packets arrive, and of it in the end.

In: the tracker's updates, packet by packet. Out: attributes that timeline/ and report/ read after
``finish``. Everything here is measurement; who is to blame is decided elsewhere.
Sides are 0 (orig: the first known sender) and 1 (resp); ``client`` and ``server`` name them for people.
"""

from typing import Final

from mypy_extensions import i64

RECENT: Final = 16
"""Payload pieces kept per side, the newest; what came before the close is decoded from them."""

RECENT_OCTETS: Final = 4096
"""Octets kept of each such piece (its end)."""

EVENTS: Final = 120
"""TCP events kept per connection before the middle is left out (``events_left_out`` counts)."""

NOTE_PACKETS: Final = 100
"""Packet numbers kept for each note; ``count`` stays true."""


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

    def add(self, packet: i64) -> None:
        """Count one more packet, and remember its number while there is room."""
        self.count += 1
        if len(self.packets) < NOTE_PACKETS:
            self.packets.append(packet)


class Gap:
    """Octets of a side that the capture lacks: the peer acknowledged them (or later ones arrived)."""

    __slots__ = ("acknowledged", "length", "offset", "packet")

    def __init__(self, offset: i64, length: i64, packet: i64, acknowledged: bool) -> None:
        self.offset: i64 = offset
        self.length: i64 = length
        self.packet: i64 = packet
        self.acknowledged: bool = acknowledged


class Piece:
    """The end of an in-order piece of payload: ``data`` are stream octets ``offset`` to ``offset + len(data)``."""

    __slots__ = ("data", "offset", "packet", "ts_ns")

    def __init__(self, data: bytes, offset: i64, packet: i64, ts_ns: i64) -> None:
        self.data: bytes = data
        self.offset: i64 = offset
        self.packet: i64 = packet
        self.ts_ns: i64 = ts_ns


class Close:
    """The first thing that ended a direction (contract.md, "close"); packet is 0 where it was inferred."""

    __slots__ = ("certainty", "first", "inferred", "kind", "packet", "ts_ns")

    def __init__(self, first: str, kind: str, packet: i64, ts_ns: i64, inferred: bool, certainty: str) -> None:
        self.first: str = first  # "client", "server" or "both"
        self.kind: str = kind  # "FIN" or "RST"
        self.packet: i64 = packet
        self.ts_ns: i64 = ts_ns
        self.inferred: bool = inferred
        self.certainty: str = certainty  # "certain" or "likely"


class Side:
    """One end of a connection: what it sent, and how far the peer acknowledged it.

    ``seq`` positions are relative: 0 is the first octet of payload (the SYN is -1), unwrapped to 64 bits.
    """

    def __init__(self, key: bytes, host: bytes, port: i64) -> None:
        self.key: bytes = key
        self.host: bytes = host  # 4 or 16 octets
        self.port: i64 = port
        self.index: i64 = 0  # 0 orig, 1 resp
        self.peer: Side | None = None
        self.connection: Connection | None = None
        # sequence space
        self.next_seq: i64 = -1  # the 32-bit number that is in order next; -1 before the first segment
        self.next_rel: i64 = 0  # the same, relative
        self.max_rel: i64 = 0  # the highest relative position sent (payload and FIN)
        self.acked_rel: i64 = -1  # how far the peer acknowledged (relative); -1 not even the SYN
        self.window: i64 = -1  # last advertised, unscaled
        self.scale: i64 = 0
        self.last_ack: i64 = -1  # last acknowledgement number this side sent (32 bits)
        # counts
        self.packets: i64 = 0
        self.octets: i64 = 0  # payload, each once
        self.missing: i64 = 0  # acknowledged by the peer and not in the capture
        self.last_packet: i64 = 0
        self.last_ts: i64 = -1
        self.last_data_packet: i64 = 0
        self.last_data_ts: i64 = -1
        # what ended it
        self.fin_rel: i64 = -1  # position of the FIN; -1 none
        self.fin_packets: list[int] = []
        self.fin_inferred: bool = False
        self.fin_acked: bool = False
        self.rst_packets: list[int] = []
        # the newest payload, oldest first
        self.recent: list[Piece] = []
        self.gaps: list[Gap] = []


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
        self.last_packet: i64 = 0
        self.first_ts: i64 = -1
        self.last_ts: i64 = -1
        self.packets: i64 = 0
        self.close: Close | None = None
        self.ignored_resets: list[int] = []
        self.client_state: str = "UNKNOWN"
        self.server_state: str = "UNKNOWN"
        self.conn_state: str = "OTH"
        self.history: str = ""
        self.notes: list[Note] = []
        self.events: list[Event] = []
        self.events_left_out: i64 = 0
        self.detail: bool = True  # False: beyond the connections told in full
        # the newest payload of both sides as it stood when the close was seen
        self.before_close: tuple[list[Piece], list[Piece]] | None = None

    @property
    def client(self) -> Side:
        """The side that opened the connection, by the best evidence (``roles_from``)."""
        return self.orig if self.client_side == 0 else self.resp

    @property
    def server(self) -> Side:
        """The gateway's side."""
        return self.resp if self.client_side == 0 else self.orig
