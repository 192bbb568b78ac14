"""pcap files: two byte orders, two units of time, five layouts of the record header behind two magics."""

from __future__ import annotations

import struct
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capanalyze.capture.decoder import MAX_PACKET
from tests.capture.octets import MICRO, MODIFIED, NANO, ROOT, pcap, read, read_path

ONE, TWO = b"\x00" * 12 + b"\x08\x00" + b"first", b"\xff" * 20
PACKETS = ((1_700_000_000, 999_999, ONE), (1_700_000_001, 0, TWO))

CAPTURES = sorted((ROOT / "captures").glob("*.pcapng"))


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(("magic", "unit"), [(MICRO, 1000), (NANO, 1)])
def test_byte_order_and_unit_of_time_come_from_the_magic(order: str, magic: int, unit: int) -> None:
    found, file = read(pcap(PACKETS, order, magic))

    assert [
        (1, 1_700_000_000_000_000_000 + 999_999 * unit, ONE),
        (2, 1_700_000_001_000_000_000, TWO),
    ] == [(one.number, one.ts_ns, one.data) for one in found]
    assert file.decoder.damage == ""


def test_original_length_is_kept_where_the_snapshot_length_cut_the_packet() -> None:
    found, _ = read(pcap(PACKETS, original=1514))

    assert [(len(ONE), 1514), (len(TWO), 1514)] == [(len(one.data), one.original) for one in found]


def test_an_original_length_below_the_captured_one_is_not_believed() -> None:
    found, _ = read(pcap(PACKETS, original=3))

    assert [len(ONE), len(TWO)] == [one.original for one in found]


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    ("magic", "extra", "dialect"),
    [
        (MICRO, b"", ""),
        (MICRO, b"\x02\0\0\0\x08\0\x04\0", "Red Hat 6.1"),
        (MICRO, b"\0\0\0\x01", "Nokia"),
        (NANO, b"", "nanoseconds"),
        (MODIFIED, b"\x02\0\0\0\x08\0\x04\0", "Kuznetzov"),
        (MODIFIED, b"\x02\0\0\0\x08\0\x04\x01\x02\0\0\0", "SuSE 6.3"),
    ],
)
@pytest.mark.parametrize("number", [1, 2, 70])
def test_layouts_that_share_a_magic_are_told_apart(
    order: str, magic: int, extra: bytes, dialect: str, number: int
) -> None:
    packets = [(1_700_000_000 + at, at, PACKETS[at % 2][2]) for at in range(number)]

    found, file = read(pcap(packets, order, magic, extra))

    assert file.decoder.dialect == dialect
    assert [one[2] for one in packets] == [one.data for one in found]


@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.name)
@pytest.mark.parametrize("form", ["pcap", "nsecpcap", "modpcap", "nokiapcap", "rh6_1pcap", "suse6_3pcap"])
def test_what_editcap_writes_in_each_layout_is_what_it_was_given(path: Path, form: str, tmp_path: Path) -> None:
    written = tmp_path / "written.pcap"
    subprocess.run(["editcap", "-F", form, path, written], check=True, capture_output=True)

    found, file = read_path(written)

    unit = 1 if form == "nsecpcap" else 1000
    expected = [(one.ts_ns // unit * unit, one.data, one.original) for one in read_path(path)[0]]
    assert expected == [(one.ts_ns, one.data, one.original) for one in found]
    assert file.decoder.damage == ""


@given(st.lists(st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 999_999), st.binary(max_size=80)), max_size=8))
def test_a_layout_is_found_whatever_the_packets_hold(packets: list[tuple[int, int, bytes]]) -> None:
    packets = [(seconds, fraction, octets or b"\1") for seconds, fraction, octets in packets]
    for magic, extra in ((MICRO, b""), (NANO, b""), (MODIFIED, b"\x02\0\0\0\x08\0\x04\0")):
        found, _ = read(pcap(packets, "<", magic, extra))

        assert [octets for _, _, octets in packets] == [one.data for one in found]


