"""Files that were recorded at the same time are one capture in order of time, as mergecap writes it."""

from __future__ import annotations

import struct
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capanalyze.api import messages, read
from capanalyze.capture.capture import Capture
from capanalyze.capture.merged import STRETCH
from capanalyze.capture.pieces import MOST_AT_ONCE
from capanalyze.report.report import Report
from tests.capture.merging import dealt_out
from tests.capture.octets import ROOT, interface, option, packet, pcap, section, simple_packet
from tests.capture.wrappers import WRAPPERS, ethernet
from tests.conversation import START_NS, Conversation, Packet, pcap_of_frames, pcapng

SECOND_NS = 1_000_000_000
Told = list[tuple[int, int, bytes]]


def packets_of(paths: Sequence[Path]) -> Told:
    """Number, time and octets of every packet."""
    runs = Capture([str(path) for path in paths]).runs()
    return [
        (int(run.number), int(run.ts_ns), run.data[run.offset : run.offset + run.captured])
        for run in runs
        for _ in iter(run.advance, False)
    ]


def merged(paths: Sequence[Path]) -> Path:
    """What mergecap makes of the files; each keeps its interfaces."""
    out = paths[0].with_name("merged.pcapng")
    subprocess.run(["mergecap", "-I", "none", "-w", out, *paths], check=True)
    return out


