"""Decode one TWS message: the payload of a frame in (without its length), names and plain JSON values out.

Nothing here raises on wire bytes. What does not fit the schema is kept as it is, and ``problem`` names the first
thing that does not. Unset is None, decimals are strings, a field without a name is ``field_N`` (N counts the
fields of a text body from 1; in protobuf it is the field's number).
"""

import re
from typing import Final, NamedTuple

from capanalyze.tws import protobuf, text
from capanalyze.tws.fitting import FIRST_FRAMED, MAX_TRIED, plan_of, stretches
from capanalyze.tws.message import Message
from capanalyze.tws.scalars import identifier
from capanalyze.tws.schema import (
    FIRST_BINARY_ID,
    NEWEST,
    PROTOBUF_OFFSET,
    MessageType,
    key_fields,
    message,
    protobuf_key_field,
)

_NUMBER: Final = re.compile(rb"[-+.\dEe]+")

OLDEST: Final = 38
"""The oldest server version whose text layouts the schema holds (what clients of today accept at least)."""

WINDOW: Final = 2048
"""Octets in which the end of an unframed message is looked for first."""

LAST_UNFRAMED: Final = 76
"""The newest server version that a session without frames can have: what a server answers at most to a hello from
before version 100 (reports of TWS 972 to 981)."""


class Decoded(NamedTuple):
    """A message.

    Attributes:
        id: its number, without the 200 of the protobuf form; -1 where the payload has none.
        name: what a user of the API knows it by; ``message_N`` where the schema has no such id.
        encoding: "text", "binary_id", "protobuf" or "unframed", as the bytes are.
        fields: names and values in wire order: str, int, bool, None, and dict and list of these.
        request_id: the key by which it is paired, None where it has none.
        problem: the first thing that does not fit the schema, None where everything does.
        from_client: the direction.
    """

    id: int
    name: str
    fields: dict[str, object]
    request_id: int | None = None
    problem: str | None = None
    encoding: str = "text"
    from_client: bool = False


def split_id(payload: bytes, encoding: str) -> tuple[int, bytes, str]:
    """The message id (-1 for none), the body and the encoding as it is; ``encoding`` is what the session expects."""
    if encoding in ("text", "unframed"):
        digits, nul, body = payload.partition(b"\0")
        if nul and len(digits) <= 4 and digits.isdigit():
            return int(digits), body, encoding
        return -1, payload, encoding
    if len(payload) < 4:
        return -1, payload, encoding
    number = int.from_bytes(payload[:4], "big")
    if number > PROTOBUF_OFFSET:
        return number - PROTOBUF_OFFSET, payload[4:], "protobuf"
    return number, payload[4:], "binary_id"


def decode(
    payload: bytes,
    *,
    from_client: bool,
    server_version: int | None,
    encoding: str,
) -> Decoded:
    """Decode the payload of one frame; never raises.

    ``server_version`` None (or 0) means that the handshake was not seen: the fields are then named as far as all
    server versions agree at which the message fits. ``encoding`` is what the session expects, a value of
    ``Decoded.encoding``.
    """
    message_id, body, found = split_id(payload, encoding)
    if message_id < 0:
        values: dict[str, object] = {"field_0": payload.decode("utf-8", "backslashreplace")}
        return Decoded(-1, "not_a_message", values, None, "no message id", found, from_client)
    row = message(from_client, message_id) if message_id <= PROTOBUF_OFFSET else None
    if found == "protobuf":
        return _protobuf(row, message_id, body, from_client)
    fields = text.split(body)
    name = row.name if row is not None else f"message_{message_id}"
    if row is None or not row.text:
        surplus: dict[str, object] = {}
        text.surplus(fields, 0, surplus)
        unknown = "unknown message id" if row is None else "known as protobuf only"
        return Decoded(message_id, name, surplus, None, unknown, found, from_client)
    decoded: dict[str, object]
    if not server_version:
        decoded, problem = _without_version(row, fields, found)
    else:
        reader = text.Reader(fields)
        decoded, problem = reader.read(plan_of(row, server_version)), reader.problem
        if problem is not None and server_version > NEWEST:
            problem += f"; server version {server_version} is newer than the {NEWEST} known"
    if problem is None and body and body[-1]:
        problem = "does not end with a NUL"
    return Decoded(message_id, name, decoded, _key(row, decoded), problem, found, from_client)


def decode_message(message: Message) -> Decoded:
    """The same of a Message that is no hello."""
    return decode(
        without_cut_number(message.payload, int(message.size), message.encoding),
        from_client=message.from_client,
        server_version=int(message.server_version),
        encoding=message.encoding,
    )


def without_cut_number(payload: bytes, size: int, encoding: str) -> bytes:
    """The payload of a message of so many octets without its last field, where what is there of that is a number.

    Of a text the beginning may be told; the beginning of a number is another number.
    """
    start = payload.rfind(b"\0", 4 if encoding == "binary_id" else 0) + 1
    if encoding == "protobuf" or len(payload) >= size or start == 0 or not _NUMBER.fullmatch(payload, start):
        return payload
    return payload[:start]


