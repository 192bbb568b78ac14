"""Connection: what is known of a TCP connection while packets arrive, and in the end; Close: what ended it.

In: the tracker's updates, packet by packet. Out: attributes that timeline/ and report/ read after
``finish``. Everything here is measurement; who is to blame is decided elsewhere.
Sides are 0 (orig: the first known sender) and 1 (resp); ``client`` and ``server`` name them for people.
"""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from capanalyze.tcp.events import NO_EVENTS, NO_NOTES, Event, Note
from capanalyze.tcp.parting import NO_PACKETS
from capanalyze.tcp.side import TAIL, Side, ports_at, said_before
from capanalyze.tcp.views import Views

__all__ = ["TAIL", "Close", "Connection", "Side"]

TOLD_AT_LENGTH: Final = 100
"""The first connections, of which longer lists are kept than of the others (``Connection.at_length``)."""


class Close:
    """The first thing that ended a direction (contract.md, "close"); packet is 0 where it was inferred."""

    __slots__ = (
        "ack",
        "asked",
        "certainty",
        "copied",
        "doubt",
        "first",
        "inferred",
        "interface",
        "kind",
        "packet",
        "patience",
        "quiet",
        "sent",
        "seq",
        "side",
        "ts_ns",
        "ttl",
    )

    def __init__(self, first: str, kind: str, packet: i64, ts_ns: i64, inferred: bool, certainty: str) -> None:
        self.first: str = first  # "client", "server" or "both"
        self.kind: str = kind  # "FIN" or "RST"
        self.packet: i64 = packet
        self.ts_ns: i64 = ts_ns
        self.inferred: bool = inferred
        self.certainty: str = certainty  # "certain" or "likely"
        self.doubt: str = ""  # why it is likely only (grounds.py); "" also where it is inferred
        self.quiet: bool = False  # it rests on the absence of packets in a capture that is not known to lack any
        self.side: i64 = -1  # 0 or 1; -1 where both closed
        self.seq: i64 = -1  # of a RST
        self.ack: i64 = -1  # of a RST with the ACK flag
        self.asked: bool = True  # of a RST without it: a packet of the peer's was captured that it may answer
        self.sent: i64 = 0  # where its sender's octets ended, as far as known when a doubtful RST came
        self.ttl: i64 = -1  # of a RST; -1 unknown
        self.interface: i64 = -1  # which one captured a RST
        self.copied: bool = False  # another one captured that RST too
        self.patience: i64 = 0  # packets that may yet prove a RST which was ignored


