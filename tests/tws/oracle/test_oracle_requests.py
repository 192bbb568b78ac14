"""What the real clients encode, our decoder names: every request method, at every server version they know."""

import pytest

from capanalyze.tws.schema import messages
from tests.tws.oracle import accepted, runs
from tests.tws.oracle.runs import Outcome

CLIENTS = {
    "ibapi-latest": ("drive_ibapi_requests.py", "100", "226"),
    "ibapi": ("drive_ibapi_requests.py", "75", "157"),
    "ib_async": ("drive_ib_requests.py", "157", "178"),
    "ib_insync": ("drive_ib_requests.py", "157", "176"),
}
WITHOUT_METHOD = {52, 53, 108, 109}
"""Requests that ibapi 10.51 has no plain method for: fundamental data is gone, the last two take a message."""


def run(client: str, samples: int, seed: int = 1) -> Outcome:
    script, first, last = CLIENTS[client]
    library = [client] if client.startswith("ib_") else []
    return runs.requests(client, script, *library, str(seed), str(samples), first, last)


@pytest.mark.parametrize("client", CLIENTS)
def test_what_a_client_sends_is_named_and_valued_as_it_was_asked_for(client: str) -> None:
    outcome = run(client, 1)

    assert outcome.differences == []
    assert outcome.accepted == set(accepted.ACCEPTED.get(client, {}))


def test_every_request_that_ibapi_can_send_is_compared_in_every_form() -> None:
    compared = set(run("ibapi-latest", 1).messages)

    text = {(True, row.id, "text") for row in messages(True).values() if row.id not in WITHOUT_METHOD | {106, 107}}
    protobuf = {
        (True, row.id, "protobuf") for row in messages(True).values() if row.id not in WITHOUT_METHOD and row.protobuf
    }
    assert compared == text | protobuf


@pytest.mark.deep
@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("seed", range(2, 6))
def test_many_more_arguments(client: str, seed: int) -> None:
    outcome = run(client, 20, seed)

    assert outcome.differences == []
