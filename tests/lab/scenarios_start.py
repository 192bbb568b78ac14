"""Scenarios of the beginning: no answer, an early close, a hello or a start that is not what it should be."""

import time

from tests.lab import invented, wire
from tests.lab.acts import IN_USE, SCENARIOS, Run, Scenario, greet, read_requests, scenario, serve, start
from tests.lab.connection import Connection

LATE_SECONDS = 6.0


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
    read_requests(connection)


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
        read_requests(connection)


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
        connection.send(octets + connection.answers(invented.start_up()))
        serve(connection)


@scenario("error-326", "answers START_API with error 326 and closes")
def _error_326(connection: Connection) -> None:
    if greet(connection) and connection.read_request():
        connection.answer([invented.error(326, IN_USE)])


@scenario("startapi-unanswered", "a good hello, then nothing more")
def _startapi_unanswered(connection: Connection) -> None:
    greet(connection)
    read_requests(connection)


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
        connection.answer(reply for reply in invented.start_up() if reply[0] != "nextValidId")
        read_requests(connection)
