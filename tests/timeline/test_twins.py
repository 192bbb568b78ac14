"""A connection that was captured at several places is one."""

from dataclasses import replace

import pytest

from tests.conversation import Conversation, Packet
from tests.timeline.talk import (
    HELLO,
    MANAGED_ACCOUNTS,
    NEXT_VALID_ID,
    answered,
    found,
    frame,
    greeted,
    opened,
    ready,
    report,
    verdict,
)
from tests.timeline.two_places import INSIDE, LATER, beside


def refused() -> Conversation:
    """A SYN that a RST answers."""
    return Conversation().client.syn().server.rst()


def under_way() -> Conversation:
    """A session of which the capture has the last messages."""
    return (
        Conversation()
        .established()
        .client.data(b"\0\0\0\x0549\x001\0")
        .server.data(b"\0\0\0\x0549\x001\0")
        .client.ack()
    )


TALKS = {
    "ready": ready().after(9).server.fin().client.ack().client.fin().server.ack(),
    "silent": greeted().after(4).client.fin().server.ack(),
    "opened": opened().client.rst(),
    "midstream": under_way().after(3).server.rst(),
    "refused": refused(),
}


@pytest.mark.parametrize(
    ("talk", "inside"),
    [
        *((talk, None) for talk in TALKS.values()),
        *((talk, INSIDE) for name, talk in TALKS.items() if name != "refused"),
    ],
    ids=[*(f"{name} in a VLAN" for name in TALKS), *(f"{name} behind a NAT" for name in TALKS if name != "refused")],
)
def test_its_story_is_told_once(talk: Conversation, inside: tuple[str, int] | None) -> None:
    twin = beside(talk, inside, **({} if inside else {"vlans": (10,)}))
    whole = Conversation(packets=sorted([*talk.packets, *twin.packets], key=lambda packet: packet.ts_ns))
    told, alone = verdict(whole).split("; connections 1 and 2 are ")[0], verdict(talk)

    assert told.split(" (")[0] == alone.removesuffix(".").split(" (")[0]


@pytest.mark.parametrize(
    ("inside", "vlans", "place"),
    [(INSIDE, (), "on both sides of a NAT"), (None, (10,), "in several VLANs or tunnels")],
)
def test_the_verdict_and_a_finding_say_so(inside: tuple[str, int] | None, vlans: tuple[int, ...], place: str) -> None:
    talk = greeted().after(4).client.fin().server.ack()
    twin = beside(talk, inside, vlans=vlans)

    assert verdict(talk, twin).endswith(f"; connections 1 and 2 are one, captured {place}.")
    assert found("captured-twice", talk, twin).certainty == "certain"


def test_the_same_addresses_are_not_told_twice() -> None:
    talk = greeted().after(4).client.fin().server.ack()

    assert not [
        text for text in found("captured-twice", talk, beside(talk, None, vlans=(10,))).evidence if " is " in text
    ]


@pytest.mark.parametrize("answered", [True, False], ids=["refused", "unanswered"])
def test_a_syn_of_a_container_s_is_told_once_before_and_behind_its_host(answered: bool) -> None:
    inside = Conversation(("172.17.0.2", 50000), ("192.168.1.20", 4001)).client.syn()
    talk = inside.server.rst() if answered else inside.after(1).client.syn()
    twin = Conversation(packets=[replace(packet, ts_ns=packet.ts_ns + LATER) for packet in talk.packets])
    for packet in twin.packets:
        outside = (("192.168.1.10", port) if host == "172.17.0.2" else (host, port) for host, port in _ends(packet))
        packet.source, packet.target = outside

    assert verdict(talk, twin).endswith("; connections 1 and 2 are one, captured on both sides of a NAT.")
    assert found("captured-twice", talk, twin).evidence[1] == (
        "connection 1 is from 172.17.0.2:50000 to 192.168.1.20:4001, "
        "connection 2 is from 192.168.1.10:50000 to 192.168.1.20:4001"
    )


def _ends(packet: Packet) -> tuple[tuple[str, int], tuple[str, int]]:
    return packet.source, packet.target


def test_a_scan_sends_every_syn_with_the_same_number() -> None:
    hosts = [Conversation(server_address=(f"192.168.1.{host}", 4001)).client.syn().server.rst() for host in (9, 10)]
    ports = [Conversation(server_address=("192.168.1.9", port)).client.syn().server.rst() for port in (4001, 4002)]

    assert not report(*hosts).findings
    assert not report(*ports).findings


