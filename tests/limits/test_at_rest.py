"""Sessions that are counted only and share one (tws/resting.py): each frame is counted, however it is cut."""

from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capanalyze import sessions
from capanalyze.capture import files
from capanalyze.tcp import table
from capanalyze.tws.resting import MOST_BEGUN
from capanalyze.tws.session import Session
from tests.conversation import Conversation
from tests.timeline.talk import MANAGED_ACCOUNTS, NEXT_VALID_ID, error, frame, report, started

TICK = frame("1", "6", "1", "1", "5.0", "3", "0")
LONG = frame("17", "1", "x" * MOST_BEGUN)
SHORT = b"\0\0\0\x021\0"
NO_FRAME = b"\0\0\0\0\xff\xee"
FRAMES = st.sampled_from([TICK, TICK * 40, LONG, SHORT, MANAGED_ACCOUNTS, NEXT_VALID_ID, error(2104), frame("49", "1")])
REQUESTS = st.sampled_from([frame("49", "1"), frame("3", "1", "AAPL"), frame("8", "1", "7"), frame("71", "2", "1", "")])


def counted(talk: Conversation) -> dict[str, dict[str, int]]:
    """How many messages of each kind there are, of a connection that is told in full or counted only."""
    said = report(talk)
    if said.counted_only is not None:
        return said.counted_only.messages
    tws = said.connections[0].tws
    return {} if tws is None else tws.messages


@settings(deadline=None, max_examples=150)
@given(st.lists(FRAMES, max_size=12), st.lists(REQUESTS, max_size=6), st.booleans(), st.data())
def test_each_frame_is_counted_once_wherever_its_octets_are_cut(
    answers: list[bytes], requests: list[bytes], garbage: bool, data: st.DataObject
) -> None:
    talk = started()
    left = [b"".join(requests), b"".join(answers) + (NO_FRAME if garbage else b"")]
    while left[0] or left[1]:
        side = 1 if not left[0] or (left[1] and data.draw(st.booleans())) else 0
        size = data.draw(st.integers(1, 60) if data.draw(st.booleans()) else st.integers(1, 3000))
        speaker, hearer = (talk.client, talk.server) if side == 0 else (talk.server, talk.client)
        speaker.data(left[side][:size])
        if data.draw(st.booleans()):
            hearer.ack()
        left[side] = left[side][size:]
    with pytest.MonkeyPatch.context() as limits:
        in_full = counted(talk)
        limits.setattr(table, "TOLD_IN_FULL", 0)

        assert counted(talk) == in_full


def test_what_makes_whole_frames_wakes_no_session(monkeypatch: pytest.MonkeyPatch) -> None:
    talk = started()
    for _ in range(600):
        talk.server.data(TICK).client.ack()
    for octets in (
        MANAGED_ACCOUNTS[:6],
        MANAGED_ACCOUNTS[6:] + NEXT_VALID_ID + TICK,
        frame("17", "1", "x" * 900),
        TICK,
    ):
        talk.server.data(octets).client.ack()
    monkeypatch.setattr(table, "TOLD_IN_FULL", 0)
    monkeypatch.setattr(files, "READ", 400)  # several stretches behind the first 64 kB
    with mock.patch.object(sessions, "Session", wraps=Session) as made:
        said = report(talk).counted_only

    assert made.call_count == 1
    assert said is not None
    assert said.reached == {"ready": 1}
