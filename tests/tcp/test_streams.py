"""Streams: octets in order, each once; holes, their patience and their bounds."""

import pytest

from capanalyze.tcp.events import NO_EVENTS, NO_NOTES, NOTE_PACKETS
from capanalyze.tcp.parting import END_PACKETS, MAX_GAPS, NO_PACKETS, OPEN, SMOOTH, Parting, Trouble
from capanalyze.tcp.streams import MAX_HELD, MAX_HELD_IN_ALL, MAX_HELD_OCTETS, PATIENCE
from tests.conversation import ACK, FIN, PSH, SYN, Conversation, pcap
from tests.follow import follow
from tests.strategies import valid_captures


def test_a_retransmission_with_other_octets_changes_nothing() -> None:
    talk = Conversation().open()
    talk.client.data(b"first").client.data(b"OTHER", seq=talk.client.next - 5)

    assert follow(talk.pcap()).stream("client") == [b"first"]


def test_an_overlap_brings_only_what_is_new() -> None:
    talk = Conversation().open()
    talk.client.data(b"abcdef").client.data(b"XXghi", seq=talk.client.next - 2)

    assert follow(talk.pcap()).stream("client") == [b"abcdefghi"]


def test_a_segment_that_covers_a_waiting_one() -> None:
    talk = Conversation().open()
    first = talk.client.next
    talk.client.segment(ACK | PSH, b"ef", seq=first + 4).client.segment(ACK | PSH, b"abcdefgh", seq=first)

    followed = follow(talk.pcap())

    assert (followed.stream("client"), followed.only.client.octets) == ([b"abcdefgh"], 8)


def test_overlapping_waiting_segments_count_once() -> None:
    talk = Conversation().open()
    first = talk.client.next
    for start, end in ((4, 8), (6, 10), (2, 5), (3, 9)):
        talk.client.segment(ACK | PSH, b"abcdefghij"[start:end], seq=first + start)
    talk.client.segment(ACK | PSH, b"ab", seq=first)

    followed = follow(talk.pcap())

    assert (followed.stream("client"), followed.only.client.octets) == ([b"abcdefghij"], 10)


def test_an_unacknowledged_hole_is_waited_for() -> None:
    talk = Conversation().open()
    talk.client.data(b"ab")
    late = talk.packets.pop()
    for _ in range(PATIENCE * 3):
        talk.client.data(b"x")
    talk.packets.append(late)

    assert follow(talk.pcap()).stream("client") == [b"ab" + b"x" * PATIENCE * 3]


def test_an_acknowledged_hole_is_given_up_after_some_patience() -> None:
    talk = Conversation().open()
    talk.client.data(b"lost", unseen=True)
    for _ in range(PATIENCE + 2):
        talk.client.data(b"x").server.ack()
    before = len(talk.packets)
    talk.client.data(b"y" * 30)

    followed = follow(pcap(talk.packets[: before + 1]))

    assert followed.stream("client") == [4, b"x" * (PATIENCE + 2) + b"y" * 30]
    assert [(gap.offset, gap.length, gap.acknowledged) for gap in followed.only.client.gaps] == [(0, 4, True)]


def test_a_hole_is_given_up_when_too_many_segments_wait() -> None:
    talk = Conversation().open()
    talk.client.data(b"lost", unseen=True, undelivered=True)
    for _ in range(MAX_HELD + 5):
        talk.client.data(b"x")

    followed = follow(talk.pcap())

    assert followed.stream("client") == [4, b"x" * (MAX_HELD + 5)]


