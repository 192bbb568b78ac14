"""Crowds of sessions damaged at random, with little room: nothing breaks, and what they take of the room is true."""

from contextlib import ExitStack
from dataclasses import replace
from random import Random
from typing import Any
from unittest import mock

import pytest

from capanalyze import API_PORTS, lane
from capanalyze.analyzer import Analyzer
from capanalyze.api import read_files
from capanalyze.capture import files
from capanalyze.capture.files import from_bytes
from capanalyze.tcp import given_up, room, table
from tests.conversation import Conversation, Packet, pcap
from tests.test_lane import COMMON, RARE, packet_by_packet, step
from tests.tws.talk import HELLO, START_API, hello, text


def crowd(chance: Random) -> bytes:
    """A capture of sessions at the same time, some with ports that were used before, with packets lost or copied."""
    style = chance.choice(["plain", "tagged", "tagged in one direction", "IPv6"])
    host = "::1" if style == "IPv6" else "127.0.0.1"
    vlans = (7,) if style in {"tagged", "tagged in one direction"} else ()
    talks = [session(chance, (host, 50_000 + number % 20), vlans) for number in range(chance.choice([8, 25]))]
    packets: list[Packet] = []
    loss = chance.choice([0, 0.02, 0.2])
    while talks:
        packet = chance.choice(talks).pop(0)
        talks = [rest for rest in talks if rest]
        if style == "tagged in one direction" and packet.sender == "server":
            packet = replace(packet, vlans=(8,))
        packets += [packet] * chance.choices([0, 1, 2], [loss, 1 - loss, 0.01])[0]
        if chance.random() < 0.02:
            packets.insert(max(len(packets) - 3, 0), packets.pop() if packets else packet)
    return pcap(packets, snaplen=chance.choice([262_144, 262_144, 96, 60, 44]))


def session(chance: Random, client: tuple[str, int], vlans: tuple[int, ...]) -> list[Packet]:
    """A session on the gateway's port or on another one, and how it went on."""
    server = (client[0], chance.choice([4001, 4001, 5555]))
    talk = Conversation(client, server, vlans=vlans, client_isn=chance.getrandbits(32))
    talk.open().client.data(HELLO).server.data(hello(176)).client.data(START_API).server.ack()
    talk.server.data(text(9, 1, 7) + text(15, 1, "DU1")).client.ack()
    for _ in range(chance.choice([0, 4, 20])):
        step(talk, chance.choice(COMMON * 2 + RARE), chance.randrange(40))
    if chance.random() < 0.3:
        talk.client.rst()
    return talk.packets


def little(chance: Random) -> ExitStack:
    """Small limits."""
    limits = (
        (room, "IN_ALL", (1 << 40, 40_000, 6_000)),
        (table, "TOLD_IN_FULL", (0, 3, 500)),
        (table, "OTHERS_IN_FULL", (0, 2)),
        (table, "FIRST", (0, 50)),
        (table, "FOLLOWED", (20_000, 20_000, 6)),
        (table, "LINGERING", (1000, 2, 0)),
        (table, "SWEPT", (2000, 1)),
        (given_up, "REMEMBERED", (40_000, 4)),
        (files, "READ", (1 << 20, 2000)),
    )
    patched = ExitStack()
    for module, name, values in limits:
        patched.enter_context(mock.patch.object(module, name, chance.choice(values)))
    return patched


def weighed(analyzer: Analyzer) -> int:
    """What is taken of the room by all that is there."""
    known = [one for one in analyzer.connections if not one.gone]
    sessions = {id(one): one for one in analyzer.sessions if one is not None}.values()
    begun = [len(side.begun) + room.PART_COST for one in known for side in {one.orig, one.resp} if side.begun]
    held = sum(begun) + sum(one.first_held + one.second_held for one in sessions)
    behind_holes = analyzer.tracker.streams.held_octets
    own = analyzer.tracker.table.room

    assert own.held == held
    assert all(one.load == 0 for one in known if one.detail)
    return (
        held
        + behind_holes
        + sum(one.load for one in known)
        + sum(one.load for one in sessions)
        + room.EXCHANGE_COST * own.followed
    )


@pytest.mark.parametrize("all_messages", [False, True])
@pytest.mark.parametrize("seed", range(15))
def test_what_is_taken_of_the_room_is_what_is_there(seed: int, all_messages: bool) -> None:
    chance = Random(seed)
    capture = crowd(chance)
    with little(chance):
        analyzer = Analyzer(API_PORTS, all_messages, all_messages)
        for window in from_bytes(capture).windows():
            analyzer.feed(window)

            assert analyzer.tracker.table.room.taken == weighed(analyzer)
            places = analyzer.connections
            sides = analyzer.tracker.sides.values()
            assert all(side.connection is places[side.place] for side in sides)
            assert all(one is None or not places[at].gone for at, one in enumerate(analyzer.sessions))
        analyzer.finish()

        assert analyzer.tracker.table.room.taken == weighed(analyzer)
        assert all(one.load == 0 for one in analyzer.sessions if one is not None)
        assert analyzer.tracker.streams.held_octets == 0


@pytest.mark.parametrize("seed", range(100, 130))
def test_a_report_is_the_same_with_and_without_the_loop_unless_something_was_given_up(seed: int) -> None:
    chance = Random(seed)
    capture = crowd(chance)
    with little(chance):
        by_stretch = read_files([from_bytes(capture)], all_connections=True).to_dict()
        with mock.patch.object(lane, "feed", packet_by_packet):
            by_packet = read_files([from_bytes(capture)], all_connections=True).to_dict()
    lost = [is_lost(one["counted_only"]) for one in (by_stretch, by_packet)]

    assert any(lost) or by_stretch == by_packet


def is_lost(counted: dict[str, Any] | None) -> bool:
    """Whether a session or a connection was given up: of which one it is the loop learns at another moment."""
    return counted is not None and bool(
        counted["sessions_given_up"] or counted["unfollowed_packets"] or "unknown" in counted["closed_first"]
    )
