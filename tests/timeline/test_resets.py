"""RSTs in a session that was up: whose they seem to be, and what that says of who closed."""

from dataclasses import replace

import pytest

from tests.conversation import Conversation
from tests.timeline.talk import answered, findings, found, frame, greeted, ready, report, started, verdict

ANSWERS = frame("49", "1", "1700000000") * 9
LAN = {"client_address": ("192.168.1.20", 50000), "server_address": ("192.168.1.10", 4001)}
V6 = {"client_address": ("fe80::1", 50000), "server_address": ("fe80::2", 4001)}


@pytest.mark.parametrize("address", [{}, V6], ids=["IPv4", "IPv6"])
@pytest.mark.parametrize("ttl", [250, 60, 255])
def test_a_rst_from_more_or_fewer_hops_away_than_the_gateway_is_not_said_to_be_its_own_for_certain(
    address: dict[str, object], ttl: int
) -> None:
    talk = ready(**address).after(20).server.rst(ttl=ttl)
    finding = found("injected-rst", talk)

    assert (finding.certainty, finding.packets) == ("likely", (12,))
    assert finding.evidence == (
        f"the RST in packet 12 came with TTL {ttl}, an earlier packet of the gateway's with 64",
    )
    ended = found("gateway-closed-midsession", talk)
    assert ended.certainty == "likely"
    assert [(cause.text, cause.certainty) for cause in ended.causes] == [
        ("something between the two hosts reset it", "likely")
    ]
    assert verdict(talk).startswith("The gateway probably closed first by a reset (RST in packet 12)")
    assert verdict(talk).endswith(
        "(that RST has another TTL than earlier packets of the gateway's, so something between the two may "
        "have sent it)."
    )


@pytest.mark.parametrize("ttl", [63, 65, 61])
def test_a_rst_from_a_router_next_to_the_gateway_or_over_another_route_is_possibly_not_its_own(ttl: int) -> None:
    finding = found("injected-rst", ready().after(20).server.rst(ttl=ttl))

    assert (finding.certainty, finding.packets) == ("possible", (12,))


def test_the_time_to_live_is_known_behind_ip_options_too() -> None:
    finding = found("injected-rst", ready().server.rst(ttl=250, ip_options=b"\x94\x04\0\0"))

    assert "TTL 250" in finding.evidence[0]


def test_where_the_capture_begins_in_the_session_its_first_packets_tell_the_time_to_live() -> None:
    talk = Conversation().established().server.data(ANSWERS, ttl=57).client.ack().server.rst(ttl=64)

    assert "TTL 64, an earlier packet of the gateway's with 57" in found("injected-rst", talk).evidence[0]


def test_a_sender_that_goes_on_after_its_rst_did_not_make_it() -> None:
    talk = ready().after(20).server.bare_rst().server.data(ANSWERS)

    assert found("injected-rst", talk).evidence == (
        "the gateway went on sending after it; who resets a connection forgets it",
    )


def test_a_client_that_resets_with_an_ack_had_octets_to_read() -> None:
    finding = found("client-reset-midsession", ready().server.data(ANSWERS).client.rst())

    assert (finding.severity, finding.certainty, finding.packets) == ("notice", "certain", (12, 13))
    assert [cause.text for cause in finding.causes] == [
        "the client's program closed its socket, ended or was killed with octets unread"
    ]


@pytest.mark.parametrize(("ttl", "windows"), [(128, True), (117, True), (64, False), (52, False), (255, False)])
def test_windows_resets_with_an_ack_what_a_program_leaves_that_ends(ttl: int, windows: bool) -> None:
    talk = ready().client.rst()
    talk.packets = [replace(packet, ttl=ttl) for packet in talk.packets]
    finding = found("client-reset-midsession", talk)

    assert finding.evidence[1].endswith("of a program that ends") is windows
    assert finding.causes[0].text.startswith("the client's program ended or was killed, or closed") is windows


def test_a_client_s_host_that_does_not_know_the_connection_any_more_resets_without_an_ack() -> None:
    finding = found("client-reset-midsession", ready().after(900).server.data(ANSWERS).client.bare_rst())

    assert finding.evidence[1] == "it has no ACK, as the answer of a host that does not know the connection"
    assert "a NAT, firewall or VPN between the two forgot the connection, or cut it" in [
        cause.text for cause in finding.causes
    ]


