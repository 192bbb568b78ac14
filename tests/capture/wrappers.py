"""Ways to wrap an IP datagram, from the RFCs and the link types' descriptions: name -> (link type, frame)."""

from __future__ import annotations

import struct
from collections.abc import Callable

ETHERNET = 1
MACS = b"\x02\0\0\0\0\x02\x02\0\0\0\0\x01"
LLC_SNAP = b"\xaa\xaa\x03\0\0\0"

Wrapper = Callable[[bytes], tuple[int, bytes]]


def ethertype(datagram: bytes) -> bytes:
    """0x0800 or 0x86DD."""
    return b"\x08\x00" if datagram[0] >> 4 == 4 else b"\x86\xdd"


def ethernet(datagram: bytes) -> bytes:
    """A frame with the datagram in it."""
    return MACS + ethertype(datagram) + datagram


def carrier4(protocol: int, payload: bytes) -> bytes:
    """An outer IPv4 datagram."""
    return struct.pack(">BBHIBBH", 0x45, 0, 20 + len(payload), 0, 64, protocol, 0) + b"\xc0\0\2\1\xc0\0\2\2" + payload


def carrier6(protocol: int, payload: bytes) -> bytes:
    """An outer IPv6 datagram."""
    addresses = b"\x20\x01\x0d\xb8" + bytes(11) + b"\1" + b"\x20\x01\x0d\xb8" + bytes(11) + b"\2"
    return struct.pack(">IHBB", 0x60000000, len(payload), protocol, 64) + addresses + payload


def udp(port: int, payload: bytes) -> bytes:
    """An outer UDP datagram in IPv4."""
    return carrier4(17, struct.pack(">HHHH", 50000, port, 8 + len(payload), 0) + payload)


def on_ethernet(wrap: Callable[[bytes], bytes]) -> Wrapper:
    """The wrapper of an outer datagram."""
    return lambda datagram: (ETHERNET, ethernet(wrap(datagram)))


def tagged(tag: bytes) -> Wrapper:
    """Octets between the addresses and the EtherType of the datagram."""
    return lambda datagram: (ETHERNET, MACS + tag + ethertype(datagram) + datagram)


def ppp(datagram: bytes) -> bytes:
    """PPP's protocol number and the datagram."""
    return (b"\0\x21" if datagram[0] >> 4 == 4 else b"\0\x57") + datagram


def inner(datagram: bytes) -> int:
    """IP protocol number of the datagram: 4 or 41."""
    return 4 if datagram[0] >> 4 == 4 else 41


def gre(datagram: bytes, flags: int = 0, optional: bytes = b"", kind: bytes = b"") -> bytes:
    """GRE (RFC 2784, 2890)."""
    return struct.pack(">H", flags) + (kind or ethertype(datagram)) + optional + datagram


def ah(datagram: bytes) -> bytes:
    """The same datagram with an authentication header (RFC 4302) behind its own."""
    if datagram[0] >> 4 == 4:
        size = (datagram[0] & 15) * 4
        total = int.from_bytes(datagram[2:4], "big") + 24
        head = datagram[:2] + struct.pack(">H", total) + datagram[4:9] + b"\x33" + datagram[10:size]
    else:
        size = 40
        head = datagram[:4] + struct.pack(">HB", int.from_bytes(datagram[4:6], "big") + 24, 51) + datagram[7:40]
    return head + b"\x06\x04\0\0" + struct.pack(">II", 1, 1) + bytes(12) + datagram[size:]


def erf(frame: bytes, moment: int = 0) -> bytes:
    """An Ethernet record of Endace's Extensible Record Format: a header, two octets, the frame."""
    return struct.pack("<Q", moment) + struct.pack(">BBHHH", 2, 4, 18 + len(frame), 0, len(frame)) + b"\0\0" + frame


def wlan(datagram: bytes) -> bytes:
    """A data frame of an access point (IEEE 802.11)."""
    return b"\x08\x02\0\0" + MACS + b"\2\0\0\0\0\3" + b"\x10\0" + LLC_SNAP + ethertype(datagram) + datagram


VXLAN = b"\x08\0\0\0\0\0\x2a\0"

