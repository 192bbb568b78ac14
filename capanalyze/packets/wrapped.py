"""Which wrapping hides the IP header of a packet that this reader could not use: a tunnel, a tag, a link layer.

In: the current packet of a RawPackets cursor. Out: the wrapping's name, or "" where nothing is hidden (ARP, DNS,
ICMP ...). What has a name here Wireshark takes off; nothing here is on the path of a packet that can be used.
"""

from typing import Final

from librt.strings import read_i16_be, read_i32_be
from mypy_extensions import i64

from capanalyze.packets.ip import FRAGMENT_HEADER, MAX_EXTENSIONS, is_extension
from capanalyze.packets.link import (
    KNOWN_LINKS,
    LINK_ETHERNET,
    LINK_NULL,
    LINK_SLL,
    LINK_SLL2,
    LinkLayer,
    is_vlan,
)
from capanalyze.packets.raw import RawPackets

ETHERTYPES: Final = {
    0x22E5: "Gigamon header",
    0x22F3: "TRILL",
    0x2452: "IEEE 802.11",
    0x4305: "B.A.T.M.A.N.",
    0x6558: "bridged Ethernet",
    0x8847: "MPLS",
    0x8848: "MPLS",
    0x8864: "PPPoE",
    0x880B: "PPP",
    0x8870: "LLC",
    0x88BB: "LWAPP",
    0x88DE: "VMware Lab Manager",
    0x88E5: "MACsec",
    0x88E7: "802.1ah",
    0x8903: "FabricPath",
    0x8909: "Cisco MetaData",
    0x8926: "VN-Tag",
    0x892F: "HSR",
    0x893F: "802.1BR",
    0x894F: "NSH",
    0xBBBB: "LWAPP",
    0xD28B: "Arista time stamps",
    0xF1C1: "802.1CB",
}
"""IEEE 802 numbers (IANA) of what may carry IP."""

PROTOCOLS: Final = {
    4: "IP in IP",
    41: "IPv6 in IP",
    47: "GRE",
    51: "AH",
    55: "minimal encapsulation",
    94: "IP in IP",
    97: "EtherIP",
    98: "ENCAP",
    115: "L2TP",
    137: "MPLS in IP",
    143: "Ethernet in IP",
}
"""IP protocol numbers (IANA) of tunnels that are not encrypted."""

UDP: Final = 17
UDP_LITE: Final = 136

UDP_PORTS: Final = {
    1701: "L2TP",
    2152: "GTP-U",
    3386: "GTP",
    3544: "Teredo",
    4341: "LISP",
    4754: "GRE in UDP",
    4789: "VXLAN",
    4790: "VXLAN-GPE",
    5072: "AYIYA",
    5247: "CAPWAP",
    6081: "Geneve",
    6635: "MPLS in UDP",
    8472: "VXLAN",
    12220: "LWAPP",
    12222: "LWAPP",
    12223: "LWAPP",
    30030: "JMirror",
    37008: "TZSP",
}
"""Registered ports of tunnels, and those in common use (Linux's VXLAN, Juniper's JMirror, TZSP)."""

LINK_NAMES: Final = {
    6: "IEEE 802.5",
    7: "ARCNET",
    9: "PPP",
    10: "FDDI",
    50: "PPP with HDLC framing",
    51: "PPPoE",
    100: "ATM RFC 1483",
    104: "Cisco HDLC",
    105: "IEEE 802.11",
    107: "Frame Relay",
    109: "OpenBSD enc",
    117: "OpenBSD pflog",
    119: "IEEE 802.11 with Prism header",
    122: "IP over Fibre Channel",
    127: "IEEE 802.11 with radiotap",
    138: "IP over IEEE 1394",
    163: "IEEE 802.11 with AVS header",
    166: "PPP with direction",
    192: "PPI",
    197: "ERF",
    204: "PPP with direction",
    205: "Cisco HDLC with direction",
    206: "Frame Relay with direction",
    240: "NetAnalyzer",
    242: "IP over InfiniBand",
    253: "Linux netlink",
    258: "Apple PKTAP",
}
"""LINKTYPE_ numbers (tcpdump.org/linktypes.html) that may carry IP and that this reader does not walk."""

PPP_IN_NULL: Final = b"\xff\x03"
ISL: Final = (b"\x01\0\x0c\0\0", b"\x0c\0\x0c\0\0")
"""How frames begin that carry PPP in place of an address family, and Cisco's Inter-Switch Link in Ethernet."""

