"""Crafted closings that other tools get wrong, each with its truth: s1 to s11."""

import pytest

from capanalyze.tcp.connection import Connection
from tests.conversation import ACK, RST, SYN, Conversation
from tests.follow import follow


def story(connection: Connection) -> tuple[str | None, tuple[str, str, int, bool, str] | None, tuple[str, str]]:
    """opened, close (first, kind, packet, inferred, certainty), states of client and server."""
    close = connection.close
    told = None if close is None else (close.first, close.kind, close.packet, close.inferred, close.certainty)
    return connection.opened, told, (connection.client_state, connection.server_state)


def notes(connection: Connection) -> dict[tuple[str, str], list[int]]:
    """Side and word -> packets."""
    return {(connection.side_name(note.side), note.note): note.packets for note in connection.notes}


def hello() -> Conversation:
    """Handshake (packets 1 to 3), the client's hello and its acknowledgement (4, 5)."""
    talk = Conversation().open()
    return talk.client.data(b"API\0\0\0\0\x09v100..187").server.ack()


def test_s1_neither_fin_acknowledges_the_other() -> None:
    talk = hello()
    talk.server.fin(undelivered=True).client.fin()
    talk.client.received = talk.server.next
    talk.server.ack().client.ack()

    connection = follow(talk.pcap()).only

    assert story(connection) == ("complete", ("both", "FIN", 6, False, "certain"), ("TIME_WAIT", "TIME_WAIT"))


def test_s2_a_fin_and_a_reset_by_the_same_side() -> None:
    talk = hello()
    talk.step_ns = 200_000
    talk.client.fin().client.rst()

    connection = follow(talk.pcap()).only

    assert story(connection) == ("complete", ("client", "FIN", 6, False, "certain"), ("CLOSED", "CLOSED"))


def test_s3_a_reset_far_out_of_the_window_and_a_fin_by_the_same_side_later() -> None:
    talk = hello()
    talk.server.rst(seq=talk.server.next + 900_000).client.data(b"still here").server.fin().client.fin().server.ack()

    connection = follow(talk.pcap()).only

    assert story(connection) == ("complete", ("server", "FIN", 8, False, "certain"), ("CLOSED", "TIME_WAIT"))
    assert (connection.ignored_resets, notes(connection)) == ([6], {})


def test_s4_a_reset_in_the_window_is_challenged_and_the_connection_goes_on() -> None:
    talk = hello()
    talk.server.rst(seq=talk.server.next + 900).client.ack().server.data(b"answer").client.ack()
    talk.client.fin().server.fin().client.ack()

    connection = follow(talk.pcap()).only

    assert story(connection) == ("complete", ("client", "FIN", 10, False, "certain"), ("TIME_WAIT", "CLOSED"))
    assert (connection.ignored_resets, connection.conn_state) == ([6], "SF")


def test_s5_a_fin_that_only_its_acknowledgement_shows() -> None:
    talk = hello()
    talk.server.fin(unseen=True).client.ack().client.fin().server.ack()

    connection = follow(talk.pcap()).only

    assert story(connection) == ("complete", ("server", "FIN", 0, True, "likely"), ("CLOSED", "TIME_WAIT"))
    assert (connection.server.octets, connection.server.missing) == (0, 0)


def test_s6_a_fin_sent_four_times_and_never_answered() -> None:
    talk = hello()
    talk.client.fin()
    for wait in (0.2, 0.4, 0.8):
        talk.after(wait).client.fin_again()

    connection = follow(talk.pcap()).only

    assert story(connection) == ("complete", ("client", "FIN", 6, False, "likely"), ("FIN_WAIT_1", "UNKNOWN"))
    assert (
        connection.client.fin_packets,
        notes(connection),
    ) == ([6, 7, 8, 9], {("client", "retransmission"): [7, 8, 9]})
    assert [event.flag for event in connection.events if event.kind == "FIN"] == ["", "retransmission"]


