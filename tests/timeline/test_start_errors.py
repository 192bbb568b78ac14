"""What the gateway says of a session that does not become ready is told, and of that one alone."""

import struct

from capanalyze.api import read_files
from capanalyze.capture.files import from_bytes
from tests.conversation import Conversation, block, pcapng
from tests.timeline.rule_talks import other
from tests.timeline.talk import MANAGED_ACCOUNTS, error, found, started, verdict

DISCLAIMER = error(10141, "Paper trading disclaimer must first be accepted for API connection.")
LOST = error(1100, "Connectivity between IBKR and Trader Workstation has been lost.")
RESTORED = error(1102, "Connectivity between IBKR and Trader Workstation has been restored.")
MEANING = "error 10141 (the disclaimer of paper trading has to be accepted at the gateway first)"


def closed(said: bytes) -> Conversation:
    return started().server.data(said).client.ack().server.fin().client.fin()


def given_up(said: bytes) -> Conversation:
    return started().server.data(said).client.ack().after(4).client.fin().server.fin()


def test_a_gateway_that_says_why_it_closes_does_not_close_without_saying_why() -> None:
    finding = found("closed-after-startapi", closed(DISCLAIMER))

    assert finding.title == "The gateway closed after startApi and error 10141"
    assert [cause.text for cause in finding.causes] == [MEANING.removeprefix("error 10141 (").removesuffix(")")]
    assert any("`Paper trading disclaimer must first be accepted" in line for line in finding.evidence)
    assert f"right after the gateway's {MEANING}" in verdict(closed(DISCLAIMER))


def test_without_times_nothing_is_told_as_right_after_an_error() -> None:
    head = pcapng([])
    simple = [block(3, struct.pack("<I", len(one)) + one + bytes(-len(one) % 4)) for one in _frames(closed(DISCLAIMER))]
    told = read_files([from_bytes(head + b"".join(simple), "talk.pcapng")]).verdict

    assert f"; the gateway had sent {MEANING};" in told
    assert "right after" not in told


def _frames(talk: Conversation) -> list[bytes]:
    return [packet.frame() for packet in talk.packets]


def test_an_error_that_no_table_knows_is_told_in_its_own_words() -> None:
    talk = closed(error(10999, "Something new"))

    assert "right after the gateway's error 10999 (`Something new`)" in verdict(talk)
    assert [cause.text for cause in found("closed-after-startapi", talk).causes] == ["what error 10999 says"]


def test_farms_and_errors_about_requests_do_not_say_why_a_session_is_closed() -> None:
    for said in (error(2103, "broken:usfarm"), error(200, "No security definition", 7), LOST + RESTORED):
        finding = found("closed-after-startapi", closed(said))

        assert finding.title == "The gateway closed after startApi without saying why"


def test_an_error_that_came_long_before_the_close_is_not_told_as_right_before_it() -> None:
    for said, words in ((DISCLAIMER, MEANING), (error(326), "error 326 (the client id is in use)")):
        told = verdict(given_up(said))

        assert f"4.0 s after startApi; the gateway had sent {words}; nextValidId" in told
        assert "right after" not in told


def test_a_session_that_never_became_ready_is_explained_by_what_the_gateway_said() -> None:
    lost = found("no-next-valid-id", given_up(LOST))

    assert [(cause.text, cause.certainty) for cause in lost.causes] == [
        ("the gateway lost its connection to IB", "likely")
    ]
    assert lost.advice.startswith("wait until the gateway shows that it is connected")
    assert found("no-next-valid-id", given_up(DISCLAIMER)).advice.startswith("see at the gateway to what the error")
    assert {cause.certainty for cause in found("no-next-valid-id", given_up(LOST + RESTORED)).causes} == {"possible"}
    assert len(found("no-next-valid-id", given_up(MANAGED_ACCOUNTS)).causes) == 2


def test_an_error_on_one_connection_is_not_told_of_another_that_closed_alike() -> None:
    told = verdict(
        started().server.data(error(326)).client.ack().server.fin().client.fin(),
        started(**other(5)).server.fin().client.fin(),
    )

    assert "on connection 1 (FIN in packet" in told
    assert "on connection 2 (FIN in packet" in told
    assert told.count("error 326") == 1
