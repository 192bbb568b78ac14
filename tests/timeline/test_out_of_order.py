"""Captures whose packets are out of order by less than a clock tells: the numbers tell it."""

from dataclasses import replace

import pytest

from tests.conversation import Conversation
from tests.timeline.talk import START_API, answer, answered, error, found, frame, greeted, ready, verdict

CANCEL_POSITIONS = frame("64", "1")
CURRENT_TIME = frame("49", "1")
TIME = frame("49", "1", "1795394593")


def swapped(talk: Conversation, packet: int) -> Conversation:
    """A packet and the next one in the other order, at the times of the two places."""
    one, other = talk.packets[packet - 1 : packet + 1]
    talk.packets[packet - 1 : packet + 1] = replace(other, ts_ns=one.ts_ns), replace(one, ts_ns=other.ts_ns)
    return talk


def asked() -> Conversation:
    """A session in which the client asked twice and was answered twice (packets 12 and 13, 15 and 16)."""
    talk = ready().after(1).client.data(CURRENT_TIME).server.data(TIME).client.ack()
    talk.after(5).client.data(CURRENT_TIME).server.data(TIME).client.ack()
    return talk.after(3).client.fin().server.ack()


def test_a_request_that_was_captured_behind_its_answer_may_have_been_answered() -> None:
    talk = swapped(asked(), 12)
    finding = found("requests-unanswered", talk)

    assert finding.certainty == "possible"
    assert "packets are out of order in the capture (packet 13 is acknowledged before it): " in finding.evidence[1]
    assert "answered" not in verdict(talk)


@pytest.mark.parametrize("first", [CANCEL_POSITIONS, CURRENT_TIME])
def test_a_request_behind_all_that_is_out_of_order_was_not_answered_unless_its_answer_went_to_one_like_it(
    first: bytes,
) -> None:
    """What answers a packet acknowledges it, so it cannot lie in front of one that nothing had acknowledged."""
    talk = ready().after(1).client.data(first).server.ack().server.data(TIME).client.ack()
    swapped(talk, 12).after(5).client.data(CURRENT_TIME).server.ack().after(8).client.fin().server.ack()
    finding = found("requests-unanswered", talk)
    alike = first == CURRENT_TIME

    assert finding.certainty == ("possible" if alike else "certain")


def test_a_session_that_never_became_ready_did_not_in_any_order_of_what_came_before() -> None:
    talk = swapped(greeted().server.ack().server.data(answer()).client.ack(), 4)
    talk.client.data(START_API).server.ack().after(10).client.fin().server.ack()

    assert found("hello-answered-then-silent", talk).certainty == "certain"


def test_order_that_the_numbers_do_not_belie_leaves_it_certain() -> None:
    talk = ready().after(1).client.data(CURRENT_TIME).server.ack().after(5).client.fin().server.ack()

    assert found("requests-unanswered", talk).certainty == "certain"


@pytest.mark.parametrize(
    ("rule", "talk", "packet"),
    [
        (
            "closed-after-hello",
            answered().client.data(START_API).server.fin().client.ack().client.fin().server.ack(),
            8,
        ),
        (
            "hello-answered-then-silent",
            answered()
            .client.data(START_API)
            .server.data(error(2104, "Market data farm connection is OK:usfarm"))
            .client.ack()
            .after(4)
            .client.fin(),
            8,
        ),
    ],
)
def test_nor_is_it_certain_that_nothing_came_behind_it(rule: str, talk: Conversation, packet: int) -> None:
    finding = found(rule, swapped(talk, packet))

    assert finding.certainty == "possible"
    assert finding.evidence[-1] == "packet 9 is acknowledged before it: what lies in front may have come later"


def test_who_said_nothing_at_all_did_so_in_every_order() -> None:
    talk = swapped(greeted().after(4).client.fin().server.ack(), 4)

    assert found("accepted-but-silent", talk).certainty == "certain"
