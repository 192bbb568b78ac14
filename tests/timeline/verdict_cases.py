"""Connections of every way to end, and what the first line says of each. A table, not a test."""

from tests.conversation import Conversation
from tests.timeline.talk import (
    MANAGED_ACCOUNTS,
    NEXT_VALID_ID,
    START_API,
    answered,
    error,
    frame,
    greeted,
    opened,
    ready,
    started,
)
from tests.timeline.verdict_cases_start import BEFORE_AN_ANSWER, NOT_TWS, RIGHT, UNOPENED, WRONG

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
            "The gateway closed first (FIN in packet 11), 3.0 ms after startApi and right after the gateway's "
            "error 326 (the client id is in use); nextValidId and managedAccounts had not come; the client closed "
            "1.0 ms later."
        ),
    ),
    (
        "a session that ends well",
        ready().after(60).client.fin().server.fin().client.ack(),
        (
            "The client closed first (FIN in packet 12), 1 min after the last message of a ready session (the "
            "gateway's nextValidId); the gateway closed 1.0 ms later."
        ),
    ),
    (
        "a session that the gateway ends, announced",
        ready().server.data(error(1300)).server.fin().client.fin().server.ack(),
        (
            "The gateway closed first (FIN in packet 13), 1.0 ms after the last message of a ready session (its own "
            "error 1300); error 1300: the gateway's API port was changed; the client closed 1.0 ms later."
        ),
    ),
    (
        "a session that goes on",
        ready().after(3).client.keep_alive(),
        (
            "Nobody closed the connection within the 3.0 s captured; the session was ready, the last message (the "
            "gateway's nextValidId) 3.0 s before the end."
        ),
    ),
]

CLOSES = [
    (
        "FINs that cross",
        ready().client.fin(undelivered=True).server.fin(undelivered=True),
        (
            "Client and gateway closed at the same time (their FINs cross: packets 12 and 13), 2.0 ms after the last "
            "message of a ready session (the gateway's nextValidId)."
        ),
    ),
    (
        "a FIN that was lost on the way, and seconds later the other one's",
        ready().client.fin(undelivered=True).after(4).server.fin(undelivered=True).client.bare_rst(),
        (
            "Client and gateway closed without having heard of each other (their FINs cross, 4.0 s apart: packets 12 "
            "and 13), 2.0 ms after the last message of a ready session (the gateway's nextValidId)."
        ),
    ),
    (
        "a FIN that the capture lacks",
        ready().server.fin(unseen=True).client.ack().client.fin().server.ack(),
        (
            "The gateway probably closed first (its FIN is not in the capture, but the client acknowledged it), after "
            "the last message of a ready session (its own nextValidId); the client closed too."
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
            "The client closed first (FIN in packet 12), 2.0 ms after the last message of a ready session (the "
            "gateway's nextValidId); the gateway went on sending and closed 1.0 s later."
        ),
    ),
    (
        "a FIN sent again and never acknowledged",
        ready().client.fin(undelivered=True).after(1).client.fin_again(undelivered=True),
        (
            "The client probably closed first (FIN in packet 12), 2.0 ms after the last message of a ready session "
            "(the gateway's nextValidId); that FIN was not acknowledged in the 1.0 s captured after that, though it "
            "was sent 2 times (a FIN of the gateway's may have been lost on the way: nothing came from it any more)."
        ),
    ),
    (
        "a FIN that something between the two answered",
        ready().client.fin(undelivered=True).server.bare_rst(ttl=63),
        (
            "The client probably closed first (FIN in packet 12), 2.0 ms after the last message of a ready session "
            "(the gateway's nextValidId); a RST in the gateway's name followed (packet 13), with another TTL than its "
            "packets (that RST has no ACK: the gateway may have ended the connection before, or a firewall may "
            "have made it)."
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
            "The gateway closed first (FIN in packet 13), 3.0 ms after the last message of a ready session (its own "
            "nextValidId); the client closed 1.0 ms later."
        ),
    ),
    (
        "a second FIN without its acknowledgement",
        ready().client.fin().server.fin(),
        (
            "The client closed first (FIN in packet 12), 2.0 ms after the last message of a ready session (the "
            "gateway's nextValidId); the gateway closed 1.0 ms later, with a FIN whose acknowledgement is not in the "
            "capture."
        ),
    ),
    (
        "a second FIN that comes when the host of the first closer has forgotten the connection",
        ready().client.fin().server.ack().after(8.999).server.fin().client.bare_rst(),
        (
            "The client closed first (FIN in packet 12), 2.0 ms after the last message of a ready session (the "
            "gateway's nextValidId); the gateway closed 9.0 s later, which was answered with a RST (packet 15)."
        ),
    ),
    (
        "a second FIN that is answered with a RST which acknowledges it",
        ready().client.fin().server.ack().after(8.999).server.fin().client.rst(),
        (
            "The client closed first (FIN in packet 12), 2.0 ms after the last message of a ready session (the "
            "gateway's nextValidId); the gateway closed 9.0 s later, which was answered with a RST (packet 15)."
        ),
    ),
    (
        "a second FIN that did not arrive before the first closer gave up",
        ready().client.fin().server.ack().after(8.999).server.fin(undelivered=True).after(30).client.rst(),
        (
            "The client closed first (FIN in packet 12), 2.0 ms after the last message of a ready session (the "
            "gateway's nextValidId); the gateway closed 9.0 s later, with a FIN whose acknowledgement is not in the "
            "capture."
        ),
    ),
    (
        "a second FIN that is sent again and again",
        ready().client.fin().server.ack().after(8.999).server.fin().server.fin_again().after(1).server.fin_again(),
        (
            "The client closed first (FIN in packet 12), 2.0 ms after the last message of a ready session (the "
            "gateway's nextValidId); the gateway closed 9.0 s later, which the client has not acknowledged."
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
            "The client closed first (FIN in packet 13), 4.0 ms after the last message of a ready session (the "
            "gateway's nextValidId); the gateway closed 1.0 ms later (20 octets are missing from the capture)."
        ),
    ),
]

ALL = [*UNOPENED, *BEFORE_AN_ANSWER, *NOT_TWS, *ANSWERED, *CLOSES]
