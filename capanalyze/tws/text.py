"""Text bodies: the NUL-terminated fields of a message in, named JSON values out, by the schema's layout.

A layout is resolved once for each server version that is met (gates become present or absent) and then read
field by field. Nothing here raises on wire bytes: what does not fit is kept as it is, and ``problem`` names
the first field that does not. Counted groups end with the fields, whatever the count says.
"""

import re
from collections.abc import Callable
from typing import Final

from capanalyze.tws.schema.grammar import FIELD, LIST, SEQUENCE, Condition, Node

MAX_FIELDS: Final = 1 << 19
"""Fields of one message that are split; what follows them is kept as one last field."""

MAX_SURPLUS: Final = 1024
"""Fields beyond the layout that get a name each; what follows them is kept as one."""

ESCAPES_SINCE: Final = 153
"""ENCODE_MSG_ASCII7: from this server version on some strings carry \\uXXXX escapes."""

UNSET_DOUBLE: Final = 1.7976931348623157e308
_UNSET_DOUBLES: Final = frozenset({
    b"1.7976931348623157E308", b"1.7976931348623157e+308", b"1.7976931348623157E+308", b"1.7976931348623157e308",
})  # fmt: skip
_UNSET_INTEGERS: Final = frozenset({b"2147483647", b"9223372036854775807", b"-9223372036854775808"})
_UNSET_QUANTITIES: Final = _UNSET_DOUBLES | _UNSET_INTEGERS
_NUMBER: Final = re.compile(rb"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?\Z")
_INTEGER: Final = re.compile(rb"[-+]?\d{1,20}\Z")
_NOT_FINITE: Final = frozenset({b"Infinity", b"-Infinity", b"NaN"})
_ESCAPE: Final = re.compile(r"\\u([0-9a-fA-F]{4})")

WORDS: Final = {
    "i": "an integer",
    "k": "an integer",
    "d": "a number",
    "q": "a number",
    "b": "a boolean",
    "c": "a or o",
}

BAD: Final = object()
"""What a converter returns for octets that are no value of its type."""


def integer(raw: bytes) -> object:
    """An integer; None for the empty field and for the spellings of unset."""
    if not raw or raw in _UNSET_INTEGERS:
        return None
    return int(raw) if _INTEGER.match(raw) is not None else BAD


def identifier(raw: bytes) -> object:
    """An integer of which every value is meant; None for the empty field."""
    if not raw:
        return None
    return int(raw) if _INTEGER.match(raw) is not None else BAD


def number(raw: bytes) -> object:
    """A floating-point number as it is spelled; None for the empty field and the largest double."""
    if not raw or raw in _UNSET_DOUBLES:
        return None
    if _NUMBER.match(raw) is not None or raw in _NOT_FINITE:
        return raw.decode("ascii")
    return BAD


def quantity(raw: bytes) -> object:
    """A decimal as it is spelled; None for the empty field and every spelling of unset."""
    return None if raw in _UNSET_QUANTITIES else number(raw)


def boolean(raw: bytes) -> object:
    """True and False; None for the empty field and unset."""
    if raw in (b"1", b"true"):
        return True
    if raw in (b"0", b"false"):
        return False
    return None if not raw or raw in _UNSET_INTEGERS else BAD


def connector(raw: bytes) -> object:
    """Whether a condition is joined to the next by *and*."""
    if raw == b"a":
        return True
    return False if raw == b"o" else BAD


def string(raw: bytes) -> object:
    """UTF-8; octets that are not are shown as backslash, x and two digits."""
    return raw.decode("utf-8", "backslashreplace")


def escaped(raw: bytes) -> object:
    """UTF-8 with the escapes of ENCODE_MSG_ASCII7 resolved (surrogates stay as they are written)."""
    text = raw.decode("utf-8", "backslashreplace")
    return _ESCAPE.sub(_character, text) if "\\u" in text else text


def _character(match: re.Match[str]) -> str:
    code = int(match[1], 16)
    return match[0] if 0xD800 <= code <= 0xDFFF else chr(code)


Converter = Callable[[bytes], object]

_CONVERTERS: Final[dict[str, Converter]] = {
    "s": string,
    "u": escaped,
    "i": integer,
    "k": identifier,
    "d": number,
    "q": quantity,
    "b": boolean,
    "c": connector,
}


class Step:
    """An item of a layout that is on the wire at one server version.

    ``form`` is grammar's FIELD, OBJECT or LIST, or SEQUENCE for items under conditions.
    """

    __slots__ = ("conditions", "convert", "form", "name", "required", "steps", "type")

    def __init__(self, node: Node, type_: str) -> None:
        self.form = node.form
        self.name = node.name
        self.type = type_
        self.required = node.required
        self.convert = _CONVERTERS[type_]
        self.conditions = node.conditions
        self.steps: list[Step] = []


def plan(nodes: list[Node], server_version: int) -> list[Step]:
    """Resolve the gates of a layout for one server version."""
    steps: list[Step] = []
    for node in nodes:
        if not node.low <= server_version <= node.high:
            continue
        if node.form == SEQUENCE and not node.conditions:
            steps.extend(plan(node.children, server_version))
            continue
        kind = "s" if node.type == "u" and server_version < ESCAPES_SINCE else node.type
        step = Step(node, kind)
        step.steps = plan(node.children, server_version)
        steps.append(step)
    return steps


def split(body: bytes) -> list[bytes]:
    """The fields of a body; a body that does not end with NUL has its last, unterminated field kept."""
    fields = body.split(b"\0", MAX_FIELDS)
    if not fields[-1]:
        fields.pop()
    return fields


