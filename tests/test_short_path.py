"""What takes the short path is reported as if every segment had taken the general one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capanalyze import analyzer, lane
from capanalyze.api import read_files
from capanalyze.capture.files import from_bytes
from capanalyze.tcp import table
from capanalyze.tcp.short import GENERAL
from tests.conversation import ACK, SYN, Conversation, frames, pcap_of_frames
from tests.test_lane import packet_by_packet
from tests.timeline.talk import opened, ready
from tests.tws.talk import HELLO, START_API, hello, text

TICKS = [
    text(1, 6, 7, 1, "1.5", 3, 0),
    text(17, 1, "x" * 300),
    text(5, 1, "y" * 90) * 3,
    b"\0\0\0\x021\0",
    b"\xff" * 30,
]


def reported(capture: bytes) -> dict[str, Any]:
    """The report of a capture."""
    return read_files([from_bytes(capture, "talk.pcap")]).to_dict()


def reported_without(capture: bytes) -> dict[str, Any]:
    """The same with the short path closed."""
    with mock.patch.object(analyzer, "short", return_value=GENERAL), mock.patch.object(lane, "feed", packet_by_packet):
        return reported(capture)


@settings(deadline=None, max_examples=120)
@given(
    st.lists(st.tuples(st.booleans(), st.sampled_from(TICKS), st.booleans()), min_size=30, max_size=60),
    st.sampled_from([54, 60, 80, 96, 200, 262144]),
    st.sampled_from([(), (0,), (7,), (0xFFF,), (7, 8)]),
    st.sampled_from(["127.0.0.1", "::1"]),
    st.booleans(),
    st.sampled_from([0, 500]),
)
def test_the_short_path_gives_what_the_general_one_gives(
    said: list[tuple[bool, bytes, bool]],
    snaplen: int,
    vlans: tuple[int, ...],
    host: str,
    closed: bool,
    told: int,
) -> None:
    talk = ready(vlans=vlans, client_address=(host, 50000), server_address=(host, 4001))
    for from_client, octets, acknowledged in said:
        end = talk.client if from_client else talk.server
        end.data(octets)
        if acknowledged:
            end.peer.ack()
    if closed:
        talk.server.fin().client.ack()
    with mock.patch.object(table, "TOLD_IN_FULL", told):
        assert reported(talk.pcap(snaplen=snaplen)) == reported_without(talk.pcap(snaplen=snaplen))


@pytest.mark.parametrize("snaplen", [54, 60])
def test_the_first_octets_of_a_connection_may_be_cut_off(snaplen: int) -> None:
    talk = ready()
    for _ in range(20):
        talk.server.data(TICKS[0]).client.ack()
    second = opened(client_address=("127.0.0.1", 50001), clock=talk.clock)
    talk.packets += second.server.ack().client.data(TICKS[0]).server.ack().packets

    assert reported(talk.pcap(snaplen=snaplen)) == reported_without(talk.pcap(snaplen=snaplen))


def test_what_a_file_says_was_sent_whole_is_not_cut_off_whatever_its_ip_header_says() -> None:
    talk = ready()
    for _ in range(5):
        talk.server.data(TICKS[0]).client.ack()
    for _ in range(5):
        talk.server.data(TICKS[1]).client.ack()
    cut = pcap_of_frames([(ts_ns, octets[:96]) for ts_ns, octets in frames(talk.packets)])

    assert reported(cut) == reported_without(cut)


@pytest.mark.parametrize("vlans", [(), (7,)])
@pytest.mark.parametrize("snaplen", [58, 96, 262144])
def test_segments_that_were_cut_or_tagged_take_it(vlans: tuple[int, ...], snaplen: int) -> None:
    talk = ready(vlans=vlans)
    for _ in range(100):
        talk.server.data(text(17, 1, "x" * 300)).client.ack()
    general = mock.patch.object(analyzer.Analyzer, "_general", autospec=True, side_effect=analyzer.Analyzer._general)
    with mock.patch.object(lane, "feed", packet_by_packet), general as taken:
        reported(talk.pcap(snaplen=snaplen))

    assert taken.call_count < 40


def test_acknowledgements_captured_before_what_they_acknowledge_are_all_told() -> None:
    talk = ready()
    for number in range(60):
        talk.client.data(text(49, 1)).server.ack().server.data(TICKS[0]).client.ack()
        if number >= 40 and number % 4 == 0:
            talk.packets[-2:] = talk.packets[:-3:-1]

    report = reported(talk.pcap())

    notes = {note["note"]: note["count"] for note in report["connections"][0]["notes"]}
    assert notes == {"ack_lost_segment": 5, "spurious_retransmission": 5}
    assert report == reported_without(talk.pcap())


def test_octets_captured_behind_the_next_acknowledgement_of_their_side_are_a_retransmission() -> None:
    talk = ready()
    for _ in range(20):
        talk.server.data(TICKS[0]).client.ack()
    talk.client.data(text(49, 1)).client.ack()
    sent, acknowledgement = talk.packets[-2:]
    talk.packets[-2:] = [replace(acknowledgement, ts_ns=sent.ts_ns), replace(sent, ts_ns=sent.ts_ns + 1000)]

    report = reported(talk.pcap())

    notes = [(note["note"], note["packets"]) for note in report["connections"][0]["notes"]]
    number = len(talk.packets)
    assert notes == [("lost_segment", [number - 1]), ("retransmission", [number])]
    assert report == reported_without(talk.pcap())


def test_what_answers_a_syn_is_told_by_all_that_its_sender_said() -> None:
    talk = ready()
    for _ in range(20):
        talk.client.data(text(49, 1)).server.data(TICKS[0])
    talk.server.segment(SYN | ACK, seq=talk.server.isn + 20_000)

    report = reported(talk.pcap())

    assert [connection["packets"] for connection in report["connections"]] == [len(talk.packets)]
    assert report == reported_without(talk.pcap())


def test_octets_behind_those_of_a_syn_have_their_letter() -> None:
    talk = Conversation()
    talk.client.syn(HELLO).server.syn_ack().client.ack().server.data(hello())
    for _ in range(20):
        talk.client.ack().server.data(TICKS[0])
    talk.client.data(START_API).server.ack()

    report = reported(talk.pcap())

    assert report["connections"][0]["history"] == "ShAdDa"
    assert report == reported_without(talk.pcap())


def test_a_closed_window_that_the_capture_has_late_is_no_copy() -> None:
    talk = ready()
    for _ in range(20):
        talk.server.data(TICKS[0]).client.ack()
    talk.client.ack(window=0).client.data(text(49, 1))
    closed, sent = talk.packets[-2:]
    talk.packets[-2:] = [replace(sent, ts_ns=closed.ts_ns), replace(closed, ts_ns=sent.ts_ns)]

    report = reported(talk.pcap())

    assert "zero_window" in [note["note"] for note in report["connections"][0]["notes"]]
    assert report == reported_without(talk.pcap())


def test_what_was_sent_last_is_known_of_a_connection_that_is_open_at_the_end() -> None:
    talk = ready()
    for _ in range(20):
        talk.server.data(TICKS[0]).client.ack()
    talk.server.data(TICKS[0]).server.data(TICKS[0])
    talk.packets[-2:] = talk.packets[:-3:-1]
    talk.after(120).server.data(TICKS[0])

    report = reported(talk.pcap())

    assert "took nothing more" not in report["verdict"]
    assert report == reported_without(talk.pcap())


def test_first_octets_that_are_captured_behind_their_acknowledgement_are_acknowledged_again() -> None:
    other = ready(client_address=("127.0.0.1", 50001))
    for _ in range(20):
        other.server.data(TICKS[0]).client.ack()
    talk = opened(clock=other.clock, packets=other.packets)
    talk.server.data(TICKS[0]).client.data(HELLO).server.data(TICKS[0])
    talk.packets[-2:] = talk.packets[:-3:-1]
    talk.server.data(TICKS[0]).server.data(TICKS[0])

    report = reported(talk.pcap())

    rows = [row["packet"] for row in report["timeline"] if (row["conn"], row["kind"]) == (2, "ack")]
    assert rows == [len(talk.packets) - 1]
    assert report == reported_without(talk.pcap())
