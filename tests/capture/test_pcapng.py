"""pcapng files: sections of either byte order, interfaces, three kinds of packet block, and what is stepped over."""

from __future__ import annotations

import struct
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capanalyze.capture.decoder import MAX_PACKET
from capanalyze.capture.options import MAX_COMMENTS, MAX_TEXT
from capanalyze.capture.pcapng_sections import MAX_INTERFACES, MAX_TS_NS
from capanalyze.packets.raw import NO_TIME
from tests.capture.octets import (
    CUSTOM,
    CUSTOM_NO_COPY,
    DSB,
    EPB,
    ISB,
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
def test_times_are_exact_or_the_last_that_64_bits_hold_or_none_before_1970(
    ticks: int, resolution: int, offset: int, order: str
) -> None:
    options = option(order, 9, bytes((resolution,))) + option(order, 14, struct.pack(order + "q", offset))

    found, _ = read(section(order) + interface(order, options=options) + packet(order, ONE, ticks))

    per_second = 2 ** (resolution & 127) if resolution & 128 else 10 ** (resolution & 127)
    exact = Fraction(ticks * SECOND_NS, per_second).__floor__() + offset * SECOND_NS
    assert [NO_TIME if exact < 0 else min(exact, MAX_TS_NS)] == [one.ts_ns for one in found]


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


@pytest.mark.parametrize("order", ["<", ">"])
def test_comments_of_packets_are_kept_with_their_numbers(order: str) -> None:
    said = option(order, 1, b"here it hangs") + option(order, 1, b"really") + option(order, 0, b"")
    data = section(order) + interface(order) + packet(order, b"one", 1) + packet(order, b"two", 2, options=said)
    found, file = read(data)

    assert len(found) == 2
    assert file.decoder.comments == ["packet 2: here it hangs", "packet 2: really"]


def test_more_comments_than_anybody_reads_are_not_kept() -> None:
    many = b"".join(option("<", 1, f"comment {number}".encode()) for number in range(MAX_COMMENTS - 1))
    data = section("<") + interface("<")
    data += packet("<", b"one", 1, options=many) + packet("<", b"two", 2, options=many)
    _, file = read(data)

    assert len(file.decoder.comments) == MAX_COMMENTS
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
