"""Subscriptions that the gateway said were lost, and whether the client renewed them."""

import pytest

from tests.conversation import Conversation
from tests.timeline.rule_talks import A_TICK, MARKET_DATA
from tests.timeline.talk import error, found, frame, ready, verdict

LOST = error(1100) + error(1101, "restored - data lost")
CANCEL = frame("2", "2", "5")
SAYS = "; error 1101: the client's subscriptions were lost, and it renewed none"


def subscribed() -> Conversation:
    return ready().client.data(MARKET_DATA).server.data(A_TICK).client.ack()


def ended(talk: Conversation, seconds: float = 60) -> Conversation:
    return talk.after(seconds).client.fin().server.fin().client.ack()


def test_a_client_that_renews_nothing_is_told_so() -> None:
    talk = ended(subscribed().server.data(LOST).client.ack().client.data(frame("49", "1")).server.ack())
    finding = found("upstream-lost", talk)

    assert SAYS in verdict(talk)
    assert finding.severity == "problem"
    assert finding.evidence[-1] == "the client asked for no data after that"


@pytest.mark.parametrize(
    "talk",
    [
        pytest.param(ended(subscribed().server.data(LOST).client.data(MARKET_DATA)), id="renewed"),
        pytest.param(ended(subscribed().server.data(LOST).client.ack(), 1), id="too soon to tell"),
        pytest.param(ended(subscribed().server.data(error(1100) + error(1102)).client.ack()), id="kept"),
        pytest.param(ended(ready().server.data(LOST).client.ack()), id="no subscription"),
        pytest.param(ended(subscribed().client.data(CANCEL).server.data(LOST).client.ack()), id="cancelled before"),
        pytest.param(ended(subscribed().server.data(LOST).client.ack().server.data(A_TICK).client.ack()), id="flows"),
        pytest.param(ended(subscribed().server.data(LOST + error(1100) + error(1102)).client.ack()), id="later kept"),
    ],
)
def test_what_was_renewed_or_need_not_be_is_not_told(talk: Conversation) -> None:
    assert "renewed none" not in verdict(talk)
    assert found("upstream-lost", talk).severity == "notice"


def test_a_request_that_the_capture_lacks_may_have_renewed_them() -> None:
    talk = subscribed().server.data(LOST).client.data(MARKET_DATA, unseen=True).server.ack()

    assert "renewed none" not in verdict(ended(talk))


def test_another_session_that_had_the_data_for_a_time_is_told_as_past() -> None:
    taken = subscribed().server.data(error(10197, "competing live session", 5)).client.ack()
    returned = subscribed().server.data(error(10197, "competing live session", 5)).server.data(A_TICK).client.ack()
    back = found("session-displaced", ended(returned))

    assert found("session-displaced", ended(taken)).title.startswith("Another session of the same user has")
    assert found("session-displaced", ended(taken)).severity == "problem"
    assert back.title.startswith("Another session of the same user had")
    assert back.evidence[-1] == "market data came again after that"
    assert back.severity == "notice"
    assert "error 10197: another session" in verdict(ended(taken))
    assert "error 10197: another session" not in verdict(ended(returned))
