"""Frames made from our schema, read by ibapi's decoder: its callbacks' arguments are our fields."""

import pytest

from capanalyze.tws.schema import messages
from tests.tws.oracle import runs

NOT_TEXT = {51, 110, 111}
"""fundamentalData is gone from ibapi 10.51; the two config answers have no text form."""


def test_ibapi_reads_our_answers_as_we_do_at_every_server_version() -> None:
    outcome = runs.read_answers("ibapi-latest", runs.answer_frames(100, 226, 1))

    assert outcome.differences + outcome.unflagged == []
    text = {(False, row.id, "text") for row in messages(False).values() if row.id not in NOT_TEXT}
    protobuf = {(False, row.id, "protobuf") for row in messages(False).values() if row.protobuf and row.id != 51}
    assert set(outcome.messages) == text | protobuf


def test_ibapi_reads_our_answers_of_servers_before_100_as_we_do() -> None:
    frames = runs.answer_frames(38, 50, 1) + runs.answer_frames(52, 99, 1)  # at 51 it throws exemptCode away

    outcome = runs.read_answers("ibapi-latest", frames)

    assert outcome.differences + outcome.unflagged == []


def test_ibapi_9_81_reads_our_fundamental_data_as_we_do() -> None:
    outcome = runs.read_answers("ibapi", runs.answer_frames(100, 157, 2, only=51))

    assert outcome.differences + outcome.unflagged == []
    assert sum(outcome.messages.values()) == 2 * 58


def test_what_ibapi_refuses_we_flag() -> None:
    frames = runs.answer_frames(100, 226, 2)
    broken = [runs.damaged(frame, number) for number, frame in enumerate(frames) if not frame.protobuf]

    outcome = runs.read_answers("ibapi-latest", broken)

    assert sum(outcome.refused.values()) > len(broken) // 3
    assert outcome.unflagged == []


@pytest.mark.deep
def test_many_more_answers() -> None:
    outcome = runs.read_answers("ibapi-latest", runs.answer_frames(100, 226, 8))

    assert outcome.differences + outcome.unflagged == []
