"""IP fragments: datagrams that come in pieces become segments when they are whole."""

import itertools
import struct

import pytest

from capanalyze.packets.fragments import MAX_AGE_NS, MAX_DATAGRAMS, MAX_PIECES, Fragments
from capanalyze.packets.ip import FRAGMENT
from capanalyze.packets.segment import PENDING, REASONS, REASSEMBLED, Segment
from tests.conversation import RAW, START_NS, Conversation, Packet, frames, pcap_of_frames
from tests.follow import follow
from tests.packets.reading import read

V6 = {"client_address": ("2001:db8::1", 50000), "server_address": ("2001:db8::2", 4001)}
NOT_WHOLE = REASONS[FRAGMENT]


def packet(version: int, data: bytes) -> Packet:
    talk = Conversation(**(V6 if version == 6 else {})).established()  # type: ignore[arg-type]
    return talk.client.fin(data, ip_id=77).packets[0]


def pieces(sent: Packet, sizes: tuple[int, ...]) -> list[bytes]:
    """The datagram in fragments whose payloads have these sizes (multiples of 8 but for the last)."""
    whole = sent.datagram()
    cut, at = [], 0
    body = whole[40:] if whole[0] >> 4 == 6 else whole[20:]
    for size in sizes:
        part, more = body[at : at + size], at + size < len(body)
        if whole[0] >> 4 == 6:
            head = whole[:4] + struct.pack(">H", len(part) + 8) + b"\x2c" + whole[7:40]
            cut.append(head + struct.pack(">BBHI", 6, 0, at | more, 77) + part)
        else:
            place = at // 8 | (0x2000 if more else 0)
            cut.append(whole[:2] + struct.pack(">HHH", 20 + len(part), 77, place) + whole[8:20] + part)
        at += size
    assert at >= len(body)
    return cut


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_fragments_in_any_order_become_the_segment(version: int, order: tuple[int, ...]) -> None:
    sent = packet(version, bytes(range(100)))
    cut = pieces(sent, (40, 48, 40))
    segment = Segment()

    outcomes = [read(cut[number], RAW, by=segment)[0] for number in order]

    assert outcomes == [PENDING, PENDING, REASSEMBLED]
    assert (segment.seq, segment.flags, segment.length) == (sent.seq, sent.flags, 100)
    assert segment.data[segment.payload : segment.payload + segment.captured] == bytes(range(100))
    assert segment.key == read(sent.datagram(), RAW)[1].key


def test_the_tcp_header_itself_may_be_cut_in_two() -> None:
    sent = packet(4, b"hello")
    segment = Segment()

    outcomes = [read(cut, RAW, by=segment)[0] for cut in pieces(sent, (8, 8, 9))]

    assert (outcomes[-1], segment.seq, segment.length) == (REASSEMBLED, sent.seq, 5)


def test_extension_headers_in_the_fragmented_part_are_walked() -> None:
    talk = Conversation(**V6).established()  # type: ignore[arg-type]
    sent = talk.client.data(bytes(50), extension_headers=((60, b"\x01\x04\0\0\0\0"),)).packets[0]
    body = sent.datagram()[40:]
    head = sent.datagram()[:4]
    cut = [
        head
        + struct.pack(">H", len(part) + 8)
        + b"\x2c"
        + sent.datagram()[7:40]
        + struct.pack(">BBHI", 60, 0, place, 5)
        + part
        for part, place in ((body[:40], 1), (body[40:], 40))
    ]
    segment = Segment()

    outcomes = [read(one, RAW, by=segment)[0] for one in cut]

    assert (outcomes, segment.length) == ([PENDING, REASSEMBLED], 50)


def test_a_fragmented_connection_is_as_good_as_a_whole_one() -> None:
    talk = Conversation().open()
    talk.client.data(b"x" * 500).server.ack().client.fin(b"y" * 500).server.fin().client.ack()
    captured = []
    for ts_ns, frame in frames(talk.packets):
        if len(frame) > 500:
            sent = next(one for one in talk.packets if one.ts_ns == ts_ns)
            captured += [(ts_ns, frame[:14] + cut) for cut in pieces(sent, (400, 120))]
        else:
            captured.append((ts_ns, frame))

    followed = follow(pcap_of_frames(captured))
    connection = followed.only

    assert followed.stream("client") == [b"x" * 500 + b"y" * 500]
    assert (connection.close and connection.close.packet, connection.client_state) == (8, "TIME_WAIT")
    assert (connection.packets, followed.skipped) == (8, {})


