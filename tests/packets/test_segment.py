"""Segment: the fields of the TCP header, the payload by the headers' lengths, and why a packet is no segment."""

import struct
from dataclasses import replace

import pytest

from capanalyze.packets.common import ANY_FLOW, ANY_SERVICE, ANY_TTL, SHAPE, read_words, read_words_six
from capanalyze.packets.ip import BAD_IP, NOT_TCP
from capanalyze.packets.link import CUT, NOT_IP
from capanalyze.packets.segment import (
    BAD_TCP,
    HEADER_CUT,
    MAX_SHIFT,
    NO_OPTION,
    OK,
    OPTIONS_CUT,
    REASONS,
    UNKNOWN_WINDOW,
)
from tests.conversation import (
    ETHERNET,
    MSS,
    PSH,
    RAW,
    SACK_PERMITTED,
    Conversation,
    Packet,
    sack,
    timestamps,
    window_scale,
)
from tests.follow import follow
from tests.packets.reading import OneFrame, payload, read

V6 = {"client_address": ("2001:db8::1", 50000), "server_address": ("2001:db8::2", 4001)}
TCP_AT = 14 + 20


def packet(data: bytes = b"API\0", talk: Conversation | None = None, **fields: object) -> Packet:
    talk = (talk or Conversation()).established()
    return talk.client.data(data, **fields).packets[0]  # type: ignore[arg-type]


def changed(frame: bytes, at: int, octets: bytes) -> bytes:
    return frame[:at] + octets + frame[at + len(octets) :]


def test_the_fields_of_the_header() -> None:
    sent = packet(seq=0x80000001, ack=0xFFFFFFFF, window=4660, ip_id=77)

    found, segment = read(sent.frame())

    assert found == OK
    assert (segment.seq, segment.ack, segment.flags, segment.window, segment.length, segment.identification) == (
        0x80000001,
        0xFFFFFFFF,
        sent.flags,
        4660,
        4,
        77,
    )
    assert segment.key == bytes([127, 0, 0, 1, 127, 0, 0, 1]) + struct.pack(">HH", 50000, 4001)


def test_the_fields_of_the_header_over_ipv6() -> None:
    sent = packet(talk=Conversation(**V6))  # type: ignore[arg-type]

    found, segment = read(sent.frame())

    assert (found, len(segment.key), segment.length, segment.identification) == (OK, 36, 4, 0)


@pytest.mark.parametrize("octets", [4, 8, 40])
def test_ip_options_are_skipped(octets: int) -> None:
    frame = packet(ip_options=b"\x01" * octets).frame()

    found, segment = read(frame)

    assert (found, payload(segment, frame)) == (OK, b"API\0")


EXTENSIONS = [
    ((0, b"\x01\x04\0\0\0\0"),),
    ((60, b"\x01\x0c" + b"\0" * 12),),
    ((43, b"\0\0" + b"\0" * 20), (60, b"\x01\x04\0\0\0\0")),
    ((135, b"\0" * 6), (139, b"\0" * 14), (140, b"\0" * 6)),
]


@pytest.mark.parametrize("headers", EXTENSIONS)
def test_ipv6_extension_headers_are_walked(headers: tuple[tuple[int, bytes], ...]) -> None:
    frame = packet(talk=Conversation(**V6), extension_headers=headers).frame()  # type: ignore[arg-type]

    found, segment = read(frame)

    assert (found, payload(segment, frame)) == (OK, b"API\0")


def test_an_atomic_fragment_is_whole() -> None:
    frame = packet(talk=Conversation(**V6), extension_headers=((44, b"\0\0\0\0\0\7"),)).frame()  # type: ignore[arg-type]

    assert read(frame)[0] == OK


def test_too_many_extension_headers_are_refused() -> None:
    frame = packet(talk=Conversation(**V6), extension_headers=((60, b"\x01\x04\0\0\0\0"),) * 20).frame()  # type: ignore[arg-type]

    assert read(frame)[0] == BAD_IP


def test_the_length_is_the_headers_not_the_frames() -> None:
    frame = packet().frame() + b"\0" * 20  # Ethernet's padding

    assert read(frame)[1].length == 4


def test_a_short_snapshot_length_changes_what_is_captured_and_not_the_length() -> None:
    frame = packet(b"x" * 1000).frame()

    found, segment = read(frame[:100], original=len(frame))

    assert (found, segment.length, segment.captured) == (OK, 1000, 100 - TCP_AT - 20)


def test_a_length_of_zero_is_segmentation_offloads_and_the_frame_tells() -> None:
    frame = changed(packet(b"x" * 1000).frame(), 16, b"\0\0")

    assert read(frame)[1].length == 1000


def test_a_frame_shorter_than_its_ip_length_was_cut_whatever_its_record_says() -> None:
    frame = packet(b"x" * 1000).frame()[:-400]

    segment = read(frame)[1]

    assert (segment.length, segment.captured) == (1000, 600)


def test_so_was_a_frame_whose_tcp_options_are_not_whole() -> None:
    frame = packet().frame()
    options = frame[: TCP_AT + 12] + b"\x80" + frame[TCP_AT + 13 : TCP_AT + 20] + bytes(12)
    whole = changed(options, 16, (len(options) - 14).to_bytes(2))

    found, segment = read(whole[:-5])

    assert (found, segment.length, segment.header) == (OK, 0, 32)


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (TCP_AT + 3, CUT),
        (TCP_AT + 4, HEADER_CUT),
        (TCP_AT + 13, HEADER_CUT),
        (TCP_AT + 14, OK),
        (TCP_AT + 15, OK),
        (TCP_AT + 16, OK),
    ],
)
def test_where_the_snapshot_length_cuts_the_header(size: int, expected: int) -> None:
    frame = packet(b"x" * 100).frame()

    assert read(frame[:size], original=len(frame))[0] == expected


