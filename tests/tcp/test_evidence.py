"""What proves who closed first in a capture that lacks packets, and what leaves it likely."""

import pytest

from tests.conversation import ACK, FIN, RST, SYN, Conversation
from tests.follow import follow
from tests.tcp.test_scenarios import hello, story


def told(talk: Conversation) -> tuple[str, str, int, bool, str] | None:
    """First, kind, packet, inferred, certainty."""
    return story(follow(talk.pcap()).only)[1]


def with_a_gap() -> Conversation:
    """A connection of which the capture lacks octets of the server's; the next packet is number 7."""
    talk = hello()
    return talk.server.data(b"lost", unseen=True).client.ack()


@pytest.mark.parametrize("kind", ["RST, ACK", "RST without ACK"])
def test_a_reset_that_acknowledges_one_number_more_came_after_a_fin(kind: str) -> None:
    talk = hello().server.data(b"answer").client.ack()
    talk.server.fin(unseen=True)
    if kind == "RST, ACK":
        talk.client.rst()
        expected = ("server", "FIN", 0, True, "likely")
    else:
        talk.client.bare_rst()
        expected = ("client", "RST", 8, False, "certain")

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


def test_a_reset_captured_before_the_syn_ack_is_of_the_same_connection() -> None:
    talk = Conversation().open()
    talk.server.rst()
    talk.packets[:] = [talk.packets[3], talk.packets[1], talk.packets[2]]

    connection = follow(talk.pcap()).only

    assert story(connection)[1] == ("server", "RST", 1, False, "certain")


def test_a_fin_with_no_acknowledgement_that_a_closed_port_resets_closes_nothing_else() -> None:
    talk = Conversation()
    talk.client.segment(0x29).server.segment(RST | ACK, seq=0, ack=talk.client.next)

    assert told(talk) == ("client", "FIN", 1, False, "certain")


@pytest.mark.parametrize(("asked", "certainty"), [(True, "certain"), (False, "likely")])
def test_a_bare_reset_is_certain_of_who_asked_for_the_connection_alone(asked: bool, certainty: str) -> None:
    talk = Conversation().client.syn() if asked else Conversation().established()
    talk.client.bare_rst()

    assert told(talk) == ("client", "RST", 2 if asked else 1, False, certainty)


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


@pytest.mark.parametrize(("more", "expected"), [
    (0, ("server", "RST", 2, False, "certain")),
    (1, ("client", "FIN", 0, True, "likely")),
    (7, ("server", "RST", 2, False, "likely")),
])  # fmt: skip
def test_a_reset_is_all_that_is_captured_of_its_sender(more: int, expected: tuple[str, str, int, bool, str]) -> None:
    talk = Conversation().established()
    talk.client.data(b"hello").server.rst(ack=talk.client.next + more)

    assert told(talk) == expected


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
    assert connection.server.last_data_packet_at_close == 6


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
