"""conn_state and history against the tables of Zeek's manual (base/protocols/conn/main.zeek)."""

from collections.abc import Callable

import pytest

from capanalyze.tcp.copies import SUSPICION
from tests.conversation import ACK, FIN, RST, SYN, Conversation
from tests.follow import follow

Story = Callable[[Conversation], object]


def zeek(talk: Conversation) -> tuple[str, str]:
    connection = follow(talk.pcap()).only
    return connection.conn_state, connection.history


def refuse(talk: Conversation) -> Conversation:
    return talk.server.segment(RST | ACK, seq=0, ack=talk.client.isn + 1)


def open_(talk: Conversation) -> Conversation:
    return talk.open().client.data(b"x").server.ack()


def syn_ack_alone(talk: Conversation) -> Conversation:
    return talk.client.syn(unseen=True).server.syn_ack()


STATES: list[tuple[str, str, Story]] = [
    # Zeek's words for the state, what they mean in the manual, packets
    ("S0", "connection attempt seen, no reply", lambda t: t.client.syn()),
    ("S1", "established, not terminated", open_),
    ("SF", "normal establishment and termination", lambda t: open_(t).client.fin().server.fin().client.ack()),
    ("REJ", "attempt rejected", lambda t: refuse(t.client.syn())),
    ("S2", "close attempt by originator seen, no reply from responder", lambda t: open_(t).client.fin().server.ack()),
    ("S3", "close attempt by responder seen, no reply from originator", lambda t: open_(t).server.fin().client.ack()),
    ("RSTO", "originator aborted", lambda t: open_(t).client.rst()),
    ("RSTR", "responder sent a RST", lambda t: open_(t).server.rst()),
    ("RSTOS0", "SYN followed by a RST, no SYN-ACK from the responder", lambda t: t.client.syn().client.rst(ack=0)),
    ("RSTRH", "SYN-ACK followed by a RST, no SYN seen", lambda t: syn_ack_alone(t).server.rst()),
    ("SH", "SYN followed by a FIN, no SYN-ACK", lambda t: t.client.syn().client.segment(FIN)),
    ("SHR", "SYN-ACK followed by a FIN, no SYN seen", lambda t: syn_ack_alone(t).server.fin()),
    ("OTH", "no SYN seen, just midstream traffic", lambda t: t.established().client.data(b"x").server.data(b"y")),
]


@pytest.mark.parametrize(("state", "meaning", "story"), STATES, ids=[state for state, _, _ in STATES])
def test_each_documented_conn_state(state: str, meaning: str, story: Story) -> None:
    talk = Conversation()
    story(talk)

    assert (state, meaning) == (zeek(talk)[0], meaning)


def test_the_thirteen_states_are_those_of_the_manual() -> None:
    manual = {"S0", "S1", "SF", "REJ", "S2", "S3", "RSTO", "RSTR", "RSTOS0", "RSTRH", "SH", "SHR", "OTH"}

    assert manual == {state for state, _, _ in STATES}


def test_a_syn_ack_establishes_in_zeeks_eyes() -> None:
    talk = Conversation()
    talk.client.syn().server.syn_ack()

    assert zeek(talk) == ("S1", "Sh")


def test_a_responder_whose_syn_ack_was_not_captured_has_replied() -> None:
    earlier = Conversation()
    for _ in range(SUSPICION):
        earlier.client.syn()
    talk = Conversation(packets=earlier.packets, clock=earlier.clock, client_address=("127.0.0.1", 50001))
    talk.client.syn().server.syn_ack(unseen=True).client.ack().client.data(b"x").server.ack().server.data(b"y")

    assert [connection.conn_state for connection in follow(talk.pcap()).connections] == ["S0", "OTH"]


def test_a_half_open_scan_is_an_originators_abort() -> None:
    talk = Conversation()
    talk.client.syn().server.syn_ack().client.bare_rst()

    assert zeek(talk) == ("RSTO", "ShR")


def test_both_reset_and_nothing_said_is_a_rejection() -> None:
    talk = Conversation().open()
    talk.client.rst().server.rst()

    assert zeek(talk) == ("REJ", "ShARr")


def test_a_fin_and_a_reset_answered_by_a_fin_is_a_normal_end() -> None:
    talk = Conversation()
    open_(talk).client.fin().client.rst().server.fin()

    assert zeek(talk)[0] == "SF"


def test_a_reset_after_both_fins_changes_nothing() -> None:
    talk = Conversation()
    open_(talk).client.fin().server.fin().client.ack().server.bare_rst()

    assert zeek(talk) == ("SF", "ShADaFfr")


def test_an_ignored_reset_changes_no_state() -> None:
    talk = Conversation()
    open_(talk).server.rst(seq=talk.server.next + 900_000)

    assert zeek(talk) == ("S1", "ShADar")


