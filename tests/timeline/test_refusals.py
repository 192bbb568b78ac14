"""Requests that the gateway answered with an error: which, how many, what it said, and what helps."""

import pytest

from tests.conversation import Conversation
from tests.timeline.rule_talks import AN_ORDER_STATUS, CANCEL_ORDER, CONTRACT, MARKET_DATA, ORDER
from tests.timeline.talk import error, findings, found, frame, ready, report, verdict

REJECTED = error(201, "Order rejected - reason:Your Available Funds are insufficient.", 7)
DATA_7 = frame("1", "11", "7", "0", "ES")


def refused(request: bytes, said: bytes, before: bytes = b"") -> Conversation:
    talk = ready().client.data(request)
    talk = talk.server.data(before).client.ack() if before else talk.server.ack()
    return talk.server.data(said).client.ack().after(3).client.fin().server.fin().client.ack()


def history(number: int, text: str) -> Conversation:
    talk = ready()
    for key in range(number):
        talk = talk.client.data(frame("20", str(key), "0", "ES")).server.data(error(162, text, key)).client.ack()
    return talk.after(3).client.fin().server.fin().client.ack()


@pytest.mark.parametrize("before", [b"", AN_ORDER_STATUS])
def test_an_order_that_was_rejected_is_a_problem_in_the_gateways_words(before: bytes) -> None:
    finding = found("requests-refused", refused(ORDER, REJECTED, before))

    assert (finding.severity, finding.certainty) == ("problem", "certain")
    assert finding.title == "The gateway answered an order of the client with an error"
    told = f"placeOrder 7: error 201 in packet {finding.packets[0]}: "
    assert finding.evidence == (told + "`Order rejected - reason:Your Available Funds are insufficient.`",)
    assert "; error 201 to the client's placeOrder: order rejected; the gateway closed" in verdict(
        refused(ORDER, REJECTED, before)
    )


def test_many_refusals_of_a_kind_are_told_together_with_what_helps() -> None:
    pacing = history(30, "Historical Market Data Service error message:Historical data request pacing violation")
    finding = found("requests-refused", pacing)

    assert finding.severity == "notice"
    assert finding.evidence[0].startswith("30 reqHistoricalData: error 162 in packets ")
    assert finding.advice.startswith("ask for historical data slower")
    assert "; 30 requests of the client were answered with an error (162 to reqHistoricalData for one)" in verdict(
        pacing
    )
    assert found("requests-refused", history(1, "HMDS query returned no data")).advice.startswith(
        "the text of the error"
    )


def test_a_refusal_of_long_ago_is_a_finding_and_not_in_the_first_line() -> None:
    talk = ready().client.data(DATA_7).server.data(error(200, "No security definition", 7)).client.ack()
    old = talk.after(301).client.fin().server.fin().client.ack()

    assert found("requests-refused", old).evidence[0].startswith("reqMktData 7: error 200")
    assert "error 200 to" not in verdict(old)


def test_more_refusals_than_are_kept_are_counted() -> None:
    finding = found("requests-refused", history(120, "no data"))

    assert finding.evidence[-1] == "and 20 more requests"
    assert "; at least 120 requests of the client were answered with an error" in verdict(history(120, "no data"))


def test_an_order_and_a_request_with_the_same_id_are_told_apart_by_the_code() -> None:
    both = ready().client.data(ORDER).server.ack().client.data(DATA_7).server.ack()
    order = both.server.data(REJECTED).client.ack().after(3).client.fin().server.fin()

    assert found("requests-refused", order).evidence[0].startswith("placeOrder 7: error 201")

    both = ready().client.data(DATA_7).server.ack().client.data(ORDER).server.ack()
    data = both.server.data(error(354, "not subscribed", 7)).client.ack().after(3).client.fin().server.fin()

    assert found("requests-refused", data).evidence[0].startswith("reqMktData 7: error 354")


def test_an_error_that_two_requests_may_have_is_not_told_as_that_of_one() -> None:
    both = ready().client.data(ORDER).server.ack().client.data(DATA_7).server.ack()
    talk = both.server.data(error(321, "not valid", 7)).client.ack().after(3).client.fin().server.fin()
    finding = found("requests-refused", talk)

    assert finding.certainty == "likely"
    assert "(another request had its id, too)" in finding.evidence[0]
    assert "; error 321 to the client's request 7: the gateway refused the request as not valid;" in verdict(talk)
    assert "requests-unanswered" not in [name for _, name in findings(talk)]


def test_orders_are_told_before_other_requests() -> None:
    talk = ready().client.data(CONTRACT).server.data(error(200, "No security definition", 7)).client.ack()
    talk = talk.client.data(MARKET_DATA).server.data(error(354, "not subscribed", 5)).client.ack()
    talk = talk.client.data(ORDER).server.data(REJECTED).client.ack().after(3).client.fin()
    evidence = found("requests-refused", talk).evidence

    assert [line.split(":")[0] for line in evidence] == ["placeOrder 7", "reqContractDetails 7", "reqMktData 5"]