def written(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def frame(message: bytes) -> bytes:
    return struct.pack(">I", len(message)) + message


def session(ticks: int = 30, port: int = 50000, clock: int = START_NS) -> Conversation:
    talk = Conversation(("127.0.0.1", port), step_ns=40_000_000, clock=clock).open()
    talk.packets[1].ip_id = 0  # as Linux has it
    talk.client.data(b"API\0" + frame(b"v100..176")).server.data(frame(b"176\x0020240612 09:30:00 EST\0"))
    for number in range(ticks):
        talk.server.data(frame(b"49\x001\x00%d\0" % number)).client.ack()
    return talk.server.fin().client.ack().client.fin().server.ack()


def at_both_ends(packets: Sequence[Packet], folder: Path, behind_ns: int = 0) -> list[Path]:
    """Every packet as each host captured it; the gateway's clock differs by so much."""
    later = [replace(one, ts_ns=one.ts_ns + behind_ns + 300_000) for one in packets]
    return [written(folder, "client.pcapng", pcapng(packets)), written(folder, "gateway.pcapng", pcapng(later))]


def told(report: Report) -> dict[str, object]:
    whole = report.to_dict()
    return {key: whole[key] for key in ("connections", "timeline", "findings", "verdict")}


times = st.lists(st.integers(1, 9), max_size=6).map(lambda between: [1, *sorted(between), 9])


@given(st.lists(st.tuples(times, st.booleans()), min_size=2, max_size=4))
@settings(max_examples=30, deadline=None)
def test_the_packets_are_those_of_mergecap_in_its_order(files: list[tuple[list[int], bool]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for place, (seconds, as_pcap) in enumerate(files):
            octets = [(second, b"%d: %d." % (place, number)) for number, second in enumerate(seconds)]
            if as_pcap:
                data = pcap([(second, 0, octet) for second, octet in octets])
            else:
                blocks = [packet("<", octet, second * 1_000_000) for second, octet in octets]
                data = section("<") + interface("<") + b"".join(blocks)
            paths.append(written(Path(folder), str(place), data))

        assert packets_of(paths) == packets_of([merged(paths)])


@pytest.mark.parametrize("behind_ns", [0, 30_000_000, -30_000_000])
def test_a_connection_captured_at_both_ends_is_told_once(behind_ns: int, tmp_path: Path) -> None:
    talk = session()
    paths = at_both_ends(talk.packets, tmp_path, behind_ns)

    report = read(paths)

    (connection,) = report.connections
    assert (connection.notes, connection.history) == ((), "ShADdfFa")
    assert report.capture.packets == 2 * len(talk.packets)
    assert told(report) == told(read(merged(paths)))


@pytest.mark.parametrize("path", sorted(ROOT.glob("captures/*.pcapng")), ids=lambda path: path.stem)
def test_packets_dealt_out_to_two_files_are_told_as_before(path: Path, tmp_path: Path) -> None:
    halves = dealt_out(path, tmp_path)
    whole = merged(halves)

    report = read(halves)

    if report.capture.packets > 2:
        assert report.capture.remarks[0].startswith("of the same time by their clocks: one, other;")
    assert told(report) == told(read(whole))
    assert list(report.messages()) == list(messages(whole))


def test_each_direction_in_a_file_of_its_own(tmp_path: Path) -> None:
    talk = session()
    one_way = [[one for one in talk.packets if one.sender == side] for side in ("client", "server")]
    paths = [written(tmp_path, str(place), pcapng(part)) for place, part in enumerate(one_way)]

    report = read(paths)

    assert told(report) == told(read(written(tmp_path, "whole", pcapng(talk.packets))))


@pytest.fixture
def wrapped(tmp_path: Path) -> list[Path]:
    """A session, and one in GRE behind it, the packets of both in turn in two files."""
    before = session(5)
    behind = session(5, 50001, before.clock)
    plain = [(one.ts_ns, ethernet(one.datagram())) for one in before.packets]
    framed = plain + [(one.ts_ns, WRAPPERS["GRE"](one.datagram())[1]) for one in behind.packets]
    return [written(tmp_path, str(start), pcap_of_frames(framed[start::2])) for start in (0, 1)]


def test_what_only_tshark_unwraps_comes_in_its_place(wrapped: list[Path]) -> None:
    report = read(wrapped)

    assert [one.history for one in report.connections] == ["ShADdfFa"] * 2
    assert "unwrapped by tshark: 19 packets in GRE" in report.capture.remarks
    found = list(report.messages())
    assert found == list(messages(merged(wrapped)))
    assert len(found) == 2 * 7


def test_what_nobody_unwraps_is_counted(wrapped: list[Path]) -> None:
    capture = read(wrapped, engine="native").capture

    assert "left out: 19 packets in GRE; tshark unwraps that (--engine native was asked for)" in capture.remarks


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0)])
def test_which_files_are_of_the_same_time_and_what_is_told_of_them(order: tuple[int, ...], tmp_path: Path) -> None:
    paths = [
        written(tmp_path, name, pcap([(second, 0, b"packet") for second in seconds]))
        for name, seconds in (("a", (1, 5, 5)), ("b", (4, 6)), ("c", (6, 7)))
    ]

    capture = read([paths[at] for at in order]).capture

    assert [(one.name, one.first_packet, one.packets) for one in capture.files] == [
        ("a", 1, 3),
        ("b", 2, 2),
        ("c", 6, 2),
    ]
    assert capture.remarks == (
        "of the same time by their clocks: a, b; packets are in order of time, as mergecap numbers them",
    )


def test_many_files_of_the_same_time_are_not_all_named(tmp_path: Path) -> None:
    paths = [written(tmp_path, str(at), pcap([(at + 1, 0, b"packet"), (20, 0, b"packet")])) for at in range(6)]

    assert "of the same time by their clocks: 0, 1, 2, 3 and 2 more;" in read(paths).capture.remarks[0]


def test_so_many_files_of_the_same_time_are_read_at_once(tmp_path: Path) -> None:
    paths = [
        written(tmp_path, f"{at:02}", pcap([(at + 1, 0, b"packet"), (40, 0, b"packet")]))
        for at in range(MOST_AT_ONCE + 2)
    ]
    paths.append(written(tmp_path, "after", pcap([(41, 0, b"packet")])))

    capture = read(paths).capture

    assert [one.first_packet for one in capture.files] == [*range(1, MOST_AT_ONCE + 1), 17, 18, 21]
    assert [remark.partition(";")[0].partition(": mergecap")[0] for remark in capture.remarks] == [
        "of the same time by their clocks: 00, 01, 02, 03 and 4 more",
        "of the same time by their clocks: 08, 09",
        "08 is of the same time as 8 others, and is read behind them",
    ]


