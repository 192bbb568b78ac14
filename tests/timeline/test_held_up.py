"""Octets that a side sent again and again to a host that was heard, and did not acknowledge them."""

from tests.timeline.rule_talks import held_up
from tests.timeline.talk import findings, found, verdict


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
