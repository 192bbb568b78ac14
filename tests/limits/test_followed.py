"""The requests of a crowded capture: every connection's are told, and no more than there is room for."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from capanalyze import api
from capanalyze.tcp import room
from tests.conversation import ACK
from tests.limits.crowds import GATEWAY, HELLO, VERSION, Segment, capture, client, opening, text

CONNECTIONS = 700
"""More than are told in full, and than are kept at a time once they are closed."""

FIN = 1


ASKED = text(9, 8, 5, "ES") + text(9, 8, 6, "NQ")
ANSWERED = text(52, 1, 5)


def one(number: int) -> Iterator[Segment]:
    """A session with two requests, one of them answered, and its close."""
    yield from opening(number)
    me = client(number)
    yield me, GATEWAY, 101, 901, ACK, HELLO, 0
    yield GATEWAY, me, 901, 101 + len(HELLO), ACK, VERSION, 0
    mine, other = 101 + len(HELLO), 901 + len(VERSION)
    yield me, GATEWAY, mine, other, ACK, ASKED, 0
    yield GATEWAY, me, other, mine + len(ASKED), ACK, ANSWERED, 0
    yield me, GATEWAY, mine + len(ASKED), other + len(ANSWERED), ACK | FIN, b"", 0
    yield GATEWAY, me, other + len(ANSWERED), mine + len(ASKED) + 1, ACK | FIN, b"", 0
    yield me, GATEWAY, mine + len(ASKED) + 1, other + len(ANSWERED) + 1, ACK, b"", 0


@pytest.fixture
def crowd(tmp_path: Path) -> Path:
    path = tmp_path / "crowd.pcap"
    path.write_bytes(b"".join(capture(segment for number in range(CONNECTIONS) for segment in one(number))))
    return path


def test_the_requests_of_every_connection_are_told(crowd: Path) -> None:
    told = [(one["conn"], one["request_id"], bool(one["answers"])) for one in api.requests(crowd)]

    assert told == [(conn, key, key == 5) for conn in range(1, CONNECTIONS + 1) for key in (5, 6)]


def test_what_there_is_no_room_for_is_counted(crowd: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "FOLLOWED_IN_ALL", 3)

    told = [(one["conn"], one.get("left_out", 0)) for one in api.requests(crowd)]

    assert told == [(1, 0), (1, 0), (2, 0), (2, 1), (None, 2 * CONNECTIONS - 4)]


def test_a_story_keeps_the_requests_that_were_asked_for(crowd: Path) -> None:
    exchanges: list[dict[str, object]] = []
    for _ in api.messages(crowd, exchanges=exchanges, followed=frozenset({6})):
        pass

    assert {one["request_id"] for one in exchanges} == {6}
    assert len(exchanges) == CONNECTIONS
