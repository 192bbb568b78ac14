"""pcapng files: packets in three kinds of block, and what is stepped over, cut or damaged."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capanalyze.capture.decoder import MAX_PACKET
from capanalyze.capture.pcapng_sections import MAX_TS_NS
from capanalyze.packets.raw import NO_TIME
from tests.capture.octets import (
    CUSTOM,
    CUSTOM_NO_COPY,
    DSB,
    EPB,
    JOURNAL,
    NRB,
    OPB,
    SPB,
    block,
    interface,
    old_packet,
    option,
    packet,
    read,
    section,
    simple_packet,
)

ORDERS = pytest.mark.parametrize("order", ["<", ">"])
ONE, TWO = b"first" * 5, b"second!"
SECOND_NS = 1_000_000_000
T0 = 1_700_000_000


@ORDERS
def test_enhanced_simple_and_obsolete_packet_blocks(order: str) -> None:
    ticks = T0 * 1_000_000 + 123_456
    data = section(order) + interface(order) + packet(order, ONE, ticks, original=1514)
    data += simple_packet(order, TWO) + old_packet(order, ONE, ticks + 1)

    found, file = read(data)

    assert [(one.number, one.ts_ns, one.data, one.original) for one in found] == [
        (1, ticks * 1000, ONE, 1514),
        (2, NO_TIME, TWO, len(TWO)),
        (3, (ticks + 1) * 1000, ONE, len(ONE)),
    ]
    assert file.decoder.damage == ""


def test_a_simple_packet_block_is_cut_by_the_snapshot_length() -> None:
    found, _ = read(section("<") + interface("<", snaplen=6) + simple_packet("<", TWO[:6], original=1000))

    assert [(TWO[:6], 1000)] == [(one.data, one.original) for one in found]


@ORDERS
@pytest.mark.parametrize("kind", [NRB, DSB, 0x0BADBEEF, 0x80000001, 0x7FFFFFFF])
def test_other_blocks_are_stepped_over(order: str, kind: int) -> None:
    data = section(order) + interface(order) + packet(order, ONE, 1) + block(order, kind, b"\xff" * 99)

    found, file = read(data + packet(order, TWO, 2))

    assert [(one.number, one.data) for one in found] == [(1, ONE), (2, TWO)]
    assert file.decoder.other_blocks == 0


@ORDERS
@pytest.mark.parametrize("kind", [JOURNAL, CUSTOM, CUSTOM_NO_COPY])
def test_blocks_that_wireshark_numbers_have_no_number_here_and_are_counted(order: str, kind: int) -> None:
    other = block(order, kind, struct.pack(order + "I", 32473) + b"anything")

    found, file = read(section(order) + interface(order) + other + packet(order, ONE, 1) + other)

    assert ([one.number for one in found], file.decoder.other_blocks) == ([1], 2)


def test_a_packet_block_that_claims_more_than_it_holds_keeps_its_number() -> None:
    lying = bytearray(packet("<", ONE, 1))
    lying[20:24] = struct.pack("<I", 5000)
    short = block("<", EPB, b"\0" * 16)

    found, file = read(section("<") + interface("<") + bytes(lying) + short + packet("<", TWO, 2))

    assert [(one.number, one.data) for one in found] == [(3, TWO)]
    assert file.decoder.skipped == {"packet longer than its block": 1, "packet block too short": 1}


@pytest.mark.parametrize("length", [0, 4, 8, 11, 13, 30, MAX_PACKET + 4, 0x7FFFFFFC, 0xFFFFFFFC])
@ORDERS
def test_an_absurd_block_length_ends_the_capture_at_once(length: int, order: str) -> None:
    absurd = struct.pack(order + "II", EPB, length) + bytes(64)

    found, file = read(section(order) + interface(order) + packet(order, ONE, 1) + absurd + packet(order, TWO, 2))

    assert [one.data for one in found] == [ONE]
    assert file.decoder.damage.startswith(f"a block claims {length} octets")
    assert file.decoder.damage.endswith("after packet 1")
    assert not file.decoder.cut


def test_a_cut_block_ends_the_capture_and_is_told() -> None:
    data = section("<") + interface("<") + packet("<", ONE, 1) + packet("<", TWO, 2)

    found, file = read(data[:-1])

    assert [one.data for one in found] == [ONE]
    assert file.decoder.damage == "cut in the record after packet 1, 39 of its octets are there"
    assert file.decoder.cut


@ORDERS
@pytest.mark.parametrize("both", [True, False])
def test_a_block_whose_length_leaves_out_its_padding_is_read(order: str, both: bool) -> None:
    def without(padded: bytes, padding: int) -> bytes:
        length = struct.pack(order + "I", len(padded) - padding)
        return padded[:4] + length + padded[8:-4] + (length if both else padded[-4:])

    name = without(interface(order, options=option(order, 2, b"lo0")), 1)
    data = section(order) + name + without(packet(order, ONE, 1), -len(ONE) % 4) + packet(order, TWO, 2)
    found, file = read(data)

    assert ([one.data for one in found], file.decoder.interfaces[0].name) == ([ONE, TWO], "lo0")
    assert [one.data for one in read(data, 7)[0]] == [ONE, TWO]
    assert not file.decoder.damage


def test_a_section_header_without_its_magic_ends_the_capture() -> None:
    broken = bytearray(section("<"))
    broken[8:12] = b"\1\2\3\4"

    found, file = read(section("<") + interface("<") + packet("<", ONE, 1) + bytes(broken))

    assert ([one.data for one in found], file.packets) == ([ONE], 1)
    assert file.decoder.damage.startswith("a Section Header Block without its byte-order magic")


def test_a_packet_without_any_interface_is_counted() -> None:
    found, file = read(section("<") + packet("<", ONE, 1) + simple_packet("<", TWO) + old_packet("<", ONE, 1))

    assert found == []
    assert file.packets == 3
    assert file.decoder.skipped == {"packet of an interface that is not described": 3}


WHOLE = b"".join(
    section(order, option(order, 4, b"test"))
    + interface(order, 1, 0, option(order, 9, b"\x09") + option(order, 2, b"lo"))
    + interface(order, 101, 0, option(order, 9, b"\xa0"))
    + b"".join(packet(order, bytes((at + 1,)) * (at * 37 % 700), T0 * SECOND_NS + at, 0) for at in range(60))
    + packet(order, ONE, T0 << 32 | 5, 1, options=option(order, 1, b"comment"))
    + simple_packet(order, TWO)
    + block(order, CUSTOM, b"\0" * 20)
    + old_packet(order, ONE, 77, 1)
    + block(order, NRB, b"\0" * 4)
    for order in ("<", ">")
)


def ends() -> list[int]:
    """Where the packet blocks of WHOLE end."""
    found, at, order = [], 0, "<"
    while at < len(WHOLE):
        if WHOLE[at : at + 4] == b"\n\r\r\n":
            order = "<" if WHOLE[at + 8] == 0x4D else ">"
        kind, length = struct.unpack_from(order + "II", WHOLE, at)
        at += length
        found += [at] if kind in {EPB, SPB, OPB} else []
    return found


ENDS = ends()


@pytest.mark.parametrize("step", [1, 7, 4096])
def test_the_size_of_the_pieces_does_not_matter(step: int) -> None:
    found, file = read(WHOLE, step)

    expected, whole = read(WHOLE)
    assert expected == found
    assert (file.decoder.damage, file.decoder.other_blocks) == (whole.decoder.damage, whole.decoder.other_blocks)
    assert [one.link_type for one in file.decoder.interfaces] == [1, 101, 1, 101]


@given(st.integers(0, len(WHOLE) - 1), st.sampled_from([1, 13, 4096]))
def test_a_capture_cut_anywhere_gives_the_packets_before_the_cut(cut: int, step: int) -> None:
    if cut < 12:
        return
    found, file = read(WHOLE[:cut], step)

    expected, _ = read(WHOLE)
    assert expected[: len(found)] == found
    assert len(found) == sum(end <= cut for end in ENDS)
    assert file.packets == len(found)


@given(st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), min_size=1, max_size=6))
def test_changed_octets_never_raise_and_never_make_packets_out_of_nothing(changes: list[tuple[int, int]]) -> None:
    data = bytearray(WHOLE)
    for at, octet in changes:
        if at >= 12:  # the first section header stays recognisable
            data[at] = octet

    found, _ = read(bytes(data))

    assert sum(len(one.data) for one in found) <= len(data)
    assert all(0 <= len(one.data) <= one.original for one in found)
    assert all(NO_TIME <= one.ts_ns <= MAX_TS_NS for one in found)
