"""Outer fragments: datagrams that carry a tunnel and came in pieces, put together for who unwraps tunnels.

In: the packets of a RawPackets cursor, one by one. Out: for the piece that completes its datagram, a packet with the
whole of it behind that piece's link layer, as if it had never been cut. Bounded as ``Fragments`` are.
"""

from typing import Final

from mypy_extensions import i64

from capanalyze.packets.fragments import LARGEST, Fragments
from capanalyze.packets.ip import IpHeader
from capanalyze.packets.link import LINK_PIECE, LinkLayer
from capanalyze.packets.raw import RawPackets
from capanalyze.packets.wrapped import PROTOCOLS, UDP, UDP_LITE

FRAGMENT_HEADER: Final = 8
"""Octets of IPv6's."""


class OuterFragments:
    """The pieces of datagrams that may carry a tunnel.

    Which UDP does is told by the first piece alone, so all of it is kept.
    """

    def __init__(self) -> None:
        self.fragments = Fragments()
        self._link = LinkLayer()
        self._ip = IpHeader()

    def put(self, packets: RawPackets) -> RawPackets:
        """The current packet where it is no such piece, the whole where it completes one, else one of LINK_PIECE."""
        ip, start = self._ip, packets.offset
        end = start + packets.captured
        at = self._link.ip_offset(packets.data, start, end, packets.link_type)
        if at < 0:
            return packets
        ip.fragment = b""
        ip.tcp_offset(packets.data, at, end, start + packets.original)
        if ip.fragment == b"" or not (ip.following in (UDP, UDP_LITE) or ip.following in PROTOCOLS):
            return packets
        data, vlan = packets.data, self._link.vlan
        payload = self.fragments.add(
            data[ip.addresses : ip.addresses + 2 * ip.address_octets]
            + ip.fragment
            + bytes([ip.following, vlan >> 8, vlan & 0xFF]),
            ip.fragment_offset,
            min(ip.datagram_end, start + packets.original) - ip.fragment_start,
            ip.fragment_more,
            ip.following,
            data[ip.fragment_start : end],
            packets.ts_ns,
        )
        if payload is None:
            return packet_like(packets, LINK_PIECE, b"", 0)
        header = self._header(data[at : ip.fragment_start])
        total = ip.fragment_start - start + self.fragments.total
        return packet_like(packets, packets.link_type, data[start:at] + header + payload, total)

    def _header(self, piece: bytes) -> bytes:
        """The IP header of the whole, from that of a piece."""
        header = bytearray(piece)
        if piece[0] >> 4 == 4:
            place, length, counted = 6, 2, len(piece)
        else:
            place, length, counted = len(piece) - FRAGMENT_HEADER + 2, 4, len(piece) - 40
            header[place - 2] = int(self.fragments.following)
        header[place : place + 2] = b"\0\0"
        header[length : length + 2] = min(counted + int(self.fragments.total), LARGEST).to_bytes(2, "big")
        return bytes(header)


def packet_like(packets: RawPackets, link_type: i64, data: bytes, original: i64) -> RawPackets:
    """A packet with the number, time and interface of the current one, and other octets."""
    found = RawPackets()
    found.number = packets.number
    found.ts_ns = packets.ts_ns
    found.interface = packets.interface
    found.link_type = link_type
    found.data = data
    found.captured = len(data)
    found.original = original
    return found
