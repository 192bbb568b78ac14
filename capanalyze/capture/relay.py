"""Relay: packets whose encapsulation is Wireshark's come back as plain IP, between all others, in order.

In: the packets of a capture, one by one. Out: a cursor over the same packets with the same numbers and times; what
tshark unwrapped has the link type LINK_TAGGED: two octets that name the tunnel, then IP. A frame that carries
several datagrams (A-MSDU) gives several packets with one number; a tunnel's datagram that came in fragments is
unwrapped with the fragment that completes it, and has its number.
"""

import socket
from collections import deque
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Final, NamedTuple

from capanalyze.capture.pdml import Header, Layers
from capanalyze.capture.queue import PacketQueue
from capanalyze.capture.tshark import MAX_CAPTURED, Tshark
from capanalyze.errors import ToolError
from capanalyze.packets.ip import FRAGMENT_HEADER, IpHeader, is_extension
from capanalyze.packets.link import LINK_PIECE, LINK_TAGGED, LinkLayer
from capanalyze.packets.outer import OuterFragments
from capanalyze.packets.raw import RawPackets
from capanalyze.packets.wrapped import wrapping

WAITING: Final = 2048
"""Packets that may wait for an answer of tshark before we wait too."""

STRETCH: Final = 2000
SPARSE: Final = 50
"""Where fewer than one in SPARSE of STRETCH packets needed tshark, the native reader goes on alone until the next: it
is ten times faster than the way through the relay. A datagram in pieces may take a stretch more to become whole."""

FIRST_TUNNEL: Final = 4096
LAST_TUNNEL: Final = 65535
"""Numbers of tunnels, beyond those of VLANs; should there be more tunnels, the rest share the last one."""

AH: Final = 51


class Waiting(NamedTuple):
    """A packet in the order of the capture, with the attributes of RawPackets; ``asked``: tshark has been.

    ``wrapping``: the name of what hides its IP header.
    """

    asked: bool
    number: int
    ts_ns: int
    interface: int
    link_type: int
    data: bytes
    offset: int
    captured: int
    original: int
    wrapping: str

    def plain(self) -> tuple[int, int, int, int, bytes, int, int, int]:
        """What a PacketQueue takes."""
        return self[1:9]


class Relay:
    """Between a reader and the analyzer.

    Args:
        everything: ask about all packets, not only about those that we cannot unwrap.

    Attributes:
        tunnels: what tells one tunnel from another -> its number, which is part of a connection's identity.
        unwrapped: names of wrappings -> packets in which tshark found what they carry.
        failure: why tshark answers no more, or "": what is put in then comes out as it is.
        left_out: names of wrappings -> packets that were still to be unwrapped when it failed.
        incomplete: fragments of tunnels' datagrams that never became whole; final after ``finish``.
    """

    def __init__(self, everything: bool) -> None:
        """Start tshark.

        Raises:
            ToolError: it is not installed.
        """
        self.tunnels: dict[tuple[str, ...], int] = {}
        self.unwrapped: dict[str, int] = {}
        self.failure = ""
        self.left_out: dict[str, int] = {}
        self.incomplete = 0
        self._everything = everything
        self._tshark = Tshark()
        self._queue = PacketQueue()
        self._waiting: deque[Waiting] = deque()
        self._link = LinkLayer()
        self._ip = IpHeader()
        self._outer = OuterFragments()
        self._stretch = 0
        self._needed = 0

    def follow(self, packets: RawPackets) -> bool:
        """Take all packets that the cursor has; False where the relay is hardly needed and some are left."""
        while packets.advance():
            self.put(packets)
            self._stretch += 1
            if self._stretch >= STRETCH and not (self._outer.fragments.waiting and self._stretch < 2 * STRETCH):
                sparse = self._needed * SPARSE < STRETCH and not self._everything
                self._stretch = self._needed = 0
                if sparse:
                    return False
        return True

    def put(self, captured: RawPackets) -> None:
        """Take the current packet."""
        packets = self._outer.put(captured)
        name = wrapping(packets) if packets.link_type != LINK_PIECE else ""
        asked = name != "" or (self._everything and packets.link_type != LINK_PIECE)
        if asked:
            self._tshark.ask(packets)
            self._needed += 1
        self._waiting.append(
            Waiting(
                asked,
                int(packets.number),
                int(packets.ts_ns),
                int(packets.interface),
                int(packets.link_type),
                packets.data,
                int(packets.offset),
                int(packets.captured),
                int(packets.original),
                name,
            )
        )

    def take(self, most: int = WAITING) -> PacketQueue:
        """The packets whose turn has come; at most ``most`` are left waiting, none where tshark has failed.

        Raises:
            ToolError: tshark died or hangs, and it was to read all packets.
        """
        waiting = self._waiting
        while waiting and (len(waiting) > most or not waiting[0].asked or self.failure):
            packet = waiting.popleft()
            found = self._answer() if packet.asked else None
            if found is not None:
                self._unwrap(packet, found)
                continue
            if packet.asked:
                self.left_out[packet.wrapping] = self.left_out.get(packet.wrapping, 0) + 1
            self._queue.put(*packet.plain())
        return self._queue

    def _answer(self) -> Layers | None:
        """What tshark says of the next packet; None where it says no more."""
        if self.failure:
            return None
        try:
            return self._tshark.answer()
        except ToolError as error:
            if self._everything:
                raise
            self.failure = str(error)
            return None

    def finish(self) -> PacketQueue:
        """All packets that are left; no more will be put in.

        Raises:
            ToolError: as ``take``.
        """
        self._tshark.finish()
        self._outer.fragments.finish()
        self.incomplete = int(self._outer.fragments.unused)
        return self.take(0)

    def close(self) -> None:
        """End tshark. Idempotent."""
        self._tshark.close()

    def _unwrap(self, packet: Waiting, found: Layers) -> None:
        """Put in the datagrams that the packet carries; itself where tshark found none or where we see it too."""
        octets = packet.data[packet.offset : packet.offset + packet.captured]
        plain = int(self._link.ip_offset(octets, 0, len(octets), packet.link_type))
        before = max(min(len(octets), MAX_CAPTURED) - found.captured, 0)
        headers = [Header(before + one.offset, one.source) for one in found.headers]
        inner = innermost(octets, headers)
        datagrams = [(place, *without_ah(octets[place:])) for place in inner]
        if not inner or (inner == [plain] and datagrams[0][2] == 0):
            self._queue.put(*packet.plain())
            return
        if packet.wrapping:
            self.unwrapped[packet.wrapping] = self.unwrapped.get(packet.wrapping, 0) + 1
        tag = self._tag(found.tunnel)
        pieces = [one.offset for one in headers if self._is_piece(octets, one.offset)]
        for place, datagram, missing in datagrams:
            left = packet.original - place - missing
            if min(pieces, default=place) < place:  # the rest of it comes in other packets
                left = max(left, length(datagram))
            self._queue.put(
                packet.number,
                packet.ts_ns,
                packet.interface,
                LINK_TAGGED,
                tag + datagram,
                0,
                2 + len(datagram),
                2 + left,
            )

    def _is_piece(self, octets: bytes, place: int) -> bool:
        """Whether the IP header at ``place`` is that of a fragment."""
        self._ip.fragment = b""
        self._ip.tcp_offset(octets, place, len(octets), len(octets))
        return self._ip.fragment != b""

    def _tag(self, tunnel: tuple[str, ...]) -> bytes:
        """The two octets for a tunnel; zeros where nothing tells it from others."""
        if not tunnel:
            return b"\0\0"
        if len(tunnel) == 1 and tunnel[0].startswith("VLAN "):
            return int(tunnel[0][5:]).to_bytes(2, "big")
        number = self.tunnels.setdefault(tunnel, min(FIRST_TUNNEL + len(self.tunnels), LAST_TUNNEL))
        return number.to_bytes(2, "big")


