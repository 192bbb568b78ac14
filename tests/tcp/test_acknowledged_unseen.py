"""Which acknowledgements of octets that the capture lacks are called so: those that tshark 4.0 says it of."""

import pytest

from tests.conversation import ACK, MASK, Conversation, pcap
from tests.follow import follow
from tests.tcp.closes import hello, notes

WORD = ("client", "ack_lost_segment")


def test_a_fin_that_the_capture_lacks_is_told_of_at_its_first_acknowledgement_only() -> None:
    talk = hello()
    talk.server.fin(unseen=True).client.ack().client.fin().server.ack()

    found = notes(follow(talk.pcap()).only)

    assert found[WORD] == [6]


def test_a_second_hole_is_told_of_when_more_was_captured() -> None:
    talk = hello()
    for _ in range(2):
        talk.server.data(b"lost", unseen=True).server.data(b"seen").client.ack().client.ack(window=9)

    found = notes(follow(talk.pcap()).only)

    assert found[WORD] == [7, 10]


def test_it_is_told_again_when_the_other_side_has_acknowledged_something_new() -> None:
    talk = hello()
    talk.server.data(b"lost", unseen=True).client.ack()
    talk.client.data(b"more").server.ack().server.data(b"lost too", unseen=True).client.ack()

    found = notes(follow(talk.pcap()).only)

    assert found[WORD] == [6, 9]


def test_no_acknowledgement_is_unseen_where_the_capture_has_no_packet_of_the_other_side() -> None:
    talk = hello().server.data(b"answer").client.ack().client.fin().server.ack()

    connection = follow(pcap(packet for packet in talk.packets if packet.sender == "client")).only

    assert notes(connection) == {}
    assert connection.server.missing == 6


def test_a_reset_acknowledges_what_was_not_captured() -> None:
    talk = hello()
    talk.server.data(b"lost", unseen=True).client.rst()

    assert notes(follow(talk.pcap()).only)[WORD] == [6]


def test_the_octets_of_a_capture_that_begins_ahead_of_a_hole_were_not_acknowledged() -> None:
    talk = Conversation().established()
    talk.server.data(b"first", undelivered=True, unseen=True).server.data(b"second").client.ack(ack=5_000_001)
    talk.after(0.3).server.data(b"first", seq=5_000_001)

    found = notes(follow(talk.pcap()).only)

    assert found["server", "retransmission"] == [3]


def test_an_octet_behind_a_segment_that_was_overtaken_is_seen() -> None:
    talk = Conversation().open()
    talk.server.data(b"1").server.ack().client.ack()
    talk.packets[3], talk.packets[4] = talk.packets[4], talk.packets[3]

    assert WORD not in notes(follow(talk.pcap()).only)


def test_octets_behind_more_than_the_numbers_can_skip_are_behind_a_lost_segment() -> None:
    talk = hello()
    talk.server.data(b"a").client.ack()
    talk.server.next += 900_000_000
    talk.client.received = talk.server.next
    talk.client.ack().server.data(b"z" * 100)

    connection = follow(talk.pcap()).only

    assert notes(connection)["server", "lost_segment"] == [9]
    assert connection.server.missing == 900_000_000


@pytest.mark.parametrize("lost", [1_500_000_000, 2_500_000_000, 3_200_000_000])
@pytest.mark.parametrize("closer", ["client", "server"])
def test_who_closed_is_told_behind_gigabytes_that_the_capture_lacks(lost: int, closer: str) -> None:
    talk = hello().server.data(b"answer").client.ack()
    talk.client.received = talk.server.next = (talk.server.next + lost) & MASK
    talk.server.data(b"z" * 100).client.ack()
    first = talk.client if closer == "client" else talk.server
    first.fin()
    first.peer.ack().after(0.1)
    first.peer.fin()
    first.ack()

    connection = follow(talk.pcap()).only

    assert connection.close is not None
    assert (connection.close.first, connection.close.certainty) == (closer, "certain")
    assert connection.server.missing == lost
    assert {connection.client_state, connection.server_state} == {"TIME_WAIT", "CLOSED"}


def test_one_wrong_acknowledgement_of_an_old_number_says_nothing() -> None:
    talk = Conversation(server_isn=0x5FFFFFFC).open().client.data(b"question").server.ack()
    talk.client.ack(ack=0).server.data(b"answer").client.ack()

    assert follow(talk.pcap()).only.server.missing == 0


@pytest.mark.parametrize("taken", [True, False])
def test_nothing_is_lost_between_the_octet_of_a_zero_window_probe_that_was_taken_and_the_next_one(taken: bool) -> None:
    talk = hello().client.data(b"full").server.ack(window=0)
    talk.client.data(b"x", unseen=not taken).server.ack(window=9)
    talk.client.data(b"on it goes").server.ack()

    connection = follow(talk.pcap()).only

    lost = [] if taken else [9]
    assert connection.client.missing == len(lost)
    assert notes(connection).get(("client", "lost_segment"), []) == lost


@pytest.mark.parametrize("times", [1, 2])
def test_the_octet_of_a_keep_alive_behind_octets_that_the_capture_lacks_is_none_of_them(times: int) -> None:
    talk = hello().server.data(b"answer", unseen=True).client.ack()
    for _ in range(times):
        talk.after(60).server.segment(ACK, b"\0", seq=talk.server.next - 1).client.ack(ack=talk.server.next)

    server = follow(talk.server.fin().client.fin().server.ack().pcap()).only.server

    assert (server.octets, server.missing) == (0, 6)


def test_a_last_octet_that_is_pushed_is_one_of_them() -> None:
    talk = hello().server.data(b"answer", unseen=True).client.ack()
    talk.server.data(b"r", seq=talk.server.next - 1)

    server = follow(talk.pcap()).only.server

    assert (server.octets, server.missing) == (1, 5)
