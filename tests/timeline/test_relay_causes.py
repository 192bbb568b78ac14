"""A close without a word: the cause that the port points to."""

from tests.timeline.talk import found, greeted

BRIDGE = {"client_address": ("172.18.0.1", 51000)}


def test_on_the_port_of_a_relay_the_gateways_trusted_addresses_are_no_likely_cause() -> None:
    talk = greeted(**BRIDGE, server_address=("172.18.0.2", 4003)).server.fin().client.fin()
    finding = found("closed-without-answer", talk)

    assert [cause.text.split(" ")[1] for cause in finding.causes if cause.certainty == "likely"] == ["relay"]
    assert finding.causes[0].text.startswith("a relay (docker")
    assert finding.advice.startswith("read the log of the relay or container")


def test_on_the_gateways_own_port_they_are() -> None:
    finding = found(
        "closed-without-answer", greeted(**BRIDGE, server_address=("172.18.0.2", 4001)).server.fin().client.fin()
    )

    assert finding.causes[0].text.startswith("the gateway denies the client's address")
    assert "Trusted IPs" in finding.advice
