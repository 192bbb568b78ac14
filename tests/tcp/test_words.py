"""The contract's "What the words mean", sentence by sentence."""

import pytest

from capanalyze.analyzer import Analyzer
from capanalyze.capture.files import from_bytes
from capanalyze.tcp.connection import Connection
from tests.conversation import ACK, RST, SYN, Conversation, frames, pcap, pcap_of_frames, pcapng
from tests.follow import follow


def closed(connection: Connection) -> tuple[str, str, int] | None:
    """Who closed first, how, in which packet."""
    close = connection.close
    return None if close is None else (close.first, close.kind, close.packet)


def states(connection: Connection) -> tuple[str, str]:
    return connection.client_state, connection.server_state


def hello() -> Conversation:
    """Handshake (packets 1 to 3), the client's hello and its acknowledgement (4, 5)."""
    talk = Conversation().open()
    return talk.client.data(b"API\0\0\0\0\x09v100..187").server.ack()


# Connection


def test_a_connection_is_told_by_addresses_and_ports() -> None:
    one = Conversation(client_address=("127.0.0.1", 50001)).open()
    other = Conversation(client_address=("127.0.0.1", 50002), packets=one.packets, clock=one.clock).open()

    connections = follow(other.pcap()).connections

    assert [(connection.first_packet, connection.last_packet) for connection in connections] == [(1, 3), (4, 6)]


def test_the_outer_vlan_is_part_of_a_connections_identity() -> None:
    one = Conversation(vlans=(7, 100)).open()
    other = Conversation(vlans=(8, 100), packets=one.packets, clock=one.clock).open()

    connections = follow(other.pcap()).connections

    assert [connection.vlan for connection in connections] == [7, 8]


def test_the_inner_vlan_is_not() -> None:
    talk = Conversation(vlans=(7, 100)).open()
    talk.vlans = (7, 200)
    talk.client.data(b"x")

    assert len(follow(talk.pcap()).connections) == 1


def test_the_interface_is_not_part_of_a_connections_identity() -> None:
    talk = Conversation().open()
    talk.client.data(b"hello", interface=1).server.ack(interface=1)

    assert follow(pcapng(talk.packets, (1, 1))).only.client.octets == 5


def test_a_syn_with_another_number_starts_a_new_connection() -> None:
    talk = hello()
    talk.reuse(77_000_000, 99_000_000).open()

    connections = follow(talk.pcap()).connections

    assert [connection.first_packet for connection in connections] == [1, 6]


def test_a_syn_with_the_same_number_does_not() -> None:
    talk = Conversation()
    talk.client.syn(undelivered=True).client.syn().server.syn_ack().client.ack()

    assert follow(talk.pcap()).only.packets == 4


def test_late_packets_belong_to_the_old_connection() -> None:
    talk = hello()
    talk.reuse(77_000_000, 99_000_000).open()
    talk.client.fin().server.fin().client.ack()

    old, new = follow(talk.pcap()).connections

    assert (closed(old), closed(new)) == (("client", "FIN", 9), None)


# opened


def test_opened_is_complete_after_three_packets() -> None:
    assert follow(Conversation().open().pcap()).only.opened == "complete"


def test_opened_is_syn_ack_without_the_final_ack() -> None:
    talk = Conversation()
    talk.client.syn().server.syn_ack()

    assert follow(talk.pcap()).only.opened == "syn_ack"


def test_opened_is_unanswered_where_only_syns_were_captured() -> None:
    talk = Conversation()
    talk.client.syn().client.syn()

    assert follow(talk.pcap()).only.opened == "unanswered"


def test_opened_is_refused_where_a_valid_reset_answers_the_syn() -> None:
    talk = Conversation()
    talk.client.syn().server.segment(RST | ACK, seq=0, ack=talk.client.isn + 1)

    connection = follow(talk.pcap()).only

    assert (connection.opened, closed(connection)) == ("refused", ("server", "RST", 2))


@pytest.mark.parametrize("fields", [{"flags": RST, "ack": 0}, {"flags": RST | ACK, "ack": 4_000_000}])
def test_a_reset_that_does_not_acknowledge_the_syn_refuses_nothing(fields: dict[str, int]) -> None:
    talk = Conversation()
    talk.client.syn().server.segment(seq=0, **fields)

    connection = follow(talk.pcap()).only

    assert (connection.opened, closed(connection), connection.ignored_resets) == ("unanswered", None, [2])


def test_opened_is_midstream_without_a_syn() -> None:
    talk = Conversation().established()
    talk.client.data(b"x").server.ack()

    assert follow(talk.pcap()).only.opened == "midstream"


def test_opened_is_midstream_with_a_syn_ack_alone() -> None:
    talk = Conversation()
    talk.client.syn(unseen=True).server.syn_ack().client.ack()

    connection = follow(talk.pcap()).only

    assert (connection.opened, connection.roles_from, connection.client.port) == ("midstream", "syn_ack", 50000)
    assert states(connection) == ("ESTABLISHED", "ESTABLISHED")


