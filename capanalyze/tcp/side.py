"""Side: one end of a connection. What every connection needs lies in it; what few need, in its Parting and Trouble.

In: the tracker's updates, packet by packet. Out: attributes that timeline/ and report/ read after ``finish``.
A capture may hold tens of thousands of connections at a time, most of them plain: until a side closes or something
odd happens it shares one Parting and one Trouble with all others, which nobody writes to (``part`` and ``trouble``
give a side its own).
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from librt.strings import read_i16_be, read_i64_be
from mypy_extensions import i64, u8

from capanalyze.packets.common import COMPILED
from capanalyze.tcp.listener import Listener
from capanalyze.tcp.parting import (
    GAPS_IN_BRIEF,
    GAPS_SHORT,
    NO_PACKETS,
    OPEN,
    SMOOTH,
    Gap,
    Parting,
    Said,
    Trouble,
    kept,
)

if TYPE_CHECKING:
    from capanalyze.tcp.connection import Connection

TAIL: Final = 64
"""Octets of payload kept per side, the newest: what was said last before the close."""

NOT_CAPTURED: Final = -2
"""``Side.offer`` of a side whose SYN is not in the capture."""


class Side:
    """One end of a connection: what it sent, and how far the peer acknowledged it.

    Positions (``*_rel``) count octets of payload from 0, unwrapped to 64 bits; a SYN is at -1. In a capture
    that starts mid-stream 0 is the first octet captured, or one before it that the peer had not acknowledged yet.

    Attributes for readers:
        host, port: its address (4 or 16 octets) and port.
        octets: payload in the capture, each octet once (contract.md, "Octets").
        tail: the last TAIL octets it sent, after its newest hole, where the connection is told in full.
        first_data_packet, first_data_ts, last_data_packet, last_data_ts: its first and its newest payload.
        first_data_acked_packet, first_data_acked_ts: when the peer acknowledged its first payload (0, -1: never).
        and those of its Parting and Trouble.
    """

    __slots__ = (
        "acked_rel",
        "acknowledged",
        "answered",
        "begun",
        "bringers",
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
        "listener",
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
        "ports",
        "repeats",
        "room",
        "scale",
        "scaled",
        "tail",
        "trouble",
        "ttl",
        "whole_rel",
        "window",
        "zeek",
        "zeek_before",
    )

    peer: Side
    """The other end."""

    def __init__(self, key: bytes) -> None:
        # what the short path reads or writes lies together, in the order of how many segments need it
        self.plain: bool = False  # the short path may be taken
        self.narrated: bool = True  # payload makes "data" events
        self.detail: bool = True  # the newest octets are kept
        self.scaled: bool = False  # it has sent more than SYNs
        self.acknowledged: bool = False  # it has sent a segment without payload and flags
        self.answered: bool = False  # it has acknowledged payload of the peer
        self.history_seen: u8 = 0
        self.hosts: i64 = 0  # the addresses of a short key as a number,
        self.ports: i64 = -1  # and its ports: for the cache (recent.py)
        self.next_seq: i64 = -1  # the 32-bit number that is in order next; -1 before anything is known
        self.last_ack: i64 = -1  # the newest acknowledgement number this side sent (32 bits); -1 none
        self.next_rel: i64 = 0
        self.acked_rel: i64 = -1  # how far the peer acknowledged
        self.room: i64 = 0  # the window in octets
        self.window: i64 = -1  # last advertised, unscaled; -1 none
        self.packets: i64 = 0
        self.last_packet: i64 = 0
        self.last_ts: i64 = -1
        self.octets: i64 = 0
        self.last_data_packet: i64 = 0
        self.last_data_ts: i64 = -1
        self.listener: Listener | None = None  # whom its octets are for, as soon as that is settled
        self.tail: bytes = b""
        self.begun: bytes = b""  # a frame that is not whole yet, of a session at rest (tws/resting.py)
        # the rest
        self.index: i64 = 0  # 0 orig, 1 resp
        self.place: i64 = 0  # of its connection among those that are kept
        self.scale: i64 = -1  # the one in force: 0 for a SYN's own window, -1 unknown
        self.pieces: list[bytes] | None = None  # the interpreter's loop (lane.py) has not handed on,
        self.bringers: list[int] = NO_PACKETS  # and the packets that brought them
        self.key: bytes = key
        self.connection: Connection | None = None
        self.parting: Parting = OPEN
        self.trouble: Trouble = SMOOTH
        self.isn: i64 = -1  # of the SYN; -1 not captured
        self.max_rel: i64 = 0  # the end of the highest octet or FIN sent
        self.max_ts: i64 = -1  # time of the segment that set max_rel
        self.low_rel: i64 = 0  # the lowest position known to be of the stream
        self.whole_rel: i64 = 0  # the end of what was sent without a hole, or acknowledged in spite of one
        self.offer: i64 = NOT_CAPTURED  # the window scale that its SYN offers; -1 none
        self.ttl: i64 = -1  # in its first packet after the SYN, else in the SYN; -1 unknown
        self.ident: i64 = 0  # IP identification of the newest segment of the general path; 0 none
        self.ident_at: i64 = 0  # how many packets of the side that was
        self.first_data_packet: i64 = 0
        self.first_data_ts: i64 = -1
        self.first_data_acked_packet: i64 = 0
        self.first_data_acked_ts: i64 = -1
        self.zeek: i64 = 0
        self.zeek_before: i64 = 0
        self.last_syn: i64 = -1
        self.repeats: i64 = 0  # segments that brought payload again: often the only thing that is odd about a side
        if COMPILED and len(key) == 12:
            self.hosts = read_i64_be(key, 0)
            self.ports = read_i64_be(key, 4) & 0xFFFFFFFF
        self.peer = self  # until there is another

    @property
    def port(self) -> int:
        """Its port."""
        return port_at(self.key, ports_at(self.key))

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
    def fin_packets(self) -> list[int]:
        """Packets with its FIN."""
        return self.parting.fin_packets

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
    def at_close(self) -> Said:
        """What it had said last when the close came."""
        return self.parting.said


def ports_at(key: bytes) -> i64:
    """Where the two ports lie in a side's key, behind its two addresses."""
    return 8 if len(key) < 36 else 32


