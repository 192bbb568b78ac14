"""What proves who closed first in a capture that lacks packets, and what leaves it likely."""

import pytest

from tests.conversation import ACK, FIN, RST, SYN, Conversation
from tests.follow import follow
from tests.tcp.closes import hello, story, told, with_a_gap


@pytest.mark.parametrize("kind", ["RST, ACK", "RST without ACK"])
def test_a_reset_that_acknowledges_one_number_more_came_after_a_fin(kind: str) -> None:
    talk = hello().server.data(b"answer").client.ack()
    talk.server.fin(unseen=True)
    if kind == "RST, ACK":
        talk.client.rst()
        expected = ("server", "FIN", 0, True, "likely")
    else:
        talk.client.bare_rst()
        expected = ("client", "RST", 8, False, "likely")

    assert told(talk) == expected


@pytest.mark.parametrize("ack", [0, 1_000_000_000, 4_000_000_000])
def test_a_reset_with_a_number_that_acknowledges_nothing_tells_of_no_fin(ack: int) -> None:
    talk = hello()
    talk.client.rst(ack=ack)

    connection = follow(talk.pcap()).only

    assert story(connection)[1] is not None
    assert (connection.server.fin_inferred, connection.server.missing) == (False, 0)


def test_octets_that_only_a_reset_acknowledges_are_missing() -> None:
    talk = hello()
    talk.server.data(b"lost", unseen=True).client.rst()

    connection = follow(talk.pcap()).only

    assert story(connection)[1] == ("client", "RST", 6, False, "likely")


def test_octets_that_a_reset_behind_a_hole_acknowledges_are_missing() -> None:
    talk = hello().client.data(b"startApi", unseen=True).server.data(b"answer", unseen=True)
    talk.server.rst()

    connection = follow(talk.pcap()).only

    assert story(connection)[1] == ("server", "RST", 6, False, "likely")
    assert connection.client.missing == 8


def test_the_copy_of_a_fin_that_was_sent_first_tells_what_its_sender_had() -> None:
    talk = hello()
    talk.client.fin(undelivered=True).server.fin().client.ack()
    talk.client.fin_again()
    talk.packets[5], talk.packets[8] = talk.packets[8], talk.packets[5]

    assert told(talk) == ("both", "FIN", 6, False, "certain")


def test_a_fin_acknowledged_by_who_had_not_closed_is_certain_though_octets_are_missing() -> None:
    talk = with_a_gap()
    talk.server.data(b"seen").client.ack().client.fin().server.ack()

    assert told(talk) == ("client", "FIN", 9, False, "certain")


def test_a_fin_not_acknowledged_is_likely_where_octets_are_missing() -> None:
    talk = with_a_gap()
    talk.server.data(b"seen").client.ack().client.fin()

    assert told(talk) == ("client", "FIN", 9, False, "likely")


def test_a_fin_not_acknowledged_is_certain_where_nothing_is_missing() -> None:
    talk = hello()
    talk.server.data(b"seen").client.ack().client.fin()

    assert told(talk) == ("client", "FIN", 8, False, "certain")


@pytest.mark.parametrize(("flowing", "certainty"), [(False, "likely"), (True, "certain")])
def test_a_fin_sent_again_is_likely_where_nothing_comes_from_the_peer_any_more(flowing: bool, certainty: str) -> None:
    talk = hello()
    talk.client.fin(undelivered=True).after(0.2).client.fin_again(undelivered=True)
    if flowing:
        talk.server.data(b"tick").client.ack()

    assert told(talk) == ("client", "FIN", 6, False, certainty)


def test_a_fin_acknowledged_from_behind_missing_octets_is_likely() -> None:
    talk = hello()
    talk.client.fin().server.data(b"lost", unseen=True).server.ack().client.ack()

    assert told(talk) == ("client", "FIN", 6, False, "likely")


def test_a_fin_answered_by_a_fin_is_certain_though_octets_are_missing() -> None:
    talk = with_a_gap()
    talk.client.fin().server.fin().client.ack()

    assert told(talk) == ("client", "FIN", 7, False, "certain")


def test_a_fin_captured_behind_its_acknowledgement_may_have_been_sent_again() -> None:
    talk = hello()
    talk.client.fin().server.fin().client.ack()
    talk.packets[-1], talk.packets[-2] = talk.packets[-2], talk.packets[-1]

    assert told(talk) == ("client", "FIN", 6, False, "likely")


def test_a_fin_whose_sender_had_acknowledged_the_other_from_behind_it_was_sent_again() -> None:
    talk = hello()
    talk.server.fin(unseen=True, undelivered=True).client.fin().server.ack().server.fin_again().client.ack()

    assert told(talk) == ("both", "FIN", 6, False, "likely")


@pytest.mark.parametrize("seen", [False, True], ids=["the other FIN never captured", "its later copy captured"])
def test_a_fin_sent_again_before_it_was_acknowledged_from_behind_the_other_was_likely_first(seen: bool) -> None:
    talk = hello()  # the FIN that acknowledged it was lost on the way
    talk.client.fin().server.fin(unseen=True, undelivered=True)
    talk.after(0.2).client.fin_again().server.ack()
    if seen:
        talk.server.fin_again().client.ack()

    assert told(talk) == ("client", "FIN", 6, False, "likely")


