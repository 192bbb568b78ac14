"""Memory that no capture makes grow: whole runs of the command on crowded and hostile captures, and what is freed."""

import gc
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from capanalyze.analyzer import Analyzer
from capanalyze.capture.files import from_bytes
from capanalyze.tcp import table
from capanalyze.tcp.connection import Connection
from capanalyze.tws.framing import FrameStream
from tests.conversation import pcap
from tests.limits.crowds import (
    MOST_MB,
    Segment,
    beginnings,
    capture,
    damaged,
    finished,
    flood,
    holes,
    living,
    peak_mb,
    sessions,
    strangers,
    told,
    vlans,
    written,
)
from tests.timeline.talk import frame, started

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("crowd", "number"),
    [
        (sessions, 20_000),
        (finished, 22_000),
        (beginnings, 7_000),
        (strangers, 7_000),
        (holes, 7_000),
        (damaged, 20_480),
        (vlans, 7_000),
        (flood, 40_000),
        (told, 600),
    ],
)
def test_the_command_needs_less_than_100_mb(
    crowd: Callable[[int], Iterator[Segment]], number: int, tmp_path: Path
) -> None:
    assert peak_mb(ROOT, written(crowd(number), tmp_path / "crowd.pcap")) < MOST_MB


def test_a_ring_buffer_needs_no_more_for_many_files_than_for_one(tmp_path: Path) -> None:
    talk = started()
    for _ in range(40):
        talk.server.data(frame("17", "1", "x" * 60_000))
    files = [tmp_path / f"{number}.pcap" for number in range(60)]
    length_ns = talk.packets[-1].ts_ns - talk.packets[0].ts_ns + 1
    for number, file in enumerate(files):
        sent_again = [
            replace(one, ts_ns=one.ts_ns + number * length_ns, ip_id=one.ip_id + number) for one in talk.packets
        ]
        file.write_bytes(pcap(sent_again))

    assert peak_mb(ROOT, *files) < peak_mb(ROOT, files[0]) + 10


def test_many_files_of_the_same_time_need_little_more_than_one(tmp_path: Path) -> None:
    talk = started()
    for _ in range(40):
        talk.server.data(frame("17", "1", "x" * 60_000))
    files = [tmp_path / f"{number}.pcap" for number in range(60)]
    for number, file in enumerate(files):
        file.write_bytes(pcap([replace(one, ts_ns=one.ts_ns + number) for one in talk.packets]))

    assert peak_mb(ROOT, *files) < peak_mb(ROOT, files[0]) + 20


def test_what_is_counted_only_is_freed_without_a_collector(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "TOLD_IN_FULL", 3)
    analyzer = Analyzer()
    gc.collect()
    before = living(FrameStream)
    gc.disable()
    try:
        for window in from_bytes(b"".join(capture(sessions(50)))).windows():
            analyzer.feed(window)
        analyzer.finish()
        alive = living(FrameStream) - before
    finally:
        gc.enable()

    assert (len(analyzer.connections), alive) == (3, 6)


def test_syns_that_were_answered_wait_for_nothing_and_keep_no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    for limit, number in (("TOLD_IN_FULL", 3), ("LINGERING", 10), ("SWEPT", 20)):
        monkeypatch.setattr(table, limit, number)
    analyzer = Analyzer()
    gc.collect()  # what tests before this one left
    before = living(Connection)
    for window in from_bytes(b"".join(capture(finished(200)))).windows():
        analyzer.feed(window)

    assert living(Connection) - before <= 3 + 10 + 20 + 1
