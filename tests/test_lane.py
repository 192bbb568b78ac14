"""The interpreter's loop gives what the analyzer gives packet by packet."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random
from unittest import mock

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from capanalyze import lane, read
from capanalyze import sessions as rooms
from capanalyze.analyzer import Analyzer
from capanalyze.api import read_files
from capanalyze.capture import files
from capanalyze.capture.files import from_bytes
from capanalyze.packets.raw import RawPackets
from capanalyze.tcp import connection, table
from capanalyze.tws.session import Session
from tests.conversation import ACK, ETHERNET, LOOP, NULL, RAW, SLL, SLL2, Conversation, Packet, pcap, pcapng
from tests.timeline.talk import ready, to_itself
from tests.tws.talk import HELLO, START_API, hello, text

GENERATOR = Path(__file__).parent / "bench" / "gen.py"
PORT = 7497


def packet_by_packet(analyzer: Analyzer, packets: RawPackets) -> None:
    while packets.advance():
        analyzer.take(packets)
    analyzer.packets = packets.number


@pytest.mark.parametrize(
    "options",
    [
        "-n 6000 -c 4 --format pcap --link en10mb --split 0.3 --retrans 0.01",
        "-n 6000 -c 8 --format pcapng --link null --split 0.9 --retrans 0",
        "-n 12000 -c 8 --format pcap --link en10mb --split 0 --retrans 0.1",
        "-n 3000 -c 4 --format pcapng --link raw --split 0.3 --retrans 0.01",
    ],
)
def test_a_report_is_the_same_with_and_without_the_loop(options: str, tmp_path: Path) -> None:
    path = tmp_path / "generated"
    subprocess.run([sys.executable, GENERATOR, path, *options.split()], check=True, capture_output=True)
    with mock.patch.object(lane, "feed", packet_by_packet):
        expected = read(path, ports=(PORT,)).to_dict()
    with mock.patch.object(lane, "Pieces", wraps=lane.Pieces) as together:
        actual = read(path, ports=(PORT,)).to_dict()

    assert expected == actual
    assert together.call_count > 20


LINKS = (ETHERNET, NULL, LOOP, RAW, SLL, SLL2)


@pytest.mark.parametrize("link_type", LINKS)
@pytest.mark.parametrize("write", [pcap, lambda packets, link: pcapng(packets, (link,))], ids=["pcap", "pcapng"])
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_every_link_layer_of_a_local_capture_has_the_loop(
    link_type: int, write: Callable[[list[Packet], int], bytes], host: str
) -> None:
    talk = (
        Conversation((host, 50000), (host, 4001))
        .established()
        .client.data(HELLO)
        .server.data(hello())
        .client.data(START_API)
        .server.ack()
    )
    for number in range(900):
        talk.server.data(
            text(1, 6, number, 1, "1.5", 3, 0) * (1 + number % 3),
            ip_options=b"" if number % 100 or ":" in host else b"\x94\x04\0\0",
            extension_headers=() if number % 100 or "." in host else ((60, bytes(6)),),
        )
        if number % 4:
            talk.client.ack()
    capture = write(talk.packets, link_type)
    with mock.patch.object(lane, "feed", packet_by_packet):
        expected = read_files([from_bytes(capture)]).to_dict()
    with mock.patch.object(lane, "Pieces", wraps=lane.Pieces) as together:
        actual = read_files([from_bytes(capture)]).to_dict()

    assert actual == expected
    assert together.called


@pytest.mark.parametrize("vlans", [(0,), (7,), (0xFFF,), (7, 8)])
@pytest.mark.parametrize("link_type", [ETHERNET, SLL])
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_one_vlan_tag_has_the_loop(vlans: tuple[int, ...], link_type: int, host: str) -> None:
    talk = ready(vlans=vlans, client_address=(host, 50000), server_address=(host, 4001))
    for number in range(300):
        talk.vlans = tuple(0xA000 | vlan for vlan in vlans) if number % 40 < 20 else vlans  # of another priority
        if number % 100 == 50:
            talk.vlans = ()
        talk.server.data(text(1, 6, number, 1, "1.5", 3, 0) * (1 + number % 3))
        if number % 4:
            talk.client.ack()
    capture = pcap(talk.packets, link_type)
    with mock.patch.object(lane, "feed", packet_by_packet):
        expected = read_files([from_bytes(capture)]).to_dict()
    with mock.patch.object(lane, "Pieces", wraps=lane.Pieces) as together:
        actual = read_files([from_bytes(capture)]).to_dict()

    assert actual == expected
    assert together.called is (len(vlans) == 1)


never_at_rest = mock.patch.object(Session, "rests", return_value=False)


@pytest.mark.parametrize("split", [0, 0.3, 1])
def test_connections_that_are_counted_only_come_to_the_same(split: float, tmp_path: Path) -> None:
    path = tmp_path / "generated"
    options = f"-n 9000 -c 300 --format pcap --split {split} --retrans 0.02"
    subprocess.run([sys.executable, GENERATOR, path, *options.split()], check=True, capture_output=True)
    with mock.patch.object(table, "TOLD_IN_FULL", 20):
        with mock.patch.object(lane, "feed", packet_by_packet):
            with never_at_rest:
                expected = read(path, ports=(PORT,)).to_dict()
            with mock.patch.object(Session, "resume", autospec=True, side_effect=Session.resume) as resumed:
                by_packet = read(path, ports=(PORT,)).to_dict()
        with mock.patch.object(Session, "resume", autospec=True, side_effect=Session.resume) as resumed_by_stretch:
            by_stretch = read(path, ports=(PORT,)).to_dict()

    assert by_packet == expected
    assert by_stretch == expected
    assert min(resumed.call_count, resumed_by_stretch.call_count) > (0 if split == 0 else 20)


@pytest.mark.parametrize("told", [20, 0])
def test_a_connection_with_itself_is_read_the_same(told: int) -> None:
    talk = to_itself()
    for number in range(40):
        talk.client.data(text(49, 1) * (1 + number % 3))
        if number % 4:
            talk.client.ack()
    capture = talk.client.fin().client.ack().pcap()
    with mock.patch.object(table, "TOLD_IN_FULL", told):
        actual = read_files([from_bytes(capture, "itself.pcap")]).to_dict()
        with mock.patch.object(lane, "feed", packet_by_packet):
            expected = read_files([from_bytes(capture, "itself.pcap")]).to_dict()

    assert actual == expected


def test_a_hello_from_the_side_that_did_not_connect_is_counted_to_that_side() -> None:
    talk = Conversation().open()
    talk.packets[:2] = talk.packets[1::-1]  # the SYN-ACK was captured first
    asker, answerer = talk.server, talk.client
    asker.data(HELLO)
    answerer.data(hello())
    asker.data(START_API)
    for number in range(8):
        answerer.data(text(1, 6, number, 1, "1.5", 3, 0))
        asker.ack()
    for number in range(3):
        asked = text(1, 11, number, 0, "EUR", "CASH")
        asker.data(asked[:7])
        answerer.ack()
        asker.data(asked[7:])
        answerer.ack()
    with mock.patch.object(table, "TOLD_IN_FULL", 0), mock.patch.object(files, "READ", 400):  # several stretches
        counted = read_files([from_bytes(pcap(talk.packets))]).to_dict()["counted_only"]

    assert counted["messages"]["client"] == {"hello": 1, "reqMktData": 3, "startApi": 1}


def session(port: int, steps: list[tuple[str, int]]) -> list[Packet]:
    """A session that is ready, and then what ``steps`` say."""
    talk = Conversation(("127.0.0.1", port), client_isn=(1 << 32) - 900 - port).open()
    client, server = talk.client, talk.server
    client.data(HELLO).server.data(hello(176)).client.data(START_API).server.ack()
    server.data(text(9, 1, 7) + text(15, 1, "DU1")).client.ack()
    for _ in range(3):
        server.data(text(4, 2, -1, 2104, "farm is OK")).client.ack()
    for kind, number in steps:
        step(talk, kind, number)
    return talk.packets


def step(talk: Conversation, kind: str, number: int) -> None:
    client, server = talk.client, talk.server
    tick = text(1, 6, number, 1, "100.25", 3, 0)
    match kind:
        case "answer":
            server.data(tick * (1 + number % 5))
        case "split":
            server.data(tick[: 5 + number % 7]).server.data(tick[5 + number % 7 :] + tick[:3]).server.data(tick[3:])
        case "request":
            client.data(text(1, 11, number, 0, "EUR", "CASH"))
        case "delayed":
            before = client.received
            server.data(tick)
            client.data(text(1, 11, number, 0, "EUR", "CASH"), ack=before).client.ack()
        case "acks":
            client.ack()
        case "window":
            client.window = len(tick) * (number % 4)
        case "keep-alive":
            client.keep_alive().server.ack()
        case "lost":
            server.data(tick, unseen=True)
        case "again":
            talk.again(-1 - number % 4)
        case "odd":
            fields = [{"vlans": (7,)}, {"ip_options": b"\1\1\1\1"}, {"ttl": 9}, {"ack": 5}]
            client.segment(ACK, **fields[number % 4])
        case "late":
            talk.packets[-1], talk.packets[-2] = talk.packets[-2], talk.packets[-1]
        case "close":
            client.fin().server.ack().server.fin()


COMMON = ("answer", "answer", "acks", "acks", "acks", "request", "split", "delayed")
RARE = ("window", "keep-alive", "lost", "again", "odd", "late", "close")
TALK = [("answer", 10), ("acks", 0)] * 6
FILLED = [*TALK, ("window", 14), ("answer", 10), ("acks", 0), ("answer", 11), ("acks", 0)]
DELAYED = [*TALK, ("delayed", 3), ("answer", 10), ("delayed", 4), ("close", 0)]
STOPPED = [*TALK, ("window", 12), ("answer", 10), ("acks", 0), ("answer", 10)]
stories = st.lists(st.tuples(st.sampled_from(COMMON * 5 + RARE), st.integers(0, 40)), max_size=60)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(stories, min_size=1, max_size=3),
    st.randoms(use_true_random=False),
    st.sampled_from([pcap, pcapng, partial(pcap, snaplen=130)]),
    st.sampled_from([0, 1, 500]),
)
@example([FILLED], Random(1), pcap, 500)
@example([STOPPED], Random(1), pcap, 500)
@example([FILLED, STOPPED], Random(1), pcap, 0)
@example([DELAYED], Random(1), pcap, 500)
@example([DELAYED], Random(1), pcap, 0)
def test_the_loop_hands_on_whatever_is_not_usual(
    told: list[list[tuple[str, int]]], chance: Random, form: Callable[[list[Packet]], bytes], in_full: int
) -> None:
    sessions = [session(50000 + number, steps) for number, steps in enumerate(told)]
    packets = []
    while sessions:
        one = chance.choice(sessions)
        packets.append(one.pop(0))
        sessions = [rest for rest in sessions if rest]
    data = form(packets)

    soon_settled = mock.patch.object(rooms, "SHORT_LISTS", 4)
    briefly = mock.patch.object(connection, "TOLD_AT_LENGTH", 0)
    with soon_settled, briefly, mock.patch.object(table, "TOLD_IN_FULL", in_full):
        with mock.patch.object(lane, "feed", packet_by_packet), never_at_rest:
            expected = read_files([from_bytes(data)], all_connections=True).to_dict()
        assert read_files([from_bytes(data)], all_connections=True).to_dict() == expected
