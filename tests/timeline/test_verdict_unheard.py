"""What the first line says where a host has not even acknowledged startApi, or the answer to the hello."""

import pytest

from tests.conversation import Conversation
from tests.timeline.talk import START_API, answer, answered, findings, greeted, verdict


@pytest.mark.parametrize(
    ("left", "told"),
    [
        (False, "; startApi was neither acknowledged by the gateway's host nor answered for 6.0 s ("),
        (True, ", 6.0 s after startApi, which was not even acknowledged; nextValidId and managedAccounts had not come"),
    ],
    ids=["nobody closed", "the client closed"],
)
def test_a_host_that_does_not_take_startapi_is_told_and_its_program_is_not_blamed(left: bool, told: str) -> None:
    talk = answered()
    talk.client.data(START_API, undelivered=True)
    for wait in (1, 2, 3):
        talk.after(wait).client.data(START_API, seq=talk.client.next - len(START_API), undelivered=True)
    if left:
        talk.client.fin(undelivered=True)

    assert told in verdict(talk)
    assert {name for _, name in findings(talk)} == {"peer-vanished"}


def answer_lost(*, left: bool) -> Conversation:
    """The answer to the hello does not get to the client, which may leave after a while."""
    talk = greeted().server.data(answer(178), undelivered=True)
    for wait in (1, 2, 3):
        talk.after(wait).server.data(answer(178), seq=talk.server.next - len(answer(178)), undelivered=True)
    return talk.client.fin() if left else talk


@pytest.mark.parametrize(
    ("left", "told"),
    [
        (False, "server version 178, which the client's host has not acknowledged (a FIN of the gateway's may"),
        (True, "version 178, which the client's host had not acknowledged; startApi was never sent; that FIN"),
    ],
    ids=["nobody closed", "the client closed"],
)
def test_a_client_that_did_not_get_the_answer_is_not_blamed_for_its_silence(left: bool, told: str) -> None:
    talk = answer_lost(left=left)

    assert told in verdict(talk)
    assert "startapi-missing" not in {name for _, name in findings(talk)}


def test_a_client_that_resets_without_having_got_the_answer_is_not_blamed_either() -> None:
    talk = answer_lost(left=False).client.rst()

    assert "startapi-missing" not in {name for _, name in findings(talk)}


def test_startapi_that_the_capture_lacks_may_have_been_sent() -> None:
    talk = answered().client.ack().client.data(START_API, undelivered=True)
    del talk.packets[-1]
    talk.after(4).client.keep_alive()

    assert "; the gateway had answered the hello with server version 178, and startApi is not in the capture (" in (
        verdict(talk)
    )
