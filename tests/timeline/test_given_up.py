"""Requests that the client cancelled after it had waited in vain."""

from tests.timeline.rule_talks import CANCEL_HISTORY, CANCEL_ORDER, HISTORY, MARKET_DATA, ORDER
from tests.timeline.talk import error, findings, found, frame, ready, verdict

CANCELLED = error(162, "Historical Market Data Service error message:API historical data query cancelled: 7", 7)


def test_a_time_out_of_the_client_is_told_and_not_as_an_error_of_the_gateway() -> None:
    talk = ready().client.data(HISTORY).server.ack().after(60).client.data(CANCEL_HISTORY)
    told = verdict(talk.server.data(CANCELLED).client.ack().after(2).client.fin().server.fin())

    assert "; the client cancelled its reqHistoricalData after 1 min without an answer; the gateway closed" in told
    assert "error 162 to" not in told


def test_a_farm_that_was_gone_is_the_likely_cause() -> None:
    broken = error(2105, "HMDS data farm connection is broken:ushmds")
    talk = ready().server.data(broken).client.data(HISTORY).server.ack().after(60)
    finding = found("requests-given-up", talk.client.data(CANCEL_HISTORY).server.ack().after(2).client.fin())

    assert finding.causes[0][:2] == ("the historical data farm `ushmds` was disconnected", "likely")
    assert finding.evidence[0].startswith("reqHistoricalData 7 (packet ")
    assert finding.evidence[0].endswith("after 1 min without an answer")


def test_several_are_counted() -> None:
    talk = ready()
    for _ in range(8):
        talk = talk.client.data(HISTORY).server.ack().after(9).client.data(CANCEL_HISTORY).server.ack()

    assert "the client cancelled 8 requests that had no answer (reqHistoricalData for one)" in verdict(talk)
    assert found("requests-given-up", talk).evidence[-1] == "and 2 more requests"


def test_a_subscription_of_which_nothing_came_is_no_large_request() -> None:
    talk = ready().client.data(MARKET_DATA).server.ack().after(60).client.data(frame("2", "2", "5")).server.ack()
    finding = found("requests-given-up", talk)

    assert finding.causes[0].text.startswith("there was nothing to tell")
    assert "delayed data" in finding.advice


def test_bulletins_of_which_there_were_none_were_not_waited_for() -> None:
    talk = ready().client.data(frame("12", "1", "1")).server.ack().after(3600).client.data(frame("13", "1"))

    assert "requests-given-up" not in [name for _, name in findings(talk.server.ack().after(2).client.fin())]


def test_an_order_that_was_cancelled_is_an_order() -> None:
    talk = (
        ready().client.data(ORDER).server.ack().after(60).client.data(CANCEL_ORDER).server.ack().after(1).client.fin()
    )

    assert [name for _, name in findings(talk) if name.startswith(("requests-given", "order"))] == ["order-unconfirmed"]


def test_more_than_are_listed_are_told_as_at_least_so_many() -> None:
    asked = b"".join(frame("20", str(key), "0", "ES") for key in range(120))
    cancelled = b"".join(frame("25", "1", str(key)) for key in range(120))
    talk = ready().client.data(asked).server.ack().after(60).client.data(cancelled).server.ack().after(2).client.fin()

    assert "the client cancelled at least 100 requests that had no answer" in verdict(talk)
    assert found("requests-given-up", talk).evidence[-1] == "and at least 94 more requests"
