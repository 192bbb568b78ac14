"""What findings say: their evidence, causes, certainty and advice in the cases that need care."""

import pytest

from capanalyze.api import read_files
from capanalyze.capture.files import from_bytes
from tests.conversation import Conversation
from tests.timeline.rule_cases import FIRES
from tests.timeline.rule_talks import other
from tests.timeline.talk import (
    HELLO,
    MANAGED_ACCOUNTS,
    NEXT_VALID_ID,
    START_API,
    answer,
    answered,
    error,
    findings,
    found,
    frame,
    greeted,
    opened,
    ready,
    report,
    started,
)


def test_a_client_that_began_start_api_was_written_with_it() -> None:
    talk = answered().client.data(START_API[:8]).server.ack().after(2).client.fin()

    finding = next(one for _, one in report(talk).all_findings() if one.id == "startapi-missing")

    assert finding.evidence[-1] == "behind its hello the client sent 8 of 12 octets of startApi"
    assert [cause.text for cause in finding.causes] == ["the client gave up while it sent startApi"]


def test_requests_without_start_api_are_named_and_come_from_a_client_that_reads() -> None:
    talk = answered().client.data(frame("61", "1") + frame("49", "1")).server.ack().after(5).client.fin()

    finding = found("startapi-missing", talk)

    assert finding.evidence[-1] == "the client sent without it: reqPositions (packet 8) and reqCurrentTime (packet 8)"
    assert [cause.text for cause in finding.causes if "does not read" in cause.text] == []


def test_the_default_time_out_of_the_library_is_named() -> None:
    finding = found("accepted-but-silent", *FIRES["accepted-but-silent"])

    assert "the client closed 4 s after its SYN, which is the default time-out of ib_async" in finding.evidence


def test_a_wrong_hello_is_the_cause_for_certain_only_where_a_right_one_was_answered() -> None:
    wrong = opened(**other(5)).client.data(b"API=9.72\0").server.ack().after(1).client.fin()

    alone = found("bad-hello", wrong)
    beside = found("bad-hello", ready(), wrong)

    assert [cause.certainty for cause in alone.causes] == ["possible"]
    assert [cause.certainty for cause in beside.causes] == ["likely"]


def test_the_connection_that_holds_a_duplicate_client_id_is_named() -> None:
    refused = started(**other(5)).server.data(error(326)).server.fin()

    finding = found("duplicate-client-id", ready(), refused)

    assert "the same id was used by connection 1 of this capture, still open at the gateway" in finding.evidence
    assert finding.causes[0].text == "that client still holds the id (its local port: 50000)"


@pytest.mark.parametrize("together", [True, False])
def test_a_client_that_sends_start_api_twice_holds_its_id_itself(together: bool) -> None:
    talk = answered()
    for octets in [START_API * 2] if together else [START_API, START_API]:
        talk.client.data(octets).server.ack()
    talk.server.data(MANAGED_ACCOUNTS + NEXT_VALID_ID + error(326)).server.fin()
    finding = found("duplicate-client-id", talk)

    assert "it had sent startApi before on this connection (packet 8), and is connected already" in finding.evidence
    assert [(one.text, one.certainty) for one in finding.causes][:2] == [
        ("the client itself holds the id: it sent startApi twice", "likely"),
        ("an earlier connection of this client has not been released yet", "possible"),
    ]
    assert [cause.certainty for cause in found("gateway-closed-midsession", talk).causes] == ["likely"]


def test_a_client_that_has_closed_does_not_hold_its_id_any_more_but_the_gateway_may() -> None:
    left = ready().client.fin().server.ack()
    refused = started(**other(5)).server.data(error(326)).server.fin()

    finding = found("duplicate-client-id", left, refused)

    assert "the same id was used by connection 1, which its client had closed and the gateway not" in finding.evidence
    assert [(cause.text, cause.certainty) for cause in finding.causes] == [
        ("an earlier connection of this client has not been released yet", "likely"),
        ("another live program uses the same id", "possible"),
    ]


def test_sessions_that_the_gateway_ends_together_point_to_its_restart() -> None:
    first = ready().after(1).server.fin()
    second = ready(client_address=("127.0.0.1", 50001), client_isn=77).after(1.2).server.fin()

    finding = found("gateway-closed-midsession", first, second)

    assert "connections 1 and 2 ended within the same second" in finding.evidence
    assert [cause.certainty for cause in finding.causes] == ["likely"]


@pytest.mark.parametrize(
    ("name", "early"),
    [("port-refused", Conversation().client.syn().server.rst()), ("closed-without-answer", greeted().server.rst())],
)
def test_a_gateway_that_answers_later_was_only_starting(name: str, early: Conversation) -> None:
    alone, followed = (
        next(finding for _, finding in report(*talks).all_findings() if finding.id == name).causes[0]
        for talks in ([early], [early, answered(**other(30))])
    )

    assert "still starting" not in alone.text
    assert followed.text == "the gateway was still starting: it answered connection 2 later"
    assert followed.certainty == "likely"


