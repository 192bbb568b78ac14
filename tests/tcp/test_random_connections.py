"""500 random connections under loss, reordering, duplication and truncation: against their truth and tshark."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from capanalyze.tcp.connection import Connection, Side
from tests.conversation import pcap_of_frames
from tests.follow import follow
from tests.tcp.simulation import Host, Truth, play
from tests.witness import FIN, RST, WitnessedStream, streams

RUNS = 500
FIRST_PORT = 20000


class Played:
    """All runs in one capture, and what capanalyze makes of each."""

    def __init__(self) -> None:
        runs = [play(seed, FIRST_PORT + seed) for seed in range(RUNS)]
        self.truths = {truth.client.address[1]: truth for truth in runs if truth.captured}
        captured = []
        for truth in self.truths.values():
            for packet in truth.captured:
                frame = packet.frame()
                captured.append((packet.ts_ns, frame[: truth.weather.snaplen], len(frame)))
        self.capture = pcap_of_frames(captured)
        self.connections: dict[int, list[Connection]] = {port: [] for port in self.truths}
        for connection in follow(self.capture).connections:
            self.connections[max(connection.client.port, connection.server.port)].append(connection)

    def __iter__(self) -> Iterator[tuple[int, Truth, Connection]]:
        for port, truth in self.truths.items():
            yield port - FIRST_PORT, truth, self.connections[port][0]


def side_of(connection: Connection, host: Host) -> Side:
    return connection.orig if connection.orig.port == host.address[1] else connection.resp


@pytest.fixture(scope="module")
def played() -> Played:
    return Played()


@pytest.fixture(scope="module")
def witnessed(played: Played, tmp_path_factory: pytest.TempPathFactory) -> dict[int, WitnessedStream]:
    path = tmp_path_factory.mktemp("random") / "random.pcap"
    Path(path).write_bytes(played.capture)
    found = streams(path)
    return {max(one.segments[0].source[1], one.segments[0].target[1]) - FIRST_PORT: one for one in found}


def test_the_weather_was_bad_enough(played: Played) -> None:
    weathers = [truth.weather for _, truth, _ in played]

    assert len(weathers) > RUNS * 0.95
    assert all(
        sum(bool(getattr(one, kind)) for one in weathers) > RUNS / 10
        for kind in ("lost", "doubled", "jitter", "capture_lost", "capture_copied", "capture_swapped")
    )


def test_each_is_one_connection(played: Played) -> None:
    assert {port: len(found) for port, found in played.connections.items() if len(found) != 1} == {}


def test_octets_of_both_sides(played: Played) -> None:
    wrong = [
        (seed, host.name, side_of(connection, host).octets, truth.octets(host))
        for seed, truth, connection in played
        for host in (truth.client, truth.server)
        if side_of(connection, host).octets != truth.octets(host)
    ]

    assert wrong == []


def test_missing_octets_of_both_sides(played: Played) -> None:
    """Where the SYN tells the first number, and no FIN is hidden among the acknowledged numbers."""
    asked = [
        (seed, host.name, side_of(connection, host).missing, truth.missing(host))
        for seed, truth, connection in played
        for host in (truth.client, truth.server)
        if side_of(connection, host).isn >= 0 and not truth.hides_fin(host)
    ]

    assert [one for one in asked if one[2] != one[3]] == []
    assert len(asked) > RUNS
    assert sum(missing > 0 for _, _, missing, _ in asked) > 50


def test_who_closed_first(played: Played) -> None:
    """Where nobody sent a RST, and the first transmission of each FIN is in the capture."""
    asked = [
        (seed, connection.close and connection.close.first, truth.closer())
        for seed, truth, connection in played
        if not truth.holds(truth.client, RST)
        and not truth.holds(truth.server, RST)
        and truth.first_fin_is_held(truth.client)
        and truth.first_fin_is_held(truth.server)
    ]

    assert [one for one in asked if one[1] != one[2]] == []
    assert {"client", "server", "both", None} == {first for _, _, first in asked}
    assert len(asked) > RUNS / 4


def test_a_reset_before_any_fin_closes_first_where_nothing_is_lost(played: Played) -> None:
    asked = []
    for seed, truth, connection in played:
        resetters = [host for host in (truth.client, truth.server) if host.reset_sent]
        fair = not truth.weather.lost and not truth.weather.capture_lost
        if fair and len(resetters) == 1 and truth.closer() is None:
            close = connection.close
            asked.append((seed, close and (close.first, close.kind), (resetters[0].name, "RST")))

    assert [one for one in asked if one[1] != one[2]] == []
    assert len(asked) > 20


def test_copies_are_counted_where_nothing_else_disturbs(played: Played) -> None:
    asked = [
        (seed, connection.copies, truth.copies())
        for seed, truth, connection in played
        if not truth.weather.jitter and not truth.weather.doubled and not truth.weather.capture_lost
    ]

    assert [one for one in asked if one[1] != one[2]] == []
    assert sum(copies > 5 for _, copies, _ in asked) > 10


def test_tshark_sees_the_same_octets(played: Played, witnessed: dict[int, WitnessedStream]) -> None:
    wrong = [
        (seed, host.name, side_of(connection, host).octets, witnessed[seed].octets(host.address))
        for seed, truth, connection in played
        for host in (truth.client, truth.server)
        if side_of(connection, host).octets != witnessed[seed].octets(host.address)
    ]

    assert wrong == []


@pytest.mark.parametrize("flag", [FIN, RST])
def test_tshark_sees_the_same_first_fin_and_reset(
    played: Played, witnessed: dict[int, WitnessedStream], flag: int
) -> None:
    wrong = []
    for seed, _, connection in played:
        ours = []
        for side in (connection.orig, connection.resp):
            packets = side.fin_packets if flag == FIN else side.rst_packets
            ours += [(packet, ("127.0.0.1", side.port)) for packet in packets[:1]]
        if min(ours, default=None) != witnessed[seed].first(flag):
            wrong.append((seed, min(ours, default=None), witnessed[seed].first(flag)))

    assert wrong == []