RADIOTAP: Final = b"\x03\x23"
"""ARPHRD_IEEE80211_RADIOTAP, in the headers of Linux' cooked captures."""

COOKED: Final = {b"\0\3": "bridged Ethernet", b"\0\7": "PPP"}
"""Linux' numbers of what is no EtherType (ETH_P_ALL, ETH_P_WAN_PPP), in the same headers."""

SNAP: Final = 0xAAAA0300
BRIDGED: Final = (b"\x80\xc2\0\x01", b"\x80\xc2\0\x07")
"""SNAP's last octets where it carries Ethernet with and without its FCS (RFC 2427)."""

LLC_IP: Final = (b"\x06\x06", b"\xfe\xfe\x03\xcc", b"\xfe\xfe\x03\x8e")
"""How LLC headers begin that carry IP: its own SAP, or OSI's with the NLPID of IPv4 or IPv6 (RFC 2427)."""


def wrapping(packets: RawPackets) -> str:
    """The name of what hides the current packet's IP header."""
    link = packets.link_type
    if link not in KNOWN_LINKS:
        return f"{LINK_NAMES.get(link, 'an unknown layer')} (link type {link})"
    data, start = packets.data, packets.offset
    end = start + packets.captured
    ip = LinkLayer().ip_offset(data, start, end, link)
    if ip >= 0:
        return in_ip(data, ip, end)
    if link == LINK_NULL and data[start : start + 2] == PPP_IN_NULL:
        return "PPP"
    arphrd = start + (2 if link == LINK_SLL else 8)
    if link in {LINK_SLL, LINK_SLL2} and data[arphrd : arphrd + 2] == RADIOTAP:
        return "IEEE 802.11 with radiotap"
    if link == LINK_ETHERNET and data[start : start + 5] in ISL:
        return "ISL"
    if link == LINK_ETHERNET:
        return in_ethernet(data, start + 12, start + 14, end)
    if link == LINK_SLL:
        return COOKED.get(data[start + 14 : start + 16], "") or in_ethernet(data, start + 14, start + 16, end)
    if link == LINK_SLL2:
        return COOKED.get(data[start : start + 2], "") or in_ethernet(data, start, start + 20, end)
    return ""


def in_ethernet(data: bytes, field: i64, body: i64, end: i64) -> str:
    """By the EtherType at ``field``, and in 802.3 frames by the LLC header at ``body``."""
    kind: i64 = 0
    while body + 4 <= end:
        kind = i64(read_i16_be(data, field)) & 0xFFFF
        if not is_vlan(kind):
            break
        field = body + 2
        body += 4
    if kind > 0x5FF:
        return ETHERTYPES.get(kind, "")
    if body + 8 <= end and i64(read_i32_be(data, body)) & 0xFFFFFFFF == SNAP:
        kind = i64(read_i16_be(data, body + 6)) & 0xFFFF
        known = kind in {0x0800, 0x86DD} or is_vlan(kind) or kind in ETHERTYPES
        if known or data[body + 4 : body + 8] in BRIDGED:
            return "802.3 with SNAP"
    return "802.3 with LLC" if data[body:end].startswith(LLC_IP) else ""


def in_ip(data: bytes, at: i64, end: i64) -> str:
    """By the protocol of an IP header; of UDP the first fragment tells, the others have no ports."""
    if at + 20 > end:
        return ""
    following: i64 = 0
    first = True
    if data[at] >> 4 == 4:
        following = i64(data[at + 9])
        first = i64(read_i16_be(data, at + 6)) & 0x1FFF == 0
        at += (i64(data[at]) & 0x0F) * 4
    elif at + 40 <= end:
        following = i64(data[at + 6])
        at += 40
        for _ in range(MAX_EXTENSIONS):
            piece = following == FRAGMENT_HEADER
            if not first or not (piece or is_extension(following)) or at + 8 > end:
                break
            octets: i64 = 8 if piece else (i64(data[at + 1]) + 1) * 8
            first = not piece or i64(read_i16_be(data, at + 2)) & 0xFFF8 == 0
            following = i64(data[at])
            at += octets
    if following not in (UDP, UDP_LITE):
        return PROTOCOLS.get(following, "")
    if not first or at + 4 > end:
        return ""
    target = i64(read_i16_be(data, at + 2)) & 0xFFFF
    source = i64(read_i16_be(data, at)) & 0xFFFF
    return UDP_PORTS.get(target, "") or UDP_PORTS.get(source, "")
