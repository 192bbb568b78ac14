"""What the first line says, for every way in which a connection can end."""

from pathlib import Path

import pytest

from capanalyze import read
from capanalyze.timeline.verdict import capture_verdict, unread_end
from tests.conversation import ACK, SYN, Conversation
from tests.timeline.talk import (
    HELLO,
    START_API,
    answer,
    answered,
    findings,
    frame,
    greeted,
    opened,
    ready,
    report,
    started,
    verdict,
)
from tests.timeline.verdict_cases import ALL


@pytest.mark.parametrize(("talk", "expected"), [pytest.param(talk, said, id=name) for name, talk, said in ALL])
def test_the_verdict_of_one_connection(talk: Conversation, expected: str) -> None:
    actual = verdict(talk)

    assert expected == actual


@pytest.mark.parametrize("talk", [pytest.param(talk, id=name) for name, talk, _ in ALL])
def test_a_verdict_is_one_sentence_of_plain_ascii(talk: Conversation) -> None:
    actual = verdict(talk)

    assert actual.isascii()
    assert actual.isprintable()
    assert actual.endswith(".")
    assert ". " not in actual.replace("... ", "")


def silent(port: int, clock: int, seconds: float) -> Conversation:
    """A client that gives up on a silent gateway."""
    talk = greeted(client_address=("127.0.0.1", port), clock=clock)
    return talk.after(seconds).client.fin().server.ack()


def test_connections_with_the_same_story_are_told_in_one_breath() -> None:
    talks = [silent(50000 + index, 1_700_000_000_000_000_000 + index * 20_000_000_000, 10) for index in range(3)]

    actual = verdict(*talks)

    assert actual == (
        "The client closed first on all 3 connections (FIN in packets 6, 13 and 20), 10.0 s after the gateway's host "
        "had acknowledged its hello and nothing was answered; "
        "the gateway did not close (CLOSE_WAIT) within the 50.0 s captured."
    )


def test_the_worst_story_comes_first_and_names_its_connections() -> None:
    start = 1_700_000_000_000_000_000
    well = ready(clock=start).client.fin().server.fin().client.ack()
    badly = greeted(client_address=("127.0.0.1", 50001), clock=start + 10**9).server.fin().client.fin().server.ack()

    actual = verdict(well, badly)

    assert actual.startswith(
        "The gateway closed first on connection 2 (FIN in packet 20), 2.0 ms after the client's hello"
    )
    assert actual.endswith(
        "; the client closed first on connection 1 (FIN in packet 12), 2.0 ms after the last octets of a ready session."
    )


def test_a_session_that_stands_still_comes_before_those_that_go_on() -> None:
    start = 1_700_000_000_000_000_000
    talks = [ready(client_address=("127.0.0.1", 50000 + at), clock=start + at * 10**9) for at in range(20)]
    talks[7].client.data(frame("49", "1")).server.ack().after(30).client.keep_alive()

    actual = verdict(*talks)

    assert actual.startswith("Nobody closed connection 8 within the 30.")
    assert "; the client's last request was not answered; nobody closed connections 1, 2, 3, 4, 5, 6" in actual


def test_health_checks_that_leave_at_once_come_behind_the_client_that_got_no_answer() -> None:
    start = 1_700_000_000_000_000_000
    checks = [
        answered(client_address=("127.0.0.1", 50000 + at), clock=start + at * 10**9).client.fin().server.fin()
        for at in range(20)
    ]
    waited = greeted(client_address=("127.0.0.1", 51000), clock=start + 30 * 10**9).after(4).client.fin().server.ack()

    actual = verdict(*checks, waited)

    assert actual.startswith("The client closed first on connection 21 (FIN in packet ")
    assert "; the client closed first on connections 1 to 20 (FIN in packets " in actual


def test_a_client_that_left_at_once_is_not_told_in_one_breath_with_one_that_waited_in_vain() -> None:
    start = 1_700_000_000_000_000_000
    check = started(client_address=("127.0.0.1", 50001), clock=start).client.fin().server.ack()
    waited = started(client_address=("127.0.0.1", 50002), clock=start + 10**9).after(30).client.fin().server.ack()
    stuck = ready(client_address=("127.0.0.1", 50003), clock=start + 2 * 10**9).client.data(frame("49", "1"))

    actual = verdict(check, waited, stuck.server.ack().after(40).client.fin().server.fin().client.ack())

    assert actual.startswith("The client closed first on connection 2 (FIN in packet ")
    assert "30.0 s after startApi; nextValidId and managedAccounts had not come" in actual


def test_a_session_that_the_gateway_ends_is_no_less_bad_for_a_request_that_it_did_not_answer() -> None:
    start = 1_700_000_000_000_000_000
    ended = ready(clock=start).client.data(frame("49", "1")).server.ack().after(9).server.fin()
    refused = Conversation(client_address=("127.0.0.1", 50001), clock=start + 10**10).client.syn().server.rst()

    assert verdict(ended, refused).startswith("The gateway closed first on connection 1 (FIN in packet 14)")


