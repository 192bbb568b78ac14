"""Packets that the capture holds twice are copies: they are counted, and are no retransmissions."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from capanalyze.analyzer import Analyzer
from capanalyze.capture.files import from_bytes
from capanalyze.tcp.connection import Connection
from capanalyze.tcp.copies import SUSPICION, WATCH
from tests.conversation import (
    ETHERNET,
    MASK,
    SACK_PERMITTED,
    SLL,
    START_NS,
    Conversation,
    Packet,
    pcap,
    pcapng,
    timestamps,
)
from tests.follow import follow

MICROSECOND = 1_000


def dialogue(messages: int = 5) -> Conversation:
    talk = Conversation(step_ns=50 * MICROSECOND).open()
    for number in range(messages):
        talk.client.data(b"request" * (number + 1)).server.ack().server.data(b"answer" * 9).client.ack()
    talk.client.fin().server.fin().client.ack()
    return talk


def twice(packets: list[Packet], behind: int, apart_ns: int = 3 * MICROSECOND, **fields: object) -> list[Packet]:
    """Every packet and, ``behind`` packets later, its copy."""
    copies = [replace(one, ts_ns=one.ts_ns + apart_ns, **fields) for one in packets]  # type: ignore[arg-type]
    mixed: list[Packet] = []
    for at in range(len(packets) + behind):
        mixed += packets[at : at + 1]
        mixed += copies[at - behind : at - behind + 1] if at >= behind else []
    return mixed


def words(connection: Connection) -> set[str]:
    return {note.note for note in connection.notes}


@pytest.mark.parametrize("link", [SLL, ETHERNET])
@pytest.mark.parametrize("behind", [0, 1, 2, 7])
def test_every_packet_seen_twice(behind: int, link: int) -> None:
    talk = dialogue()

    followed = follow(pcap(twice(talk.packets, behind), link))
    connection = followed.only

    assert (words(connection), connection.copies) == (set(), len(talk.packets))
    assert followed.stream("client") == [b"".join(b"request" * (number + 1) for number in range(5))]
    assert (connection.client_state, connection.server_state) == ("TIME_WAIT", "CLOSED")


def test_copies_at_two_interfaces_whose_clocks_differ() -> None:
    talk = dialogue()
    packets = twice(talk.packets, 0, apart_ns=-2_000_000_000, interface=1)

    connection = follow(pcapng(packets, (1, 1))).only

    assert (words(connection), connection.copies) == (set(), len(talk.packets))


class Unfilled(Packet):
    """As the sending host sees it: the network card has not filled in the checksum yet."""

    def tcp(self) -> bytes:
        segment = super().tcp()
        return segment[:16] + b"\xfe\x28" + segment[18:]


@pytest.mark.parametrize("ahead_ns", [0, 3_000_000, -3_000_000, 2_000_000_000])
@pytest.mark.parametrize("options", [b"", SACK_PERMITTED, timestamps(7, 8)], ids=["none", "4 octets", "time stamps"])
def test_copies_at_both_hosts_of_which_the_senders_have_no_checksum_yet(ahead_ns: int, options: bytes) -> None:
    talk = dialogue()
    packets: list[Packet] = []
    for one in talk.packets:
        sent = Unfilled(**vars(replace(one, options=options)))
        for interface, host in enumerate(("client", "server")):
            ts_ns = one.ts_ns + interface * ahead_ns + (20 * MICROSECOND if one.sender != host else 0)
            seen = sent if one.sender == host else Packet(**vars(sent))
            packets.append(replace(seen, interface=interface, ts_ns=ts_ns))
    packets.sort(key=lambda one: one.ts_ns)

    connection = follow(pcapng(packets, (1, 1))).only

    assert (words(connection), connection.copies) == (set(), len(talk.packets))
    assert (connection.client_state, connection.server_state) == ("TIME_WAIT", "CLOSED")


@pytest.mark.parametrize("messages", [1, 5, 400, 2000])
def test_the_packets_of_a_second_interface_behind_those_of_the_first(messages: int) -> None:
    talk = dialogue(messages)
    again = [replace(one, interface=1, ts_ns=one.ts_ns + 500) for one in talk.packets]

    followed = follow(pcapng(talk.packets + again, (1, 1)))
    connection = followed.only

    assert (words(connection), connection.copies) == (set(), len(talk.packets))
    assert connection.history == "ShADadFf"


def test_what_was_sent_again_is_no_copy_where_a_second_interface_has_copies() -> None:
    talk = Conversation(step_ns=50 * MICROSECOND).open()
    talk.client.data(b"hello").server.ack().server.data(b"answer").client.ack().client.data(b"again").server.ack()
    both = twice(talk.packets, 0, interface=1)
    talk.client.data(b"again", seq=talk.client.next - 5)

    connection = follow(pcapng([*both, replace(talk.packets[-1], interface=1)], (1, 1))).only

    assert connection.copies == len(talk.packets) - 1
    assert words(connection) == {"spurious_retransmission"}


@pytest.mark.parametrize("begins_late", [False, True])
def test_octets_that_the_first_interface_lost_are_no_copy_on_the_second(begins_late: bool) -> None:
    talk = Conversation(step_ns=50 * MICROSECOND)
    talk = talk.established() if begins_late else talk.open()
    for number in range(30):
        talk.client.data(bytes([number]) * 10).server.ack()
    lost = talk.packets.pop(0 if begins_late else 9)
    again = [replace(one, interface=1, ts_ns=one.ts_ns + 10**9) for one in talk.packets]
    again.insert(9, replace(lost, interface=1))

    connection = follow(pcapng(talk.packets + again, (1, 1))).only

    assert (connection.client.octets, connection.client.missing) == (300, 0)
    assert connection.copies == len(talk.packets)


def test_octets_that_were_overtaken_are_no_copy() -> None:
    talk = Conversation().established()
    talk.client.ack().server.data(b"one").server.data(b"two").server.data(b"three").server.data(b"four").client.ack()
    talk.packets[1:5] = [talk.packets[at] for at in (3, 1, 4, 2)]

    connection = follow(talk.pcap()).only

    assert (connection.server.octets, connection.server.missing, connection.copies) == (15, 0, 0)


def test_a_syn_that_the_first_interface_lost_is_no_copy_on_the_second() -> None:
    talk = dialogue()
    again = [replace(one, interface=1, ts_ns=one.ts_ns + 10**9) for one in talk.packets]

    connection = follow(pcapng([*talk.packets[2:], *again[1:], again[0]], (1, 1))).only

    assert (connection.opened, connection.roles_from) == ("complete", "syn")


@pytest.mark.parametrize("close", ["fin", "rst"])
def test_a_close_is_no_copy_where_a_second_interface_has_copies_whatever_its_identification(close: str) -> None:
    talk = Conversation(step_ns=50 * MICROSECOND).open()
    for _ in range(9):
        talk.server.data(b"tick").client.ack()
    getattr(talk.server, close)(ip_id=talk.server.ip_id - 4)
    nearer = [replace(one, interface=0 if one.sender == "client" else 1) for one in talk.packets]
    packets = [seen for one in nearer for seen in (one, replace(one, interface=1 - one.interface))]

    connection = follow(pcapng(packets, (1, 1))).only

    assert connection.close is not None
    assert (connection.close.first, connection.close.kind, connection.copies) == (
        "server",
        close.upper(),
        len(talk.packets),
    )


def test_copies_without_an_identification() -> None:
    addresses = {"client_address": ("::1", 50000), "server_address": ("::1", 4001)}
    talk = Conversation(**addresses, step_ns=50 * MICROSECOND).open()  # type: ignore[arg-type]
    talk.client.data(b"hello").server.ack().client.fin().server.fin().client.ack()

    connection = follow(pcap(twice(talk.packets, 0))).only

    assert (words(connection), connection.copies) == (set(), len(talk.packets))


@pytest.mark.parametrize("before", [0, 40])
def test_copies_of_a_host_whose_syn_ack_has_no_identification(before: int) -> None:
    talk = dialogue(20)
    talk.packets[1].ip_id = 0  # as Linux sends it; those after it are counted
    packets = talk.packets[:before] + twice(talk.packets[before:], 0, apart_ns=30_000_000)

    connection = follow(pcap(packets)).only

    assert (words(connection), connection.copies) == (set(), len(talk.packets) - before)


def test_copies_begin_in_the_middle_of_the_capture() -> None:
    talk = dialogue(20)
    packets = talk.packets[:40] + twice(talk.packets[40:], 0)

    connection = follow(pcap(packets)).only

    assert (words(connection), connection.copies) == (set(), len(packets) - len(talk.packets))


def test_fins_and_resets_seen_twice_are_listed_and_told_once() -> None:
    talk = dialogue(1)
    talk.server.bare_rst(ip_id=9)

    connection = follow(pcap(twice(talk.packets, 0))).only

    assert [event.kind for event in connection.events if event.kind in {"FIN", "RST"}] == ["FIN", "FIN", "RST"]
    assert [event.count for event in connection.events if event.kind in {"FIN", "RST"}] == [1, 1, 1]
    assert (len(connection.client.fin_packets), len(connection.server.rst_packets)) == (2, 2)


def retransmission(talk: Conversation) -> None:
    talk.client.data(b"hello").after(0.2).client.data(b"hello", seq=talk.client.next - 5)


def fast_retransmission(talk: Conversation) -> None:
    talk.client.data(b"one", undelivered=True).client.data(b"two", undelivered=True).client.data(
        b"three", undelivered=True
    )
    talk.server.ack().server.ack().server.ack().client.data(b"one", seq=talk.client.next - 11)


def without_identification(talk: Conversation) -> None:
    talk.client.data(b"hello", ip_id=0).after(0.2).client.data(b"hello", seq=talk.client.next - 5, ip_id=0)


def always_the_same_identification(talk: Conversation) -> None:
    talk.client.data(b"hello", ip_id=1).server.ack(undelivered=True).client.data(b"again", ip_id=1)
    talk.client.data(b"again", ip_id=1, seq=talk.client.next - 5)


@pytest.mark.parametrize(
    "send", [retransmission, fast_retransmission, without_identification, always_the_same_identification]
)
def test_what_was_sent_again_is_no_copy(send: Callable[[Conversation], None]) -> None:
    talk = Conversation().open()
    talk.step_ns = 2_000_000
    send(talk)

    connection = follow(talk.pcap()).only

    assert connection.copies == 0
    assert any("retransmission" in word for word in words(connection))


def test_a_syn_repeated_with_the_same_identification_is_a_syn_repeated() -> None:
    talk = Conversation()
    for wait in (1, 2):
        talk.client.syn(ip_id=1).after(wait)

    connection = follow(talk.pcap()).only

    assert (connection.copies, words(connection)) == (0, {"retransmission"})


def test_duplicate_acks_are_no_copies() -> None:
    talk = Conversation().open()
    talk.client.data(b"one", undelivered=True).client.data(b"two", undelivered=True)
    for _ in range(3):
        talk.server.ack(ip_id=0)

    connection = follow(talk.pcap()).only

    assert (connection.copies, words(connection)) == (0, {"duplicate_ack"})


def test_resets_that_answer_several_segments_are_no_copies() -> None:
    talk = Conversation(step_ns=20 * MICROSECOND).open()
    talk.client.data(b"one", undelivered=True).client.data(b"two", undelivered=True)
    talk.server.bare_rst(ip_id=0).server.bare_rst(ip_id=0)

    assert follow(talk.pcap()).only.copies == 0


def test_after_the_copies_the_short_path_is_taken_again() -> None:
    talk = dialogue(1)
    head = twice(talk.packets[:4], 0)
    rest = Conversation(clock=START_NS + 10**9, client_address=("127.0.0.1", 50001)).open()
    for _ in range(WATCH // 4 + 10):
        rest.client.data(b"q").server.ack().server.data(b"a").client.ack()

    connection = follow(pcap(head + rest.packets)).connections[-1]

    assert connection.orig.plain


@pytest.mark.parametrize("late_ns", [3_500_000, 8_500_000])
@pytest.mark.parametrize("hole", [10**9, 15 * 10**8, 25 * 10**8, 3 * 10**9])
def test_late_copies_of_what_was_said_before_a_hole_of_gigabytes_are_old(hole: int, late_ns: int) -> None:
    talk = Conversation().open()
    for _ in range(6):
        talk.server.data(bytes(100)).client.ack()
    talk.server.next = (talk.server.next + hole) & MASK
    talk.client.received = talk.server.next
    for _ in range(12):
        talk.server.data(bytes(100)).client.ack()
    talk.client.fin().server.ack().server.fin().client.ack()
    once = [replace(packet, ip_id=0) for packet in talk.packets]
    again = [replace(packet, ts_ns=packet.ts_ns + late_ns) for packet in once[3:]]
    talk.packets[:] = sorted(once + again, key=lambda packet: packet.ts_ns)

    server = follow(talk.pcap()).only.server

    assert (server.octets, server.missing) == (1800, hole)


@pytest.mark.parametrize(("each", "watched"), [(1, 0), (7, 0), (0, SUSPICION)], ids=["counted", "of all", "none"])
def test_what_is_sent_again_with_a_newer_identification_makes_nobody_look_for_copies(each: int, watched: int) -> None:
    talk = Conversation(step_ns=50 * MICROSECOND).established()
    for _ in range(20):
        talk.server.data(b"answer").client.ack()
    talk.server.data(b"answer", seq=talk.server.next - 6)
    packets = [replace(one, ip_id=one.ip_id * each & 0xFFFF) for one in talk.packets]
    analyzer = Analyzer()
    for window in from_bytes(pcap(packets)).windows():
        analyzer.feed(window)

    assert words(analyzer.connections[0]) == {"spurious_retransmission"}
    assert analyzer.tracker.copies.watching == watched