def test_opened_is_null_where_headers_are_cut_before_the_flags() -> None:
    talk = hello()
    talk.client.fin().server.fin()

    connection = follow(talk.pcap(snaplen=14 + 20 + 13)).only

    assert (
        connection.opened,
        closed(connection),
        connection.client.octets,
        connection.server.octets,
    ) == (None, None, 0, 0)


def test_headers_cut_right_behind_the_flags_are_enough() -> None:
    talk = hello()
    talk.client.fin().server.fin().client.ack()

    connection = follow(talk.pcap(snaplen=14 + 20 + 14)).only

    assert (connection.opened, closed(connection), connection.client.octets) == ("complete", ("client", "FIN", 6), 17)


def test_one_cut_header_does_not_make_the_others_unreadable() -> None:
    talk = hello()
    talk.client.fin().server.fin().client.ack()
    whole = frames(talk.packets)
    cut = [(ts_ns, frame[:40]) if number == 1 else (ts_ns, frame) for number, (ts_ns, frame) in enumerate(whole)]

    assert closed(follow(pcap_of_frames(cut)).only) == ("client", "FIN", 6)


# close


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


# octets and missing


def test_each_octet_counts_once() -> None:
    talk = Conversation().open()
    talk.client.data(b"x" * 100).client.data(b"x" * 60, seq=talk.client.next - 60).server.ack()

    assert follow(talk.pcap()).only.client.octets == 100


def test_octets_are_counted_by_the_headers() -> None:
    talk = Conversation().open()
    talk.client.data(b"x" * 1000).server.data(b"y" * 2000)

    connection = follow(talk.pcap(snaplen=60)).only

    assert (
        connection.client.octets,
        connection.server.octets,
        connection.client.missing,
        connection.server.missing,
    ) == (1000, 2000, 0, 0)


def test_a_keep_alives_garbage_is_no_octet() -> None:
    talk = hello()
    talk.client.keep_alive(b"\0").server.ack()

    assert follow(talk.pcap()).only.client.octets == 17


def test_a_keep_alives_garbage_is_no_octet_where_it_is_the_first_that_is_captured_of_its_sender() -> None:
    talk = Conversation().established()
    talk.client.data(b"hello").server.keep_alive(b"\0").client.ack().server.data(b"answer")

    connection = follow(talk.pcap()).only

    assert (connection.client.octets, connection.server.octets) == (5, 6)


def test_a_pushed_octet_is_no_keep_alives_though_it_is_the_first_and_sent_again() -> None:
    talk = Conversation().established()
    talk.client.data(b"A", undelivered=True).after(1).client.data(b"A", seq=talk.client.next - 1).server.ack()

    assert follow(talk.pcap()).only.client.octets == 1


def test_nothing_beyond_a_sides_own_fin_counts() -> None:
    talk = hello()
    talk.client.fin().client.data(b"beyond")

    assert follow(talk.pcap()).only.client.octets == 17


def test_octets_before_the_fin_captured_after_it_count() -> None:
    talk = hello()
    talk.client.data(b"last words").client.fin()
    talk.packets[-1], talk.packets[-2] = talk.packets[-2], talk.packets[-1]

    assert follow(talk.pcap()).only.client.octets == 27


def test_a_resets_payload_is_no_octet() -> None:
    talk = hello()
    talk.server.segment(RST | ACK, b"go away")

    assert follow(talk.pcap()).only.server.octets == 0


def test_missing_is_what_was_acknowledged_and_not_captured() -> None:
    talk = Conversation().open()
    talk.client.data(b"a" * 10).client.data(b"b" * 5000, unseen=True).client.data(b"c" * 10).server.ack()

    connection = follow(talk.pcap()).only

    assert (connection.client.octets, connection.client.missing) == (20, 5000)


def test_what_was_lost_and_not_acknowledged_is_not_missing() -> None:
    talk = Conversation().open()
    talk.client.data(b"a" * 10).server.ack().client.data(b"b" * 5000, unseen=True, undelivered=True).client.data(
        b"c" * 10
    )

    connection = follow(talk.pcap()).only

    assert (connection.client.octets, connection.client.missing) == (20, 0)


def test_what_is_missing_at_the_end_is_missing_too() -> None:
    talk = Conversation().open()
    talk.client.data(b"a" * 10).client.data(b"b" * 500, unseen=True).server.ack()

    assert follow(talk.pcap()).only.client.missing == 500


def test_octets_captured_late_are_not_missing() -> None:
    talk = Conversation().open()
    talk.client.data(b"a" * 10).client.data(b"b" * 500)
    late = talk.packets.pop()
    for _ in range(40):
        talk.client.data(b"c" * 10).server.ack()
    talk.packets.append(late)

    connection = follow(talk.pcap()).only

    assert (connection.client.octets, connection.client.missing) == (910, 0)


# states


def end(*steps: str) -> tuple[str, str]:
    """States after the hello and some steps, each written as side.step."""
    talk = hello()
    for step in steps:
        side, name, *options = step.split(".")
        getattr(getattr(talk, side), name)(**dict.fromkeys(options, True))
    return states(follow(talk.pcap()).only)


