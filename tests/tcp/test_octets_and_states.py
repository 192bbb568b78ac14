"""The contract's words for octets, missing octets and states, sentence by sentence."""

import pytest

from tests.conversation import ACK, RST, Conversation
from tests.follow import follow
from tests.tcp.closes import hello, notes, states, story
from tests.timeline.talk import report


def test_each_octet_counts_once() -> None:
    talk = Conversation().open()
    talk.client.data(b"x" * 100).client.data(b"x" * 60, seq=talk.client.next - 60).server.ack()

    assert follow(talk.pcap()).only.client.octets == 100


def test_octets_are_counted_by_the_headers() -> None:
    talk = Conversation().open()
    talk.client.data(b"x" * 1000).server.data(b"y" * 2000)

    connection = follow(talk.pcap(snaplen=60)).only

    assert (
        connection.client.octets,
        connection.server.octets,
        connection.client.missing,
        connection.server.missing,
    ) == (1000, 2000, 0, 0)


def test_a_keep_alives_garbage_is_no_octet() -> None:
    talk = hello()
    talk.client.keep_alive(b"\0").server.ack()

    assert follow(talk.pcap()).only.client.octets == 17


def test_an_acknowledgement_that_comes_again_long_after_a_keep_alive_does_not_answer_that() -> None:
    talk = hello()
    for _ in range(20):
        talk.server.data(b"tick").client.ack()
    talk.server.keep_alive().client.ack().server.data(b"tick").client.ack().client.ack()
    last = len(talk.packets)

    words = notes(follow(talk.pcap()).only)

    assert words["client", "keep_alive_ack"] == [last - 3]
    assert words["client", "duplicate_ack"] == [last]


def test_a_keep_alives_garbage_is_no_octet_where_it_is_the_first_that_is_captured_of_its_sender() -> None:
    talk = Conversation().established()
    talk.client.data(b"hello").server.keep_alive(b"\0").client.ack().server.data(b"answer")

    connection = follow(talk.pcap()).only

    assert (connection.client.octets, connection.server.octets) == (5, 6)


def test_a_pushed_octet_counts_where_keep_alives_follow_it() -> None:
    talk = Conversation().established().client.data(b"q").server.ack()
    talk.after(30).client.keep_alive(b"\0").server.ack().after(30).client.keep_alive(b"\0").server.ack()

    assert follow(talk.pcap()).only.client.octets == 1


def test_a_pushed_octet_is_no_keep_alives_though_it_is_the_first_and_sent_again() -> None:
    talk = Conversation().established()
    talk.client.data(b"A", undelivered=True).after(1).client.data(b"A", seq=talk.client.next - 1).server.ack()

    assert follow(talk.pcap()).only.client.octets == 1


def test_a_pushed_octet_is_no_keep_alives_where_its_sender_had_gone_on_as_far_as_the_capture_goes() -> None:
    talk = Conversation().established()
    talk.server.data(b"!", unseen=True, undelivered=True).server.ack()
    talk.server.data(b"!", seq=talk.server.next - 1).client.ack()

    connection = follow(talk.pcap()).only

    assert (connection.opened, connection.client.octets, connection.server.octets) == ("midstream", 0, 1)
    assert connection.server.missing == 0


def test_a_pushed_octet_is_no_keep_alives_though_its_acknowledgement_was_captured_before_it() -> None:
    talk = Conversation().established().client.data(b"A").server.ack()
    talk.packets.reverse()

    assert follow(talk.pcap()).only.client.octets == 1


def test_nothing_beyond_a_sides_own_fin_counts() -> None:
    talk = hello()
    talk.client.fin().client.data(b"beyond")

    assert follow(talk.pcap()).only.client.octets == 17


def test_octets_before_the_fin_captured_after_it_count() -> None:
    talk = hello()
    talk.client.data(b"last words").client.fin()
    talk.packets[-1], talk.packets[-2] = talk.packets[-2], talk.packets[-1]

    assert follow(talk.pcap()).only.client.octets == 27


def test_a_resets_payload_is_no_octet() -> None:
    talk = hello()
    talk.server.segment(RST | ACK, b"go away")

    assert follow(talk.pcap()).only.server.octets == 0


def test_missing_is_what_was_acknowledged_and_not_captured() -> None:
    talk = Conversation().open()
    talk.client.data(b"a" * 10).client.data(b"b" * 5000, unseen=True).client.data(b"c" * 10).server.ack()

    connection = follow(talk.pcap()).only

    assert (connection.client.octets, connection.client.missing) == (20, 5000)


def test_what_was_lost_and_not_acknowledged_is_not_missing() -> None:
    talk = Conversation().open()
    talk.client.data(b"a" * 10).server.ack().client.data(b"b" * 5000, unseen=True, undelivered=True).client.data(
        b"c" * 10
    )

    connection = follow(talk.pcap()).only

    assert (connection.client.octets, connection.client.missing) == (20, 0)


def test_what_is_missing_at_the_end_is_missing_too() -> None:
    talk = Conversation().open()
    talk.client.data(b"a" * 10).client.data(b"b" * 500, unseen=True).server.ack()

    assert follow(talk.pcap()).only.client.missing == 500


def test_octets_captured_late_are_not_missing() -> None:
    talk = Conversation().open()
    talk.client.data(b"a" * 10).client.data(b"b" * 500)
    late = talk.packets.pop()
    for _ in range(40):
        talk.client.data(b"c" * 10).server.ack()
    talk.packets.append(late)

    connection = follow(talk.pcap()).only

    assert (connection.client.octets, connection.client.missing) == (910, 0)


