"""The shipped recordings, as data: who speaks to which gateway, and what must come out.

`record` carries them out and refuses a result that differs from `closes`.
"""

from typing import NamedTuple

Close = tuple[str, str] | None  # (who closed first, "FIN" or "RST"); None: nobody within the capture
CLIENT_FIN: tuple[Close, ...] = (("client", "FIN"),)
SERVER_FIN: tuple[Close, ...] = (("server", "FIN"),)
SERVER_RST: tuple[Close, ...] = (("server", "RST"),)
OPEN_ONLY: tuple[tuple[Close, ...], ...] = ((None,),)
# A gateway that closes before it has read the hello sends a FIN when the hello arrives later and a RST when it was
# already there: which of the two is a matter of microseconds.
SERVER_EITHER: tuple[Close, ...] = (("server", "FIN"), ("server", "RST"))


class Client(NamedTuple):
    """A client of a recording.

    `at`: seconds after the first client's start; None: when the one before has ended. `kill_after`: seconds after its
    start at which it is killed (SIGKILL), None: it ends by itself.
    """

    library: str
    arguments: tuple[str, ...] = ()
    at: float | None = None
    kill_after: float | None = None


class Recording(NamedTuple):
    """One file. `closes` has, for each connection, the outcomes that are allowed; the last one repeats."""

    name: str
    gateway: tuple[str, ...]
    clients: tuple[Client, ...]
    closes: tuple[tuple[Close, ...], ...]
    story: str
    verdict: str
    not_tws: str | None = None  # what a client spoke instead
    listen_after: float = 0.0
    linger: float = 0.7  # seconds from the last client's end to the end of the capture
    stop_at: float | None = None  # seconds after the first client's start; what is open then stays open
    start_at: float = 0.0  # seconds after the first client's start; what came before is not captured
    snaplen: int = 262144
    gateway_host: str = "127.0.0.1"


def _ib(library: str, session: str = "connect", *more: str) -> Client:
    return Client(library, ("--session", session, *more))


SEED_TIMEOUT = "10"  # seconds; what the report's client waited
WAIT = 6.0  # seconds after which a client that never gives up is killed

SEED = (
    Recording(
        "seed-silent-gateway",
        ("silent",),
        tuple(
            Client("ib_async", ("--timeout", SEED_TIMEOUT, "--client-id", client_id), at=at)
            for client_id, at in (("0", 0.0), ("1", 12.0), ("10", 24.0))
        ),
        (CLIENT_FIN,),
        "The bug report's story: three attempts, client ids 0, 1 and 10, one after the other. The gateway accepts, "
        "reads nothing, answers nothing, closes nothing; each client gives up after its 10 s. At the end `ss` listed "
        "three pairs: CLOSE_WAIT at the gateway's port (Recv-Q 18: the unread hello and the FIN), FIN_WAIT_2 at the "
        "clients'.",
        "The client closed first on all three connections, FIN, 10 s after a right hello of 17 octets that the "
        "gateway's host acknowledged and nothing answered; the gateway never closed (CLOSE_WAIT).",
        linger=2.0,
    ),
    Recording(
        "seed-wrong-hello",
        ("silent",),
        (Client("raw", ("--say", "seed-script", "--seconds", "0.5")),),
        (CLIENT_FIN,),
        "The bug report's script: `API=9.72` and a NUL to the same silent gateway, half a second of waiting, closed. "
        "At the end `ss` listed CLOSE_WAIT (Recv-Q 10) and FIN_WAIT_2.",
        "The client closed first, FIN, 0.5 s after 9 octets that are no hello of this protocol; their silence says "
        "nothing about the gateway.",
        not_tws="API=9.72",
    ),
)

