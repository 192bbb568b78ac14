"""What got lost between two hosts, as captures of both show: octets, a FIN, an attempt to connect."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from capanalyze.api import read
from tests.conversation import Conversation, pcapng
from tests.timeline.talk import ready
from tests.timeline.two_hosts import (
    BOTH,
    CLIENT,
    DELAY_NS,
    DROPPED_3,
    GATEWAY,
    REQUEST,
    TIME,
    another,
    captured,
    ids,
    report_of_both,
)


def unheard() -> Conversation:
    """A session in which the client's packets do not arrive any more."""
    talk = ready().after(1).client.data(REQUEST, interface=CLIENT, undelivered=True)
    for wait in (1, 2, 4, 8):
        talk.after(wait).again(ip_id=talk.packets[-1].ip_id + 1)
    return talk


def test_what_did_not_arrive_any_more_is_told(tmp_path: Path) -> None:
    talk = unheard()

    report = report_of_both(tmp_path, talk, another(talk))

    assert "what the client sent again and again did not reach the gateway's host" in report.verdict
    (finding,) = report.connections[0].findings
    assert finding.id == "peer-vanished"
    assert any("5 packets, from packet " in text and "did not arrive: " in text for text in finding.evidence)
    assert [(cause.text, cause.certainty) for cause in finding.causes] == [
        ("what lies between the two hosts dropped the client's packets", "likely")
    ]


def severed(*, one_way: bool) -> Conversation:
    """A session in which the gateway's packets do not arrive any more, nor the client's unless ``one_way``."""
    to_gateway = BOTH if one_way else CLIENT
    talk = ready().after(1).client.data(REQUEST, interface=to_gateway, undelivered=not one_way)
    talk.server.data(TIME, interface=GATEWAY, undelivered=True)
    for wait in (1, 2, 4, 8):
        talk.after(wait).again(-2, ip_id=100 + wait, interface=to_gateway)
        talk.after(0.01).again(-2, ip_id=200 + wait, interface=GATEWAY)
    return talk


@pytest.mark.parametrize(
    ("one_way", "told", "title", "whose"),
    [
        (
            False,
            "nothing got through any more between the client's host and the gateway's",
            "Nothing got through any more between the client's host and the gateway's",
            "the packets of both",
        ),
        (
            True,
            "what the gateway's host answered did not reach the client",
            "What the gateway's host answered did not get to the client's any more",
            "the gateway's packets",
        ),
    ],
    ids=["both ways", "the answers"],
)
def test_what_comes_from_a_host_and_does_not_arrive_is_no_sign_of_life_to_the_other(
    one_way: bool, told: str, title: str, whose: str, tmp_path: Path
) -> None:
    talk = severed(one_way=one_way)

    report = report_of_both(tmp_path, talk, another(talk))

    assert told in report.verdict
    finding = next(one for one in report.connections[0].findings if one.id == "peer-vanished")
    assert (finding.title, finding.certainty) == (title, "certain")
    assert not any("acknowledged" in text or "no TCP packet" in text for text in finding.evidence)
    assert [cause.text for cause in finding.causes] == [f"what lies between the two hosts dropped {whose}"]


def test_what_a_client_acknowledged_in_vain_it_has_sent_and_not_answered(tmp_path: Path) -> None:
    talk = ready().after(1).server.data(TIME).client.ack(interface=CLIENT, undelivered=True)
    for wait in (1, 2, 4, 8):
        talk.after(wait).again(-2, ip_id=100 + wait)
        talk.after(0.01).again(-2, ip_id=200 + wait, interface=CLIENT)

    report = report_of_both(tmp_path, talk, another(talk))

    assert "what the client's host sent did not reach the gateway" in report.verdict
    (finding,) = report.connections[0].findings
    assert finding.title == "What the client's host sent did not get to the gateway's any more"


def test_what_the_next_file_of_a_ring_holds_is_not_in_the_capture_of_the_other_host(tmp_path: Path) -> None:
    talk = ready().after(1).server.data(TIME)
    ended = len(talk.packets)
    talk.after(9).client.data(REQUEST).after(1).server.data(TIME, undelivered=True)
    for wait in (1, 2, 4, 8):
        talk.after(wait).again(ip_id=talk.packets[-1].ip_id + 1)
    client, first = captured(tmp_path, replace(talk, packets=talk.packets[:ended]))
    second = tmp_path / "second.pcapng"
    second.write_bytes(pcapng(talk.packets[ended:]))

    (finding,) = read([client, first, second]).connections[0].findings

    assert finding.id == "peer-vanished"
    assert not any("the capture next to the client holds them" in text for text in finding.evidence)


def test_what_may_have_arrived_when_the_capture_had_ended_is_not_told_as_lost(tmp_path: Path) -> None:
    report = report_of_both(tmp_path, unheard())

    assert "did not reach" not in report.verdict
    assert "which may have ended before" in report.connections[0].findings[0].evidence[2]


def test_what_arrived_and_was_not_acknowledged_is_told_as_arrived(tmp_path: Path) -> None:
    talk = unheard()
    for packet in talk.packets:
        packet.interface = 0

    (finding,) = report_of_both(tmp_path, talk).connections[0].findings

    assert finding.id == "peer-vanished"
    assert "the client's last packets arrived: the capture next to the gateway holds them" in finding.evidence


def attempt(talk: Conversation) -> Conversation:
    """A SYN that does not get to the gateway's host, beside a session that goes on."""
    later = Conversation(("127.0.0.1", 50001), clock=talk.clock)
    later.client.syn(interface=CLIENT)
    talk.after(2).client.data(REQUEST).server.data(TIME)
    return later