class Connection:
    """A TCP connection of the capture (contract.md, "Connection"); complete after ``close.finish``.

    How much is kept of it is of three degrees. The first ones are told in full (``detail``: events, notes, last
    octets), the very first of these at length (``at_length``: longer lists); the others are counted only (table.py).
    """

    __slots__ = (
        "api",
        "client_side",
        "client_state",
        "close",
        "conn_state",
        "copies",
        "cut_packets",
        "detail",
        "doubtful_reset",
        "early_reset",
        "ending",
        "events",
        "events_left_out",
        "first_packet",
        "first_ts",
        "given_up",
        "gone",
        "header_cut",
        "heeded",
        "history",
        "ignored_count",
        "ignored_resets",
        "interface",
        "load",
        "narrated",
        "notes",
        "number",
        "opened",
        "orig",
        "over",
        "refused",
        "reset",
        "resp",
        "roles_from",
        "rtt_ns",
        "server_state",
        "syn_ts",
        "talker",
        "views",
    )

    def __init__(self, number: i64, orig: Side, resp: Side, detail: bool) -> None:
        self.number: i64 = number  # 1, 2, ... in order of first packet
        self.orig: Side = orig
        self.resp: Side = resp
        self.client_side: i64 = 0  # which of the two is the client
        self.roles_from: str = "first_packet"
        self.opened: str | None = None
        self.first_packet: i64 = 0
        self.first_ts: i64 = -1
        self.syn_ts: i64 = -1  # time of the newest SYN without ACK
        self.rtt_ns: i64 = -1  # from it to the ACK that completed the handshake; -1 unknown
        self.close: Close | None = None
        self.reset: Close | None = None  # the first valid RST, wherever it stands
        self.doubtful_reset: Close | None = None  # in the window but not exact: judged by what follows
        self.early_reset: Close | None = None  # ignored, and ahead of what was captured: that may follow
        self.ignored_resets: list[int] = NO_PACKETS
        self.ignored_count: i64 = 0
        self.client_state: str = "UNKNOWN"
        self.server_state: str = "UNKNOWN"
        self.conn_state: str = "OTH"
        self.history: str = ""
        self.notes: list[Note] = NO_NOTES
        self.events: list[Event] = [] if detail else NO_EVENTS
        self.events_left_out: i64 = 0
        self.talker: i64 = -1  # the side whose payload came last
        self.cut_packets: i64 = 0  # packets whose header is cut before the flags
        self.copies: i64 = 0  # packets that the capture holds more than once (copies.py)
        self.interface: i64 = -1  # that captured its first packet
        self.views: Views | None = None  # what two interfaces have of it, where both captured it
        self.refused: bool = False
        self.ending: bool = False  # a FIN or a valid RST was captured
        self.header_cut: bool = False  # the capture cut all its headers before the flags
        self.detail: bool = detail  # False: beyond those told in full; forgotten when it is over (table.py)
        self.api: bool = False  # on one of the gateway's ports, or TWS was spoken
        self.over: bool = False  # nothing more is to come
        self.gone: bool = False  # it was counted and forgotten
        self.given_up: bool = False  # before it was over, for want of room (given_up.py)
        self.load: i64 = 0  # what it takes of the room, where it is counted only
        self.heeded: bool = True  # payload is still worth handing on
        self.narrated: bool = True  # payload makes "data" events: its messages do not tell the story

    @property
    def at_length(self) -> bool:
        """Whether it is one of the very first."""
        return self.number <= TOLD_AT_LENGTH

    @property
    def client(self) -> Side:
        """The side that opened the connection, by the best evidence (``roles_from``)."""
        return self.side(self.client_side)

    @property
    def server(self) -> Side:
        """The gateway's side."""
        return self.resp if self.client_side == 0 else self.orig

    def side(self, index: i64) -> Side:
        """Side 0 (``orig``) or 1 (``resp``)."""
        return self.orig if index == 0 else self.resp

    @property
    def with_itself(self) -> bool:
        """Whether both ends are one socket, which connected to its own port (RFC 9293 3.5, simultaneous open)."""
        return self.orig is self.resp

    @property
    def packets(self) -> int:
        """Packets of both sides."""
        return self.orig.packets if self.with_itself else self.orig.packets + self.resp.packets

    @property
    def octets(self) -> int:
        """Octets of both sides."""
        return self.orig.octets if self.with_itself else self.orig.octets + self.resp.octets

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

    def forget_times(self) -> None:
        """Forget when things happened, and keep that they did: the connection will never be told in full."""
        self.first_packet = 0
        self.first_ts = self.syn_ts = -1
        self.rtt_ns = 0
        for side in (self.orig, self.resp):
            side.max_ts = side.first_data_ts = side.first_data_acked_ts = side.last_data_ts = -1
            side.last_data_packet = 0
            side.first_data_packet = min(side.first_data_packet, 1)
            side.first_data_acked_packet = min(side.first_data_acked_packet, 1)


def ends(key: bytes) -> tuple[Side, Side]:
    """The two sides of a connection whose first segment has that key: one, its own peer, where it leads to itself."""
    ports = ports_at(key)
    octets = ports // 2
    back = key[octets:ports] + key[:octets] + key[ports + 2 : ports + 4] + key[ports : ports + 2]
    if len(key) > ports + 4:
        back += key[ports + 4 :]  # the VLAN
    orig = Side(key)
    if back == key:
        orig.peer = orig
        return orig, orig
    resp = Side(back)
    resp.index = 1
    orig.peer, resp.peer = resp, orig
    return orig, resp


def is_over(connection: Connection) -> bool:
    """Whether nothing more is to come: both sides closed, or a RST counted."""
    return connection.reset is not None or (connection.orig.parting.closed and connection.resp.parting.closed)


def mark_end(connection: Connection) -> bool:
    """The connection ends: set apart what both sides had said by now; False where it had begun to end before."""
    if connection.ending:
        return False
    connection.ending = True
    said_before(connection.orig)
    said_before(connection.resp)
    return True
