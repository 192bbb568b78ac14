"""What the gateway said that still holds in the end, and what is over."""

import pytest

from tests.timeline.rule_talks import A_POSITION, A_TICK, POSITIONS
from tests.timeline.talk import (
    MANAGED_ACCOUNTS,
    NEXT_VALID_ID,
    START_API,
    answered,
    error,
    findings,
    found,
    frame,
    ready,
    started,
    verdict,
)

HOUR = 3600
COMPLETED = frame("99", "0")
TIME = frame("49", "1")
A_TIME = frame("49", "1", "1700000000")
BROKEN = error(2103, "Market data farm connection is broken:usfarm.nj")


@pytest.mark.parametrize(
    ("said", "later", "cited", "sure"),
    [
        (error(1100), error(1102), "", "possible"),
        (error(1100), b"", "error 1100 in packet 12, 3 h before the close: `text`", "possible"),
        (error(10197), b"", "error 10197 in packet 12, 3 h before the close: `text`", "possible"),
        (error(100), b"", "", "possible"),
        (b"", error(10197), "error 10197 in packet 12: `text`", "likely"),
        (b"", error(100), "error 100 in packet 12: `text`", "likely"),
        (error(1102), error(1100), "error 1100 in packet 13: `text`", "likely"),
    ],
)
def test_an_error_explains_a_close_soon_after_it_and_unless_it_is_over(
    said: bytes, later: bytes, cited: str, sure: str
) -> None:
    talk = ready().server.data(said).after(3 * HOUR) if said else ready()
    finding = found("gateway-closed-midsession", (talk.server.data(later) if later else talk).server.fin())

    assert [line for line in finding.evidence if "error" in line] == ([cited] if cited else [])
    assert finding.causes[0].certainty == sure
    assert any("restarted" in cause.text for cause in finding.causes) == (sure == "possible")


def test_a_gateway_that_closed_hours_after_error_100_is_not_said_to_have_closed_for_it() -> None:
    soon = found("pacing-reject", ready().server.data(error(100)).after(1).server.fin())
    talk = ready().server.data(error(100)).after(3 * HOUR).server.data(A_TICK).server.fin()
    late = found("pacing-reject", talk)

    assert soon.evidence[-1] == "the gateway closed the connection after that"
    assert (len(late.evidence), late.packets) == (1, (12,))
    assert "error 100" not in verdict(talk)


@pytest.mark.parametrize("code", [10197, 1300])
def test_an_error_of_hours_ago_that_the_session_outlived_is_not_in_the_first_line(code: int) -> None:
    talk = ready().server.data(error(code)).client.ack()

    assert f"error {code}" in verdict(talk.after(240).server.fin())
    assert f"error {code}" not in verdict(ready().server.data(error(code)).after(3 * HOUR).server.data(A_TICK))


def test_a_first_line_tells_the_three_gravest_troubles_and_how_many_more_there_are() -> None:
    said = error(1100) + BROKEN + error(321, "The API interface is currently in Read-Only mode.", 7)
    said += error(0, "Output exceeded limit (was: 100413), removed first half") + error(10197)
    talk = ready().server.data(said + A_POSITION).client.data(POSITIONS).server.ack().after(9).client.fin()

    told = verdict(talk)

    assert told.split("; ")[1:5] == [
        "error 1100: the gateway lost its connection to IB",
        "error 10197: another session of the same user has the market data",
        "the client's last request was not answered",
        "2 more troubles are among the findings",
    ]
    assert {"output-trimmed", "read-only-api"} <= {name for _, name in findings(talk)}


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            error(321, "The API interface is currently in Read-Only mode.", 7),
            "; error 321: the gateway's API is read-only;",
        ),
        (
            error(0, "Output exceeded limit (was: 100413), removed first half"),
            "; the gateway dropped messages for this client before it sent them;",
        ),
        (BROKEN, "; the market data farm `usfarm.nj` was disconnected (error 2103);"),
        (
            BROKEN * 2 + error(2157, "Sec-def data farm connection is broken:secdefil"),
            "; 2 of IB's data farms were disconnected (error 2103 and 2157);",
        ),
        (BROKEN + error(1100), "(the gateway's error 1100); error 1100: the gateway lost its connection to IB;"),
    ],
)
def test_what_a_user_misses_is_in_the_first_line(said: bytes, told: str) -> None:
    talk = ready().server.data(said).client.ack().after(9)

    assert told in verdict(talk.client.fin().server.fin().client.ack())


@pytest.mark.parametrize(
    "back",
    [
        error(2104, "Market data farm connection is OK:usfarm.nj"),
        error(2108, "Market data farm connection is inactive but should be available upon demand.usfarm.nj"),
    ],
)
def test_a_farm_that_came_back_under_its_name_is_not_missed(back: bytes) -> None:
    other = error(2104, "Market data farm connection is OK:usfarm")
    talk = ready().server.data(BROKEN).client.ack().after(9)

    assert "farm-status" in [name for _, name in findings(talk.server.data(other).client.ack().after(9).client.fin())]
    talk = ready().server.data(BROKEN).client.ack().after(9).server.data(back).client.ack().after(9)
    assert "farm" not in verdict(talk.client.fin())


