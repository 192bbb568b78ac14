"""Captures that only look like those on which the other rules fire. A helper of the tests."""

from tests.conversation import Conversation
from tests.timeline.rule_talks import (
    A_FARM,
    A_TICK,
    BINARY_START_API,
    LOST_FARM,
    PROTOBUF_START_API,
    SECOND,
    START,
    TLS_ALERT,
    TLS_ANSWER,
    TLS_HELLO,
    gave_up,
    held_up,
    other,
    strayed,
)
from tests.timeline.talk import (
    HELLO,
    answered,
    error,
    frame,
    greeted,
    opened,
    ready,
    started,
)

IN_SESSION = {
    "not-acknowledged": {
        "a host that fell silent": [held_up(heard=False)],
        "a packet that was lost and came again": [
            ready()
            .server.data(A_TICK, undelivered=True)
            .after(1)
            .server.data(A_TICK, seq=ready().server.next)
            .client.ack()
            .after(9)
            .client.data(frame("49", "1"))
        ],
        "a client that does not read": [held_up().client.ack(window=0)],
        "a connection that was reset": [held_up().client.rst()],
    },
    "gateway-closed-midsession": {
        "a client that closed": [ready().client.fin().server.fin()],
        "a session that was not ready": [started().server.fin()],
        "the end of keep-alives that nobody answers": [
            ready()
            .after(75)
            .server.keep_alive(undelivered=True)
            .after(75)
            .server.keep_alive(undelivered=True)
            .after(75)
            .server.keep_alive(undelivered=True)
            .after(75)
            .server.rst()
        ],
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
    "payload-blank": {
        "a session": [ready()],
        "a few octets": [opened().client.data(bytes(4)).server.ack().after(4).client.fin()],
        "another protocol": [opened().client.data(b"GET / HTTP/1.1\r\n\r\n").server.ack().client.fin()],
        "octets that end otherwise": [opened().client.data(bytes(64) + b"\1" * 64).server.ack().client.fin()],
    },
    "legacy-hello": {
        "a right hello": [answered()],
        "a version that no old client has": [opened().client.data(b"176\0").server.ack().after(4).client.fin()],
    },
    "framing-mismatch": {
        "a text session": [ready()],
        "4-octet ids at their version": [answered(203).client.data(BINARY_START_API).server.ack().client.fin()],
        "fields in text, the last version that has them": [answered(212).client.data(BINARY_START_API).server.ack()],
        "protobuf": [answered(213).client.data(PROTOBUF_START_API).server.ack()],
    },
    "farm-status": {
        "connected": [ready().server.data(A_FARM).after(5).client.fin()],
        "just lost": [ready().server.data(LOST_FARM).client.fin()],
        "back again": [ready().server.data(LOST_FARM).after(5).server.data(A_FARM).after(5).client.fin()],
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
"""Rule about a session, its end or the capture -> captures on whose last connection it keeps still."""
