"""What the first line says of what went wrong in a session that was up: requests, lists, hosts that are gone."""

from unittest import mock

import pytest

from capanalyze.tcp.room import Room
from tests.conversation import Conversation
from tests.timeline.rule_talks import A_CONTRACT, A_POSITION, A_TICK, CONTRACT, POSITIONS
from tests.timeline.talk import (
    MANAGED_ACCOUNTS,
    NEXT_VALID_ID,
    START_API,
    answer,
    answered,
    error,
    findings,
    found,
    frame,
    ready,
    report,
    started,
    verdict,
)


def test_requests_that_nothing_came_after_are_told_in_the_first_line() -> None:
    ask = frame("49", "1")
    hanging = ready().client.data(ask).server.ack().after(2).client.data(ask).server.ack()

    one = verdict(ready().client.data(ask).server.ack().after(2).client.fin().server.ack())
    two = verdict(hanging.after(2).client.fin().server.ack())
    young = verdict(ready().client.data(ask).server.ack().client.fin().server.ack())
    heard = verdict(ready().client.data(ask).server.data(error(2104)).client.ack().after(2).client.fin().server.ack())
    gap = ready().client.data(ask).server.ack().server.data(error(2104)).client.ack().after(2).client.fin()
    del gap.packets[-3]
    still = verdict(ready().client.data(ask).server.ack().after(2).server.ack())

    assert "; the client's last request was not answered; the gateway did not close" in one
    assert "; the client's last 2 requests were not answered; the gateway did not close" in two
    assert "before the end; the client's last request was not answered." in still
    assert "last request" not in heard
    assert "not answered" not in young + verdict(gap)


def test_more_requests_than_are_listed_are_not_counted_in_the_first_line() -> None:
    talk = ready()
    for number in range(3000):
        talk = talk.client.data(frame("6", "2", "1", f"DU{number}"))

    assert "not answered" not in verdict(talk.server.ack().after(2).client.fin().server.ack())


def test_a_client_that_does_not_read_is_told_in_the_first_line() -> None:
    talk = ready().client.data(frame("49", "1")).server.data(answer()).client.ack(window=0)
    for _ in range(2):
        talk = talk.after(3).server.keep_alive().client.ack(window=0)

    assert "; the client had stopped reading (its window was 0 to the end); the client did not close" in verdict(
        talk.server.fin().client.ack(window=0)
    )


def test_a_gateway_that_does_not_read_is_told_in_the_first_line() -> None:
    talk = ready().client.data(frame("49", "1") * 90).server.ack(window=0)
    for _ in range(3):
        talk = talk.after(3).client.keep_alive().server.ack(window=0)
    closed = verdict(talk.client.fin().server.ack(window=0))

    assert "; the gateway had stopped reading (its window was 0 to the end); the client's last 90 requests" in closed
    assert "may have waited unsent" not in closed


@pytest.mark.parametrize(
    ("sender", "says"),
    [
        ("client", "; the gateway's host did not acknowledge what the client sent again and again ("),
        ("server", "; the client's host did not acknowledge what the gateway sent again and again ("),
    ],
)
def test_a_host_that_is_gone_is_told_in_the_first_line(sender: str, says: str) -> None:
    talk = ready()
    end = talk.client if sender == "client" else talk.server
    start = end.next
    for _ in range(4):
        talk = end.data(frame("49", "1"), seq=start, undelivered=True).after(2)

    assert says in verdict(talk)


def test_a_fin_that_was_sent_again_and_again_is_told_once() -> None:
    talk = ready().client.fin(undelivered=True)
    for _ in range(4):
        talk = talk.after(2).client.fin_again(undelivered=True)
    told = verdict(talk)

    assert "; that FIN was not acknowledged in the 8.0 s captured after that, though it was sent 5 times (" in told
    assert "again and again" not in told


def test_a_client_that_reads_again_before_the_close_had_not_stopped() -> None:
    talk = ready().server.data(answer()).client.ack(window=0)
    for _ in range(2):
        talk = talk.after(1).server.keep_alive().client.ack(window=0)
    talk.client.ack().server.data(answer()).client.ack()

    told = verdict(talk.after(3600).client.fin().server.fin().client.ack(window=0))

    assert "stopped reading" not in told
    assert "unsent" not in told


def test_what_a_gateway_that_does_not_read_has_not_answered_is_told_too() -> None:
    talk = ready().client.data(frame("49", "1")).server.ack(window=0)
    for _ in range(2):
        talk = talk.after(3).client.keep_alive().server.ack(window=0)
    told = verdict(talk)

    assert "; the gateway had stopped reading (its window was 0 to the end); the client's last request was not" in told
    assert told.endswith("(a FIN of the client's may wait unsent).")


@pytest.mark.parametrize("asked", [0, 2])
def test_a_gateway_may_have_closed_before_a_client_that_did_not_read(asked: int) -> None:
    talk = ready().server.data(answer()).client.ack(window=0)
    for _ in range(asked):
        talk = talk.after(3).server.keep_alive().client.ack(window=0)

    assert ("may have waited unsent" in verdict(talk.client.rst(window=0))) == (asked > 0)


