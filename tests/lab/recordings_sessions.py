"""The bug report's two recordings, and sessions that go well, with each client and in each encoding."""

from tests.lab.recording import CLIENT_FIN, OPEN_ONLY, SERVER_RST, Client, Recording, ib

SEED_TIMEOUT = "10"  # seconds; what the report's client waited

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
        (ib("ib_async", "full"),),
        (CLIENT_FIN,),
        "A whole session: start, contract, history, news, subscriptions, two orders, disconnect().",
        "The client closed first, FIN, after a healthy session (text, server version 178).",
    ),
    Recording(
        "ib_insync-healthy-176",
        ("healthy-178",),
        (ib("ib_insync", "full"),),
        (CLIENT_FIN,),
        "The same session with the older library; its range ends at 176.",
        "The client closed first, FIN, after a healthy session (text, server version 176).",
    ),
    Recording(
        "ibapi-9.81-healthy-157",
        ("healthy-178",),
        (ib("ibapi", "full"),),
        (CLIENT_FIN,),
        "A whole session of IB's client of 2019.",
        "The client closed first, FIN, after a healthy session (text, server version 157).",
    ),
    Recording(
        "ibapi-stable-mixed-203",
        ("healthy-226",),
        (ib("ibapi-stable", "full"),),
        (CLIENT_FIN,),
        "A whole session at 203: ids are binary; orders, executions and errors are protobuf, the rest is text.",
        "The client closed first, FIN, after a healthy session (binary ids, text and protobuf, server version 203).",
    ),
    Recording(
        "ibapi-latest-protobuf-226",
        ("healthy-226",),
        (ib("ibapi-latest", "full"),),
        (CLIENT_FIN,),
        "A whole session at 226: every message is protobuf.",
        "The client closed first, FIN, after a healthy session (protobuf, server version 226).",
    ),
)


MORE_VERSIONS = (
    Recording(
        "ibapi-latest-binary-id-202",
        ("healthy-202",),
        (ib("ibapi-latest", "full"),),
        (CLIENT_FIN,),
        "The newest client of IB with a gateway of 202: binary ids, text bodies, protobuf for executions only.",
        "The client closed first, FIN, after a healthy session (binary ids, server version 202).",
    ),
    Recording(
        "ibapi-latest-text-100",
        ("healthy-100",),
        (ib("ibapi-latest", "full"),),
        (CLIENT_FIN,),
        "The newest client of IB with the oldest version it accepts; it refuses many requests by itself (error 503, "
        "not on the wire).",
        "The client closed first, FIN, after a healthy session (text, server version 100).",
    ),
    Recording(
        "ib_async-connect-options",
        ("healthy-178",),
        (ib("ib_async", "connect", "--connect-options", "+PACEAPI"),),
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


CAPTURES_OF_PARTS = (
    Recording(
        "ib_async-still-open",
        ("healthy-178",),
        (ib("ib_async", "stay", "--seconds", "20"),),
        OPEN_ONLY,
        "A healthy session, still up when the capture ended.",
        "Nobody closed within the capture.",
        stop_at=2.5,
    ),
    Recording(
        "ibapi-latest-midstream",
        ("healthy-226",),
        (ib("ibapi-latest", "heartbeat", "--seconds", "6"),),
        (CLIENT_FIN,),
        "The capture starts in a session that is up: no handshake, no hello.",
        "The client closed first, FIN; the beginning was not captured.",
        start_at=0.8,
    ),
    Recording(
        "ib_async-snaplen-96",
        ("healthy-178",),
        (ib("ib_async"),),
        (CLIENT_FIN,),
        "A healthy session of which only the first 96 octets of each packet were kept.",
        "The client closed first, FIN; most of the payload was not captured.",
        snaplen=96,
    ),
    Recording(
        "ib_async-localhost-ipv6",
        ("healthy-178",),
        (ib("ib_async", "connect", "--host", "localhost"),),
        (SERVER_RST, CLIENT_FIN),
        "`localhost` becomes ::1 first, where nothing listens, then 127.0.0.1.",
        "Refused on ::1; then the client closed first, FIN, after a healthy session.",
    ),
)


OVER_IPV6 = (
    Recording(
        "ib_async-ipv6",
        ("healthy-178",),
        (ib("ib_async", "connect", "--host", "::1"),),
        (CLIENT_FIN,),
        "A short healthy session over IPv6.",
        "The client closed first, FIN, after a healthy session.",
        gateway_host="::1",
    ),
)
