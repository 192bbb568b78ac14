"""Which connection a packet is of: ports used again, several VLANs, numbers that belong nowhere."""

import pytest

from tests.conversation import ACK, RST, SYN, Conversation
from tests.follow import follow
from tests.tcp.closes import hello, story


def test_a_connection_without_life_is_reset_when_its_ports_are_used_again() -> None:
    """RFC 9293 3.5.1, figure 9: the server still has the old connection, which the capture does not show."""
    talk = Conversation(client_isn=400)
    talk.server.received, talk.server.next = 100, 300
    talk.client.syn(undelivered=True).server.ack(undelivered=True).client.bare_rst(seq=100)
    talk.client.syn().server.syn_ack().client.ack().client.data(b"hello").server.ack()

    connection = follow(talk.pcap()).only

    assert story(connection) == ("complete", None, ("ESTABLISHED", "ESTABLISHED"))
    assert (connection.ignored_resets, connection.client.octets) == ([3], 5)


def test_a_connection_without_life_that_was_captured_is_the_one_that_is_reset() -> None:
    old = hello()
    new = old.reuse(90_000_000, 95_000_000)
    new.client.syn(undelivered=True)
    old.server.ack(undelivered=True).client.bare_rst()
    new.client.syn().server.syn_ack().client.ack()

    first, second = follow(new.pcap()).connections

    assert story(first) == ("complete", ("client", "RST", 8, False, "certain"), ("CLOSED", "CLOSED"))
    assert story(second) == ("complete", None, ("ESTABLISHED", "ESTABLISHED"))


def test_the_ports_are_used_again_and_no_syn_was_captured() -> None:
    talk = hello()
    talk.client.fin().server.fin().client.ack()
    later = talk.reuse(700_000_000, 2_900_000_000).established()
    later.client.data(b"z" * 40).server.data(b"q" * 9).client.ack().server.fin().client.fin().server.ack()

    first, second = follow(later.pcap()).connections

    assert story(first) == ("complete", ("client", "FIN", 6, False, "certain"), ("TIME_WAIT", "CLOSED"))
    assert story(second) == ("midstream", ("server", "FIN", 12, False, "certain"), ("CLOSED", "TIME_WAIT"))
    assert (first.client.octets, second.client.octets, second.client.missing) == (17, 40, 0)


def test_a_segment_whose_numbers_both_belong_nowhere_changes_nothing_of_the_connection() -> None:
    talk = hello()
    talk.server.data(b"stray", seq=talk.server.next + 900_000_000, ack=talk.client.next + 800_000_000, undelivered=True)
    talk.server.next = talk.client.received or 0
    talk.server.data(b"answer").client.fin().server.fin().client.ack()

    connection = follow(talk.pcap()).connections[0]

    assert story(connection) == ("complete", ("client", "FIN", 8, False, "certain"), ("TIME_WAIT", "CLOSED"))
    assert (connection.client.missing, connection.server.octets) == (0, 6)


def test_the_last_acknowledgement_behind_megabytes_not_captured_is_of_the_same_connection() -> None:
    talk = hello()
    for end, peer in ((talk.client, talk.server), (talk.server, talk.client)):
        end.next += 20_000_000  # the capture paused while both spoke
        peer.received = end.next
    talk.client.data(b"go on").server.fin().client.fin().server.ack()

    connection = follow(talk.pcap()).only

    assert story(connection) == ("complete", ("server", "FIN", 7, False, "certain"), ("CLOSED", "TIME_WAIT"))
    assert (connection.client.missing, connection.server.missing) == (20_000_000, 20_000_000)


@pytest.mark.parametrize(("client_vlans", "server_vlans"), [((), (7,)), ((8,), (7,)), ((8,), ()), ((5, 6), (7, 6))])
@pytest.mark.parametrize("missing", [0, 3])
def test_a_mirror_port_tags_each_direction_in_its_own_way(
    client_vlans: tuple[int, ...], server_vlans: tuple[int, ...], missing: int
) -> None:
    talk = hello().server.data(b"answer").client.ack().client.fin().server.fin().client.ack()
    for packet in talk.packets:
        packet.vlans = client_vlans if packet.sender == "client" else server_vlans
    del talk.packets[:missing]

    connection = follow(talk.pcap()).only

    opened = "midstream" if missing else "complete"
    assert story(connection) == (opened, ("client", "FIN", 8 - missing, False, "certain"), ("TIME_WAIT", "CLOSED"))
    assert (connection.client.octets, connection.server.octets) == (17, 6)


def test_a_syn_captured_behind_its_answer_in_another_vlan() -> None:
    talk = hello()
    for packet in talk.packets:
        packet.vlans = (7,) if packet.sender == "server" else ()
    talk.packets[:2] = reversed(talk.packets[:2])

    connection = follow(talk.pcap()).only

    assert (connection.opened, connection.roles_from, connection.client.octets) == ("complete", "syn", 17)


def test_a_reset_without_acknowledgement_in_another_vlan() -> None:
    talk = Conversation().established()
    talk.client.data(b"hello").server.bare_rst(seq=talk.server.next, vlans=(7,))

    assert story(follow(talk.pcap()).only)[1] == ("server", "RST", 2, False, "likely")


