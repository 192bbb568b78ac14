"""Whatever the octets are and however they are cut, a session tells the same and accounts for each of them."""

from __future__ import annotations

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from capanalyze.tcp.room import HELD_IN_ALL
from capanalyze.tws.pieces import Pieces
from tests.tws.talk import (
    CLIENT,
    HELLO,
    SERVER,
    START_API,
    Talk,
    binary,
    frame,
    frames,
    hello,
    proto,
    results,
    text,
    told,
    varint,
)

Segment = tuple[int, bytes, int]  # side, octets, gap after them

identifiers = st.one_of(st.integers(1, 12), st.integers(1000, 1010), st.sampled_from([-1, 99999999, 1 << 40]))
values = st.integers(-3, 20000)
texts = st.builds(
    lambda number, key, rest: text(number, 1, key, *rest),
    st.sampled_from([1, 2, 4, 9, 10, 15, 17, 46, 58, 61, 62, 71, 81, 99, 101, 250]),
    identifiers,
    st.lists(values, max_size=12),
)  # fmt: skip
requests = st.builds(
    lambda number, key: text(number, 11, key, "ES", "FUT"), st.sampled_from([1, 2, 9, 20, 61, 62, 71, 76]), identifiers
)
binaries = st.builds(binary, st.sampled_from([1, 4, 15, 81, 199]), identifiers, values)
protobufs = st.builds(
    lambda number, key: proto(number, b"\x08" + varint(key)), st.sampled_from([1, 2, 4, 9, 71, 109, 255]), identifiers
)
longs = st.builds(
    lambda number, size: text(number, 1, "x" * size),
    st.sampled_from([5, 10, 19]),
    st.sampled_from([250, 251, 252, 300, 1100]),
)
oddities = st.sampled_from(
    [b"\0\0\0\0", b"\x7f\xff\xff\xf0", b"\0\xff\xff\xff1\0", b"GET / HTTP/1.1\r\n", b"\0\0\0\x05abcde"]
)
messages = st.one_of(texts, texts, texts, requests, binaries, protobufs, longs)
noise = st.one_of(messages, messages, messages, oddities, st.binary(max_size=40))
openings = st.sampled_from([
    (HELLO, hello(), START_API), (HELLO, hello(226), START_API), (HELLO, b"", b""), (b"", hello(), b""),
    (b"API=9.72\0", b"", b""), (b"62\0", b"76\x0020260102 03:04:05 EST\0", b"5\0"), (HELLO[:9], b"", b""),
    (b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b""), (HELLO, text(-1, "127.0.0.1:4002"), b""), (b"", b"", b""),
    (b"\0\x31\0", b"", b""), (HELLO.replace(b"\x09", b"\x0a") + b"\0", hello(), b""),
])  # fmt: skip
options = st.fixed_dictionaries({
    "client_side": st.integers(0, 1), "on_api_port": st.booleans(),
    "from_start": st.booleans(), "detail": st.booleans(),
})  # fmt: skip


@st.composite
def conversations(draw: st.DrawFn, pieces: st.SearchStrategy[bytes]) -> list[Segment]:
    """Segments of both sides, whose borders are not those of the messages; now and then a hole after one."""
    client, server, more = draw(openings)
    octets = {CLIENT: [client, more], SERVER: [server]}
    for side in (CLIENT, SERVER):
        octets[side] += draw(st.lists(pieces, max_size=25))
    segments: list[Segment] = []
    left = {side: b"".join(parts) for side, parts in octets.items()}
    while left[CLIENT] or left[SERVER]:
        side = draw(st.integers(0, 1))
        size = draw(st.one_of(st.integers(1, 40), st.integers(1, 400), st.just(100_000)))
        if not left[side]:
            side = 1 - side
        hole = draw(st.sampled_from([0] * 12 + [1, 7, 40, 3000]))
        segments.append((side, left[side][:size], hole))
        left[side] = left[side][size:]
    return segments


def hear(segments: list[Segment], cuts: list[int], **named: object) -> Talk:
    talk = Talk(**named)
    for place, (side, octets, hole) in enumerate(segments):
        talk.say(side, octets, cuts)
        if hole:
            talk.gap(side, hole)
        if place == len(segments) // 2:
            talk.session.snapshot()
    talk.finish()
    return talk


@settings(max_examples=300, deadline=None)
@given(conversations(noise), st.lists(st.integers(1, 5000), max_size=60), options, st.booleans())
def test_any_chunking_tells_the_same(
    segments: list[Segment], cuts: list[int], named: dict[str, object], all_: bool
) -> None:
    whole = hear(segments, [], keep_all=all_, **named)
    parts = hear(segments, cuts, keep_all=all_, **named)

    assert results(whole.session) == results(parts.session)
    assert [told(message) for message in whole.messages] == [told(message) for message in parts.messages]


