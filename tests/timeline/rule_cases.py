"""Captures for every rule: those on which it fires, and those that only look like it. A helper of the tests."""

from tests.conversation import Conversation
from tests.timeline.talk import (
    HELLO,
    MANAGED_ACCOUNTS,
    NEXT_VALID_ID,
    START_API,
    answer,
    answered,
    error,
    frame,
    greeted,
    opened,
    ready,
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


def asked_at_once(number: int, first: float, each: float, *, also: bytes = b"") -> Conversation:
    """So many requests at once, the first answered after so many seconds, every further one so much later."""
    talk = ready()
    for start in range(0, number, 40):
        talk.client.data(b"".join(frame("1", "11", str(one), "0", "ES") for one in range(start, start + 40)))
    talk.server.ack()
    sent, talk.step_ns = talk.clock, 0
    if also:
        talk.server.data(also)
    for one in range(number):
        talk.clock = sent + round((first + one * each) * SECOND)
        talk.server.data(frame("81", str(one), "0.01", "a", "3"))
    return talk.client.ack()


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
    "client-left-early": [greeted().client.fin().server.fin().client.ack()],
    "late-answer": [greeted().after(6).server.data(answer()).client.ack().client.data(START_API)],
    "relay-masks-close": [gave_up().after(0.499).server.fin().client.ack()],
    "bad-hello": [opened().client.data(b"API=9.72\0").server.ack().after(0.5).client.fin()],
    "http-tls-fix-on-api-port": [opened().client.data(b"8=FIX.4.4\x019=65\x01").server.ack().client.fin()],
    "wrong-service": [opened().server.data(b"RFB 003.008\n").client.ack().client.fin()],
    "version-window-miss": [answered(38).after(4).client.fin()],
    "redirected": [greeted().server.data(frame("-1", "127.0.0.1:4002")).client.ack().client.fin()],
    "startapi-missing": [answered().after(2).client.fin()],
    "closed-after-hello": [answered().server.fin().client.fin()],
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
    "pacing-queue": [asked_at_once(160, 0.02, 0.02)],
    "read-only-api": [ready().server.data(error(321, "The API interface is currently in Read-Only mode.", 7))],
    "gateway-closed-midsession": [ready().server.fin().client.fin()],
    "client-reset-midsession": [ready().server.data(frame("49", "1", "1") * 9).client.rst()],
    "injected-rst": [ready().after(20).server.rst(ttl=250)],
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
        "a client that does not wait": [greeted().client.fin().server.fin()],
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
        "a client that closes at once": [greeted().server.data(answer()[:10]).client.fin()],
        "a client that resets at once": [greeted().server.data(answer()[:4]).client.rst()],
        "another program": [greeted().server.data(b"RFB 003.008\n").client.ack().after(4).client.fin()],
        "silence": [gave_up()],
        "a client that reads no more": [
            greeted().server.data(answer()[:10]).client.ack(window=0).after(4).client.fin(window=0)
        ],
        "an answer whose rest the capture lacks": [
            greeted()
            .server.data(answer()[:10])
            .server.data(answer()[10:], unseen=True)
            .client.ack()
            .after(4)
            .client.fin()
        ],
    },
    "client-left-early": {
        "a client that waited": [gave_up()],
        "a client that waited for startApi's answer": [started().after(4).client.fin()],
        "a gateway that closed": [started().server.fin()],
        "a ready session": [ready().client.fin()],
        "an answer that took long": [greeted().client.fin().after(6).server.data(answer())],
        "a session that took long to become ready": [
            started().client.fin().after(6).server.data(MANAGED_ACCOUNTS + NEXT_VALID_ID)
        ],
        "a version that the client refused": [answered(38).client.fin()],
        "an id that was in use": [started().server.data(error(326)).client.fin()],
        "startApi that the capture may lack": [
            answered().client.data(START_API, unseen=True).server.ack().client.fin()
        ],
    },
    "closed-after-hello": {
        "a client that closed": [answered().client.fin()],
        "a gateway that waited for startApi": [answered().after(5).server.fin()],
        "startApi before the close": [started().server.fin()],
        "a redirect": [greeted().server.data(frame("-1", "127.0.0.1:4002")).server.fin()],
    },
    "late-answer": {
        "an answer in time": [answered()],
        "an answer in time to a client that had left at once": [greeted().client.fin().server.data(answer())],
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
        "a client that closes at once, as a probe does": [answered().client.fin()],
        "a gateway that closes at once": [answered().server.fin().client.fin()],
        "a gateway whose FIN the capture lacks": [answered().server.fin(unseen=True).client.ack().client.fin()],
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
        "a client that does not wait": [started().client.fin().server.fin()],
        "an answer to startApi": [ready().after(4).client.fin()],
        "part of an answer": [started().server.data(MANAGED_ACCOUNTS).client.ack().after(4).client.fin()],
        "a gateway that closed": [started().server.fin()],
        "a young session": [started().after(0.5).client.keep_alive()],
        "a session that became ready too late": [
            started().after(4).client.fin().server.data(MANAGED_ACCOUNTS + NEXT_VALID_ID)
        ],
    },
    "no-next-valid-id": {
        "a client that does not wait": [started().server.data(MANAGED_ACCOUNTS).client.fin()],
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
    "pacing-queue": {
        "a burst that is answered as fast as it came": [asked_at_once(400, 0.01, 0.0005)],
        "a burst that a fast gateway works off": [asked_at_once(400, 0.01, 0.005)],
        "a slow gateway": [asked_at_once(80, 0.1, 0.1)],
        "a gateway that was busy, and answered all then": [asked_at_once(160, 1.5, 0.001)],
        "no more than 50 a second": [asked_at_once(40, 0.05, 0.05)],
        "a gateway that rejects": [asked_at_once(160, 0.02, 0.02, also=error(100))],
    },
    "read-only-api": {"another validation": [ready().server.data(error(321, "Invalid account code", 7))]},
    "gateway-closed-midsession": {
        "a client that closed": [ready().client.fin().server.fin()],
        "a session that was not ready": [started().server.fin()],
    },
    "client-reset-midsession": {
        "a FIN": [ready().client.fin().server.ack()],
        "a RST behind both FINs": [ready().client.fin().server.fin().client.bare_rst()],
        "a session that was not ready": [started().after(4).client.rst()],
        "a reset from the gateway's side": [ready().server.rst()],
        "the end of keep-alives that nobody answers": [
            ready()
            .after(75)
            .client.keep_alive(undelivered=True)
            .after(75)
            .client.keep_alive(undelivered=True)
            .after(75)
            .client.keep_alive(undelivered=True)
            .after(75)
            .client.rst()
        ],
    },
    "injected-rst": {
        "the same time to live": [ready().server.rst()],
        "a refusal": [Conversation().client.syn().server.rst(ttl=255)],
        "a FIN": [ready().server.fin(ttl=250)],
        "a SYN-ACK of a firewall that answers for the gateway until it is there": [
            Conversation()
            .client.syn()
            .server.syn_ack(ttl=255)
            .client.ack()
            .client.data(HELLO)
            .server.ack()
            .server.rst()
        ],
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
        "a client that reads no more": [
            ready().client.data(frame("49", "1")).server.data(A_TICK).client.ack(window=0).after(9).server.keep_alive()
        ],
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
        "a client that reads no more": [
            ready().client.data(POSITIONS).server.data(A_POSITION * 9).client.ack(window=0).after(9).server.keep_alive()
        ],
        "a client's host that is gone": [
            ready()
            .client.data(POSITIONS)
            .server.data(A_POSITION)
            .client.ack()
            .server.data(A_POSITION, undelivered=True)
            .after(0.3)
            .again(ip_id=1)
            .after(0.6)
            .again(ip_id=2)
            .after(1.2)
            .again(ip_id=3)
            .after(2.4)
            .again(ip_id=4)
        ],
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
    "upstream-lost": {
        "a farm that is broken": [ready().server.data(error(2103))],
        "a farm that is all right": [ready().server.data(error(2104))],
    },
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
        "another program's port": [
            greeted().server.data(b"SSH-2.0-x\r\n").client.fin().server.ack().after(3).client.keep_alive()
        ],
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