def test_s7_a_refused_syn_repeated_until_it_is_accepted() -> None:
    talk = Conversation()
    for _ in range(2):  # Windows tries again, with the same number, half a second after each RST
        talk.client.syn(undelivered=True).server.segment(RST | ACK, seq=0, ack=talk.client.isn + 1).after(0.5)
    talk.client.syn().server.syn_ack().client.ack().client.fin().server.fin().client.ack()

    connection = follow(talk.pcap()).only

    assert story(connection) == ("complete", ("client", "FIN", 8, False, "certain"), ("TIME_WAIT", "CLOSED"))
    assert (connection.conn_state, connection.server.rst_packets) == ("SF", [2, 4])


@pytest.mark.parametrize("speaks", ["client", "server"])
def test_s7_a_refused_syn_is_accepted_at_last_by_a_syn_ack_that_is_not_captured(speaks: str) -> None:
    talk = Conversation()
    talk.client.syn(undelivered=True).server.segment(RST | ACK, seq=0, ack=talk.client.isn + 1).after(0.5)
    talk.client.syn().server.syn_ack(unseen=True).client.ack(unseen=speaks == "server").server.data(b"hello")
    talk.client.fin().server.fin().client.ack()

    connection = follow(talk.pcap()).only

    assert (connection.opened, connection.client_state, connection.server_state) == ("complete", "TIME_WAIT", "CLOSED")
    assert connection.close is not None
    assert (connection.close.first, connection.close.kind) == ("client", "FIN")


def test_s7_a_refused_syn_repeated_in_vain() -> None:
    talk = Conversation()
    for _ in range(3):
        talk.client.syn(undelivered=True).server.segment(RST | ACK, seq=0, ack=talk.client.isn + 1).after(0.5)

    connection = follow(talk.pcap()).only

    assert story(connection) == ("refused", ("server", "RST", 2, False, "certain"), ("CLOSED", "CLOSED"))
    assert (connection.conn_state, connection.packets) == ("REJ", 6)


def test_s8_a_reset_and_nothing_else() -> None:
    talk = Conversation().established()
    talk.server.bare_rst()

    connection = follow(talk.pcap()).only

    # a host answers so what comes for a connection that it has no more (RFC 9293 3.5.2): a FIN may have been before it
    assert story(connection) == ("midstream", ("server", "RST", 1, False, "likely"), ("CLOSED", "CLOSED"))
    assert (connection.roles_from, connection.server.port) == ("port", 4001)


@pytest.mark.parametrize("off", [-70_000, -1, 900, 5000])
def test_s8_a_reset_and_its_sender_goes_on(off: int) -> None:
    talk = Conversation().established()
    talk.server.rst(seq=talk.server.next + off).client.ack().server.data(bytes(1000)).client.ack()
    talk.client.fin().server.fin().client.ack()

    connection = follow(talk.pcap()).only

    assert story(connection) == ("midstream", ("client", "FIN", 5, False, "certain"), ("TIME_WAIT", "CLOSED"))
    assert (connection.ignored_resets, connection.conn_state) == ([1], "SF")


def test_s8_a_reset_and_its_sender_goes_on_acknowledging() -> None:
    talk = Conversation().established()
    talk.server.rst(seq=talk.server.next + 900).client.ack().client.fin().server.ack()

    connection = follow(talk.pcap()).only

    assert story(connection) == ("midstream", ("client", "FIN", 3, False, "likely"), ("FIN_WAIT_2", "CLOSE_WAIT"))


def test_s8_a_refusal_and_the_syn_is_repeated_until_it_is_accepted() -> None:
    talk = Conversation()
    talk.client.syn(undelivered=True, unseen=True).server.segment(RST | ACK, seq=0, ack=talk.client.isn + 1).after(0.5)
    talk.client.syn().server.syn_ack().client.ack()

    connection = follow(talk.pcap()).only

    assert story(connection) == ("complete", None, ("ESTABLISHED", "ESTABLISHED"))
    assert connection.ignored_resets == [1]


