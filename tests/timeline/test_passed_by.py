"""Large packets that get lost on the way, and small ones behind them that do not: the other's host tells so."""

import pytest

from tests.conversation import Conversation, sack, timestamps
from tests.timeline.rule_talks import ready
from tests.timeline.talk import findings, found, frame, verdict


def passed_by(
    *, lost: int = 1400, came: int = 20, near_receiver: bool = False, repeats: int = 4, told: bool = True
) -> Conversation:
    """The gateway sends octets that get lost, and others that arrive; it repeats the first ones in vain."""
    talk = ready()
    start = talk.server.next
    talk.server.data(b"\0" * lost, undelivered=True, unseen=near_receiver)
    behind = talk.server.next
    talk.server.data(b"\0" * came, undelivered=True)
    talk.client.ack(options=timestamps(7, 8) + sack((behind, behind + came)) if told else timestamps(7, 8))
    for _ in range(repeats):
        talk.after(1).server.data(b"\0" * lost, seq=start, undelivered=True, unseen=near_receiver)
    return talk.after(1).client.keep_alive() if near_receiver else talk


@pytest.mark.parametrize("near_receiver", [False, True])
def test_what_gets_lost_while_smaller_packets_pass_is_told_at_either_end(near_receiver: bool) -> None:
    talk = passed_by(near_receiver=near_receiver)
    finding = found("not-acknowledged", talk)

    assert (finding.severity, finding.certainty) == ("problem", "certain")
    assert finding.evidence[0].endswith("that it lacked 1,400 octets")
    assert finding.evidence[1] == "it had 20 octets that were sent after them (selective acknowledgement)"
    assert ("4 retransmissions by the gateway since" in finding.evidence) is not near_receiver
    assert [("MTU" in cause.text, cause.certainty) for cause in finding.causes] == [
        (True, "likely"),
        (False, "possible"),
    ]
    assert "peer-vanished" not in [name for _, name in findings(talk)]


@pytest.mark.parametrize("near_receiver", [False, True])
def test_the_first_line_names_them_and_does_not_suspect_the_capture(near_receiver: bool) -> None:
    line = verdict(passed_by(near_receiver=near_receiver))

    assert "; 1,400 octets of the gateway's did not get to the client's host in " in line
    assert ", though 20 octets sent after them did" in line
    assert "neither captured nor acknowledged" not in line
    assert "not sent again" not in line


@pytest.mark.parametrize(
    "talk",
    [
        passed_by(told=False),
        passed_by(came=1400),  # large ones pass too
        passed_by(lost=300),  # small ones do not
        passed_by(repeats=2),  # not for long
    ],
)
def test_nothing_of_it_is_told_otherwise(talk: Conversation) -> None:
    assert "did not get to" not in verdict(talk)


def test_what_came_in_the_end_was_late() -> None:
    talk = passed_by()
    talk.client.received = talk.server.next
    talk.client.ack()

    assert "did not get to" not in verdict(talk)


def test_octets_that_the_capture_is_known_to_lack_leave_it_likely() -> None:
    talk = ready().server.data(frame("49", "1", "1"), unseen=True).client.ack()
    behind = talk.server.next + 1400
    talk.server.data(b"\0" * 1400, undelivered=True).server.data(b"\0" * 20, undelivered=True)
    talk.client.ack(options=sack((behind, behind + 20))).after(5).client.keep_alive()

    assert found("not-acknowledged", talk).certainty == "likely"
