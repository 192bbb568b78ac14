"""What a capture says that began midway in a session: less than a whole one, and nothing else."""

from tests.conversation import Conversation
from tests.timeline.talk import (
    error,
    findings,
    frame,
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