HEALTHY = (
    Recording(
        "ib_async-healthy-178",
        ("healthy-178",),
        (_ib("ib_async", "full"),),
        (CLIENT_FIN,),
        "A whole session: start, contract, history, news, subscriptions, two orders, disconnect().",
        "The client closed first, FIN, after a healthy session (text, server version 178).",
    ),
    Recording(
        "ib_insync-healthy-176",
        ("healthy-178",),
        (_ib("ib_insync", "full"),),
        (CLIENT_FIN,),
        "The same session with the older library; its range ends at 176.",
        "The client closed first, FIN, after a healthy session (text, server version 176).",
    ),
    Recording(
        "ibapi-9.81-healthy-157",
        ("healthy-178",),
        (_ib("ibapi", "full"),),
        (CLIENT_FIN,),
        "A whole session of IB's client of 2019.",
        "The client closed first, FIN, after a healthy session (text, server version 157).",
    ),
    Recording(
        "ibapi-stable-mixed-203",
        ("healthy-226",),
        (_ib("ibapi-stable", "full"),),
        (CLIENT_FIN,),
        "A whole session at 203: ids are binary; orders, executions and errors are protobuf, the rest is text.",
        "The client closed first, FIN, after a healthy session (binary ids, text and protobuf, server version 203).",
    ),
    Recording(
        "ibapi-latest-protobuf-226",
        ("healthy-226",),
        (_ib("ibapi-latest", "full"),),
        (CLIENT_FIN,),
        "A whole session at 226: every message is protobuf.",
        "The client closed first, FIN, after a healthy session (protobuf, server version 226).",
    ),
)

MORE_VERSIONS = (
    Recording(
        "ibapi-latest-binary-id-202",
        ("healthy-202",),
        (_ib("ibapi-latest", "full"),),
        (CLIENT_FIN,),
        "The newest client of IB with a gateway of 202: binary ids, text bodies, protobuf for executions only.",
        "The client closed first, FIN, after a healthy session (binary ids, server version 202).",
    ),
    Recording(
        "ibapi-latest-text-100",
        ("healthy-100",),
        (_ib("ibapi-latest", "full"),),
        (CLIENT_FIN,),
        "The newest client of IB with the oldest version it accepts; it refuses many requests by itself (error 503, "
        "not on the wire).",
        "The client closed first, FIN, after a healthy session (text, server version 100).",
    ),
    Recording(
        "ib_async-connect-options",
        ("healthy-178",),
        (_ib("ib_async", "connect", "--connect-options", "+PACEAPI"),),
        (CLIENT_FIN,),
        "A short healthy session whose hello carries the connect option +PACEAPI (26 octets).",
        "The client closed first, FIN, after a healthy session.",
    ),
    Recording(
        "stoqey-healthy-193",
        ("healthy-226",),
        (Client("@stoqey/ib", ("--session", "full")),),
        (CLIENT_FIN,),
        "A session of the TypeScript client.",
        "The client closed first, FIN, after a healthy session (text, server version 193).",
    ),
    Recording(
        "node-ib-legacy-76",
        ("healthy-76",),
        (Client("ib", ("--session", "full")),),
        (CLIENT_FIN,),
        "A client of before the length prefix: bare numbers, unframed messages both ways.",
        "The client closed first, FIN, after a healthy legacy session (client version 62, server version 76).",
    ),
)

NO_ANSWER = (
    Recording(
        "ib_async-not-listening",
        ("not-listening",),
        (_ib("ib_async"),),
        (SERVER_RST,),
        "Nothing listens on the port: ConnectionRefusedError at once.",
        "Refused: the gateway's host answered the SYN with RST; no connection came about.",
    ),
    Recording(
        "ib_async-queue-full",
        ("queue-full",),
        (_ib("ib_async"),),
        OPEN_ONLY,
        "The listener's queue is full: the SYN is repeated and never answered; TimeoutError after 4 s.",
        "Nobody closed: no SYN was answered.",
    ),
    Recording(
        "ib_async-never-accepts",
        ("never-accepts",),
        (_ib("ib_async"),),
        (CLIENT_FIN,),
        "The gateway's process never calls accept(); the kernel completes the handshake and acknowledges the hello.",
        "The client closed first, FIN, 4 s after its hello, which nothing answered; CLOSE_WAIT at the gateway. The "
        "packets are those of a silent gateway.",
    ),
    Recording(
        "ib_async-reads-never-answers",
        ("reads-never-answers",),
        (_ib("ib_async"),),
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
        (_ib("ib_async"),),
        (CLIENT_FIN,),
        "The gateway answers the hello after 6 s; the client has given up after 4, and its kernel resets.",
        "The client closed first, FIN, 4 s after its hello; the answer came 2 s later and met a RST.",
        linger=3.0,
    ),
    Recording(
        "ibapi-latest-late-answer",
        ("late-answer",),
        (_ib("ibapi-latest"),),
        (CLIENT_FIN,),
        "The same gateway and a client that waits: the session comes about.",
        "The client closed first, FIN, after a session whose hello was answered 6 s late.",
    ),
)

