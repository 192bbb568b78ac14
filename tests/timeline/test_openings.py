"""Openings that went another way than SYN, SYN-ACK, ACK: what is said of them, and how surely."""

import pytest

from tests.conversation import ACK, RST, SYN, Conversation
from tests.timeline.talk import HELLO, asked_twice, opened, report, verdict

LAN = {"client_address": ("10.0.0.1", 50000), "server_address": ("10.0.0.2", 4001)}

OLD = {"seq": 1_900_000_000, "ack": 700_000_000, "undelivered": True}
"""Numbers of a connection that the gateway's host still has, and the client's not."""


def found(talk: Conversation) -> dict[str, str]:
    """The findings of a capture and how certain they are."""
    return {finding.id: finding.certainty for _, finding in report(talk).all_findings()}


def states(talk: Conversation) -> tuple[str, ...]:
    """Those of client and gateway in the newest connection."""
    return tuple(report(talk).connections[-1].states.values())


def lines(talk: Conversation) -> list[str]:
    """The timeline's words."""
    return [line.text for line in report(talk).timeline]


def challenged() -> Conversation:
    """A SYN that meets an older connection of the same ports, which its sender then resets."""
    talk = Conversation().client.syn().server.segment(ACK, **OLD)  # type: ignore[arg-type]
    return talk.client.bare_rst(seq=OLD["ack"])


def test_what_answers_for_an_older_connection_is_no_silence_and_its_reset_ends_no_new_one() -> None:
    talk = challenged().after(1).client.syn()

    told = report(talk)

    assert told.verdict == (
        "2 SYNs to port 4001 were not answered within the 1.0 s captured: what came back (packet 2) is of an older "
        "connection of these ports, which the gateway's host had."
    )
    assert [finding.title for _, finding in told.all_findings()] == [
        "The gateway's host had an older connection of the same ports, and answered for that"
    ]
    assert (told.connections[0].ignored_resets, told.connections[0].close) == ((3,), None)
    assert states(talk) == ("SYN_SENT", "UNKNOWN")
    assert lines(talk)[1:3] == [
        "answers no SYN of this connection: the gateway's host has an older one of these ports",
        "RST: ends an older connection of these ports, which the gateway's host still had",
    ]


@pytest.mark.parametrize("acknowledged", [700_000_000, 1_700_000_000, 3_900_000_000])
def test_a_connection_opens_after_the_older_one_is_reset(acknowledged: int) -> None:
    talk = Conversation().client.syn().server.segment(ACK, **{**OLD, "ack": acknowledged})  # type: ignore[arg-type]
    talk.client.bare_rst(seq=acknowledged).after(1).client.syn().server.syn_ack().client.ack()

    assert verdict(talk).startswith("Nobody closed the connection")
    assert states(talk) == ("ESTABLISHED", "ESTABLISHED")


@pytest.mark.parametrize("closed", [True, False])
def test_so_it_is_where_the_capture_holds_the_older_connection(closed: bool) -> None:
    old = opened()
    if closed:
        old.server.fin().client.fin().server.ack()
    new = old.reuse(900_000_000, 2_900_000_000).after(5).client.syn()
    new.server.segment(ACK, seq=old.server.next, ack=old.client.next, undelivered=True)
    new.client.bare_rst(seq=old.client.next).after(1).client.syn()

    assert "connection 2 within the 1.0 s captured: what came back (packet" in verdict(new)
    assert "accept-queue-full" not in found(new)


def test_a_reset_by_the_client_tells_of_an_answer_that_the_capture_lacks() -> None:
    mine = Conversation().client.syn().after(4).client.bare_rst(seq=1_000_001)
    older = Conversation().client.syn().after(4).client.bare_rst(seq=700_000_000)

    assert verdict(mine) == (
        "The client broke the connection off (RST in packet 2); "
        "the answer to its SYN before that is not in the capture."
    )
    assert verdict(older) == (
        "1 SYN to port 4001 was not answered within the 4.0 s captured, and the client sent a RST (packet 2), "
        "which answers nothing that is in the capture."
    )
    assert (states(mine), states(older)) == (("CLOSED", "CLOSED"), ("SYN_SENT", "UNKNOWN"))
    assert found(mine) == found(older) == {}


def test_a_reset_that_acknowledges_no_syn_refuses_nothing_and_is_no_silence() -> None:
    talk = asked_twice().server.bare_rst(seq=7)

    assert verdict(talk) == (
        "2 SYNs to port 4001 were not answered within the 1.0 s captured, but for a RST that acknowledges none "
        "(packet 3)."
    )
    assert found(talk) == {"syn-unanswered": "likely"}


def test_a_syn_that_is_not_sent_again_may_have_been_answered() -> None:
    once = Conversation().client.syn()
    other = opened(client_address=("127.0.0.1", 50001), clock=once.clock, packets=once.packets)
    other.after(4).client.keep_alive()

    assert "(the SYN was not sent again: the client gave up at once, or the capture lacks packets)" in verdict(other)
    assert found(other)["syn-unanswered"] == "likely"


def test_a_syn_ack_that_is_not_sent_again_may_have_been_acknowledged() -> None:
    once = Conversation().client.syn().server.syn_ack()
    other = opened(client_address=("127.0.0.1", 50001), clock=once.clock, packets=once.packets)
    other.after(4).client.keep_alive()

    assert "(the SYN-ACK was not sent again: the capture may lack packets)" in verdict(other)


