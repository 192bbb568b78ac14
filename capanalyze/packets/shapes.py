"""How the interpreter's loop (lane.py) reads the headers of ordinary packets: all of one stretch in the same way.

In: the packet before the stretch. Out: what one ``Struct`` reads of each, and what it has to have there.
"""

from collections.abc import Callable
from functools import cache
from struct import Struct
from typing import Any, Final, NamedTuple

from capanalyze.packets.common import ANY_FLOW, ANY_SERVICE, ANY_TTL, SHAPE, SHAPE_SIX
from capanalyze.packets.ip import TCP
from capanalyze.packets.link import FOUR_BY_ETHERTYPE, is_vlan, lead_of
from capanalyze.packets.raw import RawPackets
from capanalyze.packets.segment import ACK


class Version(NamedTuple):
    """How packets of a version of IP are read.

    Attributes:
        shape: its two headers, from two octets before. octets: how many they have without options.
        service, following: masks of its first field, and of that with the protocol. usual: what nearly every packet of
            a host has there, known by one comparison.
        counted: how many octets of the IP header its length does not count.
        heads: the 16 bits from data offset to flags, with or without PSH -> octets of headers that it counts.
    """

    shape: Struct
    octets: int
    service: int
    following: int
    usual: int
    counted: int
    heads: dict[int, int]


def heads(octets: int) -> dict[int, int]:
    """``Version.heads`` where so many octets of the IP header are counted."""
    return {offset << 12 | flags: octets + 4 * offset for offset in range(5, 16) for flags in (ACK, ACK | 8)}


FOUR: Final = Version(SHAPE, 40, ANY_SERVICE, ANY_TTL, 0x40004006, 0, heads(20))
"""Usual are "don't fragment", a time to live of 64, and TCP."""

SIX: Final = Version(SHAPE_SIX, 60, ANY_FLOW, 0xFF, TCP, 40, heads(0))

ANY_PRIORITY: Final = 0xFFFF0FFF << 32
"""What ``Version.service`` is behind a VLAN tag in front of it: everything but the priority."""


class Shape(NamedTuple):
    """What the packets of a stretch have before their TCP header.

    Attributes:
        lead: octets before the IP header; below 0 where the link layer has to be walked.
        tag: the VLAN tag in front of the EtherType, 0 without one.
        version: of IP. mark: what the first field that is read has to be, under the mask ``service``.
    """

    lead: int
    tag: int
    version: Version
    mark: int

    @property
    def service(self) -> int:
        """The mask of the first field."""
        return self.version.service | ANY_PRIORITY if self.tag else self.version.service

    def reader(self, header: int) -> Callable[[bytes, int], tuple[Any, ...]]:
        """What reads the fields of a packet (common.py) from its record, whose header has so many octets."""
        ip = header + self.lead
        return shape_behind(self.version.shape, ip - 6, "Q") if self.tag else shape_behind(self.version.shape, ip - 2)


def shape_of(packets: RawPackets) -> Shape:
    """The shape of the current packet, which those behind it have, if they are ordinary."""
    lead, four, six = lead_of(packets.link_type)
    tag = tag_of(packets, lead) if four == FOUR_BY_ETHERTYPE else 0
    if tag:
        lead += 4
    is_six = packets.captured > lead >= 0 and packets.data[packets.offset + lead] >> 4 == 6
    return Shape(lead, tag, SIX if is_six else FOUR, tag << 32 | (six if is_six else four))


def tag_of(packets: RawPackets, lead: int) -> int:
    """The VLAN tag of the current packet, without its priority, where its EtherType may be; 0 if it has none."""
    at = packets.offset + lead - 2
    if packets.captured <= lead + 4 or not is_vlan(int.from_bytes(packets.data[at : at + 2])):
        return 0
    return int.from_bytes(packets.data[at : at + 4]) & 0xFFFF0FFF


@cache
def shape_behind(shape: Struct, octets: int, first: str = "I") -> Callable[[bytes, int], tuple[Any, ...]]:
    """A shape behind so many octets; its first field may be a longer one, which begins earlier."""
    return Struct(f"{shape.format[0]}{octets}x{first}{shape.format[2:]}").unpack_from
