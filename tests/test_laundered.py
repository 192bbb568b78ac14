"""Captures that went through other hands: what is said of them is true, and weaker at most than of the whole one."""

from __future__ import annotations

from typing import Any

import pytest

from tests.laundered import recording, reported, shortened


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