CLOSED_EARLY = (
    Recording(
        "ib_async-closed-at-once",
        ("closes-at-once",),
        (_ib("ib_async"),),
        (SERVER_EITHER,),
        "The gateway closes before it has read anything. TimeoutError only after 4 s.",
        "The gateway closed first, without an octet.",
    ),
    Recording(
        "ib_async-closed-after-hello",
        ("closes-after-hello",),
        (_ib("ib_async"),),
        (SERVER_FIN,),
        "The gateway reads the hello and closes. TimeoutError only after 4 s.",
        "The gateway closed first, FIN, right after the hello, without an octet.",
    ),
    Recording(
        "ibapi-latest-half-close",
        ("half-close-after-hello",),
        (_ib("ibapi-latest"),),
        (SERVER_FIN,),
        "The gateway reads the hello and shuts its writing side; connect() returns, not connected, without an error.",
        "The gateway closed first, FIN, right after the hello, without an octet.",
    ),
    Recording(
        "ib_async-reset-at-once",
        ("resets-at-once",),
        (_ib("ib_async"),),
        (SERVER_RST,),
        "The gateway resets the connection that it has accepted.",
        "The gateway closed first, RST, without an octet.",
    ),
    Recording(
        "ibapi-latest-reset-after-hello",
        ("resets-after-hello",),
        (_ib("ibapi-latest"),),
        (SERVER_RST,),
        "The gateway reads the hello and resets; connect() returns, not connected, without an error.",
        "The gateway closed first, RST, right after the hello, without an octet.",
    ),
    Recording(
        "ib_async-error-326",
        ("error-326",),
        (_ib("ib_async"),),
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
        (_ib("ib_async"),),
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
        (_ib("ib_async"),),
        (CLIENT_FIN,),
        "A good hello, then silence; the client gives up after 4 s.",
        "The client closed first, FIN, 4 s after START_API, which nothing answered.",
    ),
    Recording(
        "ib_async-no-next-valid-id",
        ("no-next-valid-id",),
        (_ib("ib_async"),),
        (CLIENT_FIN,),
        "managedAccts and the farms' status arrive, nextValidId never does.",
        "The client closed first, FIN, after 4 s without nextValidId.",
    ),
    Recording(
        "ib_async-ignores-requests",
        ("ignores-requests",),
        (_ib("ib_async"),),
        (CLIENT_FIN,),
        "A good start; positions, orders and account updates are read and never answered.",
        "The client closed first, FIN; six requests were never answered.",
    ),
    Recording(
        "ib_async-version-38",
        ("old-version",),
        (_ib("ib_async"),),
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
        (_ib("ib_async"),),
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
        (_ib("ib_async"),),
        (CLIENT_FIN,),
        "The same gateway and a client that joins the parts.",
        "The client closed first, FIN, after a healthy session.",
    ),
    Recording(
        "ibapi-latest-hello-with-frames",
        ("hello-with-frames",),
        (_ib("ibapi-latest"),),
        (CLIENT_FIN,),
        "The server hello and the first messages in one segment: the client loses the latter, waits 3 s, disconnects.",
        "The client closed first, FIN; nextValidId was on the wire, in the segment of the server hello.",
    ),
    Recording(
        "ib_async-hello-absurd-length",
        ("hello-absurd-length",),
        (_ib("ib_async"),),
        (CLIENT_FIN,),
        "A server hello that claims 2 GB.",
        "The client closed first, FIN, after 4 s; what the gateway sent is no frame of this protocol.",
    ),
    Recording(
        "ib_async-hello-zero-length",
        ("hello-zero-length",),
        (_ib("ib_async"),),
        (CLIENT_FIN,),
        "A server hello of no octets.",
        "The client closed first, FIN, after 4 s; the server hello was empty.",
    ),
)

