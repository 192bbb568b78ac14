"""Scenarios of a session that was up: it ends, stalls, floods, or only looks as if it ended."""

import time
from collections import deque
from collections.abc import Callable

from tests.lab import invented, wire
from tests.lab.acts import SCENARIOS, Run, Scenario, greet, scenario, serve, start
from tests.lab.connection import Connection
from tests.lab.messages import Request

MIDSESSION_SECONDS = 1.0
PACING_LIMIT = 50  # messages of the client in one second
PACING_STRIKES = 3
LOST = "Connectivity between IBKR and Trader Workstation has been lost."
RESTORED = "Connectivity between IBKR and Trader Workstation has been restored - data maintained."
MOVED = "TWS socket port has been reset and this connection is being dropped.\nPlease reconnect on the new port - 4003"
TOO_FAST = "Max rate of messages per second has been exceeded:max=50 rec=51 (1)"


@scenario("fills-4096", "after the start exactly 4096 octets of answers in one write, then silence")
def _fills_4096(connection: Connection) -> None:
    if greet(connection) and start(connection):
        connection.later(0.5, lambda: connection.send(_exactly(connection, 4096)))
        serve(connection, lambda _: True)


def _exactly(connection: Connection, size: int) -> bytes:
    octets = b""
    number = 0
    while len(octets) < size - 200:
        octets += connection.answers([invented.error(2104, f"Market data farm connection is OK:farm{number}")])
        number += 1
    frame_without_text = len(wire.frame(wire.text([4, 2, -1, 2104, "", ""])))
    return octets + connection.answers([invented.error(2104, "x" * (size - len(octets) - frame_without_text))])


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
                    seconds, lambda code=code, message=message: connection.answer([invented.error(code, message)])
                )
            serve(connection)

    return run


SCENARIOS["connectivity-lost"] = Scenario(
    "healthy; error 1100 after 1 s, 1102 and 2104 a second later; the socket stays up",
    _message_later(178, (1.0, 1100, LOST), (2.0, 1102, RESTORED), (2.0, *invented.FARM_STATUS[0])),
)


def _after_start(version: int, action: Callable[[Connection], None]) -> Run:
    def run(connection: Connection) -> None:
        if greet(connection, version) and start(connection):
            connection.later(MIDSESSION_SECONDS, lambda: action(connection))
            serve(connection)

    return run


def _move_port(connection: Connection) -> None:
    connection.answer([invented.error(1300, MOVED)])
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
        connection.answer([invented.error(100, TOO_FAST)])
        arrivals.clear()
        if strikes == PACING_STRIKES:
            connection.close()
        return True

    if greet(connection, 226) and start(connection):
        serve(connection, too_fast)


@scenario("floods", "healthy; after the start more ticks than a client that does not read can hold")
def _floods(connection: Connection) -> None:
    if greet(connection) and start(connection):
        connection.answer(invented.tick(1, number) for number in range(400))
        serve(connection)