def test_an_order_that_ended_without_the_clients_wish_is_a_notice() -> None:
    talk = refused(ORDER, error(202, "Order Canceled - reason:no permission", 7), AN_ORDER_STATUS)

    assert found("requests-refused", talk).severity == "notice"
    assert "; error 202 to the client's placeOrder: order cancelled;" in verdict(talk)


def test_an_order_that_ended_for_no_reason_of_its_own_is_no_word_of_the_first_line() -> None:
    talk = refused(ORDER, error(202, "Order Canceled - reason:", 7), AN_ORDER_STATUS)  # its bracket's other one filled

    assert found("requests-refused", talk).severity == "notice"
    assert "202 to" not in verdict(talk)


def test_a_wish_that_the_capture_lost_may_have_ended_an_order() -> None:
    talk = ready().client.data(ORDER).server.data(AN_ORDER_STATUS).client.data(CANCEL_ORDER, unseen=True).server.ack()
    talk = talk.server.data(error(202, "Order Canceled - reason:", 7) + error(200, "none", 8)).client.ack()

    assert "requests-refused" not in [name for _, name in findings(talk.after(3).client.fin().server.fin())]


def test_a_request_that_the_capture_lost_may_have_been_refused() -> None:
    talk = ready().client.data(CONTRACT).server.ack().client.data(DATA_7, unseen=True).server.ack()
    talk = talk.server.data(error(200, "No security definition", 7)).client.ack().after(3).client.fin()

    assert found("requests-refused", talk).certainty == "likely"


def test_an_order_that_is_rejected_while_its_cancellation_waits_is_told_as_the_order() -> None:
    finding = found("requests-refused", refused(ORDER + CANCEL_ORDER, REJECTED))

    assert (finding.severity, finding.certainty) == ("problem", "certain")
    assert finding.evidence[0].startswith("placeOrder 7: error 201")


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (10349, "Order TIF was set to DAY based on order preset."),
        (10233, "Defaults were inherited from CASH preset during the creation of this order."),
        (10148, "OrderId 7 that needs to be cancelled cannot be cancelled, state: Filled."),
    ],
)
def test_what_lets_an_order_be_as_it_is_refuses_none(code: int, text: str) -> None:
    talk = refused(ORDER, error(code, text, 7), AN_ORDER_STATUS)

    assert "requests-refused" not in [name for _, name in findings(talk)]
    assert str(code) not in verdict(talk).replace(f"the gateway's error {code})", "")


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (300, "Can't find EId with tickerId:7"),
        (310, "Can't find the subscribed market depth with tickerId:7"),
        (365, "No scanner subscription found for ticker id:7"),
        (366, "No historical data query found for ticker id:7"),
    ],
)
def test_that_there_is_nothing_to_cancel_refuses_no_request_that_took_the_id_since(code: int, text: str) -> None:
    talk = refused(DATA_7, error(code, text, 7) + frame("1", "6", "7", "1", "5.0", "3", "0"))

    assert "requests-refused" not in [name for _, name in findings(talk)]


def test_that_a_query_was_cancelled_refuses_none_with_its_id() -> None:
    again = frame("20", "7", "0", "ES")
    said = "Historical Market Data Service error message:API historical data query cancelled: 7"
    talk = refused(again + frame("25", "1", "7") + again, error(162, said, 7))

    assert "requests-refused" not in [name for _, name in findings(talk)]


def test_an_error_is_that_of_one_only_where_no_other_kind_has_its_id() -> None:
    three = refused(CONTRACT + frame("20", "7", "0", "ES") * 2, error(200, "No security definition", 7))
    ticks = frame("1", "6", "7", "1", "5.0", "3", "0")
    running = refused(ORDER + DATA_7, error(322, "Error processing request", 7), AN_ORDER_STATUS + ticks)

    for talk in (three, running):
        assert found("requests-refused", talk).certainty == "likely"
        assert "requests-unanswered" not in [name for _, name in findings(talk)]
        assert "not answered" not in verdict(talk)
    assert "to the client's request 7:" in verdict(running)


def test_many_refusals_of_long_ago_are_no_word_of_the_first_line() -> None:
    talk = ready()
    for key in range(120):
        talk = talk.client.data(frame("20", str(key), "0", "ES")).server.data(error(162, "no data", key)).client.ack()
    talk = talk.after(3600).client.data(frame("49", "1")).server.data(frame("49", "1", "1795394385"))

    assert "162 to" not in verdict(talk.client.ack().client.fin().server.fin().client.ack())


def test_errors_that_have_a_rule_of_their_own_are_not_counted_among_more_of_another_code() -> None:
    talk = ready().client.data(CONTRACT).server.data(error(200, "No security definition", 7)).client.ack()
    for key in range(10, 130):
        talk = talk.client.data(frame("1", "11", str(key), "0", "ES")).server.data(error(10197, "competing", key))
    talk = talk.client.ack().after(3).client.fin().server.fin().client.ack()

    assert "; error 200 to the client's reqContractDetails:" in verdict(talk)
    assert len(found("requests-refused", talk).evidence) == 1


def test_an_error_whose_text_was_not_captured_is_told_by_its_code() -> None:
    talk = refused(CONTRACT, error(200, "", 7))

    assert found("requests-refused", talk).evidence[0].endswith(tuple("0123456789"))
    assert report(talk).verdict.count("error 200") == 2
