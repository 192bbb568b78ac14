"""A port that refuses and then accepts: TWS or the gateway is starting, and Windows has asked again meanwhile."""

import pytest

from capanalyze.packets.segment import ACK, RST
from tests.conversation import Conversation
from tests.timeline.talk import HELLO, NEXT_VALID_ID, facts, found, ready, report, verdict

ONCE_MORE = {"client_address": ("127.0.0.1", 50001)}


def asked_again(times: int = 2) -> Conversation:
    """A SYN that is refused so often, as Windows repeats it: every half a second, with the same number."""
    talk = Conversation()
    for _ in range(times):
        talk.client.syn(undelivered=True).server.segment(RST | ACK, seq=0, ack=talk.client.isn + 1).after(0.5)
    return talk.open()


def in_vain(talk: Conversation) -> Conversation:
    """A hello that the host takes and nobody answers for five seconds."""
    return talk.client.data(HELLO).server.ack().after(5).client.fin().server.ack()


def test_the_refusals_are_not_said_to_follow_the_close() -> None:
    told = verdict(in_vain(asked_again()))

    assert told.startswith("The client closed first (FIN in packet 10), 5.0 s after")
    assert "RST" not in told
    assert "CLOSE_WAIT" in told


def test_they_cross_no_close_either() -> None:
    told = verdict(asked_again().client.rst())

    assert told.startswith(
        "The client closed first by a reset (RST in packet 8), 1.0 ms after the connection was opened"
    )


def test_the_refusals_are_of_before_the_connection_and_not_the_close() -> None:
    lines = report(in_vain(asked_again())).timeline

    refused = [line for line in lines if line.kind == "RST"]
    assert [(line.packet, line.phase, line.closing) for line in refused] == [
        (2, "connect", False),
        (4, "connect", False),
    ]
    assert {line.text for line in refused} == {"RST: refused, nothing accepted connections on port 4001 yet"}
    assert [line.packet for line in lines if line.closing] == [10]


def test_a_gateway_that_had_just_begun_to_listen_is_likely_to_be_starting() -> None:
    first = found("accepted-but-silent", in_vain(asked_again())).causes[0]

    assert (first.text, first.certainty) == (
        "the gateway is still starting: the host had refused the SYN before it accepted (packets 2 and 4)",
        "likely",
    )


@pytest.mark.parametrize(("later", "said"), [(20, True), (59, True), (61, False)])
def test_so_is_one_that_had_refused_another_connection_within_a_minute(later: int, said: bool) -> None:
    before = Conversation().client.syn().server.rst()
    talk = in_vain(Conversation(**ONCE_MORE).after(later).open())  # type: ignore[arg-type]
    causes = found("accepted-but-silent", before, talk).causes

    starting = [cause for cause in causes if "still starting" in cause.text]
    assert len(starting) == 1
    assert (starting[0].certainty == "likely") is said
    assert (starting[0].text.endswith(f"connection 1 had been refused {later}.0 s before")) is said


@pytest.mark.parametrize("again", [True, False], ids=["the same SYN", "another connection"])
def test_a_gateway_that_went_on_meanwhile_is_not_starting(again: bool) -> None:
    """Windows refuses with a RST where too many connections wait to be accepted."""
    beside = ready(client_address=("127.0.0.1", 50009), client_isn=9)
    for _ in range(3):
        beside.after(1).server.data(NEXT_VALID_ID).client.ack()
    refused = Conversation().after(1).client.syn(undelivered=True)
    refused.server.segment(RST | ACK, seq=0, ack=refused.client.isn + 1)
    later = refused.after(0.5).open() if again else Conversation(**ONCE_MORE).after(1.5).open()  # type: ignore[arg-type]
    talks = [beside, in_vain(later)] if again else [beside, refused, in_vain(later)]

    assert {cause.certainty for cause in found("accepted-but-silent", *talks).causes} == {"possible"}


def test_the_gateway_holds_the_connection_that_it_had_refused_at_first() -> None:
    """What counts its connections looks at when it let go of each."""
    talk = asked_again()

    assert facts(ready()).released is None
    assert facts(talk).released is None
