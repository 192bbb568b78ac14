"""Recordings of connections that never become a session."""

from tests.lab.recording import CLIENT_FIN, OPEN_ONLY, SERVER_EITHER, SERVER_FIN, SERVER_RST, Client, Recording, ib

WAIT = 6.0  # seconds after which a client that never gives up is killed

NO_ANSWER = (
    Recording(
        "ib_async-not-listening",
        ("not-listening",),
        (ib("ib_async"),),
        (SERVER_RST,),
        "Nothing listens on the port: ConnectionRefusedError at once.",
        "Refused: the gateway's host answered the SYN with RST; no connection came about.",
    ),
    Recording(
        "ib_async-queue-full",
        ("queue-full",),
        (ib("ib_async"),),
        OPEN_ONLY,
        "The listener's queue is full: the SYN is repeated and never answered; TimeoutError after 4 s.",
        "Nobody closed: no SYN was answered.",
    ),
    Recording(
        "ib_async-never-accepts",
        ("never-accepts",),
        (ib("ib_async"),),
        (CLIENT_FIN,),
        "The gateway's process never calls accept(); the kernel completes the handshake and acknowledges the hello.",
        "The client closed first, FIN, 4 s after its hello, which nothing answered; CLOSE_WAIT at the gateway. The "
        "packets are those of a silent gateway.",
    ),
    Recording(
        "ib_async-reads-never-answers",
        ("reads-never-answers",),
        (ib("ib_async"),),
        (CLIENT_FIN,),
        "The gateway reads the hello and says nothing; it closes when the client has.",
        "The client closed first, FIN, 4 s after its hello, which nothing answered; the gateway's FIN followed.",
    ),
    Recording(
        "ibapi-latest-silent-killed",
        ("silent",),
        (Client("ibapi-latest", kill_after=WAIT),),
        (CLIENT_FIN,),
        "IB's client has no timeout: it waits until it is killed, and the kernel sends the FIN.",
        "The client closed first, FIN, some 6 s after its hello, which nothing answered; a killed process looks like a "
        "timeout.",
    ),
    Recording(
        "ib_async-late-answer",
        ("late-answer",),
        (ib("ib_async"),),
        (CLIENT_FIN,),
        "The gateway answers the hello after 6 s; the client has given up after 4, and its kernel resets.",
        "The client closed first, FIN, 4 s after its hello; the answer came 2 s later and met a RST.",
        linger=3.0,
    ),
    Recording(
        "ibapi-latest-late-answer",
        ("late-answer",),
        (ib("ibapi-latest"),),
        (CLIENT_FIN,),
        "The same gateway and a client that waits: the session comes about.",
        "The client closed first, FIN, after a session whose hello was answered 6 s late.",
    ),
)


CLOSED_EARLY = (
    Recording(
        "ib_async-closed-at-once",
        ("closes-at-once",),
        (ib("ib_async"),),
        (SERVER_EITHER,),
        "The gateway closes before it has read anything. TimeoutError only after 4 s.",
        "The gateway closed first, without an octet.",
    ),
    Recording(
        "ib_async-closed-after-hello",
        ("closes-after-hello",),
        (ib("ib_async"),),
        (SERVER_FIN,),
        "The gateway reads the hello and closes. TimeoutError only after 4 s.",
        "The gateway closed first, FIN, right after the hello, without an octet.",
    ),
    Recording(
        "ibapi-latest-half-close",
        ("half-close-after-hello",),
        (ib("ibapi-latest"),),
        (SERVER_FIN,),
        "The gateway reads the hello and shuts its writing side; connect() returns, not connected, without an error.",
        "The gateway closed first, FIN, right after the hello, without an octet.",
    ),
    Recording(
        "ib_async-reset-at-once",
        ("resets-at-once",),
        (ib("ib_async"),),
        (SERVER_RST,),
        "The gateway resets the connection that it has accepted.",
        "The gateway closed first, RST, without an octet.",
    ),
    Recording(
        "ibapi-latest-reset-after-hello",
        ("resets-after-hello",),
        (ib("ibapi-latest"),),
        (SERVER_RST,),
        "The gateway reads the hello and resets; connect() returns, not connected, without an error.",
        "The gateway closed first, RST, right after the hello, without an octet.",
    ),
    Recording(
        "ib_async-error-326",
        ("error-326",),
        (ib("ib_async"),),
        (SERVER_FIN,),
        "The gateway answers START_API with error 326 and closes.",
        "The gateway closed first, FIN, after error 326: the client id is in use.",
    ),
    Recording(
        "two-clients-one-id",
        ("healthy-178",),
        (
            Client("ib_async", ("--session", "stay", "--seconds", "4"), at=0.0),
            Client("ib_async", at=1.5),
        ),
        (CLIENT_FIN, SERVER_FIN),
        "Two clients with the same id: the gateway refuses the second with error 326, the first stays until it "
        "disconnects.",
        "First: the client closed first, FIN, healthy. Second: the gateway closed first, FIN, after error 326.",
    ),
    Recording(
        "ib_async-closed-on-startapi",
        ("closes-on-startapi",),
        (ib("ib_async"),),
        (SERVER_FIN,),
        "A good hello, then close() on START_API; the client guesses `clientId 1 already in use?`.",
        "The gateway closed first, FIN, on START_API and without an error; 326 was not on the wire.",
    ),
    Recording(
        "gateway-starts",
        ("resets-at-once", "healthy-178"),
        (
            Client("ib_async", at=0.0),
            Client("ib_async", at=3.0),
            Client("ib_async", at=8.0),
        ),
        (SERVER_RST, SERVER_RST, CLIENT_FIN),
        "A gateway that starts: the first attempt is refused, the second reset, the third succeeds.",
        "Refused; then the gateway closed first, RST; then the client closed first, FIN, after a healthy session.",
        listen_after=2.0,
    ),
)


