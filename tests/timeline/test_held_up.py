"""Octets that a side sent again and again to a host that was heard, and did not acknowledge them."""

from tests.timeline.rule_talks import held_up
from tests.timeline.talk import findings, found, frame, verdict


def test_what_a_living_host_does_not_acknowledge_is_told() -> None:
    finding = found("not-acknowledged", held_up())

    assert (finding.severity, finding.certainty) == ("problem", "certain")
    assert finding.evidence[0] == "4 retransmissions by the gateway after its newest octets"
    assert "octets not acknowledged for 5.0 s, by no packet of the client's host up to packet " in finding.evidence[1]
    assert "what the gateway sent again and again was not all acknowledged for 5.0 s, though the client's" in verdict(
        held_up()
    )
    assert "peer-vanished" not in [name for _, name in findings(held_up())]


def test_large_packets_point_to_the_mtu_first() -> None:
    assert "MTU" in found("not-acknowledged", held_up()).causes[0].text
    assert "one direction" in found("not-acknowledged", held_up(octets=10)).causes[0].text


def test_a_host_that_went_away_unacknowledging_may_never_have_got_it() -> None:
    """As a client does that gives up and ends, while the gateway goes on."""
    talk = held_up()
    start = talk.server.next - len(frame("49", "1", "x" * 1400))
    for _ in range(5):
        talk = talk.server.data(frame("49", "1", "x" * 1400), seq=start, undelivered=True).after(1)
    finding = found("peer-vanished", talk)

    assert (
        "it was last heard 5.0 s after the newest octets were sent, and had not acknowledged all of them"
        in finding.evidence
    )
    assert "MTU" in finding.causes[0].text
    assert "MTU" not in found("peer-vanished", held_up(heard=False)).causes[0].text