def test_the_same_ports_in_two_vlans_are_two_connections() -> None:
    first = Conversation(vlans=(7,)).open()
    second = Conversation(client_isn=9_000_000, vlans=(8,), packets=first.packets).open()
    second.client.fin()

    closes = [connection.close for connection in follow(second.pcap()).connections]

    assert [close is None for close in closes] == [True, False]


def test_a_syn_ack_that_answers_an_old_syn_is_reset_and_the_connection_opens() -> None:
    talk = Conversation()
    talk.client.syn().server.segment(SYN | ACK, seq=9_999, ack=talk.client.isn - 500, undelivered=True)
    talk.client.segment(RST, seq=talk.client.isn - 500, window=0)
    talk.server.syn_ack().client.ack().client.data(b"hi").server.ack()

    connection = follow(talk.pcap()).only

    assert story(connection) == ("complete", None, ("ESTABLISHED", "ESTABLISHED"))
    assert (connection.client.octets, connection.ignored_resets) == (2, [3])


@pytest.mark.parametrize("flags", [SYN | ACK, SYN])
def test_ports_are_used_again_where_one_direction_alone_is_tagged(flags: int) -> None:
    talk = Conversation().open().client.fin().server.fin().client.ack()
    for packet in talk.packets:
        packet.vlans = (7,) if packet.sender == "server" else ()
    again = Conversation(client_isn=7_000_000, server_isn=900_000_000, packets=talk.packets)
    first = len(again.packets)
    again.client.syn().server.syn_ack()
    del again.packets[first]  # the capture lacks the new SYN
    again.packets[first].vlans = (7,)
    again.packets[first].flags = flags

    connections = follow(again.pcap()).connections

    assert connections[0].opened == "complete"
    assert len(connections) == 2


@pytest.mark.parametrize("taken", ["the first", "the second"])
def test_of_two_syn_acks_with_different_numbers_the_one_that_the_client_acknowledges_counts(taken: str) -> None:
    talk = Conversation().client.syn()
    other = {"seq": 700_000_000, "ack": talk.client.isn + 1, "undelivered": True}
    if taken == "the first":
        talk.server.syn_ack().server.segment(SYN | ACK, **other)
    else:
        talk.server.segment(SYN | ACK, **other).server.syn_ack()
    talk.server.next = talk.server.isn + 1
    talk.client.ack().client.data(b"hello").server.ack().server.data(b"answer").client.ack()
    talk.server.fin().client.fin().server.ack()

    connection = follow(talk.pcap()).only

    assert story(connection) == ("complete", ("server", "FIN", 9, False, "certain"), ("CLOSED", "TIME_WAIT"))
    assert (connection.server.octets, connection.server.missing) == (6, 0)


@pytest.mark.parametrize("further", [2, 65_537])
def test_ports_are_used_again_at_once_and_nothing_of_the_handshake_was_captured(further: int) -> None:
    """Linux lets the server's numbers begin 65,537 behind those of a connection in TIME_WAIT."""
    old = hello()
    old.client.fin().server.fin().client.ack()
    new = old.reuse(old.client.next + further, old.server.next + further).established()
    new.client.data(b"hello").server.ack().server.fin().client.fin().server.ack()

    first, second = follow(new.pcap()).connections

    assert story(first) == ("complete", ("client", "FIN", 6, False, "certain"), ("TIME_WAIT", "CLOSED"))
    assert story(second) == ("midstream", ("server", "FIN", 11, False, "certain"), ("CLOSED", "TIME_WAIT"))
    assert (first.client.octets, second.client.octets) == (17, 5)


def test_a_syn_ack_that_answers_another_syn_is_not_taken_however_near_its_number_is() -> None:
    talk = Conversation().client.syn()
    talk.server.segment(SYN | ACK, seq=333, ack=talk.client.isn + 5000, undelivered=True)
    talk.client.bare_rst(seq=talk.client.isn + 5000).after(1)
    talk.client.syn().server.syn_ack().client.ack().client.data(b"hello").client.fin().server.ack()

    connection = follow(talk.pcap()).only

    assert story(connection) == ("complete", ("client", "FIN", 8, False, "certain"), ("FIN_WAIT_2", "CLOSE_WAIT"))
    assert connection.ignored_resets == [3]


def test_a_refusal_captured_before_its_syn_is_not_of_the_attempt_before() -> None:
    first = Conversation().client.syn().server.segment(RST | ACK, seq=0)
    second = first.reuse(90_000_000, 0).client.syn().server.segment(RST | ACK, seq=0)
    second.packets[2:] = reversed(second.packets[2:])

    told = [story(connection)[:2] for connection in follow(second.pcap()).connections]

    assert told == [("refused", ("server", "RST", at, False, "certain")) for at in (2, 3)]


def test_who_refused_a_connection_opens_one_of_the_same_ports() -> None:
    refused = Conversation().client.syn().server.segment(RST | ACK, seq=0)
    later = Conversation(
        client_address=refused.server_address,
        server_address=refused.client_address,
        client_isn=700_000_000,
        server_isn=2_900_000_000,
        packets=refused.packets,
    )
    later.open().client.fin().server.fin().client.ack()

    told = [(story(connection)[:2], connection.server.port) for connection in follow(later.pcap()).connections]

    assert told == [
        (("refused", ("server", "RST", 2, False, "certain")), refused.server_address[1]),
        (("complete", ("client", "FIN", 6, False, "certain")), refused.client_address[1]),
    ]
