"""Sessions from before version 100, whose messages have no lengths."""

from __future__ import annotations

from capanalyze.tws.frames import MAX_KEPT
from tests.tws.talk import (
    CLIENT,
    SERVER,
    Talk,
    names,
)

LEGACY_ANSWER = b"76\x0020260102 03:04:05 EST\0"


def test_a_session_from_before_version_100_has_no_lengths() -> None:
    talk = Talk(keep_all=True).client(b"62\0").server(LEGACY_ANSWER).client(b"5\0" + b"8\x001\x001\0")
    talk.server(b"15\x001\x00DU1\x009\x001\x00" + b"17\0").server(b"4\x002\x00-1\x002104\x00farm\x004\x002")
    session = talk.finish()

    assert (session.legacy_version, session.server_version, session.client_id) == ("62", 76, 5)
    assert names(talk.messages) == ["hello", "hello", "reqIds", "managedAccounts", "nextValidId", "error"]
    assert [(one.encoding, one.packet, one.offset) for one in talk.messages[3:]] == [
        ("unframed", 4, 25), ("unframed", 4, 34), ("unframed", 5, 41),
    ]  # fmt: skip
    assert session.client_library == ("npm ib 0.2.9 or IbPy2 0.8", 'its hello is "62" without a length')
    assert session.accounted(SERVER) == (25, 33, 0, 3)
    assert names(session.tail(SERVER)) == ["managedAccounts", "nextValidId", "error"]


def test_a_legacy_client_that_sends_start_api_is_understood() -> None:
    session = Talk().client(b"66\0").server(LEGACY_ANSWER).client(b"71\x002\x005\0\0").finish()

    assert (session.client_id, session.client_counts) == (5, {"hello": 1, "startApi": 1})


def test_what_a_legacy_session_cannot_count_is_its_remainder() -> None:
    session = (
        Talk().client(b"62\0").server(LEGACY_ANSWER).client(b"5\0").server(b"15\x001\x00DU1\x00777\x001\x00").finish()
    )

    assert session.accounted(SERVER) == (25, 9, 0, 6)
    assert session.server_remainder == "6 octets that are no TWS messages"


XML = b"19\x001\0" + b"x" * 3000 + b"\0"


def test_a_long_unframed_message_is_told_when_it_is_whole_and_what_follows_too() -> None:
    talk = Talk(keep_all=True).client(b"62\0").server(LEGACY_ANSWER).client(b"5\0")
    for at in range(0, len(XML), 500):
        talk.server(XML[at : at + 500])
    talk.server(b"9\x001\x001\0")

    assert [(one.name, one.first_packet, one.packet, one.size) for one in talk.messages[2:]] == [
        ("scannerParameters", 4, 10, len(XML)), ("nextValidId", 11, 11, 6),
    ]  # fmt: skip


def test_an_unframed_message_that_grew_too_little_is_told_in_the_end() -> None:
    talk = Talk(keep_all=True).client(b"62\0").server(LEGACY_ANSWER).client(b"5\0")
    talk.server(XML[:-1]).server(XML[-1:] + b"9")
    session = talk.finish()

    assert [(one.name, one.packet) for one in talk.messages[2:]] == [("scannerParameters", 5)]
    assert session.server_remainder == "1 octet of a message that is not whole"


def test_an_unframed_message_without_end_is_given_up() -> None:
    talk = Talk().client(b"62\0").server(LEGACY_ANSWER).client(b"5\0").server(b"19\x001\0")
    for _ in range(100):
        talk.server(b"x" * 1000)

    kept = talk.session.unframed[SERVER]
    assert kept is None or len(kept.octets) <= MAX_KEPT
    assert talk.finish().accounted(SERVER) == (25, 0, 0, 100_005)


def test_a_hole_in_a_legacy_session_ends_what_can_be_told_and_not_the_session() -> None:
    talk = Talk(on_api_port=False).client(b"62\0").gap(CLIENT, 5).client(b"x")

    assert not talk.session.dead
    assert talk.server(LEGACY_ANSWER).finish().is_tws


def test_a_legacy_hello_that_nothing_answers_is_told() -> None:
    session = Talk().client(b"176\0").finish()

    assert session.not_tws is not None
    assert "the newest such client sends 66" in session.not_tws
    assert not session.is_tws
