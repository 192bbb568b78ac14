"""What a pcapng file says of itself: sections, interfaces, clocks, comments, and what was lost."""

from __future__ import annotations

import struct
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capanalyze.capture.options import MAX_COMMENTS, MAX_TEXT
from capanalyze.capture.pcapng_sections import MAX_INTERFACES, MAX_TS_NS
from capanalyze.packets.raw import NO_TIME
from tests.capture.octets import (
    DSB,
    ISB,
    NRB,
    OPB,
    block,
    interface,
    option,
    packet,
    read,
    section,
)

ORDERS = pytest.mark.parametrize("order", ["<", ">"])
ONE, TWO = b"first" * 5, b"second!"
SECOND_NS = 1_000_000_000
T0 = 1_700_000_000


def test_sections_of_different_byte_order_each_with_interfaces_of_its_own() -> None:
    data = section("<") + interface("<", 1) + interface("<", 101) + packet("<", ONE, 1, 1)
    data += section(">") + interface(">", 113) + packet(">", TWO, 2, 0)

    found, file = read(data)

    assert [(one.interface, one.link_type, one.data) for one in found] == [(1, 101, ONE), (2, 113, TWO)]
    assert [one.link_type for one in file.decoder.interfaces] == [1, 101, 113]


def test_an_interface_that_is_described_late_is_known_from_there_on() -> None:
    data = section("<") + interface("<") + packet("<", ONE, 1, 1) + interface("<", 101) + packet("<", TWO, 2, 1)

    found, file = read(data)

    assert [(one.number, one.data) for one in found] == [(2, TWO)]
    assert file.decoder.skipped == {"packet of an interface that is not described": 1}


@ORDERS
@pytest.mark.parametrize(
    ("resolution", "per_second"),
    [(0, 1), (3, 10**3), (6, 10**6), (9, 10**9), (12, 10**12), (0x80, 1), (0x8A, 2**10), (0x94, 2**20), (0xA0, 2**32)],
)
def test_every_resolution_of_time(order: str, resolution: int, per_second: int) -> None:
    seconds = 1_000_000 if per_second > 10**9 else T0  # 64 bits hold 213 days of picoseconds
    ticks = seconds * per_second + per_second // 3

    found, _ = read(
        section(order) + interface(order, options=option(order, 9, bytes((resolution,)))) + packet(order, ONE, ticks)
    )

    assert [one.ts_ns for one in found] == [ticks * SECOND_NS // per_second]


@given(
    st.integers(0, 2**64 - 1),
    st.integers(0, 255),
    st.one_of(st.just(0), st.integers(-(2**63), 2**63 - 1)),
    st.sampled_from(["<", ">"]),
)
def test_times_are_exact_or_none_before_1970_and_past_what_64_bits_hold(
    ticks: int, resolution: int, offset: int, order: str
) -> None:
    options = option(order, 9, bytes((resolution,))) + option(order, 14, struct.pack(order + "q", offset))

    found, _ = read(section(order) + interface(order, options=options) + packet(order, ONE, ticks))

    per_second = 2 ** (resolution & 127) if resolution & 128 else 10 ** (resolution & 127)
    exact = Fraction(ticks * SECOND_NS, per_second).__floor__() + offset * SECOND_NS
    assert [exact if 0 <= exact <= MAX_TS_NS else NO_TIME] == [one.ts_ns for one in found]


def test_an_offset_of_time_moves_every_packet_of_its_interface() -> None:
    shifted = interface("<", options=option("<", 14, struct.pack("<q", T0)))

    found, _ = read(section("<") + shifted + interface("<") + packet("<", ONE, 5) + packet("<", TWO, 5, 1))

    assert [one.ts_ns for one in found] == [T0 * SECOND_NS + 5000, 5000]


@ORDERS
def test_what_the_section_and_its_interfaces_say_of_themselves(order: str) -> None:
    about = (
        option(order, 1, b"a comment")
        + option(order, 1, b"another")
        + option(order, 2, b"PowerBook")
        + option(order, 3, b"Linux 6")
    )
    about += option(order, 4, "Dumpcap \u00fc".encode()) + option(order, 0, b"")
    named = option(order, 2, b"lo") + option(order, 3, b"Loopback") + option(order, 11, b"\0tcp port 4001")
    named += option(order, 12, b"Debian") + option(order, 1, b"of lo")

    _, file = read(section(order, about) + interface(order, 1, 65535, named))

    decoder = file.decoder
    assert (decoder.comments, decoder.hardware, decoder.os, decoder.application) == (
        ["a comment", "another", "of lo"],
        "PowerBook",
        "Linux 6",
        "Dumpcap \u00fc",
    )
    lo = decoder.interfaces[0]
    assert (lo.name, lo.description, lo.filter, lo.os, lo.snaplen) == (
        "lo",
        "Loopback",
        "tcp port 4001",
        "Debian",
        65535,
    )


@ORDERS
def test_statistics_count_what_was_dropped_and_the_newest_counts(order: str) -> None:
    def statistics(index: int, received: int, dropped: int, by_os: int) -> bytes:
        values = zip((4, 5, 7), (received, dropped, by_os), strict=True)
        options = b"".join(option(order, code, struct.pack(order + "Q", value)) for code, value in values)
        return block(order, ISB, struct.pack(order + "III", index, 0, 0) + options)

    data = section(order) + interface(order) + interface(order) + statistics(1, 10, 1, 2) + statistics(1, 90, 3, 4)

    _, file = read(data + statistics(7, 1, 1, 1))

    assert [(one.received, one.dropped) for one in file.decoder.interfaces] == [(-1, -1), (90, 7)]


@ORDERS
def test_obsolete_packet_blocks_tell_what_was_lost_before_them(order: str) -> None:
    def lossy(index: int, drops: int) -> bytes:
        return block(order, OPB, struct.pack(order + "HHIIII", index, drops, 0, 0, len(ONE), len(ONE)) + ONE)

    blocks = lossy(0, 0xFFFF) + lossy(1, 3) + lossy(1, 0) + lossy(1, 0xFFFE) + lossy(9, 1)

    _, file = read(section(order) + interface(order) + interface(order) + blocks)

    assert [one.dropped for one in file.decoder.interfaces] == [-1, 3 + 0xFFFE]


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))
def test_no_counter_overflows(dropped: int, by_os: int) -> None:
    options = option("<", 5, struct.pack("<Q", dropped)) + option("<", 7, struct.pack("<Q", by_os))

    _, file = read(section("<") + interface("<") + block("<", ISB, struct.pack("<III", 0, 0, 0) + options))

    assert file.decoder.interfaces[0].dropped == min(dropped + by_os, MAX_TS_NS)


