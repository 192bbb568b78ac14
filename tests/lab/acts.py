"""What scenarios are made of: the registry, the hello, the start, the serving of requests."""

from collections.abc import Callable
from typing import NamedTuple

from tests.lab import invented, replies
from tests.lab.connection import Connection
from tests.lab.messages import Request

Run = Callable[[Connection], None]
IN_USE = "Unable to connect as the client id is already in use. Retry with a unique client id."


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
        connection.answer([invented.error(326, IN_USE)])
        connection.close()
        return False
    _client_ids.add(connection.client_id)
    connection.answer(invented.start_up())
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
        connection.later(0.1 * (number + 1), lambda number=number: connection.answer([invented.tick(req_id, number)]))


def read_requests(connection: Connection) -> None:
    """Read and note every request, answer none."""
    while connection.read_request():
        pass
