"""Hellos that are not right, or not whole, and answers that are none."""

from tests.timeline.talk import HELLO, answer, error, findings, found, greeted, opened, verdict


def test_a_hello_that_is_upside_down_is_not_right() -> None:
    finding = found("bad-hello", opened().client.data(b"API\0\0\0\0\x09v203..100").server.ack().after(4).server.fin())

    assert (
        finding.evidence[-1] == "the client's hello is not right: its lowest version (203) is above its highest (100)"
    )


def test_half_a_hello_is_told_as_such() -> None:
    finding = found("bad-hello", opened().client.data(b"API\0\0\0").server.ack().after(4).client.fin())

    assert finding.title == "The client sent only the beginning of a hello"
    assert finding.advice.startswith("send the whole hello")


def test_half_a_hello_of_the_client_s_is_no_half_answer() -> None:
    talk = opened().client.data(b"API\0\0\0").server.ack()
    silent = talk.after(4).server.fin().client.ack().client.fin()

    assert findings(silent) == [(1, "bad-hello")]


def test_half_a_hello_that_the_gateway_answers_is_no_half_answer() -> None:
    talk = opened().client.data(HELLO[:10]).server.data(answer()).client.ack()

    assert findings(talk.after(4).client.fin().server.ack().server.fin()) == [(1, "bad-hello")]


def test_the_rest_of_a_hello_may_be_on_its_way_when_the_capture_ends() -> None:
    assert not findings(opened().client.data(HELLO[:10]).server.ack())


def test_a_message_of_tws_in_place_of_a_hello_is_not_another_program_s() -> None:
    talk = greeted().server.data(error(503)).client.ack().server.fin().client.fin()

    assert "wrong-service" not in [name for _, name in findings(talk)]


def test_a_right_hello_is_not_blamed_for_an_answer_that_makes_no_sense() -> None:
    talk = greeted().server.data(b"\0\xff\xff\xff203\0").client.ack().after(4).client.fin().server.fin().client.ack()

    assert "bad-hello" not in [name for _, name in findings(talk)]
    assert found("wrong-service", talk).certainty == "likely"
    assert "4.0 s after the gateway had sent `\\0\\xff\\xff\\xff203\\0`, which is not TWS" in verdict(talk)


def test_a_hello_in_two_segments_is_not_acknowledged_before_it_was_sent() -> None:
    talk = opened().client.data(HELLO[:4]).server.ack().client.data(HELLO[4:]).server.ack().after(4).client.fin()

    told = found("accepted-but-silent", talk).evidence[0]

    assert told == "hello in packet 6, its beginning acknowledged by the host in packet 5"
