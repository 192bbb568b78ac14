"""Connections told in full beside a crowd that takes all the room there is; what is given up leaves no trace."""

from collections.abc import Iterator

import pytest

from capanalyze import API_PORTS
from capanalyze.analyzer import Analyzer
from capanalyze.capture.files import from_bytes
from capanalyze.tcp import room, table
from capanalyze.timeline.happening import Follower
from tests.conversation import ACK, FIN
from tests.limits.crowds import (
    GATEWAY,
    Segment,
    capture,
    client,
    damaged,
)


def analysed(crowd: Iterator[Segment]) -> Analyzer:
    analyzer = Analyzer(API_PORTS)
    for window in from_bytes(b"".join(capture(crowd))).windows():
        analyzer.feed(window)
    return analyzer


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
