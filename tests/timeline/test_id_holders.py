"""A client id that is in use: who holds it, as far as the capture shows."""

from tests.conversation import Conversation
from tests.timeline.rule_talks import A_TICK, other
from tests.timeline.talk import error, found, ready, started


def lost() -> Conversation:
    """A session whose client's host fell silent while the gateway sent on."""
    talk = ready()
    start = talk.server.next
    for _ in range(5):
        talk = talk.server.data(A_TICK, seq=start, undelivered=True).after(1)
    return talk


def in_use(seconds: int) -> Conversation:
    return started(**other(seconds)).server.data(error(326, "in use")).server.fin().client.ack()


def test_an_id_that_a_lost_connection_holds_is_no_live_programs() -> None:
    finding = found("duplicate-client-id", lost(), in_use(9))

    assert "connection 1, whose client's host no longer answers the gateway" in finding.evidence[-1]
    assert [cause.certainty for cause in finding.causes] == ["likely", "possible", "possible"]
    assert finding.causes[0].text == "the gateway still holds connection 1, which its client's host lost"
    assert finding.advice.startswith("take another client id meanwhile")


def test_an_id_that_a_working_connection_holds_is_a_live_programs() -> None:
    talk = ready()
    finding = found("duplicate-client-id", talk, in_use(9))

    assert "still open at the gateway" in finding.evidence[-1]
    assert finding.causes[0].text.startswith("that client still holds the id")
