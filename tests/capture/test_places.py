"""Two ways through the same packets: ``advance`` and, for the interpreter, ``places``; and stopping on the way."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capanalyze.capture.files import CaptureFile, from_bytes
from tests.capture.octets import Trickle, all_captures, by_places, interface, option, packet, pcap, read, section
from tests.capture.test_pcapng import WHOLE

READABLE = [path for path in all_captures() if path.stat().st_size]


@pytest.mark.parametrize("path", READABLE, ids=lambda path: path.name)
def test_both_ways_give_the_same_packets_of_every_capture(path: Path) -> None:
    data = path.read_bytes()
    expected, whole = read(data)
    file = from_bytes(data)

    assert list(by_places(file)) == expected
    assert (file.decoder.damage, file.decoder.skipped) == (whole.decoder.damage, whole.decoder.skipped)
    assert list(by_places(from_bytes(data), 3)) == expected
    assert list(by_places(from_bytes(data), 0, 60)) == expected


@pytest.mark.parametrize("original", [1, 7, 2000])
def test_an_original_length_below_the_captured_one_is_not_believed_either_way(original: int) -> None:
    old = pcap([(1, 0, b"first one"), (2, 0, b"second one")], original=original)
    new = section("<") + interface("<") + packet("<", b"first one", 1, original=original)

    for data in (old, new):
        assert list(by_places(from_bytes(data))) == read(data)[0]


@pytest.mark.parametrize("resolution", [0, 3, 6, 9, 12, 0x80 | 20])
def test_a_packet_without_a_time_is_no_ordinary_one(resolution: int) -> None:
    head = section("<") + interface("<", options=option("<", 9, bytes((resolution,))))
    units = 2 ** (resolution & 127) if resolution & 128 else 10**resolution
    late = 2**63 * units // 10**9  # the first unit that is past 2262
    data = head + b"".join(packet("<", b"octets", ticks % 2**64) for ticks in (1, 2, late - 2, late + 2, 3))

    found = read(data)[0]

    assert list(by_places(from_bytes(data))) == found
    assert [one.ts_ns >= 0 for one in found] == [True, True, True, late + 2 >= 2**64, True]


PCAP = pcap([(1_700_000_000 + at, at, bytes((at % 251,)) * (at * 7 % 300)) for at in range(120)], ">")
CHANGES = st.lists(st.tuples(st.integers(24, 4000), st.integers(0, 255)), max_size=5)


@given(
    st.sampled_from([PCAP, WHOLE]), CHANGES, st.integers(24, 20_000), st.sampled_from([0, 7, 4096]), st.integers(0, 9)
)
def test_both_ways_stop_at_the_same_damage(
    data: bytes, changes: list[tuple[int, int]], cut: int, step: int, hold_every: int
) -> None:
    changed = bytearray(data)
    for at, octet in changes:
        changed[at] = octet
    octets = bytes(changed[:cut])
    expected, whole = read(octets)

    file = CaptureFile("octets", Trickle(octets, step), "octets") if step else from_bytes(octets)
    found = list(by_places(file, hold_every))

    assert found == expected
    assert (file.decoder.damage, file.decoder.skipped, file.packets) == (
        whole.decoder.damage,
        whole.decoder.skipped,
        whole.packets,
    )


def test_a_packet_that_is_held_ends_the_run_and_is_delivered_once_more_by_another() -> None:
    window = from_bytes(pcap([(1, 0, b"first"), (2, 0, b"second")])).decoder
    window.holds = True
    window.advance()

    assert window.hold("GRE")
    assert (window.held, window.advance(), window.places(1)) == (True, False, ([], []))
    window.resume()
    start = window.offset
    assert (window.held, window.number, window.data[start : start + window.captured]) == (False, 1, b"first")
    assert window.advance()
    assert window.number == 2


def test_where_nobody_stands_by_what_cannot_be_unwrapped_is_counted() -> None:
    window = from_bytes(pcap([(1, 0, b"first"), (2, 0, b"second")])).decoder
    while window.advance():
        assert not window.hold("GRE")

    assert (window.wrapped, window.held) == ({"GRE": 2}, False)


def test_a_section_without_an_interface_has_no_packets_either_way() -> None:
    data = section("<") + packet("<", b"octets", 1)

    assert list(by_places(from_bytes(data))) == []


@pytest.mark.parametrize(("offset", "ordinary"), [(0, 2), (5, 2), (-5, 0)])
def test_what_may_have_no_time_is_not_ordinary(offset: int, ordinary: int) -> None:
    shifted = interface("<", options=option("<", 14, struct.pack("<q", offset)))
    window = from_bytes(section("<") + shifted + packet("<", b"octets", 1) * 3).decoder

    assert window.advance()
    places, ends = window.places(1)
    assert len(places) == ordinary
    assert ends == [place + window.header + 6 for place in places]


OPTIONS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from([2, 3, 5, 6, 7, 2988, 40_000]), st.binary(max_size=9)),
        st.tuples(st.just(1), st.sampled_from([b"", b"here it hangs"])),
        st.tuples(st.just(4), st.integers(0, 9).map(lambda drops: struct.pack("<Q", drops))),
    ),
    max_size=3,
)


@given(st.lists(st.tuples(st.binary(max_size=9), OPTIONS, st.sampled_from([b"", bytes(4), b"\1"])), max_size=12))
def test_what_the_options_of_packets_say_is_told_either_way(
    packets: list[tuple[bytes, list[tuple[int, bytes]], bytes]],
) -> None:
    data = section("<") + interface("<")
    comments: list[str] = []
    drops = 0
    for number, (octets, options, end) in enumerate(packets, 1):
        data += packet("<", octets, number, options=b"".join(option("<", *one) for one in options) + end)
        comments += [f"packet {number}: {text.decode()}" for code, text in options if code == 1 and text]
        drops += next((int.from_bytes(value, "little") for code, value in options if code == 4), 0)
    expected, whole = read(data)
    file = from_bytes(data)

    assert list(by_places(file)) == expected
    for one in (file.decoder, whole.decoder):
        assert one.comments == comments
        assert max(one.interfaces[0].dropped_added, 0) == drops


@pytest.mark.parametrize("order", ["<", ">"])
def test_packets_whose_options_say_nothing_are_ordinary(order: str) -> None:
    flags, number = option(order, 2, b"\1\0\0\0"), option(order, 5, bytes(8))
    alike = [packet(order, b"octets", ticks, options=flags + option(order, 0, b"")) for ticks in range(3)]
    told = packet(order, b"octets", 4, options=flags + option(order, 1, b"here it hangs"))
    window = from_bytes(
        section(order) + interface(order) + b"".join(alike) + packet(order, b"octets", 3, options=number) + told
    ).decoder

    assert window.advance()
    assert len(window.places(1)[0]) == 3
    assert window.advance()
    assert (window.number, window.comments) == (5, ["packet 5: here it hangs"])


def test_what_says_nothing_in_one_byte_order_may_be_a_comment_in_the_next_sections() -> None:
    comment = option("<", 1, b"here")
    data = section(">") + interface(">") + packet(">", b"octets", 1, options=comment) * 2
    data += section("<") + interface("<") + packet("<", b"octets", 1, options=comment) * 2
    file = from_bytes(data)
    _, whole = read(data)

    assert len(list(by_places(file))) == 4
    assert file.decoder.comments == whole.decoder.comments == ["packet 3: here", "packet 4: here"]


@pytest.mark.parametrize("more", [-40, -16, -8, -4, -3, -1, 1, 2, 3, 4, 1 << 28])
def test_the_length_of_a_packet_with_options_is_believed_as_far_either_way(more: int) -> None:
    """-3 and the like: found by fuzzing."""
    packets = [packet("<", b"octets", ticks, options=option("<", 2, b"\1\0\0\0")) for ticks in range(4)]
    length = struct.unpack_from("<I", packets[2], 4)[0] + more
    packets[2] = packets[2][:4] + struct.pack("<I", length) + packets[2][8:]
    data = section("<") + interface("<") + b"".join(packets)
    expected, whole = read(data)
    file = from_bytes(data)

    assert list(by_places(file)) == expected
    assert (file.decoder.damage, file.decoder.skipped) == (whole.decoder.damage, whole.decoder.skipped)
