"""What hides an IP header has a name; what merely is no TCP has none."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capanalyze.capture.queue import PacketQueue
from capanalyze.packets.link import CUT, LINK_TAGGED, LinkLayer
from capanalyze.packets.segment import OK, Segment
from capanalyze.packets.wrapped import wrapping
from tests.capture.wrappers import ETHERNET, MACS, carrier4, carrier6, ethernet, gre, udp
from tests.conversation import Conversation

DATAGRAM = Conversation(("10.0.0.1", 7), ("10.0.0.2", 4001)).client.syn().packets[0].datagram()
SLL, SLL2, NULL, RAW = 113, 276, 0, 101
TUNNEL = carrier4(47, gre(DATAGRAM))
LATER_FRAGMENT = TUNNEL[:6] + b"\0\5" + TUNNEL[8:]
LATER_OF_UDP = udp(4789, bytes(30))[:6] + b"\0\5" + udp(4789, bytes(30))[8:]


def name(link_type: int, frame: bytes) -> str:
    queue = PacketQueue()
    queue.put(1, 0, 0, link_type, b"before" + frame + b"behind", 6, len(frame), len(frame))
    queue.advance()
    return wrapping(queue)


def extensions(following: int, body: bytes) -> bytes:
    """Hop-by-hop and destination options before a header of that protocol."""
    return carrier6(0, b"\x3c\0" + bytes(6) + bytes((following, 0)) + bytes(6) + body)


@pytest.mark.parametrize(
    ("link_type", "frame", "expected"),
    [
        (ETHERNET, ethernet(TUNNEL), "GRE"),
        (SLL, b"\0\0\3\4\0\6" + bytes(8) + b"\x08\0" + TUNNEL, "GRE"),
        (SLL2, b"\x08\0" + bytes(18) + TUNNEL, "GRE"),
        (NULL, b"\2\0\0\0" + TUNNEL, "GRE"),
        (RAW, TUNNEL, "GRE"),
        (ETHERNET, MACS + b"\x81\0\0\5\x81\0\0\6\x08\0" + TUNNEL, "GRE"),
        (ETHERNET, MACS + b"\x81\0\0\5\x88\x64" + bytes(40), "PPPoE"),
        (SLL, b"\0\0\3\4\0\6" + bytes(8) + b"\x88\x64" + bytes(40), "PPPoE"),
        (SLL2, b"\x88\x64" + bytes(18) + bytes(40), "PPPoE"),
        (ETHERNET, ethernet(extensions(47, gre(DATAGRAM))), "GRE"),
        (ETHERNET, ethernet(carrier6(44, b"\x2f\0\0\0\0\0\0\1" + gre(DATAGRAM))), "GRE"),
        (ETHERNET, ethernet(LATER_FRAGMENT), "GRE"),
        (ETHERNET, ethernet(udp(4789, bytes(30))), "VXLAN"),
        (ETHERNET, ethernet(carrier4(17, struct.pack(">HHHH", 2152, 9, 20, 0) + bytes(12))), "GTP-U"),
        (105, b"anything", "IEEE 802.11 (link type 105)"),
        (65000, b"anything", "an unknown layer (link type 65000)"),
    ],
)
def test_a_name_for_what_hides_the_header(link_type: int, frame: bytes, expected: str) -> None:
    assert name(link_type, frame) == expected


@pytest.mark.parametrize(
    "frame",
    [
        ethernet(DATAGRAM),
        ethernet(udp(53, bytes(30))),
        ethernet(carrier4(1, bytes(30))),
        ethernet(carrier6(58, bytes(30))),
        ethernet(extensions(58, bytes(30))),
        ethernet(carrier4(50, bytes(30))),  # ESP: encrypted
        ethernet(LATER_OF_UDP),  # whose ports lie in the first
        ethernet(carrier6(44, b"\x11\0\0\x08\0\0\0\1" + udp(4789, bytes(30))[20:])),
        ethernet(carrier6(44, b"\x3c\0\0\x08\0\0\0\1" + b"\x2f\0" + bytes(38))),  # in which no header begins
        MACS + b"\x08\x06" + bytes(28),
        MACS + b"\x88\xcc" + bytes(40),
        MACS + b"\0\x26\x42\x42\3" + bytes(35),  # spanning tree, 802.3 with LLC
        MACS + b"\0\x26\xaa\xaa\3\0\0\x0c\x20\0" + bytes(30),  # CDP, SNAP of another organisation
        MACS + b"\0\x26\xaa\xaa\3\0\0\0\x88\xcc" + bytes(30),
        ethernet(carrier4(17, b"\x12")),
        MACS,
        b"",
    ],
)
def test_no_name_where_nothing_is_hidden(frame: bytes) -> None:
    assert name(ETHERNET, frame) == ""


@given(st.sampled_from([0, 1, 12, 101, 108, 113, 228, 229, 276, LINK_TAGGED]), st.binary(max_size=120))
def test_any_octets_have_a_name_or_none(link_type: int, frame: bytes) -> None:
    assert isinstance(name(link_type, frame), str)


@given(st.integers(14, 90), st.sampled_from([TUNNEL, carrier6(47, gre(DATAGRAM)), udp(4789, bytes(30))]))
def test_a_cut_frame_never_reads_beyond_its_end(cut: int, datagram: bytes) -> None:
    whole = ethernet(datagram)

    assert name(ETHERNET, whole[:cut]) in {"", name(ETHERNET, whole)}


def test_a_tagged_datagram_has_its_tunnel_in_the_key() -> None:
    queue = PacketQueue()
    queue.put(9, 5, 2, LINK_TAGGED, b"\x12\x34" + DATAGRAM, 0, 2 + len(DATAGRAM), 2 + len(DATAGRAM))
    queue.advance()
    segment = Segment()

    assert segment.read(queue) == OK
    assert segment.key == DATAGRAM[12:24] + b"\x12\x34"


@pytest.mark.parametrize("octets", [b"", b"\x12"])
def test_a_cut_tag_is_a_cut_packet(octets: bytes) -> None:
    assert LinkLayer().ip_offset(octets, 0, len(octets), LINK_TAGGED) == CUT
