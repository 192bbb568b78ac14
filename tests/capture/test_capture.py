"""Captures of one file or several: pieces in order, packets numbered on, what is told of each."""

from __future__ import annotations

import hashlib
import io
import struct
import sys
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capanalyze.api import read, read_files
from capanalyze.capture.capture import Capture
from capanalyze.capture.clocks import LOOKED_AT
from capanalyze.capture.files import from_bytes
from capanalyze.errors import CapanalyzeError, NotACaptureError
from tests.capture.octets import (
    CUSTOM,
    ISB,
    NANO,
    ROOT,
    Record,
    block,
    interface,
    option,
    packet,
    pcap,
    read_path,
    section,
    simple_packet,
)

SEED = ROOT / "captures" / "seed-silent-gateway.pcapng"


def numbers_and_times(capture: Capture) -> list[tuple[int, int]]:
    return [(int(run.number), int(run.ts_ns)) for run in capture.runs() for _ in iter(run.advance, False)]


@pytest.fixture(scope="module")
def pieces(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The seed's capture in three files, cut within a connection, the last one first by name."""
    folder = tmp_path_factory.mktemp("pieces")
    found, _ = read_path(SEED)
    paths = []
    for name, part in (("c", found[:5]), ("a", found[5:9]), ("b", found[9:])):
        paths.append(folder / f"{name}.pcapng")
        paths[-1].write_bytes(piece(part))
    return paths


def piece(part: list[Record]) -> bytes:
    """A file of these packets, without statistics: how long recording went on is not in it."""
    lo = interface("<", part[0].link_type, options=option("<", 9, b"\x09"))
    blocks = [packet("<", one.data, one.ts_ns, original=one.original) for one in part]
    return section("<") + lo + b"".join(blocks)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_pieces_are_one_capture_in_the_order_of_their_first_packets(pieces: list[Path], order: tuple[int, ...]) -> None:
    report = read([pieces[at] for at in order]).to_dict()

    whole = read_files([from_bytes(piece(read_path(SEED)[0]))]).to_dict()
    for key in ("connections", "timeline", "findings", "verdict"):
        assert report[key] == whole[key]
    assert [(one["name"], one["first_packet"], one["packets"]) for one in report["capture"]["files"]] == [
        ("c.pcapng", 1, 5),
        ("a.pcapng", 6, 4),
        ("b.pcapng", 10, 12),
    ]
    assert [one["sha256"] for one in report["capture"]["files"]] == [
        hashlib.sha256(path.read_bytes()).hexdigest() for path in pieces
    ]
    assert (report["capture"]["packets"], report["capture"]["sha256"]) == (21, None)
    assert report["capture"]["name"] == "c.pcapng and 2 more"


def test_messages_of_pieces_are_those_of_the_whole(pieces: list[Path]) -> None:
    assert list(read(pieces).messages()) == list(read(SEED).messages())


def test_globs_are_expanded_and_a_file_counts_once(pieces: list[Path]) -> None:
    capture = Capture([str(pieces[0].parent / "*.pcapng"), str(pieces[1])])

    assert [number for number, _ in numbers_and_times(capture)] == list(range(1, 22))


def test_an_engine_that_does_not_exist() -> None:
    with pytest.raises(CapanalyzeError) as caught:
        Capture([str(SEED)], "wireshark")

    assert (str(caught.value), caught.value.hint) == ("wireshark: no such engine", "--engine auto, native, tshark")


def test_pieces_without_packets_come_last_and_have_no_first_packet(tmp_path: Path) -> None:
    empty = tmp_path / "a.pcap"
    empty.write_bytes(pcap([]))
    full = tmp_path / "b.pcap"
    full.write_bytes(pcap([(5, 0, b"packet")]))

    files = read([empty, full]).to_dict()["capture"]["files"]

    assert [(one["name"], one["first_packet"], one["packets"]) for one in files] == [
        ("b.pcap", 1, 1),
        ("a.pcap", None, 0),
    ]


@pytest.mark.parametrize("early_first", [True, False])
def test_pieces_with_packets_without_a_time_stay_in_the_order_given(early_first: bool, tmp_path: Path) -> None:
    timeless, early = tmp_path / "timeless.pcapng", tmp_path / "early.pcap"
    timeless.write_bytes(section("<") + interface("<") + simple_packet("<", b"packet"))
    early.write_bytes(pcap([(5, 0, b"packet")]))
    given_order = [early, timeless] if early_first else [timeless, early]

    capture = Capture([str(path) for path in given_order])

    times = [5_000_000_000, -1] if early_first else [-1, 5_000_000_000]
    assert numbers_and_times(capture) == [(1, times[0]), (2, times[1])]


@pytest.mark.parametrize("lost", [0, -1])
def test_a_piece_whose_first_packets_lost_their_time_is_sorted_by_the_first_that_has_one(
    lost: int, tmp_path: Path
) -> None:
    head = section("<") + interface("<")
    first = simple_packet("<", b"octets") if lost else packet("<", b"octets", 0)
    (tmp_path / "late").write_bytes(head + first * 3 + packet("<", b"octets", 9))
    (tmp_path / "early").write_bytes(head + packet("<", b"octets", 3))

    capture = Capture([str(tmp_path / "late"), str(tmp_path / "early")])

    assert numbers_and_times(capture) == [(1, 3000), (2, lost), (3, lost), (4, lost), (5, 9000)]


def test_a_piece_in_which_no_packet_has_a_time_is_not_looked_through(tmp_path: Path) -> None:
    timeless = section("<") + interface("<") + simple_packet("<", b"octets") * LOOKED_AT
    (tmp_path / "late").write_bytes(timeless + packet("<", b"octets", 9))
    (tmp_path / "early").write_bytes(section("<") + interface("<") + packet("<", b"octets", 3))

    capture = Capture([str(tmp_path / "late"), str(tmp_path / "early")])

    assert numbers_and_times(capture)[-1] == (LOOKED_AT + 2, 3000)


def test_looking_for_the_first_packet_leaves_no_trace(tmp_path: Path) -> None:
    for name, ticks in (("late", 9), ("early", 3)):
        head = section("<") + interface("<", options=option("<", 2, b"lo")) + block("<", CUSTOM, b"\0" * 8)
        (tmp_path / name).write_bytes(head + packet("<", b"octets", ticks))
    capture = Capture([str(tmp_path / "late"), str(tmp_path / "early")])

    assert numbers_and_times(capture) == [(1, 3000), (2, 9000)]
    assert [(len(file.decoder.interfaces), file.decoder.other_blocks) for file in capture.files] == [(1, 1)] * 2


def test_a_first_packet_behind_much_else_is_found(tmp_path: Path) -> None:
    head = section("<") + interface("<") + block("<", 4, bytes(3_000_000))
    (tmp_path / "late").write_bytes(head + packet("<", b"octets", 9))
    (tmp_path / "early").write_bytes(head + packet("<", b"octets", 3))

    capture = Capture([str(tmp_path / "late"), str(tmp_path / "early")])

    assert numbers_and_times(capture) == [(1, 3000), (2, 9000)]


def test_a_ring_of_more_files_than_may_be_open(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    for at in range(80):
        (tmp_path / f"{at:03}.pcap").write_bytes(pcap([(at, 0, b"packet")]))
    used = len(list(Path("/proc/self/fd").iterdir()))
    resource.setrlimit(resource.RLIMIT_NOFILE, (used + 20, limits[1]))
    try:
        found = numbers_and_times(Capture([str(tmp_path / "*.pcap")]))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)

    assert [(at + 1, at * 1_000_000_000) for at in range(80)] == found


def test_a_piece_that_is_no_capture_is_named(pieces: list[Path], tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("what I did")
    with pytest.raises(NotACaptureError) as caught:
        Capture([str(pieces[0]), str(tmp_path / "notes.txt")])

    assert str(caught.value).startswith(f"{tmp_path / 'notes.txt'}: not a pcap or pcapng capture")


def test_standard_input_may_be_a_piece(monkeypatch: pytest.MonkeyPatch, pieces: list[Path]) -> None:
    class Input(io.TextIOWrapper):
        def isatty(self) -> bool:
            return False

    monkeypatch.setattr(sys, "stdin", Input(io.BytesIO(pieces[0].read_bytes())))

    assert len(numbers_and_times(Capture(["-", str(pieces[1])]))) == 9
    assert not sys.stdin.buffer.closed


def test_the_interface_of_a_ring_buffer_is_one_and_its_drops_are_added_up(tmp_path: Path) -> None:
    for at, dropped in enumerate((3, 4)):
        counts = block("<", ISB, struct.pack("<III", 0, 0, 0) + option("<", 5, struct.pack("<Q", dropped)))
        lo = interface("<", options=option("<", 2, b"lo"))
        other = interface("<", 101) if at else b""
        (tmp_path / f"{at}").write_bytes(section("<") + lo + other + packet("<", b"octets", at) + counts)

    capture = read([tmp_path / "0", tmp_path / "1"]).capture

    assert [(one.name, one.link_type, one.dropped) for one in capture.interfaces] == [("lo", 1, 7), (None, 101, None)]
    assert capture.dropped == 7


def test_damage_in_a_piece_is_told_and_the_next_ones_are_read(tmp_path: Path) -> None:
    (tmp_path / "1.pcap").write_bytes(pcap([(1, 0, b"packet"), (2, 0, b"packet")])[:-2])
    (tmp_path / "2.pcap").write_bytes(pcap([(3, 0, b"packet")]))

    facts = read([tmp_path / "1.pcap", tmp_path / "2.pcap"]).to_dict()["capture"]

    assert (facts["packets"], facts["truncated"]) == (2, True)
    assert facts["damage"] == "1.pcap: cut in the record after packet 1, 20 of its octets are there"


def test_the_youngest_file_of_a_ring_may_be_empty_still(pieces: list[Path], tmp_path: Path) -> None:
    youngest = tmp_path / "youngest.pcapng"
    youngest.touch()

    capture = read([*pieces, youngest]).capture

    assert (capture.packets, [one.name for one in capture.files]) == (21, ["c.pcapng", "a.pcapng", "b.pcapng"])
    assert capture.remarks == ("youngest.pcapng is empty",)


def test_nothing_but_empty_files_is_no_capture(tmp_path: Path) -> None:
    for name in "12":
        (tmp_path / name).touch()
    with pytest.raises(NotACaptureError) as caught:
        read([tmp_path / "1", tmp_path / "2"])

    assert str(caught.value) == f"{tmp_path / '1'}: it is empty"


def test_a_file_counts_once_whatever_it_is_called(pieces: list[Path], tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(pieces[0])
    roundabout = f"{pieces[0].parent}/../{pieces[0].parent.name}/{pieces[0].name}"

    assert read([pieces[0], link, roundabout]).capture == read(pieces[0]).capture


def test_a_copy_among_the_pieces_is_remarked_on(pieces: list[Path], tmp_path: Path) -> None:
    copy = tmp_path / "copy.pcapng"
    copy.write_bytes(pieces[0].read_bytes())

    assert read([*pieces, copy]).capture.remarks == (
        "copy.pcapng has the same octets as c.pcapng: its packets count twice",
    )


def test_pieces_whose_packets_are_out_of_order_where_they_meet_are_not_of_the_same_time(tmp_path: Path) -> None:
    (tmp_path / "1").write_bytes(pcap([(1, 0, b"packet"), (2, 400_000, b"packet")]))
    (tmp_path / "2").write_bytes(pcap([(2, 0, b"packet"), (3, 0, b"packet")]))

    assert read([tmp_path / "1", tmp_path / "2"]).capture.remarks == ()


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("length", [0, 13, 0x7FFFFFF0])
def test_an_absurd_length_before_any_packet_is_refused(order: str, length: int, tmp_path: Path) -> None:
    path = tmp_path / "absurd.pcapng"
    path.write_bytes(section(order) + struct.pack(order + "II", 1, length) + bytes(100))
    with pytest.raises(NotACaptureError) as caught:
        read(path)

    assert str(caught.value).startswith(f"{path}: a block claims {length} octets: damaged, or not a block, at octet 28")


def test_an_absurd_length_behind_packets_loses_none_of_them(tmp_path: Path) -> None:
    path = tmp_path / "absurd.pcap"
    path.write_bytes(pcap([(1, 0, b"packet")]) + struct.pack("<IIII", 2, 0, 0x7FFFFFFF, 0x7FFFFFFF) + bytes(100))

    capture = read(path).capture

    assert (capture.packets, capture.truncated) == (1, True)


def test_progress_is_told_in_octets_of_all_files(pieces: list[Path]) -> None:
    told: list[tuple[int, int]] = []
    sizes = [path.stat().st_size for path in pieces]

    capture = Capture([str(path) for path in pieces], progress=lambda done, total: told.append((done, total)))
    numbers_and_times(capture)

    assert {sum(sizes)} == {total for _, total in told}
    assert sorted(told) == told
    assert told[-1] == (sum(sizes), sum(sizes))


def test_every_file_is_closed_when_the_reader_goes_away(pieces: list[Path]) -> None:
    before = {path.name for path in Path("/proc/self/fd").iterdir()}
    runs = Capture([str(path) for path in pieces]).runs()
    next(runs)
    runs.close()  # type: ignore[attr-defined]

    assert before == {path.name for path in Path("/proc/self/fd").iterdir()}


@cache
def told_of_the_whole() -> list[object]:
    report = read_files([from_bytes(piece(read_path(SEED)[0]))]).to_dict()
    return [report[key] for key in ("connections", "timeline", "verdict")]


@settings(max_examples=30)
@given(st.sets(st.integers(1, 20), max_size=5))
def test_a_capture_cut_into_pieces_anywhere_is_the_same_capture(cuts: set[int]) -> None:
    found, _ = read_path(SEED)
    link_type = found[0].link_type
    parts = [found[start:end] for start, end in pairwise([0, *sorted(cuts), len(found)])]
    files = [pcap([(*divmod(one.ts_ns, 10**9), one.data) for one in part], "<", NANO, b"", link_type) for part in parts]

    report = read_files([from_bytes(data) for data in files]).to_dict()

    assert [report[key] for key in ("connections", "timeline", "verdict")] == told_of_the_whole()
    assert [len(part) for part in parts] == [one["packets"] for one in report["capture"]["files"]]
