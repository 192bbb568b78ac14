"""What only Wireshark can unwrap comes back as the same connections; everything else stays as it was."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest

from capanalyze.api import read, read_files
from capanalyze.capture.files import from_bytes, open_file
from capanalyze.capture.relay import (
    FIRST_TUNNEL,
    LAST_TUNNEL,
    Relay,
)
from capanalyze.packets.wrapped import wrapping
from tests.capture.octets import ROOT, packet, pcap
from tests.capture.tunnels import Tunnel, analysed, file_of, in_tunnel, keyed, talk, vxlan
from tests.capture.wrappers import (
    ETHERNET,
    MACS,
    WRAPPERS,
    ah,
    carrier4,
    ethernet,
    gre,
    udp,
)
from tests.conversation import Packet, pcap_of_frames

CASES = [(name, version) for name in WRAPPERS for version in (4, 6) if (name, version) != ("Teredo", 4)]


def all_packets() -> list[tuple[str, Packet]]:
    """Each case's session, one behind the other."""
    found, clock = [], 1_700_000_000_000_000_000
    for place, (name, version) in enumerate(CASES):
        session = talk(20_000 + place, version, clock=clock)
        found += [(name, one) for one in session.packets]
        clock = session.clock
    return found


@cache
def plain() -> dict[int, Any]:
    """Connections of the sessions without any wrapping, by the client's port."""
    report = analysed(file_of([(101, one.ts_ns, one.datagram()) for _, one in all_packets()]), "native")
    return {one["client"]["port"]: one for one in report["connections"]}


@cache
def wrapped(engine: str) -> dict[int, Any]:
    """The same of the wrapped ones, all in one file."""
    frames = [(*WRAPPERS[name](one.datagram()), one.ts_ns) for name, one in all_packets()]
    report = analysed(file_of([(link, ns, frame) for link, frame, ns in frames]), engine)
    return {one["client"]["port"]: one for one in report["connections"]}


@pytest.mark.parametrize(("place", "name", "version"), [(at, *case) for at, case in enumerate(CASES)])
@pytest.mark.parametrize("engine", ["auto", "tshark"])
def test_a_wrapped_session_is_told_as_if_it_were_not(place: int, name: str, version: int, engine: str) -> None:
    port = 20_000 + place
    assert (name, version) == CASES[place]

    assert plain()[port] == wrapped(engine).get(port)


def test_no_connection_comes_out_that_did_not_go_in() -> None:
    assert sorted(plain()) == sorted(wrapped("auto")) == sorted(wrapped("tshark"))


@pytest.mark.parametrize(("name", "version"), CASES)
def test_what_hides_the_ip_header_has_a_name(name: str, version: int) -> None:
    link, frame = WRAPPERS[name](talk(1, version).packets[0].datagram())
    window = from_bytes(file_of([(link, 0, frame)])).decoder
    window.advance()

    assert wrapping(window)


@pytest.mark.parametrize("path", sorted((ROOT / "captures").glob("*.pcapng")), ids=lambda path: path.name)
def test_nothing_in_the_recordings_of_lo_is_wrapped(path: Path) -> None:
    file = open_file(str(path))

    names = {wrapping(window) for window in file.windows() for _ in iter(window.advance, False)}

    assert names <= {""}


def test_native_counts_what_it_leaves_out_and_says_what_would_read_it() -> None:
    frames = [(*WRAPPERS[name](one.datagram()), one.ts_ns) for name in ("GRE", "PPPoE") for one in talk(7).packets]
    data = file_of([(link, ns, frame) for link, frame, ns in frames])

    facts = analysed(data, "native")["capture"]

    assert facts["skipped"] == {"wrapped in GRE": 9, "wrapped in PPPoE": 9}
    assert facts["remarks"] == [
        "left out: 9 packets in GRE, 9 in PPPoE; tshark unwraps that (--engine native was asked for)"
    ]


def test_without_tshark_the_rest_is_read_and_one_line_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("capanalyze.capture.tshark.find_tshark", lambda: "")
    inside, outside = talk(7).packets, talk(8).packets
    frames = [(WRAPPERS["GRE"](one.datagram()), one) for one in inside]
    mixed = [(1, one.ts_ns, ethernet(one.datagram())) for one in outside]
    mixed[3:3] = [(link, one.ts_ns, frame) for (link, frame), one in frames]

    report = analysed(file_of(mixed), "auto")

    assert [(one["client"]["port"], one["packets"]) for one in report["connections"]] == [(8, 9)]
    assert report["capture"]["skipped"] == {"wrapped in GRE": 9}
    assert report["capture"]["packets"] == 18
    assert report["capture"]["remarks"] == ["left out: 9 packets in GRE; tshark unwraps that (tshark is not installed)"]


