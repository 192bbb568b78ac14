"""Requests with their answers: what the report counts as it goes, held against every exchange followed to its end."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import capanalyze
from capanalyze.api import requests
from capanalyze.report.request_line import COLUMNS, csv_lines, request_line
from capanalyze.report.request_lines import request_lines
from capanalyze.report.requests import exchange_record
from capanalyze.tws.pairing import WAITING
from capanalyze.tws.session import Session
from tests.report.tws_facts import facts_of
from tests.tws.talk import Talk, hello, started, text

CAPTURES = sorted((Path(__file__).parents[2] / "captures").glob("*.pcapng"))
ASK = text(1, 11, 5, "ES")
TICK = text(1, 6, 5, 1, 100.25, 300, 0)


@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.stem)
def test_the_report_counts_what_every_exchange_tells(path: Path) -> None:
    counted: Counter[tuple[int, str, str]] = Counter()
    for one in requests(path):
        first_was_error = one["refused"] and one["error"] == one["first"]
        facts = {
            "sent": True,
            "answered": one["first"] is not None and not first_was_error,
            "errors": first_was_error,
            "ended": one["end"] is not None,
        }
        counted.update((one["conn"], one["name"], fact) for fact, holds in facts.items() if holds)

    reported = {
        (connection.conn, name, fact): getattr(kind, fact)
        for connection in capanalyze.read(path).connections
        if connection.tws is not None
        for name, kind in connection.tws.requests.items()
        for fact in ("sent", "answered", "errors", "ended")
    }

    assert {place: number for place, number in reported.items() if number} == counted


def test_a_report_names_requests_that_came_too_early_and_ids_in_use() -> None:
    talk = Talk().client(b"API\0\0\0\0\x09v100..187").server(hello()).client(text(71, 2, 7, ""), text(49, 1))
    talk.server(text(15, 1, "DU1"), text(9, 1, 1), text(49, 1, 1)).client(ASK).server(TICK).client(ASK)
    lines = dict(request_lines(facts_of(talk.finish())))

    assert lines == {
        "requests": "3 requests: 2 answered and 1 without an answer; first answers after 1.0 ms",
        "unanswered": "reqMktData 5 (packet 7)",
        "id in use": "reqMktData 5 (packet 7)",
        "too early": "reqCurrentTime (packet 3)",
    }


def test_the_slowest_first_answer_is_named() -> None:
    talk = started()
    talk.client(ASK, text(49, 1)).server(TICK).server(text(49, 1, 1)).client(text(9, 8, 6, "")).client(
        text(9, 8, 8, "")
    )
    talk.server(text(4, 2, 6, 200, "no", "")).client(text(1, 11, 9, "")).client(text(2, 2, 9))

    assert dict(request_lines(facts_of(talk.finish())))["requests"] == (
        "5 requests: 2 answered, 1 answered by an error and 2 without an answer; the client cancelled 1 of them;"
        " first answers after 1.0 ms to 2.0 ms, the latest to reqCurrentTime in packet 7"
    )


def test_the_numbers_of_requests_add_up_where_some_were_not_followed() -> None:
    talk = started()
    for key in range(WAITING + 3):
        talk.client(text(1, 11, key, "ES"))
    line = dict(request_lines(facts_of(talk.finish())))["requests"]

    assert line == "1,003 requests: 1,000 without an answer and 3 not followed"


def test_start_api_alone_is_not_worth_a_line() -> None:
    assert request_lines(facts_of(started().finish())) == []


def records(session: Session) -> list[dict[str, Any]]:
    assert session.conversation is not None
    return [exchange_record(one, 3) for one in session.conversation.exchanges]


def test_a_request_is_a_line_that_tells_what_came_of_it() -> None:
    talk = started(keep_all=True)
    talk.client(ASK).server(TICK).server(TICK).client(ASK).server(text(4, 2, 5, 322, "Duplicate", "")).client(
        text(2, 2, 5)
    )
    session = talk.finish()
    lines = [request_line(one).split("  #3  ")[1] for one in records(session)[1:]]

    assert lines == [
        (
            "reqMktData 5: 2 answers (tickPrice x2); the first after 1.0 ms; the last after 2.0 ms;"
            " cancelled after 5.0 ms\n"
        ),
        (
            "reqMktData 5: 1 answer (error); the first after 1.0 ms; error 322 after 1.0 ms; cancelled after 2.0 ms;"
            " its id was in use\n"
        ),
    ]


def test_a_request_without_an_answer_or_a_time_says_so() -> None:
    talk = started(keep_all=True).client(ASK)
    record = records(talk.finish())[-1] | {"ts_ns": None, "before_ready": True}

    assert request_line(record) == "      7  -  #3  reqMktData 5: unanswered; sent before the session was ready\n"
    assert request_line({"conn": 3, "left_out": 12}) == "#3: 12 more requests not followed\n"
    assert request_line({"conn": None, "left_out": 1}) == "other connections: 1 more request not followed\n"


def test_an_answer_over_which_the_clock_was_set_back_came_after_no_time() -> None:
    talk = started(keep_all=True).client(ASK).server(TICK)
    session = talk.finish()
    assert session.conversation is not None
    exchange = session.conversation.exchanges[-1]
    exchange.first_ts = exchange.last_ts = exchange.ts_ns - 1
    record = exchange_record(exchange, 3)

    assert record["first"] == {"packet": 8, "ts_ns": 6_999_999, "after_ns": None}
    assert "the first in packet 8" in request_line(record)


def test_csv_has_a_column_for_every_moment() -> None:
    talk = started(keep_all=True)
    talk.client(text(9, 8, 5, "ES")).server(text(10, 5, "ES")).server(text(52, 1, 5))
    header, _, line = list(csv_lines([*records(talk.finish()), {"conn": 3, "left_out": 12}]))
    cells = dict(zip(header.rstrip().split(","), line.rstrip("\r\n").split(","), strict=True))

    assert tuple(cells) == COLUMNS
    assert {name: cell for name, cell in cells.items() if cell and name != "time"} == {
        "packet": "7", "ts_ns": "7000000", "conn": "3", "name": "reqContractDetails", "request_id": "5", "answers": "2",
        "first_packet": "8", "first_after_ns": "1000000", "last_packet": "9", "last_after_ns": "2000000",
        "end_packet": "9", "end_after_ns": "2000000",
    }  # fmt: skip


def test_a_list_without_its_end_marker_is_told() -> None:
    talk = started(keep_all=True).client(text(61, 1), text(99, 1))
    talk.server(text(61, 3, "DU1", 1, "ES"), text(61, 3, "DU1", 2, "NQ")).server(text(101), text(102))
    session = talk.finish()
    lines = [request_line(one).split("  #3  ")[1] for one in records(session)[1:]]

    assert dict(request_lines(facts_of(session)))["not ended"] == "reqPositions (packet 7)"
    assert lines[0].endswith("answers (position x2); the first after 1.0 ms; no positionEnd so far\n")
    assert "so far" not in lines[1]
