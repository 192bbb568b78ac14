"""A capture for every rule, on which it fires; and all near misses. A helper of the tests."""

from tests.conversation import Conversation
from tests.timeline import near_misses_requests, near_misses_session, near_misses_start
from tests.timeline.rule_talks import (
    A_POSITION,
    AN_ORDER_STATUS,
    CANCEL_HISTORY,
    CONTRACT,
    HISTORY,
    IBAPI,
    MARKET_DATA,
    ORDER,
    POSITIONS,
    SECOND,
    START,
    TLS_ANSWER,
    TLS_HELLO,
    asked_at_once,
    asked_too_early,
    gave_up,
    held_up,
    lost_frame,
    other,
)
from tests.timeline.talk import (
    MANAGED_ACCOUNTS,
    NEXT_VALID_ID,
    START_API,
    answer,
    answered,
    asked_twice,
    error,
    frame,
    greeted,
    opened,
    ready,
    started,
    to_itself,
)

FIRES = {
    "port-refused": [Conversation().client.syn().server.rst()],
    "syn-unanswered": [Conversation().client.syn().after(1).client.syn()],
    "accept-queue-full": [gave_up(), asked_twice(**other(9))],
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
    "requests-refused": [ready().client.data(CONTRACT).server.data(error(200, "No security definition", 7))],
    "order-unconfirmed": [
        ready(**other(9)).server.data(AN_ORDER_STATUS).client.ack(),
        ready().client.data(ORDER).client.fin().server.fin().client.ack(),
    ],
    "requests-given-up": [ready().client.data(HISTORY).server.ack().after(60).client.data(CANCEL_HISTORY).server.ack()],
    "gateway-closed-midsession": [ready().server.fin().client.fin()],
    "client-reset-midsession": [ready().server.data(frame("49", "1", "1") * 9).client.rst()],
    "injected-rst": [ready().after(20).server.rst(ttl=250)],
    "requests-before-ready": [asked_too_early()],
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
    "not-acknowledged": [held_up()],
    "upstream-lost": [ready().server.data(error(1100)).client.ack()],
    "farm-status": [
        ready().server.data(error(2103, "Market data farm connection is broken:usfarm")).after(5).client.fin()
    ],
    "client-leaks-close-wait": [ready().server.fin().client.ack().after(3).server.keep_alive()],
    "ipv6-localhost": [
        ready(**other(0)),
        Conversation(("::1", 50000), ("::1", 4001), clock=START - SECOND // 10).client.syn().server.rst(),
    ],
    "gateway-leaks-close-wait": [gave_up().after(3).client.keep_alive()],
    "payload-blank": [opened().client.data(bytes(17)).server.ack().server.data(bytes(30)).client.fin()],
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
    **near_misses_start.BEFORE_READY,
    **near_misses_session.IN_SESSION,
    **near_misses_requests.OF_REQUESTS,
}
"""Rule -> captures on whose last connection it keeps still."""
