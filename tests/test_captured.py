"""When a recording ended: its statistics say so, if they are those of the packets that the file has."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import replace

import pytest

from capanalyze.api import read_files
from capanalyze.capture.files import CaptureFile, from_bytes
from tests.conversation import START_NS, Conversation, Packet, block, pcapng
from tests.timeline.talk import greeted

SECOND = 1_000_000_000
ENDTIME, RECEIVED = 3, 4


def recorded(packets: Sequence[Packet], ended: int, received: int | None = None) -> CaptureFile:
    """A capture with statistics: its end as the file has it, and how many packets came."""
    number = len(packets) if received is None else received
    end = struct.pack("<HHII", ENDTIME, 8, ended >> 32, ended & 0xFFFFFFFF)
    counts = struct.pack("<HHQ", RECEIVED, 8, number)
    return from_bytes(pcapng(packets) + block(5, bytes(12) + end + counts + bytes(4)))


def waiting() -> Conversation:
    """A hello that nothing answers: all is captured within milliseconds."""
    return greeted().server.ack()


@pytest.mark.parametrize("unit", [1, 1000], ids=["the interface's unit", "dumpcap's"])
def test_silence_to_the_end_of_the_recording_is_captured(unit: int) -> None:
    report = read_files([recorded(waiting().packets, (START_NS + 20 * SECOND) // unit)])

    assert report.capture.ended_ts_ns == START_NS + 20 * SECOND
    assert "within the 20.0 s captured" in report.verdict


@pytest.mark.parametrize(
    ("ended", "received"),
    [
        (START_NS + 20 * SECOND, 7),
        (START_NS - SECOND, None),
        (START_NS + 90 * 86_400 * SECOND, None),
        (0, None),
        (0xFFFFFFFF_FFFFFFFF, None),
    ],
    ids=["of other packets", "before the last packet", "of another day", "none", "absurd"],
)
def test_an_end_that_is_not_of_these_packets_does_not_count(ended: int, received: int | None) -> None:
    report = read_files([recorded(waiting().packets, ended, received)])

    assert report.capture.ended_ts_ns is None
    assert "ms captured" in report.verdict


def test_statistics_of_several_files_count_where_they_are_of_all_packets() -> None:
    """Else they may be recordings of different hosts, one of which ended long before the other."""
    packets = waiting().packets
    early, end = START_NS + SECOND // 1000, START_NS + 20 * SECOND
    of_each = [recorded(packets[:3], early), recorded(packets[3:], end)]
    of_all = [from_bytes(pcapng(packets[:3])), recorded(packets[3:], end, len(packets))]
    empty = [recorded(packets, early), recorded([], end)]

    assert [read_files(pieces).capture.ended_ts_ns for pieces in (of_each, of_all, empty)] == [None, end, None]


def test_of_two_ways_to_read_an_end_the_exact_one_counts() -> None:
    """Nanoseconds since the host was started, and an end that in microseconds would lie a day later."""
    packets = [replace(packet, ts_ns=packet.ts_ns - START_NS + 100 * SECOND) for packet in waiting().packets]

    assert read_files([recorded(packets, 101 * SECOND)]).capture.ended_ts_ns == 101 * SECOND


def test_an_end_past_all_clocks_is_none() -> None:
    late = 2**63 - 1 - SECOND
    packets = [replace(packet, ts_ns=packet.ts_ns - START_NS + late) for packet in waiting().packets]

    assert read_files([recorded(packets, late + 86_400 * SECOND)]).capture.ended_ts_ns is None


def test_a_close_behind_which_the_recording_went_on_for_a_round_trip_is_certain() -> None:
    talk = Conversation(step_ns=5_000_000).open().client.rst()
    files = (from_bytes(talk.pcap()), recorded(talk.packets, START_NS + 20 * SECOND))

    assert [read_files([file]).connections[0].close.certainty for file in files] == ["likely", "certain"]
