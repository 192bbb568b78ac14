"""What the connections beside one tell of it: a gateway that was gone afterwards, an address that is let in."""

import pytest

from tests.conversation import Conversation
from tests.timeline.rule_talks import TLS_ANSWER, TLS_HELLO, other
from tests.timeline.talk import answer, error, findings, found, greeted, opened, ready, report, verdict

RESTARTED = "the gateway was restarted, logged off, or died"
UPSTREAM = {"client_address": ("192.168.1.225", 51000), "server_address": ("217.192.86.32", 4001)}


def ended(octets: bytes = b"") -> Conversation:
    """A session that the gateway ends, perhaps after a word."""
    talk = ready().after(60)
    if octets:
        talk.server.data(octets).client.ack()
    return talk.server.fin().client.fin().server.ack()


def refused(seconds: int) -> Conversation:
    """A try that nothing listens to."""
    return Conversation(**other(seconds)).client.syn().server.rst()  # type: ignore[arg-type]


def test_a_port_that_refuses_after_the_session_s_end_tells_that_the_gateway_was_gone() -> None:
    finding = found("gateway-closed-midsession", refused(65), ended())

    assert "5.0 s later nothing accepted connections on its port: connection 2 was refused" in finding.evidence
    assert [(cause.text, cause.certainty) for cause in finding.causes] == [(RESTARTED, "likely")]


def test_a_port_that_accepts_at_once_again_or_refuses_much_later_does_not() -> None:
    back = ready(**other(63))

    for others in ([back, Conversation(**other(90, 50002)).client.syn().server.rst()], [refused(999)]):  # type: ignore[arg-type]
        finding = [one for _, one in report(ended(), *others).all_findings() if one.id == "gateway-closed-midsession"]
        assert (RESTARTED, "possible") in [(cause.text, cause.certainty) for cause in finding[0].causes]


def test_an_old_port_that_refuses_after_error_1300_is_no_restart() -> None:
    finding = found("gateway-closed-midsession", refused(65), ended(error(1300, "new port - 7500")))

    assert RESTARTED not in [cause.text for cause in finding.causes]


def test_a_refusal_before_the_port_was_answered_is_told_as_past() -> None:
    assert "nothing accepted connections on port 4001 then;" in verdict(refused(0), ready(**other(9, 50002)))
    assert verdict(refused(0)).endswith("nothing accepts connections on port 4001.")


def test_refusals_on_both_addresses_of_localhost_name_the_port_and_not_one_of_them() -> None:
    six = Conversation(("::1", 50000), ("::1", 4001)).client.syn().server.rst()

    assert verdict(six, refused(0)).endswith("nothing accepts connections on port 4001.")
    assert verdict(six).endswith("nothing accepts connections on [::1]:4001.")


def test_an_address_that_is_let_in_makes_it_likely_that_the_other_one_is_not() -> None:
    """The trap of ``localhost``: ::1 is not among the trusted addresses."""
    six = greeted(client_address=("::1", 50000), server_address=("::1", 4001)).server.fin().client.fin()
    denied = found("closed-without-answer", ready(**other(2)), six)

    assert "the same port answered a client of another address" in denied.evidence
    assert denied.causes[0].text.startswith("the gateway denies the client's address")
    assert denied.causes[0].certainty == "likely"
    assert found("closed-without-answer", six).causes[0].certainty == "possible"


def test_another_host_s_gateway_says_nothing_of_whom_this_one_lets_in() -> None:
    elsewhere = ready(client_address=("10.0.0.9", 50001), server_address=("10.0.0.1", 4001))
    denied = found("closed-without-answer", elsewhere, greeted(**other(9)).server.fin().client.fin())

    assert "the same port answered a client of another address" not in denied.evidence


def test_the_gateway_s_own_connection_is_told_last_and_not_as_the_gateway_s_close() -> None:
    own = opened(**UPSTREAM).client.data(TLS_HELLO).server.data(TLS_ANSWER).server.fin().client.fin()
    said = verdict(own, ready(**other(9)).client.fin().server.fin())

    assert said.startswith("The client closed first on connection 2")
    assert "; the server closed first on connection 1 (FIN in packet 6); it is TLS to a public address, likely" in said


def test_tls_of_both_sides_is_a_notice_of_what_cannot_be_read() -> None:
    talk = opened().client.data(TLS_HELLO).server.data(TLS_ANSWER).client.fin().server.fin()
    finding = found("http-tls-fix-on-api-port", talk)

    assert (finding.severity, finding.packets) == ("notice", (4, 5))
    assert "a proxy with TLS stands before them" in finding.advice


