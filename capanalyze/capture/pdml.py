"""PDML, Wireshark's XML of a packet's layers: those that concern us, and where they lie.

In: the PDML of a packet, as tshark.py asks for it. Out: its IP headers, and what tells its tunnel from others. The XML
is tshark's own, one element a line, so it is searched and not parsed.
"""

import re
from typing import Final, NamedTuple

IDENTITIES: Final = {
    b"vlan.id": "VLAN",
    b"ieee8021ad.id": "VLAN",
    b"ieee8021ah.isid": "I-SID",
    b"vxlan.vni": "VXLAN",
    b"geneve.vni": "Geneve",
    b"gre.key": "GRE",
    b"erspan.vlan": "VLAN",
    b"pppoe.session_id": "PPPoE",
}
"""Fields that tell one network from another and are the same in both directions. GTP's TEIDs, MPLS labels and L2TP's
sessions are not: each direction has its own. ERSPAN's session is the mirror's, not the network's."""

KEYS: Final = {b"0x6558": (8, 0xFFFFFF), b"0x6400": (0, 0xFFFF), b"0x880b": (0, 0)}
"""What a GRE key holds besides the network's number, by the protocol carried -> shift and mask: NVGRE has 8 bits that
differ by flow behind it (RFC 7637 3.2), MikroTik's EoIP the packet's length before it, and PPTP a length and a call
number that each direction has for itself (RFC 2637 4.1)."""

_ITEM: Final = re.compile(rb'<(?:proto|field) name="([^"]*)"([^>]*)>')
_SHOW: Final = re.compile(rb' show="([^"]*)"')
_PLACE: Final = re.compile(rb' pos="(\d+)"')
_SOURCE: Final = re.compile(rb", Src: ([0-9A-Fa-f.:]+), Dst: ")

QUOTING: Final = frozenset((b"icmp", b"icmpv6"))
"""Layers that quote what was sent before."""


class Header(NamedTuple):
    """An IP header: its offset in the packet and its source address as text ("" where the packet is cut before it)."""

    offset: int
    source: str


class Layers(NamedTuple):
    """What tshark found in a packet: the IP headers from the outermost on, and the tunnels' names and numbers.

    ``captured`` is the packet's length as tshark counts it: without a pseudo-header before the link layer (ERF, PPP
    with direction, ATM), from whose end the offsets count.
    """

    captured: int
    headers: tuple[Header, ...]
    tunnel: tuple[str, ...]


def layers(packet: bytes) -> Layers:
    """The layers of one packet of PDML; what an ICMP message quotes was sent before and does not count."""
    captured = -1
    headers: list[Header] = []
    tunnel: list[str] = []
    carried = b""
    for name, rest in _ITEM.findall(packet):
        if name in QUOTING:
            break
        if name in (b"ip", b"ipv6"):
            place = _PLACE.search(rest)
            source = _SOURCE.search(rest)
            if place is not None:
                headers.append(Header(int(place[1]), source[1].decode() if source is not None else ""))
        elif name == b"caplen" and captured < 0:
            captured = int(show(rest) or 0)
        elif name == b"gre.proto":
            carried = show(rest)
        elif name in IDENTITIES:
            number = identity(name, show(rest), carried)
            word = IDENTITIES[name]
            inner_tag = word == "VLAN" and bool(tunnel) and tunnel[-1].startswith(word)
            if number and not inner_tag:
                tunnel.append(f"{word} {number}")
    return Layers(captured, tuple(headers), tuple(tunnel))


def show(rest: bytes) -> bytes:
    """The value that tshark would show, from a field's attributes."""
    found = _SHOW.search(rest)
    return found[1] if found is not None else b""


def identity(name: bytes, value: bytes, carried: bytes) -> int:
    """The number in a field of IDENTITIES, 0 where it names no network."""
    try:
        number = int(value, 0)
    except ValueError:
        return 0
    if name == b"gre.key":
        shift, mask = KEYS.get(carried, (0, number))
        return number >> shift & mask
    return number
