"""Captures whose packets are out of order by less than a clock tells: the numbers tell it."""

from dataclasses import replace

import pytest

from tests.conversation import Conversation
from tests.timeline.talk import START_API, answered, error, found, frame, greeted, ready, verdict

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
