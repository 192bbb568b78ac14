"""Requests with all that answered them, in a session of which every message is kept."""

from __future__ import annotations

import time

from capanalyze.tws.conversation import EXCHANGES, SAME_ID, Exchange
from tests.tws.talk import HELLO, START_API, Talk, binary, hello, proto, started, text, varint

TICK = text(1, 6, 5, 1, 100.25, 300, 0)
ASK = text(1, 11, 5, "ES")


def exchanges(talk: Talk) -> list[Exchange]:
    session = talk.finish()
    assert session.conversation is not None
    return [one for one in session.conversation.exchanges if one.name != "startApi"]


def one(talk: Talk) -> Exchange:
    (found,) = exchanges(talk)
    return found


def test_an_exchange_knows_its_first_and_last_answer() -> None:
    talk = started(keep_all=True)  # packets 1 to 6, a millisecond each
    talk.client(ASK).server(text(58, 1, 5, 1), TICK).server(text(1, 6, 6, 1, 1, 1, 0)).server(TICK)
    found = one(talk)

    assert (found.name, found.request_id, found.packet) == ("reqMktData", 5, 7)
    assert found.answers == {"marketDataType": 1, "tickPrice": 2}
    assert (found.first_packet, found.first_ts - found.ts_ns, found.last_packet) == (8, 1_000_000, 10)
    assert found.open


def test_an_end_marker_ends_a_request_and_not_a_subscription() -> None:
    talk = started(keep_all=True)
    talk.client(text(9, 8, 5, "ES"), text(62, 1, 6, "All", "NetLiquidation"))
    talk.server(text(10, 5, "ES"), text(52, 1, 5)).server(
        text(63, 1, 6, "DU1", "NetLiquidation", 1, "USD"), text(64, 1, 6)
    )
    contract, summary = exchanges(talk)

    assert (contract.end_packet, contract.open) == (8, False)
    assert (summary.end_packet, summary.open) == (9, True)


def test_start_api_is_answered_by_the_accounts_and_ended_by_the_order_id() -> None:
    session = (
        Talk(keep_all=True)
        .client(HELLO)
        .server(hello(178))
        .client(START_API)
        .server(text(15, 1, "DU1"))
        .server(text(9, 1, 1))
        .finish()
    )
    assert session.conversation is not None
    (found,) = session.conversation.exchanges

    assert (found.name, found.answers, found.first_packet, found.end_packet) == (
        "startApi",
        {"managedAccounts": 1, "nextValidId": 1},
        4,
        5,
    )


def test_historical_data_ends_itself_in_old_sessions() -> None:
    for version, end in ((178, 4), (200, 5)):
        talk = Talk(keep_all=True).client(HELLO).server(hello(version)).client(text(20, 5, "ES"))
        talk.server(text(17, 5, 0)).server(text(108, 5, "", ""))

        assert one(talk).end_packet == end


def test_a_cancellation_closes_a_subscription_and_late_answers_are_still_its_own() -> None:
    talk = started(keep_all=True)
    talk.client(ASK).server(TICK).client(text(2, 2, 5)).server(TICK)
    found = one(talk)

    assert (found.cancel_packet, found.open, found.answers, found.last_packet) == (9, False, {"tickPrice": 2}, 10)


def test_an_error_is_an_answer_with_its_code() -> None:
    for version, octets in (
        (178, text(4, 2, 5, 200, "No security definition", "")),
        (203, binary(4, 5, 200, "No security definition", "", 1)),
        (226, proto(4, b"\x08\x05\x18" + varint(200))),
    ):
        talk = Talk(keep_all=True).client(HELLO).server(hello(version)).client(START_API)
        talk.client(ASK).server(octets)
        found = one(talk)

        assert (found.error_code, found.error_packet, found.answers, found.first_ts - found.ts_ns) == (
            200,
            5,
            {"error": 1},
            1_000_000,
        )


def test_an_error_belongs_to_the_youngest_open_request_with_its_id() -> None:
    talk = started(keep_all=True)
    talk.client(text(3, 5, 0, "ES")).client(ASK).client(text(2, 2, 5)).server(text(4, 2, 5, 201, "rejected", ""))
    order, data = exchanges(talk)

    assert (order.error_code, data.error_code) == (201, 0)


def test_an_id_in_use_and_asked_again_is_a_duplicate() -> None:
    talk = started(keep_all=True)
    talk.client(ASK).client(ASK).client(text(2, 2, 5)).client(ASK).client(text(3, 5, 0, "ES"))

    assert [(found.packet, found.duplicate) for found in exchanges(talk)] == [
        (7, False),
        (8, True),
        (10, False),
        (11, False),
    ]


def test_an_answer_belongs_to_the_youngest_request_with_its_id_open_ones_first() -> None:
    talk = started(keep_all=True)
    talk.client(ASK).client(ASK).server(TICK)
    first, second = exchanges(talk)

    assert (first.answers, second.answers) == ({}, {"tickPrice": 1})

    five = b"\x08\x05"
    talk = (
        Talk(keep_all=True).client(HELLO).server(hello(226)).client(proto(97, five), proto(96, five), proto(107, five))
    )
    stream, history = exchanges(talk.server(proto(96, five)))

    assert (history.cancel_packet, history.answers, stream.answers) == (3, {}, {"historicalTicks": 1})


def test_of_many_requests_with_one_id_the_newest_are_searched() -> None:
    talk = started(keep_all=True)
    for _ in range(3 * SAME_ID):
        talk.client(ASK)
    conversation = talk.finish().conversation

    assert conversation is not None
    assert [len(place) for place in conversation.by_place.values()] == [SAME_ID]


