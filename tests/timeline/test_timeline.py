"""The story of a connection: a line for each event, in order, bounded, and never a bare address."""

import pytest

from capanalyze.timeline.last_words import messages_before_close
from capanalyze.timeline.lines import PHASES, TimelineLine
from capanalyze.timeline.timeline import LINES, timeline
from tests.conversation import Conversation
from tests.report.stories import STORIES
from tests.timeline.talk import (
    HELLO,
    NEXT_VALID_ID,
    answer,
    error,
    facts,
    frame,
    greeted,
    opened,
    ready,
    started,
)


def told(talk: Conversation) -> list[tuple[int, str, str, str]]:
    """Packet, side, phase and text of each line."""
    return [(line.packet, line.side, line.phase, line.text) for line in timeline(facts(talk))]


def test_a_silent_gateway_in_seven_lines() -> None:
    actual = told(greeted().after(4).client.fin().server.ack())

    assert actual == [
        (1, "client", "connect", "SYN: asks for a connection"),
        (2, "server", "connect", "SYN-ACK: the gateway's host accepts"),
        (3, "client", "connect", "ACK: the connection is open"),
        (4, "client", "handshake", "hello: v157..178 (ib_async 1.x to 2.1)"),
        (5, "server", "handshake", "ACK: the gateway's host has the hello"),
        (6, "client", "close", "FIN: the client closes first"),
        (7, "server", "close", "ACK of the FIN by the gateway's host"),
    ]


def test_the_phases_of_a_session_that_goes_on_after_its_close() -> None:
    talk = ready().client.fin().server.ack().server.data(frame("49", "1", "1")).client.ack().server.fin().client.ack()

    actual = [(line.phase, line.text) for line in timeline(facts(talk.server.bare_rst()))][8:]

    assert actual == [
        ("handshake", "nextValidId 1"),
        ("close", "FIN: the client closes first"),
        ("close", "ACK of the FIN by the gateway's host"),
        ("close", "currentTime 1"),
        ("close", "FIN: the gateway closes too"),
        ("close", "ACK of the FIN by the client's host"),
        ("after", "RST after both had closed: it changes nothing"),
    ]


@pytest.mark.parametrize(
    ("talk", "expected"),
    [
        (Conversation().client.syn().server.rst(), "RST: refused, nothing accepts connections on port 4001"),
        (greeted().server.rst(), "RST: the gateway resets the connection"),
        (greeted().server.rst(seq=77), "RST whose sequence number does not fit: ignored"),
        (
            greeted().client.fin().server.ack().server.data(answer()).client.bare_rst(),
            "RST: the client wants nothing more, having closed already",
        ),
        (
            greeted().server.fin().client.ack().client.data(frame("49", "1")).client.rst(),
            "RST: the client breaks off what the gateway had begun to close",
        ),
    ],
    ids=["refused", "valid", "ignored", "after its own FIN", "after the other's FIN"],
)
def test_a_reset_says_what_it_is(talk: Conversation, expected: str) -> None:
    actual = [text for _, _, _, text in told(talk) if text.startswith("RST")]

    assert actual == [expected]


def test_only_what_ends_a_direction_is_marked() -> None:
    talk = ready().client.rst(seq=7).client.fin(undelivered=True).after(1).client.fin_again().server.fin().client.ack()

    actual = [(line.packet, line.kind) for line in timeline(facts(talk.server.bare_rst())) if line.closing]

    assert actual == [(13, "FIN"), (15, "FIN")]


def test_repeats_by_one_side_are_folded_with_their_packets_and_count() -> None:
    talk = ready()
    for number in range(5):
        talk.server.data(frame("2", "6", "1001", "0", str(number)))

    line = next(line for line in timeline(facts(talk)) if line.text == "tickSize")

    assert (line.packet, line.last_packet, line.count) == (12, 16, 5)


def test_errors_are_told_one_by_one_since_their_codes_matter() -> None:
    talk = ready().server.data(error(2104, "a")).server.data(error(2106, "b")).server.data(error(2106, "b"))

    actual = [(line.text, line.count) for line in timeline(facts(talk)) if line.text.startswith("error")]

    assert actual == [('error -1 code 2104 "a"', 1), ('error -1 code 2106 "b"', 2)]


def test_octets_that_are_no_tws_are_quoted_where_they_begin() -> None:
    talk = opened().client.data(b"GET / HTTP/1.1\r\n\r\n").server.ack().client.data(b"more")

    actual = [text for _, side, _, text in told(talk) if side == "client"][2:]

    assert actual == ["22 octets: `GET / HTTP/1.1\\x0d\\x0a\\x0d\\x0amore` in 2 segments"]


