"""The behaviours of the scripted gateway, by name.

SCENARIOS maps a name to a Scenario; its `run` gets the accepted Connection. A scenario that returns leaves closing to
the gateway. `accepts` False: the listener never calls accept(). `listens` False: nothing listens. `queue_full`: the
listener's queue is full before the first client comes.
"""

import time
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from tests.lab import replies, wire
from tests.lab.connection import Connection
from tests.lab.messages import Request

Run = Callable[[Connection], None]
LATE_SECONDS = 6.0
MIDSESSION_SECONDS = 1.0
PACING_LIMIT = 50  # messages of the client in one second
PACING_STRIKES = 3
IN_USE = "Unable to connect as the client id is already in use. Retry with a unique client id."
LOST = "Connectivity between IBKR and Trader Workstation has been lost."
RESTORED = "Connectivity between IBKR and Trader Workstation has been restored - data maintained."
MOVED = "TWS socket port has been reset and this connection is being dropped.\nPlease reconnect on the new port - 4003"
TOO_FAST = "Max rate of messages per second has been exceeded:max=50 rec=51 (1)"


class Scenario(NamedTuple):
    """A named behaviour."""

    summary: str
    run: Run
    accepts: bool = True
    listens: bool = True
    queue_full: bool = False


SCENARIOS: dict[str, Scenario] = {}
_client_ids: set[int] = set()  # of connections that a healthy scenario serves in this process


def scenario(name: str, summary: str) -> Callable[[Run], Run]:
    """Register a function as the scenario of that name."""

    def register(run: Run) -> Run:
        SCENARIOS[name] = Scenario(summary, run)
        return run

    return register


def greet(connection: Connection, version: int = 178) -> bool:
    """Hello against hello: the lower of both sides' highest versions; False when the client sent no hello."""
    if not connection.read_hello() or connection.hello is None:
        return False
    agreed = min(version, 76 if connection.legacy else connection.hello[1])
    connection.send(connection.greeting(agreed))
    return True


def start(connection: Connection) -> bool:
    """Wait for START_API and answer it; False when the stream ended, or the client id is in use."""
    request = connection.read_request()
    while request and request.id != 71:
        request = connection.read_request()
    if request is None:
        return False
    connection.client_id = int(request.values.get("clientId", 0))
    if connection.client_id in _client_ids:
        connection.answer([replies.error(326, IN_USE)])
        connection.close()
        return False
    _client_ids.add(connection.client_id)
    connection.answer(replies.start_up())
    return True


def serve(connection: Connection, on_request: Callable[[Request], bool] | None = None) -> None:
    """Answer every request until the client ends its stream; `on_request` returning True swallows a request."""
    try:
        while request := connection.read_request():
            if on_request and on_request(request):
                continue
            connection.answer(replies.answer(request))
            if request.id == 1:
                stream(connection, request.key)
    finally:
        _client_ids.discard(connection.client_id)


def stream(connection: Connection, req_id: int, ticks: int = 6) -> None:
    """A few market data ticks, one each tenth of a second."""
    for number in range(ticks):
        connection.later(0.1 * (number + 1), lambda number=number: connection.answer([replies.tick(req_id, number)]))


def _healthy(version: int) -> Run:
    def run(connection: Connection) -> None:
        if greet(connection, version) and start(connection):
            serve(connection)
        else:
            connection.drain()

    return run


for _version in (76, 100, 150, 157, 176, 178, 193, 200, 202, 203, 213, 226):
    SCENARIOS[f"healthy-{_version}"] = Scenario(
        f"answers everything, server version at most {_version}", _healthy(_version)
    )
SCENARIOS["never-accepts"] = Scenario(
    "listens and never calls accept(); the kernel alone answers", lambda _: None, accepts=False
)
SCENARIOS["queue-full"] = Scenario(
    "listens, never accepts, and its queue is full: no SYN is answered", lambda _: None, accepts=False, queue_full=True
)
SCENARIOS["not-listening"] = Scenario("nothing listens on the port", lambda _: None, accepts=False, listens=False)


@scenario("silent", "accepts, reads nothing, writes nothing, closes nothing")
def _silent(connection: Connection) -> None:
    connection.hold()


@scenario("reads-never-answers", "reads everything, writes nothing, closes after the client's FIN")
def _reads_never_answers(connection: Connection) -> None:
    connection.drain()


@scenario("closes-at-once", "accept() and close()")
def _closes_at_once(connection: Connection) -> None:
    connection.close()


@scenario("closes-after-hello", "reads the hello, then close()")
def _closes_after_hello(connection: Connection) -> None:
    connection.receive()


