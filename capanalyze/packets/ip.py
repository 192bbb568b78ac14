"""The general IP decoder: IPv4 with options, IPv6 with extension headers, to the TCP header.

In: octets and the offset of an IP header. Out: where TCP starts and where the datagram ends by its own
length field; of a fragment, which piece of which datagram it is. The common shape (IPv4 without options) has
a shorter path in common.py.
"""

from typing import Final

from librt.strings import read_i16_be
from mypy_extensions import i64

from capanalyze.packets.link import CUT, NOT_IP

NOT_TCP: Final = -4
FRAGMENT: Final = -5
BAD_IP: Final = -6

TCP: Final = 6
HOP_BY_HOP: Final = 0
ROUTING: Final = 43
FRAGMENT_HEADER: Final = 44
DESTINATION: Final = 60
MOBILITY: Final = 135
HIP: Final = 139
SHIM6: Final = 140
"""Protocol numbers of IPv6 extension headers (RFC 7045 2); those but the fragment header give their length alike."""

MAX_EXTENSIONS: Final = 16


def is_extension(kind: i64) -> bool:
    """An extension header whose second octet is its length in units of 8 octets, the first 8 not counted."""
    return kind in {HOP_BY_HOP, ROUTING, DESTINATION, MOBILITY, HIP, SHIM6}


class IpHeader:
    """The last IP header read: address positions, the end of the datagram, and what a fragment says.

    Attributes:
        addresses, address_octets: where source and destination address lie, and how long each is.
        datagram_end: where the datagram ends by its length field.
        identification: of IPv4; 0 where there is none. ttl: time to live, of IPv6 the hop limit.
        fragment: octets that name the fragment's datagram besides the addresses, set with FRAGMENT, and with NOT_TCP
            where it is a piece of something else.
        fragment_start, fragment_offset, fragment_more: where its payload lies, its place in the datagram, and
            whether more follow.
        following: protocol number of that payload.
    """

    def __init__(self) -> None:
        self.addresses: i64 = 0
        self.address_octets: i64 = 4
        self.datagram_end: i64 = 0
        self.identification: i64 = 0
        self.ttl: i64 = 0
        self.fragment: bytes = b""
        self.fragment_start: i64 = 0
        self.fragment_offset: i64 = 0
        self.fragment_more: bool = False
        self.following: i64 = TCP

    def tcp_offset(self, data: bytes, start: i64, end: i64, wire_end: i64) -> i64:
        """Offset of the TCP header, or a negative reason.

        Args:
            data: the buffer.
            start: offset of the IP header.
            end: where the captured octets end.
            wire_end: where the packet ended on the wire, as an offset; it replaces a length of 0, which
                segmentation offload leaves in packets over 64 KiB.
        """
        if start + 20 > end:
            return CUT
        version = i64(data[start]) >> 4
        if version == 4:
            return self._version_4(data, start, end, wire_end)
        if version == 6:
            return self._version_6(data, start, end, wire_end)
        return NOT_IP

    def _version_4(self, data: bytes, start: i64, end: i64, wire_end: i64) -> i64:
        header = (i64(data[start]) & 0x0F) * 4
        total = i64(read_i16_be(data, start + 2)) & 0xFFFF
        if header < 20 or (total != 0 and total < header):
            return BAD_IP
        self.addresses = start + 12
        self.address_octets = 4
        self.datagram_end = start + total if total else wire_end
        self.identification = i64(read_i16_be(data, start + 4)) & 0xFFFF
        self.ttl = i64(data[start + 8])
        place = i64(read_i16_be(data, start + 6)) & 0x3FFF
        self.following = i64(data[start + 9])
        if place:
            self.fragment = data[start + 4 : start + 6]
            self.fragment_start = start + header
            self.fragment_offset = (place & 0x1FFF) * 8
            self.fragment_more = place & 0x2000 != 0
            return FRAGMENT if self.following == TCP else NOT_TCP
        if self.following != TCP:
            return NOT_TCP
        if start + header > end:
            return CUT
        return start + header

    def _version_6(self, data: bytes, start: i64, end: i64, wire_end: i64) -> i64:
        if start + 40 > end:
            return CUT
        length = i64(read_i16_be(data, start + 4)) & 0xFFFF
        self.addresses = start + 8
        self.address_octets = 16
        self.datagram_end = start + 40 + length if length else wire_end
        self.identification = 0
        self.ttl = i64(data[start + 7])
        return self.walk(data, i64(data[start + 6]), start + 40, end)

    def walk(self, data: bytes, following: i64, at: i64, end: i64) -> i64:
        """Offset of the TCP header after extension headers that begin at ``at``, or a negative reason."""
        for _ in range(MAX_EXTENSIONS):
            if following == TCP:
                return at
            if following != FRAGMENT_HEADER and not is_extension(following):
                return NOT_TCP
            if at + 8 > end:
                return CUT
            if following == FRAGMENT_HEADER:
                place = i64(read_i16_be(data, at + 2)) & 0xFFFF
                following = i64(data[at])
                if place & 0xFFF9:  # offset or "more fragments": not an atomic fragment (RFC 6946)
                    self.fragment = data[at + 4 : at + 8]
                    self.fragment_start = at + 8
                    self.fragment_offset = place & 0xFFF8
                    self.fragment_more = place & 1 != 0
                    self.following = following
                    return FRAGMENT if following == TCP or is_extension(following) else NOT_TCP
                at += 8
            else:
                following = i64(data[at])
                at += (i64(data[at + 1]) + 1) * 8
        return BAD_IP