@pytest.mark.parametrize("spoken", [False, True])
def test_a_side_of_which_the_capture_holds_no_octet_may_have_closed_before(spoken: bool) -> None:
    talk = Conversation().established()
    if spoken:
        talk.server.data(b"tick").client.ack()
    talk.client.fin().server.ack()

    close = told(talk)

    assert close is not None
    assert (close[0], close[4]) == ("client", "certain" if spoken else "likely")


def test_a_side_whose_syn_was_answered_has_not_closed_before() -> None:
    talk = Conversation().open().server.fin().client.ack()
    del talk.packets[0]

    assert told(talk) == ("server", "FIN", 3, False, "certain")


@pytest.mark.parametrize(
    ("flags", "ttl", "certainty"), [(RST | ACK, 64, "certain"), (RST, 64, "likely"), (RST | ACK, 63, "likely")]
)
def test_a_reset_in_answer_to_a_fin_tells_that_its_sender_had_not_closed(flags: int, ttl: int, certainty: str) -> None:
    talk = with_a_gap()
    talk.server.data(b"seen").client.ack().client.fin().server.segment(flags, ttl=ttl)

    assert told(talk) == ("client", "FIN", 9, False, certainty)


@pytest.mark.parametrize(("flags", "certainty"), [(RST | ACK, "certain"), (RST, "likely")])
def test_a_reset_without_ack_in_answer_to_a_fin_is_of_a_host_that_had_no_such_connection(
    flags: int, certainty: str
) -> None:
    talk = hello()
    talk.client.fin().server.segment(flags)

    assert told(talk) == ("client", "FIN", 6, False, certainty)


def crossed(kind: str, other: str, first: str, arrived: bool) -> Conversation:
    """Both ends close, as the one that ``first`` names captures it; ``arrived``: the other one had heard of it."""
    talk = hello()
    ends = (talk.client, talk.server) if first == "client" else (talk.server, talk.client)
    for end, how in zip(ends, (kind, other), strict=True):
        flags = {"FIN": FIN | ACK, "RST": RST | ACK, "bare RST": RST}[how]
        end.segment(flags, undelivered=end is ends[0] and not arrived)
    return talk


@pytest.mark.parametrize("first", ["client", "server"])
@pytest.mark.parametrize(
    ("kind", "other", "arrived", "certainty"),
    [
        ("RST", "RST", False, "likely"),
        ("RST", "FIN", False, "likely"),
        ("bare RST", "FIN", False, "likely"),
        ("FIN", "RST", False, "likely"),
        ("FIN", "RST", True, "certain"),
    ],
)
def test_who_closed_before_it_had_heard_of_the_close_may_have_been_first(
    kind: str, other: str, arrived: bool, certainty: str, first: str
) -> None:
    talk = crossed(kind, other, first, arrived)

    assert told(talk) == (first, kind.removeprefix("bare "), 6, False, certainty)


def test_each_fin_acknowledges_the_other_and_nothing_says_which_was_sent_again() -> None:
    talk = hello()
    talk.client.fin(unseen=True).server.fin().client.fin_again().server.ack()

    assert told(talk) == ("client", "FIN", 7, False, "likely")


def test_each_fin_acknowledges_the_other_and_one_was_acknowledged_by_who_had_not_closed() -> None:
    talk = hello()
    talk.client.fin(unseen=True).server.ack().server.fin().client.fin_again().server.ack()

    assert told(talk) == ("client", "FIN", 8, False, "certain")


def test_a_fin_with_no_acknowledgement_that_a_closed_port_resets_closes_nothing_else() -> None:
    talk = Conversation()
    talk.client.segment(0x29).server.segment(RST | ACK, seq=0, ack=talk.client.next)

    assert told(talk) == ("client", "FIN", 1, False, "certain")


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_an_acknowledgement_from_where_the_peer_expects_it_is_no_keep_alive(order: tuple[int, int]) -> None:
    talk = Conversation().open()
    talk.client.data(b"hello").server.ack(unseen=True).server.data(b"lost", unseen=True).client.ack()
    talk.server.ack().client.fin(unseen=True).server.ack().server.fin().client.ack()
    talk.packets[:] = [one for one in talk.packets if one.sender == "client" or not one.flags & SYN]
    at = talk.packets.index(next(one for one in talk.packets if one.sender == "server"))
    talk.packets[at - 1 : at + 1] = [talk.packets[at - 1 + nth] for nth in order]
    talk.packets[-2:] = reversed(talk.packets[-2:])

    connection = follow(talk.pcap()).only

    assert story(connection)[1] == ("client", "FIN", 0, True, "likely")


def test_octets_before_a_segment_captured_before_the_syn_are_not_acknowledged_by_it() -> None:
    talk = Conversation().client.syn().server.syn_ack(unseen=True)
    talk.client.data(b"hello", unseen=True).client.data(b"again", undelivered=True)
    talk.packets.reverse()

    connection = follow(talk.pcap()).only

    assert (connection.client.octets, connection.client.missing) == (5, 0)


def test_a_fin_whose_sender_had_not_the_other_one_when_it_spoke_from_behind_it_was_sent_again() -> None:
    talk = hello()
    talk.client.fin(unseen=True, undelivered=True).server.data(b"answer").client.ack()
    talk.server.fin().client.ack().client.fin_again().server.ack()

    assert told(talk) == ("both", "FIN", 8, False, "certain")
