"""A session whose hello is not in the capture: its messages are read as their own form says, and no further."""

from __future__ import annotations

import pytest

from capanalyze.tws.keeping import MOST_VAIN
from capanalyze.tws.session import Session
from tests.tws.talk import Talk, binary, proto, text, went

CONTRACT, HISTORY = 9, 20
AAPL = (0, "AAPL", "STK", "", 0.0, "", "", "SMART", "", "USD", "", "")
BARS = ("", "1 day", "5 D", 1, "TRADES", 1)
BAR = ("20260102", 1.0, 2.0, 0.5, 1.5, 100, 1.2)


def begun(**options: bool) -> Talk:
    """The capture begins between two messages."""
    return Talk(from_start=False, **options)


def history(version: int, key: int) -> bytes:
    """reqHistoricalData."""
    head, tail = ((6, key), ()) if version < 124 else ((key,), (0,))
    return text(HISTORY, *head, *AAPL, 0, *BARS, *tail, "")


def bars(version: int, key: int) -> bytes:
    """historicalData."""
    if version < 124:
        return text(17, 3, key, "from", "to", 1, *BAR, "false", 9)
    return text(17, key, *(("from", "to") if version < 196 else ()), 1, *BAR, 9)


def contract(key: int) -> bytes:
    """reqContractDetails."""
    return text(CONTRACT, 8, key, *AAPL, 0, "", "")


def error(version: int, key: int, code: int = 200) -> bytes:
    """An error message."""
    if version >= 194:
        return text(4, key, code, "no", "", 1767225600000)
    return text(4, 2, key, code, "no", *([""] if version >= 166 else []))


def unanswered(session: Session) -> list[tuple[str, int | None]]:
    return [(one.name, one.request_id) for one in session.unanswered]


VERSIONS = (100, 123, 124, 144, 165, 178, 193, 194, 200)


@pytest.mark.parametrize("keep_all", [False, True])
@pytest.mark.parametrize("version", VERSIONS)
def test_requests_and_their_answers_have_the_ids_of_their_version(version: int, keep_all: bool) -> None:
    talk = begun(keep_all=keep_all).client(history(version, 31), history(version, 32), contract(33), contract(34))
    talk.server(bars(version, 31), error(version, 33))
    session = talk.finish()

    assert unanswered(session) == [("reqHistoricalData", 32), ("reqContractDetails", 34)]
    assert session.pairing.tally.repeated == []
    assert [(one.name, one.request_id, one.code) for one in session.pairing.tally.refused] == [
        ("reqContractDetails", 33, 200)
    ]
    assert went(session.pairing, HISTORY)[:2] == (2, 1)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_session_that_is_looked_at_less_closely_finds_the_same(version: int) -> None:
    talk = begun(detail=False).client(history(version, 31), contract(33))
    talk.server(error(version, 33)).server(error(version, 31, 162))

    assert unanswered(talk.finish()) == []


@pytest.mark.parametrize(
    ("octets", "unfinished"),
    [(bars(123, 31), []), (bars(195, 31), []), (bars(200, 31), [31]), (binary(17, 31, 1, *BAR, 9), [31])],
)
def test_whether_an_end_marker_is_missing_the_form_of_the_bars_tells(octets: bytes, unfinished: list[int]) -> None:
    version = 123 if octets == bars(123, 31) else 195
    asked = binary(HISTORY, *(31, *AAPL, 0, *BARS, 0, "")) if octets[4] == 0 else history(version, 31)
    session = begun().client(asked).server(octets).finish()

    assert [one.request_id for one in session.unfinished] == unfinished
    assert unanswered(session) == []


def test_an_error_that_no_version_writes_may_be_about_any_request() -> None:
    session = begun().client(contract(33), text(49, 1)).server(text(4, 33, 200)).finish()

    assert unanswered(session) == [("reqCurrentTime", None)]
    assert session.pairing.tally.not_followed == 1


def test_a_request_that_no_version_writes_is_not_followed() -> None:
    session = begun().client(text(HISTORY, 31, "AAPL")).server(bars(178, 7)).finish()

    assert unanswered(session) == []
    assert (went(session.pairing, HISTORY)[0], session.pairing.tally.not_followed) == (1, 1)


def test_a_cancellation_that_no_version_writes_may_be_of_any_order() -> None:
    order = text(3, 5, *AAPL)  # cut short: no version has so few fields
    known = Talk(from_start=False).client(contract(33), order, text(4, "x")).finish()

    assert unanswered(known) == [("reqContractDetails", 33)]


def test_a_list_that_has_begun_may_have_ended_with_an_error_that_cannot_be_read() -> None:
    talk = begun().client(text(62, 1, 7, "All", "NetLiquidation")).server(text(63, 1, 7, "DU1", "Net", 1, "USD"))

    assert talk.server(text(4, 7, 200)).finish().unfinished == []


@pytest.mark.parametrize("rest", [proto(61, b"\x08\x01"), binary(9, 8, 33, *AAPL), proto(49) + proto(61, b"\x08\x01")])
def test_a_capture_that_begins_behind_the_length_of_a_message_makes_none_of_the_lengths(rest: bytes) -> None:
    talk = begun(keep_all=True).client(proto(49)[4:] + rest).client(*[binary(9, 8, 33, *AAPL)] * 3)
    talk.finish()

    assert {message.name for message in talk.messages} <= {"reqPositions", "reqContractDetails", "reqCurrentTime"}
    assert [message.name for message in talk.messages][-3:] == ["reqContractDetails"] * 3
    assert talk.session.client.skipped == 4


@pytest.mark.parametrize("cut", range(4, 10))
def test_the_first_octets_of_a_capture_may_come_one_by_one(cut: int) -> None:
    whole = binary(9, 8, 33, *AAPL)
    talk = begun(keep_all=True).client(whole[:cut]).client(whole[cut:])
    talk.finish()

    assert [message.name for message in talk.messages] == ["reqContractDetails"]


@pytest.mark.parametrize(("before", "known"), [(1, 194), (MOST_VAIN // 500 + 1, 100)])
def test_the_form_of_messages_is_not_looked_at_in_vain_for_ever(before: int, known: int) -> None:
    strange = text(5, *["x" * 100] * 5)  # no version has such an openOrder
    session = begun(keep_all=True).client(contract(33)).server(*[strange] * before, error(194, 33)).finish()

    assert session.keys.low == known
    assert session.pairing.tally.not_followed == (known == 100)
    assert unanswered(session) == []
