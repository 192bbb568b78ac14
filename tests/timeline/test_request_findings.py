"""What findings say of requests: unanswered, unfinished, malformed, and those just before a close."""

import pytest

from tests.timeline.rule_talks import (
    A_CONTRACT,
    A_POSITION,
    BINARY_START_API,
    CONTRACT,
    MARKET_DATA,
    POSITIONS,
    PROTOBUF_START_API,
)
from tests.timeline.talk import (
    MANAGED_ACCOUNTS,
    NEXT_VALID_ID,
    START_API,
    answered,
    error,
    findings,
    found,
    frame,
    greeted,
    ready,
    started,
    verdict,
)


def test_a_request_just_before_the_close_is_named() -> None:
    talk = ready().client.data(frame("49", "1")).server.fin()

    finding = found("gateway-closed-midsession", talk)

    text = "it rejected the client's last request (reqCurrentTime) in packet 12, 1.0 ms before"
    assert finding.causes[1].text == text


def test_a_request_that_was_not_acknowledged_is_not_said_to_be() -> None:
    request = frame("49", "1")
    talk = ready().client.data(request).server.ack().client.data(request, undelivered=True)

    finding = found("requests-unanswered", talk.after(9).client.data(b"", undelivered=True))

    assert finding.evidence[0] == "no answer to reqCurrentTime (packet 12)"
    assert finding.evidence[1].endswith("its host did not acknowledge all of it")


def test_answers_wait_behind_octets_that_the_client_s_host_does_not_acknowledge_though_it_speaks() -> None:
    tick = frame("1", "6", "5", "1", "99.5", "100", "0")
    talk = ready().server.data(tick, undelivered=True)
    for wait in (1, 2):
        talk.client.data(frame("49", "1")).server.ack().after(wait)
        talk.server.data(tick, seq=talk.server.next - len(tick), undelivered=True)

    finding = found("requests-unanswered", talk)

    assert finding.certainty == "possible"
    assert "the client's host took nothing more of the gateway's: the answers may wait unsent" in finding.evidence
    assert verdict(talk).endswith(
        "(a FIN of the gateway's may wait unsent: the client's host took nothing more of it)."
    )


def test_a_request_that_the_gateway_s_host_did_not_take_its_program_has_not_dropped() -> None:
    request = frame("49", "1")
    talk = started().client.data(request, undelivered=True)
    talk.server.data(MANAGED_ACCOUNTS + NEXT_VALID_ID).client.ack().after(3).server.ack()

    assert not {name for _, name in findings(talk)} & {"requests-before-ready", "requests-unanswered"}
    assert "not answered" not in verdict(talk)


def test_a_last_request_that_was_not_acknowledged_is_told_as_such() -> None:
    talk = ready().client.data(frame("49", "1"), undelivered=True).after(3).client.ack()

    assert "; the client's last request was not even acknowledged" in verdict(talk)


def test_requests_of_one_name_are_counted_together() -> None:
    talk = ready().client.data(frame("49", "1") * 9).client.data(frame("49", "1")).server.ack().after(9).client.fin()

    assert found("requests-unanswered", talk).evidence[0] == ("no answer to 10 reqCurrentTime (packets 12 and 13)")


def test_an_id_in_use_is_a_problem_where_the_gateway_says_so() -> None:
    talk = ready().client.data(MARKET_DATA).client.data(MARKET_DATA).server.data(error(102, "Duplicate ticker ID", 5))

    finding = found("request-id-in-use", talk)

    assert (finding.severity, finding.certainty) == ("problem", "certain")
    assert finding.evidence[1].endswith("`Duplicate ticker ID`")


def test_every_list_that_was_not_ended_is_told_with_the_end_marker_that_lacks() -> None:
    talk = ready().client.data(POSITIONS + CONTRACT).server.data(A_POSITION * 300 + A_CONTRACT).client.ack()

    finding = found("requests-unfinished", talk.after(9).server.data(frame("49", "1", "1")))

    assert finding.certainty == "certain"
    assert [text.split(":")[0] for text in finding.evidence] == [
        "no positionEnd for reqPositions (packet 12)",
        "no contractDetailsEnd for reqContractDetails (packet 12)",
    ]
    assert finding.evidence[0].endswith(": its newest answer came in packet 13, 9.0 s before the capture ended")


def test_an_end_marker_that_the_capture_may_lack_is_only_suspected_to_be_missing() -> None:
    talk = (
        ready().client.data(POSITIONS).server.data(A_POSITION).server.data(frame("62", "1"), unseen=True).client.ack()
    )

    assert found("requests-unfinished", talk.after(4).client.fin()).certainty == "possible"


