"""A client that is connected to itself: one socket is both ends, and nobody answers."""

import pytest

from tests.conversation import Conversation
from tests.timeline.talk import HELLO, frame, report, to_itself, verdict

MET = "The client connected to itself: its own port was 4001 too, and nothing else listened there"


@pytest.mark.parametrize(
    ("talk", "says"),
    [
        (
            to_itself().after(2).client.fin().client.ack(),
            f"{MET}, so that what it sent came back to it; it closed after 2.0 s (FIN in packet 6).",
        ),
        (
            to_itself().after(2).client.rst(),
            f"{MET}, so that what it sent came back to it; it closed after 2.0 s (RST in packet 6).",
        ),
        (
            to_itself().after(2).client.keep_alive(),
            f"{MET}, so that what it sent came back to it; nobody closed within the 2.0 s captured.",
        ),
    ],
)
def test_the_first_line_says_so(talk: Conversation, says: str) -> None:
    assert says == verdict(talk)


def test_nothing_of_it_is_missing_and_both_ends_are_in_one_state() -> None:
    (connection,) = report(to_itself().client.fin().client.ack()).to_dict()["connections"]

    assert connection["missing"] == {"client": 0, "server": 0}
    assert connection["states"] == {"client": "TIME_WAIT", "server": "TIME_WAIT"}
    assert (7, len(HELLO), len(HELLO)) == (
        connection["packets"],
        connection["client_bytes"],
        connection["server_bytes"],
    )
    assert (
        connection["opened"],
        connection["close"]["first"],
        connection["close"]["certainty"],
    ) == ("complete", "both", "certain")


def test_stray_octets_behind_its_fin_are_taken_out_once() -> None:
    talk = to_itself()
    end = talk.client.next
    talk.client.data(b"z" * 40, undelivered=True)
    talk.client.next = end
    talk.client.fin().client.ack()

    (connection,) = report(talk).to_dict()["connections"]

    assert (connection["client_bytes"], connection["server_bytes"]) == (len(HELLO), len(HELLO))


def test_its_octets_are_its_own_messages_and_not_a_gateways_answer() -> None:
    talk = to_itself()
    for _ in range(30):
        talk.client.data(frame("49", "1")).client.ack()
    (connection,) = report(talk).to_dict()["connections"]

    assert connection["tws"]["messages"]["client"] == {"hello": 1, "reqCurrentTime": 30}
    assert connection["tws"]["messages"]["server"] == {}
    assert not connection["tws"]["milestones"]["server_answered"]["reached"]


def test_no_line_says_that_a_gateway_did_anything() -> None:
    lines = report(to_itself().client.fin().client.ack()).timeline

    assert [(line.packet, line.text) for line in lines] == [
        (1, "SYN: asks for a connection"),
        (2, "SYN-ACK: the client's host accepts"),
        (3, "ACK: the connection is open"),
        (4, "hello: v157..178 (ib_async 1.x to 2.1)"),
        (5, "ACK: the client's host has the hello"),
        (6, "FIN: the client closes"),
        (7, "ACK of the FIN by the client's host"),
    ]
    assert {"client"} == {line.side for line in lines}


def test_a_fin_that_the_capture_lacks_is_known_by_its_acknowledgement() -> None:
    talk = to_itself().client.fin(unseen=True).client.ack()

    assert verdict(talk) == (
        f"{MET}, so that what it sent came back to it; it closed (its FIN is not in the capture, but was acknowledged)."
    )


def test_a_syn_that_may_still_come_back_is_unanswered() -> None:
    talk = to_itself()
    del talk.packets[1:]

    assert verdict(talk) == "1 SYN to port 4001 was not answered, but the capture ends there."