def test_a_gateway_that_ends_a_leaked_connection_long_after_is_told_with_the_time() -> None:
    talk = greeted().after(4).client.fin().server.ack().after(40).server.rst()

    assert verdict(talk).endswith("; the gateway then sent a RST 40.0 s later (packet 8).")


def test_probes_that_never_say_a_word_are_no_storm() -> None:
    probes = [opened(**other(10 * number, 50001 + number)).client.fin().server.fin() for number in range(8)]

    assert {name for _, name in findings(*probes)} == {"client-never-speaks"}


@pytest.mark.parametrize("silent", [True, False])
@pytest.mark.parametrize(("newest", "likely"), [(187, True), (178, False)], ids=["its own newest", "the client's"])
def test_a_client_that_is_too_new_for_the_gateway_is_told_where_the_gateway_said_its_newest_version(
    newest: int, likely: bool, silent: bool
) -> None:
    """A gateway that answers with the highest version offered may have a higher one."""
    known = opened().client.data(b"API\0\0\0\0\x09v100..%d" % newest).server.data(answer(178)).client.fin().server.fin()
    new = opened(**other(9)).client.data(b"API\0\0\0\0\x09v213..225").server.ack()
    new = new.after(4).client.fin() if silent else new.server.fin().client.fin()
    finding = found("accepted-but-silent" if silent else "closed-without-answer", known, new)

    said = "the client offers versions 213 to 225, and the gateway's newest is 178"
    assert (finding.causes[0].text == said) == likely
    assert (finding.advice == "upgrade TWS or IB Gateway") == likely


def test_a_port_that_had_a_gateway_before_is_not_said_to_be_the_wrong_one() -> None:
    finding = found("port-refused", ready().client.fin().server.fin(), refused(99))

    assert "the same port had accepted connection 1" in finding.evidence
    assert finding.causes[0].text == "TWS or the gateway has ended since, or restarts"
    assert not [cause for cause in finding.causes if "7496" in cause.text]


def test_a_listener_that_accepted_in_silence_before_it_refused_is_told_and_not_explained() -> None:
    finding = found("port-refused", greeted().after(4).client.fin().server.ack(), refused(20))

    assert "the same port had accepted connection 1" in finding.evidence
    assert {cause.certainty for cause in finding.causes} == {"possible"}


def test_a_port_that_refuses_while_its_gateway_still_speaks_is_not_said_to_have_lost_it() -> None:
    finding = found("port-refused", ready().after(90).server.data(answer()).client.ack(), refused(20))

    assert "the same port had accepted connection 1, on which the gateway still spoke after that" in finding.evidence
    assert [cause.text for cause in finding.causes] == [
        "its API was switched off, or given another port",
        "a firewall rejects the connection with a RST of its own",
    ]
    assert finding.advice == "leave the gateway running, and compare its Socket port with the one the client uses"
    assert finding.title == "The port took no new connection: the host refused with a RST"


def test_a_port_on_which_the_gateway_still_speaks_is_not_said_to_accept_nothing() -> None:
    told = verdict(ready().after(90).server.data(answer()).client.ack(), refused(20))

    assert "port 4001 took no new connection then, while connection 1 went on there" in told
    assert "nothing accept" not in told


def test_of_refusals_in_one_breath_each_has_the_connection_that_went_on_beside_it() -> None:
    session = ready().after(4).server.data(answer()).client.ack().server.fin().client.fin().server.ack()
    told = verdict(session, refused(1), Conversation(**other(3600, 50003)).client.syn().server.rst())  # type: ignore[arg-type]

    assert "port 4001 took no new connection then, while connection 1 went on there" in told
    assert "nothing accepts connections on port 4001" in told


def test_what_to_do_is_for_the_cause_that_is_likely() -> None:
    """A gateway that was only starting needs no other settings; an address is let in where nothing else is likely."""
    closed = greeted().server.fin().client.fin()
    late = ready(**other(9, 50002))
    wait = "let the client try again until the gateway answers: it did later"
    log = "read the gateway's log at that time"

    assert found("port-refused", refused(0)).advice.startswith("start TWS or the gateway, log in, and compare")
    assert {finding.advice for _, finding in report(refused(0), late).all_findings()} == {wait}
    assert {finding.advice for _, finding in report(closed, late).all_findings()} == {wait}
    assert found("closed-without-answer", closed).advice == f"{log}, and add the client's address to its Trusted IPs"
    assert found("closed-without-answer", opened().after(9).server.fin()).advice == log
