"""The contract's "What the words mean", sentence by sentence."""

import pytest

from capanalyze.analyzer import Analyzer
from capanalyze.capture.files import from_bytes
from tests.conversation import ACK, RST, SYN, Conversation, frames, pcap, pcap_of_frames, pcapng
from tests.follow import follow
from tests.tcp.closes import closed, hello, states


def test_a_connection_is_told_by_addresses_and_ports() -> None:
    one = Conversation(client_address=("127.0.0.1", 50001)).open()
    other = Conversation(client_address=("127.0.0.1", 50002), packets=one.packets, clock=one.clock).open()

    connections = follow(other.pcap()).connections

    assert [(connection.first_packet, connection.last_packet) for connection in connections] == [(1, 3), (4, 6)]


def test_the_outer_vlan_is_part_of_a_connections_identity() -> None:
    one = Conversation(vlans=(7, 100)).open()
    other = Conversation(vlans=(8, 100), packets=one.packets, clock=one.clock).open()

    connections = follow(other.pcap()).connections

    assert [connection.orig.key[-2:] for connection in connections] == [b"\0\7", b"\0\10"]


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


@pytest.mark.parametrize(
    ("client", "server", "roles_from", "taken_for_client"),
    [
        (50000, 4003, "port", 50000),
        (32768, 32767, "port", 32768),
        (50000, 40001, "first_packet", 40001),
        (5000, 4003, "first_packet", 4003),
    ],
    ids=["docker's", "the first that Linux chooses", "both high", "both low"],
)
def test_a_port_that_systems_choose_is_the_client_s_and_else_the_first_packet_is_taken_for_its(
    client: int, server: int, roles_from: str, taken_for_client: int
) -> None:
    talk = Conversation(("127.0.0.1", client), ("127.0.0.1", server)).established()
    talk.server.data(b"x").client.ack()

    connection = follow(talk.pcap()).only

    assert (connection.roles_from, connection.client.port) == (roles_from, taken_for_client)


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
