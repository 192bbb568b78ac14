"""The cache in front of the table of connections: it never says anything else than the table."""

import struct
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capanalyze.api import read_files
from capanalyze.capture.files import from_bytes
from capanalyze.packets.segment import SYN, Segment
from capanalyze.tcp.recent import LEAST, MOST, NOBODY, SPARE, Recent, place_of
from capanalyze.tcp.table import Table
from capanalyze.tcp.tracker import Tracker
from tests.conversation import block, pcap_of_frames, pcapng
from tests.tangled import tangled

HOSTS = st.sampled_from([b"\x7f\0\0\1", b"\x0a\0\0\1", b"\xff\xff\xff\xff", b"\0\0\0\0"])
PORTS = st.sampled_from([b"\x0f\xa1", b"\xc0\0", b"\xff\xff", b"\0\0"])
STEPS = st.sampled_from(["open", "forget", "look", "pass", "ask"])
KEYS = st.builds(lambda *parts: b"".join(parts), HOSTS, HOSTS, PORTS, PORTS)


def syn(key: bytes, seq: int) -> Segment:
    segment = Segment()
    segment.key, segment.seq, segment.flags = key, seq, SYN
    return segment


@given(st.lists(st.tuples(st.sampled_from(["open", "forget", "look"]), KEYS), max_size=60))
def test_the_cache_finds_whom_the_table_has(steps: list[tuple[str, bytes]]) -> None:
    table = Table((4001,))
    cache = Recent(table.sides)
    for number, (step, key) in enumerate(steps, 1):
        known = table.sides.get(key)
        if step == "open":
            table.open(syn(key, number), number, -1, None)
        elif step == "forget" and known is not None and known.connection is not None:
            table.forget(known.connection)
        for one in (key, key[4:8] + key[:4] + key[10:] + key[8:10]):
            for _ in range(2):  # the second time it is in the cache
                assert cache.sender(b"\xee" + one + b"\xee", 1) is table.sides.get(one)


def test_longer_keys_are_never_in_the_cache() -> None:
    table = Table((4001,))
    cache = Recent(table.sides)
    key = bytes([127, 0, 0, 1, 127, 0, 0, 1, 200, 0, 15, 161])
    tagged = table.open(syn(key + b"\0\x07", 1), 1, -1, None)

    assert cache.sender(key, 0) is None
    assert tagged.ports < 0


def test_a_cache_grows_with_the_connections_and_forgets_nothing() -> None:
    table = Table((4001,))
    cache = Recent(table.sides)
    keys = [bytes([10, 0, at >> 8, at & 255, 127, 0, 0, 1, 200, 0, 15, 161]) for at in range(2000)]
    for number, key in enumerate(keys, 1):
        table.open(syn(key, number), number, -1, None)
        cache.grow(number)

    assert len(cache.places) >= 2000 * SPARE > LEAST
    assert [key for key in keys if cache.sender(key, 0) is not table.sides[key]] == []
    cache.grow(10 * MOST)
    assert len(cache.places) == MOST


@pytest.mark.parametrize("step", [1, 2, 7])
def test_the_ports_that_a_client_uses_one_after_the_other_share_few_places(step: int) -> None:
    number = 20_000 // step
    size = min(MOST, SPARE * number)
    size = 1 << size.bit_length() - 1
    local = 0x7F000001_7F000001
    pairs = Counter(
        place_of(local, ports, size) // 2
        for port in range(32768, 32768 + number * step, step)
        for ports in (port << 16 | 4001, 4001 << 16 | port)
    )

    crowded = sum(sides for sides in pairs.values() if sides > 2)  # who pushes others out, or is pushed out
    assert crowded < 2 * number * 0.06  # as many as by chance: 4 %


def test_a_side_that_is_dropped_is_held_no_longer() -> None:
    table = Table((4001,))
    cache = Recent(table.sides)
    keys = [bytes([10, 0, 0, at, 127, 0, 0, 1, 200, 0, 15, 161]) for at in range(100)]
    sides = [table.open(syn(key, at), at, -1, None) for at, key in enumerate(keys, 1)]
    held = [cache.sender(key, 0) for key in keys]
    for side in sides:
        cache.drop(side)

    assert held == sides
    assert {id(one) for one in cache.places} == {id(NOBODY)}


def test_an_empty_place_takes_no_segment() -> None:
    assert Recent({}).sender(bytes(12), 0) is None  # from 0.0.0.0:0 to 0.0.0.0:0


def packet_block(frame: tuple[int, bytes]) -> bytes:
    length = len(frame[1])
    return block(6, struct.pack("<5I", 0, 0, 0, length, length) + frame[1] + bytes(-length % 4))


@given(st.lists(KEYS, min_size=1, max_size=30), st.booleans(), st.integers(0, 39), st.data())
def test_who_was_looked_for_ahead_is_who_is_there_later(
    keys: list[bytes], blocks: bool, cut: int, data: st.DataObject
) -> None:
    table = Table((4001,))
    cache = Recent(table.sides)
    frames = [(0, bytes(12) + key + bytes(at % 9)) for at, key in enumerate(keys)]
    capture = pcapng([], (1,)) + b"".join(map(packet_block, frames)) if blocks else pcap_of_frames(frames)
    window = next(iter(from_bytes(capture[: len(capture) - cut]).windows()))
    steps = data.draw(st.lists(STEPS, min_size=len(keys), max_size=len(keys)))
    for number, (step, key) in enumerate(zip(steps, keys, strict=True), 1):
        if step == "look" or number == 1:
            cache.look_ahead(window, 12)
        if not window.advance():
            break
        known = table.sides.get(key)
        if step == "open":
            table.open(syn(key, number), number, -1, None)
        elif step == "forget" and known is not None and known.connection is not None:
            table.forget(known.connection)
        if step != "pass":
            assert cache.sender(window.data, window.offset + 12) is table.sides.get(key)


@pytest.fixture
def cached(monkeypatch: pytest.MonkeyPatch) -> None:
    """As compiled code does it: the interpreter asks the table alone."""
    monkeypatch.setattr("capanalyze.tcp.tracker.COMPILED", True)
    monkeypatch.setattr("capanalyze.tcp.side.COMPILED", True)


@pytest.mark.usefixtures("cached")
def test_a_connection_of_an_address_and_port_with_itself_is_one_side_however_large_the_cache() -> None:
    key = bytes([10, 0, 0, 1, 10, 0, 0, 1, 15, 161, 15, 161])
    tracker = Tracker((4001,))
    tracker.segment(syn(key, 1), bytes(40), 1, -1)
    for connections in (1, LEAST, MOST):
        tracker.recent.grow(connections)

        assert tracker.recent.sender(key, 0) in (tracker.sides[key], None)


@pytest.mark.parametrize("seed", range(200))
def test_entangled_packets_are_of_the_same_connections_by_the_cache_and_by_the_table(
    seed: int, request: pytest.FixtureRequest
) -> None:
    def said() -> object:
        return read_files([from_bytes(tangled(seed))], ports=(4001, 4002, 7497), all_connections=True).to_dict()

    by_table = said()
    request.getfixturevalue("cached")

    assert said() == by_table
