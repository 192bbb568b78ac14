"""Protobuf bodies: a serialized proto3 message in, named JSON values out, by the schema's rows or without any.

IB's messages use varints (no zig-zag), little-endian doubles and length-delimited fields only. Nothing here
raises on wire bytes: a field that the schema does not know is shown under ``field_N`` as what it looks like,
and octets that are no protobuf are kept in hexadecimal under ``undecoded``.
"""

import math
import struct
from typing import Final

from capanalyze.tws.scalars import BAD, quantity
from capanalyze.tws.schema.protobuf_rows import ProtobufField, fields

MAX_DEPTH: Final = 12
"""Messages inside messages that are opened; IB's go four deep. What is deeper is shown in hexadecimal."""

MAX_VALUES: Final = 1 << 18
"""Values of one message that are decoded; the octets after them are kept as ``undecoded``."""

_UNSET_DOUBLE: Final = 1.7976931348623157e308
_UNSET_INTEGERS: Final = frozenset({2147483647, 9223372036854775807, -9223372036854775808})
_DOUBLE: Final = struct.Struct("<d")
_INT32_MIN: Final = -(1 << 31)
_INT32_MAX: Final = (1 << 31) - 1


def as_varint(value: int) -> bytes:
    """A number as it is written: a negative one as its 64 bits, which is how proto3 writes int32 and int64 alike."""
    value &= 0xFFFFFFFFFFFFFFFF
    octets = bytearray()
    while value > 127:
        octets.append(value & 127 | 128)
        value >>= 7
    octets.append(value)
    return bytes(octets)


def varint(data: bytes, position: int, end: int) -> tuple[int, int]:
    """An unsigned varint and the position after it; position -1 if there is none of at most 10 octets."""
    value = 0
    shift = 0
    while position < end and shift < 70:
        octet = data[position]
        position += 1
        value |= (octet & 0x7F) << shift
        if octet < 0x80:
            return value & 0xFFFFFFFFFFFFFFFF, position
        shift += 7
    return 0, -1


def signed(value: int) -> int:
    """A 64-bit two's complement number: negative int32 and int64 alike are sent sign-extended to 64 bits."""
    return value - (1 << 64) if value >> 63 else value


def double(data: bytes, position: int) -> str | None:
    """A double as the shortest decimal that means it; None for the largest, which stands for unset."""
    value: float = _DOUBLE.unpack_from(data, position)[0]
    if value == _UNSET_DOUBLE:
        return None
    if math.isfinite(value):
        return repr(value)
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


