"""A close after which, or before which, nothing comes from the other side: whether that may have closed unheard."""

import pytest

from tests.conversation import Conversation
from tests.follow import follow
from tests.tcp.closes import hello


def in_vain(times: int, sender: str = "client") -> Conversation:
    """A side sends the same octets again so often, and nothing comes from the other one."""
    talk = hello()
    end = talk.client if sender == "client" else talk.server
    end.data(b"more", undelivered=True)
    for _ in range(times):
        talk.after(0.4)
        end.data(b"more", seq=end.next - 4, undelivered=True)
    return talk


def asked_alive(times: int) -> Conversation:
    """Keep-alives of the client's that nobody answers."""
    talk = hello()
    for _ in range(times):
        talk.after(75).client.keep_alive(undelivered=True)
    return talk


@pytest.mark.parametrize(
    ("talk", "certainty"),
    [
        (in_vain(3).client.rst(), "likely"),
        (in_vain(3, "server").server.rst(), "likely"),
        (asked_alive(9).after(75).client.rst(), "likely"),
        (asked_alive(1).client.rst(), "certain"),
        (in_vain(3).server.ack().client.rst(), "certain"),
        (in_vain(3).server.rst(), "certain"),
        (in_vain(0).client.rst(), "certain"),
    ],
    ids=[
        "the client's octets",
        "the server's octets",
        "keep-alives",
        "one keep-alive right before",
        "octets that were acknowledged in the end",
        "the other side's reset",
        "octets sent once",
    ],
)
def test_who_resets_when_nothing_comes_any_more_may_not_have_heard_of_the_other_ones_close(
    talk: Conversation, certainty: str
) -> None:
    close = follow(talk.pcap()).only.close

    assert close is not None
    assert (close.kind, close.certainty) == ("RST", certainty)


def test_so_may_it_where_octets_were_sent_again_more_often_than_is_remembered() -> None:
    talk = hello()
    for _ in range(101):
        talk.client.data(b"more", undelivered=True).after(0.4)
        talk.client.data(b"more", seq=talk.client.next - 4).server.ack()
    heard = follow(talk.client.rst().pcap()).only.close
    talk.packets.pop()
    talk.client.data(b"more", undelivered=True).after(0.4).client.data(b"more", seq=talk.client.next - 4)
    unheard = follow(talk.client.rst().pcap()).only.close

    assert heard is not None
    assert unheard is not None
    assert (heard.certainty, unheard.certainty) == ("certain", "likely")
