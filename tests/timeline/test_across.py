"""What several connections show together."""

import pytest

from capanalyze.timeline.findings import Finding
from tests.conversation import Conversation
from tests.timeline.talk import answered, error, greeted, opened, ready, report, started

START = 1_700_000_000_000_000_000
SECOND = 1_000_000_000


def other(number: int, seconds: float) -> dict[str, object]:
    """The client of that number, so many seconds later."""
    return {
        "client_address": ("127.0.0.1", 50_000 + number),
        "client_isn": 1_000_000 * (number + 1),
        "clock": START + int(seconds * SECOND),
    }


def together(*talks: Conversation) -> list[Finding]:
    """The findings that span connections."""
    return list(report(*talks).findings)


def refused(number: int, seconds: float) -> Conversation:
    """A try that nothing listens to."""
    return Conversation(**other(number, seconds)).client.syn().server.rst()  # type: ignore[arg-type]


def turned_away(number: int, seconds: float) -> Conversation:
    """A session that error 326 ends."""
    return started(**other(number, seconds)).server.data(error(326)).server.fin().client.fin().server.ack()


def test_six_tries_within_a_minute_are_a_storm() -> None:
    storm = together(*(refused(number, 5 * number) for number in range(6)))

    assert [(one.id, one.severity, one.certainty, one.packets) for one in storm] == [
        ("reconnect-storm", "notice", "certain", (1, 3, 5, 7, 9, 11))
    ]
    assert storm[0].evidence == (
        "6 connections from 127.0.0.1 to 127.0.0.1:4001 within 25.0 s, none of which lasted longer than 1.0 ms",
        "a new one every 5.0 s, in the median",
        "how they ended: 6 refused",
        "none named its client id: whether it is one client or several, nothing tells",
    )
    assert storm[0].title == "A host connects again and again in quick succession"


def test_a_client_that_waits_longer_after_every_failure_is_no_storm() -> None:
    waits = [0, 5, 6, 8, 12, 20, 36]

    assert together(*(refused(number, wait) for number, wait in enumerate(waits))) == []
    assert together(*(refused(number, wait) for number, wait in enumerate([0, 5, 6, 8, 10, 12, 14]))) != []


def test_a_storm_says_how_its_tries_ended_and_which_id_they_used() -> None:
    tries = [turned_away(number, number) for number in range(5)]
    storm = together(*tries, refused(8, 8), greeted(**other(9, 9)).after(4).client.fin())

    assert storm[0].title == "A client connects again and again in quick succession"
    assert storm[0].evidence[2:] == (
        "how they ended: 1 refused, 1 closed by the client and 5 closed by the gateway",
        "all that sent startApi used client id 1",
    )


@pytest.mark.parametrize(
    "talks",
    [
        [refused(number, 5 * number) for number in range(5)],
        [refused(number, 13 * number) for number in range(8)],
        [refused(number, number / 10_000) for number in range(32)],
        [ready(**other(number, number)).client.fin().server.fin().client.ack() for number in range(8)],
        [greeted(**other(number, number)).after(20).client.fin().server.ack() for number in range(8)],
        [ready(**other(number, number)) for number in range(8)],
        [ready(**other(number, number)).after(31).client.fin().server.fin().client.ack() for number in range(8)],
        [
            Conversation(("127.0.0.1", 50_000), ("127.0.0.1", 4001 + number % 2), clock=START + number * SECOND)
            .client.syn()
            .server.rst()
            for number in range(10)
        ],
    ],
    ids=[
        "five tries",
        "one in 13 s",
        "a program's clients, all refused at once",
        "sessions that the client had its use of",
        "clients that wait at the same time",
        "clients that stay",
        "clients that stay 31 s",
        "five tries at each of two ports",
    ],
)
def test_what_is_no_storm(talks: list[Conversation]) -> None:
    assert together(*talks) == []


def test_more_tries_at_once_than_a_gateway_takes_clients_are_a_storm() -> None:
    storm = together(*(refused(number, number / 100) for number in range(33)))

    assert [one.id for one in storm] == ["reconnect-storm"]


