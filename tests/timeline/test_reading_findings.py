"""What findings say of a side that reads no more, and of what waits for it."""

import pytest

from tests.conversation import Conversation
from tests.timeline.rule_talks import MARKET_DATA
from tests.timeline.talk import (
    MANAGED_ACCOUNTS,
    found,
    frame,
    ready,
    verdict,
)

REQUESTS = frame("49", "1") * 90


@pytest.mark.parametrize(
    ("talk", "severity"),
    [
        (ready().client.data(REQUESTS).server.ack(window=0).server.ack(window=900).server.data(MARKET_DATA), "notice"),
        (ready().client.data(REQUESTS).server.ack(window=0).after(0.9).client.fin(), "notice"),
        (ready().client.data(REQUESTS).server.ack(window=0).after(1).client.fin(), "problem"),
        (ready().client.data(REQUESTS).server.ack(window=0).after(9).client.fin().server.ack(window=900), "problem"),
        (ready().client.data(REQUESTS).server.ack(window=0).after(0.3).client.data(b"\0").server.ack(), "problem"),
        (ready().client.data(REQUESTS).server.ack(window=0).after(2).server.ack(window=900).client.fin(), "notice"),
    ],
    ids=[
        "opened at once",
        "shut less than a second",
        "shut for a second",
        "opened only after the close",
        "a probe",
        "opened before anybody asked",
    ],
)
def test_a_gateway_that_stops_reading_is_a_problem_where_the_client_has_to_wait(
    talk: Conversation, severity: str
) -> None:
    assert found("gateway-stops-reading", talk).severity == severity


def test_packets_with_a_window_of_0_are_counted_however_many() -> None:
    talk = ready().client.data(REQUESTS)
    for _ in range(120):
        talk.server.ack(window=0).after(1)

    assert found("gateway-stops-reading", talk).evidence[0] == "window 0 from the gateway in 120 packets"


def asked_again() -> Conversation:
    """A request that the gateway's host acknowledged, and a second one that it does not take, sent again for 1.4 s."""
    talk = ready().client.data(frame("49", "1")).server.ack().client.data(frame("49", "1"), undelivered=True)
    for wait in (0.2, 0.4, 0.8):
        talk.after(wait).client.data(frame("49", "1"), seq=talk.client.next - 9, undelivered=True)
    return talk


def asked_a_gateway_that_reads_no_more() -> Conversation:
    """A request that the gateway's host acknowledged, and one that filled its window, which stays closed."""
    talk = ready().client.data(frame("49", "1")).server.ack().client.data(frame("49", "1")).server.ack(window=0)
    for wait in (0.4, 0.8, 1.6):
        talk.after(wait).client.keep_alive().server.ack(window=0)
    return talk


@pytest.mark.parametrize(
    ("talk", "certainty", "why"),
    [
        (ready().client.data(frame("49", "1")).server.ack().after(10).client.keep_alive(), "certain", ""),
        (asked_a_gateway_that_reads_no_more(), "certain", ""),
        (asked_again(), "possible", "the gateway's host fell silent: the answers may have been lost on the way"),
    ],
    ids=["acknowledged", "gateway hangs", "path cut"],
)
def test_an_answer_may_wait_unsent_or_be_lost(talk: Conversation, certainty: str, why: str) -> None:
    finding = found("requests-unanswered", talk)

    assert finding.certainty == certainty
    assert not why or why in finding.evidence
    assert (" not answered" in verdict(talk)) == (certainty == "certain")
    assert ("had stopped reading" in verdict(talk)) == (talk.packets[-1].window == 0)


def test_a_gateway_that_closes_on_a_client_which_reads_no_more_likely_gave_it_up() -> None:
    talk = ready().server.data(MANAGED_ACCOUNTS).client.ack(window=0).after(9).server.fin().client.ack(window=0)
    finding = found("gateway-closed-midsession", talk)

    assert "the client's window was 0: it had not read what came before" in finding.evidence
    assert [(cause.text, cause.certainty) for cause in finding.causes] == [
        ("the client had stopped reading, and the gateway gave it up", "likely")
    ]


TICKS = frame("49", "1", "1") * 9


def test_a_close_of_the_gateways_may_wait_behind_what_a_client_that_stopped_reading_does_not_take() -> None:
    """A kernel sends the FIN behind all data: with window 0 the program's close is in no packet."""
    stuck = ready().server.data(TICKS).client.ack(window=0).after(3)

    assert "a close of the gateway's in that time would be in no packet" in " ".join(
        found("slow-consumer", stuck.client.fin(window=0)).evidence
    )
    opened = ready().server.data(TICKS).client.ack(window=0).after(3).server.keep_alive().client.ack(window=0)
    told = found("slow-consumer", opened.client.ack(window=900).client.fin(window=900))
    assert "in no packet" not in " ".join(told.evidence)


@pytest.mark.parametrize(
    ("talk", "severity", "says"),
    [
        (ready().server.data(TICKS).client.ack(window=0), "notice", "it stayed 0 for 0 ms, from packet 13"),
        (ready().server.data(TICKS).client.ack(window=0).after(0.2).client.ack(window=900), "notice", "at least 0 ms"),
        (
            ready().server.data(TICKS).client.ack(window=0).after(3).client.fin(window=0),
            "problem",
            "it stayed 0 for 3.0 s, from packet 13 until the client closed",
        ),
        (
            ready().server.data(TICKS).client.ack(window=0).after(3).server.fin(),
            "problem",
            "it stayed 0 for 3.0 s, from packet 13 until the gateway closed",
        ),
        (
            ready()
            .server.data(TICKS)
            .client.ack(window=0)
            .after(3)
            .server.keep_alive()
            .client.ack(window=0)
            .after(0.2)
            .client.ack(window=900),
            "problem",
            "it stayed 0 for at least 3.0 s, from packet 13 until it opened in packet 16",
        ),
        (
            ready().server.data(TICKS).client.ack(window=0).client.ack(window=900).after(9).client.ack(window=0),
            "notice",
            "it stayed 0 for",
        ),
    ],
    ids=["the capture ends at once", "a moment", "until the close", "the gateway closed", "opened", "twice a moment"],
)
def test_a_client_that_stops_reading_is_a_problem_where_it_lasts(talk: Conversation, severity: str, says: str) -> None:
    finding = found("slow-consumer", talk)

    assert finding.severity == severity
    assert says in finding.evidence[1]


def test_a_client_whose_window_closes_after_the_gateway_s_close_had_read_what_came_before() -> None:
    talk = ready().server.data(MANAGED_ACCOUNTS).client.ack().after(9).server.fin().client.ack(window=0)
    finding = found("gateway-closed-midsession", talk)

    assert not [line for line in finding.evidence if "window" in line]
    assert not [cause for cause in finding.causes if "stopped reading" in cause.text]


def test_requests_stay_unanswered_though_the_client_s_window_closes_behind_its_fin() -> None:
    talk = ready().client.data(frame("49", "1")).server.ack().after(9).client.fin().server.fin().client.ack(window=0)

    assert found("requests-unanswered", talk).certainty == "certain"


def test_a_window_that_was_closed_for_a_moment_is_nothing_to_act_upon() -> None:
    moment = ready().server.data(frame("49", "1", "1")).client.ack(window=0).client.ack()
    briefly = ready().client.data(frame("49", "1")).server.ack(window=0).server.ack()

    assert found("slow-consumer", moment).advice == "nothing to change, as long as it stays this short"
    assert found("gateway-stops-reading", briefly).advice == "nothing to change, as long as it stays this short"
