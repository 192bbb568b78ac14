"""Captures told in another way: transformations of their frames that change no answer, or only which packet gives it.

Written from the RFCs on octets alone, without the project's own reading of headers. Checksums are not made anew: a
capture on the sending host does not have them either.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import NamedTuple

from capanalyze.capture.files import open_file
from tests.capture.octets import records
from tests.conversation import ACK, ETHERNET, FIN, PSH, RST, SYN

BEHIND_ETHERNET = 14
FOUR, SIX = b"\x08\x00", b"\x86\xdd"
SACK = 5
PORTS = (4001, 4002, 7496, 7497)
FRAGMENT = 40
MORE_FRAGMENTS = 0x2000

Flow = tuple[bytes, int, bytes, int]
"""Address and port of the sender, and of the receiver."""


class Frame(NamedTuple):
    """A packet: when (ns since the epoch), how many octets the wire had, and which were captured."""

    ts_ns: int
    wire: int
    octets: bytes


class Head(NamedTuple):
    """The headers of a TCP segment; ``tcp``, ``payload`` and ``end`` are places in its frame."""

    tcp: int
    payload: int
    end: int
    flow: Flow
    seq: int
    ack: int
    flags: int


def head(octets: bytes) -> Head:
    """The headers of a segment behind Ethernet and IP."""
    six = octets[12:14] == SIX
    assert six or octets[12:14] == FOUR
    tcp = BEHIND_ETHERNET + (40 if six else octets[14] % 16 * 4)
    end = BEHIND_ETHERNET + (40 + octets_of(octets, 18) if six else octets_of(octets, 16))
    source, target, seq, ack, offset, flags = struct.unpack_from("!HHIIBB", octets, tcp)
    first, size = (22, 16) if six else (26, 4)
    flow = (octets[first : first + size], source, octets[first + size : first + 2 * size], target)
    return Head(tcp, tcp + offset // 16 * 4, end, flow, seq, ack, flags)


def octets_of(octets: bytes, at: int) -> int:
    """A length field."""
    return int.from_bytes(octets[at : at + 2])


def frames_of(path: Path) -> list[Frame]:
    """The frames of a capture of whole TCP segments behind Ethernet; none of any other."""
    found = records(open_file(str(path)))
    if not all(record.link_type == ETHERNET and len(record.data) == record.original for record in found):
        return []
    return [Frame(record.ts_ns, record.original, record.data) for record in found]


def rewritten(frame: Frame, octets: bytes) -> Frame:
    """The frame with other octets, all of them captured."""
    return Frame(frame.ts_ns, len(octets), octets)


def renumbered(frames: Sequence[Frame], chance: Random) -> list[Frame]:
    """Each side has another initial sequence number (RFC 9293 3.4.1), and the numbers wrap soon behind it."""
    ahead: dict[Flow, int] = {}
    for of in (head(frame.octets) for frame in frames):
        for flow, number in ((of.flow, of.seq), (other_way(of.flow), of.ack)):
            ahead.setdefault(flow, -chance.randrange(1, 1500) - number)
    told = []
    for frame in frames:
        of = head(frame.octets)
        octets = bytearray(frame.octets)
        back = ahead[other_way(of.flow)]
        if not of.flags & RST or of.seq:  # the answer to a SYN has no number of its own (RFC 9293 3.10.7.1)
            add(octets, of.tcp + 4, ahead[of.flow])
        if of.flags & ACK:
            add(octets, of.tcp + 8, back)
        for at in acknowledged_blocks(octets, of):
            add(octets, at, back)
        told.append(rewritten(frame, bytes(octets)))
    return told


def other_way(flow: Flow) -> Flow:
    """The other direction of a connection."""
    return flow[2:] + flow[:2]


def add(octets: bytearray, at: int, number: int) -> None:
    """Add to a sequence number."""
    struct.pack_into("!I", octets, at, (int.from_bytes(octets[at : at + 4]) + number) % 2**32)


def acknowledged_blocks(octets: bytes | bytearray, of: Head) -> list[int]:
    """Where the numbers of the SACK option are (RFC 2018 3)."""
    at, found = of.tcp + 20, []
    while at < of.payload and octets[at] != 0:
        if octets[at] == 1:
            at += 1
            continue
        if octets[at] == SACK:
            found += range(at + 2, at + octets[at + 1], 4)
        at += max(octets[at + 1], 2)
    return found


def from_other_ports(frames: Sequence[Frame], first: int) -> list[Frame]:
    """Behind a NAT: the clients' ports lie from ``first`` on."""
    ports: dict[int, int] = {}
    told = []
    for frame in frames:
        octets = bytearray(frame.octets)
        tcp = head(frame.octets).tcp
        for at in (tcp, tcp + 2):
            port = octets_of(octets, at)
            if port not in PORTS:
                struct.pack_into("!H", octets, at, ports.setdefault(port, first + len(ports)))
        told.append(rewritten(frame, bytes(octets)))
    return told


