import random

import pytest

from capanalyze.tws.decode import decode
from capanalyze.tws.encode import encode_text
from capanalyze.tws.schema import Message, messages
from tests.tws.oracle.generate import Text

ROWS = [row for table in (messages(True), messages(False)) for row in table.values() if row.text]
VERSIONS = (38, 50, 68, 76, 100, 101, 115, 130, 145, 150, 157, 165, 170, 178, 185, 188, 193, 196, 200, 202, 226)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.constant)
def test_every_text_message_decodes_and_encodes_to_the_same_octets(row: Message) -> None:
    for version in VERSIONS:
        if version < row.since:
            continue
        body = Text(row, version, random.Random(version), 0.2).body().replace(b"\\u", b"")
        binary = version > 200
        payload = (row.id.to_bytes(4, "big") if binary else b"%d\0" % row.id) + body
        encoding = "binary_id" if binary else "text"

        decoded = decode(payload, from_client=row.from_client, server_version=version, encoding=encoding)

        assert encode_text(row, decoded.fields, version) == body


def test_surplus_fields_follow_at_the_end() -> None:
    row = messages(False)[9]

    assert encode_text(row, {"version": 1, "orderId": 7, "field_3": "x", "field_4": ""}, 178) == b"1\x007\0x\0\0"


def test_what_is_not_given_is_written_as_unset() -> None:
    row = messages(True)[1]

    body = encode_text(row, {"version": 11, "reqId": 5, "contract": {"symbol": "ES", "secType": "FUT"}}, 178)

    assert body == b"11\x005\0\0ES\0FUT\0" + b"\0" * 14


def test_counted_groups_are_counted_and_conditions_asked() -> None:
    row = messages(True)[1]
    legs = [{"conId": 1, "ratio": 2, "action": "BUY", "exchange": "CME"}] * 2

    body = encode_text(row, {"version": 11, "reqId": 5, "contract": {"secType": "BAG", "comboLegs": legs}}, 178)

    assert b"\x002\x001\x002\0BUY\0CME\x001\x002\0BUY\0CME\0" in body


def test_a_nul_in_a_value_cannot_make_another_field() -> None:
    assert encode_text(messages(False)[15], {"version": 1, "accountsList": "DU0\0DU1"}, 178) == b"1\0DU0DU1\0"
