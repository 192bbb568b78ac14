"""What the first line says, for every way in which a connection can end."""

from pathlib import Path

import pytest

from capanalyze import read
from capanalyze.timeline.verdict import capture_verdict, unread_end
from tests.conversation import ACK, SYN, Conversation
from tests.timeline.rule_cases import A_CONTRACT, A_POSITION, CONTRACT, POSITIONS
from tests.timeline.talk import (
    HELLO,
    MANAGED_ACCOUNTS,
    NEXT_VALID_ID,
    START_API,
    answer,
    answered,
    error,
    findings,
    frame,
    greeted,
    opened,
    ready,
    report,
    started,
    verdict,
)

WRONG = b"API=9.72\0"
RIGHT = "`41 50 49 00 00 00 00 09 76 31 30 30 2e 2e 31 37 36`"

UNOPENED = [
    (
        "refused",
        Conversation().client.syn().server.rst(),
        (
            "The gateway's host refused the connection (RST in packet 2, 1.0 ms after the SYN): "
            "nothing accepts connections on port 4001."
        ),
    ),
    (
        "unanswered SYNs",
        Conversation().client.syn().after(1).client.syn().after(2).client.syn(),
        "3 SYNs to port 4001 went unanswered within the 3.0 s captured: no connection came about.",
    ),
    (
        "the final ACK missing",
        Conversation().client.syn().server.syn_ack(),
        "The connection never opened in full: the gateway's host accepted (SYN-ACK), and the final ACK did not come.",
    ),
    (
        "a half-open scan",
        Conversation().client.syn().server.syn_ack().client.bare_rst(),
        "The client broke the connection off (RST) after the gateway's host had accepted, before it was open.",
    ),
]