def test_a_malformed_request_just_before_the_close_is_told_and_makes_its_rejection_likely() -> None:
    cut = b"\0\0\0\x04" + b"49\x001"
    finding = found("gateway-closed-midsession", ready().client.data(cut).server.ack().server.fin())

    assert (
        "the client's reqCurrentTime in packet 12 is malformed, 2.0 ms before the close: does not end with a NUL"
        in finding.evidence
    )
    assert [(cause.text, cause.certainty) for cause in finding.causes] == [
        ("it rejected the client's last request (reqCurrentTime) in packet 12, 2.0 ms before", "likely")
    ]
    assert finding.advice == "correct that request before the client connects again"


def test_a_malformed_request_that_another_one_followed_is_the_one_that_was_likely_rejected() -> None:
    cut = b"\0\0\0\x04" + b"49\x001"
    finding = found(
        "gateway-closed-midsession", ready().client.data(cut).client.data(POSITIONS).server.ack().server.fin()
    )

    assert [(cause.text, cause.certainty) for cause in finding.causes] == [
        ("it rejected the client's reqCurrentTime in packet 12, 3.0 ms before", "likely")
    ]


def test_a_request_with_more_fields_than_are_known_is_not_called_malformed() -> None:
    talk = ready().client.data(frame("49", "1", "more")).server.ack().server.fin()

    assert "malformed" not in " ".join(found("gateway-closed-midsession", talk).evidence)


@pytest.mark.parametrize("wait", [0, 9])
def test_a_request_that_is_right_or_was_long_ago_is_not_called_malformed(wait: float) -> None:
    request = b"\0\0\0\x04" + b"49\x001" if wait else frame("49", "1")
    finding = found("gateway-closed-midsession", ready().client.data(request).server.ack().after(wait).server.fin())

    assert "malformed" not in " ".join(finding.evidence)
    assert {cause.certainty for cause in finding.causes} == {"possible"}


@pytest.mark.parametrize(
    ("version", "sent", "severity", "names"),
    [
        (213, BINARY_START_API, "problem", "startApi (since 213)"),
        (206, b"\0\0\0\x0a\0\0\0\x01" + b"11\x005\0\0", "notice", "reqMktData (since 206)"),
    ],
)
def test_a_request_in_text_where_the_version_has_protobuf_is_a_mismatch(
    version: int, sent: bytes, severity: str, names: str
) -> None:
    finding = found("framing-mismatch", answered(version).client.data(sent).server.ack().after(4).client.fin())

    assert (finding.severity, finding.certainty) == (severity, "certain")
    assert finding.evidence[0].endswith(f"these had fields in text: {names}")


@pytest.mark.parametrize(
    ("version", "sent", "severity", "names"),
    [
        (212, PROTOBUF_START_API, "problem", "startApi (since 213)"),
        (205, b"\0\0\0\x06\0\0\x00\xc9\x08\x05", "notice", "reqMktData (since 206)"),
    ],
)
def test_a_request_as_protobuf_where_the_version_has_text_is_a_mismatch(
    version: int, sent: bytes, severity: str, names: str
) -> None:
    talk = answered(version).client.data(sent).server.ack().after(4).client.fin()
    finding = found("framing-mismatch", talk)
    told = "; the client writes requests as protobuf that the agreed version has in text; that FIN"

    assert (finding.severity, finding.certainty) == (severity, "certain")
    assert finding.evidence[0].endswith(f"these were protobuf: {names}")
    assert (told in verdict(talk)) is (severity == "problem")


def test_what_the_client_sent_with_start_api_is_named_where_the_gateway_then_closed() -> None:
    finding = found("closed-after-startapi", answered().client.data(START_API + frame("17", "1")).server.fin())

    assert "the client had sent more with or after startApi: reqManagedAccts (packet 8)" in finding.evidence
    assert "sent more" not in " ".join(found("closed-after-startapi", started().server.fin()).evidence)


def test_a_request_in_a_packet_of_its_own_after_start_api_is_cited_too() -> None:
    talk = started().client.data(frame("17", "1")).server.fin()

    assert found("closed-after-startapi", talk).packets == (8, 10, 11)


