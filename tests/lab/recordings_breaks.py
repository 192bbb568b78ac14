"""Recordings of sessions that break, of what a break is not, and of other protocols on the port."""

from tests.lab.recording import CLIENT_FIN, SERVER_EITHER, SERVER_FIN, SERVER_RST, Client, Recording, ib

MIDSESSION = (
    Recording(
        "ib_async-midsession-fin",
        ("midsession-fin",),
        (ib("ib_async", "stay", "--seconds", "4"),),
        (SERVER_FIN,),
        "A second after the start the gateway closes without a word.",
        "The gateway closed first, FIN, in a session that was up.",
    ),
    Recording(
        "ib_async-midsession-rst",
        ("midsession-rst",),
        (ib("ib_async", "stay", "--seconds", "4"),),
        (SERVER_RST,),
        "A second after the start the gateway resets.",
        "The gateway closed first, RST, in a session that was up.",
    ),
    Recording(
        "ibapi-latest-port-changed",
        ("port-changed",),
        (ib("ibapi-latest", "stay", "--seconds", "4"),),
        (SERVER_FIN,),
        "Error 1300: the API port was changed; the gateway closes.",
        "The gateway closed first, FIN, after error 1300.",
    ),
    Recording(
        "ibapi-latest-pacing",
        ("pacing",),
        (ib("ibapi-latest", "burst"),),
        (SERVER_EITHER,),
        "180 cancels at once: error 100 three times, then the gateway closes.",
        "The gateway closed first, after error 100.",
    ),
    Recording(
        "ib_async-connectivity-lost",
        ("connectivity-lost",),
        (ib("ib_async", "stay", "--seconds", "4"),),
        (CLIENT_FIN,),
        "Error 1100, a second later 1102; the socket stays up.",
        "The client closed first, FIN; 1100 and 1102 closed nothing.",
    ),
    Recording(
        "ibapi-latest-hangs-midsession",
        ("hangs-midsession",),
        (ib("ibapi-latest", "heartbeat", "--seconds", "3"),),
        (CLIENT_FIN,),
        "The gateway's process stops reading in a session that was up; its kernel goes on acknowledging.",
        "The client closed first, FIN; reqCurrentTime was never answered; CLOSE_WAIT at the gateway.",
    ),
    Recording(
        "ib_async-frame-absurd-length",
        ("frame-absurd-length",),
        (ib("ib_async", "stay", "--seconds", "3"),),
        (CLIENT_FIN,),
        "A frame that claims 2 GB in a session that was up; the client swallows what follows.",
        "The client closed first, FIN; the gateway's stream lost its framing.",
    ),
    Recording(
        "ib_async-frame-zero-length",
        ("frame-zero-length",),
        (ib("ib_async", "stay", "--seconds", "3"),),
        (CLIENT_FIN,),
        "A frame of no octets in a session that was up; the client logs it and goes on.",
        "The client closed first, FIN, after a session with one empty frame.",
    ),
    Recording(
        "ibapi-latest-4096-octets",
        ("fills-4096",),
        (ib("ibapi-latest", "stay", "--seconds", "4"),),
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
        (ib("ib_async"),),
        (SERVER_FIN,),
        "A web server on the port answers the hello with HTTP 400.",
        "The server closed first, FIN, after an HTTP answer: no TWS or IB Gateway.",
    ),
    Recording(
        "ib_async-tls-server",
        ("tls-alert",),
        (ib("ib_async"),),
        (SERVER_FIN,),
        "A TLS server on the port answers the hello with an alert.",
        "The server closed first, FIN, after a TLS alert: no plain API port.",
    ),
    Recording(
        "ib_async-ssh-server",
        ("speaks-first",),
        (ib("ib_async"),),
        (CLIENT_FIN,),
        "The server speaks first, an SSH banner.",
        "The client closed first, FIN, after 4 s; the server is no TWS or IB Gateway.",
    ),
)