def port_at(key: bytes, at: i64) -> i64:
    """The port that lies there."""
    return i64(read_i16_be(key, at)) & 0xFFFF


def part(side: Side) -> Parting:
    """The side's own Parting, to be written to."""
    if side.parting is OPEN:
        side.parting = Parting()
    return side.parting


def count_fin(side: Side, packet: i64) -> None:
    """One more packet with a side's FIN."""
    parting = part(side)
    parting.fin_packets = kept(parting.fin_packets, packet, side.detail)
    parting.fin_count += 1


def count_rst(side: Side, packet: i64) -> None:
    """One more packet with a RST of a side."""
    parting = part(side)
    parting.rst_packets = kept(parting.rst_packets, packet, side.detail)
    parting.rst_count += 1


def trouble(side: Side) -> Trouble:
    """The side's own Trouble, to be written to."""
    if side.trouble is SMOOTH:
        side.trouble = Trouble()
        if not side.detail:
            side.trouble.most_gaps = GAPS_IN_BRIEF
        elif side.connection is not None and not side.connection.at_length:
            side.trouble.most_gaps = GAPS_SHORT
    return side.trouble


@lru_cache(2048)
def shared(number: int) -> int:
    """An equal number, one object for the many connections that have it."""
    return number


def break_tail(side: Side) -> None:
    """Octets are missing, or cut off, after the last ones: what comes next does not belong beside them."""
    odd = trouble(side)
    odd.tail_to_hole = side.tail or odd.tail_to_hole
    side.tail = b""


def last_octets(side: Side) -> bytes:
    """The last octets that it sent, none of them missing between two of them; those before a hole that ends them."""
    return side.tail or side.trouble.tail_to_hole


def said_before(side: Side) -> None:
    """Set apart what a side had said by now, where that is told."""
    if not side.detail:
        return
    part(side).said = Said(side.last_packet, side.last_data_packet, side.last_data_ts, last_octets(side))
