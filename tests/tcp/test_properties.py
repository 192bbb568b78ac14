"""Properties that hold for every capture: order, wrap, pieces, hostile octets, and the two paths of the tracker."""

import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capanalyze.errors import CapanalyzeError
from capanalyze.tcp.connection import Connection
from tests.conversation import ETHERNET, LOOP, NULL, RAW, SLL, SLL2, Conversation, Packet, pcap, pcap_of_frames
from tests.follow import Followed, follow, follow_generally
from tests.strategies import dialogues, mutated_captures, numbers, shuffled_streams, valid_captures

LINKS = (ETHERNET, LOOP, NULL, RAW, SLL, SLL2)


def facts(connection: Connection) -> tuple[object, ...]:
    """All that a report says of a connection."""
    close = connection.close
    sides = [
        (
            side.host,
            side.port,
            side.packets,
            side.octets,
            side.missing,
            side.fin_packets,
            side.rst_packets,
            side.tail,
            side.at_close.tail,
            side.first_data_packet,
            side.last_data_packet,
            side.at_close.data_packet,
            [(gap.offset, gap.length, gap.acknowledged) for gap in side.gaps],
        )
        for side in (connection.client, connection.server)
    ]
    return (
        connection.number,
        connection.roles_from,
        connection.opened,
        connection.first_packet,
        connection.last_packet,
        close and (close.first, close.kind, close.packet, close.ts_ns, close.inferred, close.certainty),
        connection.ignored_resets,
        connection.client_state,
        connection.server_state,
        connection.conn_state,
        connection.history,
        [(note.note, note.side, note.packets, note.count) for note in connection.notes],
        [
            (one.kind, one.side, one.packet, one.last_packet, one.count, one.value, one.flag)
            for one in connection.events
        ],
        sides,
    )


def story(connection: Connection) -> tuple[object, ...]:
    """Roles, octets, what is missing, and who closed first."""
    client, server = connection.client, connection.server
    first = connection.close and connection.close.first
    return client.port, client.octets, server.octets, client.missing, server.missing, first


def everything(followed: Followed) -> list[object]:
    """All facts, and all octets that were handed on."""
    streams = [followed.stream(side, one.number) for one in followed.connections for side in ("client", "server")]
    return [*map(facts, followed.connections), *streams]


@given(shuffled_streams())
def test_segments_in_any_order_and_repeated_give_the_same_octets(stream: tuple[bytes, bool, list[Packet]]) -> None:
    said, closed, packets = stream

    followed = follow(pcap(packets))
    connection = followed.only

    assert followed.stream("client") == ([said] if said else [])
    assert (connection.client.octets, connection.client.missing) == (len(said), 0)
    assert (connection.close is not None) == closed


@given(shuffled_streams(), st.integers(0, 100))
def test_what_a_short_snapshot_length_leaves_out_is_a_gap_of_its_length(
    stream: tuple[bytes, bool, list[Packet]], payload: int
) -> None:
    said, _, packets = stream

    followed = follow(pcap(packets, snaplen=54 + payload))

    assert sum(one if isinstance(one, int) else len(one) for one in followed.stream("client")) == len(said)


@given(dialogues(resets=False), st.data())
def test_a_whole_dialogue_in_any_order_is_one_connection_with_the_same_octets_and_closer(
    talk: Conversation, data: st.DataObject
) -> None:
    """Without RSTs (their place in the file matters) and segments of one octet (which a keep-alive looks like)."""
    right = follow(talk.pcap()).only

    mixed = follow(pcap(data.draw(st.permutations(talk.packets)))).only

    assert story(mixed) == story(right)


@given(dialogues(), numbers, numbers)
def test_the_initial_sequence_numbers_change_nothing(talk: Conversation, client: int, server: int) -> None:
    right = everything(follow(talk.pcap()))
    for packet in talk.packets:
        mine, theirs = (client, server) if packet.sender == "client" else (server, client)
        packet.seq = (packet.seq + mine) & 0xFFFFFFFF
        if packet.flags & 0x10:
            packet.ack = (packet.ack + theirs) & 0xFFFFFFFF

    assert everything(follow(talk.pcap())) == right


@given(dialogues(), st.sampled_from(LINKS))
def test_the_link_layer_changes_nothing(talk: Conversation, link_type: int) -> None:
    assert everything(follow(talk.pcap(link_type))) == everything(follow(talk.pcap()))


