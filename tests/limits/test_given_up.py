"""Connections and sessions of which there comes to be more than there is room for: they are counted, and it is said."""

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

from capanalyze import API_PORTS, read
from capanalyze.analyzer import Analyzer
from capanalyze.api import message_counts, messages
from capanalyze.capture.files import from_bytes
from capanalyze.report import Look, render
from capanalyze.tcp import room, table
from capanalyze.tcp.connection import Connection
from tests.conversation import ACK, FIN, SYN
from tests.limits.crowds import (
    CLIENT,
    GATEWAY,
    SERVER,
    TICK,
    Segment,
    analysed,
    capture,
    client,
    damaged,
    finished,
    living,
    ready,
    sessions,
    told,
    written,
)

MANY = 60
FEW = 5
"""Connections told in full."""


@pytest.fixture(autouse=True)
def few_in_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "TOLD_IN_FULL", FEW)


@pytest.fixture
def little_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "IN_ALL", MANY * room.CONNECTION_COST + 2 * room.SESSION_COST)


def closed(number: int) -> Iterator[Segment]:
    """Damaged sessions, and then the closes of them all."""
    yield from damaged(number)
    for one in range(number):
        yield GATEWAY, client(one), SERVER + 700, CLIENT + 400, FIN | ACK, b"", 0


@pytest.mark.usefixtures("little_room")
def test_who_closed_first_is_not_claimed_where_a_connection_was_given_up(tmp_path: Path) -> None:
    report = read(written(damaged(MANY), tmp_path / "crowd.pcap"))

    assert report.counted_only is not None
    closes = report.counted_only.closed_first
    assert (sum(closes.values()), set(closes)) == (MANY - FEW, {"client FIN", "unknown"})
    assert 10 < closes["unknown"] < MANY - FEW - 10
    assert sum(report.counted_only.conn_states.values()) == closes["client FIN"]
    assert report.counted_only.unfollowed_packets >= closes["unknown"]


@pytest.mark.usefixtures("little_room")
def test_the_report_and_its_first_line_say_so(tmp_path: Path) -> None:
    report = read(written(damaged(MANY), tmp_path / "crowd.pcap"))
    assert report.counted_only is not None
    unknown = report.counted_only.closed_first["unknown"]
    assert report.counted_only.sessions_given_up > 0

    assert f"there was no room to follow {unknown} to the end" in report.verdict
    words = " ".join(render(report, "text", Look(120)).split())
    assert f"for want of room {report.counted_only.sessions_given_up} session" in words
    assert "could not be followed to the end" in words


@pytest.mark.usefixtures("little_room")
def test_nothing_is_given_up_of_sessions_of_which_all_goes_well(tmp_path: Path) -> None:
    report = read(written(ready(MANY), tmp_path / "crowd.pcap"))

    assert report.counted_only is not None
    assert report.counted_only.closed_first == {"": MANY - FEW}
    assert (report.counted_only.sessions_given_up, report.counted_only.reached) == (0, {"ready": MANY - FEW})


@pytest.mark.usefixtures("little_room")
def test_a_new_connection_of_the_ports_that_were_given_up_is_followed() -> None:
    def again() -> Iterator[Segment]:
        yield from damaged(MANY)
        for one in range(MANY):
            yield GATEWAY, client(one), SERVER + 700, CLIENT + 400, FIN | ACK, b"", 0
            yield client(one), GATEWAY, CLIENT + 400, SERVER + 701, ACK, b"", 0
        for one in range(FEW, MANY):
            yield client(one), GATEWAY, 500_000, 0, SYN, b"", 0
            yield GATEWAY, client(one), 900_000, 500_001, SYN | ACK, b"", 0
            yield client(one), GATEWAY, 500_001, 900_001, ACK, b"", 0
            yield GATEWAY, client(one), 900_001, 500_001, FIN | ACK, b"", 0
            yield client(one), GATEWAY, 500_001, 900_002, FIN | ACK, b"", 0

    analyzer = analysed(again())
    analyzer.finish()

    assert analyzer.tracker.table.gateway.closes["server FIN"] == MANY - FEW


@pytest.mark.usefixtures("little_room")
def test_what_a_list_of_messages_may_lack_is_said(tmp_path: Path) -> None:
    crowd = written(damaged(MANY), tmp_path / "crowd.pcap")
    of_list: list[str] = []
    of_counts: list[str] = []
    listed = sum(1 for _ in messages(crowd, lacking=of_list))
    message_counts(crowd, lacking=of_counts)

    assert listed > 2 * MANY
    assert [len(of_list), len(of_counts)] == [1, 1]
    assert {words[:17] for words in of_list + of_counts} == {"for want of room "}


def test_so_is_what_it_lacks_of_a_connection_that_was_given_up_at_its_last_packet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table, "TOLD_IN_FULL", 0)
    monkeypatch.setattr(room, "IN_ALL", room.CONNECTION_COST + room.SESSION_COST + room.KEEPING_COST + 100)
    lacking: list[str] = []

    def ended() -> Iterator[Segment]:
        yield from ready(1)
        yield GATEWAY, client(0), SERVER, CLIENT, FIN | ACK, TICK, 0

    listed = list(messages(written(ended(), tmp_path / "crowd.pcap"), lacking=lacking))

    assert [one["name"] for one in listed][-1] == "nextValidId"
    assert lacking == ["for want of room 1 connection could not be followed to the end"]


def test_a_list_of_messages_lacks_nothing_where_all_was_followed(tmp_path: Path) -> None:
    lacking: list[str] = []
    whole = written(damaged(MANY), tmp_path / "crowd.pcap")
    for _ in messages(whole, lacking=lacking):
        pass
    cut = tmp_path / "cut.pcap"
    cut.write_bytes(whole.read_bytes()[:-3])
    for _ in messages(cut, lacking=lacking):
        pass

    assert lacking == ["the capture is cut off at its end"]


@pytest.mark.parametrize("octets", [1 << 40, MANY * room.CONNECTION_COST + 2 * room.SESSION_COST])
@pytest.mark.parametrize("converse", [False, True])
@pytest.mark.parametrize("crowd", [damaged, closed, finished, ready, sessions, told])
def test_all_room_is_given_back(crowd: object, converse: bool, octets: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "IN_ALL", octets)
    analyzer = Analyzer(API_PORTS, converse, converse)
    assert callable(crowd)
    for window in from_bytes(b"".join(capture(crowd(MANY)))).windows():
        analyzer.feed(window)
    analyzer.finish()
    left = analyzer.tracker.table.room

    told_in_full = [one for one in analyzer.sessions if one is not None]
    assert left.held == sum(one.first_held + one.second_held for one in told_in_full)
    assert (left.taken - left.held, analyzer.tracker.streams.held_octets) == (room.EXCHANGE_COST * left.followed, 0)


@pytest.mark.usefixtures("little_room")
def test_what_was_given_up_is_freed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "SWEPT", 2)
    gc.collect()
    before = living(Connection)
    gc.disable()
    try:
        analyzer = analysed(damaged(MANY))
        known = sum(not one.gone for one in analyzer.connections)
        alive = living(Connection) - before
    finally:
        gc.enable()

    assert FEW < known < MANY - 10
    assert alive <= known + 1 + table.SWEPT  # and the one in the vacant places