BEFORE_AN_ANSWER = [
    (
        "a probe",
        opened().after(0.1).client.fin().server.fin().client.ack(),
        (
            "The client closed first (FIN in packet 4), 101 ms after the connection was opened; "
            "neither side had sent anything; the gateway closed 1.0 ms later."
        ),
    ),
    (
        "silence until the client's time-out",
        greeted().after(4).client.fin().server.ack().after(8).client.keep_alive(),
        (
            "The client closed first (FIN in packet 6), 4.0 s after the gateway's host had acknowledged its hello "
            "and nothing was answered; the gateway did not close (CLOSE_WAIT) in the 8.0 s captured after that."
        ),
    ),
    (
        "a hello that is not even acknowledged",
        opened().client.data(HELLO, undelivered=True).after(4).client.fin(undelivered=True),
        (
            "The client closed first (FIN in packet 5), 4.0 s after its hello, which was not even acknowledged; "
            "that FIN was not acknowledged, but the capture ends there."
        ),
    ),
    (
        "still waiting when the capture ends",
        greeted().after(5).client.keep_alive(),
        (
            "Nobody closed the connection within the 5.0 s captured; the client's hello was acknowledged by the "
            "gateway's host and has not been answered for 5.0 s."
        ),
    ),
    (
        "the hello is the last that was captured",
        opened().client.data(HELLO),
        (
            "Nobody closed the connection within the 3.0 ms captured; "
            "the client's hello was neither acknowledged nor answered."
        ),
    ),
    (
        "hung up after the hello",
        greeted().after(0.3).server.fin().client.ack().after(0.2).client.fin().server.ack(),
        (
            "The gateway closed first (FIN in packet 6), 302 ms after the client's hello, which it had not answered; "
            "the client closed 202 ms later."
        ),
    ),
    (
        "hung up before the hello",
        opened().server.fin().client.data(HELLO).server.bare_rst(),
        (
            "The gateway closed first (FIN in packet 4), 1.0 ms after the connection was opened and before the "
            "client's "
            "hello, without a word; the gateway then sent a RST (packet 6)."
        ),
    ),
    (
        "reset after the hello",
        greeted().server.rst(),
        (
            "The gateway closed first by a reset (RST in packet 6), 2.0 ms after the client's hello, "
            "which it had not answered."
        ),
    ),
    (
        "ready too late",
        started().after(4).client.fin().server.ack().after(2).server.data(MANAGED_ACCOUNTS + NEXT_VALID_ID),
        (
            "The client closed first (FIN in packet 10), 4.0 s after startApi; nextValidId and managedAccounts had not "
            "come; both came 2.0 s too late; the gateway did not close (CLOSE_WAIT) in the "
            "2.0 s captured after that."
        ),
    ),
    (
        "error 326 too late",
        started().after(4).client.fin().server.ack().after(2).server.data(error(326)).client.bare_rst(),
        (
            "The client closed first (FIN in packet 10), 4.0 s after startApi; nextValidId and managedAccounts had not "
            "come; the client then sent a RST (packet 13)."
        ),
    ),
    (
        "startApi behind the gateway's close",
        answered().server.fin().client.data(START_API).server.bare_rst(),
        (
            "The gateway closed first (FIN in packet 8), 2.0 ms after the gateway had answered the hello with server "
            "version 178; startApi came after that; the gateway then sent a RST (packet 10)."
        ),
    ),
    (
        "startApi behind a close by the gateway that was not captured",
        answered().server.fin(unseen=True).client.ack().client.data(START_API).server.bare_rst(),
        (
            "The gateway probably closed first (its FIN is not in the capture, but the client acknowledged it), after "
            "the gateway had answered the hello with server version 178; startApi came after that; the gateway then "
            "sent a RST (packet 10)."
        ),
    ),
    (
        "another protocol's banner behind the client's close",
        greeted().after(4).client.fin().server.ack().server.data(b"SSH-2.0-x\r\n").client.bare_rst(),
        (
            "The client closed first (FIN in packet 6), 4.0 s after the gateway's host had acknowledged its hello and "
            "nothing was answered; the client then sent a RST (packet 9)."
        ),
    ),
    (
        "the hello was acknowledged with the FIN behind it",
        opened().client.data(HELLO).client.fin().server.ack(),
        (
            "The client closed first (FIN in packet 5), 1.0 ms after its hello, which the gateway's host had not "
            "acknowledged yet; the gateway did not close (CLOSE_WAIT) in the 1.0 ms captured after that."
        ),
    ),
    (
        "the last octets are no message",
        ready().after(60).client.data(START_API[:5]).client.fin().server.ack().server.fin().client.ack(),
        (
            "The client closed first (FIN in packet 13), 1.0 ms after its own last octets; the session was ready, with "
            "2 messages from the client and 3 from the gateway; the gateway closed 2.0 ms later."
        ),
    ),
    (
        "a hello of which half came too late",
        opened().client.data(HELLO[:9]).server.fin().client.data(HELLO[9:]).server.bare_rst(),
        (
            "The gateway closed first (FIN in packet 5), after the beginning of the client's hello; the rest of it "
            "came after that; the gateway then sent a RST (packet 7)."
        ),
    ),
    (
        "answered too late",
        greeted().after(4).client.fin().server.ack().after(2).server.data(answer()).client.bare_rst(),
        (
            "The client closed first (FIN in packet 6), 4.0 s after the gateway's host had acknowledged its hello "
            "and nothing was answered; the gateway answered 2.0 s too late; the client then sent a RST (packet 9)."
        ),
    ),
]

