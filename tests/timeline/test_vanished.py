"""Whether a host that answers keep-alives no longer is said to have vanished, and one that does is not."""

from tests.timeline.talk import MANAGED_ACCOUNTS, findings, found, frame, ready


def test_keep_alives_that_nobody_answers_show_a_peer_that_is_gone() -> None:
    talk = ready().client.keep_alive().server.ack()
    for _ in range(4):
        talk.after(75).client.keep_alive(undelivered=True)
    talk.client.rst()

    finding = found("peer-vanished", talk)

    assert finding.title == "The gateway's host stopped answering the client's keep-alives"
    assert finding.evidence == ("4 keep-alives by the client, none answered",)


def test_a_peer_that_acknowledged_something_since_has_not_vanished() -> None:
    talk = ready().client.keep_alive().server.ack()
    for _ in range(4):
        talk.after(75).client.keep_alive(undelivered=True)
    talk.after(20).client.data(frame("49", "1")).server.ack().after(60).client.rst()

    names = {name for _, name in findings(talk)}
    assert "client-reset-midsession" in names
    assert "peer-vanished" not in names


def test_what_comes_of_a_peer_when_its_keep_alives_were_given_up_answers_none_of_them() -> None:
    talk = ready().client.keep_alive().server.ack()
    for _ in range(3):
        talk.after(75).client.keep_alive(undelivered=True)
    talk.client.rst(undelivered=True).after(40).server.data(MANAGED_ACCOUNTS).client.bare_rst()

    finding = found("peer-vanished", talk)

    assert finding.evidence == ("3 keep-alives by the client, none answered",)
    assert "client-reset-midsession" not in {name for _, name in findings(talk)}
