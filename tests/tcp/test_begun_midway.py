"""Captures that begin in the middle of a connection: what the first numbers of both sides tell of it."""

import pytest

from tests.conversation import Conversation, pcap
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


def test_who_only_acknowledges_may_have_closed_before_the_capture_began() -> None:
    half_closed = Conversation().established()
    half_closed.client.fin(unseen=True).server.ack(unseen=True)
    open_still = Conversation().established()

    for talk in (half_closed, open_still):
        talk.server.data(b"more").client.ack()

        assert states(follow(talk.pcap()).only) == ("UNKNOWN", "UNKNOWN")


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("side", ["client", "server"])
def test_one_direction_alone_tells_no_state(side: str, whole: bool) -> None:
    talk = Conversation().open() if whole else Conversation().established()
    talk.client.data(b"request").server.data(b"answer").client.ack()
    for until in ("open", "the client's FIN", "both FINs"):
        if until != "open":
            talk = talk.client.fin().server.ack() if until == "the client's FIN" else talk.server.fin().client.ack()
        one_way = pcap(packet for packet in talk.packets if packet.sender == side)

        assert states(follow(one_way).only) == ("UNKNOWN", "UNKNOWN")


def test_a_reset_ends_both_of_which_one_direction_is_captured() -> None:
    talk = Conversation().established().client.data(b"request").server.data(b"answer").client.rst()

    assert states(follow(pcap(packet for packet in talk.packets if packet.sender == "client")).only) == (
        "CLOSED",
        "CLOSED",
    )