@given(st.sampled_from(valid_captures()), st.integers(1, 100))
@settings(max_examples=30)
def test_any_pieces_of_the_file_give_the_same(capture: bytes, piece: int) -> None:
    assert everything(follow(capture, piece=piece)) == everything(follow(capture))


@pytest.mark.parametrize("number", range(len(valid_captures())))
def test_the_short_path_and_the_general_one_agree_on_every_capture(number: int) -> None:
    capture = valid_captures()[number]

    short, general = follow(capture, ports=()), follow_generally(capture)

    assert everything(short) == everything(general)


@given(dialogues())
def test_the_short_path_and_the_general_one_agree_on_dialogues(talk: Conversation) -> None:
    capture = talk.pcap()

    assert everything(follow(capture, ports=())) == everything(follow_generally(capture))


@given(st.lists(st.tuples(st.integers(0, 2**62), st.binary(max_size=120)), max_size=20), st.sampled_from(LINKS))
def test_random_frames_never_raise(captured: list[tuple[int, bytes]], link_type: int) -> None:
    stamped = [(ts_ns % 2**61, frame) for ts_ns, frame in captured]

    followed = follow(pcap_of_frames(stamped, link_type))

    assert sum(one.packets for one in followed.connections) + sum(followed.skipped.values()) <= len(captured)


HEADER = st.builds(
    lambda ports, seq, ack, offset, flags, window, rest: (
        ports
        + seq.to_bytes(4, "big")
        + ack.to_bytes(4, "big")
        + bytes((offset << 4, flags))
        + window.to_bytes(2, "big")
        + rest
    ),
    st.sampled_from((b"\x0f\xa1\xc3\x50", b"\xc3\x50\x0f\xa1", b"\x0f\xa1\x0f\xa1")),
    st.one_of(st.integers(0, 0xFFFFFFFF), st.integers(0, 20)),
    st.one_of(st.integers(0, 0xFFFFFFFF), st.integers(0, 20)),
    st.integers(0, 15),
    st.integers(0, 255),
    st.sampled_from((0, 1, 100, 65535)),
    st.binary(min_size=4, max_size=60),
)
"""A TCP header of few ports and any numbers, so that segments meet in connections."""


def ipv4(segment: bytes, fragment: int, length: int) -> bytes:
    total = (20 + len(segment) + length) & 0xFFFF
    addresses = b"\x7f\0\0\1" * 2
    head = b"\x45\0" + total.to_bytes(2, "big") + b"\0\1" + fragment.to_bytes(2, "big") + b"\x40\x06\0\0"
    return bytes(12) + b"\x08\0" + head + addresses + segment


@given(
    st.lists(
        st.builds(
            ipv4, HEADER, st.sampled_from((0, 0, 0, 0x2000, 0x0001, 0x2003)), st.sampled_from((0, 0, 1, 5000, -30))
        ),
        min_size=1,
        max_size=40,
    )
)
def test_hostile_headers_never_raise(captured: list[bytes]) -> None:
    capture = pcap_of_frames([(number * 1000, frame) for number, frame in enumerate(captured)])

    followed = follow(capture)

    for connection in followed.connections:
        assert connection.client.octets >= 0
        assert connection.client.missing >= 0
        assert connection.client_state
        assert connection.conn_state


def test_mutated_captures_never_raise_or_blow_up_and_half_of_them_reach_a_connection() -> None:
    reached = []

    @given(mutated_captures())
    @settings(max_examples=5 * settings.default.max_examples)
    def analyse(capture: bytes) -> None:
        tracemalloc.start()
        try:
            reached.append(len(follow(capture).connections) > 0)
        except CapanalyzeError:
            reached.append(False)
        finally:
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        assert peak < 64 * len(capture) + 4_000_000

    analyse()

    assert sum(reached) > len(reached) / 2 > 100


def test_an_acknowledgement_captured_before_the_syn_ack_lies_where_it_lay() -> None:
    """The final acknowledgement made a keep-alive of it: what it acknowledged lay one behind the FIN of its sender."""
    talk = Conversation(client_isn=0, server_isn=0).open()
    talk.client.data(b"\0\0").server.ack().client.fin().server.fin().client.ack()
    syn, syn_ack, ack, octets, acked, fin, answer, last = talk.packets

    mixed = follow(pcap([syn, acked, last, octets, syn_ack, answer, fin, ack])).only

    assert story(mixed) == story(follow(talk.pcap()).only)