NOT_TWS = [
    (
        "the seed's probe",
        opened().client.data(WRONG).server.ack().after(0.5).client.fin().server.ack().after(1).server.ack(),
        (
            "The client closed first (FIN in packet 6), 502 ms after sending `API=9.72\\0`, which is no TWS hello; "
            f"nothing was answered (a right hello is the 17 octets {RIGHT}); "
            "the gateway did not close (CLOSE_WAIT) in the 1.0 s captured after that."
        ),
    ),
    (
        "a browser",
        opened().client.data(b"GET / HTTP/1.1\r\n\r\n").server.ack().server.fin().client.fin().server.ack(),
        (
            "The gateway closed first (FIN in packet 6), 2.0 ms after the client had sent an HTTP request, "
            "which is not TWS; nothing was answered; the client closed 1.0 ms later."
        ),
    ),
    (
        "another program behind the port",
        opened().server.data(b"SSH-2.0-x\r\n").client.ack().client.fin().server.fin().client.ack(),
        (
            "The client closed first (FIN in packet 6), 2.0 ms after the gateway had sent an SSH banner, which "
            "is not TWS; "
            "the gateway closed 1.0 ms later."
        ),
    ),
    (
        "another program behind the port, which hangs up",
        greeted().server.data(b"HTTP/1.1 400 Bad Request\r\n\r\n").client.ack().server.fin().client.fin().server.ack(),
        (
            "The gateway closed first (FIN in packet 8), 2.0 ms after sending an HTTP answer, which is not TWS; "
            "the client closed 1.0 ms later."
        ),
    ),
    (
        "another program behind the port, which goes on for a while",
        greeted()
        .server.data(b"220 ftp\r\n")
        .client.ack()
        .after(5)
        .server.data(b"221 bye\r\n")
        .client.ack()
        .after(0.5)
        .server.fin()
        .client.fin()
        .server.ack(),
        (
            "The gateway closed first (FIN in packet 10), 502 ms after sending an SMTP or FTP greeting, which is not "
            "TWS; the client closed 1.0 ms later."
        ),
    ),
    (
        "an answer that is none",
        greeted().server.data(b"\0\0\0\0").client.ack().after(4).client.fin().server.fin().client.ack(),
        (
            "The client closed first (FIN in packet 8), 4.0 s after the gateway had answered the hello with "
            "`\\0\\0\\0\\0`, which is not TWS; the gateway closed 1.0 ms later."
        ),
    ),
]

ANSWERED = [
    (
        "half of startApi",
        answered().client.data(START_API[:8]).server.ack().after(2).client.fin().server.fin().client.ack(),
        (
            "The client closed first (FIN in packet 10), 2.0 s after the gateway had answered the hello with "
            "server version 178; startApi was not sent whole (8 of 12 octets of startApi); the gateway closed 1.0 ms "
            "later."
        ),
    ),
    (
        "no startApi",
        answered().after(2).client.fin().server.fin().client.ack(),
        (
            "The client closed first (FIN in packet 8), 2.0 s after the gateway had answered the hello with "
            "server version 178; startApi was never sent; the gateway closed 1.0 ms later."
        ),
    ),
    (
        "a version that the client does not support",
        answered(38).after(2).client.fin().server.fin().client.ack(),
        (
            "The client closed first (FIN in packet 8), 2.0 s after the gateway had answered the hello with "
            "server version 38, which the client does not support (it offered 157 to 178); startApi was never sent; "
            "the gateway closed 1.0 ms later."
        ),
    ),
    (
        "a redirect",
        greeted().server.data(frame("-1", "127.0.0.1:4002")).client.ack().client.fin().server.fin().client.ack(),
        (
            "The client closed first (FIN in packet 8), 2.0 ms after the gateway had answered the hello with a "
            "redirect "
            "to `127.0.0.1:4002`; startApi was never sent; the gateway closed 1.0 ms later."
        ),
    ),
    (
        "closed after startApi",
        started().server.fin().client.fin().server.ack(),
        (
            "The gateway closed first (FIN in packet 10), 2.0 ms after startApi; nextValidId and managedAccounts "
            "had not come; the client closed 1.0 ms later."
        ),
    ),
    (
        "error 326",
        started().server.data(error(326)).server.fin().client.fin().server.ack(),
        (
            "The gateway closed first (FIN in packet 11), 3.0 ms after startApi and right after error 326 of the "
            "gateway; "
            "nextValidId and managedAccounts had not come; the client closed 1.0 ms later."
        ),
    ),
    (
        "a session that ends well",
        ready().after(60).client.fin().server.fin().client.ack(),
        (
            "The client closed first (FIN in packet 12), 1 min after the last message (the gateway's nextValidId); "
            "the session was ready, with 2 messages from the client and 3 from the gateway; the gateway closed "
            "1.0 ms later."
        ),
    ),
    (
        "a session that the gateway ends, announced",
        ready().server.data(error(1300)).server.fin().client.fin().server.ack(),
        (
            "The gateway closed first (FIN in packet 13), 1.0 ms after the last message (its own error 1300); "
            "the session was ready, with 2 messages from the client and 4 from the gateway; the client closed "
            "1.0 ms later."
        ),
    ),
    (
        "a session that goes on",
        ready().after(3).client.keep_alive(),
        (
            "Nobody closed the connection within the 3.0 s captured; the session was ready, with 2 messages from the "
            "client and 3 from the gateway, the last message (the gateway's nextValidId) 3.0 s before the end."
        ),
    ),
]