def test_a_request_before_the_session_is_ready_is_noted() -> None:
    talk = Talk(keep_all=True).client(HELLO).server(hello()).client(START_API).client(ASK)
    talk.server(text(15, 1, "DU1"), text(9, 1, 1)).client(text(49, 1))

    assert [(found.name, found.before_ready) for found in exchanges(talk)] == [
        ("reqMktData", True),
        ("reqCurrentTime", False),
    ]


def test_requests_without_an_id_are_answered_in_their_order() -> None:
    talk = started(keep_all=True)
    talk.client(text(49, 1)).client(text(49, 1)).server(text(49, 1, 17)).server(text(49, 1, 18)).server(text(49, 1, 19))

    assert [(found.packet, found.first_packet, found.open) for found in exchanges(talk)] == [
        (7, 9, False),
        (8, 10, False),
    ]


def test_orders_that_are_listed_answer_the_list_and_their_order() -> None:
    talk = started(keep_all=True)
    talk.client(text(3, 5, 0, "ES")).client(text(5, 1)).server(text(5, 5, 0, "ES"), text(53, 1)).server(
        text(3, 5, "Filled")
    )
    order, listing = exchanges(talk)

    assert (order.answers, order.open) == ({"openOrder": 1, "orderStatus": 1}, True)
    assert (listing.answers, listing.open) == ({"openOrder": 1, "openOrderEnd": 1}, False)


def test_a_refusal_without_an_id_is_start_apis() -> None:
    talk = Talk(keep_all=True).client(HELLO).server(hello()).client(START_API)
    talk.server(text(4, 2, -1, 2104, "farm", "")).server(text(4, 2, -1, 326, "client id is in use", ""))
    conversation = talk.finish().conversation
    assert conversation is not None
    (found,) = conversation.exchanges

    assert (found.name, found.error_code, found.error_packet, found.answers) == ("startApi", 326, 5, {"error": 1})


def test_an_order_sent_again_is_a_change_and_an_id_that_was_refused_is_free() -> None:
    talk = started(keep_all=True)
    talk.client(text(3, 5, 0, "ES")).client(text(3, 5, 0, "ES")).client(ASK).server(text(4, 2, 5, 200, "no", ""))
    talk.client(ASK).client(text(20, 9, "ES")).server(text(17, 9, 0)).client(text(96, 9)).server(text(96, 9)).client(
        text(96, 9)
    )

    assert [found.duplicate for found in exchanges(talk)] == [False] * 7


def test_a_snapshot_that_ended_and_a_late_refusal_free_the_id_and_a_remark_does_not() -> None:
    talk = started(keep_all=True)
    for last in (text(57, 1, 5), text(4, 2, 5, 354, "not subscribed", ""), text(4, 2, 5, 10167, "delayed", "")):
        talk.client(ASK).server(TICK, last)
    found = exchanges(talk.client(ASK))

    assert [one.duplicate for one in found] == [False, False, False, True]
    assert [one.refused for one in found] == [False, True, False, False]
    assert [one.error_code for one in found] == [0, 354, 10167, 0]


def test_a_refusal_tells_more_than_the_remark_before_it() -> None:
    talk = started(keep_all=True).client(ASK).server(text(4, 2, 5, 10167, "delayed", ""), TICK)
    found = one(talk.server(text(4, 2, 5, 354, "not subscribed", "")))

    assert (found.error_code, found.error_packet, found.first_packet, found.refused) == (354, 9, 8, True)


def test_an_error_is_about_a_request_that_it_can_be_about() -> None:
    order = text(3, 5, 0, "ES")
    found = exchanges(started(keep_all=True).client(order, ASK).server(text(4, 2, 5, 201, "Order rejected", "")))

    assert [(one.name, one.error_code) for one in found] == [("placeOrder", 201), ("reqMktData", 0)]


def test_streams_without_an_id_are_answered_one_after_the_other() -> None:
    position, end, bulletin = text(61, 3, "DU1"), text(62, 1), text(14, 1, 1, 1, "x", "NYSE")
    talk = started(keep_all=True).client(text(61, 1)).server(position, end).client(text(61, 1)).server(end, position)
    talk.client(text(12, 1, 1)).client(text(12, 1, 1)).server(bulletin).server(bulletin).server(bulletin)
    talk.client(text(64, 1), text(13, 1))
    first, second, *bulletins = exchanges(talk)

    assert (first.answers, second.answers) == ({"position": 1, "positionEnd": 1}, {"positionEnd": 1, "position": 1})
    assert [one.answers for one in bulletins] == [{"updateNewsBulletin": 1}, {"updateNewsBulletin": 2}]
    assert {one.cancel_packet for one in (first, second, *bulletins)} == {16}


def test_without_every_message_there_is_no_conversation() -> None:
    assert started().finish().conversation is None


def test_a_message_carries_the_id_by_which_it_is_paired() -> None:
    talk = started(keep_all=True)
    talk.client(ASK, text(49, 1)).server(TICK, proto(1, b"\x08\x05"), text(4, 2, -1, 2104, "farm", ""))

    assert [message.request_id for message in talk.messages[-5:]] == [5, None, 5, 5, -1]


def test_what_is_followed_is_bounded_in_memory_and_time() -> None:
    begun = time.process_time()
    for request, answer in ((ASK, TICK), (text(49, 1), text(49, 1, 1))):
        talk = started(keep_all=True)
        for _ in range(EXCHANGES // 100 + 5):
            talk.client(request * 100)
        talk.server(answer * 1000)
        conversation = talk.finish().conversation

        assert conversation is not None
        assert len(conversation.exchanges) == EXCHANGES
        assert conversation.left_out > 0
    assert time.process_time() - begun < 20  # some 1 s here