@pytest.mark.parametrize("extra", [b"", b"\0\0\0\x01", b"\x02\0\0\0\x08\0\x04\0"])
@pytest.mark.parametrize("number", [2, 20])
def test_zeros_in_packets_do_not_pass_for_records_of_another_layout(extra: bytes, number: int) -> None:
    packets = [(1_700_000_000 + at, at, bytes(500)) for at in range(number)]

    found, _ = read(pcap(packets, "<", MICRO, extra))

    assert [octets for _, _, octets in packets] == [one.data for one in found]


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("cut", [0, 4])
def test_a_header_in_a_packet_does_not_pass_for_a_record_of_another_layout(order: str, cut: int) -> None:
    numbers = struct.pack(f"{order}IIxxxxxxxxxxIIII", 2, 0x46000038, 0x0131_0A57, 0, 7496, 0x7F02_D9C2)
    octets = numbers + bytes(26)
    packets = [(1_700_000_000, 0, octets), (1_700_000_001, 0, octets)]
    whole = pcap(packets, order)

    found, file = read(whole[: len(whole) - cut])

    assert (file.decoder.dialect, [one.data for one in found]) == ("", [octets] * (1 if cut else 2))


def test_damage_behind_the_first_records_does_not_change_the_layout() -> None:
    whole = pcap([(1_700_000_000 + at, at, ONE) for at in range(10)], "<", MICRO, b"\0\0\0\x01")

    found, file = read(whole + b"\xff" * 100)

    assert (file.decoder.dialect, [one.data for one in found]) == ("Nokia", [ONE] * 10)
    assert file.decoder.damage.startswith("a record claims 4294967295 octets")


def test_fcs_bits_are_no_part_of_the_link_type() -> None:
    found, file = read(pcap(PACKETS, network=0x54000001))

    assert ({1}, 1) == ({one.link_type for one in found}, file.decoder.interfaces[0].link_type)


def test_reserved_bits_of_the_link_type_make_it_another_one() -> None:
    found, _ = read(pcap(PACKETS, network=0x02240002))

    assert {0x02240002} == {one.link_type for one in found}


@pytest.mark.parametrize("cut", [1, len(TWO), len(TWO) + 1, len(TWO) + 15])
def test_a_cut_record_ends_the_capture_and_is_told(cut: int) -> None:
    found, file = read(pcap(PACKETS)[:-cut])

    assert [one.data for one in found] == [ONE]
    rest = 16 + len(TWO) - cut
    assert file.decoder.damage == f"cut in the record after packet 1, {rest} of its octets are there"
    assert file.decoder.cut


def test_a_capture_that_ends_with_a_record_is_not_cut() -> None:
    _, file = read(pcap(PACKETS)[: -16 - len(TWO)])

    assert (file.decoder.damage, file.packets) == ("", 1)


def test_trailing_garbage_is_told_and_changes_nothing() -> None:
    found, file = read(pcap(PACKETS) + b"garbage, and then a lot more of it")

    assert [one.data for one in found] == [ONE, TWO]
    assert file.decoder.damage.startswith("a record claims ")
    assert file.decoder.damage.endswith(f"at octet {24 + 32 + len(ONE) + len(TWO)}, after packet 2")


def test_damage_far_behind_the_start_is_where_it_is_in_the_file() -> None:
    data = pcap([(1, 0, b"\1" * 1000)] * 300)

    for step in (0, 4096):
        _, file = read(data + b"\xff" * 100, step)
        assert file.decoder.damage.endswith(f"at octet {len(data)}, after packet 300")


def test_a_tail_of_zeros_that_a_crash_leaves_is_no_list_of_packets() -> None:
    found, file = read(pcap(PACKETS) + bytes(100_000))

    assert [one.data for one in found] == [ONE, TWO]
    assert file.decoder.damage == f"nothing but zeros at octet {24 + 32 + len(ONE) + len(TWO)}, after packet 2"


def test_a_packet_without_octets_is_a_packet() -> None:
    found, file = read(pcap([(1, 0, b""), (2, 0, ONE)]))

    assert ([one.data for one in found], file.decoder.damage) == ([b"", ONE], "")


