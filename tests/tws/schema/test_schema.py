import subprocess
import sys

import pytest

from capanalyze.tws.schema import (
    by_name,
    key_field,
    key_fields,
    message,
    messages,
    name_of,
    protobuf_key_field,
    show,
)
from capanalyze.tws.schema.grammar import KINDS, LIST, Node
from capanalyze.tws.schema.pairs import cancelled_by, pairs, requests_for
from capanalyze.tws.schema.protobuf_rows import fields, rows
from capanalyze.tws.schema.versions import name_of_version, names

BOTH = [*messages(True).values(), *messages(False).values()]


def test_every_id_of_ib_has_a_row() -> None:
    client = {*range(1, 26), *range(49, 60), *range(61, 110)}
    server = {*range(1, 22), *range(45, 48), *range(49, 60), *range(61, 112)}

    assert set(messages(True)) == client
    assert set(messages(False)) == server


@pytest.mark.parametrize(
    ("from_client", "message_id", "name"),
    [
        (True, 1, "reqMktData"),
        (True, 6, "reqAccountUpdates"),
        (True, 271, "startApi"),
        (False, 4, "error"),
        (False, 6, "updateAccountValue"),
        (False, 11, "execDetails"),
        (False, 215, "managedAccounts"),
        (False, 99, "tickByTick"),
        (False, 48, "message_48"),
        (False, 460, "message_260"),
    ],
)
def test_names_are_what_a_user_of_the_api_knows(from_client: bool, message_id: int, name: str) -> None:
    assert name_of(from_client, message_id) == name


def test_names_and_constants_are_unique_in_each_direction() -> None:
    for table in (messages(True), messages(False)):
        assert len({row.name for row in table.values()}) == len(table)
        assert len({row.constant for row in table.values()}) == len(table)


def test_every_layout_parses_and_every_counted_group_starts_with_a_field_that_is_always_there() -> None:
    def walk(nodes: list[Node]) -> None:
        for node in nodes:
            if node.form == LIST:
                first = node.children[0]
                assert not first.conditions or first.name
                assert any(not child.conditions for child in node.children)
            walk(node.children)

    for row in BOTH:
        walk(row.nodes())


def test_every_protobuf_message_has_its_row_and_every_row_its_user() -> None:
    used = {row.protobuf for row in BOTH if row.protobuf}
    waiting = list(used)
    while waiting:
        for field in fields(waiting.pop()).values():
            if field.is_message and field.type not in used:
                used.add(field.type)
                waiting.append(field.type)

    assert used | {"MapEntry"} == set(rows())
    assert all(field.kind in ("", *KINDS) for name in rows() for field in fields(name).values())


def test_text_only_messages_are_those_that_ib_never_moved_to_protobuf() -> None:
    assert [row.id for row in messages(True).values() if not row.protobuf] == [72, 73]
    assert [row.id for row in messages(False).values() if not row.protobuf] == [47, 56, 69, 70]


@pytest.mark.parametrize(
    ("name", "version", "index"),
    [("reqMktData", 178, 1), ("placeOrder", 144, 1), ("placeOrder", 145, 0), ("replaceFA", 157, 3),
     ("orderBound", 178, 2), ("position", 178, -1), ("execDetails", 135, 1),
     ("execDetails", 136, 0), ("error", 193, 1), ("error", 194, 0)],
)  # fmt: skip
def test_where_the_key_stands_in_a_text_body(name: str, version: int, index: int) -> None:
    (row,) = by_name(name)

    assert key_field(row.from_client, row.id, version) == index
    assert key_fields(row.from_client, version, version).of(row.id) == index


def test_the_key_of_a_protobuf_message_is_its_first_field_save_for_order_bound() -> None:
    without = {row.id for row in messages(False).values() if row.protobuf and not protobuf_key_field(False, row.id)}

    assert without == {6, 7, 8, 9, 14, 15, 16, 19, 49, 53, 54, 59, 61, 62, 65, 66, 78, 80, 85, 101, 102, 109}
    assert protobuf_key_field(False, 100) == 3
    assert {protobuf_key_field(True, row.id) for row in messages(True).values()} == {0, 1}
    assert protobuf_key_field(True, 108) == 1


def test_every_pair_names_messages_that_exist() -> None:
    requests = {row.name for row in messages(True).values()}
    answers = {row.name for row in messages(False).values()}

    for pair in pairs().values():
        assert pair.request in requests
        assert set(pair.answers) <= answers
        assert not pair.cancel or pair.cancel in requests


def test_every_request_that_asks_for_something_is_paired() -> None:
    silent = {"setServerLogLevel", "exerciseOptions", "reqGlobalCancel", "reqMarketDataType", "updateDisplayGroup"}

    unpaired = {row.name for row in messages(True).values()} - set(pairs())

    assert {name for name in unpaired if not cancelled_by(name)} == silent


def test_every_answer_belongs_to_a_request_but_the_error_that_belongs_to_all() -> None:
    alone = {row.name for row in messages(False).values() if not requests_for(row.name)}

    assert alone == {"error"}


def test_a_keyless_pair_has_answers_without_a_key() -> None:
    for pair in pairs().values():
        (row,) = (row for row in by_name(pair.request) if row.from_client)
        assert pair.keyless == (key_field(True, row.id, 200) < 0 and row.text), pair.request


def test_server_versions_have_ibs_names() -> None:
    assert name_of_version(201) == "PROTOBUF"
    assert max(names()) == 226
    assert {*range(100, 227)} - set(names()) == {100, 133}


def test_showing_a_message_gives_a_row_for_each_field_with_its_gate_and_kind() -> None:
    (row,) = (row for row in show.find("cancelOrder") if row.from_client)

    text = {line.name: line for line in show.text_rows(row)}
    assert text["version"].versions == "< 192 CME_TAGGING_FIELDS"
    assert text["orderId"].key
    assert (text["externalUserId"].versions, text["externalUserId"].kind) == ("187 to 189", "user")
    assert [line.number for line in show.protobuf_rows(row)] == [1, 2, 1, 2, 3]


def test_a_message_is_found_by_constant_part_and_number() -> None:
    assert [row.name for row in show.find("POSITION_DATA")] == ["position"]
    assert {row.name for row in show.find("histogram")} == {"reqHistogramData", "cancelHistogramData", "histogramData"}
    assert {row.name for row in show.find("49")} == {"reqCurrentTime", "currentTime"}


def test_every_message_can_be_shown() -> None:
    for row in BOTH:
        assert show.text_rows(row) or show.protobuf_rows(row) or not row.layout.strip()
        assert show.conversation(row) is not None


def test_importing_the_schema_parses_nothing() -> None:
    code = "import capanalyze.tws.decode, capanalyze.tws.schema; print(len(capanalyze.tws.schema._tables))"

    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=".")

    assert ran.stdout.strip() == "0"


def test_message_takes_the_id_with_and_without_the_offset() -> None:
    assert message(False, 4) is message(False, 204)


def test_an_id_without_a_row_has_no_key() -> None:
    assert key_field(True, 60, 178) == -1
    assert protobuf_key_field(True, 60) == 0