SETTLED = [
    (CLIENT, HELLO, 0),
    (SERVER, hello(), 0),
    *[(SERVER, text(4, 2, -1, 2104, "ok"), 0)] * 5,
    (CLIENT, START_API, 0),
]
"""A session whose next octets may be handed on together."""


def batches(segments: list[Segment]) -> list[tuple[int, list[bytes], int]]:
    """Segments of one side that follow each other without a hole, together."""
    found: list[tuple[int, list[bytes], int]] = []
    for side, octets, hole in segments:
        if not octets:
            continue
        if found and found[-1][0] == side and not found[-1][2]:
            found[-1] = (side, [*found[-1][1], octets], hole)
        else:
            found.append((side, [octets], hole))
    return found


def hear_together(segments: list[Segment], together: bool, taken: int = 0, **named: object) -> Talk:
    """As the interpreter's loop hands octets on, which collects what one side says, and as compiled code does.

    ``taken`` octets of the room are other sessions'.
    """
    talk = Talk(**named)
    session = talk.session
    session.room.held = taken
    session.most_head = 4
    for side, parts, hole in batches(segments):
        pieces = []
        for octets in parts:
            talk.packet += 1
            pieces.append((octets, talk.packet, talk.packet * 1_000_000))
        if together and session.is_tws and session.settled:
            times = {packet: ts_ns for _, packet, ts_ns in pieces}
            octets, packets, _ = map(list, zip(*pieces, strict=True))
            session.pieces(side, Pieces(octets, packets, times.__getitem__))
            session.let_pieces_go(side)
        else:
            for octets, packet, ts_ns in pieces:
                session.data(side, octets, 0, len(octets), packet, ts_ns)
        if hole:
            talk.gap(side, hole)
    talk.finish()
    return talk


@settings(max_examples=400, deadline=None)
@given(conversations(noise), options)
def test_what_is_handed_on_together_tells_the_same(segments: list[Segment], named: dict[str, object]) -> None:
    together, apart = (hear_together(segments, mode, **{**named, "on_api_port": True}) for mode in (True, False))

    assert results(apart.session) == results(together.session)


@settings(max_examples=200, deadline=None)
@given(st.lists(messages, min_size=5, max_size=60), st.lists(st.integers(1, 90), min_size=1), st.booleans())
def test_ticks_that_are_handed_on_together_tell_the_same(server: list[bytes], sizes: list[int], detail: bool) -> None:
    octets = b"".join(server)
    segments = list(SETTLED)
    at = 0
    for size in sizes * (len(octets) // sum(sizes) + 1):
        segments.append((SERVER, octets[at : at + size], 0))
        at += size
    together, apart = (hear_together(segments, mode, detail=detail) for mode in (True, False))

    assert results(apart.session) == results(together.session)


@settings(max_examples=100, deadline=None)
@given(st.lists(messages, min_size=5, max_size=20), st.lists(st.integers(1, 90), min_size=1), st.integers(0, 90))
def test_what_is_handed_on_together_needs_the_same_room(server: list[bytes], sizes: list[int], room: int) -> None:
    segments = list(SETTLED)
    octets = b"".join(server)
    for size in sizes * (len(octets) // sum(sizes) + 1):
        segments.append((SERVER, octets[:size], 0))
        octets = octets[size:]
    together, apart = (hear_together(segments, mode, HELD_IN_ALL - room) for mode in (True, False))

    assert results(apart.session) == results(together.session)


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 6), st.sampled_from([b"\0\0\0\0", b"\x7f\xff\xff\xf0", b"\0\0\0\x09x1234", b"\0\0\0\x0912x4567"]))
def test_a_header_that_is_none_is_of_the_packet_that_shows_it(at: int, header: bytes) -> None:
    last = text(2, 6, 1, 3, 100)
    parts = [last, last + header[:at], header[at:] + last, last]
    segments = [*SETTLED, *((SERVER, octets, 0) for octets in parts)]
    together, apart = (hear_together(segments, mode, detail=True) for mode in (True, False))

    assert len(apart.session.desyncs) > 0
    assert results(apart.session) == results(together.session)


@settings(max_examples=150, deadline=None)
@given(conversations(noise), options)
def test_one_octet_at_a_time_tells_the_same(segments: list[Segment], named: dict[str, object]) -> None:
    segments = [(side, octets[:2000], hole) for side, octets, hole in segments]
    whole = hear(segments, [], keep_all=True, **named)
    parts = hear(segments, list(range(2000)), keep_all=True, **named)

    assert results(whole.session) == results(parts.session)
    assert [told(message) for message in whole.messages] == [told(message) for message in parts.messages]


@settings(max_examples=300, deadline=None)
@given(conversations(noise), options, st.booleans())
def test_every_octet_is_accounted_for(segments: list[Segment], named: dict[str, object], all_: bool) -> None:
    talk = hear(segments, [], keep_all=all_, **named)

    for side in (CLIENT, SERVER):
        fed = sum(len(octets) for one, octets, _ in segments if one == side)
        parts = talk.session.accounted(side)
        assert sum(parts) == fed
        assert min(parts) >= 0


