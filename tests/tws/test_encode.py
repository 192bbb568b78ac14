import random

import pytest

from capanalyze.tws.decode import FIRST_BINARY_ID, LAST_UNFRAMED, NEWEST, OLDEST, decode
from capanalyze.tws.encode import encode_text
from capanalyze.tws.message import Message as Recorded
from capanalyze.tws.schema import MessageType, messages
from tests.integrations.recorded import decoded, names, sessions
from tests.tws.oracle.generate import Text

ROWS = [row for table in (messages(True), messages(False)) for row in table.values() if row.text]
VERSIONS = (38, 50, 68, 76, 100, 101, 115, 130, 145, 150, 157, 165, 170, 178, 185, 188, 193, 196, 200, 202, 226)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.constant)
def test_every_text_message_decodes_and_encodes_to_the_same_octets(row: MessageType) -> None:
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


def recorded(name: str) -> list[tuple[Recorded, MessageType, bytes]]:
    """The whole text messages of a recording that the schema knows: as found, its row, its body."""
    found = [message for session in sessions(name) for message in session.messages]
    rows = [messages(message.from_client).get(message.id) for message in found]
    return [
        (message, row, message.payload[4 if message.encoding == "binary_id" else message.payload.find(b"\0") + 1 :])
        for message, row in zip(found, rows, strict=True)
        if row is not None and message.encoding in {"text", "binary_id", "unframed"} and not message.missing
    ]


@pytest.mark.parametrize("name", names())
def test_every_recorded_text_message_decodes_and_encodes_to_the_same_octets(name: str) -> None:
    for message, row, body in recorded(name):
        version = int(message.server_version) or narrowed(message)

        assert encode_text(row, decoded(message).fields, version, like=body) == body


def test_of_the_recorded_messages_only_unset_has_several_spellings() -> None:
    different: set[bytes] = set()
    senders: set[bool] = set()
    number = 0
    for name in names():
        for message, row, body in recorded(name):
            number += 1
            senders.add(message.from_client)
            version = int(message.server_version) or narrowed(message)
            again = encode_text(row, decoded(message).fields, version)
            pairs = zip(body.split(b"\0"), again.split(b"\0"), strict=True)
            different.update(was for was, now in pairs if was != now)

    assert different == {b"1.7976931348623157e+308", b"2147483647"}
    assert (number > 1500, senders) == (True, {True, False})


def narrowed(message: Recorded) -> int:
    """The newest server version that a message fits."""
    newest = {"text": FIRST_BINARY_ID - 1, "unframed": LAST_UNFRAMED}.get(message.encoding, NEWEST)
    return next(version for version in range(newest, OLDEST - 1, -1) if fits(message, version))


def fits(message: Recorded, version: int) -> bool:
    facts = {"from_client": message.from_client, "encoding": message.encoding}
    return decode(message.payload, server_version=version, **facts).problem is None


def test_a_value_that_was_changed_is_the_only_octets_that_are() -> None:
    row = messages(True)[3]
    ((message, body),) = [
        (message, body) for message, row, body in recorded("ibapi-9.81-healthy-157.pcapng") if row.name == "placeOrder"
    ][:1]
    values = decoded(message).fields
    order = values["order"]
    assert isinstance(order, dict)
    order["lmtPrice"] = "99.5"

    changed = encode_text(row, values, 157, like=body)

    pairs = zip(body.split(b"\0"), changed.split(b"\0"), strict=True)
    assert [now for was, now in pairs if was != now] == [b"99.5"]


def test_octets_that_are_no_text_are_written_as_they_were() -> None:
    row = messages(False)[15]
    body = b"1\0DU\xff\0"
    values = decode(b"15\0" + body, from_client=False, server_version=178, encoding="text").fields

    assert encode_text(row, values, 178, like=body) == body


@pytest.mark.parametrize("name", names())
def test_every_recorded_message_that_is_whole_fits_the_schema(name: str) -> None:
    found = [message for session in sessions(name) for message in session.messages if message.encoding != "hello"]

    assert [decoded(message).problem for message in found if not message.missing] == [None] * sum(
        not message.missing for message in found
    )