CLOSES = [
    (
        "FINs that cross",
        ready().client.fin(undelivered=True).server.fin(undelivered=True),
        (
            "Client and gateway closed at the same time (their FINs cross: packets 12 and 13), 2.0 ms after the last "
            "message (the gateway's nextValidId); the session was ready, with 2 messages from the client and 3 "
            "from the "
            "gateway."
        ),
    ),
    (
        "a FIN that was lost on the way, and seconds later the other one's",
        ready().client.fin(undelivered=True).after(4).server.fin(undelivered=True).client.bare_rst(),
        (
            "Client and gateway closed without having heard of each other (their FINs cross, 4.0 s apart: packets 12 "
            "and 13), 2.0 ms after the last message (the gateway's nextValidId); "
            "the session was ready, with 2 messages from the client and 3 from the gateway."
        ),
    ),
    (
        "a FIN that the capture lacks",
        ready().server.fin(unseen=True).client.ack().client.fin().server.ack(),
        (
            "The gateway probably closed first (its FIN is not in the capture, but the client acknowledged it), "
            "after the "
            "last message (its own nextValidId); the session was ready, with 2 messages from the client and 3 from the "
            "gateway; the client closed too."
        ),
    ),
    (
        "a half-close",
        ready()
        .client.fin()
        .server.ack()
        .after(1)
        .server.data(frame("49", "1", "1795394272"))
        .client.ack()
        .server.fin()
        .client.ack(),
        (
            "The client closed first (FIN in packet 12), 2.0 ms after the last message (the gateway's nextValidId); "
            "the session was ready, with 2 messages from the client and 4 from the gateway; "
            "the gateway went on sending and closed 1.0 s later."
        ),
    ),
    (
        "a FIN sent again and never acknowledged",
        ready().client.fin(undelivered=True).after(1).client.fin_again(undelivered=True),
        (
            "The client probably closed first (FIN in packet 12), 2.0 ms after the last message (the gateway's "
            "nextValidId); the session was ready, with 2 messages from the client and 3 from the gateway; "
            "that FIN was not acknowledged in the 1.0 s captured after that, though it was sent 2 times "
            "(a FIN of the gateway's may have been lost on the way: nothing came from it any more)."
        ),
    ),
    (
        "a FIN that something between the two answered",
        ready().client.fin(undelivered=True).server.bare_rst(ttl=63),
        (
            "The client probably closed first (FIN in packet 12), 2.0 ms after the last message (the gateway's "
            "nextValidId); the session was ready, with 2 messages from the client and 3 from the gateway; a RST in the "
            "gateway's name followed (packet 13), with another time to live than its packets (that RST has no ACK, so "
            "its sender had no such connection: the gateway may have ended it before)."
        ),
    ),
    (
        "a session made ready too late for a client that had sent no hello at all",
        opened().client.data(WRONG).server.ack().client.fin().server.data(NEXT_VALID_ID + MANAGED_ACCOUNTS),
        (
            "The client closed first (FIN in packet 6), 2.0 ms after sending `API=9.72\\0`, which is no TWS hello; "
            f"nothing was answered (a right hello is the 17 octets {RIGHT}); nextValidId and managedAccounts came "
            "1.0 ms too late; the gateway did not close (CLOSE_WAIT) in the 1.0 ms captured after that."
        ),
    ),
    (
        "a RST out of the window, then a FIN",
        ready().server.rst(seq=9).server.fin().client.fin().server.ack(),
        (
            "The gateway closed first (FIN in packet 13), 3.0 ms after the last message (its own nextValidId); "
            "the session was ready, with 2 messages from the client and 3 from the gateway; the client closed "
            "1.0 ms later."
        ),
    ),
    (
        "a second FIN without its acknowledgement",
        ready().client.fin().server.fin(),
        (
            "The client closed first (FIN in packet 12), 2.0 ms after the last message (the gateway's nextValidId); "
            "the session was ready, with 2 messages from the client and 3 from the gateway; "
            "the gateway closed 1.0 ms later, which the client has not acknowledged."
        ),
    ),
    (
        "a capture that begins late",
        Conversation()
        .established()
        .client.data(frame("49", "1"))
        .server.data(frame("49", "1", "1795394272"))
        .client.ack()
        .client.fin()
        .server.fin()
        .client.ack(),
        (
            "The client closed first (FIN in packet 4), 2.0 ms after the last message (the gateway's currentTime); "
            "1 message from the client and 1 from the gateway; the gateway closed 1.0 ms later "
            "(the capture began after the connection)."
        ),
    ),
    (
        "a capture that begins late, with the rest of a message",
        Conversation().established().client.data(b"\0").server.ack().client.fin().server.fin().client.ack(),
        (
            "The client closed first (FIN in packet 3), 2.0 ms after its own last octets; "
            "1 octet from the client and 0 from the gateway; the gateway closed 1.0 ms later "
            "(the capture began after the connection)."
        ),
    ),
    (
        "octets that the capture lacks",
        ready()
        .server.data(frame("49", "1", "1795394272"), unseen=True)
        .client.ack()
        .client.fin()
        .server.fin()
        .client.ack(),
        (
            "The client closed first (FIN in packet 13), 4.0 ms after the last message (the gateway's nextValidId); "
            "the session was ready, with 2 messages from the client and 3 from the gateway; the gateway closed "
            "1.0 ms later "
            "(20 octets of what was said are missing from the capture)."
        ),
    ),
]