@pytest.mark.parametrize("asked", [0, 2])
def test_why_a_fin_may_wait_is_told_once(asked: int) -> None:
    talk = ready().server.data(answer()).client.ack(window=0)
    for _ in range(asked):
        talk = talk.after(3).server.keep_alive().client.ack(window=0)
    told = verdict(talk)

    assert ("; the client had stopped reading" in told) == (asked > 0)
    assert told.endswith(
        "(a FIN of the gateway's may wait unsent)."
        if asked
        else "(a FIN of the gateway's may wait unsent: the client's host took nothing more of it)."
    )


def test_keep_alives_that_nobody_answered_are_told_in_the_first_line() -> None:
    talk = ready()
    for _ in range(4):
        talk = talk.after(75).client.keep_alive(undelivered=True)

    assert verdict(talk).endswith("; the gateway's host left the client's last keep-alives unanswered.")


def test_a_list_that_never_ended_is_told_in_the_first_line() -> None:
    talk = ready().client.data(POSITIONS).server.data(A_POSITION * 3).client.ack().after(4).client.fin().server.ack()

    assert "; the list that reqPositions asked for had no end (positionEnd did not come);" in verdict(talk)


def test_several_lists_that_never_ended_are_counted_in_the_first_line() -> None:
    talk = ready().client.data(POSITIONS + CONTRACT).server.data(A_POSITION + A_CONTRACT).client.ack().after(9)

    assert verdict(talk.client.keep_alive()).endswith(
        "; 2 lists that the client asked for had no end (positionEnd for one)."
    )


@pytest.mark.parametrize(
    "talk",
    [
        ready().client.data(POSITIONS).server.data(A_POSITION, undelivered=True).after(9).server.keep_alive(),
        ready().client.data(POSITIONS).server.data(A_POSITION).client.ack(window=0).after(9).server.keep_alive(),
        ready().client.data(POSITIONS).server.data(A_POSITION).client.ack().after(1).client.fin().server.ack(),
    ],
    ids=["not acknowledged", "not read", "young"],
)
def test_a_list_whose_rest_could_not_come_yet_is_not_told_in_the_first_line(talk: Conversation) -> None:
    assert "had no end" not in verdict(talk)


def test_octets_that_are_no_message_are_told_in_the_first_line() -> None:
    actual = verdict(ready().server.data(b"\x7f\xff\xff\xf0what").client.ack().after(2).client.fin().server.ack())

    assert "; octets of the gateway in packet 12 are no TWS message; the gateway did not close" in actual


def test_more_lists_than_are_named_are_not_said_to_be_all() -> None:
    talk = ready()
    for number in range(120):
        talk.client.data(frame("9", "8", str(number), "0", "ES")).server.data(frame("10", str(number), "ES", "FUT"))

    assert "; at least 100 lists that the client asked for had no end" in verdict(
        talk.client.ack().after(3).client.fin()
    )


@pytest.mark.parametrize(
    ("talk", "told"),
    [
        (
            ready().server.data(error(1100)).client.ack().after(60).server.data(A_TICK).client.ack(),
            "; error 1100: the gateway lost its connection to IB.",
        ),
        (
            ready().server.data(error(10197)).client.ack().after(60).client.fin(),
            "; error 10197: another session of the same user has the market data; that FIN",
        ),
        (
            ready().server.data(error(100) * 3 + A_TICK).server.fin().client.ack(),
            "; error 100: the client sends more messages than the gateway takes; the client",
        ),
        (
            ready().after(900).client.data(frame("49", "1")).server.bare_rst(),
            "(the client's reqCurrentTime); nothing had been said for 15 min before that message",
        ),
        (
            answered(203).client.data(START_API).server.ack().after(4).client.fin(),
            "managedAccounts had not come; the client encodes messages for another version than the agreed one; that",
        ),
    ],
    ids=["1100", "10197", "100", "a long silence", "startApi in the form of another version"],
)
def test_what_tells_why_a_session_broke_or_stands_still_is_in_the_first_line(talk: Conversation, told: str) -> None:
    assert told in verdict(talk)


@pytest.mark.parametrize("back", [1101, 1102])
def test_a_connection_to_ib_that_came_back_is_no_trouble_any_more(back: int) -> None:
    talk = ready().server.data(error(1100)).client.ack().after(9).server.data(error(back)).client.ack()

    assert "lost its connection" not in verdict(talk)
    assert "error 1100: the gateway lost its connection to IB" in verdict(talk.server.data(error(1100)).client.ack())