@pytest.mark.parametrize(
    ("talk", "name", "certainty"),
    [
        (greeted(**LAN), "closed-without-answer", "likely"),
        (answered(**LAN), "closed-after-hello", "likely"),
        (started(**LAN), "closed-after-startapi", "likely"),
        (ready(**LAN), "gateway-closed-midsession", "certain"),
    ],
)
def test_a_gateway_s_host_that_does_not_know_the_connection_any_more_is_no_program_that_closed(
    talk: Conversation, name: str, certainty: str
) -> None:
    talk.client.data(frame("49", "1"), undelivered=True).server.bare_rst()

    finding = found(name, talk)

    assert "the RST has no ACK, as the answer of a host that does not know the connection" in finding.evidence
    assert finding.certainty == certainty
    assert not [cause for cause in finding.causes if cause.certainty != "possible"]
    assert "a NAT, firewall or VPN between the two forgot the connection, or cut it" in {
        cause.text for cause in finding.causes
    }
    assert "that RST has no ACK, as the answer of a host that does not know the connection" in report(talk).verdict


def test_a_scan_that_breaks_off_before_the_connection_is_open_is_told_without_it() -> None:
    assert "no ACK" not in report(Conversation().client.syn().server.syn_ack().client.bare_rst()).verdict


def test_a_client_s_rst_from_another_number_of_hops_away_is_only_likely_its_own() -> None:
    talk = ready().server.data(ANSWERS).client.rst(ttl=128)

    assert [name for _, name in findings(talk)] == ["injected-rst", "client-reset-midsession"]
    assert found("client-reset-midsession", talk).certainty == "likely"
    assert report(talk).to_dict()["connections"][0]["close"]["first"] == "client"


@pytest.mark.parametrize(
    ("talk", "name"),
    [
        (greeted(**LAN).server.rst(ttl=250), "closed-without-answer"),
        (answered(**LAN).server.rst(ttl=250), "closed-after-hello"),
        (started(**LAN).server.rst(ttl=250), "closed-after-startapi"),
    ],
)
def test_whatever_step_it_ends_a_rst_from_elsewhere_is_the_likely_cause_and_no_setting_is(
    talk: Conversation, name: str
) -> None:
    finding = found(name, talk)

    assert finding.certainty == "likely"
    assert finding.causes[0].text == "something between the two hosts reset it"
    assert [cause.certainty for cause in finding.causes] == ["likely", *["possible"] * (len(finding.causes) - 1)]


def test_a_client_s_rst_from_elsewhere_is_not_explained_by_its_program_first() -> None:
    causes = found("client-reset-midsession", ready().server.data(ANSWERS).client.rst(ttl=128)).causes

    assert causes[0].text == "something between the two hosts reset it"
    assert [cause.certainty for cause in causes] == ["likely", "possible"]


def test_what_came_after_a_rst_from_a_router_is_not_told_as_before_it() -> None:
    talk = greeted(**LAN).after(0.5).server.bare_rst(ttl=63).server.data(ANSWERS).client.bare_rst()
    told = verdict(talk)

    assert told.startswith("The gateway probably closed first by a reset (RST in packet 6), 502 ms after the client's")
    assert "which it had not answered (the gateway went on after that RST, so something between" in told
    assert (found("injected-rst", talk).certainty, found("injected-rst", talk).evidence) == (
        "likely",
        (
            "the RST in packet 6 came with TTL 63, an earlier packet of the gateway's with 64",
            "the gateway went on sending after it; who resets a connection forgets it",
        ),
    )


def test_a_client_that_left_at_once_by_a_rst_from_elsewhere_may_not_have_left() -> None:
    causes = found("client-left-early", started(**LAN).client.rst(ttl=128)).causes

    assert (causes[0].text, causes[0].certainty) == ("something between the two hosts reset it", "likely")


def test_a_rst_of_one_hop_more_makes_a_gateway_that_denies_the_address_no_less_likely() -> None:
    causes = found("closed-without-answer", greeted(**LAN).server.rst(ttl=63)).causes

    assert [cause.certainty for cause in causes if "denies the client's address" in cause.text] == ["likely"]


def test_a_rst_behind_octets_that_are_not_captured_may_have_counted() -> None:
    """Its receiver asked whether it was meant (RFC 5961 3.2); what came of that is not in the capture."""
    talk = ready().server.data(ANSWERS, unseen=True, undelivered=True).server.rst().client.ack()
    told = report(talk).to_dict()

    assert told["connections"][0]["states"] == {"client": "UNKNOWN", "server": "UNKNOWN"}
    assert told["verdict"].startswith("Nobody is seen to close the connection")
    assert told["verdict"].endswith(
        "(a RST (packet 12) came whose number lies ahead of what was captured: it may have counted)."
    )
    assert told["timeline"][-1]["text"] == "RST whose number lies ahead of what was captured: it may have counted"