ALL = [*UNOPENED, *BEFORE_AN_ANSWER, *NOT_TWS, *ANSWERED, *CLOSES]


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
    assert "; the client closed first on connection 1 (FIN in packet 12)" in actual


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

    assert actual.endswith("; 2 more connections ended in other ways.")


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
    actual = capture_verdict([], tcp_connections, (4001,), packets, unread=unread, left_out=left_out)

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


def test_requests_that_nothing_came_after_are_told_in_the_first_line() -> None:
    ask = frame("49", "1")
    hanging = ready().client.data(ask).server.ack().after(2).client.data(ask).server.ack()

    one = verdict(ready().client.data(ask).server.ack().after(2).client.fin().server.ack())
    two = verdict(hanging.after(2).client.fin().server.ack())
    young = verdict(ready().client.data(ask).server.ack().client.fin().server.ack())
    heard = verdict(ready().client.data(ask).server.data(error(2104)).client.ack().after(2).client.fin().server.ack())
    gap = ready().client.data(ask).server.ack().server.data(error(2104)).client.ack().after(2).client.fin()
    del gap.packets[-3]
    still = verdict(ready().client.data(ask).server.ack().after(2).server.ack())

    assert "from the gateway; the client's last request was not answered; the gateway did not close" in one
    assert "from the gateway; the client's last 2 requests were not answered; the gateway did not close" in two
    assert "before the end; the client's last request was not answered." in still
    assert "not answered" not in young + heard + verdict(gap)


def test_more_requests_than_are_listed_are_not_counted_in_the_first_line() -> None:
    talk = ready()
    for number in range(3000):
        talk = talk.client.data(frame("6", "2", "1", f"DU{number}"))

    assert "not answered" not in verdict(talk.server.ack().after(2).client.fin().server.ack())


def test_a_client_that_does_not_read_is_told_in_the_first_line() -> None:
    talk = ready().client.data(frame("49", "1")).server.data(answer()).client.ack(window=0)
    for _ in range(2):
        talk = talk.after(3).server.keep_alive().client.ack(window=0)

    assert "; the client had stopped reading (its window was 0 to the end); the client did not close" in verdict(
        talk.server.fin().client.ack(window=0)
    )


