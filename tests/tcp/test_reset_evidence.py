"""What proves that a RST ended a connection, and what leaves it likely."""

from itertools import permutations

import pytest

from tests.conversation import ACK, FIN, RST, Conversation
from tests.follow import follow
from tests.tcp.closes import hello, story, told, with_a_gap


def test_a_reset_captured_before_the_syn_ack_is_of_the_same_connection() -> None:
    talk = Conversation().open()
    talk.server.rst()
    talk.packets[:] = [talk.packets[3], talk.packets[1], talk.packets[2]]

    connection = follow(talk.pcap()).only

    assert story(connection)[1] == ("server", "RST", 1, False, "certain")


@pytest.mark.parametrize(("asked", "certainty"), [(True, "certain"), (False, "likely")])
def test_a_bare_reset_is_certain_of_who_asked_for_the_connection_alone(asked: bool, certainty: str) -> None:
    talk = Conversation().client.syn() if asked else Conversation().established()
    talk.client.bare_rst()

    assert told(talk) == ("client", "RST", 2 if asked else 1, False, certainty)


@pytest.mark.parametrize(("more", "expected"), [
    (0, ("server", "RST", 2, False, "certain")),
    (1, ("client", "FIN", 0, True, "likely")),
    (7, ("server", "RST", 2, False, "likely")),
])  # fmt: skip
def test_a_reset_is_all_that_is_captured_of_its_sender(more: int, expected: tuple[str, str, int, bool, str]) -> None:
    talk = Conversation().established()
    talk.client.data(b"hello").server.rst(ack=talk.client.next + more)

    assert told(talk) == expected


@pytest.mark.parametrize("behind", [0, 20], ids=["its number was exact", "octets had overtaken it"])
@pytest.mark.parametrize("flags", [RST, RST | ACK])
def test_a_reset_ended_nothing_where_its_receiver_acknowledges_octets_behind_it(behind: int, flags: int) -> None:
    talk = hello().server.data(b"d" * 20)
    talk.server.segment(flags, seq=talk.server.next - behind, undelivered=True, ttl=200)
    talk.client.ack().client.data(b"more").server.data(b"answer").client.ack()
    talk.server.fin().client.fin().server.ack()

    connection = follow(talk.pcap()).only

    assert story(connection) == ("complete", ("server", "FIN", 12, False, "certain"), ("CLOSED", "TIME_WAIT"))
    assert (connection.ignored_resets, connection.conn_state) == ([7], "SF")
    assert [event.flag for event in connection.events if event.kind == "RST"] == ["ignored"]


def test_a_reset_that_octets_had_overtaken_may_have_been_ignored() -> None:
    talk = hello().server.data(b"d" * 20)
    talk.server.segment(RST, seq=talk.server.next - 20, undelivered=True)

    assert told(talk) == ("server", "RST", 7, False, "likely")


@pytest.mark.parametrize("client", ["127.0.0.1", "::1"])
@pytest.mark.parametrize(("ttl", "certainty"), [(63, "certain"), (64, "likely"), (254, "likely")])
def test_a_reset_with_another_time_to_live_than_its_senders_packets_may_be_from_something_between(
    client: str, ttl: int, certainty: str
) -> None:
    talk = Conversation(client_address=(client, 50000), server_address=(client, 4001))
    talk.client.syn().server.syn_ack(ttl=63).client.ack().client.data(b"API\0", undelivered=True)
    talk.server.segment(RST, ttl=ttl)

    assert told(talk) == ("server", "RST", 5, False, certainty)


def test_a_reset_whose_sender_sends_more_may_be_from_something_between() -> None:
    talk = hello().server.data(b"answer").client.ack()
    talk.server.bare_rst().after(0.2).server.data(b"more").client.bare_rst()

    connection = follow(talk.pcap()).only

    assert story(connection)[1] == ("server", "RST", 8, False, "likely")
    assert connection.server.at_close.data_packet == 6


def test_a_reset_whose_sender_acknowledges_what_came_behind_it_may_be_from_something_between() -> None:
    talk = hello().server.data(b"answer").client.ack().client.data(b"one").server.bare_rst()
    talk.client.data(b"two").server.ack().client.bare_rst()

    assert told(talk) == ("server", "RST", 9, False, "likely")


def test_the_reset_behind_one_that_was_ignored_counts() -> None:
    talk = hello().server.data(b"d" * 20)
    talk.server.segment(RST, seq=talk.server.next - 20, undelivered=True).client.ack().server.bare_rst()

    connection = follow(talk.pcap()).only

    assert story(connection)[1:] == (("server", "RST", 9, False, "certain"), ("CLOSED", "CLOSED"))
    assert connection.ignored_resets == [7]


