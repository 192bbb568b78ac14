"""The schema of the messages as plain values: what ``capanalyze schema --format json`` prints.

In: rows of tws/schema. Out: dicts, lists, strings, integers and None, for scripts and other dissectors.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from capanalyze.tws.schema import NEWEST, PROTOBUF_OFFSET, MessageType
from capanalyze.tws.schema.grammar import KINDS
from capanalyze.tws.schema.show import Row, conversation, protobuf_rows, text_rows
from capanalyze.tws.values import TABLES

CALLED: Final = {"request": "its request or order id", "marketRule": "its market rule id"}
"""What a pairing key numbers, in words."""


def catalogue(messages: Sequence[MessageType]) -> dict[str, Any]:
    """The object that is printed: the messages, the newest server version, the kinds of sensitive values."""
    return {
        "newest_server_version": NEWEST,
        "sensitive_kinds": dict(KINDS),
        "messages": [entry(message) for message in messages],
    }


def entry(message: MessageType) -> dict[str, Any]:
    """One message. ``text`` and ``protobuf`` are None where it has no such form; paths are dotted names."""
    return {
        "sender": "client" if message.from_client else "server",
        "id": message.id,
        "name": message.name,
        "constant": message.constant,
        "since": message.since or None,
        "text": [_field(path, row) for path, row in paths(text_rows(message))] if message.text else None,
        "protobuf": _protobuf(message),
        "conversation": [
            {
                "request": pair.request,
                "answers": list(pair.answers),
                "end": pair.end or None,
                "stream": pair.stream,
                "cancel": pair.cancel or None,
                "key": None if pair.keyless else pair.key,
            }
            for pair in conversation(message)
        ],
        "values": {
            path: {str(value): meaning for value, meaning in table.items()}
            for path, table in value_tables(message).items()
        },
    }


def _protobuf(message: MessageType) -> dict[str, Any] | None:
    if not message.protobuf:
        return None
    return {
        "message": message.protobuf,
        "id": message.id + PROTOBUF_OFFSET,
        "since": message.protobuf_since or None,
        "fields": [_field(path, row) for path, row in paths(protobuf_rows(message))],
    }


def _field(path: str, row: Row) -> dict[str, Any]:
    found: dict[str, Any] = {"path": path, "type": row.type}
    known = {
        "number": row.number,
        "versions": row.versions,
        "condition": row.condition,
        "sensitive": row.kind,
        "key": row.key,
        "wire_name": row.note,
    }
    return found | {name: value for name, value in known.items() if value}


def paths(rows: Sequence[Row]) -> Iterator[tuple[str, Row]]:
    """Each row with the dotted name of its field (``order.conditions[].type``)."""
    above: list[str] = []
    for row in rows:
        del above[row.depth :]
        above.append(row.name)
        yield ".".join(above), row


def value_tables(message: MessageType) -> dict[str, dict[int | str, str]]:
    """The fields of a message whose values have a meaning of their own, by path, and the meanings."""
    found: dict[str, dict[int | str, str]] = {}
    for path, _ in paths((*text_rows(message), *protobuf_rows(message))):
        table = _table(f"{message.name}.{path.replace('[]', '')}")
        if table is not None:
            found[path] = table
    return found


def _table(path: str) -> dict[int | str, str] | None:
    """The table of a field: that of its whole name, else of the longest end of it."""
    while path:
        if path in TABLES:
            return TABLES[path]
        path = path.partition(".")[2]
    return None
