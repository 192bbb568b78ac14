"""Every rule fires on the packets it is about, and keeps still on those that only look like it."""

import importlib
import re
from pathlib import Path

import pytest

from capanalyze.timeline.findings import CERTAINTIES, SEVERITIES, Finding
from capanalyze.timeline.rules import RULES
from tests.conversation import Conversation
from tests.timeline.rule_cases import FIRES, KEEPS_STILL
from tests.timeline.talk import (
    MANAGED_ACCOUNTS,
    NEXT_VALID_ID,
    START_API,
    answer,
    findings,
    found,
    frame,
    greeted,
    ready,
    report,
    started,
)

FIRING = [pytest.param(name, talks, id=name) for name, talks in FIRES.items()]
STILL = [
    pytest.param(name, talks, id=f"{name}: {why}")
    for name, cases in KEEPS_STILL.items()
    for why, talks in cases.items()
]


@pytest.mark.parametrize(("name", "talks"), FIRING)
def test_a_rule_fires_where_it_should(name: str, talks: list[Conversation]) -> None:
    actual = findings(*talks)

    assert name in [found for _, found in actual]


@pytest.mark.parametrize(("name", "talks"), STILL)
def test_a_rule_keeps_still_on_a_near_miss(name: str, talks: list[Conversation]) -> None:
    actual = findings(*talks)

    assert name not in [found for _, found in actual]


def test_every_rule_has_captures_that_fire_it_and_near_misses() -> None:
    names = [rule.id for rule in RULES]

    assert sorted(names) == sorted(FIRES) == sorted(KEEPS_STILL)


@pytest.mark.parametrize("rule", [pytest.param(rule, id=rule.id) for rule in RULES])
def test_a_rule_says_why_it_matters_what_it_is_not_and_where_its_facts_come_from(rule: object) -> None:
    module = importlib.import_module(rule.check.__module__)  # type: ignore[attr-defined]

    text = module.__doc__ or ""

    assert text.startswith(f"{rule.id}: ")  # type: ignore[attr-defined]
    assert "Why it matters:" in text
    assert "What it is not:" in text
    assert "Source of the facts:" in text


def test_every_rule_file_is_registered() -> None:
    folder = Path(importlib.import_module("capanalyze.timeline.rules").__file__ or "").parent

    files = sorted(path.stem.replace("_", "-") for path in folder.glob("*.py") if path.stem != "__init__")

    assert files == sorted(rule.id for rule in RULES)


def fired(name: str) -> tuple[Finding, int]:
    """The finding of that name in its capture, and the capture's number of packets."""
    return found(name, *FIRES[name]), report(*FIRES[name]).capture.packets


@pytest.mark.parametrize("name", sorted(FIRES))
def test_a_finding_cites_packets_of_the_capture_and_says_what_it_saw(name: str) -> None:
    finding, packets = fired(name)

    assert finding.packets
    assert all(1 <= packet <= packets for packet in finding.packets)
    assert finding.evidence
    assert finding.severity in SEVERITIES
    assert {finding.certainty, *(cause.certainty for cause in finding.causes)} <= set(CERTAINTIES)


@pytest.mark.parametrize("name", sorted(FIRES))
def test_every_finding_says_what_to_do(name: str) -> None:
    told = report(*FIRES[name]).all_findings()

    assert [one.id for _, one in told if not one.advice] == []


@pytest.mark.parametrize("name", sorted(FIRES))
def test_a_title_holds_no_figure_so_that_it_can_be_told_once_for_many_connections(name: str) -> None:
    finding, _ = fired(name)

    assert finding.title.isascii()
    assert not re.search(r"\d", re.sub(r"\(error \d+\)", "", finding.title))


@pytest.mark.parametrize("name", sorted(FIRES))
def test_where_several_causes_leave_the_same_packets_none_is_certain(name: str) -> None:
    finding, _ = fired(name)

    assert all(cause.certainty != "certain" for cause in finding.causes)


@pytest.mark.parametrize(
    ("talk", "evidence"),
    [
        (greeted().client.fin().server.data(answer()), "the answer came 3.0 ms after its hello (packet 7)"),
        (
            started().client.fin().server.data(MANAGED_ACCOUNTS).server.data(NEXT_VALID_ID),
            "nextValidId and managedAccounts came 4.0 ms after its startApi (packet 12)",
        ),
        (
            started().client.fin().server.data(MANAGED_ACCOUNTS),
            "managedAccounts came 3.0 ms after its startApi (packet 11)",
        ),
    ],
)
def test_a_client_that_left_at_once_is_not_told_to_wait_longer_than_milliseconds(
    talk: Conversation, evidence: str
) -> None:
    finding = found("client-left-early", talk)

    assert findings(talk) == [(1, "client-left-early")]
    assert finding.evidence[1] == evidence
    assert finding.advice == "read the client's log at that time: nothing shows that the gateway was the reason"


def test_a_gateway_that_took_long_is_told_of_too_where_the_client_left_at_its_next_step() -> None:
    slow = greeted().after(5).server.data(answer()).client.ack().client.data(START_API).client.fin()

    actual = findings(slow.server.data(MANAGED_ACCOUNTS + NEXT_VALID_ID))

    assert actual == [(1, "client-left-early"), (1, "late-answer")]


def test_of_a_connection_the_problems_come_before_what_is_only_to_note() -> None:
    """Who reads the first of a connection's findings reads the worst."""
    shut = ready().server.data(frame("49", "1", "1") * 9).client.ack(window=0)
    for _ in range(3):
        shut.after(3).server.keep_alive().client.ack(window=0)

    actual = [(entry.severity, entry.id) for _, entry in report(shut.client.rst()).all_findings()]

    assert actual == [("problem", "slow-consumer"), ("notice", "client-reset-midsession")]
