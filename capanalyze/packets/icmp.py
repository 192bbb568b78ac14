"""ICMP errors: what a host or a router says of a TCP segment that it did not deliver.

In: the current packet of a RawPackets cursor. Out: which connection's segment it quotes, and what it says of it. An
ICMP error holds the IP header and at least 8 octets of the packet that it is about (RFC 792; RFC 4443 2.4 c): enough
for the ports and the sequence number.
"""

from typing import Final

from librt.strings import read_i16_be, read_i32_be
from mypy_extensions import i64

from capanalyze.packets.ip import TCP, IpHeader
from capanalyze.packets.link import LinkLayer, tag
from capanalyze.packets.raw import RawPackets

ICMP: Final = 1
ICMP_6: Final = 58

ERRORS: Final = {
    (3, 0): "network unreachable",
    (3, 1): "host unreachable",
    (3, 2): "protocol unreachable",
    (3, 3): "port unreachable",
    (3, 4): "packet too big, and not to be fragmented",
    (3, 9): "network administratively prohibited",
    (3, 10): "host administratively prohibited",
    (3, 13): "communication administratively prohibited",
    (11, 0): "time to live exceeded in transit",
}
"""Type and code of ICMP (RFC 792, RFC 1191 4, RFC 1812 5.2.7.1) -> what it says."""

ERRORS_6: Final = {
    (1, 0): "no route to the destination",
    (1, 1): "communication administratively prohibited",
    (1, 3): "address unreachable",
    (1, 4): "port unreachable",
    (1, 5): "source address failed policy",
    (1, 6): "route to the destination rejected",
    (2, 0): "packet too big",
    (3, 0): "hop limit exceeded in transit",
}
"""The same of ICMPv6 (RFC 4443 3.1 to 3.3)."""


class IcmpError:
    """The last ICMP error read.

    Attributes:
        key: of the quoted segment, as ``Segment.key``. seq: its sequence number.
        words: what is said of it. host: who says so, 4 or 16 octets.
    """

    def __init__(self) -> None:
        self.key: bytes = b""
        self.seq: i64 = 0
        self.words: str = ""
        self.host: bytes = b""
        self._link = LinkLayer()
        self._ip = IpHeader()

    def read(self, packets: RawPackets) -> bool:
        """Fill the fields from the current packet; False where it is no ICMP error about a TCP segment."""
        data = packets.data
        end = packets.offset + packets.captured
        ip = self._link.ip_offset(data, packets.offset, end, packets.link_type)
        if ip < 0 or ip + 28 > end:
            return False
        if data[ip] >> 4 == 4:
            octets: i64 = 4
            sender = ip + 12
            at = ip + (i64(data[ip]) & 0x0F) * 4
            if data[ip + 9] != ICMP or i64(read_i16_be(data, ip + 6)) & 0x1FFF:
                return False
        else:
            octets = 16
            sender = ip + 8
            at = ip + 40
            if data[ip + 6] != ICMP_6:
                return False
        if at + 8 > end:
            return False
        errors = ERRORS if octets == 4 else ERRORS_6
        self.words = errors.get((data[at], data[at + 1]), "")
        self.host = data[sender : sender + octets]
        return self.words != "" and self._quoted(data, at + 8, end)

    def _quoted(self, data: bytes, start: i64, end: i64) -> bool:
        """The segment that is quoted from ``start`` on."""
        if start + 20 > end or i64(data[start]) >> 4 not in {4, 6}:
            return False
        if data[start] >> 4 == 4 and data[start + 9] != TCP:
            return False
        tcp = self._ip.tcp_offset(data, start, end, end)
        if tcp < 0 or tcp + 8 > end:
            return False
        octets = 2 * self._ip.address_octets
        self.key = data[self._ip.addresses : self._ip.addresses + octets] + data[tcp : tcp + 4]
        self.key += tag(self._link.vlan)
        self.seq = i64(read_i32_be(data, tcp + 4)) & 0xFFFFFFFF
        return True
