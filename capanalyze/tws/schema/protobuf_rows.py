"""The protobuf rows, indexed: the name of a message in, its fields by number out, parsed when first asked for."""

import re
from typing import Final

from capanalyze.tws.schema import protobuf_answers, protobuf_parts, protobuf_requests

_ROW: Final = r"^(\w+)(.*(?:\n  .*)*)$"
_FIELD: Final = r"(\d+) (\w+)(?:\|(\w+))?(?::(\w+))?(\*?)(?:~(\w+))?"
_SCALARS: Final = frozenset({"s", "q", "i", "I", "k", "K", "d", "b", "map"})


class ProtobufField:
    """A numbered field.

    Attributes:
        number: its number on the wire.
        name: the name we give its value (that of IB's API classes).
        wire_name: its name in IB's descriptors.
        type: "s" "q" "i" "I" "k" "K" "d" "b" "map", or the name of a message.
        is_message: whether ``type`` is the name of a message.
        repeated: whether it may come more than once.
        packed: whether it is repeated and its elements come in one run (numbers, as proto3 has it).
        wire_type: 0 (varint), 1 (64 bits) or 2 (length-delimited).
        kind: of which kind its sensitive value is (grammar.KINDS), or "".
    """

    __slots__ = ("is_message", "kind", "name", "number", "packed", "repeated", "type", "wire_name", "wire_type")

    def __init__(self, row: tuple[str, str, str, str, str, str]) -> None:
        self.number = int(row[0])
        self.name = row[1]
        self.wire_name = row[2] or row[1]
        self.type = row[3] or "s"
        self.is_message = self.type not in _SCALARS
        self.repeated = bool(row[4])
        self.kind = row[5]
        self.wire_type = 0 if self.type in "iIkKb" else 1 if self.type == "d" else 2
        self.packed = self.repeated and self.wire_type != 2
        if self.packed:
            self.wire_type = 2


_rows: dict[str, str] = {}
_parsed: dict[str, dict[int, ProtobufField]] = {}


def rows() -> dict[str, str]:
    """The unparsed row of each message by name."""
    if not _rows:
        for source in (protobuf_requests.ROWS, protobuf_answers.ROWS, protobuf_parts.ROWS):
            _rows.update(re.findall(_ROW, source, re.MULTILINE))
    return _rows


def fields(name: str) -> dict[int, ProtobufField]:
    """The fields of a message by number; empty for a message without fields and for one we do not know."""
    found = _parsed.get(name)
    if found is None:
        found = {int(row[0]): ProtobufField(row) for row in re.findall(_FIELD, rows().get(name, ""))}
        _parsed[name] = found
    return found