@pytest.mark.parametrize("began_in_capture", [True, False])
def test_a_session_that_the_gateway_ends_comes_before_many_attempts_that_it_refused_then(
    began_in_capture: bool,
) -> None:
    start = 1_700_000_000_000_000_000
    talk = ready(clock=start) if began_in_capture else Conversation(clock=start).established()
    talk = talk.server.data(frame("49", "1", "1700000000")).client.ack().after(9)
    ended = talk.server.fin().client.fin().server.ack()
    refused = [
        Conversation(client_address=("127.0.0.1", 50001 + at), clock=start + at * 10**9 + 10**10)
        .client.syn()
        .server.rst()
        for at in range(12)
    ]

    actual = verdict(ended, *refused)

    assert actual.startswith("The gateway closed first on connection 1 (FIN in packet ")
    assert "; the gateway's host refused connections 2 to 13 (RST in packets " in actual


def test_a_session_that_the_gateway_ends_is_not_told_as_one_with_a_connection_without_a_word() -> None:
    def ended(at: int, said: bytes) -> Conversation:
        start = {"client_address": ("127.0.0.1", 50001 + at), "clock": 1_700_000_000_000_000_000 + at}
        talk = Conversation(**start).established().client.ack().server.ack()  # type: ignore[arg-type]
        talk = talk.server.data(said).client.ack() if said else talk
        return talk.after(9).server.fin().client.fin().server.ack()

    refused = Conversation(client_address=("127.0.0.1", 51000), clock=1_700_000_010_000_000_000).client.syn()

    actual = verdict(ended(0, b""), ended(1, frame("49", "1", "1700000000")), refused.server.rst())

    assert actual.startswith("The gateway closed first on connection 2 (FIN in packet ")
    assert "; the gateway closed first on connection 1 (FIN in packet " in actual


def test_sessions_that_stand_still_are_told_together_with_one_of_them_for_an_example() -> None:
    start = 1_700_000_000_000_000_000
    talks = [ready(client_address=("127.0.0.1", 50000 + at), clock=start + at * 10**9) for at in range(3)]
    for at, talk in enumerate(talks):
        for _ in range(at + 1):
            talk.client.data(frame("49", "1")).server.ack()
        talk.after(9).client.keep_alive()

    actual = verdict(*talks)

    assert actual.startswith("Nobody closed any of the 3 connections within the ")
    assert actual.endswith(
        " captured; their sessions were ready; the client's last request was not answered on connection 1, for one."
    )


def test_a_refusal_of_ipv6_localhost_does_not_come_first() -> None:
    start = 1_700_000_000_000_000_000
    refused = Conversation(("::1", 50000), ("::1", 4001), clock=start).client.syn().server.rst()
    well = ready(clock=start + 10**7).client.fin().server.fin().client.ack()

    actual = verdict(refused, well)

    assert actual.startswith("The client closed first on connection 2 (FIN in packet 14)")
    assert "; the gateway's host refused connection 1" in actual


def test_more_stories_than_fit_are_counted() -> None:
    start = 1_700_000_000_000_000_000
    talks = [
        ready(clock=start).client.fin().server.fin().client.ack(),
        greeted(client_address=("127.0.0.1", 50001), clock=start + 10**9).server.fin().client.fin().server.ack(),
        Conversation(client_address=("127.0.0.1", 50002), clock=start + 2 * 10**9).client.syn().server.rst(),
        Conversation(client_address=("127.0.0.1", 50003), clock=start + 3 * 10**9).client.syn(),
        started(client_address=("127.0.0.1", 50004), clock=start + 4 * 10**9).server.fin().client.fin().server.ack(),
    ]

    actual = verdict(*talks)

    assert actual.endswith("; 2 more connections went other ways.")


def test_connections_on_other_ports_are_an_answer_that_says_what_to_try() -> None:
    talks = [
        opened(client_address=("10.0.0.1", port), server_address=("10.0.0.2", 443))
        .client.data(b"\x16\x03\x01")
        .client.fin()
        for port in range(50000, 50012)
    ]

    actual = verdict(*talks)

    assert actual == (
        "12 TCP connections, none on 4001 4002 7496 7497 and none speaks TWS; try --port N or --all."
    ).removesuffix(".")


@pytest.mark.parametrize(
    ("tcp_connections", "packets", "unread", "left_out", "expected"),
    [
        (
            0,
            0,
            "the capture is cut off at its end",
            {},
            "The capture holds no packet (the capture is cut off at its end).",
        ),
        (0, 3, "", {"not IP": 2, "not TCP": 1}, "No TCP connection in 3 packets."),
        (0, 9, "", {"wrapped in GRE": 7, "not IP": 2}, "No TCP connection in 9 packets (7 left out: wrapped in GRE)."),
        (
            2,
            9,
            "",
            {"bad IP header": 1},
            "2 TCP connections, none on 4001 and none speaks TWS; try --port N or --all (1 left out: bad IP header)",
        ),
    ],
)
def test_nothing_found_says_what_may_have_hidden_it(
    tcp_connections: int, packets: int, unread: str, left_out: dict[str, int], expected: str
) -> None:
    actual = capture_verdict(
        [], tcp_connections, (4001,), packets, unread=unread, left_out=left_out, dropped=0, closed_first={}
    )

    assert actual == expected


