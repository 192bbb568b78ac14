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
    """How the headers of a version of IP and of TCP after it are read.

    Attributes:
        shape: reads both, from two octets before the IP header.
        octets: how long both are together without options.
        service: mask of the first field that ``shape`` reads: what has to be as expected there.
        following: mask of the third field: what of it has to be TCP.
        usual: the whole third field in nearly every packet of a host. One comparison with it spares the mask.
        counted: how many octets of the IP header its length field does not count.
        heads: the 16 bits from data offset to flags, of a segment with ACK and perhaps PSH -> how many octets of
            headers the length field counts. Other segments are not in it.
    """

    shape: Struct
    octets: int
    service: int
    following: int
    usual: int
    counted: int
    heads: dict[int, int]


def heads(octets: int) -> dict[int, int]:
    """``Version.heads`` where the length field counts so many octets of the IP header."""
    return {offset << 12 | flags: octets + 4 * offset for offset in range(5, 16) for flags in (ACK, ACK | 8)}


FOUR: Final = Version(SHAPE, 40, ANY_SERVICE, ANY_TTL, 0x40004006, 0, heads(20))
"""Usual are "don't fragment", a time to live of 64, and TCP."""

SIX: Final = Version(SHAPE_SIX, 60, ANY_FLOW, 0xFF, TCP, 40, heads(0))

ANY_PRIORITY: Final = 0xFFFF0FFF << 32
"""Mask of a VLAN tag, which is read as the upper half of a first field of 64 bits: everything but the priority."""


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
    """The shape of the current packet, which those after it have, if they are ordinary."""
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
    """What reads ``shape`` so many octets further on; ``first`` is the format of its first field, longer for a tag."""
    return Struct(f"{shape.format[0]}{octets}x{first}{shape.format[2:]}").unpack_from