MIDSESSION = (
    Recording(
        "ib_async-midsession-fin",
        ("midsession-fin",),
        (_ib("ib_async", "stay", "--seconds", "4"),),
        (SERVER_FIN,),
        "A second after the start the gateway closes without a word.",
        "The gateway closed first, FIN, in a session that was up.",
    ),
    Recording(
        "ib_async-midsession-rst",
        ("midsession-rst",),
        (_ib("ib_async", "stay", "--seconds", "4"),),
        (SERVER_RST,),
        "A second after the start the gateway resets.",
        "The gateway closed first, RST, in a session that was up.",
    ),
    Recording(
        "ibapi-latest-port-changed",
        ("port-changed",),
        (_ib("ibapi-latest", "stay", "--seconds", "4"),),
        (SERVER_FIN,),
        "Error 1300: the API port was changed; the gateway closes.",
        "The gateway closed first, FIN, after error 1300.",
    ),
    Recording(
        "ibapi-latest-pacing",
        ("pacing",),
        (_ib("ibapi-latest", "burst"),),
        (SERVER_EITHER,),
        "180 cancels at once: error 100 three times, then the gateway closes.",
        "The gateway closed first, after error 100.",
    ),
    Recording(
        "ib_async-connectivity-lost",
        ("connectivity-lost",),
        (_ib("ib_async", "stay", "--seconds", "4"),),
        (CLIENT_FIN,),
        "Error 1100, a second later 1102; the socket stays up.",
        "The client closed first, FIN; 1100 and 1102 closed nothing.",
    ),
    Recording(
        "ibapi-latest-hangs-midsession",
        ("hangs-midsession",),
        (_ib("ibapi-latest", "heartbeat", "--seconds", "3"),),
        (CLIENT_FIN,),
        "The gateway's process stops reading in a session that was up; its kernel goes on acknowledging.",
        "The client closed first, FIN; reqCurrentTime was never answered; CLOSE_WAIT at the gateway.",
    ),
    Recording(
        "ib_async-frame-absurd-length",
        ("frame-absurd-length",),
        (_ib("ib_async", "stay", "--seconds", "3"),),
        (CLIENT_FIN,),
        "A frame that claims 2 GB in a session that was up; the client swallows what follows.",
        "The client closed first, FIN; the gateway's stream lost its framing.",
    ),
    Recording(
        "ib_async-frame-zero-length",
        ("frame-zero-length",),
        (_ib("ib_async", "stay", "--seconds", "3"),),
        (CLIENT_FIN,),
        "A frame of no octets in a session that was up; the client logs it and goes on.",
        "The client closed first, FIN, after a session with one empty frame.",
    ),
    Recording(
        "ibapi-latest-4096-octets",
        ("fills-4096",),
        (_ib("ibapi-latest", "stay", "--seconds", "4"),),
        (CLIENT_FIN,),
        "Exactly 4096 octets in one write, then silence: the client delivers none of their messages.",
        "The client closed first, FIN; every message is on the wire.",
    ),
    Recording(
        "slow-reader",
        ("floods",),
        (Client("raw", ("--say", "slow-reader", "--seconds", "2")),),
        ((("client", "FIN"), ("client", "RST")),),
        "A client with a small receive buffer that does not read for 2 s: its window closes, the gateway probes; then "
        "it reads on.",
        "The client closed first; its window was 0 for about 2 s.",
    ),
    Recording(
        "slow-reader-killed",
        ("floods",),
        (Client("raw", ("--say", "slow-reader", "--seconds", "30"), kill_after=2.0),),
        ((("client", "RST"),),),
        "The same client, killed with octets unread: its kernel resets.",
        "The client closed first, RST.",
    ),
)

MIRROR_IMAGE = (
    Recording(
        "gateway-closed-client-leaks",
        ("closes-after-hello",),
        (Client("raw", ("--say", "right-hello", "--hold", "20")),),
        (SERVER_FIN,),
        "The mirror image of the bug report: the gateway closes after the hello, and the client's program never closes "
        "its socket. At the end `ss` listed FIN_WAIT_2 at the gateway's port and CLOSE_WAIT at the client's.",
        "The gateway closed first, FIN, right after the hello; the client never closed (CLOSE_WAIT).",
        stop_at=2.0,
    ),
)

