"""Connections told in full beside a crowd that takes all the room there is; what is given up leaves no trace."""

from collections.abc import Iterator

import pytest

from capanalyze import API_PORTS
from capanalyze.tcp import room, table
from capanalyze.timeline.happening import Follower
from tests.conversation import ACK, FIN, SYN
from tests.limits.crowds import (
    CLIENT,
    GATEWAY,
    SERVER,
    TICK,
    Segment,
    analysed,
    client,
    damaged,
    ready,
)

WEB = (bytes([10, 0, 0, 9]), 80)


def test_a_connection_may_be_given_up_at_its_first_packet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "TOLD_IN_FULL", 0)
    monkeypatch.setattr(room, "IN_ALL", room.CONNECTION_COST)

    analyzer = analysed(iter([(client(0), GATEWAY, 100, 900, FIN | ACK, b"", 0)]))
    analyzer.finish()

    assert analyzer.tracker.table.gateway.closes == {"unknown": 1}


def test_a_live_capture_goes_on_where_connections_were_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "TOLD_IN_FULL", 1)
    monkeypatch.setattr(room, "IN_ALL", 10 * room.CONNECTION_COST)
    analyzer = analysed(damaged(10))

    lines = Follower(API_PORTS).follow(analyzer.connections, analyzer.sessions, ())

    assert any(one.gone for one in analyzer.connections)
    assert {line.conn for line in lines} == {1}


def apart() -> Iterator[Segment]:
    """A ready session whose messages come in parts and in the wrong order, behind a crowd without any room left."""
    yield from ready(20)
    at = SERVER
    for _ in range(40):
        yield GATEWAY, client(0), at + 9, CLIENT, ACK, TICK[9:], 0
        yield GATEWAY, client(0), at, CLIENT, ACK, TICK[:9], 0
        yield GATEWAY, client(0), at + len(TICK), CLIENT, ACK, TICK[:9], 0
        yield GATEWAY, client(0), at + len(TICK) + 9, CLIENT, ACK, TICK[9:], 0
        at += 2 * len(TICK)


def test_a_session_told_in_full_is_read_on_whatever_a_crowd_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "TOLD_IN_FULL", 1)
    monkeypatch.setattr(room, "IN_ALL", 19 * room.CONNECTION_COST)

    analyzer = analysed(apart())
    analyzer.finish()
    session = analyzer.sessions[0]

    assert session is not None
    assert (session.server_counts["tickPrice"], session.desync_count, session.accounted(1)[3]) == (80, 0, 0)
    assert analyzer.connections[0].resp.gaps == []


def test_a_crowd_on_other_ports_leaves_room_for_the_gateways_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "FOLLOWED", 5)
    monkeypatch.setattr(table, "OTHERS_IN_FULL", 2)

    def crowd() -> Iterator[Segment]:
        for one in range(5):
            yield client(one), WEB, 100, 0, SYN, b"", 0
            yield WEB, client(one), 900, 101, SYN | ACK, b"", 0
            yield client(one), WEB, 101, 901, ACK, b"", 0
        yield from ready(2)

    analyzer = analysed(crowd())
    analyzer.finish()

    assert [one.server.port for one in analyzer.connections] == [80, 80, 4001, 4001]
    assert analyzer.tracker.table.gateway.unfollowed_packets == 0


def test_a_connection_given_up_is_known_by_either_vlan(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "TOLD_IN_FULL", 0)
    monkeypatch.setattr(room, "IN_ALL", room.CONNECTION_COST + 10)

    def tagged() -> Iterator[Segment]:
        yield client(0), GATEWAY, 100, 0, SYN, b"", 0
        yield GATEWAY, client(0), 900, 101, SYN | ACK, b"", 7
        yield client(0), GATEWAY, 101, 901, ACK, b"", 0
        yield client(0), GATEWAY, 101, 901, FIN | ACK, b"", 0
        yield GATEWAY, client(0), 901, 102, FIN | ACK, b"", 7

    analyzer = analysed(tagged())
    analyzer.finish()

    assert analyzer.tracker.table.gateway.closes == {"unknown": 1}
