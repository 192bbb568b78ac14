"""What a verdict rests on is said with it: lost packets, a cut snapshot, octets that wait."""

import re
import struct

import pytest

import capanalyze
from capanalyze.capture.files import from_bytes
from capanalyze.report import Look, render
from tests.conversation import RST, Conversation, block, pcapng
from tests.tcp.closes import hello
from tests.timeline.rule_talks import other
from tests.timeline.talk import (
    NEXT_VALID_ID,
    frame,
    opened,
    ready,
    report,
    started,
    verdict,
)

IFDROP = 5
REQUEST = frame("49", "1")


def told(talk: Conversation, dropped: int | None) -> tuple[str, str]:
    """Certainty of the close and the capture's verdict, where the capture tool says how many packets it lost."""
    capture = pcapng(talk.packets)
    if dropped is not None:
        capture += block(5, struct.pack("<IIIHHQHH", 0, 0, 0, IFDROP, 8, dropped, 0, 0))
    report = capanalyze.api.read_files([from_bytes(capture)])
    close = report.to_dict()["connections"][0]["close"]
    return close["certainty"] if close is not None else "", report.verdict


def unanswered_fin() -> Conversation:
    return hello().client.fin()


@pytest.mark.parametrize(("dropped", "certainty"), [(None, "certain"), (0, "certain"), (3, "likely")])
def test_a_fin_that_nothing_answers_is_certain_only_where_no_packet_was_dropped(
    dropped: int | None, certainty: str
) -> None:
    found, sentence = told(unanswered_fin(), dropped)

    assert found == certainty
    assert ("3 packets were dropped while capturing; a FIN of the gateway's may be among" in sentence) == bool(dropped)


def test_a_fin_that_was_acknowledged_by_who_had_not_closed_is_certain_though_packets_were_dropped() -> None:
    found, sentence = told(hello().client.fin().server.ack(), 1)

    assert found == "certain"
    assert sentence.endswith(
        "; the gateway is not seen to close in the 1.0 ms captured after that (1 packet was dropped while capturing)."
    )


def test_that_nobody_closed_is_said_with_the_packets_dropped() -> None:
    found, sentence = told(hello(), 2)

    assert found == ""
    assert sentence.count("2 packets were dropped while capturing") == 1


@pytest.mark.parametrize(
    ("talk", "ground"),
    [
        (hello().server.segment(RST, seq=5_000_006), "the client may have ignored that RST"),
        (
            hello().server.data(b"lost", unseen=True).client.fin().server.ack(),
            "the capture may lack a FIN of the gateway's",
        ),
        (
            hello().client.fin(unseen=True).server.fin().client.fin_again().server.ack(),
            "a FIN was sent again, and its first copy is not in the capture",
        ),
        (
            hello().server.bare_rst().after(0.2).server.data(b"more").client.bare_rst(),
            "the gateway went on after that RST, so something between the two may have sent it",
        ),
        (
            hello().server.ack().client.data(b"more", undelivered=True).server.segment(RST, ttl=63),
            "that RST has another TTL than earlier packets of the gateway's, so something between the two",
        ),
        (
            hello().client.fin(undelivered=True).after(1).client.fin_again(),
            "a FIN of the gateway's may have been lost on the way: nothing came from it any more",
        ),
        (
            hello().client.fin(undelivered=True).server.segment(RST),
            "that RST has no ACK: the gateway may have ended the connection before, or a firewall may have made it",
        ),
        (
            hello().server.data(b"answer").client.ack().client.bare_rst(),
            "nothing that was captured: the capture may lack a FIN of the gateway's, or a firewall may have made it",
        ),
        (
            hello().server.data(b"answer").client.ack().after(240).server.bare_rst(),
            "nothing that was captured: the capture may lack a FIN of the client's, or a firewall may have made it",
        ),
        (hello().client.rst().server.rst(), "the gateway ended it too before it had heard of that"),
    ],
)
def test_why_a_close_is_only_probable_is_said(talk: Conversation, ground: str) -> None:
    sentence = verdict(talk)

    assert "probably closed first" in sentence
    assert ground in sentence


def test_a_fin_that_its_senders_own_number_shows_is_not_said_to_be_acknowledged() -> None:
    talk = hello().client.fin(unseen=True).server.fin(unseen=True).client.ack()

    told = verdict(talk)

    assert told.startswith("The client probably closed first (its FIN is not in the capture, but its last ack")
    assert told.endswith("; the gateway closed too (its FIN is not in the capture, but it was acknowledged).")


def test_fins_that_seem_to_cross_probably_do() -> None:
    talk = hello()
    talk.server.fin(unseen=True, undelivered=True).client.fin().server.ack().server.fin_again().client.ack()

    assert verdict(talk).startswith("Client and gateway probably closed at the same time")


def test_whose_last_octets_the_capture_lacks_may_have_closed_behind_them() -> None:
    talk = hello().server.data(b"answer").client.ack().client.fin().server.ack().server.data(b"more", unseen=True)
    talk.server.fin(unseen=True).client.ack().after(2).client.ack()

    found = {finding.id: finding.certainty for _, finding in report(talk).all_findings()}

    assert "; the gateway is not seen to close in the 2.0 s captured after that (5 octets" in verdict(talk)
    assert "gateway-leaks-close-wait" not in found


def test_whose_fin_the_capture_may_lack_is_not_said_to_wait_with_its_close() -> None:
    """Here the capture began in the middle of the close, and the second closer's FIN looks like the first."""
    talk = hello().client.fin()
    before = len(talk.packets)
    talk.server.ack().server.fin().client.ack()
    del talk.packets[:before]

    assert verdict(talk) == (
        "The gateway perhaps closed first (FIN in packet 2); the client is not seen to close in the 1.0 ms captured "
        "after that (the capture began after the connection; the capture may lack a FIN of the client's)."
    )


