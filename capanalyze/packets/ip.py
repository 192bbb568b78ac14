"""The general IP decoder: IPv4 with options, IPv6 with extension headers, to the TCP header.

In: octets and the offset of an IP header. Out: where TCP starts and where the datagram ends by its own
length field. The common shape (IPv4 without options) has a shorter path in segment.py.
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

MAX_EXTENSIONS: Final = 16


class IpHeader:
    """The last IP header read: address positions and the end of the datagram."""

    def __init__(self) -> None:
        self.addresses: i64 = 0
        self.address_octets: i64 = 4
        self.datagram_end: i64 = 0

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
        if i64(data[start + 9]) != TCP:
            return NOT_TCP
        if i64(read_i16_be(data, start + 6)) & 0x3FFF:
            return FRAGMENT
        self.addresses = start + 12
        self.address_octets = 4
        self.datagram_end = start + total if total else wire_end
        return start + header if start + header <= end else CUT

    def _version_6(self, data: bytes, start: i64, end: i64, wire_end: i64) -> i64:
        if start + 40 > end:
            return CUT
        length = i64(read_i16_be(data, start + 4)) & 0xFFFF
        self.addresses = start + 8
        self.address_octets = 16
        self.datagram_end = start + 40 + length if length else wire_end
        following = i64(data[start + 6])
        at: i64 = start + 40
        for _ in range(MAX_EXTENSIONS):
            if following == TCP:
                return at
            if at + 8 > end:
                return CUT if following in {HOP_BY_HOP, ROUTING, FRAGMENT_HEADER, DESTINATION} else NOT_TCP
            if following == FRAGMENT_HEADER:
                if i64(read_i16_be(data, at + 2)) & 0xFFF9:  # offset or "more fragments": not an atomic fragment
                    return FRAGMENT if i64(data[at]) == TCP else NOT_TCP
                following = i64(data[at])
                at += 8
            elif following in {HOP_BY_HOP, ROUTING, DESTINATION, MOBILITY, HIP, SHIM6}:
                following = i64(data[at])
                at += (i64(data[at + 1]) + 1) * 8
            else:
                return NOT_TCP
        return BAD_IP
