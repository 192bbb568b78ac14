"""The cache in front of the table of connections: it never says anything else than the table."""

from hypothesis import given
from hypothesis import strategies as st

from capanalyze.packets.segment import SYN, Segment
from capanalyze.tcp.recent import LEAST, MOST, SPARE, Recent
from capanalyze.tcp.table import Table

HOSTS = st.sampled_from([b"\x7f\0\0\1", b"\x0a\0\0\1", b"\xff\xff\xff\xff", b"\0\0\0\0"])
PORTS = st.sampled_from([b"\x0f\xa1", b"\xc0\0", b"\xff\xff", b"\0\0"])
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


def test_an_empty_place_takes_no_segment() -> None:
    assert Recent({}).sender(bytes(12), 0) is None  # from 0.0.0.0:0 to 0.0.0.0:0
