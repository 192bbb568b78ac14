r"""A line of text describes a message in its text form, another one in its protobuf form.

Text form, tokens separated by blanks, in the order of the fields:

* `reqId`, `contract.symbol`: the value with that name; unset when there is none
* `=6`: a constant; `=` alone is an empty field
* `bars{date open}`: a count, then so many groups
* a gate behind a token: `>=131`, `<145`, `@110..163`: only where the server version fits

Protobuf form: `1:reqId 2:contract{Contract} 2:bars[]{Bar} 7:strikes[]`: field number, name, nested message, repeated.
"""

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, NamedTuple

from tests.lab import wire

Values = Mapping[str, Any]

_TEXT_TOKEN = re.compile(r"(=[^\s<>@{}]*|[\w.]+)(\{[^}]*\})?(?:(>=|<|@)(\d+)(?:\.\.(\d+))?)?")
_PROTO_TOKEN = re.compile(r"(\d+):(\w+)(\[\])?(?:\{(\w+)\})?")


class TextToken(NamedTuple):
    """One token of the text form."""

    name: str
    group: str
    first: int
    last: int

    def applies(self, version: int) -> bool:
        return self.first <= version <= self.last


@cache
def text_tokens(spec: str) -> tuple[TextToken, ...]:
    """The tokens of a text form; anything that is not one raises ValueError."""
    tokens = []
    end = 0
    for found in _TEXT_TOKEN.finditer(spec):
        if spec[end : found.start()].strip():
            raise ValueError(spec[end : found.start()])
        end = found.end()
        name, group, gate, number, upper = found.groups()
        first, last = 0, 9999
        if gate == ">=":
            first = int(number)
        elif gate == "<":
            last = int(number) - 1
        elif gate == "@":
            first, last = int(number), int(upper)
        tokens.append(TextToken(name, (group or "")[1:-1], first, last))
    if spec[end:].strip():
        raise ValueError(spec[end:])
    return tuple(tokens)


def look_up(values: Values, path: str) -> Any:  # noqa: ANN401 - a leaf of any type
    """The value at a dotted path, None where a part of the path is missing."""
    found: Any = values
    for part in path.split("."):
        if not isinstance(found, Mapping):
            return None
        found = found.get(part)
    return found


def to_text(spec: str, version: int, values: Values) -> list[wire.Scalar]:
    """The fields of the text form for a server version."""
    fields: list[wire.Scalar] = []
    for token in text_tokens(spec):
        if not token.applies(version):
            continue
        if token.name.startswith("="):
            fields.append(token.name[1:])
        elif token.group:
            items = look_up(values, token.name) or []
            fields.append(len(items))
            for item in items:
                fields += to_text(token.group, version, item)
        else:
            fields.append(look_up(values, token.name))
    return fields


def from_text(spec: str, version: int, fields: list[str]) -> dict[str, Any]:
    """Values by name, as far as both the description and the fields go; names with a dot become nested dictionaries."""
    values: dict[str, Any] = {}
    applying = [token for token in text_tokens(spec) if token.applies(version)]
    for token, field in zip(applying, fields, strict=False):
        if token.name.startswith("="):
            continue
        *path, leaf = token.name.split(".")
        into = values
        for part in path:
            into = into.setdefault(part, {})
        into[leaf] = field
    return values


@cache
def proto_tokens(spec: str) -> tuple[tuple[int, str, bool, str], ...]:
    """(number, name, repeated, nested message's name) for each token of a protobuf form."""
    return tuple((int(number), name, bool(many), nested) for number, name, many, nested in _PROTO_TOKEN.findall(spec))


def to_proto(spec: str, nested: Mapping[str, str], values: Values) -> bytes:
    """The serialized message; what has no value is not written."""
    return b"".join(
        wire.proto_field(number, _proto_value(values.get(name), nested, inner))
        for number, name, _, inner in proto_tokens(spec)
    )


def _proto_value(value: Any, nested: Mapping[str, str], inner: str) -> wire.ProtoValue:  # noqa: ANN401
    if not inner or value is None:
        return value
    if isinstance(value, list):
        return [to_proto(nested[inner], nested, item) for item in value]
    return to_proto(nested[inner], nested, value)


def from_proto(spec: str, nested: Mapping[str, str], data: bytes) -> dict[str, Any]:
    """Values by name; a field that the description lacks is left out, strings become text."""
    known = {number: (name, many, inner) for number, name, many, inner in proto_tokens(spec)}
    values: dict[str, Any] = {}
    for number, raw in wire.read_proto(data):
        if number not in known:
            continue
        name, many, inner = known[number]
        convert: Callable[[Any], Any] = lambda item: item  # noqa: E731
        if isinstance(raw, bytes):
            convert = (lambda item: from_proto(nested[inner], nested, item)) if inner else bytes.decode  # noqa: B023
        if many:
            values.setdefault(name, []).append(convert(raw))
        else:
            values[name] = convert(raw)
    return values
