"""Conversation: a TCP connection told packet by packet, and the capture it leaves, without scapy.

    Conversation().client.syn().server.syn_ack().client.ack().client.data(b"API\\0").server.fin().pcap()

Each end keeps its own numbers; what it sends by default is what a correct TCP would send next. Every step takes
overrides (``seq=``, ``ack=``, ``flags=``, ``window=``, ``options=``, ``ip_id=`` ...). A step with ``unseen=True``
reaches the peer and is missing from the capture; one with ``undelivered=True`` is in the capture and never reaches
the peer.
The packets are plain records in ``packets``, in capture order: reorder, copy or delete them before writing.
"""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

FIN, SYN, RST, PSH, ACK = 0x01, 0x02, 0x04, 0x08, 0x10
MASK = 0xFFFFFFFF

ETHERNET, NULL, LOOP, RAW, SLL, SLL2 = 1, 0, 108, 101, 113, 276
START_NS = 1_700_000_000_000_000_000
STEP_NS = 1_000_000

SERVER_PORT = 4001
CLIENT_PORT = 50000

MSS = b"\x02\x04\xff\xc9"
SACK_PERMITTED = b"\x04\x02"


def window_scale(shift: int) -> bytes:
    """The option of RFC 7323 2.2, padded to 4 octets."""
    return bytes((1, 3, 3, shift))


def timestamps(value: int, echo: int) -> bytes:
    """The option of RFC 7323 3.2, padded to 12 octets."""
    return b"\x01\x01\x08\x0a" + struct.pack(">II", value & MASK, echo & MASK)


def sack(*blocks: tuple[int, int]) -> bytes:
    """The option of RFC 2018 3: from where to where, padded to a multiple of 4 octets."""
    return b"\x01\x01\x05" + bytes([2 + 8 * len(blocks)]) + b"".join(struct.pack(">II", *block) for block in blocks)


