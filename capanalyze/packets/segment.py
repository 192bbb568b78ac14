"""Segment: the TCP header of the current packet, as plain integers.

In: a RawPackets cursor. Out: ports and addresses as one key, sequence numbers, flags and where the payload
lies; or the reason why the packet is no TCP segment. Lengths are by the headers, so a short snapshot
length does not change them.
"""

from typing import Final

from librt.strings import read_i64_be
from mypy_extensions import i64

from capanalyze.packets.ip import BAD_IP, FRAGMENT, NOT_TCP, IpHeader
from capanalyze.packets.link import CUT, NOT_IP, UNKNOWN_LINK, LinkLayer
from capanalyze.packets.raw import RawPackets

FIN: Final = 0x01
SYN: Final = 0x02
RST: Final = 0x04
ACK: Final = 0x10

OK: Final = 0
BAD_TCP: Final = -7
HEADER_CUT: Final = -8

REASONS: Final = {
    NOT_IP: "not IP",
    CUT: "cut before the TCP ports",
    UNKNOWN_LINK: "unknown link type",
    NOT_TCP: "not TCP",
    FRAGMENT: "IP fragment",
    BAD_IP: "bad IP header",
    BAD_TCP: "bad TCP header",
}
"""Why a packet is no segment, in the words of the report's ``capture.skipped``."""


class Segment:
    """The fields of the last segment read.

    Attributes:
        key: source address, destination address, source port, destination port, and the outer VLAN id if
            there is one: 12 or 36 octets, and 2 for the VLAN.
        seq, ack, flags, window: of the TCP header (32, 32, 9 bits with NS left out, 16 bits unscaled).
        payload: offset of the payload in the buffer.
        length: octets of payload by the headers.
        captured: octets of it that are in the buffer.
        tcp: offset of the TCP header.
        header: octets of the TCP header with its options.
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
        self._link = LinkLayer()
        self._ip = IpHeader()

    def read(self, packets: RawPackets) -> i64:
        """Fill the fields from the current packet: OK, HEADER_CUT (only ``key`` is known), or a key of REASONS."""
        data = packets.data
        start = packets.offset
        end = start + packets.captured
        wire_end = start + packets.original
        ip = self._link.ip_offset(data, start, end, packets.link_type)
        if ip < 0:
            return ip
        tcp = self._ip.tcp_offset(data, ip, end, wire_end)
        if tcp < 0:
            return tcp
        if tcp + 4 > end:
            return CUT
        addresses = self._ip.addresses
        self.key = data[addresses : addresses + 2 * self._ip.address_octets] + data[tcp : tcp + 4]
        vlan = self._link.vlan
        if vlan:
            self.key += bytes([vlan >> 8, vlan & 0xFF])
        if tcp + 16 > end:
            return HEADER_CUT
        datagram_end = min(self._ip.datagram_end, wire_end)
        numbers = read_i64_be(data, tcp + 4)
        rest = read_i64_be(data, tcp + 8)
        header = ((rest >> 28) & 0xF) << 2
        if header < 20 or tcp + header > datagram_end:
            return BAD_TCP
        self.seq = (numbers >> 32) & 0xFFFFFFFF
        self.ack = numbers & 0xFFFFFFFF
        self.flags = (rest >> 16) & 0xFF
        self.window = rest & 0xFFFF
        self.tcp = tcp
        self.header = header
        self.payload = tcp + header
        self.length = datagram_end - tcp - header
        self.captured = min(self.length, max(end - self.payload, 0))
        return OK

    def window_scale(self, data: bytes) -> i64:
        """The shift count of the window scale option (RFC 7323), 0 where the SYN has none."""
        at = self.tcp + 20
        end = min(self.tcp + self.header, self.payload + self.captured, len(data))
        while at < end and data[at] != 0:
            if data[at] == 1:
                at += 1
                continue
            if at + 2 >= end or data[at + 1] < 2:
                break
            if data[at] == 3:
                return min(i64(data[at + 2]), 14)
            at += i64(data[at + 1])
        return 0
