"""Bursts of requests, and whether their late answers are those of a gateway that takes 50 messages a second."""

from collections.abc import Callable
from random import Random

import pytest

from tests.conversation import Conversation
from tests.timeline.rule_talks import SECOND, asked_at_once
from tests.timeline.talk import findings, found, frame, ready, verdict


def contract(number: int) -> bytes:
    """A request for contract details."""
    return frame("9", "8", str(number), "0", "ES")


def details(number: int) -> bytes:
    """Its answer."""
    return frame("10", str(number), "ES", "FUT")


def history(number: int) -> bytes:
    """A request for past data."""
    return frame("20", str(number), "0", "ES")


def bars(number: int) -> bytes:
    """Its answer."""
    return frame("17", str(number), "20260101", "20260102", "0")


def told(
    times: list[tuple[float, float]],
    request: Callable[[int], bytes] = contract,
    answer: Callable[[int], bytes] = details,
) -> Conversation:
    """A session whose requests are sent and answered at these times, in seconds."""
    talk = ready()
    start, talk.step_ns = talk.clock, 0
    said = [(sent, True, number) for number, (sent, _) in enumerate(times)]
    said += [(came, False, number) for number, (_, came) in enumerate(times)]
    for when, asks, number in sorted(said, key=lambda one: one[0]):
        talk.clock = start + round(when * SECOND)
        if asks:
            talk.client.data(request(number))
        else:
            talk.server.data(answer(number))
    return talk.client.ack()


def is_paced(talk: Conversation) -> bool:
    return "pacing-queue" in [name for _, name in findings(talk)]


QUEUED = {
    "one every 20 ms": [(one / 1000, one / 50 + 0.005) for one in range(150)],
    "50 at the beginning of every second": [(one / 1000, one // 50 + 0.2 + one / 9000) for one in range(190)],
    "60 a second for 20 s": [(one / 60, one / 50 + 0.005) for one in range(1200)],
}

OTHERWISE = {
    "a connection of 1.2 s to and fro": [(one / 60, one / 60 + 1.2) for one in range(600)],
    "a moment in which the gateway stood still": [
        (one / 60, max(one / 60 + 0.01, 7 + one / 2000 if 300 < one < 420 else 0)) for one in range(600)
    ],
    "100 answers a second": [(one / 2000, one / 100 + 0.01) for one in range(300)],
    "40 requests a second": [(one / 40, one / 30 + 0.01) for one in range(300)],
    "50 requests": [(one / 500, one / 25 + 0.01) for one in range(49)],
}


@pytest.mark.parametrize("times", QUEUED.values(), ids=QUEUED.keys())
def test_requests_that_are_answered_later_and_later_at_50_a_second_waited_in_a_queue(
    times: list[tuple[float, float]],
) -> None:
    assert is_paced(told(times))


@pytest.mark.parametrize("times", OTHERWISE.values(), ids=OTHERWISE.keys())
def test_late_answers_of_another_kind_did_not(times: list[tuple[float, float]]) -> None:
    assert not is_paced(told(times))


def test_answers_in_no_order_did_not() -> None:
    order = Random(5).sample(range(150), 150)

    assert not is_paced(told([(one / 1000, order[one] / 50 + 0.2) for one in range(150)]))


def test_past_data_have_a_queue_of_their_own() -> None:
    assert not is_paced(told(QUEUED["one every 20 ms"], history, bars))


def test_messages_without_an_answer_take_their_turn_too() -> None:
    talk = ready()
    start, talk.step_ns = talk.clock, 0
    for one in range(200):
        talk.clock = start + one * SECOND // 1000
        talk.client.data(contract(one) if one % 2 else frame("2", "2", str(one + 900)))
    for one in range(1, 200, 2):
        talk.clock = start + one * SECOND // 50 + SECOND // 2
        talk.server.data(details(one))

    finding = found("pacing-queue", talk.client.ack())

    assert finding.evidence[1].startswith("100 answers came in the order of the requests")


def test_a_client_that_does_not_read_delays_the_answers_itself() -> None:
    talk = asked_at_once(160, 0.02, 0.02).client.ack(window=0).after(2).client.ack(window=60000)

    assert not is_paced(talk)


def test_answers_that_the_capture_lacks_make_it_possible_only() -> None:
    talk = asked_at_once(160, 0.02, 0.02)
    talk.server.data(frame("49", "1", "1"), unseen=True).client.ack()

    assert found("pacing-queue", talk).certainty == "possible"


def test_the_evidence_has_the_figures_and_their_packets() -> None:
    finding = found("pacing-queue", asked_at_once(160, 0.02, 0.02))

    assert finding.certainty == "likely"
    assert finding.packets == (8, 15, 176)
    last = "the last 3.2 s after the first message was sent, about 50 messages a second"
    assert finding.evidence == (
        "161 messages in 7.0 ms, from packet 8 to packet 15; the limit is 50 a second",
        f"160 answers came in the order of the requests, {last}",
        "their wait grew from at most 5.0 ms to 3.2 s (packet 15, answered in packet 176)",
        "no error 100 came",
    )


def test_the_first_line_tells_why_answers_came_late() -> None:
    actual = verdict(asked_at_once(160, 0.02, 0.02).after(1).client.fin())

    late = "the client had sent 161 messages in 7.0 ms, and its answers came after up to 3.2 s"
    assert f"{late}, likely because the gateway takes 50 a second" in actual


def test_a_window_of_0_is_laid_to_the_clients_rate_only_where_it_sent_so_much() -> None:
    few = ready().client.data(frame("49", "1") * 30).server.ack(window=0).after(2).client.keep_alive()
    many = ready().client.data(frame("49", "1") * 90).server.ack(window=0).after(2).client.keep_alive()
    causes = [[cause.text for cause in found("gateway-stops-reading", talk).causes] for talk in (few, many)]

    assert causes[0] == ["the gateway hangs (a window waits, out of memory, suspended)"]
    assert causes[1][0] == "the client sends more than 50 messages a second, and is paced"
    assert found("gateway-stops-reading", many).evidence[-1] == "the client had sent 91 messages in 4.0 ms"
