"""A clock that was set back: no time over it is told, and what lies behind is not called late."""

import re

import pytest

from capanalyze.api import read_files
from capanalyze.capture.files import from_bytes
from capanalyze.report.report import Report
from tests.conversation import Conversation, frames, pcap_of_frames
from tests.tcp.closes import hello
from tests.timeline.talk import (
    MANAGED_ACCOUNTS,
    NEXT_VALID_ID,
    START_API,
    answer,
    frame,
    greeted,
    report,
    started,
)

REQUEST = frame("49", "1")


@pytest.mark.parametrize(("back", "said"), [(5.0, True), (0.002, False)])
def test_a_clock_that_was_set_back_is_told(back: float, said: bool) -> None:
    talk = hello().after(-back).server.data(b"answer").client.ack().client.fin().server.ack()

    sentence = read_files([from_bytes(talk.pcap())]).verdict  # in the order of the file

    assert sentence.startswith("The client closed first (FIN in packet 8)")
    assert ("the capture's clock goes back by 5.0 s before packet 6" in sentence) == said


def test_a_silence_over_which_the_clock_was_set_back_has_no_length() -> None:
    talk = hello().after(-5).client.fin().server.ack()

    (said,) = report(talk).connections

    assert said.before_close["client"].idle_ns is None


LATE = [
    started().after(4).client.fin().server.ack().after(-10).server.data(MANAGED_ACCOUNTS + NEXT_VALID_ID),
    started().after(-4).client.fin().server.ack().after(5).server.data(MANAGED_ACCOUNTS + NEXT_VALID_ID),
    greeted().after(4).client.fin().server.ack().after(-10).server.data(answer()),
    started().after(4).client.fin().server.ack().after(-2).server.ack().server.ack(),
]


@pytest.mark.parametrize("talk", LATE)
def test_no_time_is_told_over_which_the_clock_was_set_back(talk: Conversation) -> None:
    report = read_files([from_bytes(talk.pcap())])
    said = [report.verdict, *(line for one in report.connections[0].findings for line in (*one.evidence, one.advice))]

    assert [line for line in said if re.search(r"(?<!id )-\d", line)] == []
    assert "but the capture ends there" not in report.verdict


def read_by_direction(talk: Conversation, ports: tuple[int, int]) -> Report:
    """A talk whose sides were captured to a file each, of which one is read behind the other."""
    halves = [pcap_of_frames([one for one in frames(talk.packets) if _port(one[1]) == port]) for port in ports]
    return read_files([from_bytes(half) for half in halves])


def _port(frame: bytes) -> int:
    return int.from_bytes(frame[34:36], "big")


DIRECTIONS = [
    greeted().server.data(answer()).client.ack().client.data(START_API).after(4).client.fin().server.ack(),
    greeted().server.data(answer()).client.ack().after(0.003).client.fin().server.ack(),
    greeted().after(2).server.data(answer()).client.ack().after(2).client.fin().server.ack().server.fin().client.ack(),
    started().server.data(MANAGED_ACCOUNTS + NEXT_VALID_ID).client.ack().after(4).client.fin().server.ack(),
]


@pytest.mark.parametrize("talk", DIRECTIONS)
def test_an_answer_that_lies_behind_the_close_by_the_order_of_files_only_is_not_called_late(talk: Conversation) -> None:
    report = read_by_direction(talk, (50000, 4001))

    assert "too late" not in report.verdict
    assert "late-answer" not in {finding.id for _, finding in report.all_findings()}


@pytest.mark.parametrize(("place", "thing"), [(0, "both lie"), (2, "the answer lies")])
def test_what_lies_behind_the_close_by_a_clock_that_was_set_back_is_not_called_late(place: int, thing: str) -> None:
    told = read_files([from_bytes(LATE[place].pcap())])

    assert f"; {thing} behind that in the capture" in told.verdict
    assert "late-answer" not in {finding.id for _, finding in told.all_findings()}


def test_a_time_that_seems_to_pass_while_the_clock_is_set_back_is_not_told() -> None:
    talk = greeted().after(9).client.data(START_API).after(-3).server.data(answer()).client.ack()

    told = read_files([from_bytes(talk.pcap())])

    assert "late-answer" not in {finding.id for _, finding in told.all_findings()}
