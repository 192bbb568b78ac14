"""What a capture says that began midway in a session: less than a whole one, and nothing else."""

from tests.conversation import Conversation
from tests.timeline.talk import (
    HELLO,
    START_API,
    answer,
    answered,
    error,
    findings,
    found,
    frame,
    greeted,
)

IN_USE = error(326, "Unable to connect as the client id is already in use.")
TICK = frame("1", "6", "7", "1", "101.5", "100", "1")


def begun() -> Conversation:
    """A connection that was open before the capture began."""
    return Conversation().established()


def closed_after(*said: bytes) -> Conversation:
    return begun().server.data(b"".join(said)).server.fin().client.ack().client.fin().server.ack()


def test_a_client_id_in_use_ends_no_working_session() -> None:
    assert [name for _, name in findings(closed_after(IN_USE))] == ["duplicate-client-id"]


def test_a_second_start_api_with_an_id_in_use_does() -> None:
    assert "gateway-closed-midsession" in [name for _, name in findings(closed_after(TICK, IN_USE))]


def test_a_redirect_is_known_though_the_opening_was_not_captured() -> None:
    talk = begun().client.data(HELLO).server.data(frame("-1", "127.0.0.1:4002")).client.ack().after(4)

    assert [name for _, name in findings(talk.client.fin().server.fin().client.ack())] == ["redirected"]


def test_octets_of_another_server_are_no_redirect() -> None:
    talk = begun().client.data(HELLO).server.data(frame("-2", "127.0.0.1:4002")).client.ack().after(4)

    assert found("wrong-service", talk.client.fin().server.fin().client.ack()).certainty == "likely"


def test_silence_after_start_api_is_not_certain_where_the_answer_to_the_hello_was_not_captured() -> None:
    silent = begun().client.data(START_API).server.ack().after(4).client.fin()
    whole = answered().client.data(START_API).server.ack().after(4).client.fin()

    assert found("hello-answered-then-silent", silent).certainty == "likely"
    assert found("hello-answered-then-silent", whole).certainty == "certain"


def test_an_answer_whose_beginning_was_not_captured_is_not_late() -> None:
    talk = greeted().server.data(answer()[:12]).client.ack().after(6).server.data(answer()[12:]).client.ack()
    whole = [name for _, name in findings(talk)]
    del talk.packets[5]

    assert "late-answer" in whole
    assert "late-answer" not in [name for _, name in findings(talk)]
