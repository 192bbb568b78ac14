"""A close after which, or before which, nothing comes from the other side: whether that may have closed unheard."""

import pytest

from capanalyze.report.report import Report
from tests.conversation import Conversation
from tests.follow import follow
from tests.tcp.closes import hello, states
from tests.timeline.talk import report


def in_vain(times: int, sender: str = "client") -> Conversation:
    """A side sends the same octets again so often, and nothing comes from the other one."""
    talk = hello()
    end = talk.client if sender == "client" else talk.server
    end.data(b"more", undelivered=True)
    for _ in range(times):
        talk.after(0.4)
        end.data(b"more", seq=end.next - 4, undelivered=True)
    return talk


def asked_alive(times: int) -> Conversation:
    """Keep-alives of the client's that nobody answers."""
    talk = hello()
    for _ in range(times):
        talk.after(75).client.keep_alive(undelivered=True)
    return talk


@pytest.mark.parametrize(
    ("talk", "certainty"),
    [
        (in_vain(3).client.rst(), "likely"),
        (in_vain(3, "server").server.rst(), "likely"),
        (asked_alive(9).after(75).client.rst(), "likely"),
        (asked_alive(1).client.rst(), "certain"),
        (in_vain(3).server.ack().client.rst(), "certain"),
        (in_vain(3).server.rst(), "certain"),
        (in_vain(0).client.rst(), "certain"),
    ],
    ids=[
        "the client's octets",
        "the server's octets",
        "keep-alives",
        "one keep-alive right before",
        "octets that were acknowledged in the end",
        "the other side's reset",
        "octets sent once",
    ],
)
def test_who_resets_when_nothing_comes_any_more_may_not_have_heard_of_the_other_ones_close(
    talk: Conversation, certainty: str
) -> None:
    close = follow(talk.pcap()).only.close

    assert close is not None
    assert (close.kind, close.certainty) == ("RST", certainty)


def test_so_may_it_where_octets_were_sent_again_more_often_than_is_remembered() -> None:
    talk = hello()
    for _ in range(101):
        talk.client.data(b"more", undelivered=True).after(0.4)
        talk.client.data(b"more", seq=talk.client.next - 4).server.ack()
    heard = follow(talk.client.rst().pcap()).only.close
    talk.packets.pop()
    talk.client.data(b"more", undelivered=True).after(0.4).client.data(b"more", seq=talk.client.next - 4)
    unheard = follow(talk.client.rst().pcap()).only.close

    assert heard is not None
    assert unheard is not None
    assert (heard.certainty, unheard.certainty) == ("certain", "likely")


def test_so_may_it_where_more_keep_alives_were_answered_than_are_remembered() -> None:
    talk = hello()
    for _ in range(101):
        talk.after(75).client.keep_alive().server.ack()
    heard = follow(talk.client.rst().pcap()).only.close
    talk.packets.pop()
    for _ in range(9):
        talk.after(75).client.keep_alive(undelivered=True)
    unheard = follow(talk.after(75).client.rst().pcap()).only.close

    assert heard is not None
    assert unheard is not None
    assert (heard.certainty, unheard.certainty) == ("certain", "likely")


def test_octets_that_wait_for_their_answer_are_not_those_that_were_sent_again_before() -> None:
    talk = hello()
    for _ in range(101):
        talk.client.data(b"more", undelivered=True).after(0.4)
        talk.client.data(b"more", seq=talk.client.next - 4).server.ack()
    close = follow(talk.client.data(b"more").client.rst().pcap()).only.close

    assert close is not None
    assert close.certainty == "certain"


def over_a_path(trip: float, at: str = "client", kind: str = "rst", more: float = 0) -> Report:
    """A connection whose client closes, captured at one end of a path, and so long after the close."""
    talk = Conversation(step_ns=100_000).client.syn()
    talk.after(trip if at == "client" else 0).server.syn_ack().after(trip if at == "server" else 0).client.ack()
    talk.client.data(b"API\0").after(trip).server.ack().after(9)
    getattr(talk.client, kind)(undelivered=True)
    other = Conversation(("127.0.0.1", 50001), clock=talk.clock).after(more).client.syn()
    return report(talk, other) if more else report(talk)