def test_retransmissions_and_windows_have_lines() -> None:
    talk = ready().server.data(frame("49", "1", "1")).client.ack(window=0)

    actual = [text for _, _, _, text in told(talk)][-1]

    assert actual == "window 0: it has stopped reading"


def test_octets_that_were_overtaken_are_not_said_to_be_missing_from_the_capture() -> None:
    talk = opened().server.data(b"first").server.data(b"second").client.ack()
    talk.packets[3:5] = talk.packets[4], talk.packets[3]

    lines = [line for line in told(talk) if "captured" in line[3] or "missing" in line[3]]

    assert lines == [(4, "server", "data", "what was sent before this packet was not captured before it")]
    assert facts(talk).connection.server.missing == 0


def test_a_fin_that_is_sent_again_is_not_told_as_a_retransmission_too() -> None:
    talk = greeted().client.fin(undelivered=True).after(1).client.fin_again(undelivered=True)

    actual = [text for _, _, _, text in told(talk)][-2:]

    assert actual == ["FIN: the client closes first", "FIN again: it had not been acknowledged"]


def test_a_split_hello_is_one_line_at_the_packet_that_made_it_whole() -> None:
    talk = opened().client.data(HELLO[:4]).server.ack().client.data(HELLO[4:]).server.ack()

    actual = [(packet, text) for packet, side, _, text in told(talk) if text.startswith("hello")]

    assert actual == [(6, "hello: v157..178 (ib_async 1.x to 2.1)")]


def test_a_hello_from_the_other_side_is_told_beside_what_the_first_one_began_with() -> None:
    talk = opened().client.data(NEXT_VALID_ID).server.ack().server.data(HELLO).client.ack().client.fin()

    assert "hello: v157..178 (ib_async 1.x to 2.1)" in [text for _, _, _, text in told(talk)]
    assert "hello" in [message.name for message in messages_before_close(facts(talk), "client")]


def test_a_long_story_keeps_its_ends_and_says_what_is_left_out() -> None:
    talk = STORIES["long-session"]()[0]

    actual = timeline(facts(talk))

    left_out = [line for line in actual if line.kind == "left_out"]
    assert len(actual) <= LINES + 2
    assert [line.text for line in left_out] == [f"... {left_out[0].count} more events left out"]
    assert sum(line.count for line in actual) == 3 + 185 + 1 + 1  # connect, messages, ACK of the hello, RST
    assert actual[-1].text == "RST: the gateway resets the connection"


@pytest.mark.parametrize("spoken", range(28, 34))
def test_a_story_whose_middle_is_its_close_is_told_in_order_and_with_the_close(spoken: int) -> None:
    """Between the lines that are always told lie the FINs alone, or they and a line or two more."""
    talk = opened()
    for number in range(spoken):
        (talk.server if number % 2 else talk.client).data(b"words")
    talk.client.fin().server.fin()
    for _ in range(13):
        talk.client.bare_rst().server.bare_rst()

    actual = timeline(facts(talk))

    packets = [line.packet for line in actual]
    assert packets == sorted(packets)
    assert [line.packet for line in actual if line.kind == "FIN"] == [spoken + 4, spoken + 5]
    assert sum(line.count for line in actual) == 3 + spoken + 2 + 26


def test_a_side_that_resets_again_ends_nothing_more() -> None:
    """Who is gone answers every segment that still comes; one line of each side marks what that ended."""
    talk = opened().client.fin()
    for _ in range(100):
        talk.server.bare_rst().client.bare_rst(seq=talk.client.next)

    actual = timeline(facts(talk))

    assert [line.packet for line in actual if line.closing] == [4, 5, 6]
    assert len(actual) <= LINES + 2


def every_line() -> list[TimelineLine]:
    """The lines of all stories."""
    return [line for story in STORIES.values() for talk in story() for line in timeline(facts(talk))]


def test_every_line_has_a_packet_a_phase_and_words_that_can_be_printed() -> None:
    lines = every_line()

    assert all(line.packet >= 1 for line in lines)
    assert {line.phase for line in lines} <= set(PHASES)
    assert all(line.text.isprintable() for line in lines)


def test_no_line_shows_an_address() -> None:
    texts = [line.text for line in every_line() if "redirect" not in line.text]

    assert not any("127.0.0.1" in text or "::1" in text for text in texts)


def test_lines_are_in_packet_order() -> None:
    for story in STORIES.values():
        for talk in story():
            packets = [line.packet for line in timeline(facts(talk))]

            assert packets == sorted(packets)


def test_the_close_comes_after_the_last_octets_of_its_own_packet() -> None:
    talk = started().server.fin(error(326))

    actual = [line.kind for line in timeline(facts(talk)) if line.packet == 10]

    assert actual == ["message", "FIN"]
