"""A client made of octets: says one thing on a plain socket and reports what came back.

Needs the standard library only. `seed-script` is what the script in the bug report did: `API=9.72` and a NUL, half a
second of waiting, closed.
"""

import argparse
import contextlib
import json
import socket
import ssl
import struct
import sys
import time

STARTED = time.monotonic()
SEED_HELLO = b"API=9.72\0"
HTTP_GET = b"GET /v1/api/tickle HTTP/1.1\r\nHost: localhost:4001\r\nAccept: */*\r\n\r\n"
LEGACY_HELLO = b"63\0"
RIGHT_HELLO = b"API\0\0\0\0\x09v100..176"
FIX_LOGON = (
    b"8=FIX.4.2\x019=65\x0135=A\x0149=CLIENT\x0156=IB\x0134=1\x0152=20251006-14:15:30\x0198=0\x01108=30\x0110=000\x01"
)
START_API = b"\0\0\0\x0871\x002\x001\0\0"


def tell(event: str, **facts: object) -> None:
    line = json.dumps({"t": round(time.monotonic() - STARTED, 3), "event": event, **facts})
    sys.stdout.write(line + "\n")  # one write: the library's threads tell, too
    sys.stdout.flush()


def tls_client_hello() -> bytes:
    """The first record that a TLS client sends, from the ssl module; its random octets differ from run to run."""
    outgoing = ssl.MemoryBIO()
    context = ssl.create_default_context()
    tls = context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="localhost")
    with contextlib.suppress(ssl.SSLWantReadError):
        tls.do_handshake()
    return outgoing.read()


def say(name: str) -> bytes:
    if name == "tls":
        return tls_client_hello()
    octets = {
        "nothing": b"",
        "seed-script": SEED_HELLO,
        "http": HTTP_GET,
        "legacy": LEGACY_HELLO,
        "fix": FIX_LOGON,
        "right-hello": RIGHT_HELLO,
        "half-hello": RIGHT_HELLO[:4],
        "no-start-api": RIGHT_HELLO,
        "slow-reader": RIGHT_HELLO,
    }
    return octets[name]


def listen(sock: socket.socket, seconds: float) -> None:
    """Read until the peer closes or the time is over."""
    sock.settimeout(seconds)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            octets = sock.recv(65536)
        except TimeoutError:
            tell("silence", seconds=seconds)
            return
        except OSError as problem:
            tell("exception", type=type(problem).__name__)
            return
        if not octets:
            tell("server_fin")
            return
        tell("received", octets=len(octets))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=4001)
    parser.add_argument("--say", required=True)
    parser.add_argument("--seconds", type=float, default=0.5)
    parser.add_argument("--hold", type=float, default=0.0, help="seconds to keep the socket after that")
    parser.add_argument("--reset", action="store_true", help="end with a reset, SO_LINGER 0")
    options = parser.parse_args()
    tell("library", name="raw", version="")
    sock = socket.socket()
    if options.say == "slow-reader":
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.connect((options.host, options.port))
    tell("connected")
    if octets := say(options.say):
        sock.sendall(octets)
        tell("sent", octets=len(octets))
    if options.say == "slow-reader":
        sock.recv(30)
        sock.sendall(START_API)
        time.sleep(options.seconds)
        listen(sock, 0.5)
    else:
        listen(sock, options.seconds)
    time.sleep(options.hold)
    if options.reset:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()
    tell("closed")


if __name__ == "__main__":
    main()