def test_syn_only_is_syn_sent_and_unknown() -> None:
    talk = Conversation()
    talk.client.syn()

    assert states(follow(talk.pcap()).only) == ("SYN_SENT", "UNKNOWN")


def test_open_is_established() -> None:
    assert end() == ("ESTABLISHED", "ESTABLISHED")


def test_a_fin_not_acknowledged_is_fin_wait_1_and_unknown() -> None:
    assert end("client.fin") == ("FIN_WAIT_1", "UNKNOWN")


def test_a_fin_acknowledged_is_fin_wait_2_and_close_wait() -> None:
    assert end("client.fin", "server.ack") == ("FIN_WAIT_2", "CLOSE_WAIT")


def test_a_fin_acknowledged_the_other_way_round() -> None:
    assert end("server.fin", "client.ack") == ("CLOSE_WAIT", "FIN_WAIT_2")


def test_a_second_fin_not_acknowledged_is_unknown_and_last_ack() -> None:
    assert end("client.fin", "server.fin") == ("UNKNOWN", "LAST_ACK")


def test_all_acknowledged_is_time_wait_for_the_first_closer_and_closed_for_the_second() -> None:
    assert end("client.fin", "server.fin", "client.ack") == ("TIME_WAIT", "CLOSED")


def test_simultaneous_and_all_acknowledged_is_time_wait_twice() -> None:
    talk = hello()
    talk.client.fin(undelivered=True).server.fin()
    talk.server.received = talk.client.next
    talk.client.ack().server.ack()

    assert states(follow(talk.pcap()).only) == ("TIME_WAIT", "TIME_WAIT")


def test_simultaneous_and_one_acknowledged_is_closing_for_the_side_that_waits() -> None:
    talk = hello()
    talk.client.fin(undelivered=True).server.fin().client.ack()

    assert states(follow(talk.pcap()).only) == ("CLOSING", "UNKNOWN")


def test_a_valid_reset_leaves_both_closed() -> None:
    assert end("client.rst") == ("CLOSED", "CLOSED")


def test_refused_leaves_both_closed() -> None:
    talk = Conversation()
    talk.client.syn().server.segment(RST | ACK, seq=0, ack=talk.client.isn + 1)

    assert states(follow(talk.pcap()).only) == ("CLOSED", "CLOSED")


def test_cut_headers_leave_the_states_unknown() -> None:
    assert states(follow(hello().pcap(snaplen=40)).only) == ("UNKNOWN", "UNKNOWN")


def test_a_syn_ack_without_its_final_ack_proves_syn_received_alone() -> None:
    talk = Conversation()
    talk.client.syn().server.syn_ack()

    assert states(follow(talk.pcap()).only) == ("UNKNOWN", "SYN_RECEIVED")


# roles


def test_roles_come_from_the_syn() -> None:
    talk = Conversation(("10.0.0.1", 4001), ("10.0.0.2", 50000)).open()

    connection = follow(talk.pcap()).only

    assert (connection.roles_from, connection.server.port) == ("syn", 50000)


def test_roles_come_from_the_syn_even_where_it_was_captured_late() -> None:
    talk = Conversation().open()
    talk.packets[0], talk.packets[1] = talk.packets[1], talk.packets[0]

    connection = follow(talk.pcap()).only

    assert (connection.roles_from, connection.opened, connection.server.port) == ("syn", "complete", 4001)


def test_roles_come_from_the_port_where_no_syn_was_captured() -> None:
    talk = Conversation().established()
    talk.server.data(b"x").client.ack()

    connection = follow(talk.pcap()).only

    assert (connection.roles_from, connection.server.port) == ("port", 4001)


def test_roles_come_from_the_hello_where_neither_port_tells() -> None:
    talk = Conversation(server_address=("127.0.0.1", 9999)).established()
    talk.server.ack().client.data(b"API\0\0\0\0\x09v100..187").server.ack()
    analyzer = Analyzer()
    for window in from_bytes(talk.pcap()).windows():
        analyzer.feed(window)
    analyzer.finish()
    (connection,) = analyzer.connections

    assert (connection.roles_from, connection.server.port) == ("hello", 9999)


def test_roles_come_from_the_first_packet_where_nothing_else_tells() -> None:
    talk = Conversation(server_address=("127.0.0.1", 9999)).established()
    talk.server.data(b"x").client.ack()

    connection = follow(talk.pcap()).only

    assert (connection.roles_from, connection.client.port) == ("first_packet", 9999)


# packet


def test_packets_are_counted_over_the_packets_of_the_file() -> None:
    talk = hello()
    udp = bytes(12) + b"\x08\x00" + bytes.fromhex("4500001c000000004011") + bytes(18)
    mixed = [(0, udp), *frames(talk.packets[:3]), (0, udp), *frames(talk.packets[3:])]

    connection = follow(pcap_of_frames(mixed)).only

    assert (connection.first_packet, connection.last_packet) == (2, 7)


def test_a_syn_that_carries_fin_or_reset_is_no_connection_request() -> None:
    talk = Conversation().established()
    talk.client.segment(SYN | RST, seq=5)

    assert follow(pcap(talk.packets)).only.opened == "midstream"
