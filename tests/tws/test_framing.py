"""Frames in a stream: lengths that lie, frames cut anywhere, holes, and the bounds of what is kept."""

from __future__ import annotations

import struct
import time
import tracemalloc

import pytest

from capanalyze.tws.frames import MAX_KEPT
from capanalyze.tws.resync import MARKS, SEARCH_FRAME
from capanalyze.tws.walker import Walker
from tests.tws.talk import CLIENT, SERVER, Talk, binary, frame, names, proto, started, text

TICK = text(1, 6, 5, 1, 100.25, 300, 0)
SEGMENT = 65483  # octets of payload in a segment of the Linux loopback interface


def say_long(talk: Talk, octets: bytes, size: int = SEGMENT) -> Talk:
    for at in range(0, len(octets), size):
        talk.server(octets[at : at + size])
    return talk


def test_a_frame_over_several_packets_knows_its_first_and_its_last() -> None:
    talk = started(keep_all=True)
    talk.server(TICK[:3]).server(TICK[3:7]).server(TICK[7:] + TICK[:10]).server(TICK[10:])
    talk.finish()

    ticks = [message for message in talk.messages if message.name == "tickPrice"]
    assert [(tick.first_packet, tick.packet, tick.payload) for tick in ticks] == [
        (7, 9, TICK[4:]),
        (9, 10, TICK[4:]),
    ]


def test_of_a_long_frame_the_first_octets_are_kept_and_it_is_counted_whole() -> None:
    xml = text(19, 1, "x" * 1_000_000)
    talk = say_long(started(), xml)
    talk.server(TICK)
    session = talk.finish()

    kept = next(message for message in session.head if message.name == "scannerParameters")
    assert (kept.size, len(kept.payload)) == (len(xml) - 4, MAX_KEPT)
    assert kept.payload == xml[4 : 4 + MAX_KEPT]
    assert session.server_counts["tickPrice"] == 1
    assert session.desync_count == 0


def test_where_all_is_kept_a_long_frame_is_whole() -> None:
    xml = text(19, 1, "x" * 1_000_000)
    talk = say_long(started(keep_all=True), xml)
    talk.finish()

    assert talk.messages[-1].payload == xml[4:]


def test_octets_announced_and_not_sent_take_no_memory() -> None:
    tracemalloc.start()
    talks = [started(keep_all=True).server(b"\0\xff\xff\xff" + b"19\0" + b"x" * 1000) for _ in range(20)]
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert used < 20 * 200_000
    assert talks[0].finish().server_remainder == "1007 of 16777219 octets of scannerParameters"


def test_a_length_that_no_client_takes_is_lost_framing_which_is_found_again() -> None:
    talk = started(keep_all=True)
    place = talk.session.server.offset
    talk.server(TICK + b"\x7f\xff\xff\xf0" + b"x" * 64).server(TICK).server(TICK, TICK)
    session = talk.finish()

    assert [(one.offset, one.packet, one.reason) for one in session.desyncs] == [
        (place + len(TICK), 7, "a length of 2147483632")
    ]
    assert names(talk.messages).count("tickPrice") == 4
    assert [message.resynchronised for message in talk.messages][-3:] == [True, False, False]
    assert session.accounted(SERVER)[2] == 68


