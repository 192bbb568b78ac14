"""ICMP errors about a connection's segments: told, and never taken for more than they say."""

import struct

import pytest

from capanalyze.api import read_files
from capanalyze.capture.files import from_bytes
from capanalyze.report.report import Report
from capanalyze.timeline.findings import Cause
from capanalyze.timeline.rules.peer_vanished import CAUSES, FILTERS, HEARTBEAT
from capanalyze.timeline.rules.syn_unanswered import PROHIBITED, REJECTED, TOO_BIG
from tests.conversation import Conversation, Packet, checksum, frames, pcap_of_frames
from tests.timeline.talk import HELLO, opened, ready

LAN = {"client_address": ("192.168.1.5", 50000), "server_address": ("10.1.1.1", 4001)}
LAN_6 = {"client_address": ("2001:db8::5", 50000), "server_address": ("2001:db8::9", 4001)}
ROUTER = b"\x0a\0\0\xfe"
ROUTER_6 = b"\x20\x01\x0d\xb8" + bytes(11) + b"\xfe"


def icmp(about: Packet, kind: int, code: int, quoted: int = 28) -> bytes:
    """An Ethernet frame with an ICMP error that quotes so many octets of a packet."""
    body = bytes((kind, code)) + bytes(6) + about.datagram()[:quoted]
    if about.datagram()[0] >> 4 == 6:
        body = bytes((kind, code)) + bytes(6) + about.datagram()[: quoted + 20]
        head = struct.pack(">IHBB", 0x60000000, len(body), 58, 64) + ROUTER_6 + about.datagram()[8:24]
        return bytes(12) + b"\x86\xdd" + head + body
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(body), 7, 0, 64, 1, 0) + ROUTER + about.datagram()[12:16]
    head = head[:10] + struct.pack(">H", checksum(head)) + head[12:]
    return bytes(12) + b"\x08\0" + head + body


def seen(talk: Conversation, *errors: bytes) -> Report:
    """A report on a conversation behind which ICMP errors come."""
    said = [(talk.clock + at, error) for at, error in enumerate(errors)]
    return read_files([from_bytes(pcap_of_frames([*frames(talk.packets), *said]), "icmp.pcap")])


@pytest.mark.parametrize(
    ("code", "words", "certainty"),
    [
        (1, "host unreachable", "likely"),
        (3, "port unreachable", "likely"),
        (13, "communication administratively prohibited", "certain"),
    ],
)
def test_a_syn_turned_back_is_not_unanswered_for_no_reason(code: int, words: str, certainty: str) -> None:
    talk = Conversation(**LAN).client.syn().after(1).client.syn()  # type: ignore[arg-type]

    found = seen(talk, icmp(talk.packets[0], 3, code))

    assert found.verdict == (
        f"2 SYNs to port 4001 were turned back by an ICMP error ({words}, from 10.0.0.254 in packet 3): "
        "no connection came about."
    )
    [(_, entry)] = found.all_findings()
    assert (entry.id, entry.title) == ("syn-unanswered", "An ICMP error turned the connection attempt back")
    assert [cause.certainty for cause in entry.causes] == [certainty]


def test_icmp_of_ipv6_says_the_same() -> None:
    talk = Conversation(**LAN_6).client.syn()  # type: ignore[arg-type]

    found = seen(talk, icmp(talk.packets[0], 1, 3))

    assert "ICMP error (address unreachable, from 2001:db8::fe in packet 2)" in found.verdict


def test_an_error_about_an_open_connection_is_a_line_and_no_close() -> None:
    talk = ready(**LAN)

    found = seen(talk, icmp(talk.packets[-1], 3, 1)).to_dict()

    lines = [line for line in found["timeline"] if line["kind"] == "ICMP"]
    assert [line["text"] for line in lines] == ["ICMP: host unreachable, says 10.0.0.254 of what the client sent"]
    assert found["connections"][0]["close"] is None
    assert found["capture"]["skipped"] == {}


@pytest.mark.parametrize(
    ("options", "kind", "code", "sender", "words"),
    [
        (LAN, 3, 4, "10.0.0.254", "packet too big, and not to be fragmented"),
        (LAN_6, 2, 0, "2001:db8::fe", "packet too big"),
    ],
)
def test_why_large_packets_do_not_arrive_is_told(
    options: dict[str, tuple[str, int]], kind: int, code: int, sender: str, words: str
) -> None:
    talk = ready(**options)
    for _ in range(4):
        talk.after(0.3).client.data(b"x" * 1400, seq=talk.client.isn + 30, undelivered=True)

    found = seen(talk, icmp(talk.packets[-1], kind, code))

    [evidence] = [entry.evidence for _, entry in found.all_findings() if entry.id == "peer-vanished"]
    assert f"{sender} says in packet 16: {words}" in evidence


@pytest.mark.parametrize(
    ("code", "early", "causes"),
    [
        (3, False, (REJECTED,)),
        (13, False, (PROHIBITED,)),
        (4, False, (TOO_BIG, *CAUSES)),
        (3, True, CAUSES),
    ],
)
def test_what_icmp_errors_say_after_the_peers_last_packet_is_the_cause_and_what_they_said_before_is_not(
    code: int, early: bool, causes: tuple[Cause, ...]
) -> None:
    talk = ready(**LAN)
    for _ in range(4):
        talk.after(0.3).client.data(b"x" * 60, seq=talk.client.isn + 30, undelivered=True)
    told = frames(talk.packets)
    about = 3 if early else len(told) - 1
    told.insert(about + 1, (told[about][0] + 1, icmp(talk.packets[about], 3, code)))

    found = read_files([from_bytes(pcap_of_frames(told), "icmp.pcap")])

    [entry] = [entry for _, entry in found.all_findings() if entry.id == "peer-vanished"]
    assert entry.causes == causes
    assert entry.advice == (HEARTBEAT if early else FILTERS)


@pytest.mark.parametrize("kind", [0, 3, 8])
def test_echoes_and_errors_about_other_numbers_are_not_told(kind: int) -> None:
    talk = opened(**LAN).client.data(HELLO)
    other = Conversation(**LAN, client_isn=3_000_000_000).client.syn().packets[0]  # type: ignore[arg-type]

    found = seen(talk, icmp(other, kind, 1)).to_dict()

    assert [line for line in found["timeline"] if line["kind"] == "ICMP"] == []
    assert found["capture"]["skipped"] == {"not TCP": 1}


@pytest.mark.parametrize("quoted", range(28))
def test_a_quotation_that_is_cut_before_the_sequence_number_is_none(quoted: int) -> None:
    talk = Conversation(**LAN).client.syn()  # type: ignore[arg-type]

    found = seen(talk, icmp(talk.packets[0], 3, 1, quoted))

    assert "was not answered" in found.verdict


@pytest.mark.parametrize(("vlans", "tag"), [((), b"\x81\0\0\x09"), ((7,), b""), ((7,), b"\x81\0\0\x09")])
def test_an_error_that_comes_in_another_vlan_is_about_the_connection(vlans: tuple[int, ...], tag: bytes) -> None:
    talk = ready(**LAN, vlans=vlans)
    error = icmp(talk.packets[-1], 3, 1)

    found = seen(talk, error[:12] + tag + error[12:]).to_dict()

    assert [line["text"] for line in found["timeline"] if line["kind"] == "ICMP"] == [
        "ICMP: host unreachable, says 10.0.0.254 of what the client sent"
    ]
    assert found["capture"]["skipped"] == {}
