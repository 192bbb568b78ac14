"""A FIN that came, and octets before it that had not: the peer's host tells so by selective acknowledgements."""

import pytest

from tests.conversation import Conversation, sack, timestamps
from tests.follow import follow
from tests.tcp.closes import hello, story, told


def behind_a_hole(talk: Conversation | None = None) -> tuple[Conversation, bytes]:
    """The client says something that gets lost, and its FIN (packet 7) arrives; the option that tells of the FIN."""
    talk = (talk or Conversation()).open()
    talk.client.data(b"API\0\0\0\0\x09v100..187").server.ack()
    talk.client.data(b"x" * 1448, undelivered=True)
    start = talk.client.next
    talk.client.fin(undelivered=True)
    return talk, timestamps(7, 8) + sack((start, start + 1))


def test_a_fin_that_was_sent_when_the_others_had_come_was_not_first() -> None:
    talk, selective = behind_a_hole()
    talk.server.fin(options=selective)

    connection = follow(talk.pcap()).only

    assert story(connection) == ("complete", ("client", "FIN", 7, False, "certain"), ("UNKNOWN", "UNKNOWN"))


def test_a_fin_that_says_nothing_of_the_others_crosses_it() -> None:
    talk, _ = behind_a_hole()
    talk.server.fin(options=timestamps(7, 8))

    connection = follow(talk.pcap()).only

    assert story(connection) == ("complete", ("both", "FIN", 7, False, "certain"), ("UNKNOWN", "UNKNOWN"))


def test_what_lies_before_the_fin_tells_nothing_of_it() -> None:
    talk = hello()
    talk.client.data(b"x" * 1448, undelivered=True)
    start = talk.client.next
    talk.client.data(b"y" * 20, undelivered=True).client.fin(undelivered=True)
    talk.server.fin(options=sack((start, start + 20)))

    assert told(talk) == ("both", "FIN", 8, False, "certain")


def test_what_came_twice_tells_nothing_of_the_fin() -> None:
    talk = hello()
    start = talk.client.isn + 1
    talk.client.fin(undelivered=True).server.fin(options=sack((start, start + 17)))

    assert told(talk) == ("both", "FIN", 6, False, "certain")


@pytest.mark.parametrize("open_before", [False, True])
def test_a_fin_long_after_the_others_may_be_a_later_copy_unless_its_sender_had_told_of_it_before(
    open_before: bool,
) -> None:
    talk, selective = behind_a_hole(Conversation(("10.0.0.1", 50000), ("10.0.0.2", 4001)))
    if open_before:
        talk.server.ack(options=selective)
    talk.after(2).server.fin(options=selective)

    assert told(talk) == ("client", "FIN", 7, False, "certain" if open_before else "likely")


def test_a_fin_that_was_sent_from_before_what_had_been_captured_of_its_sender_is_a_later_copy() -> None:
    talk, selective = behind_a_hole()
    talk.server.fin(unseen=True, undelivered=True).server.ack()
    talk.server.fin(seq=talk.server.next - 1, options=selective)

    assert told(talk) == ("both", "FIN", 7, False, "certain")


def test_both_are_at_rest_once_the_hole_is_filled() -> None:
    talk, selective = behind_a_hole()
    talk.server.ack(options=selective).server.fin(options=selective)
    talk.client.data(b"x" * 1448, seq=talk.client.next - 1449)
    talk.server.received = talk.client.next
    talk.server.ack().client.ack()

    connection = follow(talk.pcap()).only

    assert story(connection) == ("complete", ("client", "FIN", 7, False, "certain"), ("TIME_WAIT", "TIME_WAIT"))


def test_a_host_that_told_of_the_fin_was_open_when_it_came() -> None:
    talk, selective = behind_a_hole()
    talk.server.ack(options=selective).server.rst()

    connection = follow(talk.pcap()).only

    assert story(connection) == ("complete", ("client", "FIN", 7, False, "certain"), ("CLOSED", "CLOSED"))
