"""Every rule fires on the packets it is about, and keeps still on those that only look like it."""

import importlib
import re
from pathlib import Path

import pytest

from capanalyze.timeline.findings import CERTAINTIES, SEVERITIES, Finding
from capanalyze.timeline.rules import RULES
from tests.conversation import Conversation
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
    to_itself,
)

SECOND = 1_000_000_000
IBAPI = b"API\0\x00\x00\x00\x09v100..187"
START = 1_700_000_000_000_000_000


TLS_HELLO = b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x03"
TLS_ANSWER = b"\x16\x03\x03\x00\x05\x02\x00\x00\x01\x03"
TLS_ALERT = b"\x15\x03\x03\x00\x02\x02\x28"
MARKET_DATA = frame("1", "11", "5", "0", "ES")
POSITIONS = frame("61", "1")
A_POSITION = frame("61", "3", "DU0000000", "1", "ES", "FUT")
CONTRACT = frame("9", "8", "7", "0", "ES")
A_CONTRACT = frame("10", "7", "ES", "FUT")
A_TICK = frame("1", "6", "5", "1", "100.25", "300", "0")
BINARY_START_API = b"\x00\x00\x00\x09\x00\x00\x00\x472\x001\0\0"


def other(seconds: int, port: int = 50001) -> dict[str, object]:
    """Another client, so many seconds later."""
    return {"client_address": ("127.0.0.1", port), "clock": START + seconds * SECOND}


def gave_up(seconds: float = 4) -> Conversation:
    """A client that closes so long after its hello."""
    return greeted().after(seconds).client.fin().server.ack()


def lost_frame() -> Conversation:
    """A session in which a frame of an absurd length comes."""
    return ready().server.data(b"\x7f\xff\xff\xf0" + b"x" * 64).client.ack().after(2).client.fin()


def strayed() -> Conversation:
    """A segment of the client's far ahead, which its receiver ignores; then all goes on and is answered."""
    talk = ready()
    true = talk.client.next
    talk.client.data(b"stray", seq=true + 5000, undelivered=True)
    talk.client.next = true
    for _ in range(4):
        talk.client.data(frame("49", "1")).server.data(frame("49", "1", "1700000000")).client.ack()
    return talk


def swapped(talk: Conversation) -> Conversation:
    """The last two packets in the other order, as a capture of two queues holds them."""
    first, second = talk.packets[-2:]
    first.ts_ns, second.ts_ns = second.ts_ns, first.ts_ns
    return talk