@pytest.mark.parametrize(("later", "hangs"), [(0.5, True), (3, False)])
def test_a_gateway_that_speaks_on_does_not_hang(later: float, hangs: bool) -> None:
    talk = ready().client.data(frame("99", "0")).server.ack().after(later)
    talk.server.data(frame("49", "1", "1700000000")).client.ack().after(9).client.fin()
    finding = found("requests-unanswered", talk)

    assert any("hangs" in cause.text for cause in finding.causes) is hangs
    assert ("heartbeat" in finding.advice) is hangs


@pytest.mark.parametrize(("port", "severity"), [(4002, "notice"), (7497, "problem")])
def test_a_redirect_that_was_followed_is_no_problem(port: int, severity: str) -> None:
    sent = greeted().server.data(frame("-1", "127.0.0.1:4002")).client.ack().client.fin().server.fin().client.ack()
    went = ready(
        server_address=("127.0.0.1", port), client_address=("127.0.0.1", 50001), client_isn=77, clock=sent.clock
    )

    assert found("redirected", sent, went).severity == severity


@pytest.mark.parametrize(("wait", "told"), [(0.1, False), (2, True)])
def test_a_capture_that_ends_too_soon_does_not_tell_that_early_requests_were_dropped(wait: float, told: bool) -> None:
    talk = started().client.data(frame("49", "1")).server.data(MANAGED_ACCOUNTS + NEXT_VALID_ID).client.ack()
    names = [name for _, name in findings(talk.after(wait).client.keep_alive())]

    assert ("requests-before-ready" in names) is told


@pytest.mark.parametrize("request_of", [frame("12", "1", "1"), frame("15", "1", "1")], ids=["bulletins", "auto"])
def test_a_request_that_is_answered_only_where_there_is_something_to_tell_is_not_missed(request_of: bytes) -> None:
    late = ready().client.data(request_of).server.ack().after(9)
    early = started().client.data(request_of).server.data(MANAGED_ACCOUNTS + NEXT_VALID_ID).client.ack().after(9)

    for talk in (late, early):
        talk.client.fin().server.fin().client.ack()
        assert findings(talk) == []
        assert "not answered" not in verdict(talk)


def test_a_heartbeat_without_an_answer_says_that_the_gateway_hangs() -> None:
    beats = ready().client.data(frame("49", "1")).server.ack().after(15).client.data(frame("49", "1")).server.ack()
    finding = found("requests-unanswered", beats.after(15).client.fin().server.ack())
    other = ready().client.data(POSITIONS).server.ack().after(15).client.fin().server.ack()

    assert [cause.certainty for cause in finding.causes] == ["likely"]
    assert finding.causes[0].text.endswith("it answers reqCurrentTime by itself, and did not")
    assert "heartbeat fails" in finding.advice
    assert [cause.certainty for cause in found("requests-unanswered", other).causes] == ["possible", "possible"]
    assert "send reqCurrentTime as a heartbeat" in found("requests-unanswered", other).advice


def test_a_gateway_that_closes_right_after_a_burst_may_have_been_sent_too_much() -> None:
    burst = ready().client.data(frame("49", "1") * 90).server.ack()
    finding = found("gateway-closed-midsession", burst.after(0.1).server.rst())

    assert "the client had sent 91 messages" in " ".join(finding.evidence)
    assert ("the client sends more messages than the gateway takes", "possible") in [
        (cause.text, cause.certainty) for cause in finding.causes
    ]

    later = ready().client.data(frame("49", "1") * 90).server.ack().after(9).server.rst()

    assert "messages" not in " ".join(found("gateway-closed-midsession", later).evidence)


def test_after_a_long_silence_a_computer_may_have_slept() -> None:
    finding = found("idle-timeout", ready().after(9000).client.data(frame("49", "1")).server.bare_rst())

    assert any("slept" in cause.text for cause in finding.causes)


def test_requests_of_a_gateway_that_had_lost_ib_likely_waited_for_it() -> None:
    lost = ready().server.data(error(1100)).client.ack().client.data(frame("61", "1")).server.ack().after(9)
    back = ready().server.data(error(1100) + error(1102)).client.ack().client.data(frame("61", "1")).server.ack()
    before = ready().client.data(frame("61", "1")).server.ack().after(9).server.data(error(1100)).client.ack()

    cause = found("requests-unanswered", lost.client.fin()).causes[-1]
    assert (cause.text, cause.certainty) == (
        "the gateway had lost its own connection to IB (error 1100 in packet 12)",
        "likely",
    )
    for talk in (back.after(9).client.fin(), before.client.fin()):
        assert found("requests-unanswered", talk).causes[-1].text.startswith("IB's servers did not answer the gateway")
