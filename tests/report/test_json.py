"""The JSON keeps contract.md's promise: every key, no other type, the same object as the API's."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

import capanalyze
from capanalyze.report import Look, render
from capanalyze.report.json import text_of
from tests.conversation import Conversation
from tests.report.stories import STORIES
from tests.timeline.talk import HELLO, NEXT_VALID_ID, START_API, opened, ready, report

TESTS = Path(__file__).resolve().parents[1]
CAPTURES = sorted((TESTS.parent / "captures").glob("*.pcapng"))
SCHEMAS = {
    name: json.loads((TESTS / "schema" / f"{name}.json").read_text(encoding="utf-8")) for name in ("report", "message")
}
VALIDATE = {name: jsonschema.Draft202012Validator(schema) for name, schema in SCHEMAS.items()}


def errors(name: str, instance: object) -> list[str]:
    """What the schema has against an object."""
    return [f"{error.json_path}: {error.message[:200]}" for error in VALIDATE[name].iter_errors(instance)]


@pytest.mark.parametrize("name", sorted(STORIES))
def test_a_story_as_json_fits_the_schema(name: str) -> None:
    actual = json.loads(render(report(*STORIES[name]()), "json", Look()))

    assert errors("report", actual) == []


@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.name)
def test_a_recording_as_json_fits_the_schema(path: Path) -> None:
    actual = capanalyze.read(path, all_connections=True).to_dict()

    assert errors("report", actual) == []


@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.name)
def test_every_message_of_a_recording_fits_the_schema_and_is_counted(path: Path) -> None:
    whole = capanalyze.read(path)

    messages = list(whole.messages())

    assert [error for message in messages for error in errors("message", message)] == []
    assert counted(whole.to_dict()) == tallied(messages)


def counted(whole: dict[str, Any]) -> dict[tuple[int, str, str], int]:
    """Messages by connection, sender and name, as the report counts them."""
    return {
        (connection["conn"], side, name): number
        for connection in whole["connections"]
        if connection["tws"]
        for side, names in connection["tws"]["messages"].items()
        for name, number in names.items()
    }


def tallied(messages: list[dict[str, Any]]) -> dict[tuple[int, str, str], int]:
    """The same from the messages themselves."""
    found: dict[tuple[int, str, str], int] = {}
    for message in messages:
        key = (message["conn"], message["sender"], message["name"])
        found[key] = found.get(key, 0) + 1
    return found


@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.name)
def test_messages_come_in_the_order_of_their_packets(path: Path) -> None:
    packets = [message["packet"] for message in capanalyze.read(path).messages()]

    assert packets == sorted(packets)


def test_the_json_is_the_apis_object() -> None:
    whole = report(*STORIES["healthy"]())

    actual = json.loads(render(whole, "json", Look()))

    assert whole.to_dict() == actual


VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text()),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=4), inner, max_size=4)),
    max_leaves=12,
)


@given(VALUES)
def test_any_value_is_written_as_the_standard_library_writes_it(value: object) -> None:
    assert text_of(value, 0) == json.dumps(value, indent=2)


def test_what_is_nested_too_deep_is_not_written() -> None:
    value: object = {}
    for _ in range(64):
        value = [value]

    with pytest.raises(RecursionError, match="too many levels"):
        text_of(value, 0)


def test_the_keys_stand_in_the_contracts_order() -> None:
    connection = report(ready()).to_dict()["connections"][0]

    assert list(connection)[:11] == [
        "conn", "client", "server", "roles_from", "opened", "first_packet", "last_packet", "first_ts_ns", "last_ts_ns",
        "packets", "client_bytes",
    ]  # fmt: skip


def test_a_capture_with_the_connections_of_others_numbers_ours_the_same() -> None:
    talks = [*STORIES["nothing-for-us"](), ready(client_address=("127.0.0.1", 50009), clock=1_700_000_001_000_000_000)]

    ours = [connection.conn for connection in report(*talks).connections]
    every = [connection.conn for connection in report(*talks, all_connections=True).connections]

    assert (ours, every) == ([3], [1, 2, 3])


def test_what_was_said_before_the_close_is_not_what_came_after_it() -> None:
    talk = ready().client.fin().server.ack().server.data(b"\0\0\0\x0549\x001\x00").client.ack()

    before = report(talk).connections[0].before_close["server"]

    assert before.bytes_hex.endswith("39003100310 0".replace(" ", ""))
    assert [message["name"] for message in before.messages] == ["hello", "managedAccounts", "nextValidId"]


def test_nothing_was_said_before_a_close_after_which_all_was_said() -> None:
    late = Conversation().established().client.fin().after(1).server.data(NEXT_VALID_ID).server.fin()
    unheard = opened().server.fin().client.ack().client.data(HELLO + START_API)
    said = [words for talk in (late, unheard) for words in report(talk).connections[0].before_close.values()]

    assert [(words.bytes_hex, words.messages) for words in said] == [("", ())] * 4


def test_the_messages_of_a_live_report_without_a_file_say_how_to_keep_them() -> None:
    whole = report(ready())

    with pytest.raises(capanalyze.CapanalyzeError, match="were not kept") as caught:
        whole.messages()

    assert caught.value.hint == "keep the packets with -w FILE and read that file"