def test_a_snapshot_length_cuts_fragments_and_not_the_count_of_octets() -> None:
    sent = packet(4, b"x" * 500)
    segment = Segment()

    for cut in pieces(sent, (400, 120)):
        outcome = read(cut[:100], RAW, original=len(cut), by=segment)[0]

    assert (outcome, segment.length, segment.captured) == (REASSEMBLED, 500, 100 - 20 - 20)


def test_pieces_of_a_datagram_that_never_becomes_whole_are_left_out_and_counted() -> None:
    cut = pieces(packet(4, b"x" * 500), (400, 120))

    followed = follow(pcap_of_frames([(START_NS, cut[0])], RAW))

    assert (followed.connections, followed.skipped) == ([], {NOT_WHOLE: 1})


@pytest.mark.parametrize(("offset", "more", "expected"), [(0x2000, True, "not TCP"), (5, False, "not TCP")])
def test_fragments_of_other_protocols_are_not_kept(offset: int, more: bool, expected: str) -> None:
    head = b"\x45\0\0\x3c\0\1" + struct.pack(">H", offset) + b"\x40\x11\0\0" + bytes([127, 0, 0, 1]) * 2

    followed = follow(pcap_of_frames([(START_NS, head + bytes(40))], RAW))

    assert (followed.skipped, more) == ({expected: 1}, more)


def test_an_overlap_of_the_first_piece_is_not_written_over() -> None:
    fragments = Fragments()
    fragments.add(b"n", 0, 16, True, 6, b"A" * 16, 0)

    whole = fragments.add(b"n", 8, 16, False, 6, b"B" * 16, 0)

    assert whole == b"A" * 16 + b"B" * 8


def test_pieces_too_far_apart_in_time_are_of_two_datagrams() -> None:
    fragments = Fragments()
    fragments.add(b"n", 0, 16, True, 6, b"A" * 16, 0)

    assert fragments.add(b"n", 16, 16, False, 6, b"B" * 16, MAX_AGE_NS + 1) is None
    assert fragments.unused == 1


@pytest.mark.parametrize(("offset", "length"), [(0, 0), (8, -8), (65528, 100)])
def test_pieces_of_impossible_size_are_refused(offset: int, length: int) -> None:
    fragments = Fragments()

    assert fragments.add(b"n", offset, length, True, 6, b"", 0) is None
    assert (fragments.unused, fragments.waiting) == (1, {})


def test_what_waits_is_bounded() -> None:
    fragments = Fragments()
    for name in range(MAX_DATAGRAMS + 10):
        for number in range(MAX_PIECES + 10):
            fragments.add(str(name).encode(), number * 16, 8, True, 6, bytes(8), 0)

    assert len(fragments.waiting) == MAX_DATAGRAMS
    assert max(len(datagram.pieces) for datagram in fragments.waiting.values()) <= MAX_PIECES
    fragments.finish()
    assert fragments.unused == (MAX_DATAGRAMS + 10) * (MAX_PIECES + 10)


@pytest.mark.parametrize("version", [4, 6])
def test_a_piece_that_comes_once_more_behind_its_whole_datagram_is_a_copy(version: int) -> None:
    cut = pieces(packet(version, b"x" * 500), (400, 120))

    followed = follow(pcap_of_frames([(START_NS + at, one) for at, one in enumerate((*cut, cut[1], cut[0]))], RAW))
    again = follow(pcap_of_frames([(START_NS + at, one) for at, one in enumerate((*cut, cut[1]))], RAW))

    assert (followed.only.client.octets, followed.skipped) == (500, {})
    assert (again.only.client.octets, again.skipped) == (500, {})


def test_a_piece_with_other_octets_is_of_another_datagram_of_that_number() -> None:
    cut, other = (pieces(packet(4, octet * 500), (400, 120)) for octet in (b"x", b"y"))

    followed = follow(pcap_of_frames([(START_NS + at, one) for at, one in enumerate((*cut, other[0]))], RAW))

    assert followed.skipped == {NOT_WHOLE: 1}


def test_of_the_datagrams_that_became_whole_the_last_ones_are_remembered() -> None:
    fragments = Fragments()
    for number in range(MAX_DATAGRAMS + 1):
        fragments.add(bytes([number]), 0, 16, True, 6, b"A" * 16, 0)
        fragments.add(bytes([number]), 16, 16, False, 6, b"B" * 16, 0)
    for number in (0, MAX_DATAGRAMS):
        fragments.add(bytes([number]), 16, 16, False, 6, b"B" * 16, 0)
    fragments.finish()

    assert (len(fragments.made), fragments.unused) == (MAX_DATAGRAMS, 1)
