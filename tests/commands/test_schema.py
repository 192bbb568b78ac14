"""What ``capanalyze schema`` tells of a message, and that it tells it of every one."""

import json
from typing import Any

import pytest

from capanalyze.report.schema_json import entry, paths
from capanalyze.report.schema_text import described
from capanalyze.tws.schema import MessageType, messages
from capanalyze.tws.schema.grammar import LIST, OBJECT, SEQUENCE, Node
from capanalyze.tws.schema.protobuf_rows import fields
from capanalyze.tws.schema.show import protobuf_rows
from tests.commands.command_line import capanalyze

EVERY = [*messages(True).values(), *messages(False).values()]


def told(*arguments: str) -> tuple[int, str, str]:
    return capanalyze("schema", *arguments)


def json_of(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(told(name, "--format", "json")[1])["messages"][0]
    return found


def test_without_a_name_every_message_has_a_line_with_its_id_and_both_names() -> None:
    status, out, error = told()

    lines = [line.split() for line in out.splitlines()]
    expected = [[str(message.id), message.name, message.constant, message.protobuf or "-"] for message in EVERY]
    assert (status, error) == (0, "")
    assert [line for line in lines if line[:1] and line[0].isdigit()] == expected


@pytest.mark.parametrize("name", ["reqAccountUpdates", "REQ_ACCT_DATA", "reqaccountupdates"])
def test_a_message_is_found_by_name_or_constant_in_any_case(name: str) -> None:
    assert [json_of(name)[key] for key in ("id", "name", "sender")] == [6, "reqAccountUpdates", "client"]


def test_a_number_names_the_messages_of_both_directions() -> None:
    found = json.loads(told("9", "--format", "json")[1])["messages"]

    assert [(m["sender"], m["name"]) for m in found] == [("client", "reqContractDetails"), ("server", "nextValidId")]


def test_an_unknown_name_is_an_error_in_two_lines() -> None:
    status, out, error = told("noSuchMessage")

    assert (status, out) == (2, "")
    assert error.splitlines() == [
        "error: noSuchMessage: no message of that name, constant or number",
        "hint: capanalyze schema lists them all; a part of a name, a constant or a number is enough",
    ]


def test_text_fields_stand_in_wire_order_with_their_gates_and_kinds() -> None:
    fields_of = json_of("reqExecutions")["text"]

    assert fields_of[:5] == [
        {"path": "version", "type": "integer"},
        {"path": "reqId", "type": "identifier", "versions": ">= 42 EXECUTION_DATA_CHAIN", "key": True},
        {"path": "executionFilter", "type": "object"},
        {"path": "executionFilter.clientId", "type": "identifier"},
        {"path": "executionFilter.acctCode", "type": "string", "sensitive": "account"},
    ]
    assert fields_of[-1] == {
        "path": "executionFilter.specificDates[].each",
        "type": "integer",
    }


def test_protobuf_fields_have_their_numbers_and_nested_messages_are_unfolded() -> None:
    found = json_of("tickByTick")["protobuf"]

    assert [found["message"], found["id"]] == ["TickByTickData", 299]
    numbers = {field["path"]: field["number"] for field in found["fields"]}
    assert [
        numbers[f"historicalTickLast{inner}"] for inner in ("", ".tickAttribLast", ".tickAttribLast.pastLimit")
    ] == [3, 2, 1]


def test_a_request_tells_its_answers_the_last_of_them_and_its_cancel() -> None:
    assert json_of("reqContractDetails")["conversation"] == [
        {
            "request": "reqContractDetails",
            "answers": ["contractDetails", "bondContractDetails", "contractDetailsEnd"],
            "end": "contractDetailsEnd",
            "stream": False,
            "cancel": "cancelContractData",
            "key": "request",
        }
    ]


def test_an_answer_tells_the_request_it_may_belong_to() -> None:
    out = told("familyCodes")[1]

    assert "answers      reqFamilyCodes, found by the oldest open request of its kind" in out


def test_numbers_with_a_meaning_are_told_with_it() -> None:
    values = json_of("reqMarketDataType")["values"]

    assert values == {"marketDataType": {"1": "live", "2": "frozen", "3": "delayed", "4": "delayed frozen"}}


def test_text_says_which_fields_are_sensitive_and_why() -> None:
    out = told("managedAccounts")[1]

    assert "account: an account of the user or of another party: accountsList" in out


def count(nodes: list[Node]) -> int:
    """Fields, objects and lists of a layout."""
    return sum(
        (node.form != SEQUENCE) + (count(node.children) if node.form in (SEQUENCE, OBJECT, LIST) else 0)
        for node in nodes
    )


@pytest.mark.parametrize("message", EVERY, ids=lambda m: f"{m.constant}")
def test_every_field_of_every_message_is_in_both_formats(message: MessageType) -> None:
    found = entry(message)
    lines = described(message, 200)

    assert (count(message.nodes()) if message.text else None) == (None if found["text"] is None else len(found["text"]))
    assert set(fields(message.protobuf)) == {row.number for row in protobuf_rows(message) if row.depth == 0}
    names = [path.rsplit(".", 1)[-1] for path, _ in paths(protobuf_rows(message))]
    assert [name for name in names if not any(f" {name} " in f"{line} " for line in lines)] == []


def test_lines_fit_the_width_that_was_asked_for() -> None:
    widths = {len(line) for message in EVERY for line in described(message, 80)}

    assert max(widths) <= 80


def test_the_report_and_a_message_are_not_asked_for_together() -> None:
    assert told("error", "--report")[0] == 2