@settings(max_examples=300, deadline=None)
@given(conversations(noise), options)
def test_framed_octets_are_those_of_the_messages(segments: list[Segment], named: dict[str, object]) -> None:
    talk = hear(segments, [], keep_all=True, **{**named, "client_side": 0})

    session = talk.session
    assume(session.spoken_side in {-1, session.client.side})  # a hello that belies the messages comes too late for them
    for stream in (session.client, session.server):
        spoken = [one for one in talk.messages if one.from_client == stream.from_client and one.encoding != "hello"]
        empty = sum(one.from_client == stream.from_client and "length 0" in one.reason for one in session.desyncs)
        octets = (
            sum(message.size + (0 if message.encoding == "unframed" else 4) - message.missing for message in spoken)
            + 4 * empty
        )
        if session.desync_count == len(session.desyncs):
            assert octets == session.accounted(stream.side)[1]


@settings(max_examples=200, deadline=None)
@given(conversations(noise), options)
def test_counting_keeping_the_ends_and_keeping_all_agree(segments: list[Segment], named: dict[str, object]) -> None:
    named = {**named, "detail": True}
    detailed = hear(segments, [], keep_all=False, **named)
    every = hear(segments, [], keep_all=True, **named)
    counted = hear(segments, [], keep_all=False, **{**named, "detail": False})
    assume(detailed.session.spoken_side < 0)  # who only counts does not look at who says what

    def common(talk: Talk) -> dict[str, object]:
        kept = {"head", "tails", "closing", "errors"}
        if talk.session.server_version == 0:  # what ids are is told by the messages that are looked at
            kept |= {"unanswered", "unanswered_left_out"}
        return {name: value for name, value in results(talk.session).items() if name not in kept}

    assert common(detailed) == common(counted)
    assert common(detailed) == common(every)
    assert len(every.messages) == sum(every.session.client_counts.values()) + sum(every.session.server_counts.values())


@settings(max_examples=200, deadline=None)
@given(st.lists(messages, max_size=40), st.lists(messages, max_size=40), st.lists(st.integers(1, 3000), max_size=20))
def test_whole_frames_are_what_struct_finds(client: list[bytes], server: list[bytes], cuts: list[int]) -> None:
    talk = Talk(keep_all=True).client(HELLO).server(hello())
    talk.say(CLIENT, b"".join(client), cuts).say(SERVER, b"".join(server), cuts)
    talk.finish()

    for from_client, octets in ((True, b"".join(client)), (False, b"".join(server))):
        found = [m.payload for m in talk.messages if m.from_client == from_client and m.encoding != "hello"]
        assert frames(octets) == found
    assert talk.session.desync_count == 0


@settings(max_examples=200, deadline=None)
@given(st.lists(messages, min_size=1, max_size=60), st.lists(st.integers(1, 400), min_size=1))
def test_the_tail_is_the_end_of_all_messages(server: list[bytes], sizes: list[int]) -> None:
    octets = b"".join(server)
    every, tail = Talk(keep_all=True), Talk()
    for talk in (every, tail):
        talk.client(HELLO).server(hello())
        at = 0
        for size in sizes * (len(octets) // sum(sizes) + 1):
            if at < len(octets):
                talk.server(octets[at : at + size])
            at += size
        talk.finish()

    spoken = [told(message) for message in every.messages if message.encoding != "hello" and not message.from_client]
    for message in spoken:
        message["payload"] = message["payload"][:4096] if len(message["payload"]) > 255 else message["payload"]
    assert spoken[-8:] == [told(message) for message in tail.session.tail(SERVER)]


@settings(max_examples=100, deadline=None)
@given(st.lists(texts, min_size=3, max_size=30), st.binary(max_size=30), st.booleans())
def test_framing_is_found_again_after_octets_that_are_lost(server: list[bytes], junk: bytes, hole: bool) -> None:
    talk = Talk(keep_all=True).client(HELLO).server(hello()).server(text(62, 1))
    if hole:
        talk.gap(SERVER, 77)
    talk.server(b"\xff" + junk + b"\xff").server(b"".join(server)).server(text(62, 1), text(62, 1))
    talk.finish()

    found = [message.payload for message in talk.messages if not message.from_client]
    expected = frames(b"".join(server))
    assert expected[3:] == [payload for payload in found if payload in expected][-len(expected) :][3:]
    assert found[-1] == b"62\x001\0"


def test_a_frame_of_no_octets_keeps_the_framing() -> None:
    talk = Talk(keep_all=True).client(HELLO).server(hello()).server(frame(b""), text(62, 1))
    session = talk.finish()

    assert [(one.reason, one.offset) for one in session.desyncs] == [("a frame of length 0", 30)]
    assert talk.messages[-1].name == "positionEnd"
