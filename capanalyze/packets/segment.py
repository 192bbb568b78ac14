"""Segment: the TCP header of the current packet, as plain integers.

In: a RawPackets cursor. Out: ports and addresses as one key, sequence numbers, flags and where the payload
lies; or the reason why the packet is no TCP segment. Lengths are by the headers, so a short snapshot
length does not change them, nor a record that takes what was left of a cut packet for all of it (``editcap -L``, and
programs that write a capture anew).
"""

from typing import Final

from librt.strings import read_i64_be
from mypy_extensions import i64

from capanalyze.packets.fragments import Fragments
from capanalyze.packets.ip import BAD_IP, FRAGMENT, NOT_TCP, TCP, IpHeader
from capanalyze.packets.link import CUT, LINK_PIECE, NOT_IP, UNKNOWN_LINK, LinkLayer, tag
from capanalyze.packets.raw import RawPackets

FIN: Final = 0x01
SYN: Final = 0x02
RST: Final = 0x04
PSH: Final = 0x08
ACK: Final = 0x10

OK: Final = 0
REASSEMBLED: Final = 1
PENDING: Final = 2
BAD_TCP: Final = -7
HEADER_CUT: Final = -8

REASONS: Final = {
    NOT_IP: "not IP",
    CUT: "cut before the TCP ports",
    UNKNOWN_LINK: "unknown link type",
    NOT_TCP: "not TCP",
    FRAGMENT: "IP fragment of a datagram that is not whole",
    BAD_IP: "bad IP header",
    BAD_TCP: "bad TCP header",
}
"""Why a packet is no segment, in the words of the report's ``capture.skipped``."""

UNKNOWN_WINDOW: Final = -1
"""``Segment.window`` where the snapshot length cut it off."""

NO_OPTION: Final = -1
OPTIONS_CUT: Final = -2
"""What ``window_scale`` says in place of a shift count."""

WINDOW_SCALE: Final = 3
SACK: Final = 5
"""Kinds of options."""

HALF: Final = 1 << 31
"""A sequence number that seems to lie farther ahead lies behind (RFC 9293 3.4)."""

MAX_SHIFT: Final = 14
"""The largest shift count that counts (RFC 7323 2.3)."""