@pytest.mark.parametrize(
    ("sender", "says"),
    [
        ("client", "; the gateway's host did not acknowledge what the client sent again and again ("),
        ("server", "; the client's host did not acknowledge what the gateway sent again and again ("),
    ],
)
def test_a_host_that_is_gone_is_told_in_the_first_line(sender: str, says: str) -> None:
    talk = ready()
    end = talk.client if sender == "client" else talk.server
    start = end.next
    for _ in range(4):
        talk = end.data(frame("49", "1"), seq=start, undelivered=True).after(2)

    assert says in verdict(talk)


def test_a_fin_that_was_sent_again_and_again_is_told_once() -> None:
    talk = ready().client.fin(undelivered=True)
    for _ in range(4):
        talk = talk.after(2).client.fin_again(undelivered=True)
    told = verdict(talk)

    assert "; that FIN was not acknowledged in the 8.0 s captured after that, though it was sent 5 times (" in told
    assert "again and again" not in told


@pytest.mark.parametrize("asked", [0, 2])
def test_why_a_fin_may_wait_is_told_once(asked: int) -> None:
    talk = ready().server.data(answer()).client.ack(window=0)
    for _ in range(asked):
        talk = talk.after(3).server.keep_alive().client.ack(window=0)
    told = verdict(talk)

    assert ("; the client had stopped reading" in told) == (asked > 0)
    assert told.endswith(
        "(a FIN of the gateway's may wait unsent)."
        if asked
        else "(a FIN of the gateway's may wait unsent: the client's host took nothing more of it)."
    )


def test_keep_alives_that_nobody_answered_are_told_in_the_first_line() -> None:
    talk = ready()
    for _ in range(4):
        talk = talk.after(75).client.keep_alive(undelivered=True)

    assert verdict(talk).endswith("; the gateway's host left the client's last keep-alives unanswered.")


def test_a_list_that_never_ended_is_told_in_the_first_line() -> None:
    talk = ready().client.data(POSITIONS).server.data(A_POSITION * 3).client.ack().after(4).client.fin().server.ack()

    assert "; the list that reqPositions asked for had no end (positionEnd did not come);" in verdict(talk)


def test_several_lists_that_never_ended_are_counted_in_the_first_line() -> None:
    talk = ready().client.data(POSITIONS + CONTRACT).server.data(A_POSITION + A_CONTRACT).client.ack().after(9)

    assert verdict(talk.client.keep_alive()).endswith(
        "; 2 lists that the client asked for had no end (positionEnd for one)."
    )


@pytest.mark.parametrize(
    "talk",
    [
        ready().client.data(POSITIONS).server.data(A_POSITION, undelivered=True).after(9).server.keep_alive(),
        ready().client.data(POSITIONS).server.data(A_POSITION).client.ack(window=0).after(9).server.keep_alive(),
        ready().client.data(POSITIONS).server.data(A_POSITION).client.ack().after(1).client.fin().server.ack(),
    ],
    ids=["not acknowledged", "not read", "young"],
)
def test_a_list_whose_rest_could_not_come_yet_is_not_told_in_the_first_line(talk: Conversation) -> None:
    assert "had no end" not in verdict(talk)


def test_octets_that_are_no_message_are_told_in_the_first_line() -> None:
    actual = verdict(ready().server.data(b"\x7f\xff\xff\xf0what").client.ack().after(2).client.fin().server.ack())

    assert "; octets of the gateway in packet 12 are no TWS message; the gateway did not close" in actual


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
    talk = answered().client.data(START_API).after(9).client.keep_alive()

    actual = verdict(talk)

    assert actual == (
        "Nobody closed the connection within the 9.0 s captured; "
        "startApi was sent, nextValidId and managedAccounts did not come."
    )


def test_hellos_that_were_acknowledged_and_those_that_were_not_are_told_apart() -> None:
    taken = greeted().after(4).client.fin()
    lost = opened(client_address=("127.0.0.1", 50001), clock=taken.clock)
    lost.client.data(HELLO, undelivered=True).after(4).client.fin()

    said = verdict(taken, lost)

    assert "on connection 1 (FIN in packet 6), 4.0 s after the gateway's host had acknowledged its hello" in said
    assert "on connection 2 (FIN in packet 11), 4.0 s after its hello, which was not even acknowledged" in said


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