@pytest.mark.parametrize(
    ("captured", "certainty"),
    [
        (over_a_path(0.02), "likely"),
        (over_a_path(0.02, kind="fin"), "likely"),
        (over_a_path(0.02, more=0.01), "likely"),
        (over_a_path(0.02, more=0.03), "certain"),
        (over_a_path(0.02, kind="fin", more=0.03), "likely"),
        (over_a_path(0.02, at="server"), "certain"),
        (over_a_path(0.00005), "certain"),
        (over_a_path(0.00005, kind="fin"), "certain"),
    ],
    ids=[
        "RST",
        "FIN",
        "10 ms more",
        "30 ms more",
        "FIN, 30 ms more",
        "captured at the other end",
        "loopback",
        "FIN on loopback",
    ],
)
def test_a_capture_that_ends_sooner_than_a_close_that_crossed_this_one_could_come_leaves_it_likely(
    captured: Report, certainty: str
) -> None:
    close = captured.to_dict()["connections"][0]["close"]  # type: ignore[index]

    assert (close["first"], close["certainty"]) == ("client", certainty)


def test_the_first_line_says_why() -> None:
    told = "(the capture ends before a close of the gateway's that crossed it would have come)."

    assert over_a_path(0.02).verdict.endswith(told)


@pytest.mark.parametrize(
    "talk",
    [
        Conversation(("10.0.0.1", 50000), ("10.0.0.2", 4001)).client.syn().server.rst(),
        Conversation(("10.0.0.1", 50000), ("10.0.0.2", 4001)).client.syn().server.syn_ack().client.rst(),
    ],
    ids=["refused", "half open"],
)
def test_what_was_never_open_can_have_no_close_that_crosses(talk: Conversation) -> None:
    assert report(talk).connections[0].close.certainty == "certain"  # type: ignore[union-attr]


def test_a_handshake_that_was_repeated_tells_no_round_trip() -> None:
    talk = Conversation().client.syn().after(1).client.syn().server.syn_ack().client.ack().client.rst()

    assert report(talk).connections[0].close.certainty == "certain"  # type: ignore[union-attr]


def closed_on_both_sides(*, again: bool) -> Conversation:
    """The client's FIN, sent again or not before the server's comes, which acknowledges it."""
    talk = hello().client.fin(undelivered=True).after(0.2)
    if again:
        talk.client.fin_again(undelivered=True).after(0.4)
    return talk.server.fin(ack=talk.client.next).client.ack()


@pytest.mark.parametrize(("again", "certainty"), [(True, "likely"), (False, "certain")])
def test_a_fin_that_comes_when_the_other_one_was_sent_again_may_be_a_later_copy(again: bool, certainty: str) -> None:
    close = follow(closed_on_both_sides(again=again).pcap()).only.close

    assert close is not None
    assert (close.first, close.certainty) == ("client", certainty)


def test_a_fin_that_is_acknowledged_from_before_the_other_one_was_first() -> None:
    talk = hello().client.fin(undelivered=True).after(0.2).client.fin_again()
    close = follow(talk.server.ack().after(1).server.fin().client.ack().pcap()).only.close

    assert close is not None
    assert (close.first, close.certainty) == ("client", "certain")


def reset_by_both(*, asked: bool) -> Conversation:
    """The server resets; the client's host then sends a RST without ACK, having received something more or not."""
    talk = hello().server.data(b"tick", undelivered=True).server.rst(undelivered=True)
    if asked:
        talk.server.data(b"tick", seq=talk.server.next - 4, undelivered=True)
    return talk.client.bare_rst(seq=talk.client.next)


@pytest.mark.parametrize(("asked", "certainty"), [(False, "likely"), (True, "certain")])
def test_a_host_that_answers_what_came_before_a_reset_with_one_may_have_ended_before(
    asked: bool, certainty: str
) -> None:
    close = follow(reset_by_both(asked=asked).pcap()).only.close

    assert close is not None
    assert (close.first, close.kind, close.certainty) == ("server", "RST", certainty)


@pytest.mark.parametrize(
    ("talk", "why"),
    [
        (
            closed_on_both_sides(again=True),
            "the client had sent its FIN again by then, so an earlier one of the gateway's may have been lost",
        ),
        (
            reset_by_both(asked=False),
            "the client's host then sent a RST without ACK, so it may have ended the connection before",
        ),
    ],
    ids=["FIN", "RST"],
)
def test_the_first_line_says_why_the_other_one_may_have_been_first(talk: Conversation, why: str) -> None:
    assert report(talk).verdict.endswith(f"({why}).")