def test_an_announced_close_names_the_error_that_announced_it() -> None:
    talk = ready().server.data(error(1300, "TWS socket port has been reset")).server.fin()

    finding = found("gateway-closed-midsession", talk)

    assert "error 1300 in packet 12" in finding.evidence


def test_a_session_is_ready_with_both_messages_in_any_order() -> None:
    talk = started().server.data(NEXT_VALID_ID).server.data(MANAGED_ACCOUNTS).client.ack().after(4).client.fin()

    actual = findings(talk)

    assert actual == []


def test_a_gateway_that_closes_within_a_message_says_so() -> None:
    talk = ready().server.data(frame("49", "1", "1700000000")[:-4]).server.fin()

    finding = found("gateway-closed-midsession", talk)

    assert "its last message is not whole: 16 of 20 octets of currentTime" in " ".join(finding.evidence)


def test_a_refusal_behind_a_relay_points_to_it() -> None:
    outer = greeted(client_address=("172.17.0.1", 50000), server_address=("172.17.0.2", 4004))
    inner = Conversation(("127.0.0.1", 41000), clock=outer.clock).client.syn().server.rst()
    outer.clock = inner.clock
    outer.server.fin().client.fin()

    finding = next(entry for _, entry in report(outer, inner).all_findings() if entry.id == "closed-without-answer")

    assert finding.causes[0].text == "a relay accepted and found no gateway: connection 2 was refused at that moment"


@pytest.mark.parametrize(
    ("refused_client", "certainty"),
    [("172.17.0.2", "likely"), ("127.0.0.1", "likely"), ("172.17.0.1", ""), ("172.17.0.9", "")],
    ids=["the relay's host", "the relay's host by loopback", "the client's own host", "a third host"],
)
def test_a_refusal_is_the_other_leg_of_a_relay_only_from_its_host(refused_client: str, certainty: str) -> None:
    assert leg_certainty(("172.17.0.1", "172.17.0.2"), refused_client) == certainty


def test_a_refusal_may_be_the_client_s_own_where_all_is_on_one_host() -> None:
    assert leg_certainty(("127.0.0.1", "127.0.0.1"), "127.0.0.1") == "possible"


def leg_certainty(hosts: tuple[str, str], refused_client: str) -> str:
    """How sure the other leg of a relay is, "" where it is none, with a refusal of that client in between."""
    outer = greeted(client_address=(hosts[0], 50000), server_address=(hosts[1], 4004))
    inner = Conversation((refused_client, 41000), ("127.0.0.1", 4001), clock=outer.clock).client.syn().server.rst()
    outer.clock = inner.clock
    outer.server.fin().client.fin()
    finding = next(entry for _, entry in report(outer, inner).all_findings() if entry.id == "closed-without-answer")
    return next((cause.certainty for cause in finding.causes if "was refused at that moment" in cause.text), "")


def test_after_a_change_of_port_no_client_is_sent_back_to_the_old_one() -> None:
    talk = ready().server.data(error(1300, "reconnect on the new port - 7500")).server.fin()

    told = [(finding.id, finding.advice) for _, finding in report(talk).all_findings()]

    assert told == [
        ("port-changed", "connect to the port that the text names: the old one will refuse"),
        ("gateway-closed-midsession", "let the client connect again, to the new port"),
    ]
    assert found("gateway-closed-midsession", talk).evidence[1] == "error 1300 in packet 12"


def test_a_client_that_was_dropped_for_its_pace_is_told_to_send_slower() -> None:
    talk = ready().server.data(error(100)).server.fin()

    assert found("gateway-closed-midsession", talk).advice == "let the client send slower before it connects again"


def test_nobody_is_told_to_leave_open_what_the_gateway_has_closed() -> None:
    talk = ready().server.data(error(1100)).client.ack().after(5)

    assert found("upstream-lost", talk).advice.endswith("; leave the API connection open")
    assert found("upstream-lost", talk.server.fin()).advice == (
        "connect again once the gateway has its own connection to IB back"
    )


def test_a_client_is_not_told_to_await_a_connection_that_the_gateway_had_back_before_it_closed() -> None:
    talk = ready().server.data(error(1100)).after(9).server.data(error(1102)).client.ack().after(900).server.fin()

    assert found("upstream-lost", talk).advice == ""


def test_what_follows_a_hello_and_is_no_message_is_told() -> None:
    talk = opened().client.data(HELLO + b"\0").server.ack().after(4).client.fin()

    finding = found("accepted-but-silent", talk)

    assert "behind the hello the client sent 1 octet of a length that is not whole: nothing belongs there" in (
        finding.evidence
    )


