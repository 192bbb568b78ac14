"""Captures that only look like those on which rules about a session's beginning fire. A helper of the tests."""

from tests.conversation import Conversation
from tests.timeline.rule_talks import IBAPI, SECOND, START, gave_up, other, swapped
from tests.timeline.talk import (
    HELLO,
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
)

BEFORE_READY = {
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
        "a listener that accepted others in silence": [gave_up(), asked_twice(**other(9))],
        "a capture that ends at once": [Conversation().client.syn().after(0.5).client.syn()],
        "a client that had an answer which the capture lacks": [
            Conversation().client.syn().after(2).client.bare_rst(seq=1_000_001)
        ],
    },
    "accept-queue-full": {
        "a listener that answered others": [ready(), asked_twice(**other(9))],
        "a program that closed the one before": [gave_up().server.fin().client.ack(), asked_twice(**other(9))],
        "a program that reset the one before": [gave_up().server.rst(), asked_twice(**other(9))],
        "a host that acknowledges nothing more": [
            greeted().after(4).client.fin(undelivered=True).after(1).client.fin_again(undelivered=True),
            asked_twice(**other(9)),
        ],
        "another port": [gave_up(), asked_twice(**other(9), server_address=("127.0.0.1", 4002))],
        "a capture that ends at once": [gave_up(), Conversation(**other(9)).client.syn()],  # type: ignore[arg-type]
    },
    "client-never-speaks": {
        "a gateway that hung up first": [opened().server.fin().client.fin()],
        "a hello": [gave_up()],
        "a hello in the FIN that crosses the gateway's": [opened().server.fin(undelivered=True).client.fin(HELLO)],
        "a young connection": [opened()],
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
}
"""Rule about how a session begins -> captures on whose last connection it keeps still."""