@pytest.mark.parametrize(
    ("lacking", "words"),
    [
        ({0}, "the capture lacks the SYN"),
        ({0, 2}, "the capture lacks the SYN"),
        ({0, 1}, "the capture lacks the SYN and the SYN-ACK"),
        ({0, 1, 2}, "the capture began after the connection"),
        ({0, 1, 2, 3}, "the capture began after the connection"),
    ],
)
def test_what_the_capture_lacks_of_the_handshake_is_named(lacking: set[int], words: str) -> None:
    talk = ready().client.fin().server.fin().client.ack()
    talk.packets[:] = [packet for at, packet in enumerate(talk.packets) if at not in lacking]

    assert verdict(talk).endswith(f" ({words}).")


def test_the_report_of_a_connection_says_that_its_syn_alone_was_not_captured() -> None:
    talk = ready()
    del talk.packets[0]

    assert ", its SYN not captured; from packet 1 on" in " ".join(render(report(talk), "text", Look()).split())


def sent_twice() -> Conversation:
    """A request that its host sends again."""
    talk = ready().client.data(REQUEST)
    return talk.after(0.3).client.data(REQUEST, seq=talk.client.next - len(REQUEST))


@pytest.mark.parametrize(
    ("talk", "lost"),
    [
        (ready().client.data(REQUEST), True),
        (sent_twice(), True),
        (sent_twice().server.ack().client.data(REQUEST), True),
        (ready().client.data(REQUEST).server.ack(), False),
        (ready().server.data(REQUEST).client.ack(window=0).server.data(b"x"), False),
    ],
    ids=["silence", "sent again", "after one that was", "acknowledged", "a probe of a window that is 0"],
)
def test_octets_that_no_host_sends_again_show_that_the_capture_may_lack_packets(talk: Conversation, lost: bool) -> None:
    ended = [verdict(talk, started(**other(seconds)).client.fin()) for seconds in (2, 9)]

    reason = re.compile("sent again: (the capture may lack packets|the client's host gave up, or the capture lacks)")
    assert [reason.search(one) is not None for one in ended] == [False, lost]
    assert ["obody is seen to close" in one for one in ended] == [False, lost]


def half_closed() -> Conversation:
    """The client has closed its sending half, and the gateway went on."""
    return ready().client.fin().server.ack().server.data(NEXT_VALID_ID)


def repeated(talk: Conversation) -> Conversation:
    """What the gateway sent last is sent again for 1.4 s, and nothing comes back."""
    octets = talk.packets[-1].payload
    for wait in (0.2, 0.4, 0.8):
        talk.after(wait).server.data(octets, seq=talk.server.next - len(octets))
    return talk


@pytest.mark.parametrize(
    ("talk", "certainty"),
    [
        (half_closed().client.ack().after(1.4).server.keep_alive(), "certain"),
        (repeated(half_closed()), "possible"),
        (half_closed().client.ack(window=0).after(1.4).server.keep_alive().client.ack(window=0), "possible"),
    ],
    ids=["acknowledged", "sent in vain", "window closed"],
)
def test_a_fin_may_wait_behind_octets_that_the_peer_does_not_take(talk: Conversation, certainty: str) -> None:
    (said,) = report(talk).connections

    found = {finding.id: finding.certainty for finding in said.findings}
    assert found["gateway-leaks-close-wait"] == certainty
    assert ("the gateway did not close (CLOSE_WAIT)" in said.verdict) == (certainty == "certain")
    assert ("the gateway is not seen to close" in said.verdict) == (certainty == "possible")


@pytest.mark.parametrize(
    ("talk", "stuck"),
    [
        (ready().server.data(NEXT_VALID_ID).client.ack(), False),
        (repeated(ready().server.data(NEXT_VALID_ID)), True),
        (ready().server.data(NEXT_VALID_ID).client.ack(window=0), True),
        (ready().server.data(NEXT_VALID_ID).client.ack(window=0).client.ack(), False),
    ],
)
def test_that_nobody_closed_is_said_with_what_a_fin_may_wait_behind(talk: Conversation, stuck: bool) -> None:
    sentence = verdict(talk)

    assert sentence.startswith("Nobody closed the connection")
    assert ("(a FIN of the gateway's may wait unsent" in sentence) == stuck


def test_a_late_answer_of_another_host_proves_no_loss_in_the_capture() -> None:
    talk = Conversation(server_address=("10.0.0.2", 4001)).open().client.fin().server.ack(unseen=True)
    told = verdict(talk.after(0.3).server.fin().client.ack())

    assert told.endswith(
        "(the gateway's host acknowledged that FIN with its own alone, later than hosts do: "
        "an earlier FIN of the gateway's may have been lost)."
    )


@pytest.mark.parametrize(("seconds", "certainty"), [(5, "certain"), (9, "likely")])
def test_a_fin_behind_octets_that_are_no_longer_sent_again_may_not_have_come_first(
    seconds: int, certainty: str
) -> None:
    talk = ready().client.data(REQUEST, undelivered=True).after(0.3)
    talk.client.data(REQUEST, seq=talk.client.next - len(REQUEST), undelivered=True).client.fin(undelivered=True)
    talk.server.data(NEXT_VALID_ID).client.ack()
    (told, _) = report(talk, opened(**other(seconds))).connections

    assert told.close is not None
    assert (told.close.first, told.close.certainty) == ("client", certainty)