def innermost(packet: bytes, headers: Sequence[Header]) -> list[int]:
    """Offsets of the IP headers that hold no other one, of those that lie where tshark says."""
    real = [header.offset for header in headers if is_there(packet, header)]
    return [place for place, later in pairwise([*real, -1]) if not holds(packet, place, later)]


def holds(packet: bytes, place: int, later: int) -> bool:
    """Whether the datagram at ``place`` extends over ``later``, an offset or -1."""
    if later < 0:
        return False
    octets = length(packet[place : place + 6])
    return octets == 0 or later < place + octets


def length(datagram: bytes) -> int:
    """The length of a datagram by its own header; of IPv4 0 where segmentation offload leaves it open."""
    if datagram[0] >> 4 == 4:
        return int.from_bytes(datagram[2:4], "big")
    return int.from_bytes(datagram[4:6], "big") + 40


def is_there(packet: bytes, header: Header) -> bool:
    """Whether the packet's octets have that header: tshark counts from the start of what it decrypted, too."""
    place = header.offset
    if place >= len(packet):
        return False
    version = packet[place] >> 4
    if version not in {4, 6}:
        return False
    if not header.source:
        return True
    octets = address(header.source)
    start = place + (12 if version == 4 else 8)
    return octets != b"" and packet[start : start + len(octets)] == octets


@lru_cache(maxsize=4096)
def address(text: str) -> bytes:
    """An IP address as octets, b"" for anything else."""
    try:
        return socket.inet_pton(socket.AF_INET6 if ":" in text else socket.AF_INET, text)
    except OSError:
        return b""


def before_ah(kind: int) -> bool:
    """An extension header of IPv6 that AH may lie behind: a fragment header is that of a datagram that is whole."""
    return kind == FRAGMENT_HEADER or is_extension(kind)


def without_ah(datagram: bytes) -> tuple[bytes, int]:
    """The datagram without its authentication header (RFC 4302), and how many octets that took away."""
    if len(datagram) < 20:
        return datagram, 0
    if datagram[0] >> 4 == 4:
        at, chain, length = (datagram[0] & 0x0F) * 4, 9, 2
    elif len(datagram) >= 40:
        at, chain, length = 40, 6, 4
        while before_ah(datagram[chain]) and at + 8 <= len(datagram):
            octets = 8 if datagram[chain] == FRAGMENT_HEADER else (datagram[at + 1] + 1) * 8
            chain, at = at, at + octets
    else:
        return datagram, 0
    if datagram[chain] != AH or at + 12 > len(datagram):
        return datagram, 0
    octets = (datagram[at + 1] + 2) * 4
    total = int.from_bytes(datagram[length : length + 2], "big")
    header = bytearray(datagram[:at])
    header[chain] = datagram[at]
    header[length : length + 2] = max(total - octets, 0).to_bytes(2, "big")
    return bytes(header) + datagram[at + octets :], octets