def test_a_reset_taken_back_leaves_the_fin_before_it_standing() -> None:
    talk = hello().server.data(b"d" * 20).server.fin().server.segment(RST, undelivered=True).client.ack()
    talk.packets[-2].seq -= 21  # it answers what the client sent before it had the octets

    connection = follow(talk.pcap()).only

    assert story(connection)[1:] == (("server", "FIN", 7, False, "certain"), ("CLOSE_WAIT", "FIN_WAIT_2"))
    assert connection.ending
    assert connection.ignored_resets == [8]


def test_a_reset_with_the_number_of_a_fin_that_crossed_data_is_not_outlived_by_the_acknowledgement_of_the_fin() -> None:
    talk = hello().server.fin(undelivered=True).client.data(b"late", undelivered=True)
    talk.server.bare_rst(seq=talk.server.next - 1).client.ack(ack=talk.server.next)

    connection = follow(talk.pcap()).only

    assert story(connection)[1] == ("server", "FIN", 6, False, "certain")
    assert connection.ignored_resets == []


def probed() -> Conversation:
    """A closed window, and a probe of one octet that its receiver refused; the next packet is number 9."""
    talk = hello().server.ack(window=0)
    return talk.client.data(b"x", undelivered=True).server.ack(window=0)


@pytest.mark.parametrize("flags", [RST, RST | ACK])
def test_a_reset_at_the_number_that_a_closed_window_refused_is_the_one_that_counts(flags: int) -> None:
    talk = probed()
    talk.client.segment(flags, seq=talk.client.next - 1)

    assert told(talk) == ("client", "RST", 9, False, "certain")


def test_a_reset_behind_a_probe_that_a_closed_window_refused_may_have_been_ignored() -> None:
    talk = probed()
    talk.client.rst()
    likely = told(talk)
    talk.client.segment(ACK, b"x", seq=talk.client.next - 1, undelivered=True)

    assert likely == ("client", "RST", 9, False, "likely")
    assert told(talk) == likely


def test_a_reset_behind_a_probe_ended_nothing_where_its_receiver_goes_on() -> None:
    talk = probed().client.rst().server.ack(window=100).server.fin().client.fin().server.ack()

    connection = follow(talk.pcap()).only

    assert story(connection)[1] == ("server", "FIN", 11, False, "certain")
    assert connection.ignored_resets == [9]


def test_a_reset_behind_a_probe_that_was_taken_at_last_is_exact() -> None:
    talk = probed().client.rst()
    talk.server.ack(ack=talk.client.next, window=100)

    assert told(talk) == ("client", "RST", 9, False, "certain")


def early(window: int = 65535) -> Conversation:
    """A RST of the server's behind two segments of its, which were captured behind it; the RST is packet 6."""
    talk = hello().server.data(b"older" * 4).client.ack().server.data(b"newer" * 4).server.rst()
    older, ack, newer, reset = talk.packets[5:]
    talk.packets[2].window = talk.packets[3].window = ack.window = window
    talk.packets[5:] = [reset, newer, older, ack]
    return talk


@pytest.mark.parametrize("window", [20, 65535], ids=["out of the window", "in the window"])
def test_the_octets_just_before_a_reset_that_was_captured_early_prove_it(window: int) -> None:
    connection = follow(early(window).pcap()).only

    assert story(connection)[1:] == (("server", "RST", 6, False, "certain"), ("CLOSED", "CLOSED"))
    assert (connection.ignored_resets, connection.ignored_count) == ([], 0)
    assert [event.flag for event in connection.events if event.kind == "RST"] == [""]


@pytest.mark.parametrize("window", [20, 65535], ids=["out of the window", "in the window"])
def test_a_reset_captured_early_is_likely_where_its_receiver_may_have_challenged_it(window: int) -> None:
    talk = early(window)
    talk.packets[6:] = [talk.packets[8], talk.packets[6], talk.packets[7]]
    talk.packets[6].ack = talk.packets[2].ack

    assert told(talk) == ("server", "RST", 6, False, "likely")


def test_a_reset_ahead_stays_ignored_where_its_number_is_passed() -> None:
    talk = hello().server.rst(seq=5_000_001 + 100_000).server.data(bytes(60_000)).client.ack()
    talk.server.data(bytes(60_000)).client.ack()

    connection = follow(talk.pcap()).only

    assert (connection.close, connection.ignored_resets) == (None, [6])


def test_a_reset_ahead_stays_ignored_where_its_number_is_reached_much_later() -> None:
    talk = hello().server.rst(seq=5_000_001 + 100_000)
    for _ in range(10):
        talk.server.data(bytes(10_000)).client.ack()

    connection = follow(talk.pcap()).only

    assert (connection.close, connection.ignored_resets) == (None, [6])


