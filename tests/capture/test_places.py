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