def test_a_window_that_was_cut_off_is_unknown() -> None:
    frame = packet(b"x" * 100).frame()

    segment = read(frame[: TCP_AT + 14], original=len(frame))[1]

    assert (segment.window, segment.length, segment.captured) == (UNKNOWN_WINDOW, 100, 0)


@pytest.mark.parametrize(
    ("at", "octets", "expected"),
    [
        (14, b"\x35", NOT_IP),  # version 3
        (14, b"\x44", BAD_IP),  # a header of 16 octets
        (16, b"\0\x10", BAD_IP),  # a datagram shorter than its header
        (23, b"\x11", NOT_TCP),  # UDP
        (23, b"\x01", NOT_TCP),  # ICMP, whatever it quotes
        (TCP_AT + 12, b"\x40", BAD_TCP),  # a TCP header of 16 octets
        (TCP_AT + 12, b"\xf0", BAD_TCP),  # one that is longer than the datagram
    ],
)
def test_why_a_packet_is_no_segment(at: int, octets: bytes, expected: int) -> None:
    assert read(changed(packet().frame(), at, octets))[0] == expected
    assert expected in REASONS


def test_a_segment_quoted_by_icmp_is_no_segment() -> None:
    quoted = packet().datagram()
    message = b"\x03\x03\0\0\0\0\0\0" + quoted[:28]
    head = b"\x45\0" + struct.pack(">H", 20 + len(message)) + b"\0\1\0\0\x40\x01\0\0" + bytes([127, 0, 0, 1]) * 2
    other = Conversation().open().pcap()

    assert read(head + message, RAW)[0] == NOT_TCP
    assert follow(other).only.packets == 3


def test_checksums_broken_by_offload_are_ignored() -> None:
    frame = changed(packet().frame(), TCP_AT + 16, b"\xfe\x30")

    assert read(frame)[0] == OK


# options


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (b"", NO_OPTION),
        (window_scale(7), 7),
        (MSS + SACK_PERMITTED + timestamps(1, 2) + window_scale(9), 9),
        (window_scale(15), MAX_SHIFT),
        (MSS + b"\0" + window_scale(3), NO_OPTION),  # behind the end of the list
        (b"\x03\x00\x07\x01", NO_OPTION),  # an option of no length
        (b"\x01\x01\x01\x03", NO_OPTION),  # cut by the header's end
    ],
)
def test_the_window_scale(options: bytes, expected: int) -> None:
    frame = packet(options=options).frame()
    segment = read(frame)[1]

    assert segment.window_scale(OneFrame(frame).data) == expected


def test_a_window_scale_that_the_snapshot_length_cut_off_is_unknown() -> None:
    frame = packet(options=MSS + window_scale(7)).frame()
    segment = read(frame[: TCP_AT + 24], original=len(frame))[1]

    assert segment.window_scale(OneFrame(frame[: TCP_AT + 24]).data) == OPTIONS_CUT


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (b"", 1000),
        (timestamps(1, 2), 1000),
        (timestamps(1, 2) + sack((1010, 1020)), 1020),
        (sack((1010, 1020), (1100, 1200), (1040, 1050)), 1200),
        (sack((900, 950)), 1000),  # what came twice (RFC 2883 4)
        (b"\x05\x0c" + bytes(10), 1000),  # a block and a part of one, which is before
        (b"\x05\x03\0\0", 1000),  # no block
    ],
)
def test_up_to_where_anything_arrived(options: bytes, expected: int) -> None:
    frame = packet(ack=1000, options=options).frame()
    segment = read(frame)[1]

    assert segment.received(OneFrame(frame).data) == expected


def test_up_to_where_anything_arrived_beyond_the_end_of_the_numbers() -> None:
    frame = packet(ack=0xFFFFFFF0, options=sack((0xFFFFFFFA, 30))).frame()
    segment = read(frame)[1]

    assert segment.received(OneFrame(frame).data) == 30


def test_a_block_that_the_snapshot_length_cut_tells_nothing() -> None:
    frame = packet(ack=1000, options=sack((1010, 1020))).frame()
    segment = read(frame[: TCP_AT + 28], original=len(frame))[1]

    assert segment.received(OneFrame(frame[: TCP_AT + 28]).data) == 1000


# the common shape


def test_both_readings_of_the_common_shape_are_equal() -> None:
    frame = packet(b"x" * 300, window=1000, ip_id=0x4000).frame(ETHERNET)

    words = read_words(frame, 14)

    kind, total, protocol, _, *rest = SHAPE.unpack_from(frame, 12)
    assert words == (kind, total, protocol, *rest)
    assert (words[0] & ANY_SERVICE, words[2] & ANY_TTL) == (0x08004500, 6)


def test_the_common_shape_of_ipv6() -> None:
    sent = replace(packet(b"x" * 300, window=1000), source=("fe80::1", 50000), target=("fe80::2", 4001))

    kind, length, following, *rest = read_words_six(sent.frame(ETHERNET), 14)

    assert (kind & ANY_FLOW, length, following) == (0x86DD6000, 320, 6)
    assert rest == [sent.seq, sent.ack, 5 << 12 | sent.flags, 1000]


def test_flags_are_the_low_octet() -> None:
    assert read(replace(packet(), flags=PSH | 0x10 | 0xC0).frame())[1].flags == 0xD8
