"""FINs that were lost, inferred, captured too early or too late, and what is no FIN."""

import pytest

from tests.conversation import Conversation
from tests.follow import follow
from tests.tcp.closes import hello, story


def test_a_reset_that_acknowledges_the_fin_came_after_it_although_it_was_captured_before() -> None:
    talk = hello()
    talk.client.fin().server.rst()
    talk.packets[-1], talk.packets[-2] = talk.packets[-2], talk.packets[-1]

    connection = follow(talk.pcap()).only

    assert story(connection) == ("complete", ("client", "FIN", 7, False, "certain"), ("CLOSED", "CLOSED"))


def test_a_reset_that_lies_behind_its_senders_fin_came_after_it_although_it_was_captured_before() -> None:
    talk = hello()
    talk.client.fin().server.data(b"late").client.bare_rst()
    talk.packets[5:] = [talk.packets[6], talk.packets[7], talk.packets[5]]

    connection = follow(talk.pcap()).only

    assert story(connection) == ("complete", ("client", "FIN", 8, False, "certain"), ("CLOSED", "CLOSED"))


def test_a_fin_inferred_on_one_side_and_captured_on_the_other_that_does_not_know_it() -> None:
    talk = hello()
    talk.client.fin(unseen=True, undelivered=True).server.fin()  # the client had sent its FIN before this came
    talk.client.ack()
    talk.server.received = talk.client.next
    talk.server.ack()

    connection = follow(talk.pcap()).only

    assert story(connection)[1] == ("both", "FIN", 6, False, "likely")


def test_a_fin_inferred_behind_the_acknowledgement_of_the_others() -> None:
    talk = hello()
    talk.server.fin().client.ack().client.fin(unseen=True).server.ack()

    connection = follow(talk.pcap()).only

    assert story(connection) == ("complete", ("server", "FIN", 6, False, "certain"), ("CLOSED", "TIME_WAIT"))


def test_an_inferred_fin_and_a_captured_one_that_each_acknowledge_the_other() -> None:
    talk = hello()
    talk.client.fin(unseen=True).server.ack()  # this ACK lies before the server's own FIN, so the client's was first
    talk.server.fin(unseen=True)
    talk.client.fin(seq=talk.client.next - 1)  # again, and now it acknowledges the server's

    connection = follow(talk.pcap()).only

    assert story(connection)[1] == ("client", "FIN", 7, False, "certain")


@pytest.mark.parametrize("closer", ["client", "server"])
def test_of_a_close_only_the_last_acknowledgement_was_captured_which_lies_behind_its_senders_own_fin(
    closer: str,
) -> None:
    talk = hello().server.data(b"answer").client.ack()
    first, second = (talk.client, talk.server) if closer == "client" else (talk.server, talk.client)
    first.fin(unseen=True)
    second.ack(unseen=True)
    second.fin(unseen=True)
    first.ack()

    connection = follow(talk.pcap()).only

    assert story(connection) == ("complete", (closer, "FIN", 0, True, "likely"), ("UNKNOWN", "UNKNOWN"))
    assert (connection.client.missing, connection.server.missing) == (0, 0)


def test_two_inferred_fins_by_what_was_acknowledged_first() -> None:
    talk = hello()
    talk.server.fin(unseen=True).client.ack().client.fin(unseen=True).server.ack()

    connection = follow(talk.pcap()).only

    assert story(connection) == ("complete", ("server", "FIN", 0, True, "likely"), ("CLOSED", "TIME_WAIT"))


def test_a_keep_alive_at_the_start_of_the_capture_is_no_fin() -> None:
    talk = Conversation().established()
    talk.client.keep_alive().server.ack().after(10).client.keep_alive().server.ack()

    connection = follow(talk.pcap()).only

    assert story(connection) == ("midstream", None, ("UNKNOWN", "UNKNOWN"))  # either may have closed before
    assert (connection.client.octets, connection.client.missing) == (0, 0)


def test_a_keep_alive_with_its_octet_at_the_start_of_the_capture_is_no_data() -> None:
    talk = Conversation().established()
    talk.client.keep_alive(b"\0").server.ack().after(10).client.keep_alive(b"\0").server.ack()

    assert follow(talk.pcap()).only.client.octets == 0


def test_octets_behind_a_keep_alive_at_the_start_of_the_capture_are_whole() -> None:
    talk = Conversation().established()
    talk.client.keep_alive(unseen=True).server.ack().client.keep_alive().client.data(b"hello").server.ack()

    connection = follow(talk.pcap()).only

    assert (connection.client.octets, connection.client.missing) == (5, 0)


def test_an_old_fin_below_what_was_acknowledged_closes_nothing() -> None:
    talk = hello()
    talk.client.fin(seq=talk.client.isn + 3).client.data(b"more").server.ack()

    connection = follow(talk.pcap()).only

    assert story(connection) == ("complete", None, ("ESTABLISHED", "ESTABLISHED"))
    assert connection.client.octets == 21


def test_a_fin_ahead_of_the_octets_is_belied_by_the_one_behind_them() -> None:
    talk = hello()
    talk.server.fin(seq=talk.server.next + 900_000, undelivered=True)
    talk.server.next = talk.client.received or 0
    talk.server.data(b"answer").client.ack().client.fin().server.fin().client.ack()

    connection = follow(talk.pcap()).only

    assert story(connection) == ("complete", ("client", "FIN", 9, False, "certain"), ("TIME_WAIT", "CLOSED"))
    assert (connection.server.octets, connection.server.missing) == (6, 0)


def test_a_fin_that_acknowledges_octets_not_captured_may_follow_another_fin() -> None:
    talk = hello()
    talk.client.fin(b"bye", unseen=True).server.fin().client.ack()

    close = follow(talk.pcap()).only.close

    assert close is not None
    assert (close.first, close.certainty) == ("server", "likely")


@pytest.mark.parametrize(
    "talk",
    [
        Conversation()
        .established()
        .server.data(b"x" * 9)
        .client.ack()
        .client.fin(unseen=True)
        .server.fin()
        .client.ack(),
        Conversation().established().client.ack().server.fin(unseen=True).client.fin(),
        hello().client.fin(unseen=True).server.fin(ack=1_000_018).client.ack(),
    ],
    ids=["its numbers began at a FIN or at a keep-alive", "one direction only", "its own number was ahead"],
)
def test_nobody_is_sure_where_the_other_may_have_closed_before(talk: Conversation) -> None:
    close = follow(talk.pcap()).only.close

    assert close is not None
    assert close.certainty == "likely"