def test_packets_keep_their_order_numbers_and_times_among_those_that_are_not_wrapped() -> None:
    mixed: list[tuple[int, int, bytes]] = []
    for one in talk(7).packets:
        mixed += [(1, one.ts_ns, ethernet(one.datagram())), (1, one.ts_ns + 1, ethernet(udp(53, b"question")))]
    mixed[9:9] = [(1, mixed[8][1], ethernet(carrier4(47, gre(carrier4(1, b"ping")))))]

    report = analysed(file_of(mixed), "auto")

    expected = analysed(file_of(mixed), "native")
    assert expected["connections"] == report["connections"]
    assert report["capture"]["packets"] == 19
    assert report["capture"]["skipped"] == {"not TCP": 10}
    assert report["capture"]["remarks"] == ["unwrapped by tshark: 1 packet in GRE"]


def test_few_wrapped_packets_do_not_take_all_others_through_the_relay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("capanalyze.capture.relay.STRETCH", 100)
    put, relayed = Relay.put, []
    monkeypatch.setattr(Relay, "put", lambda relay, packets: relayed.append(packets.number) or put(relay, packets))
    frames = [(1, at, ethernet(udp(53, b"question"))) for at in range(400)]
    link, frame = WRAPPERS["GRE"](talk(7).packets[0].datagram())
    frames[100] = frames[300] = (link, 100, frame)

    report = analysed(file_of(frames), "auto")

    assert report["capture"]["packets"] == 400
    assert relayed == [101, *range(102, 202), 301, *range(302, 401)]