@dataclass
class Packet:
    """One TCP segment in its datagram; ``sender`` is "client" or "server"."""

    sender: str
    source: tuple[str, int]
    target: tuple[str, int]
    seq: int
    ack: int
    flags: int
    payload: bytes = b""
    window: int = 65535
    options: bytes = b""
    ip_id: int = 0
    ttl: int = 64
    vlans: tuple[int, ...] = ()
    ts_ns: int = START_NS
    ip_options: bytes = b""
    extension_headers: tuple[tuple[int, bytes], ...] = ()
    interface: int = 0

    @property
    def end(self) -> int:
        """The sequence number behind the segment (32 bits)."""
        return (self.seq + len(self.payload) + bool(self.flags & SYN) + bool(self.flags & FIN)) & MASK

    def tcp(self) -> bytes:
        """The segment with a valid checksum."""
        options = self.options + b"\0" * (-len(self.options) % 4)
        head = struct.pack(
            ">HHIIBBHHH",
            self.source[1],
            self.target[1],
            self.seq & MASK,
            self.ack & MASK,
            (20 + len(options)) // 4 << 4,
            self.flags,
            self.window,
            0,
            0,
        )
        segment = head + options + self.payload
        source, target = self._addresses()
        sum_ = checksum(source + target + struct.pack(">II", len(segment), 6) + segment)
        return segment[:16] + struct.pack(">H", sum_) + segment[18:]

    def datagram(self) -> bytes:
        """The IP datagram."""
        segment = self.tcp()
        source, target = self._addresses()
        if len(source) == 16:
            chain, following = b"", 6
            for kind, body in reversed(self.extension_headers):
                chain = bytes((following, (len(body) + 2) // 8 - 1)) + body + chain
                following = kind
            length = len(chain) + len(segment)
            return struct.pack(">IHBB", 0x60000000, length, following, self.ttl) + source + target + chain + segment
        options = self.ip_options + b"\0" * (-len(self.ip_options) % 4)
        size = 20 + len(options)
        head = struct.pack(
            ">BBHHHBBH", 0x40 | size // 4, 0, size + len(segment), self.ip_id & 0xFFFF, 0x4000, self.ttl, 6, 0
        )
        head += source + target + options
        return head[:10] + struct.pack(">H", checksum(head)) + head[12:] + segment

    def _addresses(self) -> tuple[bytes, bytes]:
        return ipaddress.ip_address(self.source[0]).packed, ipaddress.ip_address(self.target[0]).packed

    def frame(self, link_type: int = ETHERNET) -> bytes:
        """The datagram in a frame of that link type (its LINKTYPE_ number)."""
        datagram = self.datagram()
        version = datagram[0] >> 4
        ethertype = b"\x08\x00" if version == 4 else b"\x86\xdd"
        tags = b"".join(struct.pack(">HH", 0x8100, vlan) for vlan in self.vlans)
        if link_type == ETHERNET:
            return b"\x00" * 12 + tags + ethertype + datagram
        if link_type == NULL:
            return struct.pack("<I", 2 if version == 4 else 30) + datagram
        if link_type == LOOP:
            return struct.pack(">I", 2 if version == 4 else 24) + datagram
        if link_type == SLL:
            return b"\x00\x00\x03\x04\x00\x06" + b"\x00" * 8 + tags + ethertype + datagram
        if link_type == SLL2:
            return ethertype + b"\x00\x00\x00\x00\x00\x01\x03\x04\x00\x06" + b"\x00" * 8 + datagram
        if link_type == RAW:
            return datagram
        raise ValueError(link_type)


def checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071)."""
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


class End:
    """One end of the conversation: what it sends next, and what it has received."""

    def __init__(self, talk: Conversation, name: str, address: tuple[str, int], isn: int) -> None:
        self.talk = talk
        self.name = name
        self.address = address
        self.isn = isn & MASK
        self.next = isn & MASK
        self.received: int | None = None
        self.window = 65535
        self.options = b""
        self.ip_id = 1000 if name == "client" else 30000

    @property
    def peer(self) -> End:
        """The other end."""
        return self.talk.server if self.name == "client" else self.talk.client

    def segment(
        self,
        flags: int,
        payload: bytes = b"",
        *,
        seq: int | None = None,
        ack: int | None = None,
        unseen: bool = False,
        undelivered: bool = False,
        **fields: object,
    ) -> Conversation:
        """Send a segment; the numbers default to what is next."""
        start = self.next if seq is None else seq & MASK
        known = 0 if self.received is None else self.received
        packet = Packet(
            self.name,
            self.address,
            self.peer.address,
            start,
            (known if flags & ACK else 0) if ack is None else ack & MASK,
            flags,
            payload,
            window=self.window,
            options=self.options,
            ip_id=self.ip_id,
            ts_ns=self.talk.clock,
            vlans=self.talk.vlans,
        )
        packet = replace(packet, **fields)  # type: ignore[arg-type]
        self.ip_id = (self.ip_id + 1) & 0xFFFF
        self.talk.clock += self.talk.step_ns
        if not flags & RST and ahead(packet.end, self.next) > 0:
            self.next = packet.end
        if not undelivered and not flags & RST:
            self.peer.take(packet)
        if not unseen:
            self.talk.packets.append(packet)
        return self.talk

    def take(self, packet: Packet) -> None:
        """Receive: what is in order moves the acknowledgement."""
        if (
            self.received is None
            or packet.flags & SYN
            or ahead(packet.seq, self.received) <= 0 < ahead(packet.end, self.received)
        ):
            self.received = packet.end

    def syn(self, payload: bytes = b"", **fields: object) -> Conversation:
        """A SYN; a repeated one keeps its number."""
        return self.segment(SYN, payload, seq=self.isn, **fields)  # type: ignore[arg-type]

    def syn_ack(self, **fields: object) -> Conversation:
        """A SYN-ACK; a repeated one keeps its number."""
        return self.segment(SYN | ACK, seq=self.isn, **fields)  # type: ignore[arg-type]

    def ack(self, **fields: object) -> Conversation:
        """A pure ACK."""
        return self.segment(ACK, **fields)  # type: ignore[arg-type]

    def data(self, payload: bytes, **fields: object) -> Conversation:
        """Payload."""
        return self.segment(PSH | ACK, payload, **fields)  # type: ignore[arg-type]

    def fin(self, payload: bytes = b"", **fields: object) -> Conversation:
        """A FIN, with the last payload where there is some."""
        return self.segment(FIN | ACK, payload, **fields)  # type: ignore[arg-type]

    def fin_again(self, **fields: object) -> Conversation:
        """The same FIN once more."""
        return self.segment(FIN | ACK, seq=self.next - 1, **fields)  # type: ignore[arg-type]

    def rst(self, **fields: object) -> Conversation:
        """A RST with an acknowledgement, as close() with unread octets sends it; without a number before any SYN."""
        if self.next == self.isn:
            fields = {"seq": 0, **fields}
        return self.segment(RST | ACK, **fields)  # type: ignore[arg-type]

    def bare_rst(self, **fields: object) -> Conversation:
        """A RST without the ACK flag, as a host answers a segment of a connection that it does not know."""
        number = self.next if self.peer.received is None else self.peer.received
        return self.segment(RST, **{"seq": number, "window": 0, **fields})  # type: ignore[arg-type]

    def keep_alive(self, payload: bytes = b"", **fields: object) -> Conversation:
        """A keep-alive (RFC 9293 3.8.4): the number before the next one, with or without its garbage octet."""
        return self.segment(ACK, payload, seq=self.next - 1, **fields)  # type: ignore[arg-type]


def ahead(number: int, than: int) -> int:
    """How far a number lies behind another in sequence space."""
    return ((number - than + 0x80000000) & MASK) - 0x80000000


@dataclass
class Conversation:
    """Two ends and the packets that a capture holds of them."""

    client_address: tuple[str, int] = ("127.0.0.1", CLIENT_PORT)
    server_address: tuple[str, int] = ("127.0.0.1", SERVER_PORT)
    client_isn: int = 1_000_000
    server_isn: int = 5_000_000
    clock: int = START_NS
    step_ns: int = STEP_NS
    vlans: tuple[int, ...] = ()
    packets: list[Packet] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.client = End(self, "client", self.client_address, self.client_isn)
        self.server = End(self, "server", self.server_address, self.server_isn)

    def open(self) -> Self:
        """The three-way handshake."""
        self.client.syn().server.syn_ack().client.ack()
        return self

    def established(self) -> Self:
        """A connection that both ends have and the capture does not show the beginning of."""
        self.client.next = (self.client.isn + 1) & MASK
        self.server.next = (self.server.isn + 1) & MASK
        self.client.received, self.server.received = self.server.next, self.client.next
        return self

    def after(self, seconds: float) -> Self:
        """Let time pass."""
        self.clock += round(seconds * 1_000_000_000)
        return self

    def again(self, index: int = -1, **fields: object) -> Self:
        """The same packet once more in the capture: a copy, not a retransmission."""
        copy = replace(self.packets[index], **{"ts_ns": self.clock, **fields})  # type: ignore[arg-type]
        self.clock += self.step_ns
        self.packets.append(copy)
        return self

    def reuse(self, client_isn: int, server_isn: int) -> Conversation:
        """Another connection of the same ports, behind this one in the same capture."""
        talk = Conversation(
            self.client_address,
            self.server_address,
            client_isn,
            server_isn,
            clock=self.clock,
            step_ns=self.step_ns,
            vlans=self.vlans,
            packets=self.packets,
        )
        talk.client.ip_id, talk.server.ip_id = self.client.ip_id, self.server.ip_id
        return talk

    def pcap(self, link_type: int = ETHERNET, snaplen: int = 262144) -> bytes:
        """The capture as a pcap file."""
        return pcap(self.packets, link_type, snaplen)


def frames(packets: Iterable[Packet], link_type: int = ETHERNET) -> list[tuple[int, bytes]]:
    """Time and frame of each packet."""
    return [(packet.ts_ns, packet.frame(link_type)) for packet in packets]


def pcap(packets: Iterable[Packet], link_type: int = ETHERNET, snaplen: int = 262144) -> bytes:
    """A nanosecond pcap file, little endian."""
    return pcap_of_frames(frames(packets, link_type), link_type, snaplen)


def pcap_of_frames(
    captured: Iterable[tuple[int, bytes] | tuple[int, bytes, int]], link_type: int = ETHERNET, snaplen: int = 262144
) -> bytes:
    """A nanosecond pcap file of any frames: time (ns since the epoch), octets, and their number on the wire."""
    out = [struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, snaplen, link_type)]
    for ts_ns, frame, *wire in captured:
        cut = frame[:snaplen]
        original = wire[0] if wire else len(frame)
        out.append(struct.pack("<IIII", ts_ns // 1_000_000_000, ts_ns % 1_000_000_000, len(cut), original) + cut)
    return b"".join(out)


def pcapng(packets: Sequence[Packet], link_types: Sequence[int] = (ETHERNET,), snaplen: int = 262144) -> bytes:
    """A pcapng file with an interface per link type; ``Packet.interface`` chooses among them. Nanoseconds."""
    section = struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)
    out = [block(0x0A0D0D0A, section)]
    resolution = struct.pack("<HHB3x", 9, 1, 9) + struct.pack("<HH", 0, 0)
    out += [block(1, struct.pack("<HHI", link_type, 0, snaplen) + resolution) for link_type in link_types]
    for packet in packets:
        frame = packet.frame(link_types[packet.interface])
        cut = frame[:snaplen]
        head = struct.pack("<IIIII", packet.interface, packet.ts_ns >> 32, packet.ts_ns & MASK, len(cut), len(frame))
        out.append(block(6, head + cut + b"\0" * (-len(cut) % 4)))
    return b"".join(out)


def block(kind: int, body: bytes) -> bytes:
    """A pcapng block."""
    size = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + size + body + size
