"""Build protobuf bodies: named values in, a serialized proto3 message out, by the rows that decode it.

The counterpart of tws/encode.py for the scapy layer. Fields are written in order of their numbers, as IB's clients
write them; None and names that the message does not have are left out.
"""

import struct
from collections.abc import Mapping
from typing import Final

from capanalyze.tws.protobuf import as_varint
from capanalyze.tws.schema.protobuf_rows import ProtobufField, fields

MAX_DEPTH: Final = 12
"""Messages inside messages that are written."""

_DOUBLE: Final = struct.Struct("<d")


def encode_protobuf(name: str, values: Mapping[str, object], depth: int = 0) -> bytes:
    """The message ``name`` with ``values`` as ``decode`` gives them: numbers, strings, dicts, lists.

    Raises:
        ValueError: a value that is not of its field's type, or deeper than MAX_DEPTH.
    """
    if depth > MAX_DEPTH:
        raise ValueError(f"{name}: deeper than {MAX_DEPTH} messages")
    written = [
        _field(field, values[field.name], depth)
        for field in fields(name).values()
        if values.get(field.name) is not None
    ]
    return b"".join(written)


def _field(field: ProtobufField, value: object, depth: int) -> bytes:
    items = value if isinstance(value, list) and (field.repeated or field.type == "map") else [value]
    if field.packed:
        return _delimited(field.number, b"".join(_number(field, item) for item in items)) if items else b""
    return b"".join(_item(field, item, depth) for item in items)


def _item(field: ProtobufField, value: object, depth: int) -> bytes:
    if field.wire_type != 2:
        return as_varint(field.number << 3 | field.wire_type) + _number(field, value)
    if field.is_message or field.type == "map":
        if not isinstance(value, Mapping):
            raise ValueError(f"{field.name}: not a message but {value!r}")
        return _delimited(
            field.number, encode_protobuf("MapEntry" if field.type == "map" else field.type, value, depth + 1)
        )
    return _delimited(
        field.number, value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogateescape")
    )


def _number(field: ProtobufField, value: object) -> bytes:
    if not isinstance(value, (int, float, str)):
        raise ValueError(f"{field.name}: not a number but {value!r}")  # noqa: TRY004 - the one error that is promised
    return _DOUBLE.pack(float(value)) if field.type == "d" else as_varint(int(value))


def _delimited(number: int, octets: bytes) -> bytes:
    return as_varint(number << 3 | 2) + as_varint(len(octets)) + octets
