"""A great many connections: which are kept, which are counted and forgotten, and that late packets find theirs."""

import random
import tracemalloc
from dataclasses import replace
from functools import reduce

import pytest

from capanalyze.analyzer import Analyzer
from capanalyze.capture.files import from_bytes
from capanalyze.packets.raw import RawPackets
from capanalyze.tcp import table, zeek
from tests.conversation import ACK, RST, SYN, Conversation, Packet, pcap
from tests.follow import StreamRecorder, follow

WEB = ("127.0.0.1", 80)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "TOLD_IN_FULL", 3)
    monkeypatch.setattr(table, "OTHERS_IN_FULL", 3)
    monkeypatch.setattr(table, "LINGERING", 4)
    monkeypatch.setattr(table, "FOLLOWED", 20)


def analysed(packets: list[Packet]) -> Analyzer:
    analyzer = Analyzer()
    for window in from_bytes(pcap(packets)).windows():
        analyzer.feed(window)
    analyzer.finish()
    return analyzer


def visits(
    number: int, packets: list[Packet], server: tuple[str, int] = WEB, first: int = 10_000
) -> list[Conversation]:
    """Connections one after another, each closed by its client."""
    talks = []
    for port in range(first, first + number):
        talk = Conversation(client_address=("127.0.0.1", port), server_address=server, packets=packets).open()
        talk.client.data(b"GET").server.data(b"200").client.ack().client.fin().server.fin().client.ack()
        talks.append(talk)
    return talks


@pytest.mark.usefixtures("small")
def test_ended_connections_beyond_those_kept_are_counted_and_forgotten() -> None:
    packets: list[Packet] = []
    visits(30, packets)

    analyzer = analysed(packets)
    tally = analyzer.tracker.table.others

    assert [one.number for one in analyzer.connections] == [1, 2, 3]
    assert (tally.connections, tally.packets, tally.octets) == (27, 27 * 9, 27 * 6)
    assert (tally.closes, tally.states) == ({"client FIN": 27}, {"SF": 27})
    assert {(one.client_state, one.server_state) for one in analyzer.connections} == {("TIME_WAIT", "CLOSED")}


@pytest.mark.usefixtures("small")
def test_the_first_are_told_in_full_on_the_gateways_ports_and_elsewhere() -> None:
    packets: list[Packet] = []
    visits(10, packets)
    visits(4, packets, ("127.0.0.1", 4001), 20_000)

    connections = analysed(packets).connections

    assert [one.number for one in connections] == [1, 2, 3, 11, 12, 13]
    assert {bool(one.events) for one in connections} == {True}


@pytest.mark.usefixtures("small")
def test_a_connection_to_the_gateway_after_thousands_of_others_is_followed_to_its_end() -> None:
    packets: list[Packet] = []
    visits(40, packets)
    talk = Conversation(packets=packets).open()
    talk.client.data(b"API\0\0\0\0\x09v100..187").server.ack()
    visits(40, packets, first=20_000)
    talk.server.fin().client.fin().server.ack()

    (connection,) = [one for one in analysed(packets).connections if one.server.port == 4001]

    assert (connection.number, connection.detail) == (41, True)
    assert connection.close is not None
    assert connection.close.first == "server"


@pytest.mark.usefixtures("small")
def test_open_connections_are_never_forgotten_for_their_silence() -> None:
    packets: list[Packet] = []
    silent = [
        Conversation(client_address=("127.0.0.2", 1000 + number), server_address=WEB, packets=packets).open()
        for number in range(12)
    ]
    visits(50, packets)
    for talk in silent:
        talk.server.fin()

    analyzer = analysed(packets)
    told = [one.close and one.close.first for one in analyzer.connections]

    assert told == ["server"] * 3
    assert analyzer.tracker.table.others.closes == {"client FIN": 50, "server FIN": 9}


@pytest.mark.usefixtures("small")
def test_late_packets_of_an_ended_connection_open_no_new_one() -> None:
    packets: list[Packet] = []
    talks = visits(20, packets)
    talks[-3].server.bare_rst()

    analyzer = analysed(packets)

    assert analyzer.tracker.table.opened == 20


@pytest.mark.usefixtures("small")
def test_a_flood_of_syns_is_counted_in_bounded_memory() -> None:
    packets: list[Packet] = []
    for number in range(500):
        Conversation(client_address=("10.0.0.1", 1000 + number), server_address=WEB, packets=packets).client.syn()

    analyzer = analysed(packets)
    tally = analyzer.tracker.table.others

    assert (len(analyzer.connections), tally.connections, tally.states) == (3, 497, {"S0": 497})


@pytest.mark.usefixtures("small")
def test_connections_for_which_there_is_no_room_are_counted() -> None:
    packets: list[Packet] = []
    for number in range(25):
        talk = Conversation(client_address=("10.0.0.1", 1000 + number), server_address=WEB, packets=packets)
        talk.open()

    analyzer = analysed(packets)
    tally = analyzer.tracker.table.others

    assert (len(analyzer.connections), tally.connections) == (3, 17)
    assert (tally.unfollowed, tally.unfollowed_packets) == (5, 15)


