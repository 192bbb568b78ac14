"""What a capture says that began midway in a session: less than a whole one, and nothing else."""

import pytest

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
    report,
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
    redirected, other = (begun().server.data(frame(text, "127.0.0.1:4002")) for text in ("-1", "-2"))

    assert [name for _, name in findings(redirected.client.fin())] == ["redirected"]
    assert "redirected" not in [name for _, name in findings(other.client.fin())]


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


CURRENT_TIME = frame("49", "1")


def lost_right_behind(*, said: bytes, answered: bytes) -> Conversation:
    """The capture begins with what the client says, and lacks the answer of the gateway, which goes on much later."""
    talk = begun().client.data(said).server.data(answered, unseen=True).client.ack(unseen=True)
    return talk.after(4)


@pytest.mark.parametrize(
    ("rule", "talk"),
    [
        ("accepted-but-silent", lost_right_behind(said=HELLO, answered=answer()).client.fin().server.ack()),
        ("closed-without-answer", lost_right_behind(said=HELLO, answered=answer()).server.fin().client.ack()),
        ("closed-after-startapi", lost_right_behind(said=START_API, answered=IN_USE).server.fin().client.ack()),
        (
            "requests-unanswered",
            lost_right_behind(said=CURRENT_TIME, answered=CURRENT_TIME).server.data(TICK).client.ack(),
        ),
    ],
)
def test_an_answer_that_the_capture_lost_right_behind_its_beginning_may_have_come(
    rule: str, talk: Conversation
) -> None:
    sure = [finding.id for _, finding in report(talk).all_findings() if finding.certainty == "certain"]

    assert rule not in sure
    assert "capture-incomplete" in sure


def test_octets_that_were_on_their_way_when_the_capture_began_take_no_larger_buffer() -> None:
    lost = lost_right_behind(said=CURRENT_TIME, answered=CURRENT_TIME)
    lost.server.data(TICK).client.ack()
    later = begun().server.data(TICK).client.ack().server.data(TICK, unseen=True).client.ack().server.data(TICK)

    assert "begin before the connection is opened" in found("capture-incomplete", lost).advice
    assert "larger buffer" in found("capture-incomplete", later.client.ack()).advice


def test_nobody_closed_since_a_capture_began_in_which_one_side_only_acknowledges() -> None:
    talk = begun().server.data(TICK).client.ack().after(5).server.data(TICK).client.ack()
    told = report(talk).connections[0]

    assert told.states == {"client": "UNKNOWN", "server": "UNKNOWN"}
    assert told.verdict.startswith("Nobody closed the connection within the 5.0 s captured; ")


@pytest.mark.parametrize("end", ["fin", "rst"])
def test_a_gateway_that_closed_before_the_clients_hello_ended_no_working_session(end: str) -> None:
    talk = begun()
    getattr(talk.server, end)(undelivered=True)
    talk.client.data(HELLO).server.bare_rst()

    assert [name for _, name in findings(talk)] == ["closed-without-answer"]
    assert ", after the connection was opened and before the client's hello, without a word" in report(talk).verdict


def test_a_hello_that_is_captured_behind_its_answer_and_the_close_is_no_wrong_one() -> None:
    talk = begun()
    talk.server.data(answer(), undelivered=True).server.fin(undelivered=True).client.data(HELLO)

    assert "bad-hello" not in [name for _, name in findings(talk)]
    assert "without a hello" not in report(talk).verdict


NO_BODY = b"\0\0\0\x04\0\0\0\xf9"  # reqCurrentTime as protobuf: a gateway may send so few octets too
CANCELS = frame("4", "1", "7")  # cancelOrder; an error message of an old gateway has these fields too
HIGH = ("192.168.1.20", 34567), ("172.17.0.2", 50001)


def spoken(*said: bytes) -> Conversation:
    """A session between two high ports, of which the gateway is seen first: what it says, and what the client does."""
    talk = Conversation(*HIGH).established()
    for octets in said:
        talk.server.data(TICK * 3).client.data(octets)
    return talk.server.fin().client.ack().client.fin().server.ack()


def test_who_is_the_client_the_messages_tell_where_nothing_else_does() -> None:
    (connection,) = report(spoken(frame("2", "2", "7"))).connections

    assert (connection.client.port, connection.roles_from) == (34567, "hello")
    assert connection.close is not None
    assert (connection.close.first, connection.close.certainty) == ("server", "certain")
    assert connection.tws is not None
    assert connection.tws.messages == {"client": {"cancelMktData": 1}, "server": {"tickPrice": 3}}


def test_what_was_taken_for_the_other_side_s_is_made_anew() -> None:
    talk = Conversation(*HIGH).established()
    talk.server.data(NO_BODY * 3).client.data(CANCELS * 3).server.data(TICK * 3).client.ack()
    (connection,) = report(talk).connections

    assert connection.client.port == 34567
    assert connection.tws is not None
    assert connection.tws.unanswered == ()
    assert connection.tws.messages["client"] == {"cancelOrder": 3}