def test_the_errors_before_the_end_are_known_after_any_number_of_others() -> None:
    back = ready().server.data(error(1100) + error(354) * 400 + error(1102)).client.ack()
    gone = ready().server.data(error(1102) + error(354) * 400 + error(1100)).client.ack()
    unknown = ready().server.data(error(1100) + error(354) * 400).client.ack()
    moved = ready().server.data(error(354) * 400 + error(1300)).server.fin().client.fin().server.ack()

    assert "lost its connection" not in verdict(back) + verdict(unknown)
    assert "; error 1100: the gateway lost its connection to IB" in verdict(gone)
    assert "; error 1300: the gateway's API port was changed" in verdict(moved)
    assert (1, "port-changed") in findings(moved)


def test_errors_after_the_client_s_close_are_not_taken_for_those_before_it_that_were_not_kept() -> None:
    many = error(354)
    talk = ready().server.data(many * 180 + error(1100) + many * 60 + error(1102) + many * 200).client.fin()

    assert "lost its connection" not in verdict(talk.server.data(error(504) * 60))


def test_errors_that_were_not_kept_are_not_said_to_be_all() -> None:
    few, many = (found("pacing-reject", ready().server.data(error(100) * number)) for number in (150, 400))

    assert few.evidence[0].endswith(", and 149 more times after that")
    assert ", and at least " in many.evidence[0]


def test_what_there_was_no_room_for_is_not_told_as_senseless() -> None:
    talk = ready().server.data(A_TICK[:9]).client.ack().server.data(A_TICK[9:]).client.ack().client.fin()
    with mock.patch.object(Room, "hold", return_value=False):
        told = report(talk).connections[0]

    assert "no TWS message" not in told.verdict
    assert "stream-desync" not in {one.id for one in told.findings}


def test_holes_are_not_counted_as_places_that_make_no_sense() -> None:
    talk = ready().server.data(A_TICK[:3] + b"\xff" + A_TICK[4:]).client.ack()
    for _ in range(6):
        talk.server.data(A_TICK * 3).client.ack().server.data(A_TICK, unseen=True).client.ack()
    once = report(talk).connections[0]
    for _ in range(6):
        talk.server.data(b"\x7f" * 40 + A_TICK * 3).client.ack()
    often = report(talk).connections[0]
    places = [finding.evidence for one in (once, often) for finding in one.findings if finding.id == "stream-desync"]

    assert [len(evidence) for evidence in places] == [1, 5]
    assert places[1][-1] == "2 more such places"  # the first of the six was skipped behind the last hole


def test_a_host_that_answered_a_hundred_keep_alives_may_vanish_too() -> None:
    talk = ready()
    for _ in range(101):
        talk.after(75).client.keep_alive().server.ack()
    alive = report(talk).connections[0]
    for _ in range(9):
        talk.after(75).client.keep_alive(undelivered=True)
    gone = report(talk).connections[0]
    told = [[one for one in conn.findings if one.id == "peer-vanished"] for conn in (alive, gone)]

    assert [len(found) for found in told] == [0, 1]
    assert told[1][0].evidence[0] == "9 keep-alives by the client, none answered"
    assert "left the client's last keep-alives unanswered" in gone.verdict


def test_what_was_sent_again_and_acknowledged_is_not_what_a_host_that_vanished_left() -> None:
    talk = ready()
    for _ in range(120):
        talk.client.data(A_TICK, undelivered=True).after(0.4)
        talk.client.data(A_TICK, seq=talk.client.next - len(A_TICK)).server.ack()
    waiting = report(talk.client.data(A_TICK)).connections[0]
    for _ in range(4):
        talk.after(0.4).client.data(A_TICK, seq=talk.client.next - len(A_TICK), undelivered=True)
    gone = report(talk).connections[0]
    told = [[one for one in conn.findings if one.id == "peer-vanished"] for conn in (waiting, gone)]

    assert [len(found) for found in told] == [0, 1]
    assert told[1][0].evidence[0] == "4 retransmissions by the client, none acknowledged"
    assert len(told[1][0].packets) == 4


def test_a_window_that_was_open_in_between_has_not_been_shut_since() -> None:
    ask = frame("49", "1")
    talk = ready().client.data(ask).server.ack(window=0).after(1).server.ack(window=60_000).after(60)
    talk.client.data(ask).server.ack(window=0)

    told = [
        one.evidence
        for end in (talk.after(5).client.fin(),)
        for one in report(end).connections[0].findings
        if one.id == "gateway-stops-reading"
    ]

    assert [evidence[-1] for evidence in told] == ["it stayed 0 for the remaining 5.0 s"]


def test_more_early_requests_than_are_listed_are_told_as_at_least_so_many() -> None:
    early = b"".join(frame("20", str(key), "0", "ES") for key in range(120))
    talk = started().client.data(early).server.ack().server.data(MANAGED_ACCOUNTS + NEXT_VALID_ID).client.ack()
    talk = talk.after(3).client.fin().server.fin().client.ack()

    assert "; at least 100 requests that came before the session was ready were not answered" in verdict(talk)
    assert found("requests-before-ready", talk).evidence[0].endswith(", and at least 94 more")