@pytest.mark.parametrize("in_time", [b"", MANAGED_ACCOUNTS])
def test_a_session_that_became_ready_when_the_client_had_closed_was_late(in_time: bytes) -> None:
    talk = started().server.data(in_time) if in_time else started()
    late = NEXT_VALID_ID if in_time else MANAGED_ACCOUNTS + NEXT_VALID_ID
    talk.after(4).client.fin().server.ack().after(2).server.data(late).client.bare_rst()

    finding = found("late-answer", talk)

    assert finding.title == "The gateway made the session ready after the client had given up"
    assert finding.evidence[-1] == "the client had closed 4.0 s after startApi"
    assert finding.advice == "give the client a time-out above 6.0 s, or start it later"


def test_who_closed_for_sending_only_and_took_the_answer_had_not_given_up() -> None:
    slow = started().after(4).client.fin().server.ack().after(2).server.data(MANAGED_ACCOUNTS + NEXT_VALID_ID)
    soon = greeted().client.fin().server.ack().server.data(answer()).client.ack().server.fin().client.ack()
    probe = found("client-left-early", soon)

    assert "late-answer" not in [name for _, name in findings(slow.client.ack())]
    assert probe.evidence[-1].startswith("it took that: it had closed for sending only")
    assert len(probe.causes) == 1


@pytest.mark.parametrize("octets", range(1, 30))
def test_wherever_the_answer_to_the_hello_is_cut_it_is_told(octets: int) -> None:
    talk = greeted().server.data(answer()[:octets]).client.ack().after(4).server.fin()

    finding = found("hello-answer-cut", talk)

    assert finding.evidence[0].startswith(f"the server's hello is cut: {octets} o")
    assert finding.evidence[1] == "nothing more in the 4.0 s until the gateway closed"
    assert finding.certainty == ("certain" if octets > 4 else "likely")
    assert not [name for _, name in findings(talk) if name == "wrong-service"]


def test_a_length_that_no_answer_has_is_not_the_beginning_of_one() -> None:
    talk = greeted().server.data(b"\0\0\0\x01").client.ack().after(4).server.fin()

    assert "hello-answer-cut" not in [name for _, name in findings(talk)]


@pytest.mark.parametrize("silence", [1, 900])
def test_a_rst_is_said_to_come_from_the_gateway_s_side_and_after_a_long_silence_a_nat_may_have_sent_it(
    silence: float,
) -> None:
    finding = found("gateway-closed-midsession", ready().after(silence).server.rst())

    assert finding.title == "A RST from the gateway's side ended a working session"
    assert finding.evidence[0].startswith("RST from the gateway's side")
    assert "NAT" in finding.evidence[1]
    assert any("NAT" in cause.text for cause in finding.causes) == (silence == 900)


def test_an_idle_session_whose_next_request_meets_a_rst_may_have_been_forgotten_between() -> None:
    talk = ready().after(900).client.data(frame("49", "1")).server.bare_rst()

    assert any("NAT" in cause.text for cause in found("gateway-closed-midsession", talk).causes)
    assert found("gateway-closed-midsession", ready().server.fin()).title == "The gateway ended a working session"


@pytest.mark.parametrize(
    ("talk", "text", "certainty"),
    [
        (
            opened().after(60).server.fin().client.fin(),
            "the client said nothing: it hangs, or waits for the server to speak first",
            "likely",
        ),
        (
            opened().client.data(b"63\0").server.fin().client.fin(),
            "it does not answer the old protocol any more",
            "possible",
        ),
    ],
    ids=["a client that says nothing", "the old protocol"],
)
def test_a_close_without_a_word_names_what_the_client_did_first(talk: Conversation, text: str, certainty: str) -> None:
    cause = found("closed-without-answer", talk).causes[0]

    assert (cause.text, cause.certainty) == (text, certainty)


def test_a_client_that_had_no_time_to_speak_is_not_said_to_hang() -> None:
    finding = found("closed-without-answer", opened().server.fin().client.fin())

    assert not [cause for cause in finding.causes if "said nothing" in cause.text]


def test_a_client_that_left_at_once_is_told_though_the_capture_cut_its_hello() -> None:
    talk = greeted().client.fin().server.fin().client.ack()
    file = from_bytes(talk.pcap(snaplen=60), "talk.pcap")
    told = [finding.id for _, finding in read_files([file]).all_findings()]

    assert told == ["client-left-early", "capture-incomplete"]


def test_an_attempt_that_followed_a_session_and_was_refused_its_id_did_not_end_with_it() -> None:
    first = ready().after(5).server.fin().client.fin().server.ack()
    taken = started(client_address=("127.0.0.1", 50001), clock=first.clock + 3 * 10**8).server.data(error(326))

    finding = found("gateway-closed-midsession", first, taken.client.ack().server.fin().client.fin().server.ack())

    assert not [text for text in finding.evidence if "within the same second" in text]
    assert {cause.certainty for cause in finding.causes} == {"possible"}
