"""Connections that ended before their hello was answered, and what the first line says of each. A table, not a test."""

from tests.conversation import Conversation
from tests.timeline.talk import (
    HELLO,
    MANAGED_ACCOUNTS,
    NEXT_VALID_ID,
    START_API,
    answer,
    answered,
    error,
    greeted,
    opened,
    ready,
    started,
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
        (
            "The connection was not open yet when the capture ended: the gateway's host accepted (SYN-ACK), "
            "and no final ACK is in the capture."
        ),
    ),
    (
        "the final ACK missing for long",
        Conversation().client.syn().server.syn_ack().after(1).server.syn_ack().after(2).server.syn_ack(),
        (
            "The connection is not seen to open in full within the 3.0 s captured: the gateway's host accepted "
            "(SYN-ACK), and no final ACK is in the capture."
        ),
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
        opened().client.data(HELLO, undelivered=True).after(1).again().after(3).client.fin(undelivered=True),
        (
            "The client probably closed first (FIN in packet 6), 4.0 s after its hello, which was not even "
            "acknowledged; that FIN was not acknowledged, but the capture ends there (a FIN of the gateway's may have "
            "been lost on the way: nothing came from it any more)."
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
        "closed for sending only, as nc does at the end of its input",
        greeted().client.fin().server.ack().server.data(answer()).client.ack().server.fin().client.ack(),
        (
            "The client closed first (FIN in packet 6), 1.0 ms after the gateway's host had acknowledged its hello and "
            "nothing was answered; the gateway answered 2.0 ms later, and the client, which had closed for sending "
            "only, took that; the gateway went on sending and closed 4.0 ms later."
        ),
    ),
    (
        "closed for sending only, and what makes a session ready came then",
        started().after(4).client.fin().server.ack().server.data(MANAGED_ACCOUNTS + NEXT_VALID_ID).client.ack(),
        (
            "The client closed first (FIN in packet 10), 4.0 s after startApi; nextValidId and managedAccounts had not "
            "come; both came 2.0 ms later, and the client, which had closed for sending only, took that; the gateway "
            "did not close (CLOSE_WAIT) in the 3.0 ms captured after that."
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
            "The gateway closed first (FIN in packet 8), 2.0 ms after it had answered the hello with server "
            "version 178; startApi came after that; the gateway then sent a RST (packet 10)."
        ),
    ),
    (
        "startApi behind a close by the gateway that was not captured",
        answered().server.fin(unseen=True).client.ack().client.data(START_API).server.bare_rst(),
        (
            "The gateway probably closed first (its FIN is not in the capture, but the client acknowledged it), after "
            "it had answered the hello with server version 178; startApi came after that; the gateway then "
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
            "The client closed first (FIN in packet 13), 1.0 ms after the last octets of a ready session (its own); "
            "the gateway closed 2.0 ms later."
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
        "half a hello",
        opened().client.data(HELLO[:9]).server.ack().after(2).client.fin().server.fin().client.ack(),
        (
            "The client closed first (FIN in packet 6), 2.0 s after sending `API\\0\\0\\0\\0\\x09v`, only the "
            f"beginning of a hello; nothing was answered (a right hello is the 17 octets {RIGHT}); "
            "the gateway closed 1.0 ms later."
        ),
    ),
    (
        "an error in place of a hello",
        greeted().server.data(error(503)).client.ack().server.fin().client.fin().server.ack(),
        (
            "The gateway closed first (FIN in packet 8), 2.0 ms after it had answered the hello with error 503 in "
            "place of a hello; the client closed 1.0 ms later."
        ),
    ),
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
