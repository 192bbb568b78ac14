"""The contract's words for a close and for a valid RST, sentence by sentence."""

import pytest

from tests.conversation import Conversation
from tests.follow import follow
from tests.tcp.closes import closed, hello, states


def test_the_first_fin_closes() -> None:
    talk = hello()
    talk.client.fin().server.fin().client.ack()

    assert closed(follow(talk.pcap()).only) == ("client", "FIN", 6)


def test_a_valid_reset_closes() -> None:
    talk = hello()
    talk.server.rst()

    assert closed(follow(talk.pcap()).only) == ("server", "RST", 6)


def test_a_half_open_scan_is_reset_by_the_client() -> None:
    talk = Conversation()
    talk.client.syn().server.syn_ack().client.bare_rst()

    connection = follow(talk.pcap()).only

    assert (connection.opened, closed(connection)) == ("syn_ack", ("client", "RST", 3))


@pytest.mark.parametrize("resetter", ["client", "server"])
def test_a_fin_and_then_a_reset_by_either_side_is_the_fins_close(resetter: str) -> None:
    talk = hello()
    talk.client.fin()
    getattr(talk, resetter).rst()

    assert closed(follow(talk.pcap()).only) == ("client", "FIN", 6)


def test_of_two_fins_the_one_that_the_other_acknowledges_was_first_whatever_the_order_in_the_file() -> None:
    talk = hello()
    talk.client.fin().server.fin()
    talk.packets[-1], talk.packets[-2] = talk.packets[-2], talk.packets[-1]

    assert closed(follow(talk.pcap()).only) == ("client", "FIN", 7)


def test_of_two_fins_that_do_not_know_of_each_other_both_closed() -> None:
    talk = hello()
    talk.server.fin(undelivered=True).client.fin()

    assert closed(follow(talk.pcap()).only) == ("both", "FIN", 6)


def test_the_packet_is_the_first_captured_copy() -> None:
    talk = hello()
    talk.client.fin(undelivered=True).client.fin_again().server.fin().client.ack()

    connection = follow(talk.pcap()).only

    assert (closed(connection), connection.client.fin_packets) == (("client", "FIN", 6), [6, 7])


def test_a_fin_known_by_its_acknowledgement_is_inferred() -> None:
    talk = hello()
    talk.server.fin(unseen=True).client.ack().client.fin().server.ack()

    close = follow(talk.pcap()).only.close

    assert close is not None
    assert (close.first, close.kind, close.inferred, close.packet, close.ts_ns) == ("server", "FIN", True, 0, -1)


def test_a_fin_of_which_only_a_retransmission_was_captured_is_still_the_first() -> None:
    talk = hello()
    talk.client.fin(unseen=True).server.fin().client.fin_again().client.ack().server.ack()

    assert closed(follow(talk.pcap()).only) == ("client", "FIN", 7)


def test_time_stamps_never_decide() -> None:
    talk = hello()
    talk.client.fin().after(-5).server.fin().client.ack()

    assert closed(follow(talk.pcap()).only) == ("client", "FIN", 6)


def test_nobody_closed() -> None:
    assert follow(hello().pcap()).only.close is None


# a valid RST


def test_a_reset_with_the_number_that_the_receiver_expects_is_valid() -> None:
    talk = hello()
    talk.server.data(b"v" * 40, undelivered=True).server.rst(seq=talk.server.next - 40)

    assert closed(follow(talk.pcap()).only) == ("server", "RST", 7)


@pytest.mark.parametrize("offset", [-1, -900_000, 65535, 900_000])
def test_a_reset_out_of_the_window_is_ignored(offset: int) -> None:
    talk = hello()
    talk.server.rst(seq=talk.server.next + offset)

    connection = follow(talk.pcap()).only

    assert (
        closed(connection),
        connection.ignored_resets,
        states(connection),
    ) == (None, [6], ("ESTABLISHED", "ESTABLISHED"))


@pytest.mark.parametrize("offset", [1, 65534])
def test_a_reset_in_the_window_but_not_exact_is_likely_where_nothing_follows(offset: int) -> None:
    talk = hello()
    talk.server.rst(seq=talk.server.next + offset)

    close = follow(talk.pcap()).only.close

    assert close is not None
    assert (close.first, close.kind, close.packet, close.certainty) == ("server", "RST", 6, "likely")


def test_a_reset_in_the_window_is_ignored_where_the_receiver_goes_on() -> None:
    talk = hello()
    talk.server.rst(seq=talk.server.next + 100).client.data(b"more").server.ack()

    connection = follow(talk.pcap()).only

    assert (closed(connection), connection.ignored_resets) == (None, [6])


def test_a_reset_in_the_window_is_ignored_where_the_receiver_challenges_it() -> None:
    talk = hello()
    talk.server.rst(seq=talk.server.next + 100).client.ack()

    connection = follow(talk.pcap()).only

    assert (closed(connection), connection.ignored_resets) == (None, [6])


def test_the_answer_to_a_challenge_resets() -> None:
    talk = hello()
    talk.server.rst(seq=talk.server.next + 100).client.ack().server.bare_rst()

    connection = follow(talk.pcap()).only

    assert (closed(connection), connection.ignored_resets) == (("server", "RST", 8), [6])


def test_an_acknowledgement_of_exactly_its_number_makes_a_reset_certain() -> None:
    talk = hello()
    talk.server.data(b"lost by the capture", unseen=True).server.rst().client.ack()

    close = follow(talk.pcap()).only.close

    assert close is not None
    assert (close.first, close.kind, close.packet, close.certainty) == ("server", "RST", 6, "certain")


def test_a_reset_after_both_fins_changes_no_close_and_leaves_both_closed() -> None:
    talk = hello()
    talk.client.fin().server.fin().client.ack().server.bare_rst()

    connection = follow(talk.pcap()).only

    assert (closed(connection), states(connection)) == (("client", "FIN", 6), ("CLOSED", "CLOSED"))
