"""FINs that the capture lacks, with what was said before them: the number that acknowledges one tells it."""

import pytest

from tests.conversation import Conversation
from tests.follow import follow
from tests.tcp.closes import hello, story


def lost_answer(**options: object) -> Conversation:
    """The hello was answered, and the capture has the acknowledgement of that alone."""
    talk = Conversation(**options).open()  # type: ignore[arg-type]
    return talk.client.data(b"hello").server.ack().server.data(b"answer", unseen=True).client.ack()


def test_one_number_more_behind_lost_octets_is_a_fin() -> None:
    talk = lost_answer().server.fin(unseen=True).client.ack().after(1).client.fin().server.ack()

    connection = follow(talk.pcap()).only

    assert story(connection) == ("complete", ("server", "FIN", 0, True, "likely"), ("CLOSED", "TIME_WAIT"))
    assert (connection.server.octets, connection.server.missing) == (0, 6)


def test_a_reset_behind_such_a_fin_is_not_the_close() -> None:
    talk = lost_answer().server.fin(unseen=True).client.ack().after(1).client.rst()

    assert story(follow(talk.pcap()).only)[1] == ("server", "FIN", 0, True, "likely")


def test_a_reset_that_acknowledges_one_number_more_tells_of_a_fin_too() -> None:
    talk = lost_answer().server.fin(unseen=True).client.rst()

    assert story(follow(talk.pcap()).only)[1] == ("server", "FIN", 0, True, "likely")


@pytest.mark.parametrize("lost", [2, 5])
def test_more_numbers_at_once_may_be_octets(lost: int) -> None:
    talk = lost_answer().server.data(b"x" * lost, unseen=True).client.ack()

    assert story(follow(talk.pcap()).only)[1:] == (None, ("UNKNOWN", "UNKNOWN"))


def test_where_no_tws_is_spoken_one_number_may_be_an_octet() -> None:
    talk = lost_answer(server_address=("127.0.0.1", 23)).server.data(b"$", unseen=True).client.ack()

    assert story(follow(talk.pcap()).only)[1:] == (None, ("UNKNOWN", "UNKNOWN"))


def test_one_number_more_than_its_own_is_a_fin() -> None:
    talk = hello().server.data(b"answer", unseen=True, undelivered=True).client.data(b"more")
    talk.server.ack().client.segment(0x10, ack=talk.server.next + 1)

    assert story(follow(talk.pcap()).only)[1] == ("server", "FIN", 0, True, "likely")


def test_of_two_such_fins_the_first_is_the_one_that_was_acknowledged_by_the_open_side() -> None:
    talk = lost_answer().server.fin(unseen=True).client.ack().client.fin(unseen=True).server.ack()
    talk.packets[-2:] = talk.packets[:-3:-1]  # the last acknowledgement was captured before the one before it

    connection = follow(talk.pcap()).only

    assert story(connection) == ("complete", ("server", "FIN", 0, True, "likely"), ("CLOSED", "TIME_WAIT"))


def test_a_side_of_which_only_its_last_acknowledgement_was_captured_closed_before_that() -> None:
    talk = Conversation()
    talk.client.syn().server.syn_ack(unseen=True).client.ack().client.data(b"hello").server.ack(unseen=True)
    talk.server.fin(unseen=True).client.ack().after(1).client.fin().server.ack()

    connection = follow(talk.pcap()).only

    assert connection.close is not None
    assert (connection.close.first, connection.close.inferred) == ("server", True)
    assert (connection.client_state, connection.server_state) == ("CLOSED", "TIME_WAIT")


def test_a_keep_alive_of_a_side_known_by_acknowledgements_alone_so_far_is_no_fin() -> None:
    talk = Conversation().established().client.ack().server.data(b"x" * 600, unseen=True).client.ack()
    talk.after(30).server.keep_alive().client.ack()

    connection = follow(talk.pcap()).only

    assert story(connection)[1:] == (None, ("UNKNOWN", "UNKNOWN"))
    assert (connection.server.octets, connection.server.missing) == (0, 600)


@pytest.mark.parametrize("lost", ["octets", "their acknowledgement too", "both directions"])
def test_a_keep_alive_behind_lost_octets_is_no_fin(lost: str) -> None:
    talk = hello().client.ack()
    if lost == "both directions":
        talk.server.data(b"answer", unseen=True).client.ack(unseen=True)
    talk.client.data(b"request", unseen=True).server.ack(unseen=lost != "octets")
    talk.after(7200).client.keep_alive().server.ack().after(7200).client.keep_alive().server.ack()

    connection = follow(talk.pcap()).only

    assert story(connection)[1:] == (None, ("UNKNOWN", "UNKNOWN"))
    assert connection.client.missing == 7


def test_a_keep_alives_octet_takes_nothing_from_a_fin_that_was_acknowledged_and_not_captured() -> None:
    talk = hello().client.fin(unseen=True).server.ack()
    for _ in range(2):
        talk.after(30).client.keep_alive(b"\0").server.ack()

    connection = follow(talk.pcap()).only

    assert story(connection)[1:] == (("client", "FIN", 0, True, "likely"), ("FIN_WAIT_2", "CLOSE_WAIT"))
    assert connection.client.octets == 17
