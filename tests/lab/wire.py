"""Octets of the TWS API protocol, both ways: fields, frames, protobuf.

Values come in, octets go out, and back. Nothing here knows a message; messages.py does. Written from the protocol notes
and from what the real clients accept, and shared with no other part of the project, so that a mistake in the product's
decoder does not meet the same mistake here.
"""

import struct
from collections.abc import Iterable, Iterator

MAGIC = b"API\0"
MAX_PAYLOAD = 0xFFFFFF  # the largest payload that the official clients accept
PROTOBUF_OFFSET = 200  # a message id above this number marks a protobuf body
BINARY_ID_SINCE = 201  # from this server version on a message id is four octets, big endian

Scalar = str | int | float | bool | None
ProtoValue = Scalar | bytes | list["ProtoValue"]


def frame(payload: bytes) -> bytes:
    """Payload behind its length, four octets, big endian."""
    return struct.pack(">I", len(payload)) + payload


def take_frame(buffer: bytearray) -> bytes | None:
    """The first whole frame's payload, removed from the buffer; None when more octets are needed."""
    if len(buffer) < 4:
        return None
    (length,) = struct.unpack_from(">I", buffer)
    if len(buffer) < 4 + length:
        return None
    payload = bytes(buffer[4 : 4 + length])
    del buffer[: 4 + length]
    return payload


def text_field(value: Scalar) -> str:
    """A value as the server writes it: 1 and 0 for booleans, nothing for an unset value, no `.0` on whole numbers."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    return str(value)


def text(values: Iterable[Scalar]) -> bytes:
    """Fields, each ended by one NUL."""
    return b"".join(text_field(value).encode() + b"\0" for value in values)


def split_text(payload: bytes) -> list[str]:
    """The fields of a text payload; the empty tail behind the last NUL is dropped."""
    return payload.decode(errors="replace").split("\0")[:-1]


def varint(value: int) -> bytes:
    """A protobuf varint; negative numbers take ten octets, as proto3's int32 and int64 do."""
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def proto_field(number: int, value: ProtoValue) -> bytes:
    """One protobuf field; the wire type follows from the Python type, None writes nothing, a list repeats the field."""
    if value is None:
        return b""
    if isinstance(value, list):
        if value and all(isinstance(item, float) for item in value):  # proto3 packs repeated numbers
            value = struct.pack(f"<{len(value)}d", *value)
        else:
            return b"".join(proto_field(number, item) for item in value)
    if isinstance(value, bool | int):
        return varint(number << 3) + varint(int(value))
    if isinstance(value, float):
        return varint(number << 3 | 1) + struct.pack("<d", value)
    octets = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(octets)) + octets


def read_varint(data: bytes, at: int) -> tuple[int, int]:
    """The varint at an offset, signed as int64, and the offset behind it."""
    value = shift = 0
    while True:
        octet = data[at]
        at += 1
        value |= (octet & 0x7F) << shift
        shift += 7
        if octet < 0x80:
            return value - (1 << 64) if value >> 63 else value, at


def read_proto(data: bytes) -> Iterator[tuple[int, int | float | bytes]]:
    """The (field number, value) pairs of a protobuf message; strings and submessages stay octets."""
    at = 0
    while at < len(data):
        key, at = read_varint(data, at)
        kind = key & 7
        if kind == 0:
            value, at = read_varint(data, at)
            yield key >> 3, value
        elif kind == 1:
            yield key >> 3, struct.unpack_from("<d", data, at)[0]
            at += 8
        elif kind == 2:
            length, at = read_varint(data, at)
            yield key >> 3, data[at : at + length]
            at += length
        else:
            msg = f"wire type {kind} does not occur in this protocol"
            raise ValueError(msg)


def message_id(payload: bytes) -> tuple[int, str]:
    """The message id (without the protobuf offset) of a frame's payload and the encoding of its body."""
    if payload[:1] != b"\0":
        return int(payload[: payload.index(b"\0")]), "text"
    (number,) = struct.unpack_from(">I", payload)
    if number > PROTOBUF_OFFSET:
        return number - PROTOBUF_OFFSET, "protobuf"
    return number, "binary_id"
