"""The pcapng stream of a live capture, cut into whole blocks whatever its pieces; and the end of a capture."""

import random
import struct
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capanalyze.capture import live
from capanalyze.capture.block_stream import MAX_BLOCK, BlockStream
from capanalyze.capture.live import LiveCapture, LiveStatistics, Tick
from capanalyze.capture.pcapng_writer import (
    block,
    enhanced_packet,
    interface_description,
    interface_statistics,
    section_header,
)
from capanalyze.capture.stream_file import StreamFile
from capanalyze.errors import CapanalyzeError, ToolError
from tests.capture.tiny_pcapng import packets, split

START_NS = 1_700_000_000_000_000_000
HEAD = section_header() + interface_description(1)
TAIL = interface_statistics(START_NS, received=4, dropped=1, dropped_by_os=2)
PACKETS = [enhanced_packet(bytes(size), START_NS + size) for size in range(20)]
STREAM = HEAD + b"".join(PACKETS) + TAIL


def feed_in_pieces(stream: BlockStream, data: bytes, cuts: list[int]) -> list[bytes]:
    ends = sorted({min(cut, len(data)) for cut in cuts} | {len(data)})
    return [stream.feed(data[start:end]) for start, end in zip([0, *ends], ends, strict=False)]


@given(st.lists(st.integers(0, len(STREAM)), max_size=30))
def test_any_pieces_give_whole_blocks_and_the_same_stream(cuts: list[int]) -> None:
    stream = BlockStream("test")

    pieces = feed_in_pieces(stream, STREAM, cuts)

    assert b"".join(pieces) == STREAM
    assert sum(len(list(split(piece))) for piece in pieces) == 23
    assert (stream.packets, stream.last_ts_ns, stream.received, stream.dropped) == (20, START_NS + 19, 4, 3)


@given(st.lists(st.integers(0, len(STREAM)), max_size=30), st.integers(1, 25))
def test_a_limit_ends_the_packets_and_keeps_the_statistics(cuts: list[int], limit: int) -> None:
    stream = BlockStream("test", limit)

    passed = b"".join(feed_in_pieces(stream, STREAM, cuts))

    assert passed == HEAD + b"".join(PACKETS[:limit]) + TAIL
    assert (stream.packets, stream.complete) == (min(limit, 20), limit <= 20)


@pytest.mark.parametrize(
    ("resolution", "ticks"),
    [(b"", START_NS // 1000), (b"\x06", START_NS // 1000), (b"\x09", START_NS), (b"\xa0", START_NS << 32)],
)
def test_time_is_told_in_every_resolution_and_byte_order(resolution: bytes, ticks: int) -> None:
    ticks = ticks // 1_000_000_000 if resolution == b"\xa0" else ticks
    for order in "<>":

        def wrap(kind: int, body: bytes, order: str = order) -> bytes:
            length = 12 + len(body)
            return struct.pack(order + "II", kind, length) + body + struct.pack(order + "I", length)

        options = struct.pack(order + "HH", 9, 1) + resolution + bytes(7) if resolution else b""
        stream = BlockStream("test")

        stream.feed(wrap(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1)))
        stream.feed(wrap(1, struct.pack(order + "HHI", 1, 0, 0) + options))
        stream.feed(wrap(6, struct.pack(order + "IIIII", 0, ticks >> 32, ticks & 0xFFFFFFFF, 0, 0)))
        stream.feed(wrap(5, struct.pack(order + "IIIHHQHH", 0, 0, 0, 5, 8, 77, 0, 0)))

        assert (stream.last_ts_ns, stream.packets, stream.dropped) == (START_NS, 1, 77)


@pytest.mark.parametrize(
    "data",
    [
        b"hello, world, this is no capture",
        struct.pack("<II", 6, 8) + bytes(40),
        struct.pack("<II", 6, 33) + bytes(30),
        struct.pack("<II", 6, MAX_BLOCK + 4) + bytes(40),
        b"\n\r\r\n" + struct.pack("<II", 28, 0x12345678) + bytes(16),
    ],
)
def test_what_is_no_pcapng_is_a_broken_tool(data: bytes) -> None:
    with pytest.raises(ToolError, match=r"^test: its output is no pcapng"):
        BlockStream("test").feed(data)


@given(st.integers(0), st.integers(1, 200), st.lists(st.integers(0, len(STREAM)), max_size=5))
def test_changed_octets_are_blocks_or_one_clear_error(seed: int, changes: int, cuts: list[int]) -> None:
    generator = random.Random(seed)
    data = bytearray(STREAM)
    for _ in range(changes):
        data[generator.randrange(len(data))] = generator.randrange(256)
    stream = BlockStream("test")

    try:
        passed = b"".join(feed_in_pieces(stream, bytes(data), cuts))
    except ToolError:
        return
    assert bytes(data).startswith(passed)


def test_a_block_too_short_for_its_kind_says_nothing_and_harms_nothing() -> None:
    stream = BlockStream("test")

    passed = stream.feed(HEAD + block(5, b"") + block(1, b"") + block(6, b""))

    assert len(list(split(passed))) == 5
    assert (stream.packets, stream.last_ts_ns, stream.received) == (1, 0, None)


class FakeEngine:
    """An engine that delivers what a function of the number of its reads says, and ends after ``finish``."""

    name = "fake"
    interface = "lo"
    latency_ns = 1_000_000_000

    def __init__(self, script: Callable[[int], bytes | None], drain_ns: int = 0, error: str = "") -> None:
        self.drain_ns = drain_ns
        self.received: int | None = None
        self.dropped: int | None = None
        self.script = script
        self.reads = 0
        self.finished_at = 0.0
        self.left = [TAIL]
        self.error = error
        self.closed = 0

    def read(self, wait_s: float) -> bytes | None:
        if self.finished_at:
            return self.left.pop() if self.left else None
        self.reads += 1
        piece = self.script(self.reads)
        if piece == b"":
            time.sleep(min(wait_s, 0.02))
        return piece

    def finish(self) -> None:
        self.finished_at = self.finished_at or time.monotonic()

    def close(self) -> None:
        self.closed += 1

    def trouble(self) -> CapanalyzeError | None:
        return ToolError(self.error) if self.error else None


def at(read: int, piece: bytes) -> Callable[[int], bytes | None]:
    return lambda number: HEAD if number == 1 else piece if number == read else b""


def test_what_the_engine_still_holds_when_stop_is_called_is_delivered() -> None:
    capture = LiveCapture(FakeEngine(at(6, PACKETS[1]), drain_ns=200_000_000), None)
    capture.stop()

    chunks = [chunk for chunk in capture.chunks() if isinstance(chunk, bytes)]

    assert chunks == [HEAD, PACKETS[1], TAIL]


def test_a_packet_later_than_stop_shows_that_all_before_it_came() -> None:
    late = enhanced_packet(b"late", time.time_ns() + 3_600_000_000_000)
    engine = FakeEngine(lambda number: HEAD if number == 1 else late, drain_ns=100_000_000)
    capture = LiveCapture(engine, None)
    capture.stop()
    stopped = time.monotonic()

    for _ in capture.chunks():
        time.sleep(0.001)

    assert 0.1 <= engine.finished_at - stopped < 0.5


def test_old_packets_without_end_do_not_keep_a_stopped_capture_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "MAX_DRAIN_S", 0.3)
    engine = FakeEngine(lambda number: HEAD if number == 1 else PACKETS[1], drain_ns=100_000_000)
    capture = LiveCapture(engine, None)
    capture.stop()
    stopped = time.monotonic()

    for _ in capture.chunks():
        time.sleep(0.001)

    assert 0.3 <= engine.finished_at - stopped < 0.6