def test_a_whole_frame_of_16_mib_is_passed_over_in_little_memory() -> None:
    talk = started()
    tracemalloc.start()
    chunk = b"x" * SEGMENT
    talk.server(struct.pack(">I", 0x1000000) + b"19\0")
    for _ in range(0x1000000 // SEGMENT + 1):
        talk.server(chunk)
    talk.server(b"\0").server(TICK).server(TICK).server(TICK)
    session = talk.finish()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert session.server_counts["tickPrice"] == 3
    assert session.desync_count == 1
    assert peak < 1_000_000


@pytest.mark.parametrize(
    "junk",
    [
        b"\0" * 64,
        b"\0\0\x20\x001\0",
        b"\0\0\x20\x011\0",
        b"\0\0\0\x021\0\0\0\x3f\xff2\0",
        b"\0\0\0\0\0\0\x12\x34",
        struct.pack(">II", 0x3FF0, 1),
        b"\0\0\0\x061\x00\xff",
        TICK[:-1] + b"x",
    ],
)
def test_hostile_headers_cost_bounded_memory_and_time(junk: bytes) -> None:
    talk = started()
    stream = talk.session.server
    talk.server(b"\xff" * 20)
    octets = junk * (2_000_000 // len(junk))
    begun = time.process_time()
    for at in range(0, len(octets), 1000):
        talk.server(octets[at : at + 1000])
        scanner = stream.scanner
        if scanner is not None:
            assert len(scanner.buffer) <= 5 * SEARCH_FRAME + 8192
            assert len(scanner.chains) <= SEARCH_FRAME
            assert len(scanner.marks) <= MARKS
        assert len(stream.held.kept) <= MAX_KEPT + 4
    spent = time.process_time() - begun
    session = talk.finish()

    assert spent < 20  # some 1 s here, where each of 2 million octets may begin a frame
    assert sum(session.accounted(SERVER)) == stream.offset
    assert len(session.desyncs) <= 50


def test_octets_that_come_one_by_one_are_searched_in_bounded_memory() -> None:
    talk = started()
    talk.server(b"\xff" * 20)
    for _ in range(3 * MARKS):
        talk.server(b"\0")

    scanner = talk.session.server.scanner
    assert scanner is not None
    assert len(scanner.marks) <= MARKS
    assert names(talk.server(TICK).server(TICK).server(TICK).finish().tail(SERVER))[-3:] == ["tickPrice"] * 3


def test_a_hole_inside_a_frame_leaves_the_framing_as_it_was() -> None:
    long = text(10, 8, 5, "x" * 300)
    talk = started(keep_all=True)
    talk.server(TICK + long[:100]).gap(SERVER, 50).server(long[150:] + TICK)
    session = talk.finish()

    found = talk.messages[-2]
    assert (found.name, found.size, found.missing, found.payload) == ("contractDetails", len(long) - 4, 50, long[4:100])
    assert talk.messages[-1].name == "tickPrice"
    assert session.desync_count == 0
    assert session.accounted(SERVER)[1:] == (session.server.offset - 50 - 30, 0, 0)


def test_a_hole_to_the_end_of_a_frame_leaves_the_framing_as_it_was() -> None:
    long = text(10, 8, 5, "x" * 300)
    talk = started(keep_all=True)
    talk.server(long[:100]).gap(SERVER, len(long) - 100).server(TICK)

    assert talk.finish().desync_count == 0
    assert names(talk.messages)[-2:] == ["contractDetails", "tickPrice"]


def test_after_a_hole_over_a_boundary_a_packet_begins_with_a_frame() -> None:
    long = text(10, 8, 5, "x" * 300)
    talk = started(keep_all=True)
    talk.server(long[:100]).gap(SERVER, 400).server(TICK)
    session = talk.finish()

    assert names(talk.messages)[-2:] == ["contractDetails", "tickPrice"]
    assert (talk.messages[-2].missing, talk.messages[-1].resynchronised) == (len(long) - 100, True)
    assert [one.reason for one in session.desyncs] == ["400 octets missing in the capture"]


def test_after_a_hole_in_the_middle_of_a_frame_frames_are_searched() -> None:
    talk = started(keep_all=True)
    talk.gap(SERVER, 400).server(b"x" * 30 + TICK[4:]).server(TICK + TICK).server(TICK)
    talk.finish()

    assert names(talk.messages)[-3:] == ["tickPrice"] * 3


@pytest.mark.parametrize("octets", [TICK, binary(81, 5, 0.01, "9c", 3), proto(1, b"\x08\x05"), proto(49)])
@pytest.mark.parametrize("on_api_port", [True, False])
def test_in_mid_session_frames_are_recognised(octets: bytes, on_api_port: bool) -> None:
    talk = Talk(from_start=False, on_api_port=on_api_port, keep_all=True)
    talk.server(octets[3:]).server(octets * 3)
    session = talk.finish()

    assert session.is_tws
    assert not session.dead
    assert len(talk.messages) == 3
    assert session.accounted(SERVER) == (0, 3 * len(octets), len(octets) - 3, 0)


def test_one_frame_in_mid_session_is_enough_on_an_api_port_only() -> None:
    for on_api_port in (True, False):
        talk = Talk(from_start=False, on_api_port=on_api_port)
        talk.server(TICK)

        assert talk.session.is_tws == on_api_port


@pytest.mark.parametrize("size", [100, 4096, 4097, 65483, 300_000])
def test_the_newest_frames_of_a_long_segment_are_the_tail(size: int) -> None:
    ticks = b"".join(text(2, 6, number, 0, 1) for number in range(100_000))[: size + 7]
    talk = started()
    talk.server(ticks)
    session = talk.finish()

    keys = [int(message.payload.split(b"\0")[2]) for message in session.tail(SERVER) if message.name == "tickSize"]
    last = session.server_counts["tickSize"] - 1
    assert keys == list(range(max(0, last - 7), last + 1))


def test_long_frames_between_short_ones_keep_their_place_in_the_tail() -> None:
    parts = [
        text(2, 6, 1, 0, 1) * 300,
        text(10, 8, 2, "x" * 5000),
        text(2, 6, 3, 0, 1),
        text(10, 8, 4, "y" * 256),
        TICK,
    ]
    talk = started()
    talk.server(b"".join(parts))

    assert names(talk.finish().tail(SERVER)) == [
        "tickSize", "tickSize", "tickSize", "tickSize", "contractDetails", "tickSize", "contractDetails", "tickPrice",
    ]  # fmt: skip


def test_a_remainder_says_what_it_begins() -> None:
    talk = started()
    talk.server(TICK[:17]).client(b"\0\0")
    session = talk.finish()

    assert session.server_remainder == f"17 of {len(TICK)} octets of tickPrice"
    assert session.client_remainder == "2 octets of a length that is not whole"
    assert [session.accounted(side)[3] for side in (CLIENT, SERVER)] == [2, 17]


@pytest.mark.parametrize("cut", [4, 5])
def test_a_remainder_without_an_id_says_how_long_it_is(cut: int) -> None:
    talk = started()
    talk.server(text(46, 6, 5)[:3]).server(text(46, 6, 5)[3:cut])

    assert talk.finish().server_remainder == f"{cut} of 11 octets of a message"


def test_a_frame_may_be_empty() -> None:
    talk = started(keep_all=True)
    talk.server(frame(b"")[:2]).server(frame(b"")[2:] + TICK)
    session = talk.finish()

    assert [one.reason for one in session.desyncs] == ["a frame of length 0"]
    assert talk.messages[-1].name == "tickPrice"


def test_a_long_segment_leaves_only_its_end_in_the_tail() -> None:
    talk = started()
    talk.server(TICK * 10_000)

    tail = talk.session.server.tail
    assert tail is not None
    assert sum(len(run.data) for run in tail.runs) < 10_000


def test_short_frames_before_a_long_one_stay_in_the_tail_though_each_was_looked_at() -> None:
    talk = started()
    talk.server(TICK * 80 + text(10, 8, 5, "x" * 4000))

    assert names(talk.finish().tail(SERVER)) == ["tickPrice"] * 7 + ["contractDetails"]


@pytest.mark.parametrize("mark", range(11))
@pytest.mark.parametrize("length", range(4, 12))
def test_the_walk_stays_inside_its_octets(mark: int, length: int) -> None:
    walker = Walker()
    walker.watch = bytes([mark]) * len(walker.watch)
    octets = frame((b"1\0" + b"6\0" * 5)[:length])

    for walk in (walker.walk_octets, walker.walk_heads):
        assert walk(octets, 0, len(octets)) in {0, len(octets)}


def test_two_headers_in_a_row_are_no_frame_boundary() -> None:
    lookalike = text(7, 1) + text(8, 1) + b"\xff" * 9
    talk = started(keep_all=True)
    talk.server(b"\xff" * 5 + lookalike).server(TICK * 3)
    talk.finish()

    assert names(talk.messages)[-4:] == ["error", "tickPrice", "tickPrice", "tickPrice"]

    talk = started()
    talk.server(b"\xff" * 5 + lookalike)
    assert talk.finish().accounted(SERVER)[3] == 5 + len(lookalike)


def test_text_that_does_not_end_with_a_nul_is_no_frame() -> None:
    talk = started(keep_all=True)
    talk.server(b"\xff" * 5 + frame(b"7\0xx") * 5 + b"\xff" * 5).server(TICK * 3)
    talk.finish()

    assert names(talk.messages)[-4:] == ["error", "tickPrice", "tickPrice", "tickPrice"]


def test_a_packet_that_is_searched_is_one_mark_however_it_is_cut() -> None:
    talk = started()
    talk.say(SERVER, b"\xff" * 5000, range(5000))

    scanner = talk.session.server.scanner
    assert scanner is not None
    assert len(scanner.marks) == 1