def behind(prefix: bytes, frames: Sequence[Frame], kept: int = 0) -> list[Frame]:
    """The same packets with other octets before the IP header, behind the first ``kept`` of the Ethernet header."""
    rest = kept or BEHIND_ETHERNET
    return [rewritten(frame, frame.octets[:kept] + prefix + frame.octets[rest:]) for frame in frames]


def padded(frames: Sequence[Frame]) -> list[Frame]:
    """As on a wire: at least 60 octets, without the frame check sequence (IEEE 802.3 3.2.8)."""
    return [rewritten(frame, frame.octets.ljust(60, b"\0")) for frame in frames]


def part(frame: Frame, start: int, end: int, flags: int) -> Frame:
    """A segment of the octets ``start:end`` of another one's payload."""
    of = head(frame.octets)
    octets = bytearray(frame.octets[: of.payload] + frame.octets[of.payload + start : of.payload + end])
    counted = 54 if octets[12:14] == SIX else BEHIND_ETHERNET
    struct.pack_into("!H", octets, 18 if octets[12:14] == SIX else 16, len(octets) - counted)
    add(octets, of.tcp + 4, start)
    octets[of.tcp + 13] = flags
    return rewritten(frame, bytes(octets))


def in_two(frames: Sequence[Frame], chance: Random) -> list[Frame]:
    """Every segment of two octets or more in two, cut anywhere; FIN and PSH go with the second."""
    told = []
    for frame in frames:
        of = head(frame.octets)
        length = of.end - of.payload
        if length < 2 or of.flags & SYN:
            told.append(frame)
            continue
        cut = chance.randrange(1, length)
        told += [part(frame, 0, cut, of.flags & ~(FIN | PSH)), part(frame, cut, length, of.flags)]
    return told


def in_fragments(frames: Sequence[Frame]) -> list[Frame]:
    """Every longer datagram of IPv4 in two fragments (RFC 791 3.2)."""
    told = []
    for number, frame in enumerate(frames, 1):
        of = head(frame.octets)
        if frame.octets[12:14] == SIX or of.end - of.tcp <= FRAGMENT:
            told.append(frame)
            continue
        body = frame.octets[of.tcp : of.end]
        for start, octets in ((0, body[:FRAGMENT]), (FRAGMENT, body[FRAGMENT:])):
            header = bytearray(frame.octets[: of.tcp])
            place = MORE_FRAGMENTS if start == 0 else start // 8
            struct.pack_into("!HHH", header, 16, of.tcp - BEHIND_ETHERNET + len(octets), number, place)
            told.append(rewritten(frame, bytes(header) + octets))
    return told


def twice(frames: Sequence[Frame]) -> list[Frame]:
    """Every packet is captured again a microsecond later."""
    return [copy for frame in frames for copy in (frame, frame._replace(ts_ns=frame.ts_ns + 1000))]