def test_a_hole_is_given_up_when_too_many_octets_wait() -> None:
    talk = Conversation().open()
    talk.client.data(b"lost", unseen=True, undelivered=True)
    for _ in range(MAX_HELD_OCTETS // 60_000 + 2):
        talk.client.data(b"x" * 60_000)
    talk.server.data(b"meanwhile")

    connection = follow(talk.pcap()).only

    assert connection.client.trouble.held_octets == 0
    assert [gap.length for gap in connection.client.gaps] == [4]


def test_what_waits_over_all_connections_is_bounded() -> None:
    packets = []
    for number in range(MAX_HELD_IN_ALL // 900_000 + 5):
        talk = Conversation(client_address=("127.0.0.1", 20000 + number), packets=packets).open()
        talk.client.data(b"lost", unseen=True)
        for _ in range(15):
            talk.client.data(b"x" * 60_000)

    connections = follow(pcap(packets)).connections

    assert {connection.client.octets for connection in connections} == {900_000}
    assert {connection.client.missing for connection in connections} == {0}


def test_the_holes_that_are_filled_are_no_gaps_any_more() -> None:
    talk = Conversation().open()
    first = talk.client.next
    talk.client.data(b"abcdefghij", unseen=True)
    for _ in range(PATIENCE + 3):
        talk.client.data(b"x").server.ack()
    talk.client.segment(ACK | PSH, b"ef", seq=first + 4).client.segment(ACK | PSH, b"ab", seq=first)

    client = follow(talk.pcap()).only.client

    assert [(gap.offset, gap.length) for gap in client.gaps] == [(2, 2), (6, 4)]
    assert (client.octets, client.missing) == (PATIENCE + 3 + 4, 6)


def test_gaps_beyond_the_bound_are_counted() -> None:
    talk = Conversation().open()
    for _ in range(MAX_GAPS + 7):
        talk.client.data(b"lost", unseen=True).client.data(b"x").server.ack()

    client = follow(talk.pcap()).only.client

    assert (len(client.gaps), client.trouble.gaps_left_out, client.missing) == (MAX_GAPS, 7, 4 * (MAX_GAPS + 7))


def test_syn_data_is_the_beginning_of_the_stream() -> None:
    talk = Conversation()
    talk.client.syn(b"early").server.syn_ack().client.ack().client.data(b" late").server.ack()

    followed = follow(talk.pcap())

    assert (followed.stream("client"), followed.only.opened) == ([b"early late"], "complete")


def test_syn_data_that_was_not_taken_and_is_sent_again_counts_once() -> None:
    talk = Conversation()
    talk.client.segment(SYN, b"early", seq=talk.client.isn).server.syn_ack(ack=talk.client.isn + 1).client.ack(
        seq=talk.client.isn + 1
    ).client.data(b"early", seq=talk.client.isn + 1).server.ack()

    followed = follow(talk.pcap())

    assert (followed.stream("client"), followed.only.client.octets) == ([b"early"], 5)


def test_octets_before_the_first_captured_ones_belong_to_a_stream_without_syn() -> None:
    talk = Conversation().established()
    talk.client.data(b"first").client.data(b"second").server.ack()
    talk.packets[0], talk.packets[1] = talk.packets[1], talk.packets[0]

    client = follow(talk.pcap()).only.client

    assert (client.octets, client.missing) == (11, 0)


def test_more_than_four_gigabytes_are_counted() -> None:
    talk = Conversation().open()
    chunk = b"x" * 65000
    times = 5 * 2**30 // (2**30 - 65000) + 1
    for _ in range(times):  # each segment stands for 2^30 octets, most of which the capture lost
        talk.client.data(chunk)
        talk.client.next = (talk.client.next + 2**30 - len(chunk)) & 0xFFFFFFFF
        talk.server.received = talk.client.next
        talk.server.ack()

    client = follow(talk.pcap()).only.client

    assert (client.octets, client.missing) == (times * len(chunk), times * (2**30 - len(chunk)))


def test_more_than_four_gigabytes_are_missing_where_only_their_acknowledgements_were_captured() -> None:
    talk = Conversation().open()
    for _ in range(50):
        talk.server.received = (talk.server.received + 10**8) & 0xFFFFFFFF  # type: ignore[operator]
        talk.server.ack()

    assert follow(talk.pcap()).only.client.missing == 50 * 10**8


@pytest.mark.parametrize("isn", [0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFF0, 0x7FFFFFFF])
def test_the_sequence_numbers_wrap(isn: int) -> None:
    talk = Conversation(client_isn=isn, server_isn=isn).open()
    talk.client.data(b"abcdefghijklmnopqrstuvwxyz").server.ack().client.fin().server.fin().client.ack()

    followed = follow(talk.pcap())

    assert followed.stream("client") == [b"abcdefghijklmnopqrstuvwxyz"]
    assert (followed.only.client_state, followed.only.server_state) == ("TIME_WAIT", "CLOSED")


def test_lists_are_bounded_and_counts_stay_true() -> None:
    talk = Conversation().open()
    for _ in range(END_PACKETS + 20):
        talk.server.rst(seq=talk.server.next + 900_000)
    for _ in range(NOTE_PACKETS + 20):
        talk.client.data(b"xy", seq=talk.client.isn + 1)
    talk.client.segment(ACK | FIN)
    for _ in range(END_PACKETS + 20):
        talk.client.fin_again()

    connection = follow(talk.pcap()).only
    note = next(note for note in connection.notes if note.note == "retransmission" and note.side == 0)

    assert (len(connection.server.rst_packets), connection.server.parting.rst_count) == (END_PACKETS, END_PACKETS + 20)
    assert (len(connection.ignored_resets), connection.ignored_count) == (END_PACKETS, END_PACKETS + 20)
    assert (len(connection.client.fin_packets), connection.client.parting.fin_count) == (END_PACKETS, END_PACKETS + 21)
    assert (len(note.packets), note.count > NOTE_PACKETS) == (NOTE_PACKETS, True)


def test_what_all_plain_sides_share_is_never_written_to() -> None:
    for capture in valid_captures():
        follow(capture)

    for shared, untouched in ((OPEN, Parting()), (SMOOTH, Trouble())):
        assert [name for name in shared.__slots__ if getattr(shared, name) != getattr(untouched, name)] == []
    assert (NO_EVENTS, NO_NOTES, NO_PACKETS) == ([], [], [])


@pytest.mark.parametrize("sender", ["client", "server"])
@pytest.mark.parametrize("ahead", [100, 5000, 10**6, 10**9])
def test_what_lies_behind_a_sides_own_fin_is_not_of_its_stream(ahead: int, sender: str) -> None:
    talk = Conversation().open()
    first, second = (talk.client, talk.server) if sender == "client" else (talk.server, talk.client)
    stray = {"seq": first.next + ahead, "undelivered": True}
    first.data(b"hello")
    second.ack()
    true = first.next
    first.data(b"stray", **stray)
    first.next = true
    first.data(b"again")
    second.ack()
    first.fin()
    second.ack()
    second.fin()
    first.ack()

    followed = follow(talk.pcap())
    side = getattr(followed.only, sender)

    assert (side.octets, side.missing, side.max_rel, side.acked_rel) == (10, 0, 11, 11)
    assert b"".join(run for run in followed.stream(sender) if isinstance(run, bytes)) == b"helloagain"


def test_of_a_waiting_segment_only_what_lies_before_the_fin_counts() -> None:
    talk = Conversation().open()
    first = talk.client.next
    talk.client.segment(ACK | PSH, b"cdefgh", seq=first + 2, undelivered=True)
    talk.client.segment(ACK | PSH, b"gh", seq=first + 6, undelivered=True)
    talk.client.segment(FIN | ACK, seq=first + 4, undelivered=True)

    followed = follow(talk.pcap())

    assert (followed.stream("client"), followed.only.client.octets) == ([2, b"cd"], 2)


def test_what_a_given_up_hole_brought_is_no_octet_where_the_fin_lies_before_it() -> None:
    talk = Conversation().open()
    true = talk.server.next
    talk.server.data(b"stray", seq=true + 5000, undelivered=True)
    talk.server.next = true
    talk.server.data(b"lost", unseen=True)
    for _ in range(PATIENCE + 2):
        talk.client.ack().server.data(b"x")
    talk.client.ack().server.fin().client.ack()

    server = follow(talk.pcap()).only.server

    assert (server.octets, server.missing) == (PATIENCE + 2, 4)