def _protobuf(row: MessageType | None, message_id: int, body: bytes, from_client: bool) -> Decoded:
    name = row.name if row is not None else f"message_{message_id}"
    values, problem = protobuf.decode_body(body, row.protobuf if row is not None else "")
    if row is None or not row.protobuf:
        problem = problem or ("unknown message id" if row is None else "not known as protobuf")
    key = None if row is None else _key(row, values)
    return Decoded(message_id, name, values, key, problem, "protobuf", from_client)


def _key(row: MessageType, values: dict[str, object]) -> int | None:
    key = values.get(row.key_name())
    return key if type(key) is int else None


def _candidates(row: MessageType, encoding: str) -> list[int]:
    """The server versions with that encoding at which the layout of ``row`` changes, as ``stretches``."""
    low, high = OLDEST, NEWEST
    if encoding == "text":
        low, high = max(low, FIRST_FRAMED), min(high, FIRST_BINARY_ID - 1)
    elif encoding == "binary_id":
        low = max(low, FIRST_BINARY_ID)
    else:
        high = min(high, LAST_UNFRAMED)
    return stretches(row, low, high)


def _fitting(row: MessageType, fields: list[bytes], candidates: list[int]) -> list[tuple[int, list[str]]]:
    """The candidates at which ``fields`` fit the layout, and the name that each field then has.

    Identifiers are first held not to be empty, which tells layouts of equal length apart.
    """
    found: list[tuple[int, list[str]]] = []
    candidates = candidates[-max(1, MAX_TRIED // max(1, len(fields))) :]
    for strict in (True, False):
        for version in candidates:
            reader = text.Reader(fields, trace=True, strict=strict)
            reader.read(plan_of(row, version))
            if reader.problem is None:
                found.append((version, reader.names))
        if found:
            break
    return found


def _without_version(row: MessageType, fields: list[bytes], encoding: str) -> tuple[dict[str, object], str | None]:
    """Name the fields as far as every server version agrees at which the message fits."""
    candidates = _candidates(row, encoding)
    fitting = _fitting(row, fields, candidates)
    if not fitting and encoding == "text":  # ibapi frames what it sends to an older server, or a redirecting one, too
        fitting = _fitting(row, fields, _candidates(row, "unframed"))
    if not fitting:
        reader = text.Reader(fields)
        values = reader.read(plan_of(row, candidates[-1]))
        return values, f"server version unknown, and none fits: {reader.problem}"
    version, names = fitting[-1]
    agreed = len(fields)
    for _, other in fitting:
        agreed = min(agreed, _common(names, other))
    if agreed == len(fields):
        return text.Reader(fields).read(plan_of(row, version)), None
    values = text.Reader(fields).read(plan_of(row, version), agreed)
    return values, f"server version unknown: named up to field {agreed}, where versions differ"


def _common(one: list[str], other: list[str]) -> int:
    for index, (left, right) in enumerate(zip(one, other, strict=False)):
        if left != right:
            return index
    return min(len(one), len(other))


def request_key(payload: bytes, *, from_client: bool, server_version: int | None, encoding: str) -> int | None:
    """The request, order or market rule id of a message without decoding the rest; None where it has none."""
    message_id, body, found = split_id(payload, encoding)
    if not 0 < message_id < 256:
        return None
    if found == "protobuf":
        number = protobuf_key_field(from_client, message_id)
        return _varint_field(body, number) if number else None
    low, high = (server_version, server_version) if server_version else (FIRST_FRAMED, NEWEST)
    index = int(key_fields(from_client, min(low, NEWEST), min(high, NEWEST)).of(message_id))
    if index < 0:
        return None
    fields = body.split(b"\0", index + 1)
    value = identifier(fields[index]) if len(fields) > index + 1 else None
    return value if isinstance(value, int) else None


def _varint_field(body: bytes, number: int) -> int | None:
    """The value of a top-level varint field that stands among the first varints of a message."""
    position = 0
    while position < len(body):
        key, position = protobuf.varint(body, position, len(body))
        if position < 0 or key & 7:
            return None
        value, position = protobuf.varint(body, position, len(body))
        if position < 0:
            return None
        if key >> 3 == number:
            return protobuf.signed(value)
    return None


def unframed_length(data: bytes, start: int, *, from_client: bool, server_version: int | None) -> int:
    """Octets of the unframed message at ``start``: 0 if it is not whole yet, -1 if its id is unknown.

    Sessions before server version 100 have no lengths: a message ends where its layout does.
    """
    nul = data.find(b"\0", start)
    if nul < 0:
        return 0
    digits = data[start:nul]
    row = message(from_client, int(digits)) if digits.isdigit() and len(digits) <= 4 else None
    if row is None or not row.text:
        return -1
    steps = plan_of(row, server_version or LAST_UNFRAMED)
    window = WINDOW
    while True:
        fields = data[nul + 1 : nul + 1 + window].split(b"\0", text.MAX_FIELDS)[:-1]
        reader = text.Reader(fields)
        reader.unframed = True
        reader.read(steps, len(fields))
        if not reader.short:
            return nul + 1 - start + sum(map(len, fields[: reader.position])) + reader.position
        if nul + 1 + window >= len(data):
            return 0
        window *= 4
