"""Frames made from our schema, read by ibapi's decoder: its callbacks' arguments are our fields."""

import pytest

from capanalyze.tws.schema import messages
from tests.tws.oracle import runs
from tests.tws.oracle.accepted import ACCEPTED

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


@pytest.mark.parametrize(("client", "last"), [("ib_async", 178), ("ib_insync", 176)])
def test_decoders_written_without_ibapi_read_our_answers_as_we_do(client: str, last: int) -> None:
    frames = runs.answer_frames(157, last, 1) + runs.answer_frames(157, last, 1, only=51)
    if client == "ib_insync":  # it knows but one of the two spellings
        frames = [frame for frame in frames if b"\0PEGBENCH\0" not in frame.body]

    outcome = runs.read_answers(client, frames)

    assert outcome.differences + outcome.unflagged == []
    assert outcome.accepted == set(ACCEPTED[f"answers, {client}"])
    assert set(outcome.messages) == {(False, row.id, "text") for row in messages(False).values() if row.id < 108}


@pytest.mark.parametrize(("client", "first", "last"), [("ib_async", 157, 178), ("ibapi-latest", 190, 205)])
def test_values_that_stand_for_none_and_the_longest_and_smallest_are_read_as_the_clients_do(
    client: str, first: int, last: int
) -> None:
    frames = runs.answer_frames(first, last, 1, unusual=0.2)

    outcome = runs.read_answers(client, frames, skipped={75})  # ibapi has a set of its strikes, in no order

    assert outcome.differences + outcome.unflagged == []
    assert {(False, row.id, "text") for row in messages(False).values() if row.id < 108} - set(outcome.messages) == {
        (False, 51, "text"),
        (False, 75, "text"),
    }


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
