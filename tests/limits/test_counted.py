"""Connections beyond those told in full: what is counted of them, and that every format of the report says so."""

from pathlib import Path

import pytest

from capanalyze.api import message_counts, messages, read
from capanalyze.report import Look, render
from capanalyze.report.report import Report
from capanalyze.tcp import table
from tests.conversation import Conversation
from tests.limits.crowds import HELLO, TICK, VERSION, capture, sessions
from tests.timeline.talk import HELLO as GREETING
from tests.timeline.talk import error, opened, report, started, to_itself

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


def test_a_fin_that_belies_an_earlier_one_closes_a_connection_that_is_counted_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(table, "TOLD_IN_FULL", 0)
    talk = opened()
    talk.client.fin(seq=talk.client.next + 100, undelivered=True)  # ahead of what was said, and never acknowledged
    talk.client.fin(seq=talk.client.isn + 1)

    counted = report(talk).counted_only

    assert counted is not None
    assert counted.closed_first == {"client FIN": 1}


def test_what_a_client_sent_to_itself_is_counted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "TOLD_IN_FULL", 0)

    counted = report(to_itself().after(1).client.fin().client.ack()).counted_only

    assert counted is not None
    assert (counted.packets, counted.octets) == (7, len(GREETING))


@pytest.mark.parametrize("form", ["text", "md", "json"])
def test_every_format_says_what_is_counted_only(crowd: Path, form: str) -> None:
    words = " ".join(render(read(crowd), form, Look(120)).replace("\\", "").split())

    assert f"{MORE} more connections are counted only: nobody closed first on {MORE}" in words
    if form != "json":
        assert f"{MORE} TWS sessions with {3 * MORE} messages came to: {MORE} server answered" in words


@pytest.mark.parametrize(("port", "name"), [(4001, "gateway"), (8080, "server")])
def test_the_server_s_side_has_the_same_name_in_all_that_is_said_of_it(
    port: int, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table, "TOLD_IN_FULL", 1)
    monkeypatch.setattr(table, "OTHERS_IN_FULL", 1)
    path = tmp_path / "closed.pcap"
    packets = [
        packet
        for number in range(3)
        for packet in Conversation(("127.0.0.1", 50000 + number), ("127.0.0.1", port)).open().server.fin().packets
    ]
    path.write_bytes(Conversation(packets=packets).pcap())

    words = " ".join(render(read(path, all_connections=True), "text", Look(120)).split())

    assert words.count(f": the {name} closed first on 2") == 2


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


def other(number: int, port: int = 4001) -> dict[str, object]:
    """The client of that number, a second after the one before."""
    return {
        "client_address": ("127.0.0.1", 50_000 + number),
        "server_address": ("127.0.0.1", port),
        "clock": 1_700_000_000_000_000_000 + number * 1_000_000_000,
    }


def crowded(few: pytest.MonkeyPatch, *talks: Conversation) -> Report:
    """The report where three connections are told in full, of which one may give way."""
    few.setattr(table, "TOLD_IN_FULL", 3)
    few.setattr(table, "FIRST", 1)
    return report(*talks)


def turned_away(number: int, port: int = 4001) -> Conversation:
    """A session that error 326 ends."""
    return started(**other(number, port)).server.data(error(326)).server.fin().client.fin().server.ack()


def test_tws_on_another_port_is_told_behind_any_number_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    web = [opened(**other(one, 443)).client.data(b"GET / HTTP/1.1\r\n").client.fin() for one in range(9)]
    told = crowded(monkeypatch, *web, turned_away(10, 4100))

    assert [(one.conn, one.server.port) for one in told.connections] == [(10, 4100)]
    assert "right after the gateway's error 326 (the client id is in use)" in told.verdict


def test_health_checks_do_not_hide_the_session_behind_them(monkeypatch: pytest.MonkeyPatch) -> None:
    checks = [opened(**other(one)).client.fin().server.fin().client.ack() for one in range(9)]
    told = crowded(monkeypatch, *checks, turned_away(10))

    assert [one.conn for one in told.connections] == [1, 2, 10]
    assert "duplicate-client-id" in {finding.id for _, finding in told.all_findings()}
    assert "all" not in told.verdict.split()


def test_sessions_do_not_give_way(monkeypatch: pytest.MonkeyPatch) -> None:
    told = crowded(monkeypatch, *(turned_away(one) for one in range(9)))

    assert [one.conn for one in told.connections] == [1, 2, 3]
    assert "the gateway" in told.verdict.lower()


def test_connections_on_other_ports_are_all_counted_in_the_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    web = [opened(**other(one, 443)).client.data(b"GET / HTTP/1.1\r\n").client.fin() for one in range(9)]

    assert crowded(monkeypatch, *web).verdict.startswith("9 TCP connections, none on 4001")
    assert render(crowded(monkeypatch, *web), "text", Look(80)).startswith("9 TCP connections, none on 4001")