class Segment:
    """The fields of the last segment read.

    Attributes:
        key: source address, destination address, source port, destination port, and the outer VLAN id if
            there is one: 12 or 36 octets, and 2 for the VLAN.
        seq, ack, flags, window: of the TCP header (32, 32, 8 bits, 16 bits unscaled or UNKNOWN_WINDOW).
        payload: offset of the payload in the buffer.
        length: octets of payload by the headers.
        captured: octets of it that are in the buffer.
        tcp: offset of the TCP header.
        header: octets of the TCP header with its options.
        end: where the captured octets end.
        identification: of an IPv4 header, 0 where there is none or its sender gives none.
        ttl: time to live of its IP header, of IPv6 the hop limit.
        interface: index of the interface that captured the packet.
        data: the buffer, where it is not that of the packet (REASSEMBLED).
    """

    def __init__(self) -> None:
        self.key: bytes = b""
        self.seq: i64 = 0
        self.ack: i64 = 0
        self.flags: i64 = 0
        self.window: i64 = 0
        self.payload: i64 = 0
        self.length: i64 = 0
        self.captured: i64 = 0
        self.tcp: i64 = 0
        self.header: i64 = 20
        self.end: i64 = 0
        self.identification: i64 = 0
        self.ttl: i64 = 0
        self.interface: i64 = 0
        self.data: bytes = b""
        self.fragments = Fragments()
        self._link = LinkLayer()
        self._ip = IpHeader()

    def read(self, packets: RawPackets) -> i64:
        """Fill the fields from the current packet.

        Returns:
            OK: all fields are filled. REASSEMBLED: the same, of the datagram that this packet completes, which lies
            in ``data``. PENDING: a fragment whose datagram is not whole yet. HEADER_CUT: only ``key`` is known.
            Otherwise a key of REASONS.
        """
        data = packets.data
        start = packets.offset
        end = start + packets.captured
        wire_end = start + packets.original
        self.interface = packets.interface
        ip = self._link.ip_offset(data, start, end, packets.link_type)
        if ip < 0:
            return PENDING if packets.link_type == LINK_PIECE else ip
        header = self._ip
        tcp = header.tcp_offset(data, ip, end, wire_end)
        if tcp == FRAGMENT:
            return self._piece(packets, end)
        if tcp < 0:
            return tcp
        self.identification = header.identification
        self.ttl = header.ttl
        return self._tcp(data, header.addresses, data, tcp, end, header.datagram_end)

    def common(
        self,
        data: bytes,
        ip: i64,
        seq: i64,
        ack: i64,
        flags: i64,
        window: i64,
        header: i64,
        length: i64,
        interface: i64,
    ) -> None:
        """Fill the fields from what was read of a whole packet of the common shape, behind Ethernet (common.py)."""
        self.key = data[ip + 12 : ip + 24]
        self.seq = seq
        self.ack = ack
        self.flags = flags & 0xFF
        self.window = window
        self.tcp = ip + 20
        self.header = header
        self.payload = ip + 20 + header
        self.length = length
        self.captured = length
        self.end = ip + 20 + header + length
        high: i64 = data[ip + 4]
        self.identification = high << 8 | data[ip + 5]
        self.ttl = data[ip + 8]
        self.interface = interface

    def _piece(self, packets: RawPackets, end: i64) -> i64:
        """A fragment: REASSEMBLED with the last one of its datagram."""
        ip = self._ip
        data = packets.data
        addresses = data[ip.addresses : ip.addresses + 2 * ip.address_octets]
        vlan = self._link.vlan
        payload = self.fragments.add(
            addresses + ip.fragment + bytes([vlan >> 8, vlan & 0xFF]),
            ip.fragment_offset,
            ip.datagram_end - ip.fragment_start,
            ip.fragment_more,
            ip.following,
            data[ip.fragment_start : end],
            packets.ts_ns,
        )
        if payload is None:
            return PENDING
        tcp: i64 = 0
        if self.fragments.following != TCP:
            tcp = ip.walk(payload, self.fragments.following, 0, len(payload))
            if tcp < 0:
                return NOT_TCP
        self.data = payload
        self.identification = 0
        self.ttl = ip.ttl
        found = self._tcp(data, ip.addresses, payload, tcp, len(payload), self.fragments.total)
        return REASSEMBLED if found == OK else found

    def _tcp(self, packet: bytes, addresses: i64, data: bytes, tcp: i64, end: i64, datagram_end: i64) -> i64:
        """The TCP header at ``data[tcp:]``; the addresses lie in ``packet``."""
        if tcp + 4 > end:
            return CUT
        ports = addresses + 2 * self._ip.address_octets
        if ports == tcp and packet is data:
            self.key = data[addresses : tcp + 4]
        else:
            self.key = packet[addresses:ports] + data[tcp : tcp + 4]
        if self._link.vlan:
            self.key += tag(self._link.vlan)
        if tcp + 14 > end:
            return HEADER_CUT
        numbers = read_i64_be(data, tcp + 4)
        header = (i64(data[tcp + 12]) >> 2) & 0x3C
        if header < 20 or tcp + header > datagram_end:
            return BAD_TCP
        self.seq = (numbers >> 32) & 0xFFFFFFFF
        self.ack = numbers & 0xFFFFFFFF
        self.flags = i64(data[tcp + 13])
        self.window = UNKNOWN_WINDOW
        if tcp + 16 <= end:
            self.window = i64(data[tcp + 14]) << 8 | i64(data[tcp + 15])
        self.tcp = tcp
        self.header = header
        self.end = end
        self.payload = tcp + header
        self.length = datagram_end - tcp - header
        self.captured = min(self.length, max(end - self.payload, 0))
        return OK

    def window_scale(self, data: bytes) -> i64:
        """The shift count of the window scale option (RFC 7323 2.2), NO_OPTION or OPTIONS_CUT."""
        at = self._option(data, WINDOW_SCALE)
        if at < 0:
            return at
        shift: i64 = data[at + 2]
        return min(shift, MAX_SHIFT)

    def received(self, data: bytes) -> i64:
        """Up to where its sender tells that anything has arrived, in order or behind a hole."""
        farthest: i64 = 0
        for _, beyond in self.selective(data):
            farthest = max(farthest, beyond)
        return (self.ack + farthest) & 0xFFFFFFFF if farthest else self.ack

    def selective(self, data: bytes) -> list[tuple[i64, i64]]:
        """What its sender has behind a hole (RFC 2018 3): from where to where, as octets beyond ``ack``."""
        blocks: list[tuple[i64, i64]] = []
        at = self._option(data, SACK)
        if at < 0:
            return blocks
        end = min(at + data[at + 1], self.tcp + self.header, self.end)
        at += 2
        while at + 8 <= end:
            edges = read_i64_be(data, at)
            start = ((edges >> 32) - self.ack) & 0xFFFFFFFF
            beyond = (edges - self.ack) & 0xFFFFFFFF
            if start < beyond < HALF:  # else what came twice (RFC 2883 4)
                blocks.append((start, beyond))
            at += 8
        return blocks

    def _option(self, data: bytes, kind: i64) -> i64:
        """Where the option of a kind that says something begins (RFC 9293 3.2), NO_OPTION or OPTIONS_CUT."""
        at = self.tcp + 20
        options_end = self.tcp + self.header
        end = min(options_end, self.end)
        while at < end and data[at] != 0:
            if data[at] == 1:
                at += 1
                continue
            if at + 3 > end or data[at + 1] < 2:
                break
            if data[at] == kind:
                return at
            at += data[at + 1]
        return NO_OPTION if end == options_end or (at < end and data[at] == 0) else OPTIONS_CUT