# states


def end(*steps: str) -> tuple[str, str]:
    """States after the hello and some steps, each written as side.step."""
    talk = hello()
    for step in steps:
        side, name, *options = step.split(".")
        getattr(getattr(talk, side), name)(**dict.fromkeys(options, True))
    return states(follow(talk.pcap()).only)


def test_syn_only_is_syn_sent_and_unknown() -> None:
    talk = Conversation()
    talk.client.syn()

    assert states(follow(talk.pcap()).only) == ("SYN_SENT", "UNKNOWN")


def test_open_is_established() -> None:
    assert end() == ("ESTABLISHED", "ESTABLISHED")


def test_a_fin_not_acknowledged_is_fin_wait_1_and_unknown() -> None:
    assert end("client.fin") == ("FIN_WAIT_1", "UNKNOWN")


def test_a_fin_acknowledged_is_fin_wait_2_and_close_wait() -> None:
    assert end("client.fin", "server.ack") == ("FIN_WAIT_2", "CLOSE_WAIT")


def test_a_fin_acknowledged_the_other_way_round() -> None:
    assert end("server.fin", "client.ack") == ("CLOSE_WAIT", "FIN_WAIT_2")


def test_a_second_fin_not_acknowledged_is_unknown_and_last_ack() -> None:
    assert end("client.fin", "server.fin") == ("UNKNOWN", "LAST_ACK")


def test_all_acknowledged_is_time_wait_for_the_first_closer_and_closed_for_the_second() -> None:
    assert end("client.fin", "server.fin", "client.ack") == ("TIME_WAIT", "CLOSED")


def test_simultaneous_and_all_acknowledged_is_time_wait_twice() -> None:
    talk = hello()
    talk.client.fin(undelivered=True).server.fin()
    talk.server.received = talk.client.next
    talk.client.ack().server.ack()

    assert states(follow(talk.pcap()).only) == ("TIME_WAIT", "TIME_WAIT")


def test_simultaneous_and_one_acknowledged_is_closing_for_the_side_that_waits() -> None:
    talk = hello()
    talk.client.fin(undelivered=True).server.fin().client.ack()

    assert states(follow(talk.pcap()).only) == ("CLOSING", "UNKNOWN")


def test_a_valid_reset_leaves_both_closed() -> None:
    assert end("client.rst") == ("CLOSED", "CLOSED")


def test_refused_leaves_both_closed() -> None:
    talk = Conversation()
    talk.client.syn().server.segment(RST | ACK, seq=0, ack=talk.client.isn + 1)

    assert states(follow(talk.pcap()).only) == ("CLOSED", "CLOSED")


def test_cut_headers_leave_the_states_unknown() -> None:
    assert states(follow(hello().pcap(snaplen=40)).only) == ("UNKNOWN", "UNKNOWN")


def test_a_syn_ack_without_its_final_ack_proves_syn_received_alone() -> None:
    talk = Conversation()
    talk.client.syn().server.syn_ack()

    assert states(follow(talk.pcap()).only) == ("UNKNOWN", "SYN_RECEIVED")


def test_a_lone_octet_not_pushed_before_the_rest_of_the_capture_is_a_keep_alives() -> None:
    """It may have the number of a FIN that was sent before the capture began."""
    talk = Conversation().established()
    talk.client.keep_alive(b"\0").server.ack().server.data(b"answer").client.ack().server.fin().client.ack()

    connection = follow(talk.pcap()).only

    assert (connection.client.octets, connection.server.octets) == (0, 6)
    assert story(connection)[1] == ("server", "FIN", 5, False, "likely")


def closed_over_a_path(*, heard: bool) -> Conversation:
    """Both close, and the gateway's FIN comes again though it was acknowledged."""
    talk = Conversation(server_address=("10.0.0.2", 4001)).open()
    talk.client.fin().server.fin().client.ack(undelivered=True).after(0.3).server.fin_again().client.ack()
    return talk.after(10).client.ack(ip_id=1) if heard else talk


@pytest.mark.parametrize(("heard", "state"), [(False, "UNKNOWN"), (True, "CLOSED")])
def test_who_repeats_what_was_acknowledged_has_not_heard_of_it_and_may_not_hear_again(heard: bool, state: str) -> None:
    (connection,) = report(closed_over_a_path(heard=heard)).connections

    assert connection.states == {"client": "TIME_WAIT", "server": state}


def test_who_sent_again_what_got_lost_and_was_acknowledged_then_has_heard_of_it() -> None:
    talk = Conversation(server_address=("10.0.0.2", 4001)).open()
    talk.client.data(b"API\0", undelivered=True).after(0.3).client.data(b"API\0", seq=talk.client.isn + 1).server.ack()
    before = report(talk).connections[0].states
    talk.client.fin().server.ack().server.fin(undelivered=True).after(0.3).server.fin_again().client.ack()
    after = report(talk).connections[0].states

    assert before == {"client": "ESTABLISHED", "server": "ESTABLISHED"}
    assert after == {"client": "TIME_WAIT", "server": "CLOSED"}


@pytest.mark.parametrize(("times", "state"), [(1, "ESTABLISHED"), (4, "UNKNOWN")])
def test_a_fin_may_wait_behind_octets_that_are_sent_again_and_again(times: int, state: str) -> None:
    talk = hello().client.data(b"more", undelivered=True)
    for _ in range(times):
        talk.after(0.5).client.data(b"more", seq=talk.client.next - 4, undelivered=True)

    (connection,) = report(talk).connections

    assert connection.states == {"client": state, "server": state}