@pytest.mark.parametrize(("answered", "certainty"), [(False, "likely"), (True, "certain")])
def test_a_reset_without_ack_after_a_fin_answers_something_that_the_capture_may_lack(
    answered: bool, certainty: str
) -> None:
    talk = hello().after(0.1).client.fin(undelivered=True).after(0.1).server.data(b"more", unseen=not answered)
    talk.client.bare_rst()

    close = follow(talk.pcap()).only.close

    assert close is not None
    assert (close.first, close.kind, close.certainty) == ("client", "FIN", certainty)


@pytest.mark.parametrize(
    ("talk", "expected"),
    [
        (asked_alive(9).after(75).client.rst(undelivered=True), ("CLOSED", "UNKNOWN")),
        (in_vain(3, "server").server.rst(undelivered=True), ("UNKNOWN", "CLOSED")),
        (in_vain(3).server.rst(), ("CLOSED", "CLOSED")),
        (hello().after(3600).server.bare_rst(), ("CLOSED", "UNKNOWN")),
        (hello().client.data(b"more", undelivered=True).server.bare_rst(), ("CLOSED", "CLOSED")),
    ],
    ids=["nothing came back", "nor to the gateway", "an answer", "idle for an hour", "of a host that knows nothing"],
)
def test_who_may_not_have_received_or_sent_a_reset_may_still_be_open(
    talk: Conversation, expected: tuple[str, str]
) -> None:
    assert states(follow(talk.pcap()).only) == expected


@pytest.mark.parametrize(
    ("acknowledged", "later", "certainty"), [(False, 0.3, "likely"), (False, 0.1, "certain"), (True, 0.3, "certain")]
)
def test_a_fin_that_is_acknowledged_late_and_by_a_fin_alone_may_not_have_come_first(
    acknowledged: bool, later: float, certainty: str
) -> None:
    talk = Conversation(server_address=("10.0.0.2", 4001)).open()
    talk.client.fin().server.ack(unseen=not acknowledged).after(later).server.fin().client.ack()

    close = follow(talk.pcap()).only.close

    assert close is not None
    assert (close.first, close.kind, close.certainty) == ("client", "FIN", certainty)


@pytest.mark.parametrize(("lost", "certainty"), [(True, "likely"), (False, "certain")])
def test_a_fin_that_comes_by_a_path_that_lost_octets_for_good_may_be_a_later_copy(lost: bool, certainty: str) -> None:
    """Soon enough for a host that waits with its acknowledgement; but the first copy may be lost, as those octets."""
    talk = Conversation(server_address=("10.0.0.2", 4001)).open()
    talk.client.data(b"API\0\0\0\0\x09v100..187").server.ack()
    if lost:
        talk.server.data(b"x" * 3000, unseen=True, undelivered=True)
    talk.server.data(b"y" * 20, undelivered=lost).client.ack()
    talk.client.fin().after(0.13).server.fin()
    close = follow(talk.pcap()).only.close

    assert close is not None
    assert (close.first, close.certainty) == ("client", certainty)


def reset_ignored(*, went_on: bool = False) -> Conversation:
    """The server's RST is lost; what comes answers an acknowledgement from before the last, and the client goes on."""
    talk = hello().server.data(b"one").client.ack().server.data(b"two").client.ack()
    overtaken = talk.server.next - 3
    talk.server.rst(unseen=True, undelivered=True).server.bare_rst(seq=overtaken)
    if went_on:
        talk.server.data(b"more").client.ack()
    return talk.after(0.5).client.rst(undelivered=True)


@pytest.mark.parametrize(("went_on", "certainty"), [(False, "likely"), (True, "certain")])
def test_a_reset_without_ack_that_did_not_count_was_perhaps_that_of_a_host_that_is_gone(
    went_on: bool, certainty: str
) -> None:
    close = follow(reset_ignored(went_on=went_on).pcap()).only.close

    assert close is not None
    assert (close.first, close.kind, close.certainty) == ("client", "RST", certainty)


def test_the_first_line_tells_of_a_reset_that_did_not_count() -> None:
    assert report(reset_ignored()).verdict.endswith(
        "(the gateway's host had sent a RST without ACK, so it may have ended the connection before)."
    )
