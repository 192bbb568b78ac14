"""What all sessions of a capture may keep together."""

from capanalyze.tcp.room import FOLLOWED_IN_ALL, IN_ALL, KEPT_COST, KEPT_IN_ALL, WAITING_IN_ALL, Room
from capanalyze.tws.conversation import Conversation
from capanalyze.tws.session import Session
from capanalyze.tws.stream_state import OPAQUE
from capanalyze.tws.untold import Untold

TICK = b"\0\0\0\x0e" + b"1\x006\x001\x001\x005.0\x003\0"
NOISE = b"\xee\0\0\0" * 100


def midstream(room: Room, untold: Untold | None = None) -> Session:
    return Session(0, True, False, False, True, untold, room)


def test_first_messages_are_kept_while_there_is_room() -> None:
    room = Room()
    room.kept = KEPT_IN_ALL - 2 * (KEPT_COST + len(TICK))
    session = midstream(room)
    for at in range(5):
        session.data(1, TICK, 0, len(TICK), 1 + at, -1)
    session.finish()

    assert (len(session.head), session.server_counts, session.settled) == (2, {"tickPrice": 5}, True)


def test_a_search_is_given_up_where_there_is_no_room_for_it() -> None:
    room = Room(1000)
    session = midstream(room)
    for at in range(5):
        session.data(1, NOISE, 0, len(NOISE), 1 + at, -1)
    session.finish()

    assert (session.server.mode, session.accounted(1)[3]) == (OPAQUE, 5 * len(NOISE))
    assert (room.held, session.desyncs[-1].reason) == (0, "no room for what waits to be understood")


def test_what_waits_of_a_dropped_session_makes_room() -> None:
    room = Room()
    session = midstream(room)
    session.data(1, NOISE, 0, len(NOISE), 1, -1)
    before = room.held
    session.let_go()

    assert (before >= len(NOISE), room.held) == (True, 0)


def test_no_more_requests_wait_than_there_is_room_for() -> None:
    room = Room()
    room.waiting = WAITING_IN_ALL - 1
    session = midstream(room)
    request = b"\0\0\0\x0a" + b"1\x0011\x001\0ES\0"
    request = (len(request) - 4).to_bytes(4, "big") + request[4:]
    for at in range(3):
        session.data(0, request.replace(b"\x001\0ES", b"\x00%d\0ES" % (at + 1)), 0, len(request), 1 + at, -1)

    assert (session.pairing.waiting, session.pairing.tally.not_followed, room.waiting) == (1, 2, WAITING_IN_ALL)


def test_no_more_requests_are_followed_than_there_is_room_for() -> None:
    room = Room()
    room.followed = FOLLOWED_IN_ALL - 3
    talks = [Conversation(room), Conversation(room, frozenset({7}))]
    for packet in range(1, 5):
        for talk in talks:
            talk.request(1, 5 + packet, packet, packet, True)

    assert [(len(talk.exchanges), talk.left_out) for talk in talks] == [(2, 2), (1, 0)]


def test_sessions_that_are_counted_only_count_together() -> None:
    untold = Untold()
    for _ in range(3):
        session = Session(0, True, False, False, False, untold)
        session.data(1, TICK * 4, 0, 4 * len(TICK), 1, -1)
        session.finish()

    assert (untold.names_of(from_client=False), untold.sessions, untold.reached) == ({"tickPrice": 12}, 3, {"": 3})


def test_where_there_was_no_room_there_is_again_when_a_quarter_is_free() -> None:
    room = Room()
    found = []
    for taken in (IN_ALL, IN_ALL + 1, IN_ALL * 4 // 5, IN_ALL * 3 // 4, IN_ALL):
        room.take(taken - room.taken)
        found.append((room.is_exhausted(), room.fits(0)))

    assert found == [(False, True), (True, False), (True, False), (False, True), (False, True)]