@scenario("half-close-after-hello", "reads the hello, shuts its writing side, reads on, closes after the client's FIN")
def _half_close_after_hello(connection: Connection) -> None:
    connection.receive()
    connection.half_close()
    connection.drain()


@scenario("resets-at-once", "accept() and a reset")
def _resets_at_once(connection: Connection) -> None:
    connection.reset()


@scenario("resets-after-hello", "reads the hello, then resets")
def _resets_after_hello(connection: Connection) -> None:
    connection.receive()
    connection.reset()


@scenario("old-version", "answers with server version 38, then reads on and answers nothing")
def _old_version(connection: Connection) -> None:
    greet(connection, 38)
    _read_requests(connection)


@scenario("new-version", "answers with server version 300 whatever the client's range is, then serves in that form")
def _new_version(connection: Connection) -> None:
    if connection.read_hello():
        connection.send(connection.greeting(300))
        if start(connection):
            serve(connection)


@scenario("redirect", "answers with version -1 and 127.0.0.1:4002")
def _redirect(connection: Connection) -> None:
    if connection.read_hello():
        connection.note("server_hello", version=-1, time="127.0.0.1:4002")
        connection.send(wire.frame(wire.text([-1, "127.0.0.1:4002"])))
        _read_requests(connection)


@scenario("split-hello", "the server hello in two segments, 0.1 s apart, then healthy")
def _split_hello(connection: Connection) -> None:
    if connection.read_hello() and connection.hello:
        octets = connection.greeting(connection.hello[1])
        connection.send(octets[:10])
        time.sleep(0.1)
        connection.send(octets[10:])
        if start(connection):
            serve(connection)


@scenario("hello-with-frames", "server hello, accounts, next id and farm status in one segment, then healthy")
def _hello_with_frames(connection: Connection) -> None:
    if connection.read_hello() and connection.hello:
        octets = connection.greeting(connection.hello[1])
        connection.send(octets + connection.answers(replies.start_up()))
        serve(connection)


@scenario("fills-4096", "after the start exactly 4096 octets of answers in one write, then silence")
def _fills_4096(connection: Connection) -> None:
    if greet(connection) and start(connection):
        connection.later(0.5, lambda: connection.send(_exactly(connection, 4096)))
        serve(connection, lambda _: True)


def _exactly(connection: Connection, size: int) -> bytes:
    octets = b""
    number = 0
    while len(octets) < size - 200:
        octets += connection.answers([replies.error(2104, f"Market data farm connection is OK:farm{number}")])
        number += 1
    frame_without_text = len(wire.frame(wire.text([4, 2, -1, 2104, "", ""])))
    return octets + connection.answers([replies.error(2104, "x" * (size - len(octets) - frame_without_text))])


@scenario("error-326", "answers START_API with error 326 and closes")
def _error_326(connection: Connection) -> None:
    if greet(connection) and connection.read_request():
        connection.answer([replies.error(326, IN_USE)])


@scenario("startapi-unanswered", "a good hello, then nothing more")
def _startapi_unanswered(connection: Connection) -> None:
    greet(connection)
    _read_requests(connection)


@scenario("closes-on-startapi", "a good hello, then close() on START_API, without an error")
def _closes_on_startapi(connection: Connection) -> None:
    if greet(connection):
        connection.read_request()


@scenario("late-answer", f"answers the hello after {LATE_SECONDS:g} s, then healthy")
def _late_answer(connection: Connection) -> None:
    if connection.read_hello() and connection.hello:
        time.sleep(LATE_SECONDS)
        connection.send(connection.greeting(min(178, connection.hello[1])))
        if start(connection):
            serve(connection)


@scenario("hello-absurd-length", "a server hello that claims 2147483632 octets, 64 follow")
def _hello_absurd_length(connection: Connection) -> None:
    if connection.read_hello():
        connection.send(b"\x7f\xff\xff\xf0" + b"x" * 64)
        connection.drain()


@scenario("hello-zero-length", "a server hello of no octets")
def _hello_zero_length(connection: Connection) -> None:
    if connection.read_hello():
        connection.send(bytes(4))
        connection.drain()


def _serve_with(octets: bytes) -> Run:
    def run(connection: Connection) -> None:
        if greet(connection) and start(connection):
            connection.later(MIDSESSION_SECONDS, lambda: connection.send(octets))
            serve(connection)

    return run


