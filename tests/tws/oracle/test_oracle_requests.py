"""What the real clients encode, our decoder names: every request method, at every server version they know."""

import json

import pytest

from capanalyze.tws.decode import unframed_length
from capanalyze.tws.schema import messages
from tests.tws.oracle import accepted, envs, runs
from tests.tws.oracle.runs import Outcome

CLIENTS = {
    "ibapi-latest": ("ibapi-latest", "drive_ibapi_requests.py", [], "100", "226"),
    "ibapi 9.81": ("ibapi", "drive_ibapi_requests.py", [], "75", "157"),
    "ib_async": ("ib_async", "drive_ib_requests.py", ["ib_async"], "157", "178"),
    "ib_insync": ("ib_insync", "drive_ib_requests.py", ["ib_insync"], "157", "176"),
    "@stoqey/ib": ("node", "drive_node_requests.cjs", ["@stoqey/ib"], "101", "193"),
    "ib 0.2.9": ("node", "drive_node_requests.cjs", ["ib"], "38", "76"),
}
"""By client: its environment, driver, the driver's first arguments, and the server versions it knows."""

NODE_NAMES = {
    "reqHeadTimestamp": "reqHeadTimeStamp",
    "cancelHeadTimestamp": "cancelHeadTimeStamp",
    "unsubscribeToGroupEvents": "unsubscribeFromGroupEvents",
    "reqCancelWshMetaData": "cancelWshMetaData",
    "reqCancelWshEventData": "cancelWshEventData",
}
"""Methods of the node clients that EClient calls otherwise."""

WITHOUT_METHOD = {52, 53, 108, 109}
"""Requests that ibapi 10.51 has no plain method for: fundamental data is gone, the last two take a message."""


def run(client: str, samples: int, seed: int = 1) -> Outcome:
    environment, script, library, first, last = CLIENTS[client]
    arguments = [*library, str(seed), str(samples), first, last]
    return runs.requests(client, environment, script, *arguments, known=NODE_NAMES)


@pytest.mark.parametrize("client", CLIENTS)
def test_what_a_client_sends_is_named_and_valued_as_it_was_asked_for(client: str) -> None:
    outcome = run(client, 1)

    assert outcome.differences == []
    assert sum(outcome.messages.values()) > 1000
    assert outcome.accepted == set(accepted.ACCEPTED.get(client, {}))


def test_every_request_that_ibapi_can_send_is_compared_in_every_form() -> None:
    compared = set(run("ibapi-latest", 1).messages)

    text = {(True, row.id, "text") for row in messages(True).values() if row.id not in WITHOUT_METHOD | {106, 107}}
    protobuf = {
        (True, row.id, "protobuf") for row in messages(True).values() if row.id not in WITHOUT_METHOD and row.protobuf
    }
    assert compared == text | protobuf


def test_unframed_messages_of_an_old_client_end_where_the_next_begins() -> None:
    environment, script, library, _, last = CLIENTS["ib 0.2.9"]
    known = {row.id for row in messages(True).values() if row.since <= int(last)}
    sent = [json.loads(line) for line in envs.run(environment, script, *library, "5", "2", "60", last)]
    for version in range(60, int(last) + 1):
        payloads = [bytes.fromhex(line["frame"])[4:] for line in sent if line["version"] == version]
        payloads = [payload for payload in payloads if int(payload.partition(b"\0")[0]) in known]
        stream = b"".join(payloads)
        position = 0
        for payload in payloads:
            length = unframed_length(stream, position, from_client=True, server_version=version)
            assert length == len(payload), payload
            position += length


@pytest.mark.deep
@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("seed", range(2, 6))
def test_many_more_arguments(client: str, seed: int) -> None:
    outcome = run(client, 8, seed)

    assert outcome.differences == []
