"""What two captures of one connection, one at each host, prove of a packet that only one of them holds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from capanalyze.api import read
from capanalyze.report import Look, render
from tests.conversation import ETHERNET, Conversation, Packet, pcapng
from tests.timeline.talk import opened, ready
from tests.timeline.two_hosts import (
    BOTH,
    CLIENT,
    DROPPED_3,
    GATEWAY,
    REQUEST,
    TIME,
    another,
    captured,
    cut_off,
    goes_on,
    ids,
    report_of_both,
    seen_by,
)

HOUR_NS = 3_600_000_000_000


@pytest.mark.parametrize("hops", [1, 0])
@pytest.mark.parametrize("clock_ns", [0, 40_000_000, -40_000_000, 900_000_000, -900_000_000, 3 * HOUR_NS])
def test_a_reset_that_the_gateways_host_did_not_send_is_not_its_close(hops: int, clock_ns: int, tmp_path: Path) -> None:
    report = report_of_both(tmp_path, goes_on(cut_off()), hops=hops, clock_ns=clock_ns)

    assert report.verdict.startswith("The client received a reset in the gateway's name (RST in packet ")
    assert (
        "that the gateway's host did not send (its capture has none), 1.0 ms after the last message" in report.verdict
    )
    assert ids(report) == {"injected-rst": "certain"}
    (finding,) = report.connections[0].findings
    assert finding.title == "Something between the two hosts made the RST in the gateway's name"
    assert (
        "is not in the capture next to the gateway, which holds packets of the gateway's up to 2.0"
        in finding.evidence[0]
    )


def test_the_close_keeps_what_the_contract_says_of_it(tmp_path: Path) -> None:
    (connection,) = report_of_both(tmp_path, goes_on(cut_off())).connections

    assert connection.close is not None
    assert (connection.close.first, connection.close.kind) == ("server", "RST")
    assert connection.close.packet in connection.resets["server"]


def test_a_host_that_answers_with_resets_does_not_go_on(tmp_path: Path) -> None:
    talk = ready().after(1).server.rst(interface=CLIENT).client.data(REQUEST)

    assert ids(report_of_both(tmp_path, talk.server.bare_rst(seq=talk.server.next)))["injected-rst"] == "likely"


@pytest.mark.parametrize("clock_ns", [0, 1_400_000_000, -1_400_000_000])
def test_a_reset_of_the_gateway_in_the_clients_name(clock_ns: int, tmp_path: Path) -> None:
    talk = ready().after(1).server.data(TIME, interface=GATEWAY, undelivered=True)
    talk.client.bare_rst(seq=talk.client.next, interface=GATEWAY).after(1)
    talk.client.data(REQUEST).server.bare_rst(seq=talk.server.next)

    report = report_of_both(tmp_path, talk, clock_ns=clock_ns)

    assert report.verdict.startswith("The gateway received a reset in the client's name (RST in packet ")
    assert ids(report) == {"injected-rst": "certain"}


def test_another_connection_shows_that_the_capture_went_on(tmp_path: Path) -> None:
    talk = cut_off()

    report = report_of_both(tmp_path, talk, another(talk))

    assert report.verdict.startswith("The client received a reset on connection 1 in the gateway's name (RST in packet")
    assert ids(report)["injected-rst"] == "likely"


def all_day() -> Conversation:
    """A session of ten hours; at first the client asks, in the end the gateway says what nobody asked for."""
    talk = ready()
    for minute in range(600):
        talk.after(60)
        if minute < 200:
            talk.client.data(REQUEST)
        talk.server.data(TIME).client.ack()
    return talk


@pytest.mark.parametrize("ppm", [50, -50])
def test_a_capture_whose_clock_runs_away_may_have_ended_before_as_well(ppm: int, tmp_path: Path) -> None:
    talk = all_day()
    until = len(talk.packets)

    report = report_of_both(tmp_path, talk.after(0.5).server.rst(), hops=0, ppm=ppm, until=until)

    assert report.verdict.startswith("The gateway closed first by a reset")
    assert ids(report)["injected-rst"] == "possible"


@pytest.mark.parametrize("ppm", [50, -50])
def test_clocks_that_run_apart_do_not_hide_which_host_a_capture_is_next_to(ppm: int, tmp_path: Path) -> None:
    talk = all_day().client.data(REQUEST, interface=CLIENT, undelivered=True)
    goes_on(talk.server.bare_rst(seq=talk.server.next, interface=CLIENT))

    report = report_of_both(tmp_path, talk, hops=0, ppm=ppm)

    assert ids(report) == {"injected-rst": "certain"}


@pytest.mark.parametrize(("ttl", "certainty"), [(63, "possible"), (64, "likely")])
def test_a_capture_that_may_have_ended_before_proves_nothing(ttl: int, certainty: str, tmp_path: Path) -> None:
    report = report_of_both(tmp_path, cut_off(ttl=ttl))

    assert " closed first by a reset (RST in packet " in report.verdict
    assert ids(report)["injected-rst"] == certainty
    assert "gateway-closed-midsession" in ids(report)


@pytest.mark.parametrize("silent", [False, True])
def test_a_capture_that_lost_packets_proves_less(silent: bool, tmp_path: Path) -> None:
    talk = cut_off()
    client, gateway = captured(tmp_path, *([talk, another(talk)] if silent else [goes_on(talk)]))
    gateway.write_bytes(gateway.read_bytes() + DROPPED_3)

    report = read([client, gateway])

    assert report.capture.dropped == 3
    assert ("that the gateway's host probably did not send" in report.verdict) is not silent
    assert ids(report)["injected-rst"] == "likely"


@pytest.mark.parametrize("hops", [1, 0])
@pytest.mark.parametrize("clock_ns", [0, 40_000_000, -40_000_000])
def test_a_reset_that_both_hold_came_from_its_sender(hops: int, clock_ns: int, tmp_path: Path) -> None:
    report = report_of_both(tmp_path, ready().after(1).server.rst(), hops=hops, clock_ns=clock_ns)

    assert report.verdict.startswith("The gateway closed first by a reset")
    (finding,) = report.connections[0].findings
    assert finding.id == "gateway-closed-midsession"
    assert "the capture next to the gateway holds that RST too, so it came from there" in finding.evidence


def test_a_reset_that_did_not_arrive_is_told_as_such(tmp_path: Path) -> None:
    talk = ready().after(1).server.rst(interface=GATEWAY)
    talk.after(1).client.data(REQUEST).server.bare_rst(seq=talk.server.next, interface=GATEWAY)
    talk.after(1).client.data(REQUEST, seq=talk.client.next - len(REQUEST))

    report = report_of_both(tmp_path, talk)

    assert report.verdict.startswith("The gateway closed first by a reset (RST in packet ")
    assert "(the client did not get that RST: the capture next to it has none" in report.verdict


def on_interfaces(packets: list[Packet], *interfaces: int) -> list[Packet]:
    """Each packet on every interface at the same moment, but those of an interface of their own."""
    return [
        replace(packet, interface=interface)
        for packet in packets
        for interface in interfaces
        if packet.interface == 0 or interface == packet.interface - 1
    ]


@pytest.mark.parametrize("interfaces", [(0, 1), (0, 1, 2)])
def test_interfaces_that_capture_at_the_same_moment_do_not_tell_which_is_nearer(
    interfaces: tuple[int, ...], tmp_path: Path
) -> None:
    path = tmp_path / "talk.pcapng"
    path.write_bytes(pcapng(on_interfaces(goes_on(cut_off()).packets, *interfaces), [ETHERNET] * 3))

    report = read(path)

    assert "by a reset (RST in packet " in report.verdict
    assert not any("the capture next to" in text for _, one in report.all_findings() for text in one.evidence)


def test_of_captures_that_were_merged_before_one_may_have_ended_earlier(tmp_path: Path) -> None:
    talk = cut_off()
    late = another(talk).packets
    client = [replace(packet, interface=0) for packet in talk.packets] + late
    gateway = seen_by(talk.packets, GATEWAY, hops=1, clock_ns=0, ppm=0)
    packets = client + [replace(packet, interface=1) for packet in gateway]
    path = tmp_path / "merged.pcapng"
    path.write_bytes(pcapng(sorted(packets, key=lambda packet: packet.ts_ns), [ETHERNET] * 2))

    report = read(path)

    assert report.verdict.startswith("The gateway closed first on connection 1 by a reset (RST in packet ")
    assert "which may have ended before" in str(report.connections[0].findings)


def test_one_capture_proves_nothing_of_the_other_host(tmp_path: Path) -> None:
    client, _ = captured(tmp_path, goes_on(cut_off()))

    assert "The gateway probably closed first by a reset" in read(client).verdict


def test_a_connection_that_never_opened_is_told_as_by_one_capture(tmp_path: Path) -> None:
    talk = opened()

    assert report_of_both(tmp_path, talk).connections[0].history == "ShA"


def test_the_report_says_in_every_place_that_neither_host_reset(tmp_path: Path) -> None:
    talk = cut_off()
    report = report_of_both(tmp_path, talk, another(talk))

    (reset,) = [line.text for line in report.timeline if line.kind == "RST"]
    assert reset == "RST in the gateway's name, not of its host"
    assert [one.close.made_between for one in report.connections if one.close] == [True]
    assert "neither, RST, 1.0 s" in render(report, "text", Look())


@pytest.mark.parametrize("lost", [False, True])
def test_a_reset_of_the_sender_behind_a_forged_one_is_another(lost: bool, tmp_path: Path) -> None:
    talk = cut_off()
    talk.after(1).server.rst(interface=GATEWAY if lost else BOTH)

    (connection,) = report_of_both(tmp_path, talk, another(talk)).connections[:1]

    assert connection.close is not None
    assert connection.close.made_between


def test_a_connection_of_which_only_the_client_has_packets_was_not_reset_by_the_gateways_host(tmp_path: Path) -> None:
    talk = ready()
    stray = Conversation(("127.0.0.1", 50001), clock=talk.clock)
    stray.client.data(REQUEST, interface=CLIENT).server.bare_rst(seq=stray.server.next, interface=CLIENT)
    talk.after(2).client.data(REQUEST).server.data(TIME)

    (finding,) = report_of_both(tmp_path, talk, stray).connections[1].findings

    assert (finding.id, finding.certainty) == ("injected-rst", "likely")


def test_a_packet_of_a_third_interface_alone_makes_it_unknown_too(tmp_path: Path) -> None:
    path = tmp_path / "talk.pcapng"
    packets = on_interfaces(ready().packets, 0, 1)
    packets += [replace(packet, interface=2) for packet in goes_on(cut_off()).packets[-2:]]
    path.write_bytes(pcapng(packets, [ETHERNET] * 3))

    assert not any("the capture next to" in text for _, one in read(path).all_findings() for text in one.evidence)