def test_a_reset_captured_early_whose_sender_closes_behind_it_may_be_from_something_between() -> None:
    talk = early()
    talk.server.fin().client.fin().server.ack()

    assert told(talk) == ("server", "RST", 6, False, "likely")


@pytest.mark.parametrize("flags", [RST, RST | ACK])
def test_a_reset_in_the_window_was_ignored_where_octets_captured_behind_it_are_acknowledged(flags: int) -> None:
    talk = hello().server.segment(flags, seq=5_000_001 + 900, undelivered=True)
    talk.server.data(b"answer").client.ack()

    connection = follow(talk.pcap()).only

    assert story(connection)[1:] == (None, ("ESTABLISHED", "ESTABLISHED"))
    assert connection.ignored_resets == [6]
    assert [event.flag for event in connection.events if event.kind == "RST"] == ["ignored"]


def test_a_reset_behind_a_hole_stays_likely_where_what_was_captured_before_it_is_acknowledged() -> None:
    talk = hello().server.data(b"lost", unseen=True).server.data(b"seen").server.data(b"lost", unseen=True).server.rst()
    talk.client.ack(ack=talk.server.next - 4)

    assert told(talk) == ("server", "RST", 7, False, "likely")


def test_a_reset_captured_early_behind_a_hole_stays_likely_where_the_octets_before_it_come_after_it() -> None:
    talk = with_a_gap().server.data(b"seen").client.ack().server.data(b"first").client.ack().server.data(b"second")
    talk.server.rst()
    talk.packets.insert(8, talk.packets.pop())

    assert told(talk) == ("server", "RST", 9, False, "likely")


@pytest.mark.parametrize("ack", [0, 4_000_000_000])
def test_a_reset_with_a_number_that_acknowledges_nothing_does_not_cross_a_fin(ack: int) -> None:
    talk = hello()
    talk.client.fin().server.rst(ack=ack)

    assert told(talk) == ("client", "FIN", 6, False, "certain")


def test_a_reset_that_answers_a_lone_fin_without_ack_does_not_cross_it() -> None:
    talk = Conversation().client.segment(FIN, seq=1000)
    talk.server.segment(RST | ACK, seq=0, ack=1000)

    assert told(talk) == ("client", "FIN", 1, False, "certain")


def test_a_host_that_knew_no_such_connection_may_have_closed_it_though_the_closer_resets_before_that_is_told() -> None:
    talk = hello()
    talk.after(9).client.data(b"more", undelivered=True).client.fin(undelivered=True).client.rst()
    talk.server.bare_rst()

    assert told(talk) == ("client", "FIN", 7, False, "likely")


def test_a_refusal_captured_before_its_syn_is_one() -> None:
    talk = Conversation().client.syn().server.segment(RST | ACK, seq=0)
    talk.packets.reverse()

    connection = follow(talk.pcap()).only

    assert story(connection) == ("refused", ("server", "RST", 1, False, "certain"), ("CLOSED", "CLOSED"))
    assert [event.flag for event in connection.events if event.kind == "RST"] == ["refused"]


@pytest.mark.parametrize("at", [7, 8], ids=["before what it answers", "behind it"])
def test_a_reset_without_ack_that_answers_a_captured_packet_is_certain(at: int) -> None:
    talk = hello().server.data(b"answer").client.ack().server.data(b"more").client.bare_rst()
    talk.packets.insert(at, talk.packets.pop())

    assert told(talk) == ("client", "RST", at + 1, False, "certain")


def test_a_reset_without_ack_may_answer_octets_that_were_captured_before_its_senders_last_packet() -> None:
    talk = hello().client.data(b"more").server.data(b"answer", ack=1_000_005).server.bare_rst()

    assert told(talk) == ("server", "RST", len(talk.packets), False, "certain")


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_a_reset_that_acknowledges_octets_was_sent_behind_them_wherever_it_was_captured(order: tuple[int, ...]) -> None:
    talk = hello().client.data(b"more").server.ack().server.rst()
    talk.packets[-3:] = [talk.packets[-3:][place] for place in order]

    assert told(talk) == ("server", "RST", 6 + order.index(2), False, "certain")


@pytest.mark.parametrize(("octets", "certainty"), [(b"", "likely"), (b"more", "certain")])
def test_a_reset_without_ack_after_a_fin_that_waits_answers_octets(octets: bytes, certainty: str) -> None:
    talk = hello().client.fin(undelivered=True)
    talk.server.data(octets) if octets else talk.server.ack()
    talk.client.bare_rst()

    assert told(talk) == ("client", "FIN", 6, False, certainty)