class Reader:
    """Reads one body by one plan into ``values``.

    Attributes:
        position: fields consumed so far.
        problem: the first thing that does not fit, None while everything does.
        short: whether the fields ran out before the plan did.
        names: with ``trace``, the dotted name each consumed field went to; an empty identifier is then
            a problem, so that fewer layouts fit.
    """

    __slots__ = ("fields", "names", "position", "problem", "short", "stack", "trace")

    def __init__(self, fields: list[bytes], trace: bool = False) -> None:
        self.fields = fields
        self.position = 0
        self.problem: str | None = None
        self.short = False
        self.trace = trace
        self.names: list[str] = []
        self.stack: list[dict[str, object]] = []

    def read(self, steps: list[Step], limit: int = -1) -> dict[str, object]:
        """All values of the body; with ``limit`` only that many fields are read by the plan.

        Fields that the plan does not use up are kept as ``field_N``, N counted from 1 after the id.
        """
        values: dict[str, object] = {}
        fields = self.fields
        if limit >= 0:
            self.fields = fields[:limit]
        self._run(steps, values, "")
        self.fields = fields
        if limit >= 0:
            self.problem = None
        if self.position < len(fields):
            surplus(fields, self.position, values)
            if self.problem is None and limit < 0:
                left = len(fields) - self.position
                self.problem = f"{left} more field{'s' * (left > 1)} than known, from field {self.position + 1} on"
        return values

    def _run(self, steps: list[Step], values: dict[str, object], prefix: str) -> bool:
        """Read ``steps`` into ``values``; False once the fields have run out."""
        self.stack.append(values)
        alive = True
        for step in steps:
            if step.conditions and not self._holds(step.conditions):
                continue
            if step.form == FIELD:
                alive = self._field(step, values, prefix)
            elif step.form == SEQUENCE:
                alive = self._run(step.steps, values, prefix)
            elif step.form == LIST:
                alive = self._list(step, values, prefix)
            else:
                inner = values.get(step.name)
                if not isinstance(inner, dict):
                    inner = {}
                    values[step.name] = inner
                alive = self._run(step.steps, inner, f"{prefix}{step.name}.")
                if not inner:
                    del values[step.name]
            if not alive:
                break
        self.stack.pop()
        return alive

    def _field(self, step: Step, values: dict[str, object], prefix: str) -> bool:
        position = self.position
        if position >= len(self.fields):
            self._missing(prefix + step.name)
            return False
        raw = self.fields[position]
        value = step.convert(raw)
        if value is BAD:
            value = raw.decode("utf-8", "backslashreplace")
            if self.problem is None:
                self.problem = f"{prefix}{step.name} (field {position + 1}) is not {WORDS[step.type]}"
        elif not raw and self.problem is None and (step.required or (self.trace and step.type == "k")):
            self.problem = f"{prefix}{step.name} (field {position + 1}) is empty"
        values[step.name] = value
        self.position = position + 1
        if self.trace:
            self.names.append(prefix + step.name)
        return True

    def _list(self, step: Step, values: dict[str, object], prefix: str) -> bool:
        path = prefix + step.name
        if self.position >= len(self.fields):
            self._missing(path)
            return False
        raw = self.fields[self.position]
        count = integer(raw)
        items: list[object] = []
        values[step.name] = items
        if not isinstance(count, int) and count is not None:
            values[step.name] = raw.decode("utf-8", "backslashreplace")
            if self.problem is None:
                self.problem = f"the count of {path} (field {self.position + 1}) is not an integer"
            count = 0
        self.position += 1
        if self.trace:
            self.names.append(path)
        plain = len(step.steps) == 1 and not step.steps[0].name
        for _ in range(count if isinstance(count, int) else 0):
            item: dict[str, object] = {}
            before = self.position
            alive = self._run(step.steps, item, path + ".")
            if item:
                items.append(item[""] if plain else item)
            if not alive:
                return False
            if self.position == before:
                break
        return True

    def _missing(self, path: str) -> None:
        self.short = True
        if self.problem is None:
            self.problem = f"ends before {path} (field {len(self.fields) + 1})"

    def _holds(self, conditions: list[Condition]) -> bool:
        return all(self._condition(condition) for condition in conditions)

    def _condition(self, condition: Condition) -> bool:
        if condition.op == "left":
            return len(self.fields) - self.position > int(condition.values[0])
        value = self._lookup(condition.path)
        if condition.op == "set":
            return bool(value)
        if condition.op == "=":
            return str(value) in condition.values
        if condition.op == ">":
            return isinstance(value, (int, str)) and _float(value) > float(condition.values[0])
        known = isinstance(value, int)
        if condition.op == "version":
            return not known or int(str(value)) >= int(condition.values[0])
        return known and int(str(value)) < int(condition.values[0])

    def _lookup(self, path: tuple[str, ...]) -> object:
        """The value of a name, looked for in the innermost group first."""
        for scope in reversed(self.stack):
            value: object = scope
            for name in path:
                value = value.get(name) if isinstance(value, dict) else None
            if value is not None:
                return value
        return None


def _float(value: int | str) -> float:
    try:
        return float(value)
    except ValueError:
        return 0.0


def surplus(fields: list[bytes], position: int, values: dict[str, object]) -> None:
    """Keep the fields from ``position`` on under ``field_N``, the last of them joined if there are very many."""
    last = min(len(fields), position + MAX_SURPLUS)
    for index in range(position, last):
        values[f"field_{index + 1}"] = fields[index].decode("utf-8", "backslashreplace")
    if last < len(fields):
        values[f"field_{last + 1}"] = b"\0".join(fields[last:]).decode("utf-8", "backslashreplace")
