"""Connections beyond those told in full: what is counted of them, and that every format of the report says so."""

from pathlib import Path

import pytest

from capanalyze.api import message_counts, messages, read
from capanalyze.report import Look, render
from capanalyze.tcp import table
from tests.limits.test_memory import HELLO, TICK, VERSION, capture, sessions

MORE = 47


@pytest.fixture
def crowd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(table, "TOLD_IN_FULL", 3)
    path = tmp_path / "crowd.pcap"
    path.write_bytes(b"".join(capture(sessions(3 + MORE))))
    return path


def test_the_others_are_counted(crowd: Path) -> None:
    report = read(crowd)
    counted = report.counted_only

    assert [one.conn for one in report.connections] == [1, 2, 3]
    assert (report.connections_left_out, report.timeline_left_out) == (MORE, MORE)
    assert counted is not None
    assert (counted.connections, counted.packets) == (MORE, 6 * MORE)
    assert counted.octets == MORE * len(HELLO + VERSION + TICK + TICK[:9])
    assert (counted.closed_first, counted.conn_states) == ({"": MORE}, {"S1": MORE})
    assert (counted.sessions, counted.reached) == (MORE, {"server_answered": MORE})
    assert counted.messages == {"client": {"hello": MORE}, "server": {"hello": MORE, "tickPrice": MORE}}


def test_a_capture_that_is_told_in_full_counts_nothing_more(crowd: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "TOLD_IN_FULL", 3 + MORE)

    assert read(crowd).counted_only is None


@pytest.mark.parametrize("form", ["text", "md", "json"])
def test_every_format_says_what_is_counted_only(crowd: Path, form: str) -> None:
    words = " ".join(render(read(crowd), form, Look(120)).replace("\\", "").split())

    assert f"{MORE} more connections are counted only: nobody closed first on {MORE}" in words
    if form != "json":
        assert f"{MORE} TWS sessions with {3 * MORE} messages came to: {MORE} server answered" in words


def test_connections_without_room_are_told(crowd: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "FOLLOWED", 40)

    report = read(crowd)

    assert report.counted_only is not None
    assert (report.counted_only.unfollowed_syns, report.counted_only.unfollowed_packets) == (10, 60)
    assert "10 SYNs found no room" in " ".join(render(report, "text", Look(120)).split())


def test_counts_by_name_hold_the_messages_of_all_connections(crowd: Path) -> None:
    sums = {(sender, name): number for sender, names in message_counts(crowd).items() for name, number in names.items()}
    found: dict[tuple[str, str], int] = {}
    for message in messages(crowd):
        place = (message["sender"], message["name"])
        found[place] = found.get(place, 0) + 1

    assert sums == found
