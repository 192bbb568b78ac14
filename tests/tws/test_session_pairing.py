"""Requests and answers of a session: what its report lists, and that the hot loop misses no answer."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capanalyze.tws.rows import end_markers
from capanalyze.tws.schema import name_of
from capanalyze.tws.session import Session
from capanalyze.tws.state import HEAD
from tests.tws.talk import CLIENT, HELLO, Talk, binary, hello, proto, started, text, varint, went

CONTRACT = 9


def test_a_session_that_is_not_ready_notes_its_requests() -> None:
    talk = Talk().client(HELLO).server(hello()).client(text(71, 2, 7, ""), text(49, 1))
    talk.server(text(15, 1, "DU1"), text(9, 1, 1)).client(text(49, 1))
    early = talk.finish().pairing.tally.early

    assert [(one.packet, one.name) for one in early] == [(3, "reqCurrentTime")]


@pytest.mark.parametrize("settled", [False, True])
def test_a_session_sees_the_ends_and_refusals_of_what_it_was_asked(settled: bool) -> None:
    talk = started(detail=not settled)
    talk.client(text(9, 8, 6, "ES"), text(62, 1, 7, "All", "NetLiquidation"), text(9, 8, 8, "ES"))
    talk.server(text(10, 6, "ES")).server(text(10, 6, "ES")).server(text(52, 1, 6), text(4, 2, 8, 200, "no", ""))
    talk.server(text(63, 1, 7, "DU1", "NetLiquidation", 1, "USD"), text(64, 1, 7))
    pairing = talk.finish().pairing

    assert (went(pairing, CONTRACT), went(pairing, 62)) == ((2, 1, 1, 1, 0), (1, 1, 0, 1, 0))
    end = pairing.tally.kinds[CONTRACT].end
    assert (end.number, end.most, end.packet) == (1, 3_000_000, 7)


def unanswered(session: Session) -> list[tuple[int, str, int | None]]:
    return [(one.packet, one.name, one.request_id) for one in session.unanswered]


def test_a_session_lists_requests_without_an_answer_in_their_order() -> None:
    talk = started()
    talk.client(text(1, 11, 5, "ES")).client(text(49, 1), text(9, 8, 6, "ES")).client(text(61, 1))
    talk.server(text(10, 6, "ES"))

    assert unanswered(talk.finish()) == [(7, "reqMktData", 5), (8, "reqCurrentTime", None), (9, "reqPositions", None)]


def test_ending_account_updates_asks_for_nothing() -> None:
    for subscribe, expected in ((1, [(7, "reqAccountUpdates", None)]), (0, [])):
        talk = started()
        talk.client(text(6, 2, subscribe, "DU1"))

        assert unanswered(talk.finish()) == expected


def test_a_refusal_without_an_id_answers_start_api() -> None:
    talk = Talk()
    talk.client(b"API\0\0\0\0\x09v100..187").server(hello()).client(text(71, 2, 7, ""))
    talk.server(text(4, 2, -1, 2104, "farm", ""))
    waits = list(talk.session.pairing.open)
    talk.server(text(4, 2, -1, 326, "client id is in use", ""))

    session = talk.finish()

    assert (waits, unanswered(session)) == ([71], [])
    assert went(session.pairing, 71) == (1, 0, 1, 0, 0)


def number(value: int) -> bytes:
    """Field 1 of a protobuf message."""
    return b"\x08" + varint(value)


# the layouts in which an answer's id lies at different places; 203 has both binary forms
FORMS = {
    "text": (178, lambda key: text(1, 11, key, "ES"), lambda key: text(1, 6, key, 1, 5.0, 3, 0)),
    "text without a version field": (178, lambda key: text(97, key, "ES"), lambda key: text(99, key, 1, 2, 3, 4)),
    "text with a version of two digits": (130, lambda key: text(7, 3, key, 0), lambda key: text(11, 10, key, 1, 2)),
    "text with no version in it": (178, lambda key: text(1, 11, key, "ES"), lambda key: text(1, "", key, 1, 5.0, 3)),
    "binary id": (202, lambda key: binary(1, 11, key, "ES"), lambda key: binary(1, 6, key, 1, 5.0, 3, 0)),
    "binary id without a version field": (202, lambda key: binary(78, key, "ES"), lambda key: binary(75, key, "SMART")),
    "protobuf": (226, lambda key: proto(1, number(key)), lambda key: proto(1, number(key) + b"\x10\x01")),
    "no hello": (None, lambda key: text(1, 11, key, "ES"), lambda key: text(1, 6, key, 1, 5.0, 3, 0)),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("key", [0, 1, 7, 10, 99, 100, 1000, 123456, 2147483647])
def test_the_hot_loop_sees_the_answer_among_others(form: str, key: int) -> None:
    version, request, answer = FORMS[form]
    talk = Talk(detail=False, from_start=version is not None)
    if version is not None:
        talk.client(b"API\0\0\0\0\x09v100..226").server(hello(version))
    talk.client(request(key))
    others = [answer(other) for other in range(1, 2000) if other != key]
    talk.server(*others)
    before = talk.session.pairing.waiting
    talk.server(*others[:50], answer(key), *others[:50])

    assert (before, unanswered(talk.finish())) == (1, [])


@pytest.mark.parametrize(("form", "index", "mark"), [("text", 1, 8), ("binary id", 1025, 10), ("protobuf", 1225, 9)])
def test_where_only_other_ids_tick_the_hot_loop_runs_on(form: str, index: int, mark: int) -> None:
    version, request, answer = FORMS[form]
    talk = Talk(detail=False)
    talk.client(b"API\0\0\0\0\x09v100..226").server(hello(version)).client(request(1001))
    stream = talk.session.server
    ticks = b"".join(answer(key) for key in range(600, 900))

    assert stream.watch[index] == mark
    assert stream.walk(ticks, 0, len(ticks)) == len(ticks)
    assert stream.walk(answer(1001) * 2, 0, 2 * len(answer(1001))) == 0


def test_a_request_before_the_hellos_is_answered_in_the_layout_of_the_version() -> None:
    talk = Talk(detail=False)
    talk.client(b"API\0\0\0\0\x09v100..226", text(4, 1, 7)).client(text(4, 1, 8))
    talk.server(hello(130)).server(text(3, 6, 8, "Filled"), text(3, 6, 8, "Filled"))

    assert [key for _, _, key in unanswered(talk.finish())] == [7]


def test_start_api_whose_answers_came_before_it_does_not_wait() -> None:
    talk = Talk().client(b"API\0\0\0\0\x09v100..187").server(hello(), text(15, 1, "DU1"), text(9, 1, 1))

    assert unanswered(talk.client(text(71, 2, 7, "")).finish()) == []


def test_only_what_is_rare_is_watched_when_nothing_waits() -> None:
    talk = started(detail=False)
    talk.client(text(1, 11, 5, "ES")).server(text(1, 6, 5, 1, 5.0, 3, 0))
    stream = talk.session.server

    assert [number for number in range(300) if stream.watch[number]] == sorted({4, 9, 15, *end_markers()})
    assert {name_of(False, number) for number in end_markers()} == {
        "tickSnapshotEnd", "openOrderEnd", "accountDownloadEnd", "execDetailsEnd", "contractDetailsEnd",
        "historicalDataEnd", "positionEnd", "accountSummaryEnd", "nextValidId", "positionMultiEnd",
        "accountUpdateMultiEnd", "securityDefinitionOptionParameterEnd", "historicalNewsEnd", "completedOrdersEnd",
    }  # fmt: skip


keys = st.one_of(st.integers(0, 30), st.integers(990, 1020), st.sampled_from([2147483647, 123456]))


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(["text", "binary id", "protobuf"]),
    st.lists(st.tuples(st.sampled_from(["ask", "answer", "error"]), keys), max_size=80),
)
def test_what_waits_in_the_end_is_what_no_answer_named(form: str, steps: list[tuple[str, int]]) -> None:
    version, request, answer = FORMS[form]
    talk = Talk(detail=False)
    talk.client(b"API\0\0\0\0\x09v100..226").server(hello(version))
    expected: list[tuple[str, int | None]] = []
    for step, key in steps:
        if step == "ask":
            talk.client(request(key))
            expected.append(("reqMktData", key))
        elif step == "answer":
            talk.server(answer(key))
            expected = [one for one in expected if one[1] != key]
        else:
            talk.server(error(form, key))
            named = [place for place, one in enumerate(expected) if one[1] == key]
            if named:
                del expected[named[-1]]

    assert [(one.name, one.request_id) for one in talk.finish().unanswered] == expected


def error(form: str, key: int) -> bytes:
    if form == "text":
        return text(4, 2, key, 200, "No security definition", "")
    if form == "binary id":
        return binary(4, key, 200, "No security definition", "", 1700000000000)
    return proto(4, b"\x08" + varint(key) + b"\x18" + varint(200))


def test_a_head_that_is_full_changes_nothing_of_what_waits() -> None:
    talk = started()
    talk.client(text(1, 11, 5, "ES"))
    for _ in range(HEAD + 10):
        talk.server(text(1, 6, 6, 1, 5.0, 3, 0))
    talk.client(text(1, 11, 7, "ES")).server(text(1, 6, 5, 1, 5.0, 3, 0))

    assert [key for _, _, key in unanswered(talk.finish())] == [7]
    assert len(talk.session.head) == HEAD
    assert talk.session.accounted(CLIENT)[3] == 0