def test_hostile_interfaces_texts_and_options_are_bounded() -> None:
    long = option("<", 2, b"n" * 65_000)
    many = b"".join(option("<", code, b"") for code in range(3, 2000))

    _, file = read(section("<", long + many) + interface("<", options=long) + interface("<") * (MAX_INTERFACES + 50))

    decoder = file.decoder
    assert len(decoder.interfaces) == MAX_INTERFACES
    assert (len(decoder.hardware), len(decoder.interfaces[0].name)) == (MAX_TEXT, MAX_TEXT)


def test_an_option_that_runs_over_its_block_ends_the_options() -> None:
    broken = option("<", 2, b"lo") + struct.pack("<HH", 3, 60_000)

    found, file = read(section("<") + interface("<", options=broken) + packet("<", ONE, 1))

    assert (
        file.decoder.interfaces[0].name,
        file.decoder.interfaces[0].description,
        [one.data for one in found],
    ) == ("lo", "", [ONE])


@pytest.mark.parametrize("order", ["<", ">"])
def test_comments_of_packets_are_kept_with_their_numbers(order: str) -> None:
    said = option(order, 1, b"here it hangs") + option(order, 1, b"really") + option(order, 0, b"")
    data = section(order) + interface(order) + packet(order, b"one", 1) + packet(order, b"two", 2, options=said)
    found, file = read(data)

    assert len(found) == 2
    assert file.decoder.comments == ["packet 2: here it hangs", "packet 2: really"]


@ORDERS
def test_comments_of_other_blocks_are_kept_but_for_those_that_capture_tools_write(order: str) -> None:
    def said(text: bytes) -> bytes:
        return option(order, 1, text) + option(order, 0, b"")

    name = struct.pack(order + "HH", 1, 11) + b"\x7f\0\0\1tws.lo\0" + b"\0" + bytes(4)
    old = struct.pack(order + "HHIIII", 0, 0xFFFF, 0, 0, len(TWO), len(TWO)) + TWO + b"\0"
    data = section(order) + interface(order) + block(order, OPB, old + said(b"of a packet"))
    data += block(order, NRB, name + said(b"of names"))
    data += block(order, DSB, struct.pack(order + "II", 0x544C534B, 5) + b"keys\n" + bytes(3) + said(b"of secrets"))
    data += block(order, ISB, struct.pack(order + "III", 0, 0, 0) + said(b"Counters provided by dumpcap"))
    found, file = read(data)

    assert [one.data for one in found] == [TWO]
    assert file.decoder.comments == ["packet 1: of a packet", "of names", "of secrets"]


def test_more_comments_than_anybody_reads_are_counted() -> None:
    many = b"".join(option("<", 1, f"comment {number}".encode()) for number in range(MAX_COMMENTS - 1))
    data = section("<") + interface("<")
    full = many + option("<", 1, b"one more") * 3
    data += packet("<", b"one", 1, options=many) + packet("<", b"two", 2, options=full)
    _, file = read(data)

    assert (len(file.decoder.comments), file.decoder.comments_left_out) == (MAX_COMMENTS, MAX_COMMENTS + 1)
    assert file.decoder.comments[-1] == "packet 2: comment 0"


@pytest.mark.parametrize("order", ["<", ">"])
def test_packets_that_blocks_say_were_lost_before_them_are_added_up(order: str) -> None:
    def lost(number: int) -> bytes:
        return (
            option(order, 2, b"\0\0\0\1") + option(order, 4, struct.pack(order + "Q", number)) + option(order, 0, b"")
        )

    blocks = [packet(order, b"octets", at, options=lost(number)) for at, number in enumerate((0, 3, 2**64 - 1))]
    files = [read(section(order) + interface(order) + b"".join(blocks[:upto]))[1] for upto in (1, 2, 3)]

    assert [file.decoder.interfaces[0].dropped for file in files] == [-1, 3, 1 << 60]


@ORDERS
@pytest.mark.parametrize(("told", "expected"), [((2,), 7), ((9,), 9), ((9, 0), 7), ((0,), 7)])
def test_what_packets_and_statistics_tell_of_the_same_losses_is_not_added_up(
    order: str, told: tuple[int, ...], expected: int
) -> None:
    lossy = [
        packet(order, b"octets", at, options=option(order, 4, struct.pack(order + "Q", lost)))
        for at, lost in enumerate((3, 4))
    ]
    statistics = [
        block(order, ISB, struct.pack(order + "III", 0, 0, 0) + option(order, 5, struct.pack(order + "Q", lost)))
        for lost in told
    ]

    _, file = read(section(order) + interface(order) + lossy[0] + b"".join(statistics) + lossy[1])

    assert file.decoder.interfaces[0].dropped == expected
