"""Messages come in the order of the packets that completed them, also those that were found late."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capanalyze import api
from capanalyze.capture import files
from capanalyze.capture.capture import Capture
from capanalyze.capture.clocks import LOOKED_AT
from capanalyze.capture.files import from_bytes
from capanalyze.tws import in_order
from capanalyze.tws.in_order import BEHIND, InOrder
from capanalyze.tws.message import Message
from tests.conversation import Conversation, Packet
from tests.timeline.talk import frame

TICK = frame("1", "6", "1", "1", "5.0", "3", "0")


def message(packet: int, octets: int = 0) -> Message:
    found = Message(True, 1, "tickPrice", "text", packet, packet, -1)
    found.payload = bytes(octets)
    return found


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, BEHIND)), max_size=200), st.integers(1, 300))
def test_what_is_found_late_comes_in_its_place(steps: list[tuple[int, int]], window: int) -> None:
    ordered = InOrder()
    packet, read, given_out, all_found = 1, 0, list[int](), list[int]()
    found: list[Message] = []
    for more, late in steps:
        packet += more
        found.append(message(max(packet - late, 1)))
        all_found.append(found[-1].packet)
        if packet >= read + window:
            read = packet
            given_out += [one.packet for one in ordered.take(found, packet)]
            found = []
    given_out += [one.packet for one in ordered.rest(found)]

    assert given_out == sorted(all_found)


def test_no_more_octets_wait_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(in_order, "MOST_OCTETS", 10_000)
    ordered = InOrder()

    ready = ordered.take([message(packet, 1600) for packet in range(1, 9)], 8)

    assert [one.packet for one in ready] == [1, 2, 3]
    assert [one.packet for one in ordered.rest([])] == [4, 5, 6, 7, 8]


def test_messages_of_a_stream_whose_framing_is_found_late_stand_between_those_of_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    packets: list[Packet] = []
    lost = Conversation(("127.0.0.1", 50_000), packets=packets).open()
    other = Conversation(("127.0.0.1", 50_001), packets=packets).open()
    del packets[:]  # the capture begins in both sessions
    for _ in range(LOOKED_AT):
        other.server.data(TICK)
    for at in range(13, 13 + 3 * 40, 3):
        lost.server.data((TICK * 20)[at : at + 3])
        other.server.data(TICK)
    data = Conversation(packets=packets).pcap()
    monkeypatch.setattr(files, "READ", 200)
    monkeypatch.setattr(api, "Capture", lambda *_: Capture([from_bytes(data)]))

    told = [(one["packet"], one["conn"]) for one in api.messages([])]

    assert told == sorted(told)
    assert {conn for _, conn in told} == {1, 2}