SCENARIOS["frame-absurd-length"] = Scenario(
    f"healthy; after {MIDSESSION_SECONDS:g} s a frame that claims 2147483632 octets, 64 follow",
    _serve_with(b"\x7f\xff\xff\xf0" + b"x" * 64),
)
SCENARIOS["frame-zero-length"] = Scenario(
    f"healthy; after {MIDSESSION_SECONDS:g} s a frame of no octets", _serve_with(bytes(4))
)
SCENARIOS["frame-oversized"] = Scenario(
    f"healthy; after {MIDSESSION_SECONDS:g} s one whole frame of 16777216 octets, one more than clients accept",
    _serve_with(wire.frame(b"4\0" + bytes(wire.MAX_PAYLOAD - 1))),
)


def _says(octets: bytes) -> Run:
    def run(connection: Connection) -> None:
        if connection.receive():
            connection.send(octets)

    return run


HTTP_400 = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
TLS_ALERT = bytes.fromhex("15030300020228")  # fatal, handshake_failure
SCENARIOS["http-400"] = Scenario("answers the first octets with an HTTP 400 and closes", _says(HTTP_400))
SCENARIOS["tls-alert"] = Scenario("answers the first octets with a TLS alert and closes", _says(TLS_ALERT))


@scenario("speaks-first", "says an SSH banner before the client has said anything, reads on")
def _speaks_first(connection: Connection) -> None:
    connection.send(b"SSH-2.0-OpenSSH_9.2\r\n")
    connection.drain()


@scenario("no-next-valid-id", "managedAccts and farm status, never nextValidId")
def _no_next_valid_id(connection: Connection) -> None:
    if greet(connection) and connection.read_request():
        connection.answer(reply for reply in replies.start_up() if reply[0] != "nextValidId")
        _read_requests(connection)


@scenario("ignores-requests", "a good start, then every request is read and none answered")
def _ignores_requests(connection: Connection) -> None:
    if greet(connection) and start(connection):
        serve(connection, lambda _: True)


@scenario("hangs-midsession", "healthy until the first reqCurrentTime; from there on it reads nothing")
def _hangs_midsession(connection: Connection) -> None:
    if greet(connection, 226) and start(connection):
        serve(connection, lambda request: request.id == 49 and connection.hold() is None)


def _message_later(version: int, *timed: tuple[float, int, str]) -> Run:
    def run(connection: Connection) -> None:
        if greet(connection, version) and start(connection):
            for seconds, code, message in timed:
                connection.later(
                    seconds, lambda code=code, message=message: connection.answer([replies.error(code, message)])
                )
            serve(connection)

    return run


SCENARIOS["connectivity-lost"] = Scenario(
    "healthy; error 1100 after 1 s, 1102 and 2104 a second later; the socket stays up",
    _message_later(178, (1.0, 1100, LOST), (2.0, 1102, RESTORED), (2.0, *replies.FARM_STATUS[0])),
)


def _after_start(version: int, action: Callable[[Connection], None]) -> Run:
    def run(connection: Connection) -> None:
        if greet(connection, version) and start(connection):
            connection.later(MIDSESSION_SECONDS, lambda: action(connection))
            serve(connection)

    return run


def _move_port(connection: Connection) -> None:
    connection.answer([replies.error(1300, MOVED)])
    connection.close()


SCENARIOS["port-changed"] = Scenario("healthy; error 1300 and close() after 1 s", _after_start(226, _move_port))
SCENARIOS["midsession-fin"] = Scenario(
    "healthy; close() after 1 s, without a word", _after_start(178, Connection.close)
)
SCENARIOS["midsession-rst"] = Scenario("healthy; a reset after 1 s", _after_start(178, Connection.reset))


@scenario("pacing", f"healthy; above {PACING_LIMIT} messages in a second error 100, after the third close()")
def _pacing(connection: Connection) -> None:
    arrivals: deque[float] = deque()
    strikes = 0

    def too_fast(_: Request) -> bool:
        nonlocal strikes
        now = time.monotonic()
        arrivals.append(now)
        while arrivals[0] < now - 1:
            arrivals.popleft()
        if len(arrivals) <= PACING_LIMIT:
            return False
        strikes += 1
        connection.answer([replies.error(100, TOO_FAST)])
        arrivals.clear()
        if strikes == PACING_STRIKES:
            connection.close()
        return True

    if greet(connection, 226) and start(connection):
        serve(connection, too_fast)


@scenario("floods", "healthy; after the start more ticks than a client that does not read can hold")
def _floods(connection: Connection) -> None:
    if greet(connection) and start(connection):
        connection.answer(replies.tick(1, number) for number in range(400))
        serve(connection)


def _read_requests(connection: Connection) -> None:
    while connection.read_request():
        pass