@pytest.mark.parametrize(
    ("talks", "certainty"),
    [
        ([turned_away(number, number) for number in range(6)], "certain"),
        ([*(turned_away(number, number) for number in range(6)), refused(9, 9)], "likely"),
        ([*(refused(number, number) for number in range(6)), greeted(**other(9, 2.5)).after(9).client.fin()], "likely"),
    ],
    ids=["one id", "one id, and a try that named none", "no id, and another try meanwhile"],
)
def test_a_storm_is_certain_where_it_is_one_client(talks: list[Conversation], certainty: str) -> None:
    assert [one.certainty for one in together(*talks) if one.id == "reconnect-storm"] == [certainty]


def test_a_storm_is_told_in_the_text_before_the_connections() -> None:
    found = [finding.id for _, finding in report(*(refused(number, number) for number in range(6))).all_findings()]

    assert found == ["reconnect-storm", *["port-refused"] * 6]


def crowd(clients: int) -> list[Conversation]:
    """So many sessions, all open."""
    return [ready(**other(number, number)) for number in range(clients)]


def test_a_client_that_fails_beside_32_others_may_be_one_too_many() -> None:
    late = greeted(**other(99, 99)).after(4).client.fin()
    found = together(*crowd(32), late)

    assert [(one.id, one.certainty, one.causes[0].certainty) for one in found] == [
        ("too-many-clients", "certain", "likely")
    ]
    assert found[0].evidence == (
        "32 other connections to 127.0.0.1:4001 were open when connection 33 began",
        "TWS and IB Gateway serve up to 32 API clients",
    )


def test_connections_that_the_gateway_never_closed_still_count() -> None:
    left = [talk.client.fin().server.ack() for talk in crowd(32)[:20]]
    found = together(*left, *crowd(32)[20:], greeted(**other(99, 99)).after(4).client.fin())

    assert "20 of them had been closed by the client and not by the gateway (CLOSE_WAIT)" in found[-1].evidence


@pytest.mark.parametrize(
    "talks",
    [
        [*crowd(31), greeted(**other(99, 99)).after(4).client.fin()],
        [*crowd(32), ready(**other(99, 99)).client.fin()],
        [*crowd(32), answered(**other(99, 99)).after(4).client.fin()],
        [*crowd(32), greeted(**other(99, 99)).after(3.9).client.keep_alive()],
        [*crowd(31), ready(**other(31, 40)).server.fin().client.fin(), opened(**other(99, 99)).client.fin()],
    ],
    ids=[
        "31 others",
        "one that got through",
        "one that never asked to start",
        "one that still waits",
        "one of 32 was closed",
    ],
)
def test_what_does_not_point_to_the_limit(talks: list[Conversation]) -> None:
    assert [one.id for one in together(*talks)] == []


def duplicate(*talks: Conversation) -> Finding:
    """What is said of error 326."""
    return next(finding for _, finding in report(*talks).all_findings() if finding.id == "duplicate-client-id")


def test_an_id_that_was_given_up_a_moment_before_is_likely_not_released() -> None:
    before = ready(**other(1, 0)).client.fin().server.fin().client.ack()
    finding = duplicate(before, turned_away(2, 0.5))

    assert "the same id was used by connection 1, which ended less than a second before" in finding.evidence
    assert finding.causes[0].text == "an earlier connection of this client has not been released yet"
    assert (finding.causes[0].certainty, finding.causes[1].certainty) == ("likely", "possible")


def test_the_same_id_at_another_gateway_is_no_ground() -> None:
    elsewhere = ready(**other(1, 0), server_address=("127.0.0.1", 4002))
    finding = duplicate(elsewhere, turned_away(2, 0.5))

    assert len(finding.evidence) == 2


def test_an_id_that_was_given_up_long_before_is_no_ground() -> None:
    before = ready(**other(1, 0)).client.fin().server.fin().client.ack()
    finding = duplicate(before, turned_away(2, 5))

    assert len(finding.evidence) == 2
    assert finding.causes[0].text == "another live program uses the same id"
