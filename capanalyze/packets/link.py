"""Where the IP header starts: the link layers that loopback and local captures have.

In: a packet's octets and its LINKTYPE_ number (tcpdump.org/linktypes.html). Out: the offset of the IP
header, or a negative reason; and the outer VLAN id, which is part of a connection's identity.
"""

from typing import Final

from librt.strings import read_i16_be, read_i32_be, read_i32_le
from mypy_extensions import i64

LINK_NULL: Final = 0
LINK_ETHERNET: Final = 1
LINK_RAW_BSD: Final = 12
LINK_RAW_OPENBSD: Final = 14
LINK_RAW: Final = 101
LINK_LOOP: Final = 108
LINK_SLL: Final = 113
LINK_IPV4: Final = 228
LINK_IPV6: Final = 229
LINK_SLL2: Final = 276
LINK_TAGGED: Final = -2
"""Of no file: what another engine took out of a tunnel. Two octets that name the tunnel, then IP."""

LINK_PIECE: Final = -3
"""Of no file: a piece of a tunnel's datagram, which comes whole with its last piece or is counted in the end."""

NOT_IP: Final = -1
CUT: Final = -2
UNKNOWN_LINK: Final = -3

KNOWN_LINKS: Final = (
    LINK_NULL,
    LINK_ETHERNET,
    LINK_RAW_BSD,
    LINK_RAW_OPENBSD,
    LINK_RAW,
    LINK_LOOP,
    LINK_SLL,
    LINK_IPV4,
    LINK_IPV6,
    LINK_SLL2,
    LINK_TAGGED,
)
"""What this reader walks by itself; everything else is Wireshark's (``--engine tshark``)."""

FOUR_BY_ETHERTYPE: Final = 0x08004500
SIX_BY_ETHERTYPE: Final = 0x86DD6000
"""An EtherType and the first two octets after it, where the type of service (the traffic class, the flow) is 0."""

MAX_TAGS: Final = 8


def is_vlan(ethertype: i64) -> bool:
    """IEEE 802.1Q customer tag, 802.1ad service tag, and the QinQ values in use before 802.1ad."""
    return ethertype in (0x8100, 0x88A8, 0x9100, 0x9200)


def tag(vlan: i64) -> bytes:
    """What a VLAN adds to a connection's key; nothing where there is none (id 0 is a priority alone)."""
    return bytes([vlan >> 8, vlan & 0xFF]) if vlan else b""


def tag_in(key: bytes) -> bytes:
    """What a VLAN added to a connection's key; addresses and ports take a multiple of 4 octets."""
    return key[len(key) - len(key) % 4 :]


def lead_of(link_type: i64) -> tuple[i64, i64, i64]:
    """Octets before the IP header of a packet without tags; and four octets from two before it, of IPv4 and of IPv6.

    Where these are there (type of service and flow aside), IPv4 without options or IPv6 follows. The first is -1 where
    the link layer has no such place.
    """
    if link_type == LINK_ETHERNET:
        return 14, FOUR_BY_ETHERTYPE, SIX_BY_ETHERTYPE
    if link_type == LINK_SLL:
        return 16, FOUR_BY_ETHERTYPE, SIX_BY_ETHERTYPE
    if link_type == LINK_NULL:
        return 4, 0x4500, 0x6000  # a small number in the order of most hosts ends with zeros
    if link_type == LINK_LOOP:
        return 4, 0x00024500, 0x00186000  # OpenBSD's number of IPv6
    if link_type == LINK_SLL2:
        return 20, 0x4500, 0x6000  # an address of 6 octets is filled up with two zeros
    if link_type in (LINK_RAW, LINK_RAW_BSD, LINK_RAW_OPENBSD, LINK_IPV4, LINK_IPV6):
        return 0, 0x4500, 0x6000  # after a length in the record's header: its upper half, in the order of most hosts
    return -1, 0, 0


class LinkLayer:
    """Finds the IP header of one packet at a time; ``vlan`` is its outer VLAN id or tunnel (0: none)."""

    def __init__(self) -> None:
        self.vlan: i64 = 0

    def ip_offset(self, data: bytes, start: i64, end: i64, link_type: i64) -> i64:
        """Offset of the IP header in ``data[start:end]``, or NOT_IP, CUT or UNKNOWN_LINK."""
        self.vlan = 0
        if link_type == LINK_ETHERNET:
            return self._ethertype(data, start + 12, end, start + 14)
        if link_type in (LINK_NULL, LINK_LOOP):
            return family_offset(data, start, end)
        if link_type == LINK_SLL:
            return self._ethertype(data, start + 14, end, start + 16)
        if link_type == LINK_SLL2:
            return self._ethertype(data, start, end, start + 20)
        if link_type == LINK_TAGGED:
            if start + 2 > end:
                return CUT
            self.vlan = i64(read_i16_be(data, start)) & 0xFFFF
            return start + 2
        if link_type in KNOWN_LINKS:
            return start if start < end else CUT
        return UNKNOWN_LINK

    def _ethertype(self, data: bytes, field: i64, end: i64, body: i64) -> i64:
        """The EtherType at ``field`` says what lies at ``body``; VLAN tags are walked, the outer one kept."""
        if field + 2 > end:
            return CUT
        kind = i64(read_i16_be(data, field)) & 0xFFFF
        tags: i64 = 0
        while is_vlan(kind):
            if body + 4 > end or tags == MAX_TAGS:
                return CUT
            if tags == 0:
                self.vlan = i64(read_i16_be(data, body)) & 0x0FFF
            kind = i64(read_i16_be(data, body + 2)) & 0xFFFF
            body += 4
            tags += 1
        if kind not in (0x0800, 0x86DD):
            return NOT_IP
        return body


def family_offset(data: bytes, start: i64, end: i64) -> i64:
    """BSD loopback: a 4-octet address family in the byte order of the capturing host (NULL) or big endian (LOOP).

    2 is IPv4 everywhere; IPv6 is 24 (NetBSD, OpenBSD), 28 (FreeBSD), 30 (Darwin), 23 (Windows), 10 (Linux).
    """
    if start + 4 > end:
        return CUT
    family = i64(read_i32_le(data, start)) & 0xFFFFFFFF
    if family > 0xFFFF:
        family = i64(read_i32_be(data, start)) & 0xFFFFFFFF
    if family in {2, 10, 23, 24, 28, 30}:
        return start + 4
    return NOT_IP