OTHER_PROTOCOLS = (
    Recording(
        "port-probe",
        ("reads-never-answers",),
        (Client("raw", ("--say", "nothing", "--seconds", "0.1")),),
        (CLIENT_FIN,),
        "A bare connect, as a port check makes it.",
        "The client closed first, FIN, without an octet from either side.",
    ),
    Recording(
        "http-client",
        ("reads-never-answers",),
        (Client("raw", ("--say", "http", "--seconds", "2")),),
        (CLIENT_FIN,),
        "An HTTP GET to the API port.",
        "The client closed first, FIN; it spoke HTTP.",
        not_tws="HTTP",
    ),
    Recording(
        "tls-client",
        ("closes-after-hello",),
        (Client("raw", ("--say", "tls", "--seconds", "2")),),
        (SERVER_FIN,),
        "A TLS ClientHello to the API port; this gateway closes on it.",
        "The gateway closed first, FIN; the client spoke TLS.",
        not_tws="TLS",
    ),
    Recording(
        "fix-client",
        ("reads-never-answers",),
        (Client("raw", ("--say", "fix", "--seconds", "2")),),
        (CLIENT_FIN,),
        "A FIX logon to the API port.",
        "The client closed first, FIN; it spoke FIX.",
        not_tws="FIX",
    ),
    Recording(
        "half-hello",
        ("reads-never-answers",),
        (Client("raw", ("--say", "half-hello", "--seconds", "2")),),
        (CLIENT_FIN,),
        "`API` and a NUL, and nothing more.",
        "The client closed first, FIN; its hello was not whole.",
    ),
    Recording(
        "no-start-api",
        ("healthy-178",),
        (Client("raw", ("--say", "no-start-api", "--seconds", "2")),),
        (CLIENT_FIN,),
        "A right hello, answered; the client never sends START_API.",
        "The client closed first, FIN; START_API was never sent.",
    ),
    Recording(
        "ib_async-http-server",
        ("http-400",),
        (_ib("ib_async"),),
        (SERVER_FIN,),
        "A web server on the port answers the hello with HTTP 400.",
        "The server closed first, FIN, after an HTTP answer: no TWS or IB Gateway.",
    ),
    Recording(
        "ib_async-tls-server",
        ("tls-alert",),
        (_ib("ib_async"),),
        (SERVER_FIN,),
        "A TLS server on the port answers the hello with an alert.",
        "The server closed first, FIN, after a TLS alert: no plain API port.",
    ),
    Recording(
        "ib_async-ssh-server",
        ("speaks-first",),
        (_ib("ib_async"),),
        (CLIENT_FIN,),
        "The server speaks first, an SSH banner.",
        "The client closed first, FIN, after 4 s; the server is no TWS or IB Gateway.",
    ),
)

CAPTURES_OF_PARTS = (
    Recording(
        "ib_async-still-open",
        ("healthy-178",),
        (_ib("ib_async", "stay", "--seconds", "20"),),
        OPEN_ONLY,
        "A healthy session, still up when the capture ended.",
        "Nobody closed within the capture.",
        stop_at=2.5,
    ),
    Recording(
        "ibapi-latest-midstream",
        ("healthy-226",),
        (_ib("ibapi-latest", "heartbeat", "--seconds", "6"),),
        (CLIENT_FIN,),
        "The capture starts in a session that is up: no handshake, no hello.",
        "The client closed first, FIN; the beginning was not captured.",
        start_at=0.8,
    ),
    Recording(
        "ib_async-snaplen-96",
        ("healthy-178",),
        (_ib("ib_async"),),
        (CLIENT_FIN,),
        "A healthy session of which only the first 96 octets of each packet were kept.",
        "The client closed first, FIN; most of the payload was not captured.",
        snaplen=96,
    ),
    Recording(
        "ib_async-localhost-ipv6",
        ("healthy-178",),
        (_ib("ib_async", "connect", "--host", "localhost"),),
        (SERVER_RST, CLIENT_FIN),
        "`localhost` becomes ::1 first, where nothing listens, then 127.0.0.1.",
        "Refused on ::1; then the client closed first, FIN, after a healthy session.",
    ),
)

OVER_IPV6 = (
    Recording(
        "ib_async-ipv6",
        ("healthy-178",),
        (_ib("ib_async", "connect", "--host", "::1"),),
        (CLIENT_FIN,),
        "A short healthy session over IPv6.",
        "The client closed first, FIN, after a healthy session.",
        gateway_host="::1",
    ),
)

RECORDINGS: tuple[Recording, ...] = (
    *SEED,
    *HEALTHY,
    *MORE_VERSIONS,
    *NO_ANSWER,
    *CLOSED_EARLY,
    *HALF_STARTED,
    *MIDSESSION,
    *MIRROR_IMAGE,
    *OTHER_PROTOCOLS,
    *CAPTURES_OF_PARTS,
    *OVER_IPV6,
)
