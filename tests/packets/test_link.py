"""Link layers: where the IP header lies."""

import struct

import pytest

from capanalyze.packets.link import CUT, KNOWN_LINKS, LINK_TAGGED, MAX_TAGS, NOT_IP, UNKNOWN_LINK
from capanalyze.packets.segment import HEADER_CUT, OK
from tests.conversation import ETHERNET, LOOP, NULL, RAW, SLL, SLL2, Conversation
from tests.packets.reading import payload, read

V4 = {"client_address": ("127.0.0.1", 50000), "server_address": ("127.0.0.1", 4001)}
V6 = {"client_address": ("::1", 50000), "server_address": ("::1", 4001)}


def frame(link_type: int, **fields: object) -> bytes:
    talk = Conversation(**fields).established()  # type: ignore[arg-type]
    return talk.client.data(b"API\0").packets[0].frame(link_type)


@pytest.mark.parametrize("link_type", [ETHERNET, NULL, LOOP, RAW, SLL, SLL2, 12, 14])
@pytest.mark.parametrize("addresses", [V4, V6], ids=["v4", "v6"])
def test_each_link_type_leads_to_the_segment(link_type: int, addresses: dict[str, object]) -> None:
    octets = frame(RAW if link_type in {12, 14} else link_type, **addresses)

    found, segment = read(octets, link_type)

    assert (found, payload(segment, octets)) == (OK, b"API\0")


@pytest.mark.parametrize(("link_type", "addresses"), [(228, V4), (229, V6)])
def test_ip_of_one_version_is_a_link_type_of_its_own(link_type: int, addresses: dict[str, object]) -> None:
    assert read(frame(RAW, **addresses), link_type)[0] == OK


@pytest.mark.parametrize("family", [2, 10, 23, 24, 28, 30])
@pytest.mark.parametrize("order", ["<I", ">I"])
@pytest.mark.parametrize("link_type", [NULL, LOOP])
def test_bsd_loopback_knows_every_systems_family_in_both_byte_orders(family: int, order: str, link_type: int) -> None:
    octets = struct.pack(order, family) + frame(RAW, **(V4 if family == 2 else V6))

    assert read(octets, link_type)[0] == OK


def test_another_family_is_not_ip() -> None:
    assert read(struct.pack("<I", 7) + frame(RAW), NULL)[0] == NOT_IP


@pytest.mark.parametrize("kind", [0x8100, 0x88A8, 0x9100, 0x9200])
def test_every_vlan_tag_is_walked_and_the_outer_id_kept(kind: int) -> None:
    octets = frame(ETHERNET)
    tags = struct.pack(">HH", kind, 0xE000 | 7) + struct.pack(">HH", 0x8100, 100)

    found, segment = read(octets[:12] + tags + octets[12:])

    assert (found, segment.key[-2:]) == (OK, b"\x00\x07")


def test_a_priority_tag_is_no_vlan() -> None:
    octets = frame(ETHERNET)

    tagged = read(octets[:12] + struct.pack(">HH", 0x8100, 0xE000) + octets[12:])[1]

    assert tagged.key == read(octets)[1].key


def test_a_vlan_tag_behind_a_cooked_header() -> None:
    assert read(frame(SLL, vlans=(9,)), SLL)[1].key[-2:] == b"\x00\x09"


def test_the_vlan_of_one_packet_is_forgotten_at_the_next() -> None:
    segment = read(frame(ETHERNET, vlans=(7,)))[1]

    read(frame(ETHERNET), by=segment)

    assert len(segment.key) == 12


def test_too_many_tags_are_refused() -> None:
    octets = frame(ETHERNET)
    tags = struct.pack(">HH", 0x8100, 1) * (MAX_TAGS + 1)

    assert read(octets[:12] + tags + octets[12:])[0] == CUT


@pytest.mark.parametrize("ethertype", [0x0806, 0x86DE, 0x8847, 0x05DC, 0x0000])
def test_other_ethertypes_are_not_ip(ethertype: int) -> None:
    octets = frame(ETHERNET)

    assert read(octets[:12] + struct.pack(">H", ethertype) + octets[14:])[0] == NOT_IP


def test_an_unknown_link_type_is_named() -> None:
    assert read(frame(RAW), 147)[0] == UNKNOWN_LINK


@pytest.mark.parametrize("link_type", KNOWN_LINKS)
def test_every_cut_of_a_frame_is_survived(link_type: int) -> None:
    base = link_type if link_type in {ETHERNET, NULL, LOOP, SLL, SLL2} else RAW
    octets = frame(base, **(V6 if link_type == 229 else V4), vlans=(7, 8) if link_type == ETHERNET else ())
    tagged = b"\0\7" + octets if link_type == LINK_TAGGED else octets

    whole = read(tagged, link_type)[0]
    parts = {read(tagged[:size], link_type, len(tagged))[0] for size in range(len(tagged) - len(b"API\0"))}

    assert (whole, parts - {CUT, HEADER_CUT}) == (OK, {OK})


def test_what_another_engine_took_out_of_a_tunnel_is_told_by_the_tunnel() -> None:
    found, segment = read(b"\1\2" + frame(RAW), LINK_TAGGED)

    assert (found, segment.key[-2:]) == (OK, b"\1\2")