def test_a_fin_that_is_not_sent_again_may_have_been_acknowledged() -> None:
    once = opened().client.fin(undelivered=True)
    other = opened(client_address=("127.0.0.1", 50001), clock=once.clock, packets=once.packets)
    other.after(4).client.keep_alive()

    told = report(other).connections[0]
    assert told.verdict.startswith("The client probably closed first (FIN in packet 4)")
    assert told.verdict.endswith("(the client's FIN was not sent again: the capture may lack packets).")
    assert told.close is not None
    assert told.close.certainty == "likely"


def test_octets_before_a_fin_are_sent_again_in_its_place() -> None:
    talk = opened().client.data(b"API\0\0\0\0\x09v100..178", undelivered=True)
    for wait in (1, 2, 4):
        talk.after(wait).again(ip_id=talk.packets[-1].ip_id + 1)
    talk.after(1).client.fin(undelivered=True)
    talk.after(7).again(-2, ip_id=900)

    assert "FIN was not sent again" not in report(talk).connections[0].verdict


def test_a_host_that_sends_its_syn_ack_again_has_not_taken_the_ack() -> None:
    talk = opened().after(1).server.syn_ack(undelivered=True)
    waiting = states(talk)
    talk.client.ack()

    assert (waiting, states(talk)) == (("ESTABLISHED", "SYN_RECEIVED"), ("ESTABLISHED", "UNKNOWN"))
    assert "SYN-ACK again: the gateway's host had not taken the ACK" in lines(talk)
    assert "the gateway's host sent its SYN-ACK again after the final ACK: that got lost, or no more" in verdict(talk)
    assert states(talk.client.data(HELLO).server.ack()) == ("ESTABLISHED", "ESTABLISHED")


def test_a_refused_client_that_asks_again_still_waits() -> None:
    talk = Conversation().client.syn().server.rst().after(0.5).client.syn()

    told = report(talk)

    assert told.connections[0].close is not None
    assert (told.connections[0].opened, told.connections[0].close.certainty) == ("refused", "likely")
    assert states(talk) == ("SYN_SENT", "UNKNOWN")
    assert told.verdict == (
        "The gateway's host refused the connection (RST in packet 2, 1.0 ms after the SYN): nothing accepted "
        "connections on port 4001 then (the client asked again after that, and what came of it is not in the capture)."
    )


def test_how_long_a_refusal_took_is_told_from_the_first_syn_where_that_was_lost() -> None:
    talk = Conversation().client.syn(undelivered=True).after(1).client.syn().server.rst()

    assert "(RST in packet 3, 1.0 s after the first SYN)" in verdict(talk)
    assert "answered by a RST 1.0 s after the first" in next(report(talk).all_findings())[1].evidence[0]


def test_a_refusal_with_a_number_may_be_of_an_open_connection() -> None:
    talk = Conversation().client.syn().server.segment(RST | ACK, ack=1_000_001)

    assert found(talk) == {"port-refused": "likely"}
    assert verdict(talk).startswith("The gateway's host probably refused the connection")


def test_a_syn_ack_after_a_refusal_that_nobody_resets_may_answer_a_syn_that_the_capture_lacks() -> None:
    talk = Conversation().client.syn().server.rst().server.segment(SYN | ACK, ack=1_000_001)

    assert found(talk) == {"port-refused": "likely"}
    assert states(talk) == ("UNKNOWN", "UNKNOWN")


@pytest.mark.parametrize(("where", "sure"), [({}, "certain"), (LAN, "likely")])
def test_between_two_hosts_the_reset_that_ends_the_other_side_may_have_been_lost(
    where: dict[str, tuple[str, int]], sure: str
) -> None:
    client = opened(**where).client.data(HELLO).server.ack().after(4).client.fin().server.ack().after(4)
    gateway = opened(**where).client.data(HELLO).server.ack().server.fin().client.ack().after(4)

    assert found(client.client.keep_alive())["gateway-leaks-close-wait"] == sure
    assert found(gateway.server.keep_alive())["client-leaks-close-wait"] == sure


@pytest.mark.parametrize(("where", "sure"), [({}, "certain"), (LAN, "likely")])
def test_what_was_said_before_a_reset_without_ack_may_have_been_lost(
    where: dict[str, tuple[str, int]], sure: str
) -> None:
    talk = opened(**where).client.data(HELLO).server.bare_rst(seq=5_000_001)

    assert found(talk)["closed-without-answer"] == sure


def test_a_hello_in_a_fin_that_crosses_the_gateways_was_said() -> None:
    talk = opened().server.fin(undelivered=True).client.fin(HELLO, undelivered=True)
    talk.server.ack(ack=talk.client.next).client.ack(ack=talk.server.next)

    assert verdict(talk) == (
        "Client and gateway closed at the same time (their FINs cross: packets 4 and 5), after the gateway's host "
        "had acknowledged the client's hello and nothing was answered."
    )
    assert found(talk) == {}


def test_octets_that_only_the_number_of_a_fin_tells_of_were_said() -> None:
    talk = opened().client.data(HELLO, unseen=True, undelivered=True).after(2).client.fin(undelivered=True)

    assert "client-never-speaks" not in found(talk)
    assert "17 octets of the client's were sent, by its own numbers" in verdict(talk)
    assert "neither side" not in verdict(talk)


def test_who_may_have_ignored_a_reset_is_not_said_to_be_closed() -> None:
    talk = opened().client.rst(seq=1_000_100)

    assert states(talk) == ("CLOSED", "UNKNOWN")


def test_whose_last_octets_the_capture_lacks_may_have_sent_a_fin_with_them() -> None:
    talk = opened().client.fin(HELLO, unseen=True).server.ack()

    assert verdict(talk).startswith("Nobody is seen to close the connection")
    assert states(talk) == ("UNKNOWN", "UNKNOWN")
