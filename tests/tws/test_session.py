"""Sessions: what is known of them in the end, from the first octet on or from the middle, and on any port."""

from __future__ import annotations

from pathlib import Path

import pytest

from capanalyze.analyzer import Analyzer
from capanalyze.capture.files import from_bytes
from capanalyze.tcp.room import KEPT_COST, KEPT_IN_ALL
from capanalyze.tws.desync import LOST
from capanalyze.tws.keeping import ERRORS
from capanalyze.tws.session import BANNER_OCTETS, SEARCH_OCTETS, Session
from capanalyze.tws.state import HEAD
from tests.tws.talk import (
    ACCOUNTS,
    CLIENT,
    FARM_OK,
    HELLO,
    NEXT_ID,
    SERVER,
    START_API,
    Talk,
    binary,
    frames,
    hello,
    names,
    proto,
    started,
    text,
)

CAPTURES = sorted((Path(__file__).parents[2] / "captures").glob("*.pcapng"))
TICK = text(1, 6, 5, 1, 100.25, 300, 0)
WRONG = b"API=9.72\0"


def reached(session: Session) -> dict[str, int]:
    return {name: int(one.packet) for name, one in session.milestones.items() if one.reached}


def test_a_session_from_its_start_tells_who_speaks_which_version() -> None:
    session = started().finish()

    assert (session.client_range, session.options, session.server_version) == ((100, 187), "", 187)
    assert (session.connection_time, session.client_id) == ("20260102 03:04:05 EST", 7)
    assert session.client_library == ("ibapi 10.30", "its hello offers versions 100 to 187")
    assert (session.is_tws, session.dead, session.hello_side, session.not_tws) == (True, False, 0, None)
    assert session.client_counts == {"hello": 1, "startApi": 1}
    assert session.server_counts == {"hello": 1, "managedAccounts": 1, "nextValidId": 1, "error": 1}
    assert (session.client_encodings, session.server_encodings) == (["text"], ["text"])


def test_milestones_name_the_first_packet_that_proves_them() -> None:
    talk = started().server(NEXT_ID).server(FARM_OK)

    assert reached(talk.finish()) == {
        "hello_sent": 1, "server_answered": 2, "start_api_sent": 3, "managed_accounts": 4, "next_valid_id": 5,
        "ready": 5, "farm_ok": 6,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("version", "code", "octets", "farm"),
    [
        (178, 2104, text(4, 2, -1, 2104, "farm", ""), True),
        (178, 2106, text(4, 2, -1, 2106, "farm", ""), True),
        (178, 2103, text(4, 2, -1, 2103, "farm", ""), False),
        (202, 2158, binary(4, -1, 2158, "farm", "", 1), True),
        (226, 2158, proto(4, b"\x08" + b"\xff" * 9 + b"\x01\x18\xee\x10"), True),
        (226, 326, proto(4, b"\x08" + b"\xff" * 9 + b"\x01\x18\xc6\x02"), False),
    ],
)
def test_a_farm_that_is_connected_is_a_milestone(version: int, code: int, octets: bytes, farm: bool) -> None:
    session = Talk().client(HELLO).server(hello(version)).client(START_API).server(octets).finish()

    assert session.milestones["farm_ok"].reached == farm, code


@pytest.mark.parametrize(
    ("version", "octets"),
    [(71, text(71, 2, 42)), (178, text(71, 2, 42, "")), (202, binary(71, 2, 42, "")), (226, proto(71, b"\x08\x2a"))],
)
def test_the_client_id_is_read_in_every_form(version: int, octets: bytes) -> None:
    assert Talk().client(HELLO).server(hello(version)).client(octets).finish().client_id == 42


@pytest.mark.parametrize("role", [0, 1])
def test_the_hello_says_which_side_is_the_client(role: int) -> None:
    session = Talk(client_side=1 - role).say(role, HELLO).say(1 - role, hello()).say(role, START_API).finish()

    assert (session.hello_side, session.client.side) == (role, role)
    assert (session.client_counts["startApi"], session.client_id) == (1, 7)


def test_an_answer_in_mid_session_says_which_side_is_the_server() -> None:
    session = Talk(client_side=1, from_start=False).say(1, hello()).say(0, START_API).say(1, ACCOUNTS).finish()

    assert (session.hello_side, session.client_id) == (0, 7)
    assert session.server_counts == {"hello": 1, "managedAccounts": 1}


def test_a_redirect_is_an_answer_without_a_version() -> None:
    session = Talk().client(HELLO).server(text(-1, "10.0.0.1:4002")).finish()

    assert (session.redirect, session.server_version, session.is_tws) == ("10.0.0.1:4002", 0, True)
    assert reached(session) == {"hello_sent": 1, "server_answered": 2}


