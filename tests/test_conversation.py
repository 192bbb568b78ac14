"""The Conversation builder writes what it says: scapy reads the same packets, and finds the same checksums."""

import io
import warnings

import pytest

from tests.conversation import (
    ETHERNET,
    LOOP,
    MSS,
    NULL,
    RAW,
    SLL,
    Conversation,
    pcapng,
    timestamps,
    window_scale,
)

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from scapy.layers.inet import IP, TCP
    from scapy.layers.inet6 import IPv6
    from scapy.layers.l2 import Dot1Q
    from scapy.packet import Packet as ScapyPacket
    from scapy.utils import PcapReader

IPV6 = {"client_address": ("2001:db8::1", 50000), "server_address": ("2001:db8::2", 4001)}


def read(capture: bytes) -> list[ScapyPacket]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return list(PcapReader(io.BytesIO(capture)))


def talk(**fields: object) -> Conversation:
    conversation = Conversation(client_isn=0xFFFFFFFE, server_isn=7, **fields)  # type: ignore[arg-type]
    conversation.client.syn(options=MSS + window_scale(7)).server.syn_ack(options=MSS + window_scale(10))
    conversation.client.options = timestamps(5, 6)
    conversation.client.ack().client.data(b"API\0", window=1234).server.ack().server.fin(b"bye").client.rst()
    return conversation


def fields_of(packet: ScapyPacket) -> tuple[object, ...]:
    tcp = packet[TCP]
    return tcp.sport, tcp.dport, tcp.seq, tcp.ack, int(tcp.flags), tcp.window, bytes(tcp.payload)


@pytest.mark.parametrize(
    ("link_type", "addresses"),
    [*((one, {}) for one in (ETHERNET, NULL, LOOP, RAW, SLL)), *((one, IPV6) for one in (ETHERNET, RAW, SLL))],
)
def test_scapy_reads_the_same_packets(link_type: int, addresses: dict[str, object]) -> None:
    conversation = talk(**addresses)

    actual = [fields_of(packet) for packet in read(conversation.pcap(link_type))]

    assert actual == [
        (one.source[1], one.target[1], one.seq, one.ack, one.flags, one.window, one.payload)
        for one in conversation.packets
    ]


@pytest.mark.parametrize("addresses", [{}, IPV6], ids=["v4", "v6"])
def test_scapy_finds_the_same_checksums(addresses: dict[str, object]) -> None:
    for packet in read(talk(**addresses).pcap()):
        layer = packet[IPv6] if IPv6 in packet else packet[IP]
        again = type(layer)(bytes(layer))
        del again[TCP].chksum
        if IP in again:
            del again[IP].chksum
        assert bytes(type(layer)(bytes(again))) == bytes(layer)


def test_scapy_reads_the_same_options_vlan_identification_and_time() -> None:
    conversation = talk(vlans=(7,))
    syn, _, ack, *_ = read(conversation.pcap())

    assert dict(syn[TCP].options)["WScale"] == 7
    assert dict(ack[TCP].options)["Timestamp"] == (5, 6)
    assert (syn[Dot1Q].vlan, syn[IP].id, int(syn.time * 10**9)) == (7, 1000, conversation.packets[0].ts_ns)


def test_scapy_reads_the_same_pcapng() -> None:
    conversation = talk()
    conversation.packets[2].interface = 1

    packets = read(pcapng(conversation.packets, (ETHERNET, RAW)))

    assert [fields_of(packet)[2] for packet in packets] == [one.seq for one in conversation.packets]


def test_a_snapshot_length_cuts_what_is_captured_and_keeps_the_length_on_the_wire() -> None:
    whole, cut = read(talk().pcap()), read(talk().pcap(snaplen=60))

    assert [packet.wirelen for packet in cut] == [len(packet) for packet in whole]
    assert max(len(packet) for packet in cut) == 60


def test_what_was_not_seen_was_received_and_what_was_not_delivered_was_not() -> None:
    conversation = Conversation().open()
    conversation.client.data(b"unseen", unseen=True).server.ack().client.data(b"lost", undelivered=True).server.ack()

    acks = [one.ack - conversation.client.isn for one in conversation.packets if one.sender == "server"]

    assert acks == [1, 7, 7]
