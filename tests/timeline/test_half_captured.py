"""A capture of one direction, or one that was cut short by its snapshot length, proves no silence."""

from capanalyze.api import read_files
from capanalyze.capture.files import from_bytes
from tests.conversation import Conversation
from tests.timeline.rule_talks import A_POSITION, A_TICK, POSITIONS, other
from tests.timeline.talk import (
    HELLO,
    START_API,
    answer,
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

END = frame("62", "1")


def worked() -> Conversation:
    talk = ready().client.data(POSITIONS).server.data(A_POSITION + END).client.ack().after(9)
    return talk.client.fin().server.ack().server.fin().client.ack()


def alone(sender: str) -> Conversation:
    talk = worked()
    talk.packets[:] = [packet for packet in talk.packets if packet.sender == sender]
    return talk


def names(talk: Conversation, snaplen: int) -> list[str]:
    report = read_files([from_bytes(talk.pcap(snaplen=snaplen), "cut.pcap")])
    return [finding.id for _, finding in report.all_findings()]


def test_a_side_that_was_not_captured_is_not_said_to_be_silent() -> None:
    assert findings(alone("client")) == [(1, "capture-incomplete")]
    assert findings(alone("server")) == [(1, "capture-incomplete")]
    assert found("capture-incomplete", alone("server")).advice.startswith("record again, both directions")


def test_a_side_that_sent_nothing_may_be_said_to_be_silent() -> None:
    talk = greeted().client.fin()

    assert "client-left-early" in [name for _, name in findings(talk)]


def test_the_end_of_a_list_may_lie_behind_what_the_snapshot_length_left() -> None:
    assert names(worked(), 80) == ["capture-incomplete"]
    assert names(ready().client.data(POSITIONS).server.data(A_POSITION).client.ack().after(9).client.fin(), 300) == [
        "requests-unfinished"
    ]


def test_a_gateway_that_sent_nothing_more_hangs_in_a_cut_capture_too() -> None:
    talk = ready().client.data(POSITIONS).server.ack().after(9).client.fin().server.ack()

    assert "requests-unanswered" in names(talk, 80)


def test_an_error_whose_text_was_cut_off_is_not_quoted_as_nothing() -> None:
    talk = started().server.data(error(326, "in use")).client.ack().server.fin().client.fin()
    report = read_files([from_bytes(talk.pcap(snaplen=69), "cut.pcap")])
    evidence = [finding.evidence[0] for _, finding in report.all_findings() if finding.id == "duplicate-client-id"]

    assert evidence == ["error 326 in packet 10, its text is not in the capture"]


def test_an_answer_that_ends_in_a_hole_came_with_what_is_there_of_it() -> None:
    begun = greeted().server.data(answer()[:10]).client.ack().server.data(answer()[10:], unseen=True)
    talk = begun.client.data(START_API).client.fin().after(2.5).client.ack()
    told = report(talk).to_dict()

    assert told["connections"][0]["tws"]["milestones"]["server_answered"]["packet"] == 6
    assert [line["packet"] for line in told["timeline"] if line["side"] == "server" and line["kind"] == "message"] == [
        6
    ]
    assert "late-answer" not in [name for _, name in findings(talk)]


def test_a_client_whose_hello_would_have_been_sent_again_is_not_said_to_leave_its_socket_open() -> None:
    talk = opened().client.data(HELLO, undelivered=True).server.fin().client.ack()
    told = report(talk, opened(**other(20))).to_dict()["connections"][0]

    assert told["states"] == {"client": "UNKNOWN", "server": "UNKNOWN"}
    assert "; the client is not seen to close in the " in told["verdict"]


def test_where_octets_would_have_been_sent_again_a_close_may_be_missing_too() -> None:
    both = ready().server.data(A_TICK, undelivered=True).client.data(frame("49", "1"), undelivered=True)
    for talk, whose in (
        (ready().server.data(A_TICK), "the gateway"),
        (ready().server.data(A_TICK).server.ack(), "the gateway"),
        (both, "either side"),
    ):
        told = report(talk, opened(**other(20))).to_dict()["connections"][0]

        assert told["states"] == {"client": "UNKNOWN", "server": "UNKNOWN"}
        assert told["verdict"].startswith("Nobody is seen to close the connection")
        assert told["verdict"].endswith(
            f"({whose}'s last octets were not acknowledged and not sent again: the capture may lack packets)."
        )


def test_the_beginning_of_an_error_code_is_not_told_as_another_code() -> None:
    talk = started().server.data(error(2104, "Market data farm connection is OK:usfarm")).client.ack().after(3)
    talk.client.fin()
    for snaplen in (66, 67, 68):  # 2, 21 and 210 of it
        whole = read_files([from_bytes(talk.pcap(snaplen=snaplen), "cut.pcap")]).to_dict()

        assert "error" not in whole["verdict"]
        assert all("error 2" not in text for one in whole["connections"][0]["findings"] for text in one["evidence"])
        assert "error -1 code [ends before errorCode (field 3)]" in [line["text"] for line in whole["timeline"]]


def test_an_error_whose_code_was_not_captured_refuses_nothing() -> None:
    for there in (10, 13, 14):  # as far as its id, but for the end of its code, and all of its code
        whole = error(200, "No security definition", 5)
        talk = ready().client.data(frame("1", "11", "5", "0", "ES", "STK"))
        talk.server.data(whole[:there]).server.data(whole[there:], unseen=True).client.ack().after(3).client.fin()
        told = [name for _, name in findings(talk)]

        assert ("requests-refused" in told) == (there == 14)
        assert "requests-unanswered" not in told


def test_one_connection_with_acks_shows_that_they_were_not_filtered_out() -> None:
    piece = Conversation(client_address=("127.0.0.1", 50009)).established()
    piece.client.data(frame("49", "1")).server.data(A_TICK)
    alone, beside = (
        next(one for one in report(*talks).connections if one.client.port == 50009)
        for talks in ((piece,), (piece, ready()))
    )

    assert alone.states == {"client": "UNKNOWN", "server": "UNKNOWN"}
    assert "ACKs, and a FIN or RST, may have been filtered out" in alone.verdict
    assert beside.states == {"client": "ESTABLISHED", "server": "ESTABLISHED"}
    assert beside.verdict.startswith("Nobody closed the connection")
    assert "without payload" not in beside.verdict


def test_a_fin_has_no_payload_either() -> None:
    piece = Conversation().established()
    piece.client.data(frame("49", "1")).server.data(A_TICK).client.fin()

    assert "the capture holds no ACK without payload: they may have been filtered out" in report(piece).verdict


def test_acks_on_which_nothing_rests_are_not_missed_before_a_rst() -> None:
    piece = Conversation().established()
    piece.client.data(frame("49", "1")).server.data(A_TICK).client.rst()

    assert "ACK without payload" not in report(piece).verdict