@pytest.mark.parametrize(
    ("truncated", "cut", "pieces", "expected"),
    [
        (False, False, 1, ""),
        (True, True, 1, "the capture is cut off at its end"),
        (True, False, 1, "the capture could not be read to its end"),
        (True, True, 2, "a piece of the capture is cut off at its end"),
    ],
)
def test_a_capture_that_was_not_read_to_its_end_is_said_to_be_so(
    truncated: bool, cut: bool, pieces: int, expected: str
) -> None:
    assert unread_end(truncated, cut, pieces) == expected


def test_a_file_s_name_does_not_say_what_happened_to_it(tmp_path: Path) -> None:
    captures = Path(__file__).parents[2] / "captures"
    damaged = tmp_path / "executions.pcapng"
    damaged.write_bytes((captures / "seed-silent-gateway.pcapng").read_bytes() + b"\xff" * 32)

    both = read([str(damaged), str(captures / "ib_async-error-326.pcapng")])

    assert "a piece of the capture could not be read to its end" in both.verdict


def test_tws_on_another_port_is_reported_as_a_gateway() -> None:
    talk = greeted(server_address=("127.0.0.1", 8888)).after(4).client.fin().server.ack()

    actual = verdict(talk)

    assert "the gateway's host had acknowledged its hello" in actual


def test_a_server_on_another_port_is_no_gateway() -> None:
    talk = opened(server_address=("10.0.0.2", 80)).client.data(b"GET").server.data(b"HTTP").client.fin().server.fin()

    actual = report(talk, all_connections=True).verdict

    assert "gateway" not in actual
    assert actual.startswith("The client closed first (FIN in packet 6), 1.0 ms after the server's last octets")


def test_startapi_alone_does_not_make_a_session_ready() -> None:
    talk = answered().client.data(START_API).server.ack().after(9).client.keep_alive()

    actual = verdict(talk)

    assert actual == (
        "Nobody closed the connection within the 9.0 s captured; "
        "startApi was sent, nextValidId and managedAccounts did not come."
    )


def test_hellos_that_were_acknowledged_and_those_that_were_not_are_told_apart() -> None:
    taken = greeted().after(4).client.fin()
    lost = opened(client_address=("127.0.0.1", 50001), clock=taken.clock)
    lost.client.data(HELLO, undelivered=True).after(1).again().after(3).client.fin()

    said = verdict(taken, lost)

    assert "on connection 1 (FIN in packet 6), 4.0 s after the gateway's host had acknowledged its hello" in said
    assert "on connection 2 (FIN in packet 12), 4.0 s after its hello, which was not even acknowledged" in said


def test_the_beginning_of_a_hello_is_not_called_another_program() -> None:
    """Ten octets of a right answer and then nothing: TWS as far as it goes, so nobody is told to look for another."""
    talk = greeted().server.data(answer()[:10]).client.ack().after(4).client.fin().server.ack()
    assert "the beginning of a hello" in verdict(talk)
    assert "not TWS" not in verdict(talk)
    assert "wrong-service" not in [name for _, name in findings(talk)]


@pytest.mark.parametrize("first", ["client", "server"])
def test_of_two_ends_that_both_asked_for_the_connection_the_hello_tells_the_client(first: str) -> None:
    talk = Conversation()
    ends = (talk.client, talk.server) if first == "client" else (talk.server, talk.client)
    for end in ends:
        end.segment(SYN, seq=end.isn)
    for end in ends:
        end.segment(SYN | ACK, seq=end.isn)
    talk.after(1).client.syn(undelivered=True)  # a late copy of it
    talk.client.data(HELLO).server.data(answer()).client.ack().client.fin().server.ack()

    (said,) = report(talk).connections

    assert (said.client.port, said.roles_from) == (50000, "hello")
    assert said.verdict.startswith("The client closed first (FIN in packet 9)")


def test_a_gateway_that_speaks_to_a_client_that_said_nothing_is_not_told_as_a_clients_wrong_hello() -> None:
    talk = opened().server.data(answer()).client.ack().after(1).client.fin().server.fin().client.ack()

    assert "the capture holds nothing that the client sent" in verdict(talk)
    assert [name for _, name in findings(talk) if name == "bad-hello"] == []


def test_a_hello_to_a_port_whose_program_speaks_first_is_told_on_any_port() -> None:
    talk = opened(server_address=("127.0.0.1", 5900)).server.data(b"RFB 003.008\n").client.ack()
    told = report(talk.client.data(HELLO).server.ack().after(4).client.fin().server.fin().client.ack())

    assert "4.0 s after the gateway had sent a VNC (RFB) banner, which is not TWS" in told.verdict
    assert [one.id for one in told.connections[0].findings] == ["wrong-service"]
