"""Who may send a message, by its form alone: every recorded one is its sender's, or may be either side's."""

from __future__ import annotations

from pathlib import Path

import pytest

from capanalyze.analyzer import Analyzer
from capanalyze.capture.capture import Capture
from capanalyze.tws.frames import BINARY, PROTOBUF
from capanalyze.tws.keeping import MOST_VAIN
from capanalyze.tws.message import Message
from capanalyze.tws.speaker import CLIENT, EITHER, GATEWAY, speaker_of
from tests.tws.talk import CLIENT as CLIENT_SIDE
from tests.tws.talk import Talk, proto, text

CAPTURES = Path(__file__).parents[2] / "captures"
FORMS = {"text": 0, "binary_id": BINARY, "protobuf": BINARY + PROTOBUF}


def messages(name: str) -> list[Message]:
    analyzer = Analyzer((4001,), keep_all=True)
    for packets in Capture([str(CAPTURES / name)], "auto", None).runs():
        analyzer.feed(packets)
    analyzer.finish()
    return [message for message in analyzer.take_messages() if message.encoding in FORMS]


@pytest.mark.parametrize(
    ("name", "least"),
    [("ibapi-latest-text-100", 0.95), ("ib_async-healthy-178", 0.95), ("stoqey-healthy-193", 0.95),
     ("ibapi-stable-mixed-203", 0.8), ("ibapi-latest-protobuf-226", 0.7)],
)  # fmt: skip
def test_the_messages_of_real_clients_tell_who_sent_them(name: str, least: float) -> None:
    told = [
        (CLIENT if one.from_client else GATEWAY, speaker_of(FORMS[one.encoding] + one.id, one.payload, True))
        for one in messages(f"{name}.pcapng")
    ]

    assert {found for sender, found in told if found != sender} <= {EITHER}
    assert sum(sender == found for sender, found in told) >= least * len(told)


@pytest.mark.parametrize(
    ("index", "payload", "whole", "expected"),
    [
        (45, b"45\0006\0007\00049\0000\0", True, GATEWAY),
        (45, b"45\0006\000", False, GATEWAY),
        (200, b"200\0001\0", True, EITHER),
        (BINARY + PROTOBUF + 109, bytes(4), False, EITHER),
        (BINARY + PROTOBUF + 110, bytes(4) + b"\x08\x01", False, GATEWAY),
    ],
)
def test_an_id_that_one_side_has_is_enough(index: int, payload: bytes, whole: bool, expected: int) -> None:
    assert speaker_of(index, payload, whole) == expected


def test_who_speaks_is_not_looked_for_in_vain_for_ever() -> None:
    either = proto(49)  # both sides may send a message without a body
    few, many = (
        Talk(from_start=False, on_api_port=False, keep_all=True).client(either * count)
        for count in (50, MOST_VAIN // 4)
    )

    telling = text(15, 1, "DU1") * 3
    assert few.server(telling).session.spoken_side == CLIENT_SIDE
    assert many.server(telling).session.spoken_side == -1


NO_BODY, CANCEL, TICK = proto(49), text(4, 1, 7), text(1, 6, 7, 1, 1.5, 100, 0)


@pytest.mark.parametrize("keep_all", [True, False])
def test_what_was_said_before_the_roles_were_known_is_told_as_who_said_it(keep_all: bool) -> None:
    talk = Talk(from_start=False, on_api_port=False, keep_all=keep_all)  # side 0 is taken for the client
    talk.client(NO_BODY * 3).server(CANCEL * 3)
    assert talk.messages == []
    session = talk.client(TICK * 3).finish()

    kept = sorted(talk.messages if keep_all else session.head, key=lambda one: int(one.packet))
    said = [(one.name, one.from_client, one.request_id) for one in kept]
    assert said[::3] == [("currentTime", False, None), ("cancelOrder", True, 7), ("tickPrice", False, 7)]
    assert len(said) == 9


def test_what_is_told_where_the_roles_stay_open_is_all_the_same_told() -> None:
    talk = Talk(from_start=False, on_api_port=False, keep_all=True).client(NO_BODY * 3).server(CANCEL * 3)
    talk.finish()

    assert sorted(one.name for one in talk.messages[::3]) == ["error", "reqCurrentTime"]