@pytest.mark.usefixtures("small")
def test_a_refused_syn_that_is_repeated_and_accepted_is_not_over() -> None:
    packets: list[Packet] = []
    visits(10, packets)
    talk = Conversation(client_address=("127.0.0.3", 5), server_address=WEB, packets=packets)
    talk.client.syn(undelivered=True).server.segment(RST | ACK, seq=0, ack=talk.client.isn + 1)
    talk.client.syn().server.syn_ack().client.ack()
    visits(20, packets, first=20_000)
    talk.client.fin()

    table = analysed(packets).tracker.table

    assert (table.opened, table.others.closes) == (31, {"client FIN": 28})


@pytest.mark.usefixtures("small")
def test_streams_of_connections_that_take_a_place_begin_anew() -> None:
    packets: list[Packet] = []
    visits(30, packets)

    followed = follow(pcap(packets))

    assert {tuple(followed.stream("client", one.number)) for one in followed.connections} == {(b"GET",)}
    assert StreamRecorder().pieces == ([], [])


@pytest.mark.usefixtures("small")
def test_ports_used_again_and_again_are_forgotten_one_by_one() -> None:
    packets: list[Packet] = []
    for number in range(40):
        talk = Conversation(client_isn=number * 1_000_000, server_isn=number * 2_000_000, packets=packets).open()
        talk.client.data(b"hello").server.rst()

    analyzer = analysed(packets)

    assert analyzer.tracker.table.opened == 40
    assert analyzer.tracker.table.gateway.closes == {"server RST": 37}
    assert len(analyzer.tracker.sides) == 0


class Flood(RawPackets):
    """SYNs from a hundred thousand ports and addresses, made as they are asked for."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.left = number
        self.link_type = 101

    def advance(self) -> bool:
        if self.left == 0:
            return False
        self.left -= 1
        self.number += 1
        one = Packet("client", (f"10.{self.left >> 16}.{self.left >> 8 & 255}.{self.left & 255}", 1), WEB, 7, 0, SYN)
        self.data = one.datagram()
        self.captured = self.original = len(self.data)
        return True


def test_the_memory_of_a_flood_is_flat(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "FOLLOWED", 500)
    monkeypatch.setattr(table, "TOLD_IN_FULL", 100)
    monkeypatch.setattr(table, "OTHERS_IN_FULL", 100)
    analyzer = Analyzer()
    flood = Flood(5000)
    peaks = []
    tracemalloc.start()
    for stop in (4000, 0):
        tracemalloc.reset_peak()
        while flood.left > stop and flood.advance():
            analyzer.take(flood)
        peaks.append(tracemalloc.get_traced_memory()[1])
    tracemalloc.stop()

    assert analyzer.tracker.table.opened == 5000
    assert peaks[1] < 1.2 * peaks[0]


def test_a_forgotten_connection_leaves_no_key_behind() -> None:
    talk = Conversation().client.syn().server.syn_ack(vlans=(7,))

    analyzer = analysed(talk.packets)
    followed = analyzer.tracker.table
    keys = len(followed.sides)
    followed.forget(analyzer.connections[0])

    assert (keys, len(analyzer.connections), followed.sides) == (3, 1, {})


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("refused", [False, True])
def test_attempts_that_came_to_nothing_give_way_to_connections_that_were_accepted(
    refused: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table, "FIRST", 1)
    packets: list[Packet] = []
    for port in range(20_000, 20_030):
        attempt = Conversation(client_address=("127.0.0.1", port), server_address=WEB, packets=packets).client.syn()
        if refused:
            attempt.server.rst()
    visits(2, packets)

    analyzer = analysed(packets)

    assert [one.number for one in analyzer.connections] == [1, 31, 32]
    assert [one.client.octets for one in analyzer.connections] == [0, 3, 3]
    assert [event.kind for event in analyzer.connections[1].events][:2] == ["SYN", "SYN-ACK"]
    assert analyzer.tracker.table.others.connections == 29


@pytest.mark.usefixtures("small")
def test_connections_of_which_something_was_said_do_not_give_way() -> None:
    packets: list[Packet] = []
    visits(4, packets)

    analyzer = analysed(packets)

    assert [one.number for one in analyzer.connections] == [1, 2, 3]


@pytest.mark.usefixtures("small")
def test_two_connections_of_the_same_ports_with_an_answer_in_another_vlan_are_both_forgotten() -> None:
    packets: list[Packet] = []
    visits(3, packets)
    talk = Conversation(server_address=WEB, packets=packets)
    for number in range(1, 3):
        talk = talk.reuse(number * 500_000_000, number * 900_000_000)
        talk.client.syn().server.syn_ack(vlans=(7,)).client.ack().client.fin()
        talk.server.fin(vlans=(7,)).client.ack()
    visits(10, packets, first=20_000)
    talk.packets.append(replace(talk.packets[-1], sender="server", source=WEB, target=talk.client_address, vlans=(7,)))

    assert analysed(packets).tracker.table.others.connections == 13


def test_alike_histories_are_one_object_and_different_ones_are_not_kept() -> None:
    def history(letters: str) -> str:
        return reduce(lambda known, letter: zeek.longer(known, 1, letter), letters, "")

    assert history("ShADadfF") == "ShADadfF"
    assert history("ShADadfF") is history("ShADadfF")
    letters = random.Random(1)
    tracemalloc.start()
    for _ in range(2000):
        grown = "".join(letters.choices("SHADFRTWGsahdfrtwg", k=zeek.HISTORY_LETTERS))
        assert history(grown) == grown
    kept = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()

    assert kept < 1_000_000
    assert history("ShADadfF") is history("ShADadfF")