@pytest.mark.parametrize("stretch", [1, 2, 5, 7])
def test_going_back_to_the_native_reader_in_between_changes_nothing(
    stretch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames: list[tuple[int, int, bytes]] = []
    for place in range(6):
        wrapper = WRAPPERS["GRE"] if place in {1, 4} else lambda datagram: (1, ethernet(datagram))
        frames += [(*wrapper(one.datagram()), one.ts_ns) for one in talk(7 + place, clock=place * 10**9).packets]  # type: ignore[misc]
    data = file_of([(link, ns, frame) for link, frame, ns in frames])  # type: ignore[misc]
    expected = analysed(data, "tshark")
    monkeypatch.setattr("capanalyze.capture.relay.STRETCH", stretch)

    report = analysed(data, "auto")

    assert report["connections"] == expected["connections"]
    assert [one["packets"] for one in report["connections"]] == [9] * 6
    assert report["capture"]["packets"] == 54


@pytest.mark.parametrize(
    ("one", "two", "connections"),
    [
        (vxlan(10), vxlan(11), 2),
        (vxlan(10), vxlan(10), 1),
        (keyed(1), keyed(2), 2),
        (keyed(0x10001, b"\x65\x58"), keyed(0x10002, b"\x65\x58"), 1),  # NVGRE: the last octet is the flow's
        (keyed(0x10001, b"\x65\x58"), keyed(0x20001, b"\x65\x58"), 2),
        (lambda datagram: carrier4(47, gre(datagram)), lambda datagram: carrier4(4, datagram), 1),
    ],
)
def test_the_same_ports_in_different_tunnels_are_different_connections(
    one: Tunnel, two: Tunnel, connections: int
) -> None:
    first, second = talk(7).packets, talk(7, client_isn=5, server_isn=6).packets
    if connections == 1:
        frames = in_tunnel(one, first[::2]) + in_tunnel(two, first[1::2])
        frames.sort(key=lambda frame: frame[1])
    else:
        frames = [frame for pair in zip(in_tunnel(one, first), in_tunnel(two, second), strict=True) for frame in pair]

    report = analysed(file_of(frames), "auto")

    assert [9] * connections == [one["packets"] for one in report["connections"]]
    assert {"client"} == {one["close"]["first"] for one in report["connections"]}


def test_a_vlan_is_the_same_vlan_in_a_packet_that_tshark_unwrapped() -> None:
    packets = talk(7).packets
    tag = b"\x81\0\0\5"
    frames = [(1, one.ts_ns, MACS + tag + b"\x08\0" + one.datagram()) for one in packets[:4]]
    frames += [(1, one.ts_ns, MACS + tag + b"\x08\0" + ah(one.datagram())) for one in packets[4:]]

    report = analysed(file_of(frames), "auto")

    assert [one["packets"] for one in report["connections"]] == [9]


def test_what_an_icmp_error_quotes_is_not_sent_again() -> None:
    packets = talk(7).packets
    quote = carrier4(1, b"\x03\x03\0\0\0\0\0\0" + packets[3].datagram()[:60])
    frames = in_tunnel(lambda datagram: carrier4(47, gre(datagram)), packets[:5])
    frames += [(1, packets[5].ts_ns, ethernet(carrier4(47, gre(quote))))]

    report = analysed(file_of(frames), "auto")

    assert [one["packets"] for one in report["connections"]] == [5]
    assert report["capture"]["skipped"] == {}
    assert [line["packet"] for line in report["timeline"] if line["kind"] == "ICMP"] == [6]


def test_two_datagrams_in_one_frame_are_two_packets_with_one_number() -> None:
    packets = talk(7).packets

    def subframe(datagram: bytes) -> bytes:
        body = b"\xaa\xaa\x03\0\0\0\x08\0" + datagram
        return MACS + len(body).to_bytes(2, "big") + body + b"\0" * (-(14 + len(body)) % 4)

    qos = b"\x88\x02\0\0" + MACS + b"\2\0\0\0\0\3" + b"\x10\0" + b"\x80\0"  # QoS data, an A-MSDU (IEEE 802.11 9.2.4.5)
    frames = [
        (105, one.ts_ns, qos + subframe(one.datagram()) + subframe(two.datagram()))
        for one, two in zip(packets[:8:2], packets[1:8:2], strict=True)
    ]

    connection = analysed(file_of(frames), "auto")["connections"][0]

    assert (connection["packets"], connection["fins"]) == (8, {"client": [4], "server": [4]})
    assert (connection["client_bytes"], connection["server_bytes"]) == (17, 30)


@pytest.mark.parametrize("snaplen", [98, 104, 120])
def test_a_snapshot_length_cuts_what_is_inside(snaplen: int) -> None:
    packets = talk(7).packets
    frames = [(one.ts_ns, ethernet(vxlan(1)(one.datagram()))) for one in packets]

    report = read_files([from_bytes(pcap_of_frames(frames, ETHERNET, snaplen))], engine="auto").to_dict()

    connection = report["connections"][0]
    assert (connection["client_bytes"], connection["server_bytes"], connection["close"]["first"]) == (17, 30, "client")


def test_what_tshark_cannot_unwrap_either_is_not_said_to_be_unwrapped() -> None:
    labelled = MACS + b"\x88\x47\0\0\x11\x40" + b"\xff" * 40

    capture = analysed(file_of([(ETHERNET, 1, labelled)]), "auto")["capture"]

    assert (capture["skipped"], capture["remarks"]) == ({"wrapped in MPLS": 1}, [])


def test_octets_that_look_wrapped_and_are_not_do_no_harm() -> None:
    rubbish = [
        (1, at, ethernet(carrier4(protocol, bytes((at,)) * at))) for at in range(40) for protocol in (4, 41, 47, 51)
    ]

    report = analysed(file_of(rubbish), "auto")

    assert report["connections"] == []
    assert report["capture"]["packets"] == 160
    assert sum(report["capture"]["skipped"].values()) == 160


def test_a_link_type_that_nobody_knows_does_not_stop_the_rest() -> None:
    frames = [(147, 1, b"user defined"), (299, 2, b"unknown to this tshark"), (65000, 3, b"unknown to all")]
    claimed = analysed(pcap([(1, 0, b"octets")], network=0x03FFFFFF), "auto")
    frames += in_tunnel(vxlan(3), talk(7).packets)

    report = analysed(file_of(frames), "auto")

    assert [one["packets"] for one in report["connections"]] == [9]
    assert report["capture"]["packets"] == 12
    assert claimed["capture"]["skipped"] == {"wrapped in an unknown layer (link type 67108863)": 1}


def test_the_relay_goes_on_from_file_to_file() -> None:
    frames = in_tunnel(vxlan(3), talk(7).packets)
    files = [from_bytes(file_of(part)) for part in (frames[:4], frames[4:6], frames[6:])]

    report = read_files(files).to_dict()

    assert [one["packets"] for one in report["connections"]] == [9]
    assert [(one["first_packet"], one["packets"]) for one in report["capture"]["files"]] == [(1, 4), (5, 2), (7, 3)]


def test_a_last_packet_that_cannot_be_used_is_counted() -> None:
    frames = in_tunnel(vxlan(3), talk(7).packets)

    report = analysed(file_of(frames) + packet("<", b"octets", 1, 9), "auto")

    assert report["capture"]["packets"] == 10
    assert report["capture"]["skipped"] == {"packet of an interface that is not described": 1}


def test_messages_come_out_of_tunnels(tmp_path: Path) -> None:
    path = tmp_path / "tunnel.pcapng"
    path.write_bytes(file_of(in_tunnel(vxlan(3), talk(7).packets)))

    told = [(one["sender"], one["packet"], one["conn"]) for one in read(path).messages()]

    assert told == [("client", 4, 1), ("server", 5, 1)]


def test_more_tunnels_than_numbers_share_the_last_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("capanalyze.capture.relay.Tshark", lambda: None)
    relay = Relay(False)

    tags = [int.from_bytes(relay._tag((f"VXLAN {number}",)), "big") for number in range(LAST_TUNNEL - FIRST_TUNNEL + 5)]

    assert tags[0] == FIRST_TUNNEL
    assert tags[-5:] == [LAST_TUNNEL] * 5
    assert relay._tag(("VLAN 7",)) == b"\0\7"
    assert relay._tag(()) == b"\0\0"


def test_an_ordinary_capture_never_asks_tshark(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr("capanalyze.capture.capture.start_relay", refuse)
    data = pcap([(1, 0, ethernet(talk(7).packets[0].datagram())), (2, 0, ethernet(udp(53, b"question")))])

    assert analysed(data, "auto")["capture"]["packets"] == 2