HALF_STARTED = (
    Recording(
        "ib_async-startapi-unanswered",
        ("startapi-unanswered",),
        (ib("ib_async"),),
        (CLIENT_FIN,),
        "A good hello, then silence; the client gives up after 4 s.",
        "The client closed first, FIN, 4 s after START_API, which nothing answered.",
    ),
    Recording(
        "ib_async-no-next-valid-id",
        ("no-next-valid-id",),
        (ib("ib_async"),),
        (CLIENT_FIN,),
        "managedAccts and the farms' status arrive, nextValidId never does.",
        "The client closed first, FIN, after 4 s without nextValidId.",
    ),
    Recording(
        "ib_async-ignores-requests",
        ("ignores-requests",),
        (ib("ib_async"),),
        (CLIENT_FIN,),
        "A good start; positions, orders and account updates are read and never answered.",
        "The client closed first, FIN; six requests were never answered.",
    ),
    Recording(
        "ib_async-version-38",
        ("old-version",),
        (ib("ib_async"),),
        (CLIENT_FIN,),
        "Server version 38, below the client's range; it keeps the socket until its timeout.",
        "The client closed first, FIN, 4 s after a server hello below its range; START_API was never sent.",
    ),
    Recording(
        "stoqey-version-300",
        ("new-version",),
        (Client("@stoqey/ib"),),
        (CLIENT_FIN,),
        "Server version 300, above the client's range.",
        "The client closed first, FIN, on a server hello above its range (its error 506 is not on the wire).",
    ),
    Recording(
        "ib_async-redirect",
        ("redirect",),
        (ib("ib_async"),),
        (CLIENT_FIN,),
        "Version -1 and another address; the client does not know redirects.",
        "The client closed first, FIN, 4 s after a redirect to 127.0.0.1:4002 that it did not follow.",
    ),
    Recording(
        "ibapi-latest-split-hello",
        ("split-hello",),
        (Client("ibapi-latest", kill_after=WAIT),),
        (CLIENT_FIN,),
        "The server hello in two segments: the client throws the first part away and waits until it is killed.",
        "The client closed first, FIN; the server hello was whole, and START_API was never sent.",
    ),
    Recording(
        "ib_async-split-hello",
        ("split-hello",),
        (ib("ib_async"),),
        (CLIENT_FIN,),
        "The same gateway and a client that joins the parts.",
        "The client closed first, FIN, after a healthy session.",
    ),
    Recording(
        "ibapi-latest-hello-with-frames",
        ("hello-with-frames",),
        (ib("ibapi-latest"),),
        (CLIENT_FIN,),
        "The server hello and the first messages in one segment: the client loses the latter, waits 3 s, disconnects.",
        "The client closed first, FIN; nextValidId was on the wire, in the segment of the server hello.",
    ),
    Recording(
        "ib_async-hello-absurd-length",
        ("hello-absurd-length",),
        (ib("ib_async"),),
        (CLIENT_FIN,),
        "A server hello that claims 2 GB.",
        "The client closed first, FIN, after 4 s; what the gateway sent is no frame of this protocol.",
    ),
    Recording(
        "ib_async-hello-zero-length",
        ("hello-zero-length",),
        (ib("ib_async"),),
        (CLIENT_FIN,),
        "A server hello of no octets.",
        "The client closed first, FIN, after 4 s; the server hello was empty.",
    ),
)
