"""Crafted closings that other tools get wrong, each with its truth: s1 to s11."""

import pytest

from tests.conversation import ACK, RST, Conversation
from tests.follow import follow
from tests.tcp.closes import hello, notes, story


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


def test_s7_a_syn_ack_that_comes_after_the_refusal_finds_nobody() -> None:
    """The refusal overtook it, or a firewall made that: the client was gone when it answered with a RST."""
    talk = Conversation()
    talk.client.syn().server.segment(RST | ACK, seq=talk.server.isn + 1, ack=talk.client.isn + 1, undelivered=True)
    talk.server.syn_ack().client.bare_rst(seq=talk.client.isn + 1)

    connection = follow(talk.pcap()).only

    assert story(connection) == ("refused", ("server", "RST", 2, False, "likely"), ("CLOSED", "CLOSED"))


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

    assert story(connection) == ("midstream", ("client", "FIN", 3, False, "likely"), ("UNKNOWN", "UNKNOWN"))


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