HISTORIES: list[tuple[str, str, Story]] = [
    ("s, a SYN without ACK", "S", lambda t: t.client.syn()),
    ("h, a SYN-ACK", "Sh", lambda t: t.client.syn().server.syn_ack()),
    ("a, a pure ACK", "ShA", lambda t: t.open()),
    ("d, payload", "ShAD", lambda t: t.open().client.data(b"x")),
    ("f, a FIN", "ShAF", lambda t: t.open().client.fin()),
    ("f, with payload no d", "ShAF", lambda t: t.open().client.fin(b"bye")),
    ("r, a RST", "ShAr", lambda t: t.open().server.rst()),
    ("i, FIN and RST", "ShAI", lambda t: t.open().client.segment(FIN | RST | ACK)),
    ("q, SYN and FIN", "Q", lambda t: t.client.segment(SYN | FIN)),
    ("q, SYN and RST", "ShAQ", lambda t: t.open().client.segment(SYN | RST)),
    ("w, a zero window", "ShADaw", lambda t: open_(t).server.ack(window=0)),
    ("t, payload again", "ShADT", lambda t: t.open().client.data(b"xy").client.data(b"xy", seq=t.client.next - 2)),
    ("g, a gap", "ShADaG", lambda t: t.open().client.data(b"x").client.data(b"yz", unseen=True).server.ack()),
]


@pytest.mark.parametrize(("what", "history", "story"), HISTORIES, ids=[what for what, _, _ in HISTORIES])
def test_each_documented_history_letter(what: str, history: str, story: Story) -> None:
    talk = Conversation()
    story(talk)

    assert (history, what) == (zeek(talk)[1], what)


def test_capitals_are_the_originators() -> None:
    talk = Conversation().open()
    talk.server.data(b"first").client.ack().server.fin().client.fin().server.ack()

    assert zeek(talk)[1] == "ShAdfFa"


def test_a_and_d_are_written_once_a_side() -> None:
    talk = Conversation().open()
    for _ in range(5):
        talk.client.data(b"q").server.ack().server.data(b"a").client.ack()

    assert zeek(talk)[1] == "ShADad"


def test_f_and_s_come_again_only_with_another_number() -> None:
    talk = Conversation()
    talk.client.syn().client.syn().server.syn_ack().server.syn_ack().client.ack()
    talk.client.fin().client.fin_again().client.segment(FIN | ACK, seq=talk.client.next + 5)

    assert zeek(talk)[1] == "ShAFF"


def test_r_comes_again_only_with_another_number() -> None:
    talk = Conversation().open()
    talk.server.rst().server.rst().server.rst(seq=talk.server.next + 1)

    assert zeek(talk)[1] == "ShArr"


def test_a_flip_is_marked() -> None:
    talk = Conversation().established()
    talk.server.data(b"x").client.ack().server.fin()

    assert zeek(talk)[1] == "^dAf"


def test_a_syn_ack_first_is_a_flip() -> None:
    talk = Conversation()
    syn_ack_alone(talk).client.ack()

    assert zeek(talk) == ("S1", "^hA")


@pytest.mark.parametrize(("times", "letters"), [(1, 1), (9, 1), (10, 2), (99, 2), (100, 3)])
def test_t_is_logarithmic(times: int, letters: int) -> None:
    talk = Conversation().open()
    talk.client.data(b"xy")
    for _ in range(times):
        talk.client.data(b"xy", seq=talk.client.next - 2)

    assert "ShAD" + "T" * letters == zeek(talk)[1]


@pytest.mark.parametrize(("times", "letters"), [(9, 1), (10, 2)])
def test_w_is_logarithmic(times: int, letters: int) -> None:
    talk = Conversation()
    open_(talk)
    for _ in range(times):
        talk.server.ack(window=0)

    assert "ShADa" + "w" * letters == zeek(talk)[1]


@pytest.mark.parametrize(("times", "letters"), [(9, 1), (10, 2)])
def test_g_is_logarithmic(times: int, letters: int) -> None:
    talk = Conversation().open()
    for _ in range(times):
        talk.client.data(b"yz", unseen=True).client.data(b"x" * 10).server.ack()
        for _ in range(20):
            talk.client.data(b"x")

    assert letters == zeek(talk)[1].count("G")


def test_a_zero_window_after_the_peers_fin_means_nothing() -> None:
    talk = Conversation().open()
    talk.client.fin().server.ack(window=0)

    assert zeek(talk)[1] == "ShAFa"


def test_octets_out_of_order_are_not_retransmitted() -> None:
    talk = Conversation().open()
    talk.client.data(b"one").client.data(b"two")
    talk.packets[-1], talk.packets[-2] = talk.packets[-2], talk.packets[-1]

    assert zeek(talk)[1] == "ShAD"


def test_history_has_a_bound() -> None:
    talk = Conversation().open()
    for number in range(300):
        talk.client.rst(seq=number * 1000)

    assert len(zeek(talk)[1]) == 100
