"""An acknowledgement of what was not captured: the capture lacks that, or it was never sent."""

import pytest

from capanalyze.tcp.parting import SMOOTH
from tests.conversation import MASK, Conversation
from tests.follow import follow
from tests.tcp.closes import hello, story

LEAPS = [
    pytest.param(number, id=str(number))
    for number in (2, 100, 5000, 70_000, 10**6, 10**8, 2**29 + 9, 10**9, 2**31 - 99)
]


def misled(leap: int, by: str) -> Conversation:
    """A wrong number of one side, which its receiver ignores, between octets of both sides."""
    talk = hello().server.data(b"answer").client.ack()
    end = talk.client if by == "client" else talk.server
    assert end.received is not None
    return end.ack(ack=(end.received + leap) & MASK, undelivered=True)


@pytest.mark.parametrize("by", ["client", "server"])
@pytest.mark.parametrize("leap", LEAPS)
def test_a_number_that_its_own_sender_belies_was_wrong(leap: int, by: str) -> None:
    talk = misled(leap, by)
    for _ in range(2):
        talk.server.data(b"more").client.ack().client.data(b"more").server.ack()
    talk.client.fin().server.ack().server.fin().client.ack()

    connection = follow(talk.pcap()).only

    assert story(connection) == ("complete", ("client", "FIN", 17, False, "certain"), ("TIME_WAIT", "CLOSED"))
    assert (connection.client.missing, connection.server.missing) == (0, 0)


@pytest.mark.parametrize("by", ["client", "server"])
@pytest.mark.parametrize("leap", LEAPS)
def test_a_number_behind_the_other_s_fin_was_wrong(leap: int, by: str) -> None:
    talk = misled(leap, by)
    end, other = (talk.server, talk.client) if by == "client" else (talk.client, talk.server)
    end.fin()
    other.ack().after(1)
    other.fin()
    end.ack()

    connection = follow(talk.pcap()).only

    assert connection.close is not None
    assert (connection.close.first, connection.close.packet) == ("server" if by == "client" else "client", 9)
    assert sorted((connection.client_state, connection.server_state)) == ["CLOSED", "TIME_WAIT"]
    assert (connection.client.missing, connection.server.missing) == (0, 0)


@pytest.mark.parametrize("leap", LEAPS)
def test_a_number_that_nothing_belies_is_of_what_the_capture_lacks(leap: int) -> None:
    talk = hello().server.data(b"answer").client.ack()
    talk.server.next = (talk.server.next + leap) & MASK
    talk.client.received = talk.server.next
    talk.client.ack().server.data(b"more").client.ack().client.ack(window=99)

    server = follow(talk.pcap()).only.server

    assert (server.octets, server.missing) == (10, leap)


def test_an_old_number_captured_late_does_not_unsay_one_that_was_captured_early() -> None:
    talk = hello().server.data(b"first").server.data(b"second").client.ack(ack=5_000_006).client.ack()
    first, second, half, whole = talk.packets[-4:]
    talk.packets[-4:] = [whole, first, half, second]
    talk.client.fin().server.ack()

    connection = follow(talk.pcap()).only

    assert (connection.server.octets, connection.server.missing) == (11, 0)
    assert story(connection)[2] == ("FIN_WAIT_2", "CLOSE_WAIT")


def test_a_plain_connection_has_no_trouble_of_its_own() -> None:
    talk = hello().server.data(b"answer").client.ack().client.fin().server.ack().server.fin().client.ack()

    connection = follow(talk.pcap()).only

    assert connection.client.trouble is connection.server.trouble is SMOOTH
