"""Stretches in which a client sends more than 50 messages a second."""

from capanalyze.tws.pace import BURSTS, RATE, SECOND, Answered, Pace

MESSAGE = 49
HISTORICAL_DATA = 20


def sent(pace: Pace, number: int, first_ns: int, each_ns: int) -> Pace:
    """So many messages, one every so many nanoseconds, in packets numbered as the messages are."""
    for one in range(number):
        pace.send(pace.sent + 1, first_ns + one * each_ns)
    return pace


def bursts(pace: Pace) -> list[tuple[int, int, int, int]]:
    """First message, how many, first and last packet of each."""
    return [(one.first, one.messages, one.first_packet, one.last_packet) for one in pace.bursts]


def test_50_messages_a_second_are_none() -> None:
    assert bursts(sent(Pace(), 1000, 0, SECOND // RATE)) == []


def test_one_more_within_a_second_is_one() -> None:
    assert bursts(sent(Pace(), RATE + 1, 0, SECOND // (RATE + 1))) == [(1, RATE + 1, 1, RATE + 1)]


def test_it_lasts_as_long_as_messages_come_as_fast() -> None:
    pace = sent(Pace(), 30, 0, SECOND // 10)
    sent(pace, 600, 100 * SECOND, SECOND // 60)
    sent(pace, 30, 200 * SECOND, SECOND // 10)

    assert bursts(pace) == [(31, 600, 31, 630)]


def test_a_second_one_begins_anew() -> None:
    pace = sent(Pace(), 60, 0, 0)
    sent(pace, 70, 9 * SECOND, 0)

    assert bursts(pace) == [(1, 60, 1, 60), (61, 70, 61, 130)]


def test_more_than_are_kept_are_left_out() -> None:
    pace = Pace()
    for one in range(BURSTS + 5):
        sent(pace, 60, 9 * SECOND * one, 0)

    assert len(pace.bursts) == BURSTS


def test_messages_without_a_time_are_not_counted() -> None:
    pace = Pace()
    for packet in range(200):
        pace.send(packet, -1)

    assert (pace.sent, pace.bursts) == (0, [])


def test_a_clock_that_was_set_back_makes_none() -> None:
    pace = sent(Pace(), RATE, 100 * SECOND, SECOND)

    assert bursts(sent(pace, 10, 0, SECOND)) == []


def test_an_answer_belongs_to_the_burst_of_its_request() -> None:
    pace = sent(sent(sent(sent(Pace(), 1, 0, 0), 60, 5 * SECOND, 0), 60, 9 * SECOND, 0), 1, 20 * SECOND, 0)
    for number in (1, 6, 8, 7, 71, 122):
        pace.answer(MESSAGE, Answered(number, number, number, 200 + number, 30 * SECOND))

    first, second = pace.bursts
    assert (first.answered, first.overtaken, first.least, first.longest, first.waited) == (3, 1, 6, 8, 21)
    assert (second.answered, second.newest, second.slowest) == (1, 10, Answered(71, 71, 71, 271, 30 * SECOND))


def test_past_data_are_no_measure() -> None:
    pace = sent(Pace(), 60, 0, 0)
    pace.answer(HISTORICAL_DATA, Answered(5, 5, 1, 99, SECOND))

    assert pace.bursts[0].answered == 0


def test_the_quickest_61_answers_are_known() -> None:
    pace = sent(Pace(), 200, 0, 0)
    for number in range(1, 201):
        pace.answer(MESSAGE, Answered(number, number, 0, 300, (number if number < 100 else 100 + number // 2) * 1000))

    assert pace.bursts[0].quickest == 30_000