def test_a_refusal_that_the_gateways_host_did_not_send(tmp_path: Path) -> None:
    talk = ready()
    refused = attempt(talk)
    refused.server.rst(interface=CLIENT)

    report = report_of_both(tmp_path, talk, refused)

    assert report.verdict.startswith("Something before the gateway's host refused connection 2 (RST in packet ")
    assert "the capture next to the gateway has no packet of it" in report.verdict
    assert ids(report) == {"port-refused": "likely"}


def test_a_connection_attempt_that_did_not_arrive(tmp_path: Path) -> None:
    talk = ready()

    report = report_of_both(tmp_path, talk, attempt(talk))

    assert "the capture next to the gateway has no packet of it; nobody closed connection 1" in report.verdict
    (finding,) = report.connections[1].findings
    assert [cause.text for cause in finding.causes] == ["something between the two hosts drops the packets"]


def test_an_attempt_of_which_the_other_capture_may_know_nothing_yet_is_told_as_without(tmp_path: Path) -> None:
    talk = ready()
    refused = attempt(talk)
    refused.server.rst(interface=CLIENT)
    talk.packets = [packet for packet in talk.packets if packet.ts_ns < refused.packets[0].ts_ns]

    report = report_of_both(tmp_path, talk, refused)

    assert report.verdict.startswith("The gateway's host refused connection 2 ")


def leaving(*, arrives: bool) -> Conversation:
    """A client whose FIN is sent again and again; where the first one arrives the later ones do not."""
    talk = ready().after(1).client.fin(interface=BOTH if arrives else CLIENT)
    for wait in (1, 2, 4):
        talk.after(wait).again(ip_id=talk.packets[-1].ip_id + 1, interface=CLIENT)
    return talk


@pytest.mark.parametrize("arrives", [True, False])
def test_a_fin_that_did_not_arrive_is_told_as_such(arrives: bool, tmp_path: Path) -> None:
    talk = leaving(arrives=arrives)

    verdict = report_of_both(tmp_path, talk, another(talk)).connections[0].verdict

    assert ("that FIN did not arrive: the capture next to the gateway has none" in verdict) is not arrives


def test_a_fin_that_both_captured_several_times_was_not_sent_twice_as_often(tmp_path: Path) -> None:
    talk = leaving(arrives=True)
    for packet in talk.packets:
        packet.interface = BOTH

    verdict = report_of_both(tmp_path, talk, another(talk)).connections[0].verdict

    assert "though it was sent 4 times" in verdict


def test_what_arrived_in_part_is_not_told_as_lost(tmp_path: Path) -> None:
    talk = unheard()
    for packet in talk.packets[:-1]:
        packet.interface = 0

    report = report_of_both(tmp_path, talk, another(talk))

    assert "did not acknowledge what the client sent again and again" in report.verdict


@pytest.mark.parametrize("who", [CLIENT, GATEWAY])
def test_an_attempt_that_one_capture_holds_proves_something_only_if_the_gateways_lacks_it(
    who: int, tmp_path: Path
) -> None:
    talk = ready()
    refused = attempt(talk)
    refused.server.segment(0x14, ack=refused.client.next, interface=who)
    refused.packets[0].interface = who

    report = report_of_both(tmp_path, talk, refused)

    assert report.verdict.startswith("Something before the gateway's host refused") is (who == CLIENT)


def test_a_capture_may_take_the_packets_of_some_clients_only(tmp_path: Path) -> None:
    talk = ready()
    refused = attempt(talk)
    refused.server.rst(interface=CLIENT)
    for packet in refused.packets:
        if packet.sender == "client":
            packet.source = ("127.0.0.2", 50001)
        else:
            packet.target = ("127.0.0.2", 50001)

    assert report_of_both(tmp_path, talk, refused).verdict.startswith("The gateway's host refused connection 2 ")


def test_where_packets_were_dropped_an_attempt_may_have_arrived(tmp_path: Path) -> None:
    talk = ready()
    client, gateway = captured(tmp_path, talk, attempt(talk))
    gateway.write_bytes(gateway.read_bytes() + DROPPED_3)

    assert "no packet of it" not in read([client, gateway]).verdict


@pytest.mark.parametrize(("interface", "state"), [(CLIENT, "UNKNOWN"), (BOTH, "CLOSED")])
def test_a_reset_that_did_not_arrive_leaves_its_receiver_as_it_was(interface: int, state: str, tmp_path: Path) -> None:
    talk = ready().after(1).client.rst(interface=interface)

    report = report_of_both(tmp_path, talk, another(talk))

    assert report.connections[0].states == {"client": "CLOSED", "server": state}


def test_what_was_said_before_a_reset_that_did_not_arrive_may_come_later_than_that_was_sent(tmp_path: Path) -> None:
    talk = ready().after(1).client.data(REQUEST).client.rst(interface=CLIENT)
    talk.packets[-1].ts_ns = talk.packets[-2].ts_ns + DELAY_NS // 2

    report = report_of_both(tmp_path, talk, another(talk))

    assert report.connections[0].states == {"client": "CLOSED", "server": "UNKNOWN"}


@pytest.mark.parametrize(("arrives", "state"), [(False, "UNKNOWN"), (True, "ESTABLISHED")])
def test_who_sends_again_since_the_acknowledgements_do_not_arrive_may_have_closed(
    arrives: bool, state: str, tmp_path: Path
) -> None:
    talk = ready().after(1).server.data(TIME).client.ack(interface=CLIENT)
    talk.after(1).server.data(TIME, seq=talk.server.next - len(TIME)).client.ack(interface=BOTH if arrives else CLIENT)

    report = report_of_both(tmp_path, talk, another(talk))

    assert report.connections[0].states == {"client": "ESTABLISHED", "server": state}
