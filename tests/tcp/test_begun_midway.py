"""Captures that begin in the middle of a connection: what the first numbers of both sides tell of it."""

import pytest

from tests.conversation import Conversation
from tests.follow import follow
from tests.tcp.closes import notes, states

LOST = b"x" * 26


def begun() -> Conversation:
    """An open connection, of which the client's last acknowledgement is the first packet captured."""
    return Conversation().established().client.ack()


def test_octets_between_the_first_acknowledgement_and_the_first_ones_captured_are_missing() -> None:
    talk = begun().server.data(LOST, unseen=True).server.data(b"more").client.ack()

    connection = follow(talk.pcap()).only

    assert (connection.server.octets, connection.server.missing) == (4, 26)
    assert notes(connection) == {}  # nor does tshark 4.0 say anything of them


def test_those_that_nobody_acknowledges_are_a_hole_that_is_not_the_captures() -> None:
    talk = begun().server.data(LOST, unseen=True).server.data(b"more")

    server = follow(talk.pcap()).only.server

    assert [(gap.offset, gap.length, gap.acknowledged) for gap in server.gaps] == [(0, 26, False)]
    assert server.missing == 0


@pytest.mark.parametrize("shown", ["a FIN", "an ACK"])
def test_so_are_those_before_a_segment_without_payload(shown: str) -> None:
    talk = begun().server.data(LOST, unseen=True)
    talk = talk.server.fin() if shown == "a FIN" else talk.server.ack()

    assert follow(talk.client.ack().pcap()).only.server.missing == 26


def test_segments_out_of_order_right_behind_the_first_acknowledgement_are_put_in_order() -> None:
    talk = begun().server.data(b"one, ").server.data(b"two").client.ack()
    talk.packets[1], talk.packets[2] = talk.packets[2], talk.packets[1]

    server = follow(talk.pcap()).only.server

    assert (server.tail, server.octets, server.missing) == (b"one, two", 8, 0)


def test_what_was_acknowledged_before_the_first_packet_is_not_missing() -> None:
    talk = begun().server.data(b"answer").client.ack().client.data(b"request").server.ack()

    connection = follow(talk.pcap()).only

    assert (connection.client.missing, connection.server.missing) == (0, 0)
    assert states(connection) == ("ESTABLISHED", "ESTABLISHED")