def test_a_slow_consumer_loses_nothing_that_came_before_stop() -> None:
    pieces = [HEAD, *PACKETS]
    engine = FakeEngine(lambda number: pieces[number - 1] if number <= len(pieces) else b"", drain_ns=50_000_000)
    capture = LiveCapture(engine, None)
    capture.stop()
    stream = b""

    for chunk in capture.chunks():
        stream += chunk if isinstance(chunk, bytes) else b""
        time.sleep(0.02)

    assert stream == STREAM


def test_a_tick_lies_behind_the_clock_by_what_the_engine_may_hold_back_and_never_before_a_packet() -> None:
    future = time.time_ns() + 3_600_000_000_000
    capture = LiveCapture(FakeEngine(at(4, enhanced_packet(b"", future))), None)
    ticks = []

    for chunk in capture.chunks():
        if isinstance(chunk, Tick):
            ticks.append(chunk.ts_ns)
            if len(ticks) == 4:
                capture.stop()

    assert abs(time.time_ns() - 1_000_000_000 - ticks[0]) < 1_000_000_000
    assert ticks[-1] == future


def test_an_engine_that_ends_by_itself_is_an_error_after_what_it_delivered() -> None:
    capture = LiveCapture(FakeEngine(lambda number: HEAD if number == 1 else None, error="it fell over"), None)

    chunks = list(capture.chunks())

    assert chunks == [HEAD]
    assert [str(error) for error in capture.errors] == ["it fell over"]


def test_the_file_holds_what_was_delivered_at_every_moment(tmp_path: Path) -> None:
    path = tmp_path / "live.pcapng"
    pieces = [STREAM[start : start + 50] for start in range(0, len(STREAM), 50)]
    engine = FakeEngine(lambda number: pieces[number - 1] if number <= len(pieces) else None)
    delivered = b""

    with LiveCapture(engine, StreamFile(path)) as capture:
        for chunk in capture.chunks():
            assert isinstance(chunk, bytes)
            delivered += chunk
            assert path.read_bytes() == delivered

    assert len(packets(path.read_bytes())) == 20
    assert engine.closed == 1


def test_the_engines_own_count_of_drops_comes_from_its_last_block() -> None:
    capture = LiveCapture(FakeEngine(lambda number: STREAM if number == 1 else None), None)

    before = capture.statistics
    list(capture.chunks())

    assert before == LiveStatistics(engine="fake", interface="lo", packets=0, received=None, dropped=None)
    assert capture.statistics == LiveStatistics(engine="fake", interface="lo", packets=20, received=4, dropped=3)


def test_leaving_a_capture_unread_releases_its_engine() -> None:
    engine = FakeEngine(at(2, b""))

    with LiveCapture(engine, None) as capture:
        next(iter(capture.chunks()))

    assert engine.closed == 1