class Reader:
    """Decodes one serialized message; ``problem`` is the first thing that does not fit, None if all does."""

    __slots__ = ("data", "left", "problem")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.left = MAX_VALUES
        self.problem: str | None = None

    def message(self, name: str, start: int, end: int, depth: int, path: str) -> dict[str, object]:
        """The octets from ``start`` to ``end`` as the message ``name`` ("" for an unknown one)."""
        data = self.data
        known = fields(name) if name else {}
        values: dict[str, object] = {}
        position = start
        while position < end:
            began = position
            key = data[position]
            position += 1
            if key >= 0x80:
                key, position = varint(data, began, end)
            number, wire_type = key >> 3, key & 7
            stop = self._extent(wire_type, position, end) if position > 0 and number else -1
            if stop < 0 or not self.left:
                self._stop(values, began, end, path)
                break
            self.left -= 1
            field = known.get(number)
            if field is None or field.wire_type != wire_type:
                self._other(field, key, position, stop, values, depth, path, name)
            elif wire_type == 2:
                self._delimited(field, position, stop, values, depth, path)
            else:
                value = double(data, position) if wire_type == 1 else self._integer(field, position, stop, path)
                values[field.name] = value
            position = stop
        return values

    def _complain(self, problem: str) -> None:
        if self.problem is None:
            self.problem = problem

    def _stop(self, values: dict[str, object], position: int, end: int, path: str) -> None:
        """Keep octets that are no protobuf, or too many values."""
        where = f"{path[:-1]}: " if path else ""
        what = "not protobuf" if self.left else "more values than are decoded"
        self._complain(f"{where}{what} from octet {position} on")
        values["undecoded"] = self.data[position:end].hex()

    def _extent(self, wire_type: int, position: int, end: int) -> int:
        """Where the value that starts at ``position`` ends; -1 if it does not end before ``end``."""
        if wire_type == 0:
            while position < end and self.data[position] >= 0x80:
                position += 1
            return position + 1 if position < end else -1
        if wire_type == 2:
            length, position = varint(self.data, position, end)
            stop = position + length if position > 0 else end + 1
        elif wire_type in (1, 5):
            stop = position + (8 if wire_type == 1 else 4)
        else:
            return -1
        return stop if stop <= end else -1

    def _integer(self, field: ProtobufField, start: int, stop: int, path: str) -> object:
        data = self.data
        value = data[start]
        if stop - start > 1:
            value, after = varint(data, start, stop)
            if after < 0:
                self._complain(f"{path}{field.name} (field {field.number}) is no varint of 64 bits")
                return "0x" + data[start:stop].hex()
            value = signed(value)
        kind = field.type
        if kind == "b":
            return value != 0
        if value in _UNSET_INTEGERS and kind in ("i", "I"):
            return None
        if kind in ("i", "k") and not _INT32_MIN <= value <= _INT32_MAX:
            self._complain(f"{path}{field.name} (field {field.number}) is no 32-bit integer")
        return value

    def _delimited(
        self, field: ProtobufField, start: int, stop: int, values: dict[str, object], depth: int, path: str
    ) -> None:
        """Add the string, message, map entry or packed run that a known field holds."""
        start += 1
        if self.data[start - 1] >= 0x80:
            start = varint(self.data, start - 1, stop)[1]
        value: object
        if field.is_message:
            if depth >= MAX_DEPTH:
                value = "0x" + self.data[start:stop].hex()
            else:
                value = self.message(field.type, start, stop, depth + 1, f"{path}{field.name}.")
        elif field.type == "map":
            value = {"tag": "", "value": "", **self.message("MapEntry", start, stop, depth, f"{path}{field.name}.")}
        elif field.packed:
            self._packed(field, start, stop, values, path)
            return
        else:
            value = self._text(field, start, stop, path)
        if field.repeated or field.type == "map":
            _append(values, field.name, value)
        else:
            values[field.name] = value

    def _text(self, field: ProtobufField, start: int, stop: int, path: str) -> object:
        raw = self.data[start:stop]
        if field.type == "q":
            value = quantity(raw)
            if value is not BAD:
                return value
            self._complain(f"{path}{field.name} (field {field.number}) is not a number")
        return raw.decode("utf-8", "backslashreplace")

    def _packed(self, field: ProtobufField, start: int, stop: int, values: dict[str, object], path: str) -> None:
        """Add the elements of a packed repeated field; what does not come out even is kept in hexadecimal."""
        values.setdefault(field.name, [])
        position = start
        while position < stop:
            after = position + 8 if field.type == "d" else self._extent(0, position, stop)
            if not position < after <= stop or not self.left:
                self._complain(f"{path}{field.name} (field {field.number}) is no packed field")
                _append(values, field.name, "0x" + self.data[position:stop].hex())
                return
            self.left -= 1
            double_ = field.type == "d"
            value = double(self.data, position) if double_ else self._integer(field, position, after, path)
            _append(values, field.name, value)
            position = after

    def _other(
        self,
        field: ProtobufField | None,
        key: int,
        start: int,
        stop: int,
        values: dict[str, object],
        depth: int,
        path: str,
        name: str,
    ) -> None:
        """Add a field that the schema does not have, or has with another wire type."""
        if field is not None and field.packed and key & 7 == (1 if field.type == "d" else 0):
            value = double(self.data, start) if field.type == "d" else self._integer(field, start, stop, path)
            _append(values, field.name, value)
            return
        self._unknown(key, start, stop, values, depth)
        if field is not None:
            self._complain(f"{path}{field.name} (field {field.number}) is of another type")
        elif name:
            self._complain(f"{path}field_{key >> 3} is newer than known")

    def _unknown(self, key: int, start: int, stop: int, values: dict[str, object], depth: int) -> None:
        """Add a field that the schema does not have as what its octets look like."""
        name = f"field_{key >> 3}"
        wire_type = key & 7
        value: object
        if wire_type == 0 and stop - start <= 10:
            value = signed(varint(self.data, start, stop)[0])
        elif wire_type == 1:
            value = double(self.data, start)
        elif wire_type == 2:
            value = self._guess(varint(self.data, start, stop)[1], stop, depth)
        else:
            value = "0x" + self.data[start:stop].hex()
        if name in values:
            present = values[name]
            if isinstance(present, list):
                present.append(value)
            else:
                values[name] = [present, value]
        else:
            values[name] = value

    def _guess(self, start: int, stop: int, depth: int) -> object:
        """Octets of unknown meaning: text if it is printable, a message if they parse as one, else hexadecimal."""
        raw = self.data[start:stop]
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError:
            text = "\0"
        if text.isprintable():
            return text
        if depth < MAX_DEPTH:
            inner = Reader(raw)
            inner.left = self.left
            found = inner.message("", 0, len(raw), depth + 1, "")
            if inner.problem is None and found:
                self.left = inner.left
                return found
        return text if text != "\0" and _mostly_printable(text) else "0x" + raw.hex()


def _mostly_printable(text: str) -> bool:
    return all(character.isprintable() or character in "\t\r\n" for character in text)


def _append(values: dict[str, object], name: str, value: object) -> None:
    present = values.get(name)
    if isinstance(present, list):
        present.append(value)
    else:
        values[name] = [value]


def decode_body(body: bytes, name: str) -> tuple[dict[str, object], str | None]:
    """The values of a serialized message and the first problem; ``name`` "" for a message that is not known."""
    reader = Reader(body)
    values = reader.message(name, 0, len(body), 0, "")
    return values, reader.problem