def test_more_files_one_after_the_other_beside_a_long_one(tmp_path: Path) -> None:
    long = written(tmp_path, "long", pcap([(second, 0, b"long") for second in (1, 40)]))
    ring = [written(tmp_path, f"{at:02}", pcap([(at + 2, 0, b"1"), (at + 2, 9, b"2")])) for at in range(20)]

    told = packets_of([long, *ring])

    assert [octets for _, _, octets in told] == [b"long", *([b"1", b"2"] * 20), b"long"]


def test_a_damaged_recording_ends_and_the_other_goes_on(tmp_path: Path) -> None:
    cut = written(tmp_path, "cut", pcap([(2, 0, b"packet"), (4, 0, b"packet")])[:-2])
    whole = written(tmp_path, "whole", pcap([(second, 0, b"packet") for second in (3, 4, 5)]))
    long = written(tmp_path, "long", pcap([(1, 0, b"packet"), (9, 0, b"packet")]))

    facts = read([cut, whole, long]).capture

    assert [(one.name, one.first_packet, one.packets) for one in facts.files] == [
        ("long", 1, 2),
        ("cut", 2, 1),
        ("whole", 3, 3),
    ]
    assert facts.damage == "cut: cut in the record after packet 1, 20 of its octets are there"


def test_packets_without_a_time_stay_behind_those_before_them(tmp_path: Path) -> None:
    blocks = packet("<", b"one", 3_000_000) + simple_packet("<", b"two") + packet("<", b"three", 9_000_000)
    timeless = written(tmp_path, "timeless", section("<") + interface("<") + blocks)
    other = written(tmp_path, "other", pcap([(second, 0, b"other") for second in (1, 5)]))

    assert [octets for _, _, octets in packets_of([timeless, other])] == [b"other", b"one", b"two", b"other", b"three"]


def test_a_file_ends_with_its_last_packet_that_has_a_time(tmp_path: Path) -> None:
    blocks = packet("<", b"one", 1_000_000) + packet("<", b"two", 9_000_000) + simple_packet("<", b"three")
    timeless = written(tmp_path, "timeless", section("<") + interface("<") + blocks)
    other = written(tmp_path, "other", pcap([(7, 0, b"other")]))

    assert [octets for _, _, octets in packets_of([timeless, other])] == [b"one", b"other", b"two", b"three"]


def test_packets_of_no_use_have_numbers_too(tmp_path: Path) -> None:
    homeless = packet("<", b"lost", 4_000_000, index=7)
    head = section("<") + interface("<")
    one = written(tmp_path, "1", head + packet("<", b"one", 1_000_000) + homeless + packet("<", b"two", 6_000_000))
    two = written(tmp_path, "2", head + packet("<", b"three", 2_000_000) + packet("<", b"four", 3_000_000) + homeless)

    assert [(number, octets) for number, _, octets in packets_of([one, two])] == [
        (1, b"one"),
        (2, b"three"),
        (3, b"four"),
        (6, b"two"),
    ]
    assert read([one, two]).capture.packets == 6


def test_a_comment_is_of_a_packet_by_its_number_in_a_file_that_is_named(tmp_path: Path) -> None:
    head = section("<") + interface("<")
    note = option("<", 1, b"look") + option("<", 0, b"")
    commented = packet("<", b"two", 3_000_000, options=note)
    one = written(tmp_path, "one", head + packet("<", b"one", 1_000_000) + packet("<", b"four", 9_000_000))
    two = written(tmp_path, "two", head + packet("<", b"three", 2_000_000) + commented)

    assert read([one, two]).capture.comments == ("two: packet 2: look",)


def test_progress_is_told_now_and_then(tmp_path: Path) -> None:
    paths = [
        written(tmp_path, str(at), pcap([(second, at, b"packet") for second in range(1, STRETCH)])) for at in range(2)
    ]
    size = sum(path.stat().st_size for path in paths)
    moments: list[tuple[int, int]] = []

    read(paths, progress=lambda *moment: moments.append(moment))

    assert moments[-1] == (size, size)
    assert len(moments) == 3
