"""Requests and their first answers: what waits, what answers it, and that the hot loop misses none."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capanalyze.tws.pairing import NO_KEY, RUNNING, WAITING, Pairing
from capanalyze.tws.rows import end_markers
from capanalyze.tws.schema import name_of
from capanalyze.tws.session import Session
from capanalyze.tws.state import HEAD
from capanalyze.tws.tally import NAMED
from tests.tws.talk import CLIENT, HELLO, Talk, binary, hello, proto, started, text, varint

PLACE, CANCEL_ORDER, CONTRACT, MARKET_DATA, CANCEL_MARKET_DATA, RULE, TIME, POSITIONS, CANCEL_POSITIONS = (
    3, 4, 9, 1, 2, 91, 49, 61, 64,
)  # fmt: skip
CONTRACT_END, SNAPSHOT_END = 52, 57
TICK_PRICE, ERROR, OPEN_ORDER, CONTRACT_DATA, MARKET_RULE, CURRENT_TIME, POSITION, POSITION_END = (
    1, 4, 5, 10, 93, 49, 61, 62,
)  # fmt: skip


def waiting(pairing: Pairing) -> list[tuple[str, int | None]]:
    return [(one.name, one.request_id) for one in pairing.unanswered()]


def asked(*requests: tuple[int, int]) -> Pairing:
    pairing = Pairing()
    for packet, (number, key) in enumerate(requests, 1):
        pairing.request(number, key, packet, packet)
    return pairing


def test_a_request_waits_until_its_first_answer() -> None:
    pairing = asked((MARKET_DATA, 5), (MARKET_DATA, 6))
    pairing.answer(TICK_PRICE, 6)

    assert waiting(pairing) == [("reqMktData", 5)]


def test_an_answer_of_another_kind_with_the_same_id_is_no_answer() -> None:
    pairing = asked((MARKET_DATA, 5))
    pairing.answer(CONTRACT_DATA, 5)

    assert waiting(pairing) == [("reqMktData", 5)]


def test_an_error_answers_the_youngest_request_with_its_id() -> None:
    pairing = asked((PLACE, 5), (MARKET_DATA, 5))
    pairing.error(5, 200)

    assert waiting(pairing) == [("placeOrder", 5)]


def test_an_error_about_nothing_answers_nothing() -> None:
    pairing = asked((MARKET_DATA, 5), (TIME, NO_KEY))
    pairing.error(-1, 200)

    assert waiting(pairing) == [("reqMktData", 5), ("reqCurrentTime", None)]


def test_a_cancelled_request_waits_no_more() -> None:
    pairing = asked(
        (MARKET_DATA, 5), (MARKET_DATA, 6), (POSITIONS, NO_KEY), (CANCEL_MARKET_DATA, 5), (CANCEL_POSITIONS, NO_KEY)
    )

    assert waiting(pairing) == [("reqMktData", 6)]


def test_the_cancellation_of_an_order_waits_itself() -> None:
    pairing = asked((PLACE, 5), (CANCEL_ORDER, 5))

    assert waiting(pairing) == [("cancelOrder", 5)]


def test_requests_without_a_key_are_answered_in_their_order() -> None:
    pairing = asked((TIME, NO_KEY), (TIME, NO_KEY))
    pairing.answer(CURRENT_TIME, NO_KEY)

    assert [one.packet for one in pairing.unanswered()] == [2]


def test_market_rules_are_numbered_apart_from_requests() -> None:
    pairing = asked((MARKET_DATA, 26), (RULE, 26))
    pairing.answer(MARKET_RULE, 26)

    assert waiting(pairing) == [("reqMktData", 26)]
    assert waiting(asked((RULE, 26))) == [("reqMarketRule", 26)]


def test_one_answer_answers_every_request_with_that_id_that_takes_it() -> None:
    pairing = asked((MARKET_DATA, 5), (MARKET_DATA, 5))
    pairing.answer(TICK_PRICE, 5)

    assert waiting(pairing) == []


def test_requests_that_nothing_answers_do_not_wait() -> None:
    assert waiting(asked((59, NO_KEY), (14, NO_KEY), (CANCEL_MARKET_DATA, 5), (200, 5))) == []


def test_what_waits_is_bounded_and_the_rest_is_counted() -> None:
    pairing = asked(*((MARKET_DATA, key) for key in range(WAITING + 7)))

    assert (len(pairing.unanswered()), pairing.tally.not_followed) == (WAITING, 7)
    for key in range(WAITING):
        pairing.answer(TICK_PRICE, key)
    assert (pairing.unanswered(), pairing.waiting, pairing.open) == ([], 0, {})


SECOND = 1_000_000_000


def went(pairing: Pairing, message_id: int) -> tuple[int, int, int, int, int]:
    kind = pairing.tally.kinds[message_id]
    return kind.sent, kind.answered, kind.errors, kind.ended, kind.cancelled


def test_what_came_of_requests_is_counted_by_kind() -> None:
    pairing = asked(*((CONTRACT, key) for key in range(5)), (MARKET_DATA, 7))
    pairing.answer(CONTRACT_DATA, 0)
    pairing.answer(CONTRACT_DATA, 0)
    pairing.answer(CONTRACT_END, 0)
    pairing.answer(CONTRACT_DATA, 1)
    pairing.answer(CONTRACT_END, 2)
    pairing.error(3, 200)
    pairing.answer(TICK_PRICE, 7)
    pairing.request(CANCEL_MARKET_DATA, 7, 9, 9)

    assert went(pairing, CONTRACT) == (5, 3, 1, 2, 0)
    assert went(pairing, MARKET_DATA) == (1, 1, 0, 0, 1)


def test_the_times_to_first_answers_and_to_ends_are_kept() -> None:
    pairing = Pairing()
    pairing.request(CONTRACT, 1, 1, 0)
    pairing.request(CONTRACT, 2, 2, SECOND)
    pairing.answer(CONTRACT_DATA, 2, 2 * SECOND)
    pairing.answer(CONTRACT_DATA, 1, 4 * SECOND)
    pairing.answer(CONTRACT_END, 1, 5 * SECOND)
    kind = pairing.tally.kinds[CONTRACT]

    first, end = kind.first, kind.end
    assert (first.number, first.least, first.most, first.total, first.packet) == (2, SECOND, 4 * SECOND, 5 * SECOND, 1)
    assert (end.number, end.least, end.packet) == (1, 5 * SECOND, 1)


def test_without_times_there_is_no_latency() -> None:
    pairing = Pairing()
    pairing.request(CONTRACT, 1, 1, -1)
    pairing.answer(CONTRACT_DATA, 1, 5)

    assert pairing.tally.kinds[CONTRACT].first.number == 0


def test_historical_data_is_its_own_end_before_196() -> None:
    for version, ended in ((178, 1), (196, 0)):
        pairing = Pairing()
        pairing.server_version = version
        pairing.request(20, 5, 1, 1)
        pairing.answer(17, 5)

        assert went(pairing, 20) == (1, 1, 0, ended, 0)


def repeated(pairing: Pairing) -> list[tuple[int, str, int | None]]:
    return [(one.packet, one.name, one.request_id) for one in pairing.tally.repeated]


def test_an_id_that_waits_or_runs_is_in_use() -> None:
    pairing = asked((MARKET_DATA, 5), (MARKET_DATA, 5))
    pairing.answer(TICK_PRICE, 5)
    pairing.request(MARKET_DATA, 5, 3, 3)

    assert repeated(pairing) == [(2, "reqMktData", 5), (3, "reqMktData", 5)]


def test_an_id_that_is_free_again_is_not_in_use() -> None:
    pairing = asked((MARKET_DATA, 5), (CANCEL_MARKET_DATA, 5), (MARKET_DATA, 5), (CONTRACT, 5))
    pairing.error(5, 200)
    pairing.answer(TICK_PRICE, 5)
    pairing.request(CANCEL_MARKET_DATA, 5, 5, 5)
    pairing.request(MARKET_DATA, 5, 6, 6)
    pairing.answer(CONTRACT_END, 5)
    pairing.request(CONTRACT, 5, 7, 7)

    assert repeated(pairing) == []


def test_the_end_of_a_snapshot_and_a_late_refusal_free_the_id_and_a_remark_does_not() -> None:
    pairing = Pairing()
    for packet, last in enumerate((57, 57, 354, 10167, 2152, 102, 57), 1):
        pairing.request(MARKET_DATA, 5, packet, packet)
        pairing.answer(TICK_PRICE, 5)
        if last == SNAPSHOT_END:
            pairing.answer(SNAPSHOT_END, 5)
        else:
            pairing.error(5, last)

    assert [packet for packet, _, _ in repeated(pairing)] == [5, 6, 7]


def test_the_end_marker_of_a_subscription_frees_no_id() -> None:
    for request, answer, end in ((62, 63, 64), (74, 71, 72), (76, 73, 74)):
        pairing = asked((request, 5))
        pairing.answer(answer, 5)
        pairing.answer(end, 5)
        pairing.request(request, 5, 2, 2)

        assert [packet for packet, _, _ in repeated(pairing)] == [2]


def test_a_late_error_frees_the_id_of_the_youngest_only() -> None:
    pairing = asked((MARKET_DATA, 5), (CONTRACT, 5))
    pairing.answer(TICK_PRICE, 5)
    pairing.answer(CONTRACT_DATA, 5)
    pairing.error(5, 200)
    pairing.request(CONTRACT, 5, 3, 3)
    pairing.request(MARKET_DATA, 5, 4, 4)

    assert repeated(pairing) == [(4, "reqMktData", 5)]


def test_a_remark_is_an_answer_and_so_is_the_confirmation_of_a_cancellation() -> None:
    pairing = asked((MARKET_DATA, 5), (CANCEL_ORDER, 6), (PLACE, 7), (CANCEL_ORDER, 8))
    for key, code in ((5, 10167), (6, 202), (7, 202), (8, 10147)):
        pairing.error(key, code)

    assert (went(pairing, MARKET_DATA), went(pairing, CANCEL_ORDER), went(pairing, PLACE)) == (
        (1, 1, 0, 0, 0),
        (2, 1, 1, 0, 0),
        (1, 0, 1, 0, 0),
    )


def test_an_answer_without_a_key_belongs_to_the_oldest_whose_end_has_not_come() -> None:
    pairing = asked((POSITIONS, NO_KEY), (POSITIONS, NO_KEY), (POSITIONS, NO_KEY))
    for message in (POSITION, POSITION, POSITION_END, POSITION, POSITION_END, POSITION):
        pairing.answer(message, NO_KEY)

    assert went(pairing, POSITIONS) == (3, 3, 0, 2, 0)
    pairing = asked((POSITIONS, NO_KEY), (POSITIONS, NO_KEY))
    for message in (POSITION, POSITION, POSITION_END):
        pairing.answer(message, NO_KEY)
    assert [one.packet for one in pairing.unanswered()] == [2]


def test_an_answer_without_a_key_is_for_each_kind_that_takes_it() -> None:
    pairing = asked((15, NO_KEY), (5, NO_KEY))  # ib_async begins so: reqAutoOpenOrders, reqOpenOrders
    pairing.answer(53, NO_KEY)

    assert waiting(pairing) == []


def test_requests_that_were_not_followed_are_not_unanswered() -> None:
    talk = started()
    for key in range(WAITING + 500):
        talk.client(text(9, 8, key + 10, "ES"))
    for key in range(WAITING + 500):
        if key != 3:
            talk.server(text(52, 1, key + 10))
    session = talk.finish()

    assert ([one.request_id for one in session.unanswered], session.unanswered_left_out) == ([13], 0)
    assert session.pairing.tally.not_followed == 500


def test_an_order_that_is_changed_and_a_rule_that_is_asked_for_again_use_no_id_twice() -> None:
    pairing = asked((PLACE, 5), (PLACE, 5), (CANCEL_ORDER, 5), (CANCEL_ORDER, 5), (RULE, 26), (RULE, 26))

    assert repeated(pairing) == []


def test_what_runs_and_what_is_named_is_bounded() -> None:
    pairing = Pairing()
    for key in range(RUNNING + 5):
        pairing.request(MARKET_DATA, key, 1, 1, ready=False)
        pairing.answer(TICK_PRICE, key)
    for key in range(NAMED + 5):
        pairing.request(MARKET_DATA, key, 1, 1)

    tally = pairing.tally
    assert (len(pairing.running), len(tally.early), tally.early_left_out) == (RUNNING, NAMED, RUNNING + 5 - NAMED)
    assert (len(tally.repeated), tally.repeated_left_out) == (NAMED, 5)


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
        "historicalDataEnd", "positionEnd", "accountSummaryEnd", "managedAccounts", "positionMultiEnd",
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