RESTORED = "Connectivity between IBKR and Trader Workstation has been restored - data maintained. "


@pytest.mark.parametrize(
    ("listed", "told"),
    [
        ("", False),
        ("All data farms are connected: usfarm.nj; ushmds.", False),
        ("The following farms are connected: usfarm.nj. The following farms are not connected: ushmds.", False),
        ("The following farms are connected: ushmds. The following farms are not connected: eufarm; usfarm.nj.", True),
    ],
)
def test_when_ib_s_connection_is_back_its_message_tells_which_farms_are_not(listed: str, told: bool) -> None:
    talk = ready().server.data(BROKEN + error(1100)).client.ack().after(60)
    talk.server.data(error(1102, RESTORED + listed)).client.ack().after(9).client.fin()

    assert ("; the market data farm `usfarm.nj` was disconnected (error 2103)" in verdict(talk)) is told
    assert ("farm-status" in [name for _, name in findings(talk)]) is told


def test_a_farm_whose_name_is_not_told_is_none_that_can_be_said_to_be_missing() -> None:
    talk = ready().server.data(error(2103, "text")).client.ack().after(9).client.fin()

    assert "farm" not in verdict(talk)


def test_lists_of_which_nothing_came_while_the_gateway_answered_others_are_in_the_first_line() -> None:
    ask = ready().client.data(COMPLETED + POSITIONS + TIME).server.data(A_TIME + A_POSITION).client.ack().after(4)
    stalled = verdict(ask.client.fin().server.fin().client.ack())
    many = ready().client.data(TIME * 4).server.data(A_TICK).client.ack().after(4).client.fin()
    young = ready().client.data(COMPLETED).server.data(A_TICK).client.ack().after(1).client.fin()
    quiet = ready().client.data(frame("1", "11", "5", "0", "ES")).server.data(A_TIME).client.ack().after(9).client.fin()

    assert "; the client's reqCompletedOrders was not answered; the list that reqPositions asked for had" in stalled
    two = ready().client.data(TIME * 2).server.data(A_TICK).client.ack().after(4).client.fin()
    assert "; 2 of the client's reqCurrentTime were not answered" in verdict(two)
    assert "; 4 requests of the client were not answered (reqCurrentTime for one)" in verdict(many)
    assert "not answered" not in verdict(young) + verdict(quiet)


def test_requests_that_came_too_early_are_in_the_first_line() -> None:
    talk = started().client.data(TIME).server.data(MANAGED_ACCOUNTS + NEXT_VALID_ID).client.ack().after(9)

    assert "; 1 request that came before the session was ready was not answered" in verdict(talk.client.fin())


def test_requests_that_error_100_was_about_were_likely_rejected() -> None:
    talk = ready().client.data(TIME * 60).server.data(error(100)).client.ack().after(9).client.fin().server.ack()

    assert [cause.certainty for cause in found("requests-unanswered", talk).causes] == [
        "likely",
        "possible",
        "possible",
    ]


def test_a_session_that_came_about_had_a_version_that_both_sides_took() -> None:
    newer = answered(187).client.data(START_API).server.data(MANAGED_ACCOUNTS + NEXT_VALID_ID).client.ack()
    finding = found("version-window-miss", newer)

    assert (finding.severity, finding.title) == (
        "notice",
        "The gateway answered with a version that the client had not offered",
    )
    assert found("version-window-miss", answered(187).client.fin()).severity == "problem"


@pytest.mark.parametrize(
    ("codes", "title", "advice"),
    [
        (
            [1101],
            "The gateway has its own connection to IB back; its subscriptions are gone",
            "send every request for market data again",
        ),
        ([1102], "The gateway has its own connection to IB back", "nothing has to be requested again"),
        ([1100, 1101], "The gateway lost its own connection to IB; the API socket stayed up", "send every request"),
        ([2110], "The gateway lost its own connection to IB; the API socket stayed up", "wait for 1101 or 1102"),
    ],
)
def test_each_word_of_the_gateway_on_its_own_connection_has_its_own_advice(
    codes: list[int], title: str, advice: str
) -> None:
    finding = found("upstream-lost", ready().server.data(b"".join(error(code) for code in codes)).client.ack())

    assert finding.title == title
    assert finding.advice.startswith(advice)


def test_an_api_socket_that_the_gateway_then_closed_did_not_stay_up() -> None:
    talk = ready().server.data(error(1100)).client.ack().after(2).server.fin()

    assert found("upstream-lost", talk).title == "The gateway lost its own connection to IB"


def test_nothing_shows_that_a_socket_stayed_up_where_the_capture_ends_with_the_loss() -> None:
    assert found("upstream-lost", ready().server.data(error(1100))).title == "The gateway lost its own connection to IB"


def test_of_many_losses_and_returns_of_a_week_the_newest_are_told() -> None:
    talk = ready()
    for _ in range(7):
        talk.after(80_000).server.data(error(1100)).client.ack().after(40).server.data(error(1102)).client.ack()
    finding = found("upstream-lost", talk.after(9).server.data(error(1100)).client.ack())

    assert finding.evidence[0] == "9 more of these before"
    assert finding.evidence[-1] == "1100 in packet 40: the gateway lost its connection to IB's servers"
    assert finding.packets == (30, 32, 34, 36, 38, 40)
