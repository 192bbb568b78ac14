"""Requests and their first answers: what waits, and what answers it."""

from __future__ import annotations

from capanalyze.tws.pairing import WAITING, Pairing
from capanalyze.tws.running import NO_KEY, RUNNING
from capanalyze.tws.tally import NAMED
from tests.tws.talk import started, text, went

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


def test_over_a_clock_that_was_set_back_there_is_no_latency() -> None:
    pairing = Pairing()
    pairing.request(CONTRACT, 1, 1, 5 * SECOND)
    pairing.answer(CONTRACT_DATA, 1, 4 * SECOND)

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
    assert len(pairing.running.by_spot) == RUNNING
    assert (len(tally.early), tally.early_left_out) == (NAMED, RUNNING + 5 - NAMED)
    assert (len(tally.repeated), tally.repeated_left_out) == (NAMED, 5)