@pytest.mark.parametrize(
    ("length", "snaplen", "cut"),
    [(262_144, 262_144, True), (262_145, 262_144, False), (262_145, 0, False), (5_000_000, 9_000_000, True)],
)
def test_a_last_record_that_claims_more_than_anything_captures_is_damaged_and_not_cut(
    length: int, snaplen: int, cut: bool
) -> None:
    data = bytearray(pcap([(1, 1, ONE)]) + struct.pack("<IIII", 2, 2, length, length) + bytes(500))
    data[16:20] = struct.pack("<I", snaplen)

    for size in (7, 1 << 20):
        found, file = read(bytes(data), size)

        assert ([one.data for one in found], file.decoder.cut) == ([ONE], cut)
        assert cut or file.decoder.damage.startswith(f"a record claims {length} octets: damaged")


@pytest.mark.parametrize("length", [MAX_PACKET + 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF])
@pytest.mark.parametrize("order", ["<", ">"])
def test_an_absurd_length_ends_the_capture_at_once(length: int, order: str) -> None:
    absurd = struct.pack(order + "IIII", 1_700_000_002, 0, length, length)

    found, file = read(pcap(PACKETS, order) + absurd + bytes(1000))

    assert [one.number for one in found] == [1, 2]
    assert f"claims {length} octets" in file.decoder.damage
    assert not file.decoder.cut


def test_the_longest_packet_that_is_believed_is_read() -> None:
    found, file = read(pcap([(1, 1, b"\1" * MAX_PACKET), (2, 2, TWO)]))

    assert ([MAX_PACKET, len(TWO)], "") == ([len(one.data) for one in found], file.decoder.damage)


@given(
    st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1), st.sampled_from(["<", ">"]), st.sampled_from([MICRO, NANO])
)
def test_no_time_overflows(seconds: int, fraction: int, order: str, magic: int) -> None:
    found, _ = read(pcap([(seconds, fraction, ONE)], order, magic))

    assert [seconds * 1_000_000_000 + fraction * (1 if magic == NANO else 1000)] == [one.ts_ns for one in found]


@pytest.mark.parametrize("step", [1, 7, 4096, 0])
@pytest.mark.parametrize("magic", [MICRO, MODIFIED])
def test_the_size_of_the_pieces_does_not_matter(step: int, magic: int) -> None:
    packets = [(1_700_000_000 + at, at, bytes((at % 251 + 1,)) * (at * 7 % 900)) for at in range(300)]
    data = pcap(packets, ">", magic, b"" if magic == MICRO else b"\0\0\0\x02\x08\0\x04\0")[:-5]

    found, file = read(data, step)

    assert [octets for _, _, octets in packets[:-1]] == [one.data for one in found]
    assert file.decoder.damage.startswith("cut in the record after packet 299, ")


@pytest.mark.parametrize("step", [1, 7, 0])
@pytest.mark.parametrize("other", [("<", MICRO), (">", MICRO), ("<", NANO)])
def test_files_put_together_are_read_on(step: int, other: tuple[str, int]) -> None:
    order, magic = other
    joined = pcap(PACKETS) + pcap(()) * 3 + pcap(PACKETS, order, magic)

    found, file = read(joined, step)

    unit = 1 if magic == NANO else 1000
    assert [one.data for one in found] == [ONE, TWO, ONE, TWO]
    assert [one.number for one in found] == [1, 2, 3, 4]
    assert found[2].ts_ns == 1_700_000_000_000_000_000 + 999_999 * unit
    assert file.decoder.damage == ""


def test_files_of_two_link_types_put_together_have_two_interfaces() -> None:
    ethernet, raw = pcap(()), bytearray(pcap(()))
    raw[20:24] = (101).to_bytes(4, "little")

    _, file = read(pcap(PACKETS) + (bytes(raw) + ethernet) * 100)

    assert [one.link_type for one in file.decoder.interfaces] == [1, 101]


def test_a_header_that_is_not_whole_at_the_end_is_a_cut() -> None:
    found, file = read(pcap(PACKETS) + pcap(())[:20])

    assert [one.data for one in found] == [ONE, TWO]
    assert file.decoder.damage == "cut in the record after packet 2, 20 of its octets are there"