def test_s8_a_reset_and_what_crossed_it() -> None:
    talk = Conversation().established()
    talk.server.rst().client.data(b"hello").client.data(b"again").client.fin()

    connection = follow(talk.pcap()).only

    # on the client's host the FIN may have been captured first
    assert story(connection) == ("midstream", ("server", "RST", 1, False, "likely"), ("CLOSED", "CLOSED"))


def test_s9_four_syns_unanswered() -> None:
    talk = Conversation()
    for wait in (1, 2, 4, 8):
        talk.client.syn().after(wait)

    connection = follow(talk.pcap()).only

    assert story(connection) == ("unanswered", None, ("SYN_SENT", "UNKNOWN"))
    assert (connection.conn_state, notes(connection)) == ("S0", {("client", "retransmission"): [2, 3, 4]})


def test_s10_ports_used_again_while_the_old_connections_packets_still_come() -> None:
    old = hello()
    new = old.reuse(1_000_000 + 15_625_000, 5_000_000 + 15_625_000).open()  # Linux: one second later
    old.clock = new.clock
    old.server.data(b"late answer").client.bare_rst()
    new.clock = old.clock
    new.client.data(b"new hello").server.ack().server.fin().client.fin().server.ack()

    first, second = follow(new.pcap()).connections

    assert story(first) == ("complete", ("client", "RST", 10, False, "certain"), ("CLOSED", "CLOSED"))
    assert story(second) == ("complete", ("server", "FIN", 13, False, "certain"), ("CLOSED", "TIME_WAIT"))
    assert (first.server.octets, second.server.octets, second.client.octets) == (11, 0, 9)


@pytest.mark.parametrize("further", [1, 10_000])
def test_what_is_sent_again_is_of_the_new_connection_whose_numbers_begin_near_those_of_the_old_one(
    further: int,
) -> None:
    old = hello()
    old.client.fin().server.fin().client.ack()
    new = old.reuse(old.client.next + further, old.server.next + further).open()
    new.client.data(bytes(2 * further), undelivered=True).client.data(bytes(1400)).client.data(bytes(900))
    new.client.segment(ACK, bytes(2 * further), seq=new.client.isn + 1)
    new.server.ack(ack=new.client.next)

    first, second = follow(new.pcap()).connections

    assert (first.packets, second.packets) == (8, len(new.packets) - 8)
    assert (second.client.octets, second.client.missing) == (2 * further + 2300, 0)


def test_s10_a_fin_retransmitted_with_the_data_before_it() -> None:
    talk = hello()
    talk.client.data(b"last words", undelivered=True).client.fin(undelivered=True)
    talk.after(0.2).client.fin(b"last words", seq=talk.client.next - 11).server.ack().server.fin().client.ack()

    connection = follow(talk.pcap()).only

    assert story(connection) == ("complete", ("client", "FIN", 7, False, "certain"), ("TIME_WAIT", "CLOSED"))
    assert (connection.client.octets, connection.client.fin_packets) == (27, [7, 8])


def test_s11_the_server_closes_before_the_hello_and_resets_it() -> None:
    talk = Conversation().open()
    talk.server.fin(undelivered=True).client.data(b"API\0").server.bare_rst()

    connection = follow(talk.pcap()).only

    assert story(connection) == ("complete", ("server", "FIN", 4, False, "certain"), ("CLOSED", "CLOSED"))
    assert connection.client.octets == 4


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

    states = ("TIME_WAIT", "CLOSED") if closer == "client" else ("CLOSED", "TIME_WAIT")
    assert story(connection) == ("complete", (closer, "FIN", 0, True, "likely"), states)
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

    assert story(connection) == ("midstream", None, ("ESTABLISHED", "ESTABLISHED"))
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

    assert story(follow(talk.pcap()).only)[1] == ("server", "RST", 2, False, "certain")


def test_the_same_ports_in_two_vlans_are_two_connections() -> None:
    first = Conversation(vlans=(7,)).open()
    second = Conversation(client_isn=9_000_000, vlans=(8,), packets=first.packets).open()
    second.client.fin()

    closes = [connection.close for connection in follow(second.pcap()).connections]

    assert [close is None for close in closes] == [True, False]


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