FIRES = {
    "port-refused": [Conversation().client.syn().server.rst()],
    "syn-unanswered": [Conversation().client.syn().after(1).client.syn()],
    "accept-queue-full": [gave_up(), Conversation(**other(9)).client.syn()],  # type: ignore[arg-type]
    "self-connection": [to_itself().after(1).client.fin().client.ack()],
    "client-never-speaks": [opened().after(0.1).client.fin().server.fin().client.ack()],
    "accepted-but-silent": [gave_up()],
    "closed-without-answer": [greeted().server.fin().client.fin()],
    "hello-answer-cut": [greeted().server.data(answer()[:10]).client.ack().after(4).client.fin().server.fin()],
    "late-answer": [greeted().after(6).server.data(answer()).client.ack().client.data(START_API)],
    "relay-masks-close": [gave_up().after(0.499).server.fin().client.ack()],
    "bad-hello": [opened().client.data(b"API=9.72\0").server.ack().after(0.5).client.fin()],
    "http-tls-fix-on-api-port": [opened().client.data(b"8=FIX.4.4\x019=65\x01").server.ack().client.fin()],
    "wrong-service": [opened().server.data(b"RFB 003.008\n").client.ack().client.fin()],
    "version-window-miss": [answered(38).after(4).client.fin()],
    "redirected": [greeted().server.data(frame("-1", "127.0.0.1:4002")).client.ack().client.fin()],
    "startapi-missing": [answered().after(2).client.fin()],
    "duplicate-client-id": [started().server.data(error(326)).server.fin()],
    "closed-after-startapi": [started().server.fin().client.fin()],
    "hello-answered-then-silent": [started().after(4).client.fin()],
    "no-next-valid-id": [started().server.data(MANAGED_ACCOUNTS).client.ack().after(4).client.fin()],
    "hello-with-messages": [
        opened()
        .client.data(IBAPI)
        .server.data(answer(187) + MANAGED_ACCOUNTS + NEXT_VALID_ID)
        .client.data(START_API)
        .after(9)
        .client.fin()
    ],
    "pacing-reject": [ready().server.data(error(100, "Max rate of messages per second has been exceeded"))],
    "read-only-api": [ready().server.data(error(321, "The API interface is currently in Read-Only mode.", 7))],
    "gateway-closed-midsession": [ready().server.fin().client.fin()],
    "requests-before-ready": [
        started().client.data(frame("49", "1")).server.data(MANAGED_ACCOUNTS + NEXT_VALID_ID).client.ack().after(9)
    ],
    "request-id-in-use": [ready().client.data(MARKET_DATA).server.ack().client.data(MARKET_DATA).server.ack()],
    "requests-unanswered": [ready().client.data(frame("49", "1")).server.ack().after(10).client.fin()],
    "requests-unfinished": [ready().client.data(POSITIONS).server.data(A_POSITION).client.ack().after(4).client.fin()],
    "slow-consumer": [ready().server.data(frame("49", "1", "1")).client.ack(window=0).after(2).client.fin(window=0)],
    "stream-desync": [lost_frame()],
    "peer-vanished": [
        ready()
        .client.data(frame("49", "1"), undelivered=True)
        .after(0.3)
        .client.data(frame("49", "1"), seq=1000001 + 29, undelivered=True)
        .after(0.6)
        .client.data(frame("49", "1"), seq=1000001 + 29, undelivered=True)
        .after(1.2)
        .client.data(frame("49", "1"), seq=1000001 + 29, undelivered=True)
    ],
    "upstream-lost": [ready().server.data(error(1100)).client.ack()],
    "client-leaks-close-wait": [ready().server.fin().client.ack().after(3).server.keep_alive()],
    "ipv6-localhost": [
        ready(**other(0)),
        Conversation(("::1", 50000), ("::1", 4001), clock=START - SECOND // 10).client.syn().server.rst(),
    ],
    "gateway-leaks-close-wait": [gave_up().after(3).client.keep_alive()],
    "capture-incomplete": [ready().server.data(frame("49", "1", "1"), unseen=True).client.ack()],
    "legacy-hello": [opened().client.data(b"63\0").server.data(b"76\x0020261122 17:42:22 EST\0").client.data(b"1\0")],
    "framing-mismatch": [answered(203).client.data(START_API).server.ack().after(4).client.fin()],
    "port-changed": [ready().server.data(error(1300, "reconnect on the new port - 7500")).server.fin()],
    "session-displaced": [ready().server.data(error(10197, "No market data during competing live session"))],
    "output-trimmed": [ready().server.data(error(0, "Output exceeded limit (was: 100413), removed first half"))],
    "gateway-stops-reading": [ready().client.data(frame("49", "1") * 90).server.ack(window=0)],
    "idle-timeout": [ready().after(900).client.data(frame("49", "1")).server.bare_rst()],
    "upstream-connection": [
        opened(server_address=("217.192.86.32", 4001)).client.data(TLS_HELLO).server.data(TLS_ANSWER)
    ],
}
"""Rule -> a capture on whose last connection it fires."""

KEEPS_STILL = {
    "port-refused": {
        "::1 refused before 127.0.0.1 accepts": [
            ready(**other(0)),
            Conversation(("::1", 50000), ("::1", 4001), clock=START - SECOND // 10).client.syn().server.rst(),
        ],
        "a retry that gets through": [
            Conversation().client.syn().server.rst().client.syn().server.syn_ack().client.ack()
        ],
        "a reset of an open connection": [greeted().server.rst()],
    },
    "self-connection": {
        "a SYN to itself of which nothing more was captured": [
            Conversation(client_address=("127.0.0.1", 4001)).client.syn()
        ],
        "another address with that port": [
            Conversation(client_address=("127.0.0.2", 4001)).open().client.data(HELLO).server.ack().client.fin()
        ],
    },
    "syn-unanswered": {
        "an answer to the second SYN": [
            Conversation().client.syn().after(1).client.syn().server.syn_ack().client.ack()
        ],
        "a listener that accepted others in silence": [gave_up(), Conversation(**other(9)).client.syn()],  # type: ignore[arg-type]
    },
    "accept-queue-full": {
        "a listener that answered others": [ready(), Conversation(**other(9)).client.syn()],  # type: ignore[arg-type]
        "another port": [
            gave_up(),
            Conversation(**other(9), server_address=("127.0.0.1", 4002)).client.syn(),  # type: ignore[arg-type]
        ],
    },
    "client-never-speaks": {
        "a gateway that hung up first": [opened().server.fin().client.fin()],
        "a hello": [gave_up()],
    },
    "accepted-but-silent": {
        "a young connection": [greeted().after(0.5).client.keep_alive()],
        "a gateway that hung up": [greeted().server.fin().client.fin()],
        "an answer": [answered().after(2).client.fin()],
        "a hello that was not acknowledged": [opened().client.data(HELLO, undelivered=True).after(4).client.fin()],
        "an answer that came too late": [gave_up().after(2).server.data(answer()).client.bare_rst()],
        "another protocol's answer that came too late": [gave_up().after(2).server.data(b"SSH-2.0-x\r\n")],
        "a wrong hello": [opened().client.data(b"API=9.72\0").server.ack().after(4).client.fin()],
    },
    "closed-without-answer": {
        "an answer before the close": [answered().server.fin()],
        "a client that closed first": [gave_up().server.fin()],
        "a refusal": [Conversation().client.syn().server.rst()],
    },
    "hello-answer-cut": {
        "an answer": [answered()],
        "an answer in two pieces": [greeted().server.data(answer()[:10]).after(4).server.data(answer()[10:])],
        "a young connection": [greeted().server.data(answer()[:10]).client.ack().after(0.5).client.keep_alive()],
        "another program": [greeted().server.data(b"RFB 003.008\n").client.ack().after(4).client.fin()],
        "silence": [gave_up()],
        "an answer whose rest the capture lacks": [
            greeted()
            .server.data(answer()[:10])
            .server.data(answer()[10:], unseen=True)
            .client.ack()
            .after(4)
            .client.fin()
        ],
    },
    "late-answer": {
        "an answer in time": [answered()],
        "no answer": [gave_up()],
        "part of what makes a session ready came too late": [
            started().after(4).client.fin().server.data(MANAGED_ACCOUNTS)
        ],
    },
    "relay-masks-close": {
        "a gateway that closes at once": [gave_up().server.fin()],
        "a gateway that closes a second later": [gave_up().after(1).server.fin()],
        "an answered hello": [answered().client.fin().server.ack().after(0.499).server.fin()],
    },
    "bad-hello": {
        "a right hello": [gave_up()],
        "another protocol": [opened().client.data(b"GET / HTTP/1.1\r\n\r\n")],
        "the rest of a message where the capture begins in mid-session": [
            Conversation().established().client.data(b"SMART\0\0").server.ack().client.fin()
        ],
        "a right hello captured behind the client's FIN": [swapped(opened().client.data(HELLO).client.fin())],
        "a right hello captured behind the client's RST": [swapped(opened().client.data(HELLO).client.rst())],
    },
    "http-tls-fix-on-api-port": {
        "a misspelt hello": [opened().client.data(b"API=9.72\0")],
        "TLS from the server": [greeted().server.data(b"\x15\x03\x03\x00\x02\x02\x28")],
    },
    "wrong-service": {"an answer": [answered()], "silence": [gave_up()]},
    "version-window-miss": {
        "the highest version that the client offers": [answered(178)],
        "the lowest version that the client offers": [answered(157)],
        "a redirect": [greeted().server.data(frame("-1", "127.0.0.1:4002"))],
    },
    "redirected": {"an answer": [answered()]},
    "startapi-missing": {
        "startApi": [started()],
        "a young connection": [answered().after(0.2).client.keep_alive()],
        "a version that the client refused": [answered(38).after(4).client.fin()],
        "an answer that came too late": [gave_up().after(2).server.data(answer()).client.bare_rst()],
        "startApi behind the gateway's close": [answered().server.fin().client.data(START_API).server.bare_rst()],
    },
    "duplicate-client-id": {
        "a close after startApi": [started().server.fin()],
        "another error": [started().server.data(error(321))],
    },
    "closed-after-startapi": {
        "error 326": [started().server.data(error(326)).server.fin()],
        "a client that closed": [started().client.fin().server.fin()],
        "a ready session": [ready().server.fin()],
        "startApi behind the gateway's close": [answered().server.fin().client.data(START_API).server.bare_rst()],
    },
    "hello-answered-then-silent": {
        "an answer to startApi": [ready().after(4).client.fin()],
        "part of an answer": [started().server.data(MANAGED_ACCOUNTS).client.ack().after(4).client.fin()],
        "a gateway that closed": [started().server.fin()],
        "a young session": [started().after(0.5).client.keep_alive()],
        "a session that became ready too late": [
            started().after(4).client.fin().server.data(MANAGED_ACCOUNTS + NEXT_VALID_ID)
        ],
    },
    "no-next-valid-id": {
        "a ready session": [ready().after(4).client.fin()],
        "silence": [started().after(4).client.fin()],
        "error 326": [started().server.data(error(326)).client.ack().after(4).client.fin()],
    },
    "hello-with-messages": {
        "another library": [
            opened().client.data(HELLO).server.data(answer() + MANAGED_ACCOUNTS + NEXT_VALID_ID).client.data(START_API)
        ],
        "a client that goes on": [
            opened()
            .client.data(IBAPI)
            .server.data(answer(187) + MANAGED_ACCOUNTS + NEXT_VALID_ID)
            .client.data(START_API)
            .client.data(frame("49", "1"))
        ],
        "messages of their own": [
            opened().client.data(IBAPI).server.data(answer(187)).client.data(START_API).server.data(NEXT_VALID_ID)
        ],
    },
    "pacing-reject": {"historical pacing": [ready().server.data(error(162, "pacing violation", 7))]},
    "read-only-api": {"another validation": [ready().server.data(error(321, "Invalid account code", 7))]},
    "gateway-closed-midsession": {
        "a client that closed": [ready().client.fin().server.fin()],
        "a session that was not ready": [started().server.fin()],
    },
    "requests-before-ready": {
        "early requests that were answered": [
            started()
            .client.data(frame("49", "1"))
            .server.data(MANAGED_ACCOUNTS + NEXT_VALID_ID + frame("49", "1", "1"))
            .client.ack()
        ],
        "a session that never became ready": [started().client.data(frame("49", "1")).server.ack().after(9)],
        "a request after it was ready": [ready().client.data(frame("49", "1")).server.ack().after(9)],
    },
    "request-id-in-use": {
        "an id that was cancelled": [
            ready().client.data(MARKET_DATA).client.data(frame("2", "2", "5")).client.data(MARKET_DATA).server.ack()
        ],
        "an order that is changed": [
            ready().client.data(frame("3", "5", "0", "ES")).client.data(frame("3", "5", "0", "ES")).server.ack()
        ],
        "an id of another kind": [
            ready().client.data(MARKET_DATA).client.data(frame("9", "8", "5", "0", "ES")).server.ack()
        ],
    },
    "requests-unanswered": {
        "an answer": [ready().client.data(frame("49", "1")).server.data(frame("49", "1", "1")).after(9).client.fin()],
        "a request at the very end": [ready().client.data(frame("49", "1")).server.ack().client.fin()],
        "a request that the host did not acknowledge": [
            ready().client.data(frame("49", "1"), undelivered=True).after(9).client.data(b"", undelivered=True)
        ],
        "a request that was sent too early": [
            started()
            .client.data(frame("49", "1"))
            .server.data(MANAGED_ACCOUNTS + NEXT_VALID_ID)
            .client.ack()
            .after(9)
            .client.fin()
        ],
    },
    "requests-unfinished": {
        "the end marker": [
            ready().client.data(POSITIONS).server.data(A_POSITION + frame("62", "1")).client.ack().after(4).client.fin()
        ],
        "more positions of a subscription after the end marker": [
            ready()
            .client.data(POSITIONS)
            .server.data(A_POSITION + frame("62", "1") + A_POSITION)
            .client.ack()
            .after(4)
            .client.fin()
        ],
        "a list that still flows": [
            ready()
            .client.data(POSITIONS)
            .server.data(A_POSITION)
            .after(4)
            .server.data(A_POSITION)
            .client.ack()
            .client.fin()
        ],
        "a list that flows after hundreds of other messages": [
            ready()
            .client.data(POSITIONS)
            .server.data(A_POSITION + frame("49", "1", "1") * 400)
            .after(4)
            .server.data(A_POSITION)
            .client.ack()
            .client.fin()
        ],
        "a list that the client cancelled": [
            ready()
            .client.data(POSITIONS)
            .server.data(A_POSITION)
            .client.data(frame("64", "1"))
            .server.ack()
            .after(4)
            .client.fin()
        ],
        "account values that the client wants no more": [
            ready()
            .client.data(frame("6", "2", "1", ""))
            .server.data(frame("6", "2", "AccountReady", "true", "", "DU0000000"))
            .client.data(frame("6", "2", "0", ""))
            .server.ack()
            .after(4)
            .client.fin()
        ],
        "a list that an error ended": [
            ready()
            .client.data(CONTRACT)
            .server.data(A_CONTRACT + error(200, "No security definition", 7))
            .client.ack()
            .after(4)
            .client.fin()
        ],
        "market data": [ready().client.data(MARKET_DATA).server.data(A_TICK).client.ack().after(4).client.fin()],
        "historical data of a version that has no end marker": [
            ready()
            .client.data(frame("20", "7", "0", "ES"))
            .server.data(frame("17", "7", "a", "b", "0"))
            .client.ack()
            .after(4)
            .client.fin()
        ],
    },
    "slow-consumer": {
        "a gateway that stopped reading": [ready().client.data(frame("49", "1")).server.ack(window=0)],
        "a small window": [ready().server.data(frame("49", "1", "1")).client.ack(window=1)],
    },
    "stream-desync": {
        "octets that the capture lacks": [
            ready().server.data(b"x" * 500, unseen=True).server.data(frame("49", "1", "1")).client.ack()
        ],
        "a frame of which the capture lacks the beginning": [
            ready()
            .server.data(b"\0\0\1\0", unseen=True)
            .server.data(b"\x7f" * 256)
            .client.ack()
            .server.data(b"\x7f" * 64)
            .client.ack()
        ],
        "a well-formed session": [ready()],
    },
    "peer-vanished": {
        "one retransmission": [
            ready()
            .client.data(frame("49", "1"), undelivered=True)
            .after(0.3)
            .client.data(frame("49", "1"), seq=1000001 + 29)
            .server.ack()
        ],
        "one retransmission that the capture ends after": [
            ready()
            .client.data(frame("49", "1"), undelivered=True)
            .after(0.3)
            .client.data(frame("49", "1"), seq=1000001 + 29, undelivered=True)
        ],
        "octets that are acknowledged and not answered": [gave_up()],
        "octets far ahead that the receiver ignores": [strayed()],
        "the same, and the connection is closed": [strayed().client.fin().server.ack().server.fin().client.ack()],
        "SYNs that nothing answers": [
            Conversation().client.syn().after(1).client.syn().after(1).client.syn().after(1).client.syn()
        ],
    },
    "upstream-lost": {"a farm that is all right": [ready().server.data(error(2104))]},
    "client-leaks-close-wait": {
        "a capture that ends too soon": [ready().server.fin().client.ack()],
        "a client that closes": [ready().server.fin().client.ack().after(3).client.fin().server.ack()],
        "the gateway's leak": [gave_up().after(3).client.keep_alive()],
    },
    "ipv6-localhost": {
        "no second attempt": [Conversation(("::1", 50000), ("::1", 4001)).client.syn().server.rst()],
        "a refusal of 127.0.0.1": [Conversation().client.syn().server.rst(), ready(**other(1))],
        "a second attempt that is refused too": [
            Conversation(**other(0)).client.syn().server.rst(),  # type: ignore[arg-type]
            Conversation(("::1", 50000), ("::1", 4001), clock=START - SECOND // 10).client.syn().server.rst(),
        ],
    },
    "gateway-leaks-close-wait": {
        "a capture that ends too soon": [gave_up()],
        "a gateway that closes": [gave_up().after(3).server.fin().client.ack()],
        "a client that does not close": [ready().server.fin().client.ack().after(3).server.keep_alive()],
    },
    "capture-incomplete": {"nothing missing": [ready()]},
    "legacy-hello": {
        "a right hello": [answered()],
        "a version that no old client has": [opened().client.data(b"176\0").server.ack().after(4).client.fin()],
    },
    "framing-mismatch": {
        "a text session": [ready()],
        "4-octet ids at their version": [answered(203).client.data(BINARY_START_API).server.ack().client.fin()],
        "fields in text, the last version that has them": [answered(212).client.data(BINARY_START_API).server.ack()],
        "protobuf": [answered(213).client.data(b"\0\0\0\x06\0\0\x01\x0f\x08\0").server.ack()],
    },
    "port-changed": {"another error": [ready().server.data(error(1100))]},
    "session-displaced": {"another error": [ready().server.data(error(1100))]},
    "output-trimmed": {"another error": [ready().server.data(error(0, "Output"))]},
    "gateway-stops-reading": {
        "a small window": [ready().client.data(frame("49", "1")).server.ack(window=1)],
        "a client that stops reading": [ready().server.data(frame("49", "1", "1")).client.ack(window=0)],
        "a window of 0 after the close": [ready().client.fin().server.ack(window=0).after(2).server.fin(window=0)],
    },
    "idle-timeout": {
        "a minute's silence": [ready().after(60).client.data(frame("49", "1")).server.bare_rst()],
        "a RST long after": [ready().after(900).client.data(frame("49", "1")).server.ack().after(60).server.rst()],
        "a FIN": [ready().after(900).client.data(frame("49", "1")).server.fin()],
        "keep-alives that were answered": [
            ready()
            .after(600)
            .client.keep_alive()
            .server.ack()
            .after(300)
            .client.data(frame("49", "1"))
            .server.bare_rst()
        ],
    },
    "upstream-connection": {
        "TLS to a gateway of the same network": [
            opened(client_address=("10.0.0.1", 50000), server_address=(address, 4001))
            .client.data(TLS_HELLO)
            .server.data(TLS_ANSWER)
            for address in ("192.168.1.9", "172.31.1.9", "10.0.1.9", "100.64.1.9", "127.0.0.1", "169.254.1.9")
        ],
        "TLS to an address that is not global": [
            opened(client_address=("10.0.0.1", 50000), server_address=(address, 4001))
            .client.data(TLS_HELLO)
            .server.data(TLS_ANSWER)
            for address in ("192.0.2.9", "198.51.100.9", "203.0.113.9", "198.18.0.9", "240.0.0.1")
        ],
        "a gateway that answers TLS with an alert": [
            opened(server_address=("217.192.86.32", 4001)).client.data(TLS_HELLO).server.data(TLS_ALERT).server.fin()
        ],
        "a gateway that does not answer TLS": [
            opened(server_address=("217.192.86.32", 4001)).client.data(TLS_HELLO).server.ack().after(4).client.fin()
        ],
        "a hello to a public address": [greeted(server_address=("217.192.86.32", 4001))],
    },
}
"""Rule -> captures on whose last connection it keeps still."""

FIRING = [pytest.param(name, talks, id=name) for name, talks in FIRES.items()]
STILL = [
    pytest.param(name, talks, id=f"{name}: {why}")
    for name, cases in KEEPS_STILL.items()
    for why, talks in cases.items()
]


@pytest.mark.parametrize(("name", "talks"), FIRING)
def test_a_rule_fires_where_it_should(name: str, talks: list[Conversation]) -> None:
    actual = findings(*talks)

    assert name in [found for _, found in actual]


@pytest.mark.parametrize(("name", "talks"), STILL)
def test_a_rule_keeps_still_on_a_near_miss(name: str, talks: list[Conversation]) -> None:
    actual = findings(*talks)

    assert name not in [found for _, found in actual]


def test_every_rule_has_captures_that_fire_it_and_near_misses() -> None:
    names = [rule.id for rule in RULES]

    assert sorted(names) == sorted(FIRES) == sorted(KEEPS_STILL)


@pytest.mark.parametrize("rule", [pytest.param(rule, id=rule.id) for rule in RULES])
def test_a_rule_says_why_it_matters_what_it_is_not_and_where_its_facts_come_from(rule: object) -> None:
    module = importlib.import_module(rule.check.__module__)  # type: ignore[attr-defined]

    text = module.__doc__ or ""

    assert text.startswith(f"{rule.id}: ")  # type: ignore[attr-defined]
    assert "Why it matters:" in text
    assert "What it is not:" in text
    assert "Source of the facts:" in text


def test_every_rule_file_is_registered() -> None:
    folder = Path(importlib.import_module("capanalyze.timeline.rules").__file__ or "").parent

    files = sorted(path.stem.replace("_", "-") for path in folder.glob("*.py") if path.stem != "__init__")

    assert files == sorted(rule.id for rule in RULES)


def found(name: str, *talks: Conversation) -> Finding:
    """The finding of that name on the last of its connections."""
    return [finding for _, finding in report(*talks).all_findings() if finding.id == name][-1]


def fired(name: str) -> tuple[Finding, int]:
    """The finding of that name in its capture, and the capture's number of packets."""
    return found(name, *FIRES[name]), report(*FIRES[name]).capture.packets


@pytest.mark.parametrize("name", sorted(FIRES))
def test_a_finding_cites_packets_of_the_capture_and_says_what_it_saw(name: str) -> None:
    finding, packets = fired(name)

    assert finding.packets
    assert all(1 <= packet <= packets for packet in finding.packets)
    assert finding.evidence
    assert finding.severity in SEVERITIES
    assert {finding.certainty, *(cause.certainty for cause in finding.causes)} <= set(CERTAINTIES)
    assert finding.advice


@pytest.mark.parametrize("name", sorted(FIRES))
def test_a_title_holds_no_figure_so_that_it_can_be_told_once_for_many_connections(name: str) -> None:
    finding, _ = fired(name)

    assert finding.title.isascii()
    assert not re.search(r"\d", re.sub(r"\(error \d+\)", "", finding.title))


def test_a_client_that_began_start_api_was_written_with_it() -> None:
    talk = answered().client.data(START_API[:8]).server.ack().after(2).client.fin()

    finding = next(one for _, one in report(talk).all_findings() if one.id == "startapi-missing")

    assert finding.evidence[-1] == "behind its hello the client sent 8 of 12 octets of startApi"
    assert [cause.text for cause in finding.causes] == ["the client gave up while it sent startApi"]


@pytest.mark.parametrize("name", sorted(FIRES))
def test_where_several_causes_leave_the_same_packets_none_is_certain(name: str) -> None:
    finding, _ = fired(name)

    assert all(cause.certainty != "certain" for cause in finding.causes)


def test_the_default_time_out_of_the_library_is_named() -> None:
    finding, _ = fired("accepted-but-silent")

    assert "the client closed 4 s after its SYN, which is the default time-out of ib_async" in finding.evidence


def test_a_wrong_hello_is_the_cause_for_certain_only_where_a_right_one_was_answered() -> None:
    wrong = opened(**other(5)).client.data(b"API=9.72\0").server.ack().after(1).client.fin()

    alone = found("bad-hello", wrong)
    beside = found("bad-hello", ready(), wrong)

    assert [cause.certainty for cause in alone.causes] == ["possible"]
    assert [cause.certainty for cause in beside.causes] == ["likely"]


def test_the_connection_that_holds_a_duplicate_client_id_is_named() -> None:
    refused = started(**other(5)).server.data(error(326)).server.fin()

    finding = found("duplicate-client-id", ready(), refused)

    assert "the same id was used by connection 1 of this capture, still open at the gateway" in finding.evidence
    assert finding.causes[0].text == "that client still holds the id (its local port: 50000)"


def test_a_client_that_has_closed_does_not_hold_its_id_any_more_but_the_gateway_may() -> None:
    left = ready().client.fin().server.ack()
    refused = started(**other(5)).server.data(error(326)).server.fin()

    finding = found("duplicate-client-id", left, refused)

    assert "the same id was used by connection 1, which its client had closed and the gateway not" in finding.evidence
    assert [(cause.text, cause.certainty) for cause in finding.causes] == [
        ("an earlier connection of this client has not been released yet", "likely"),
        ("another live program uses the same id", "possible"),
    ]


def test_sessions_that_the_gateway_ends_together_point_to_its_restart() -> None:
    first = ready().after(1).server.fin()
    second = ready(client_address=("127.0.0.1", 50001)).after(1.2).server.fin()

    finding = found("gateway-closed-midsession", first, second)

    assert "connections 1 and 2 ended within the same second" in finding.evidence
    assert [cause.certainty for cause in finding.causes] == ["likely"]


@pytest.mark.parametrize(
    ("name", "early"),
    [("port-refused", Conversation().client.syn().server.rst()), ("closed-without-answer", greeted().server.rst())],
)
def test_a_gateway_that_answers_later_was_only_starting(name: str, early: Conversation) -> None:
    alone, followed = (
        next(finding for _, finding in report(*talks).all_findings() if finding.id == name).causes[0]
        for talks in ([early], [early, answered(**other(30))])
    )

    assert "still starting" not in alone.text
    assert followed.text == "the gateway was still starting: it answered connection 2 later"
    assert followed.certainty == "likely"


def test_an_announced_close_names_the_error_that_announced_it() -> None:
    talk = ready().server.data(error(1300, "TWS socket port has been reset")).server.fin()

    finding = found("gateway-closed-midsession", talk)

    assert "error 1300 in packet 12: `TWS socket port has been reset`" in finding.evidence


def test_a_session_is_ready_with_both_messages_in_any_order() -> None:
    talk = started().server.data(NEXT_VALID_ID).server.data(MANAGED_ACCOUNTS).client.ack().after(4).client.fin()

    actual = findings(talk)

    assert actual == []


def test_a_gateway_that_closes_within_a_message_says_so() -> None:
    talk = ready().server.data(frame("49", "1", "1700000000")[:-4]).server.fin()

    finding = found("gateway-closed-midsession", talk)

    assert "its last message is not whole: 16 of 20 octets of currentTime" in " ".join(finding.evidence)


def test_a_request_just_before_the_close_is_named() -> None:
    talk = ready().client.data(frame("49", "1")).server.fin()

    finding = found("gateway-closed-midsession", talk)

    text = "it rejected the client's last request (reqCurrentTime) in packet 12, 1.0 ms before"
    assert finding.causes[1].text == text


def test_a_refusal_behind_a_relay_points_to_it() -> None:
    outer = greeted(client_address=("172.17.0.1", 50000), server_address=("172.17.0.2", 4004))
    inner = Conversation(("127.0.0.1", 41000), clock=outer.clock).client.syn().server.rst()
    outer.clock = inner.clock
    outer.server.fin().client.fin()

    finding = next(entry for _, entry in report(outer, inner).all_findings() if entry.id == "closed-without-answer")

    assert finding.causes[0].text == "a relay accepted and found no gateway: connection 2 was refused at that moment"


@pytest.mark.parametrize(
    ("refused_client", "certainty"),
    [("172.17.0.2", "likely"), ("127.0.0.1", "likely"), ("172.17.0.1", ""), ("172.17.0.9", "")],
    ids=["the relay's host", "the relay's host by loopback", "the client's own host", "a third host"],
)
def test_a_refusal_is_the_other_leg_of_a_relay_only_from_its_host(refused_client: str, certainty: str) -> None:
    assert leg_certainty(("172.17.0.1", "172.17.0.2"), refused_client) == certainty


def test_a_refusal_may_be_the_client_s_own_where_all_is_on_one_host() -> None:
    assert leg_certainty(("127.0.0.1", "127.0.0.1"), "127.0.0.1") == "possible"


def leg_certainty(hosts: tuple[str, str], refused_client: str) -> str:
    """How sure the other leg of a relay is, "" where it is none, with a refusal of that client in between."""
    outer = greeted(client_address=(hosts[0], 50000), server_address=(hosts[1], 4004))
    inner = Conversation((refused_client, 41000), ("127.0.0.1", 4001), clock=outer.clock).client.syn().server.rst()
    outer.clock = inner.clock
    outer.server.fin().client.fin()
    finding = next(entry for _, entry in report(outer, inner).all_findings() if entry.id == "closed-without-answer")
    return next((cause.certainty for cause in finding.causes if "was refused at that moment" in cause.text), "")


REQUESTS = frame("49", "1") * 90


@pytest.mark.parametrize(
    ("talk", "severity"),
    [
        (ready().client.data(REQUESTS).server.ack(window=0).server.ack(window=900).server.data(MARKET_DATA), "notice"),
        (ready().client.data(REQUESTS).server.ack(window=0).after(0.9).client.fin(), "notice"),
        (ready().client.data(REQUESTS).server.ack(window=0).after(1).client.fin(), "problem"),
        (ready().client.data(REQUESTS).server.ack(window=0).after(9).client.fin().server.ack(window=900), "problem"),
        (ready().client.data(REQUESTS).server.ack(window=0).after(0.3).client.data(b"\0").server.ack(), "problem"),
        (ready().client.data(REQUESTS).server.ack(window=0).after(2).server.ack(window=900).client.fin(), "notice"),
    ],
    ids=[
        "opened at once",
        "shut less than a second",
        "shut for a second",
        "opened only after the close",
        "a probe",
        "opened before anybody asked",
    ],
)
def test_a_gateway_that_stops_reading_is_a_problem_where_the_client_has_to_wait(
    talk: Conversation, severity: str
) -> None:
    assert found("gateway-stops-reading", talk).severity == severity


def test_packets_with_a_window_of_0_are_counted_however_many() -> None:
    talk = ready().client.data(REQUESTS)
    for _ in range(120):
        talk.server.ack(window=0).after(1)

    assert found("gateway-stops-reading", talk).evidence[0] == "window 0 from the gateway in 120 packets"


@pytest.mark.parametrize(("code", "says"), [(1300, "connect to the port"), (1100, "read the gateway's log")])
def test_after_a_change_of_port_no_client_is_sent_back_to_the_old_one(code: int, says: str) -> None:
    advice = found("gateway-closed-midsession", ready().server.data(error(code)).server.fin()).advice

    assert advice.startswith(says)
    assert ("reconnect after a pause" in advice) == (code != 1300)


def test_keep_alives_that_nobody_answers_show_a_peer_that_is_gone() -> None:
    talk = ready().client.keep_alive().server.ack()
    for _ in range(4):
        talk.after(75).client.keep_alive(undelivered=True)
    talk.client.rst()

    finding = found("peer-vanished", talk)

    assert finding.title == "The gateway's host stopped answering the client's keep-alives"
    assert finding.evidence == ("4 keep-alives by the client, none answered",)


def test_a_request_that_was_not_acknowledged_is_not_said_to_be() -> None:
    request = frame("49", "1")
    talk = ready().client.data(request).server.ack().client.data(request, undelivered=True)

    finding = found("requests-unanswered", talk.after(9).client.data(b"", undelivered=True))

    assert finding.evidence[0] == "no answer to reqCurrentTime (packet 12)"
    assert finding.evidence[1].endswith("its host did not acknowledge all of it")


def test_an_id_in_use_is_a_problem_where_the_gateway_says_so() -> None:
    talk = ready().client.data(MARKET_DATA).client.data(MARKET_DATA).server.data(error(102, "Duplicate ticker ID", 5))

    finding = found("request-id-in-use", talk)

    assert (finding.severity, finding.certainty) == ("problem", "certain")
    assert finding.evidence[1].endswith("`Duplicate ticker ID`")


def test_what_follows_a_hello_and_is_no_message_is_told() -> None:
    talk = opened().client.data(HELLO + b"\0").server.ack().after(4).client.fin()

    finding = found("accepted-but-silent", talk)

    assert "behind the hello the client sent 1 octet of a length that is not whole: nothing belongs there" in (
        finding.evidence
    )


@pytest.mark.parametrize("in_time", [b"", MANAGED_ACCOUNTS])
def test_a_session_that_became_ready_when_the_client_had_closed_was_late(in_time: bytes) -> None:
    talk = started().server.data(in_time) if in_time else started()
    late = NEXT_VALID_ID if in_time else MANAGED_ACCOUNTS + NEXT_VALID_ID
    talk.after(4).client.fin().server.ack().after(2).server.data(late).client.bare_rst()

    finding = found("late-answer", talk)

    assert finding.title == "The gateway made the session ready after the client had given up"
    assert finding.evidence[-1] == "the client had closed 4.0 s after startApi"
    assert finding.advice == "give the client a time-out above 6.0 s, or start it later"


def test_every_list_that_was_not_ended_is_told_with_the_end_marker_that_lacks() -> None:
    talk = ready().client.data(POSITIONS + CONTRACT).server.data(A_POSITION * 300 + A_CONTRACT).client.ack()

    finding = found("requests-unfinished", talk.after(9).server.data(frame("49", "1", "1")))

    assert finding.certainty == "certain"
    assert [text.split(":")[0] for text in finding.evidence] == [
        "no positionEnd for reqPositions (packet 12)",
        "no contractDetailsEnd for reqContractDetails (packet 12)",
    ]
    assert finding.evidence[0].endswith(": its newest answer came in packet 13, 9.0 s before the capture ended")


def test_an_end_marker_that_the_capture_may_lack_is_only_suspected_to_be_missing() -> None:
    talk = (
        ready().client.data(POSITIONS).server.data(A_POSITION).server.data(frame("62", "1"), unseen=True).client.ack()
    )

    assert found("requests-unfinished", talk.after(4).client.fin()).certainty == "possible"


def test_a_malformed_request_just_before_the_close_is_told_and_makes_its_rejection_likely() -> None:
    cut = b"\0\0\0\x04" + b"49\x001"
    finding = found("gateway-closed-midsession", ready().client.data(cut).server.ack().server.fin())

    assert (
        "the client's reqCurrentTime in packet 12 is malformed, 2.0 ms before the close: does not end with a NUL"
        in finding.evidence
    )
    assert [(cause.text, cause.certainty) for cause in finding.causes] == [
        ("it rejected the client's last request (reqCurrentTime) in packet 12, 2.0 ms before", "likely")
    ]


@pytest.mark.parametrize("wait", [0, 9])
def test_a_request_that_is_right_or_was_long_ago_is_not_called_malformed(wait: float) -> None:
    request = b"\0\0\0\x04" + b"49\x001" if wait else frame("49", "1")
    finding = found("gateway-closed-midsession", ready().client.data(request).server.ack().after(wait).server.fin())

    assert "malformed" not in " ".join(finding.evidence)
    assert {cause.certainty for cause in finding.causes} == {"possible"}


@pytest.mark.parametrize(
    ("version", "sent", "severity", "names"),
    [
        (213, BINARY_START_API, "problem", "startApi (since 213)"),
        (206, b"\0\0\0\x0a\0\0\0\x01" + b"11\x005\0\0", "notice", "reqMktData (since 206)"),
    ],
)
def test_a_request_in_text_where_the_version_has_protobuf_is_a_mismatch(
    version: int, sent: bytes, severity: str, names: str
) -> None:
    finding = found("framing-mismatch", answered(version).client.data(sent).server.ack().after(4).client.fin())

    assert (finding.severity, finding.certainty) == (severity, "certain")
    assert finding.evidence[0].endswith(f"these had fields in text: {names}")


@pytest.mark.parametrize("octets", range(1, 30))
def test_wherever_the_answer_to_the_hello_is_cut_it_is_told(octets: int) -> None:
    talk = greeted().server.data(answer()[:octets]).client.ack().after(4).server.fin()

    finding = found("hello-answer-cut", talk)

    assert finding.evidence[0].startswith(f"the server's hello is cut: {octets} o")
    assert finding.evidence[1] == "nothing more in the 4.0 s until the gateway closed"
    assert not [name for _, name in findings(talk) if name == "wrong-service"]


def test_what_the_client_sent_with_start_api_is_named_where_the_gateway_then_closed() -> None:
    finding = found("closed-after-startapi", answered().client.data(START_API + frame("17", "1")).server.fin())

    assert "the client had sent more with or after startApi: reqManagedAccts (packet 8)" in finding.evidence
    assert "sent more" not in " ".join(found("closed-after-startapi", started().server.fin()).evidence)


def test_a_request_in_a_packet_of_its_own_after_start_api_is_cited_too() -> None:
    talk = started().client.data(frame("17", "1")).server.fin()

    assert found("closed-after-startapi", talk).packets == (8, 10, 11)


TICKS = frame("49", "1", "1") * 9


@pytest.mark.parametrize(
    ("talk", "severity", "says"),
    [
        (ready().server.data(TICKS).client.ack(window=0), "notice", "it stayed 0 for 0 ms, from packet 13"),
        (ready().server.data(TICKS).client.ack(window=0).after(0.2).client.ack(window=900), "notice", "at least 0 ms"),
        (
            ready().server.data(TICKS).client.ack(window=0).after(3).client.fin(window=0),
            "problem",
            "it stayed 0 for 3.0 s, from packet 13 until the client closed",
        ),
        (
            ready().server.data(TICKS).client.ack(window=0).after(3).server.fin(),
            "problem",
            "it stayed 0 for 3.0 s, from packet 13 until the gateway closed",
        ),
        (
            ready()
            .server.data(TICKS)
            .client.ack(window=0)
            .after(3)
            .server.keep_alive()
            .client.ack(window=0)
            .after(0.2)
            .client.ack(window=900),
            "problem",
            "it stayed 0 for at least 3.0 s, from packet 13 until it opened in packet 16",
        ),
        (
            ready().server.data(TICKS).client.ack(window=0).client.ack(window=900).after(9).client.ack(window=0),
            "notice",
            "it stayed 0 for",
        ),
    ],
    ids=["the capture ends at once", "a moment", "until the close", "the gateway closed", "opened", "twice a moment"],
)
def test_a_client_that_stops_reading_is_a_problem_where_it_lasts(talk: Conversation, severity: str, says: str) -> None:
    finding = found("slow-consumer", talk)

    assert finding.severity == severity
    assert says in finding.evidence[1]


@pytest.mark.parametrize("silence", [1, 900])
def test_a_rst_is_said_to_come_from_the_gateway_s_side_and_after_a_long_silence_a_nat_may_have_sent_it(
    silence: float,
) -> None:
    finding = found("gateway-closed-midsession", ready().after(silence).server.bare_rst())

    assert finding.title == "A RST from the gateway's side ended a working session"
    assert finding.evidence[0].startswith("RST from the gateway's side")
    assert "NAT" in finding.evidence[1]
    assert any("NAT" in cause.text for cause in finding.causes) == (silence == 900)


def test_an_idle_session_whose_next_request_meets_a_rst_may_have_been_forgotten_between() -> None:
    talk = ready().after(900).client.data(frame("49", "1")).server.bare_rst()

    assert any("NAT" in cause.text for cause in found("gateway-closed-midsession", talk).causes)
    assert found("gateway-closed-midsession", ready().server.fin()).title == "The gateway ended a working session"