@pytest.mark.parametrize(
    ("host", "client_id"), [("127.0.0.1", "1"), ("127.0.0.2", "2")], ids=["another port", "another client id"]
)
def test_a_simple_system_begins_every_connection_with_the_same_numbers(host: str, client_id: str) -> None:
    def session(client: tuple[str, int], number: str) -> Conversation:
        talk = answered(client_address=client).client.data(frame("71", "2", number, "")).server.ack()
        return talk.server.data(MANAGED_ACCOUNTS + NEXT_VALID_ID).client.ack().after(3).server.fin().client.ack()

    talks = session(("127.0.0.1", 50000), "1"), session((host, 50001), client_id)

    assert verdict(*talks).startswith("The gateway closed first on both connections")
    assert "captured-twice" not in [finding.id for finding in report(*talks).findings]


def test_so_do_those_who_send_many_a_syn() -> None:
    talks = [Conversation(client_address=("127.0.0.1", port)).client.syn().server.rst() for port in (50000, 50001)]

    assert verdict(*talks).startswith("The gateway's host refused both connections")


def test_three_places_are_three() -> None:
    talk = greeted().after(4).client.fin().server.ack()
    behind = beside(talk)
    finding = found("captured-twice", talk, behind, beside(behind, vlans=(10,)))

    assert finding.title.startswith("3 connections of the capture are one")
    assert finding.evidence[1].count("connection ") == 3


def test_interfaces_that_lie_out_of_order_in_the_file_change_nothing() -> None:
    talk = greeted().after(4).client.fin().server.ack()
    twin = beside(talk)
    for packet in talk.packets:  # as dumpcap writes what it read from each interface
        packet.ts_ns += 2 * LATER

    assert found("captured-twice", talk, twin).packets[0] == 1


def several(number: int) -> list[Conversation]:
    """So many sessions that the gateway ends, each before and behind a NAT."""
    talks = [
        ready(client_address=("192.168.1.9", 50_000 + one), client_isn=1_000 * (one + 1))
        .after(9 + one / 10)
        .server.rst()
        for one in range(number)
    ]
    return [*talks, *map(beside, talks)]


def test_a_connection_is_no_neighbour_of_its_own() -> None:
    finding = found("gateway-closed-midsession", *several(1))

    assert not [text for text in finding.evidence if "within the same second" in text]
    assert {cause.certainty for cause in finding.causes} == {"possible"}


def test_its_neighbours_are_those_at_the_same_place() -> None:
    told = [finding for _, finding in report(*several(2)).all_findings() if finding.id == "gateway-closed-midsession"]

    assert [finding.evidence[-1].split(" ended")[0] for finding in told] == [
        *["connections 1 and 2"] * 2,
        *["connections 3 and 4"] * 2,
    ]


def test_further_ones_are_counted() -> None:
    talks = several(3)

    assert verdict(*talks).endswith(
        "; connections 1 and 4 are one, captured on both sides of a NAT, and so are 2 more pairs."
    )
    assert found("captured-twice", *talks).evidence[-1] == "2 more connections of the capture are there twice too"


def test_what_one_place_lacks_is_told_of_that_place() -> None:
    talk = ready().after(9).server.fin().client.ack().client.fin().server.ack()
    twin = beside(talk)
    del twin.packets[-2:]

    assert "on connection 1 (FIN in packet" in verdict(talk, twin)
    assert "on connection 2 (FIN in packet" in verdict(talk, twin)


def test_a_gateway_that_is_silent_at_both_places_is_silent() -> None:
    talk = ready()
    number = talk.client.next
    for wait in (0, 1, 2, 4):
        talk.after(wait).client.data(HELLO, seq=number, undelivered=True)

    assert "stopped acknowledging" in found("peer-vanished", talk, beside(talk)).title


def test_two_connections_of_one_client_are_two() -> None:
    first, second = (greeted(client_address=("127.0.0.1", port), client_isn=port) for port in (50001, 50002))

    assert "either connection" in verdict(first, second)
    assert "captured-twice" not in [finding.id for _, finding in report(first, second).all_findings()]
