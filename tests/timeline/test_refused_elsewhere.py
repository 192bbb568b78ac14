"""A port that refuses, and what else the capture knows of it: accepted later, changed, or another one that answers."""

from tests.conversation import Conversation
from tests.timeline.rule_talks import other
from tests.timeline.talk import error, found, greeted, ready, verdict


def refused(seconds: int, port: int = 4001) -> Conversation:
    options = {**other(seconds, 50000 + seconds), "server_address": ("127.0.0.1", port)}
    return Conversation(**options).client.syn().server.rst()  # type: ignore[arg-type]


def test_a_port_that_accepted_later_is_not_said_to_accept_nothing() -> None:
    silent = greeted(**other(20)).after(4).client.fin().server.ack()

    assert ": nothing accepted connections on port 4001 then" in verdict(refused(2), silent)
    assert ": nothing accepts connections on port 4001." in verdict(refused(2))
    assert found("port-refused", refused(2), silent).evidence[-1] == "the same port accepted connection 2 later"


def test_another_port_of_the_host_on_which_a_gateway_answered_is_named() -> None:
    told = verdict(refused(2, 7497), ready(**other(5)))
    finding = found("port-refused", refused(2, 7497), ready(**other(5)))

    assert "nothing accepts connections on port 7497, and a gateway answered on port 4001 of that host;" in told
    assert finding.evidence[-1] == "a gateway answered on port 4001 of the same host"
    assert finding.causes[0].text == "the client was given the wrong port: 4001 is the gateway's"
    assert finding.causes[0].certainty == "possible"


def test_a_port_that_had_accepted_before_is_not_the_wrong_one() -> None:
    before = ready().server.fin().client.fin().server.ack()
    there = {**other(5), "server_address": ("127.0.0.1", 4002)}

    assert "answered on port 4002" not in verdict(before, ready(**there), refused(9))


def test_another_host_is_no_other_port() -> None:
    there = {**other(5), "server_address": ("192.168.1.5", 4001)}

    assert "answered on port" not in verdict(refused(2, 7497), ready(**there))


def test_a_port_that_the_gateway_said_it_had_changed_is_refused_for_that_reason() -> None:
    moved = ready().server.data(error(1300, "reconnect on the new port - 7500")).server.fin().client.ack().client.fin()
    finding = found("port-refused", moved, refused(9))

    assert [(cause.text, cause.certainty) for cause in finding.causes] == [
        ("the gateway's API port was changed", "likely")
    ]
    assert finding.advice == "let the client connect to the port that error 1300 named"
