"""Captures that the golden files show: one for each kind of story a report has to tell."""

from __future__ import annotations

from tests.conversation import Conversation
from tests.timeline.talk import (
    answer,
    answered,
    error,
    frame,
    greeted,
    opened,
    ready,
    started,
)

SECOND = 1_000_000_000
START = 1_700_000_000_000_000_000

HOSTILE = (
    "\x1b[31mred\x1b[0m\x07 \u202egnp.exe\u202c <script>alert(1)</script> `code` **bold** [x](http://x.example) "
    "#12 @user </details> | a | b |"
)
"""Terminal escapes, bidirectional controls, HTML and Markdown, as a gateway might send them in an error text."""


def silent_gateway() -> list[Conversation]:
    """The seed's story: three clients give up on a gateway that accepts and says nothing."""
    return [
        greeted(client_address=("127.0.0.1", 50000 + index), clock=START + index * 12 * SECOND)
        .after(10)
        .client.fin()
        .server.ack()
        for index in range(3)
    ]


def wrong_hello() -> list[Conversation]:
    """The seed's probe."""
    return [opened().client.data(b"API=9.72\0").server.ack().after(0.5).client.fin().server.ack()]


def healthy() -> list[Conversation]:
    """A session with requests, a stream of ticks, and an orderly end."""
    talk = ready().server.data(error(2104, "Market data farm connection is OK:usfarm")).client.ack()
    talk.client.data(frame("49", "1")).server.data(frame("49", "1", "1700000000")).client.ack()
    for index in range(30):
        talk.after(0.2).server.data(frame("1", "6", "1001", "1", f"{100 + index}.25", "300", "0")).client.ack()
        talk.server.data(frame("2", "6", "1001", "0", str(300 + index))).client.ack()
    return [talk.after(1).client.fin().server.fin().client.ack()]


def long_session() -> list[Conversation]:
    """More events than a timeline shows."""
    talk = ready()
    for index in range(90):
        talk.after(0.1).client.data(frame("49", "1")).server.data(
            frame("49", "1", str(1700000000 + index))
        ).client.ack()
    return [talk.server.rst()]


def gateway_hangs_up() -> list[Conversation]:
    """Error 326, and the client still writing."""
    return [started().server.data(error(326, "Unable to connect as the client id is already in use.")).server.fin()]


def starting_gateway() -> list[Conversation]:
    """Refused, then reset, then a session that is still open."""
    return [
        Conversation(client_address=("127.0.0.1", 50000)).client.syn().server.rst(),
        greeted(client_address=("127.0.0.1", 50001), clock=START + 5 * SECOND).server.rst(),
        ready(client_address=("127.0.0.1", 50002), clock=START + 10 * SECOND).after(2).client.keep_alive(),
    ]


def slow_reader() -> list[Conversation]:
    """Windows, probes, retransmissions, a FIN that nobody acknowledges."""
    talk = ready().server.data(frame("49", "1", "1700000000")).client.ack(window=0)
    talk.after(0.2).server.keep_alive().client.ack(window=0).after(0.4).server.keep_alive().client.ack(window=0)
    talk.after(1).client.ack(window=65535).server.data(frame("49", "1", "1700000001"), undelivered=True)
    talk.after(0.3).server.data(frame("49", "1", "1700000001"), seq=talk.server.next - 20, undelivered=True)
    return [talk.after(2).server.fin(undelivered=True).after(1).server.fin_again(undelivered=True)]


def hostile() -> list[Conversation]:
    """Everything that a payload may hold to act on who reads it."""
    page = opened(client_address=("127.0.0.1", 50001), clock=START + SECOND).client.data(HOSTILE.encode())
    return [
        ready().server.data(error(321, HOSTILE)).client.ack().server.fin(),
        page.server.ack().client.fin(),
    ]


def late() -> list[Conversation]:
    """An answer after the client's close, over IPv6."""
    talk = greeted(client_address=("::1", 50000), server_address=("::1", 4001))
    return [talk.after(4).client.fin().server.ack().after(2).server.data(answer()).client.bare_rst()]


def nothing_for_us() -> list[Conversation]:
    """TCP connections, none of them to a gateway."""
    return [
        opened(client_address=("10.0.0.1", 50000 + index), server_address=("10.0.0.2", 443))
        .client.data(b"\x16\x03\x01\x00\x05hello")
        .client.fin()
        for index in range(2)
    ]


def old_version() -> list[Conversation]:
    """A gateway that is too old for its client."""
    return [answered(38).after(4).client.fin().server.fin().client.ack()]


STORIES = {
    "silent-gateway": silent_gateway,
    "wrong-hello": wrong_hello,
    "healthy": healthy,
    "long-session": long_session,
    "gateway-hangs-up": gateway_hangs_up,
    "starting-gateway": starting_gateway,
    "slow-reader": slow_reader,
    "hostile": hostile,
    "late": late,
    "nothing-for-us": nothing_for_us,
    "old-version": old_version,
}
"""Name -> the conversations of its capture."""
