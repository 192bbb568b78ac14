"""Captures that went through other hands: what is said of them is true, and weaker at most than of the whole one."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from tests.conversation import ACK, FIN, RST, SYN
from tests.laundered import (
    counted_from_0,
    filtered,
    from_gateway,
    has_payload,
    one_way_after_the_other,
    recording,
    refilled,
    reported,
    shortened,
)
from tests.retold import Head


def closes(report: dict[str, Any]) -> list[object]:
    """Who closed each connection, how, and how sure it is."""
    found = [one["close"] for one in report["connections"]]
    return [one and (one["first"], one["kind"], one["packet"], one["certainty"]) for one in found]


def sure(report: dict[str, Any]) -> set[str]:
    """What is found and certain, of any connection."""
    found = [finding for one in report["connections"] for finding in one["findings"]] + report["findings"]
    return {finding["id"] for finding in found if finding["certainty"] == "certain"}


@pytest.mark.parametrize("octets", [54, 61, 65, 70, 80, 96])
@pytest.mark.parametrize("name", ["ib_async-error-326", "ib_async-version-38", "ib_async-late-answer", "half-hello"])
def test_cut_frames_that_claim_to_be_whole_close_as_they_did(name: str, octets: int) -> None:
    held = recording(name)
    whole = reported(held)

    cut = reported(shortened(held, octets))

    assert closes(cut) == closes(whole)
    assert sure(cut) <= sure(whole) | {"capture-incomplete"}


def test_a_reset_that_is_cut_before_its_flags_leaves_open_whether_the_gateway_closed() -> None:
    held = recording("ib_async-late-answer")
    reset = held[-1]._replace(octets=held[-1].octets[:46])

    found = reported([*held[:-1], reset])["connections"][0]

    assert "the gateway is not seen to close" in found["verdict"]
    assert {one["id"]: one["certainty"] for one in found["findings"]}["gateway-leaks-close-wait"] == "possible"


def test_nor_is_it_certain_then_that_nothing_answered() -> None:
    held = recording("gateway-starts")
    refusal = held[1]._replace(octets=held[1].octets[:46])

    found = reported([held[0], refusal, *held[2:]])["connections"][0]["findings"]

    assert {one["id"]: one["certainty"] for one in found}["syn-unanswered"] == "likely"


@pytest.mark.parametrize("name", ["nat-drops", "nat-drops-answers", "nat-forgot"])
def test_a_nat_is_no_relay_where_the_opening_was_filtered_out(name: str) -> None:
    held = recording(name)

    without_syns = reported(filtered(held, lambda of: not of.flags & SYN))
    data_alone = reported(filtered(held, has_payload))

    assert across(without_syns) == across(data_alone) == {"captured-twice": "certain"}


@pytest.mark.parametrize("name", ["nat-drops", "haproxy-idle", "socat-in-container"])
def test_numbers_counted_from_0_tell_neither_a_nat_nor_a_relay(name: str) -> None:
    assert across(reported(counted_from_0(recording(name)))) == {}


def across(report: dict[str, Any]) -> dict[str, str]:
    """What is found over connections, and how certain it is."""
    return {finding["id"]: finding["certainty"] for finding in report["findings"]}


def test_who_answers_for_a_connection_that_it_does_not_know_may_have_closed_before_the_capture_began() -> None:
    held = recording("ib_async-late-answer")

    found = reported(held[-2:])["connections"][0]

    assert (found["close"]["first"], found["close"]["certainty"]) == ("client", "likely")
    assert found["verdict"].startswith("The client perhaps closed first by a reset (RST in packet 2)")
    assert "the connection may have ended before the capture began" in found["verdict"]


def test_nor_did_it_end_a_working_session_then() -> None:
    held = recording("reset-on-the-way-gateway")

    found = {one["id"]: one["certainty"] for one in reported(held[-10:])["connections"][0]["findings"]}

    assert found["gateway-closed-midsession"] == "possible"


FILLS: dict[str, Callable[[bytes, Head], bytes]] = {
    "00": lambda payload, _: bytes(len(payload)),
    "ff": lambda payload, _: b"\xff" * len(payload),
    "78": lambda payload, _: b"x" * len(payload),
}


@pytest.mark.parametrize("octet", FILLS)
@pytest.mark.parametrize("name", ["ib_async-healthy-178", "ib_async-error-326", "stoqey-healthy-193"])
def test_blanked_payload_is_no_wrong_hello(name: str, octet: str) -> None:
    held = recording(name)

    blanked = reported(refilled(held, FILLS[octet]))

    assert closes(blanked) == closes(reported(held))
    assert [one["id"] for one in blanked["connections"][0]["findings"]] == ["payload-blank"]
    said = f"what the client and the gateway said seems blanked out (nothing but `{octet}`)"
    assert said in blanked["connections"][0]["verdict"]


def test_where_the_gateways_payload_is_blank_no_request_is_said_to_be_unanswered() -> None:
    held = recording("ib_async-healthy-178")

    blanked = reported(refilled(held, lambda payload, of: bytes(len(payload)) if from_gateway(of) else payload))

    tws = blanked["connections"][0]["tws"]
    assert (tws["unanswered"], tws["answers_captured"], tws["not_tws"]) == ([], False, None)


def test_nor_where_the_gateways_packets_are_not_captured() -> None:
    held = recording("ib_async-healthy-178")

    one_way = reported(filtered(held, lambda of: not from_gateway(of)))

    tws = one_way["connections"][0]["tws"]
    assert (tws["unanswered"], tws["answers_captured"]) == ([], False)


@pytest.mark.parametrize("name", ["ib_async-closed-on-startapi", "ib_async-healthy-178", "ib_async-midsession-rst"])
def test_where_every_packet_has_payload_nobody_is_said_not_to_have_closed(name: str) -> None:
    found = reported(filtered(recording(name), has_payload))["connections"][0]

    assert found["verdict"].startswith("Nobody is seen to close the connection")
    assert "the capture holds no packet without payload: ACKs, and a FIN or RST, may have been" in found["verdict"]
    assert "neither acknowledged" not in found["verdict"]
    assert found["states"] == {"client": "UNKNOWN", "server": "UNKNOWN"}


def test_a_hello_that_was_not_sent_again_was_acknowledged_whatever_the_filter_left_out() -> None:
    held = recording("ib_async-never-accepts")

    found = reported(filtered(held, lambda of: has_payload(of) or bool(of.flags & (SYN | FIN | RST))))["connections"][0]

    assert "4.0 s after its hello, and nothing was answered; no acknowledgement of that FIN is in" in found["verdict"]
    assert "the gateway's ACKs without payload are not in the capture" in found["verdict"]
    assert "accepted-but-silent" not in {one["id"] for one in found["findings"]}


def test_an_answer_to_requests_that_the_filter_left_out_is_not_missed() -> None:
    held = recording("ib_async-healthy-178")

    asked = reported(filtered(held, lambda of: not (from_gateway(of) and has_payload(of))))

    assert asked["connections"][0]["tws"]["unanswered"] == []


def test_a_capture_that_lacks_acks_may_lack_a_fin() -> None:
    held = recording("ib_async-never-accepts")

    found = reported(filtered(held, lambda of: has_payload(of) or bool(of.flags & (SYN | FIN | RST))))["connections"][0]

    assert found["close"]["certainty"] == "likely"


OUT_OF_ORDER = ["ib_async-error-326", "ib_async-healthy-178", "ib_async-midsession-rst", "ib_async-no-next-valid-id"]


@pytest.mark.parametrize("name", OUT_OF_ORDER)
def test_directions_that_were_put_one_after_the_other_prove_nothing_by_their_order(name: str) -> None:
    held = recording(name)

    told = reported(one_way_after_the_other(held, from_gateway))

    assert sure(told) <= sure(reported(held))
    assert "without a hello" not in told["verdict"]


@pytest.mark.parametrize("name", ["ib_async-error-326", "ib_async-healthy-178", "ibapi-latest-pacing"])
def test_times_that_were_made_up_and_go_back_again_and_again_make_nothing_late(name: str) -> None:
    chance = Random(name)
    held = recording(name)

    found = reported([one._replace(ts_ns=chance.randrange(10**18, 10**18 + 10**11)) for one in held])

    assert sure(found) <= sure(reported(held))
    assert "and more than once: its packets are not in order, or it was changed" in found["verdict"]


def test_a_redirect_is_one_where_the_syns_were_filtered_out() -> None:
    held = recording("ib_async-redirect")

    found = reported(filtered(held, lambda of: not of.flags & SYN))["connections"][0]

    assert "a redirect to `127.0.0.1:4002`" in found["verdict"]
    assert "wrong-service" not in {one["id"] for one in found["findings"]}


@pytest.mark.parametrize("name", ["ib_async-late-answer", "ib_async-never-accepts", "ib_async-healthy-178"])
def test_times_that_are_all_the_same_tell_no_waits(name: str) -> None:
    held = recording(name)

    found = reported([one._replace(ts_ns=held[0].ts_ns) for one in held])

    assert closes(found) == closes(reported(held))
    assert sure(found) <= sure(reported(held))
    assert " 0 ms" not in found["verdict"]
    assert "all its packets have the same time, so that nothing is known" in found["verdict"]


def test_octets_without_a_packet_of_the_other_side_are_half_of_a_connection() -> None:
    """A hex dump made a capture by text2pcap -T: no flags, no acknowledgements, one direction."""
    held = filtered(recording("ib_async-error-326"), lambda of: has_payload(of) and not from_gateway(of))
    bare = [one._replace(octets=without_ack(one.octets)) for one in held]

    found = reported(bare)["connections"][0]

    assert found["verdict"].startswith("Nobody is seen to close")
    assert "the capture holds no packet of the gateway's" in found["verdict"]


def without_ack(octets: bytes) -> bytes:
    """A segment behind Ethernet and IPv4 with neither flags nor an acknowledgement number."""
    return octets[:42] + bytes(4) + octets[46:47] + b"\0" + octets[48:]


def test_one_syn_alone_is_not_certain_to_be_unanswered() -> None:
    """``tcp[13] == 2`` as a filter leaves every answer out; who gets none sends its SYN again."""
    held = filtered(recording("two-clients-one-id"), lambda of: of.flags & (SYN | ACK) == SYN)

    assert "syn-unanswered" not in sure(reported(held))


def test_an_ack_alone_does_not_tell_whose_fin_was_first() -> None:
    """``tcp.flags == 0x10 && tcp.len == 0``: the acknowledgement of the first FIN came with the second one."""
    held = filtered(recording("ib_async-healthy-178"), lambda of: of.flags == ACK and not has_payload(of))

    assert "The gateway perhaps closed first" in reported(held)["verdict"]


def test_what_was_sent_again_was_not_acknowledged_though_the_acks_are_filtered_out() -> None:
    held = filtered(recording("cut-both-ways-client"), has_payload)

    assert sure(reported(held)) <= sure(reported(recording("cut-both-ways-client"))) | {"capture-incomplete"}


def test_a_host_whose_octets_are_filtered_out_is_not_certain_to_have_fallen_silent() -> None:
    recorded = recording("nat-drops-answers")
    held = filtered(
        recorded, lambda of: (has_payload(of) and not from_gateway(of)) or bool(of.flags & (SYN | FIN | RST))
    )

    assert "peer-vanished" not in sure(reported(held))
