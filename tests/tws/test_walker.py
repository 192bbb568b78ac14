"""The two spellings of the inner loop: what runs compiled and what runs interpreted count and stop alike."""

from hypothesis import given
from hypothesis import strategies as st

from capanalyze.tws.frames import INDEXES
from capanalyze.tws.walker import ALWAYS, Walker

IDS = st.one_of(
    st.integers(1, 120).map(lambda number: b"%d\0" % number),
    st.integers(1, 511).map(lambda number: number.to_bytes(4, "big")),
    st.binary(max_size=5),
)
FRAMES = st.lists(
    st.tuples(
        IDS, st.lists(st.integers(0, 999).map(lambda n: b"%d\0" % n), max_size=4).map(b"".join), st.integers(-2, 2)
    ),
    max_size=12,
).map(lambda parts: b"".join((len(a + b) + max(off - 1, 0)).to_bytes(4, "big") + a + b for a, b, off in parts))
MARKS = st.dictionaries(st.integers(1, INDEXES - 1), st.sampled_from([ALWAYS, 6, 8, 9]), max_size=40)


@given(FRAMES, st.binary(max_size=9), MARKS, st.sets(st.integers(0, 99).map(lambda n: b"%02d" % n), max_size=20))
def test_both_walks_count_the_same_frames_and_stop_at_the_same_octet(
    frames: bytes, rest: bytes, marks: dict[int, int], waiting: set[bytes]
) -> None:
    walkers = Walker(), Walker()
    table = bytes(marks.get(index, 0) for index in range(INDEXES))
    for walker in walkers:
        walker.watch = table
        walker.prefixes, walker.prefix = waiting, 2
        walker.firsts = bytes(1 if any(prefix[0] == octet for prefix in waiting) else 0 for octet in range(256))
    data = frames + rest
    stops = walkers[0].walk_octets(data, 0, len(data)), walkers[1].walk_heads(data, 0, len(data))

    assert (stops[1], walkers[1].by_index()) == (stops[0], walkers[0].by_index())