@pytest.mark.parametrize("on_api_port", [True, False])
@pytest.mark.parametrize(
    "octets", [WRONG, b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\0\x01", b"\x01\x02\x03\x04\x05\x06\x07\x08"]
)
def test_what_is_not_tws_is_left_alone_off_the_api_ports(octets: bytes, on_api_port: bool) -> None:
    talk = Talk(on_api_port=on_api_port).client(octets)

    assert (talk.session.dead, talk.session.is_tws) == (not on_api_port, False)
    session = talk.finish()
    assert session.not_tws is not None
    assert session.accounted(CLIENT) == (0, 0, 0, len(octets))


def test_a_hello_on_any_port_is_tws() -> None:
    talk = Talk(on_api_port=False).client(HELLO[:5]).client(HELLO[5:]).server(hello()).client(START_API)

    assert (talk.session.dead, talk.finish().client_id) == (False, 7)


def test_a_server_that_speaks_first_is_not_tws_unless_the_client_then_is() -> None:
    banner = b"SSH-2.0-OpenSSH_9.2\r\n"
    ssh = Talk(on_api_port=False).server(banner).client(banner)
    lost = Talk(on_api_port=False).server(banner).client(HELLO[:3]).client(HELLO[3:])
    push = Talk(on_api_port=False).server(b"x" * BANNER_OCTETS)

    assert (ssh.session.dead, lost.session.dead, push.session.dead) == (True, False, False)
    assert push.server(b"x").session.dead
    assert (lost.session.is_tws, lost.finish().client_range) == (True, (100, 187))


@pytest.mark.parametrize("cuts", [[], [4]])
def test_frames_behind_a_banner_are_found_however_they_are_cut(cuts: list[int]) -> None:
    talk = Talk(on_api_port=False, detail=False).server(WRONG)
    octets = (b"\0\0\0\x0e1" + bytes(13)) * 2 + b"\0\0\0\x021" + bytes(4)
    for piece in (octets[:1], octets[1:2], octets[2:]):
        talk.say(CLIENT, piece, cuts)

    assert (talk.session.dead, talk.session.is_tws) == (False, True)


def test_off_the_api_ports_the_search_for_frames_ends() -> None:
    talk = Talk(on_api_port=False, from_start=False)
    for _ in range(SEARCH_OCTETS // 1000 + 1):
        talk.server(b"x" * 1000)

    assert talk.session.dead


def test_a_server_of_another_protocol_is_told_beside_a_right_hello() -> None:
    session = Talk().client(HELLO).server(b"HTTP/1.1 400 Bad Request\r\n\r\n").finish()

    assert session.is_tws
    assert (session.not_tws or "").startswith('the server sent an HTTP answer: "HTTP/1.1 400 Bad Request"')


@pytest.mark.parametrize(
    ("octets", "words"),
    [(hello()[:10], "the server's hello is cut: 10 of 30 octets"), (b"\x7f\xff\xff\xf0xxxx", "2147483632")],
)
def test_a_server_hello_that_is_none_is_told(octets: bytes, words: str) -> None:
    session = Talk().client(HELLO).server(octets).finish()

    assert words in (session.not_tws or "")
    assert "server_answered" not in reached(session)


def test_frames_without_a_hello_are_read_on_an_api_port() -> None:
    session = Talk().client(START_API).server(ACCOUNTS).finish()

    assert (session.client_id, session.client_range) == (7, None)
    assert session.server_counts == {"managedAccounts": 1}


def test_in_mid_session_the_version_is_unknown_and_every_message_marked() -> None:
    talk = Talk(from_start=False, keep_all=True).server(TICK).server(TICK + TICK)
    session = talk.finish()

    assert (session.server_version, session.client_range, session.is_tws) == (0, None, True)
    assert [(one.server_version, one.resynchronised) for one in talk.messages] == [(0, True)] * 3


def test_encodings_are_those_seen_on_each_side() -> None:
    talk = Talk().client(HELLO).server(hello(203)).client(binary(71, 2, 7, "")).client(proto(3, b"\x08\x05"))
    talk.server(binary(15, 1, "DU1")).server(proto(9, b"\x08\x05"))
    session = talk.finish()

    assert (session.client_encodings, session.server_encodings) == (
        ["binary_id", "protobuf"],
        ["binary_id", "protobuf"],
    )


def test_the_same_message_counts_under_one_name_in_every_form() -> None:
    session = (
        started().server(TICK, binary(1, 6, 5, 1, 1.5, 3, 0), proto(1, b"\x08\x05"), text(250, 1), proto(250)).finish()
    )

    assert session.server_counts["tickPrice"] == 3
    assert session.server_counts["message_250"] == 2


def test_the_head_holds_both_sides_in_capture_order() -> None:
    talk = started()
    for _ in range(HEAD):
        talk.client(text(49, 1)).server(text(49, 1, 1700000000))
    session = talk.finish()

    assert len(session.head) == HEAD
    assert [one.packet for one in session.head] == list(range(1, HEAD + 1))
    assert [one.from_client for one in session.head][6:10] == [True, False, True, False]


def test_the_first_and_the_newest_errors_are_kept_beyond_the_head() -> None:
    lost = [text(4, 2, -1, 1100, f"lost {number}", "") for number in range(20 * ERRORS)]
    talk = started()
    talk.server(TICK * HEAD)
    taken = talk.session.room.kept
    talk.server(*lost)
    session = talk.finish()

    assert [one.payload for one in session.errors] == frames(b"".join([*lost[:ERRORS], *lost[-ERRORS:]]))
    assert session.errors_left_out == 18 * ERRORS
    assert session.room.kept - taken == sum(len(one.payload) + KEPT_COST for one in session.errors)


def test_errors_that_there_was_no_room_for_are_left_out_too() -> None:
    talk = started()
    talk.server(TICK * HEAD)
    talk.server(*(text(4, 2, -1, 354, "x" * 9, "") for _ in range(ERRORS + 5)))
    room = talk.session.room
    taken, room.kept = room.kept, KEPT_IN_ALL
    talk.server(text(4, 2, -1, 1102, "back", ""))
    assert (talk.session.errors_left_out, talk.session.errors_since) == (1, ERRORS + 5)
    room.kept = taken
    talk.server(*(text(4, 2, -1, 354, "x" * 9, "") for _ in range(ERRORS)))
    session = talk.finish()

    assert (len(session.errors), session.errors_left_out, session.errors_since) == (2 * ERRORS, 6, ERRORS)


def test_the_snapshot_stays_when_more_is_said() -> None:
    talk = started().server(TICK)
    talk.session.snapshot()
    talk.server(text(62, 1))
    talk.session.snapshot()
    session = talk.finish()

    assert session.closing_tail is not None
    assert names(session.closing_tail[SERVER])[-1] == "tickPrice"
    assert names(session.closing_tail[CLIENT]) == ["startApi"]
    assert names(session.tail(SERVER))[-1] == "positionEnd"


def test_without_detail_only_counts_are_kept() -> None:
    session = started(detail=False).server(TICK * 50).finish()

    assert session.server_counts["tickPrice"] == 50
    assert (session.head, session.tail(SERVER), session.errors) == ([], [], [])
    assert reached(session)["ready"] == 5


def test_lost_framing_is_listed_to_a_bound_and_counted_beyond() -> None:
    talk = started()
    for _ in range(LOST + 10):
        talk.server(b"\0\0\0\0")
    session = talk.finish()

    assert (len(session.desyncs), session.desync_count) == (LOST, LOST + 10)


def test_a_hello_is_a_message_with_its_text_as_payload() -> None:
    talk = Talk(keep_all=True).client(HELLO[:7]).client(HELLO[7:]).server(hello())
    talk.finish()

    told = [
        (one.name, one.encoding, one.id, one.first_packet, one.packet, one.payload, one.size) for one in talk.messages
    ]
    assert told == [
        ("hello", "hello", 0, 1, 2, b"v100..187", 9),
        ("hello", "hello", 0, 3, 3, b"187\x0020260102 03:04:05 EST\0", 26),
    ]


def analysed(path: Path, keep_all: bool) -> Analyzer:
    analyzer = Analyzer(keep_all=keep_all)
    for window in from_bytes(path.read_bytes()).windows():
        analyzer.feed(window)
    analyzer.finish()
    return analyzer


@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.stem)
def test_every_octet_of_a_recording_is_a_hello_s_a_frame_s_or_named(path: Path) -> None:
    analyzer = analysed(path, keep_all=True)

    for connection, session in zip(analyzer.connections, analyzer.sessions, strict=True):
        if session is None:
            assert connection.orig.octets == connection.resp.octets == 0
            continue
        for side, octets in ((session.first, connection.orig.octets), (session.second, connection.resp.octets)):
            hello_octets, framed, skipped, remainder = session.accounted(side.side)
            assert hello_octets + framed + skipped + remainder + side.missing == octets
            said = session.client_remainder if side.from_client else session.server_remainder
            assert bool(said) == bool(remainder)
            spoken = [
                one
                for one in analyzer.all_sessions.messages
                if (one.conn, one.from_client) == (connection.number, side.from_client)
            ]
            assert not [one.name for one in spoken if one.name.startswith("message_")]


# sessions of real clients that both sides spoke to the end; the legacy one has no lengths
@pytest.mark.parametrize(
    "path", [path for path in CAPTURES if "healthy" in path.stem or "legacy" in path.stem], ids=lambda path: path.stem
)
def test_a_healthy_recording_has_nothing_left_over(path: Path) -> None:
    (session,) = analysed(path, keep_all=False).sessions
    assert session is not None

    assert [session.accounted(side)[2:] for side in (0, 1)] == [(0, 0), (0, 0)]
    assert (session.desync_count, session.unanswered, session.not_tws) == (0, [], None)
    assert len(reached(session)) == 7