WRAPPERS: dict[str, Wrapper] = {
    "PPP": lambda datagram: (9, b"\xff\x03" + ppp(datagram)),
    "PPP without address": lambda datagram: (9, ppp(datagram)),
    "PPP with HDLC framing": lambda datagram: (50, b"\xff\x03" + ppp(datagram)),
    "PPP with direction": lambda datagram: (204, b"\1\xff\x03" + ppp(datagram)),
    "ERF": lambda datagram: (197, erf(ethernet(datagram))),
    "Cisco HDLC": lambda datagram: (104, b"\x0f\0" + ethertype(datagram) + datagram),
    "Frame Relay": lambda datagram: (107, b"\x18\x41\x03\xcc" + datagram),
    "FDDI": lambda datagram: (10, b"\x50" + MACS + LLC_SNAP + ethertype(datagram) + datagram),
    "Token Ring": lambda datagram: (6, b"\x10\x40" + MACS + LLC_SNAP + ethertype(datagram) + datagram),
    "802.11": lambda datagram: (105, wlan(datagram)),
    "radiotap": lambda datagram: (127, b"\0\0\x08\0\0\0\0\0" + wlan(datagram)),
    "OpenBSD enc": lambda datagram: (109, struct.pack("<III", 2 if inner(datagram) == 4 else 24, 1, 0) + datagram),
    "PPP in NULL": lambda datagram: (0, b"\xff\x03" + ppp(datagram)),
    "radiotap in SLL": lambda datagram: (113, b"\0\4\x03\x23" + bytes(12) + b"\0\0\x08\0\0\0\0\0" + wlan(datagram)),
    "radiotap in SLL2": lambda datagram: (
        276,
        bytes(8) + b"\x03\x23" + bytes(10) + b"\0\0\x08\0\0\0\0\0" + wlan(datagram),
    ),
    "ISL": lambda datagram: (
        ETHERNET,
        b"\x01\0\x0c\0\0\0"
        + MACS[6:]
        + struct.pack(">H", 30 + len(datagram))
        + b"\xaa\xaa\x03\0\0\x0c\0\x0a\0\0\0\0"
        + ethernet(datagram)
        + bytes(4),
    ),
    "802.3 with SNAP": lambda datagram: (
        ETHERNET,
        MACS + struct.pack(">H", 8 + len(datagram)) + LLC_SNAP + ethertype(datagram) + datagram,
    ),
    "802.3 with SNAP and a bridged frame": lambda datagram: (
        ETHERNET,
        MACS + struct.pack(">H", 24 + len(datagram)) + b"\xaa\xaa\x03\0\x80\xc2\0\x07\0\0" + ethernet(datagram),
    ),
    "802.3 with OSI's LLC": lambda datagram: (
        ETHERNET,
        MACS
        + struct.pack(">H", 4 + len(datagram))
        + b"\xfe\xfe\x03"
        + (b"\xcc" if inner(datagram) == 4 else b"\x8e")
        + datagram,
    ),
    "Ethernet in SLL": lambda datagram: (113, b"\0\0\0\1\0\6" + bytes(8) + b"\0\3" + ethernet(datagram)),
    "PPP in SLL2": lambda datagram: (276, b"\0\7" + bytes(18) + ppp(datagram)),
    "Gigamon header": tagged(b"\x22\xe5\6\2\3\0\0\x19"),
    "Arista time stamps": tagged(b"\xd2\x8b\0\1\0\x10" + bytes(8)),
    "LWAPP in Ethernet": lambda datagram: (
        ETHERNET,
        MACS + b"\x88\xbb\0\0\0\0" + struct.pack(">H", len(wlan(datagram))) + wlan(datagram),
    ),
    "PPPoE": lambda datagram: (
        ETHERNET,
        MACS + b"\x88\x64\x11\0\0\7" + struct.pack(">H", 2 + len(datagram)) + ppp(datagram),
    ),
    "MPLS": lambda datagram: (ETHERNET, MACS + b"\x88\x47\0\x01\0\x40\0\x01\x11\x40" + datagram),
    "802.1ah": lambda datagram: (ETHERNET, MACS + b"\x88\xe7\0\0\0\x2a" + ethernet(datagram)),
    "VN-Tag": tagged(b"\x89\x26\0\0\0\0"),
    "802.1BR": tagged(b"\x89\x3f\0\0\0\0\0\0"),
    "Cisco MetaData": tagged(b"\x89\x09\1\1\0\1\0\x2a"),
    "HSR": lambda datagram: (
        ETHERNET,
        MACS + b"\x89\x2f" + struct.pack(">HH", len(datagram) + 6, 1) + ethertype(datagram) + datagram,
    ),
    "802.1CB": tagged(b"\xf1\xc1\0\0\0\1"),
    "FabricPath": lambda datagram: (ETHERNET, MACS + b"\x89\x03\0\x40" + ethernet(datagram)),
    "TRILL": lambda datagram: (ETHERNET, MACS + b"\x22\xf3\0\x3f\0\1\0\2" + ethernet(datagram)),
    "LLC in Ethernet II": lambda datagram: (ETHERNET, MACS + b"\x88\x70" + LLC_SNAP + ethertype(datagram) + datagram),
    "NSH": lambda datagram: (
        ETHERNET,
        MACS
        + b"\x89\x4f\x0f\xc6\1"
        + (b"\1" if inner(datagram) == 4 else b"\2")
        + b"\0\0\1\xff"
        + bytes(16)
        + datagram,
    ),
    "IP in IPv4": on_ethernet(lambda datagram: carrier4(inner(datagram), datagram)),
    "IP in IPv6": on_ethernet(lambda datagram: carrier6(inner(datagram), datagram)),
    "IP in IP in IP": on_ethernet(lambda datagram: carrier6(4, carrier4(inner(datagram), datagram))),
    "GRE": on_ethernet(lambda datagram: carrier4(47, gre(datagram))),
    "GRE in IPv6": on_ethernet(lambda datagram: carrier6(47, gre(datagram))),
    "GRE with key and sequence": on_ethernet(lambda datagram: carrier4(47, gre(datagram, 0x3000, bytes(7) + b"\1"))),
    "GRE with checksum": on_ethernet(lambda datagram: carrier4(47, gre(datagram, 0x8000, bytes(4)))),
    "NVGRE": on_ethernet(lambda datagram: carrier4(47, gre(ethernet(datagram), 0x2000, b"\0\1\2\3", b"\x65\x58"))),
    "ERSPAN I": on_ethernet(lambda datagram: carrier4(47, gre(ethernet(datagram), 0, b"", b"\x88\xbe"))),
    "ERSPAN II": on_ethernet(
        lambda datagram: carrier4(
            47, gre(b"\x10\x05\0\x01" + bytes(4) + ethernet(datagram), 0x1000, bytes(4), b"\x88\xbe")
        )
    ),
    "EoIP": on_ethernet(
        lambda datagram: carrier4(
            47, gre(ethernet(datagram), 0x2001, struct.pack(">HH", 14 + len(datagram), 7), b"\x64\0")
        )
    ),
    "EtherIP": on_ethernet(lambda datagram: carrier4(97, b"\x30\0" + ethernet(datagram))),
    "Ethernet in IPv6": on_ethernet(lambda datagram: carrier6(143, ethernet(datagram))),
    "AH": on_ethernet(ah),
    "AH tunnel": on_ethernet(
        lambda datagram: carrier4(51, struct.pack(">BBHII", inner(datagram), 4, 0, 1, 1) + bytes(12) + datagram)
    ),
    "MPLS in IP": on_ethernet(lambda datagram: carrier4(137, b"\0\x01\x11\x40" + datagram)),
    "VXLAN": on_ethernet(lambda datagram: udp(4789, VXLAN + ethernet(datagram))),
    "VXLAN of Linux": on_ethernet(lambda datagram: udp(8472, VXLAN + ethernet(datagram))),
    "VXLAN-GPE": on_ethernet(lambda datagram: udp(4790, b"\x0c\0\0\3\0\0\x2a\0" + ethernet(datagram))),
    "Geneve": on_ethernet(lambda datagram: udp(6081, b"\0\0\x65\x58\0\0\x2a\0" + ethernet(datagram))),
    "GTP-U": on_ethernet(lambda datagram: udp(2152, struct.pack(">BBHI", 0x30, 255, len(datagram), 7) + datagram)),
    "GTP": on_ethernet(
        lambda datagram: udp(
            3386, struct.pack(">BBHHHI", 0x1E, 255, len(datagram), 1, 0, 0xFFFFFFFF) + bytes(8) + datagram
        )
    ),
    "VXLAN in UDP-Lite": on_ethernet(
        lambda datagram: carrier4(136, struct.pack(">HHHH", 50000, 4789, 8, 0) + VXLAN + ethernet(datagram))
    ),
    "L2TP": on_ethernet(lambda datagram: udp(1701, b"\0\x02\0\1\0\1\xff\x03" + ppp(datagram))),
    "Teredo": on_ethernet(lambda datagram: udp(3544, datagram)),
    "GRE in UDP": on_ethernet(lambda datagram: udp(4754, gre(datagram))),
    "MPLS in UDP": on_ethernet(lambda datagram: udp(6635, b"\0\x01\x11\x40" + datagram)),
    "LISP": on_ethernet(lambda datagram: udp(4341, bytes(7) + b"\1" + datagram)),
    "LWAPP": on_ethernet(lambda datagram: udp(12222, bytes(4) + struct.pack(">H", len(datagram)) + wlan(datagram))),
    "JMirror": on_ethernet(lambda datagram: udp(30030, bytes(7) + b"\1" + datagram)),
    "TZSP": on_ethernet(lambda datagram: udp(37008, b"\1\0\0\1\1" + ethernet(datagram))),
    "VXLAN in VLAN": lambda datagram: (
        ETHERNET,
        MACS + b"\x81\0\0\5" + ethernet(udp(4789, VXLAN + ethernet(datagram)))[12:],
    ),
    "GRE in GRE": on_ethernet(lambda datagram: carrier4(47, gre(carrier4(47, gre(datagram))))),
}
