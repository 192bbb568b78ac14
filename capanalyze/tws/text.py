"""Text bodies: the NUL-terminated fields of a message in, named JSON values out, by the schema's layout.

A layout is resolved once for each server version that is met (gates become present or absent) and then read
field by field. Nothing here raises on wire bytes: what does not fit is kept as it is, and ``problem`` names
the first field that does not. Counted groups end with the fields, whatever the count says.
"""

from typing import Final

from capanalyze.tws.scalars import BAD, CONVERTERS, ESCAPES_SINCE, WORDS, integer
from capanalyze.tws.schema.grammar import FIELD, LIST, SEQUENCE, Condition, Node

MAX_FIELDS: Final = 1 << 19
"""Fields of one message that are split; what follows them is kept as one last field."""

ENDS: Final = "ends before "
"""How the problem of a body begins whose fields run out."""

MAX_SURPLUS: Final = 1024
"""Fields beyond the layout that get a name each; what follows them is kept as one."""


class Step:
    """An item of a layout that is on the wire at one server version.

    Attributes:
        form: grammar's FIELD, OBJECT or LIST, or SEQUENCE for items under conditions.
        name, path: the item's own name, and with those of the objects and lists it stands in.
        conditions: None, or those that only the message itself can answer.
        steps: the items inside.
    """

    __slots__ = ("conditions", "convert", "form", "name", "path", "required", "steps", "type")

    def __init__(self, node: Node, type_: str, path: str, conditions: list[Condition] | None) -> None:
        self.form = node.form
        self.name = node.name
        self.path = path
        self.type = type_
        self.required = node.required
        self.convert = CONVERTERS[type_]
        self.conditions = conditions
        self.steps: list[Step] = []


def plan(nodes: list[Node], server_version: int) -> list[Step]:
    """Resolve the gates of a layout for one server version."""
    numbered = any(node.name == "version" and node.low <= server_version <= node.high for node in nodes)
    return _plan(nodes, server_version, numbered, "")


def _plan(nodes: list[Node], server_version: int, numbered: bool, prefix: str) -> list[Step]:
    """``numbered``: whether the message has a version field; without one it counts as the newest."""
    steps: list[Step] = []
    for node in nodes:
        if not node.low <= server_version <= node.high:
            continue
        conditions = node.conditions
        if not numbered:
            if any(condition.op == "older" for condition in conditions):
                continue
            conditions = [condition for condition in conditions if condition.op != "version"]
        if node.form == SEQUENCE and not conditions:
            steps.extend(_plan(node.children, server_version, numbered, prefix))
            continue
        kind = "s" if node.type == "u" and server_version < ESCAPES_SINCE else node.type
        path = prefix + node.name
        step = Step(node, kind, path, conditions or None)
        inner = prefix if node.form == SEQUENCE else f"{path}."
        step.steps = _plan(node.children, server_version, numbered, inner)
        steps.append(step)
    return steps


def split(body: bytes) -> list[bytes]:
    """The fields of a body; a body that does not end with NUL has its last, unterminated field kept."""
    fields = body.split(b"\0", MAX_FIELDS)
    if not fields[-1]:
        fields.pop()
    return fields


class Reader:
    """Reads one body by one plan.

    Attributes:
        position: fields consumed so far.
        stack: the values read so far of the message and of the groups that are being read, innermost last.
        problem: the first thing that does not fit, None while everything does.
        unframed: the fields go on beyond the body, so that their number says nothing.
        short: whether the fields ran out before the plan did.
        names: with ``trace``, the dotted name each consumed field went to; with ``strict`` too, an empty
            identifier is a problem, so that fewer layouts fit.
    """

    __slots__ = ("fields", "names", "position", "problem", "short", "stack", "strict", "trace", "unframed")

    def __init__(self, fields: list[bytes], trace: bool = False, strict: bool = False) -> None:
        self.fields = fields
        self.position = 0
        self.problem: str | None = None
        self.short = False
        self.unframed = False
        self.trace = trace
        self.strict = strict
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
        self._run(steps, values)
        self.fields = fields
        if limit >= 0:
            self.problem = None
        if self.position < len(fields):
            surplus(fields, self.position, values)
            if limit < 0:
                left = len(fields) - self.position
                self._complain(f"{left} more field{'s' * (left > 1)} than known, from field {self.position + 1} on")
        return values

    def ends_early(self) -> bool:
        """Whether nothing is wrong but that the fields ran out before the plan did."""
        return self.problem is not None and self.problem.startswith(ENDS)

    def _complain(self, problem: str) -> None:
        if self.problem is None:
            self.problem = problem

    def _run(self, steps: list[Step], values: dict[str, object]) -> bool:
        """Read ``steps`` into ``values``; False once the fields have run out."""
        fields = self.fields
        count = len(fields)
        self.stack.append(values)
        alive = True
        for step in steps:
            if step.conditions is not None and not self.holds(step.conditions):
                continue
            if step.form == FIELD:
                position = self.position
                if position >= count:
                    alive = self._missing(step.path)
                    break
                raw = fields[position]
                value = step.convert(raw)
                self.position = position + 1
                if value is BAD:
                    value = raw.decode("utf-8", "backslashreplace")
                    self._complain(f"{step.path} (field {position + 1}) is not {WORDS[step.type]}")
                elif value is None and step.required and not raw:
                    self._complain(f"{step.path} (field {position + 1}) is empty")
                values[step.name] = value
                if self.trace:
                    self._trace(step, raw)
            elif not self._inner(step, values):
                alive = False
                break
        self.stack.pop()
        return alive

    def _trace(self, step: Step, raw: bytes) -> None:
        self.names.append(step.path)
        if self.strict and not raw and step.type == "k":
            self._complain(f"{step.path} (field {self.position}) is empty")

    def _inner(self, step: Step, values: dict[str, object]) -> bool:
        """Read a sequence, an object or a list; False once the fields have run out."""
        if step.form == SEQUENCE:
            return self._run(step.steps, values)
        if step.form == LIST:
            return self._list(step, values)
        inner = values.get(step.name)
        if isinstance(inner, dict):
            return self._run(step.steps, inner)
        made: dict[str, object] = {}
        values[step.name] = made
        alive = self._run(step.steps, made)
        if not made:
            del values[step.name]
        return alive

    def _list(self, step: Step, values: dict[str, object]) -> bool:
        if self.position >= len(self.fields):
            return self._missing(step.path)
        raw = self.fields[self.position]
        self.position += 1
        if self.trace:
            self.names.append(step.path)
        count = integer(raw)
        if count is BAD:
            values[step.name] = raw.decode("utf-8", "backslashreplace")
            self._complain(f"the count of {step.path} (field {self.position}) is not an integer")
            return True
        items: list[object] = []
        values[step.name] = items
        plain = len(step.steps) == 1 and not step.steps[0].name
        for _ in range(count if isinstance(count, int) else 0):
            item: dict[str, object] = {}
            before = self.position
            alive = self._run(step.steps, item)
            if item:
                items.append(item[""] if plain else item)
            if not alive:
                return False
            if self.position == before:
                break
        return True

    def _missing(self, path: str) -> bool:
        """The fields have run out before ``path``: always False."""
        self.short = True
        self._complain(f"{ENDS}{path} (field {len(self.fields) + 1})")
        return False

    def holds(self, conditions: list[Condition]) -> bool:
        """Whether all conditions hold for the values of the groups that are being read (``stack``)."""
        return all(self._condition(condition) for condition in conditions)

    def _condition(self, condition: Condition) -> bool:
        if condition.op == "left":
            return self._left(condition.values)
        value = self._lookup(condition.path)
        if condition.op == "set":
            return bool(value)
        if condition.op == "=":
            return str(value) in condition.values
        if condition.op == ">":
            return isinstance(value, (int, str)) and _float(value) > float(condition.values[0])
        if not isinstance(value, int):
            return condition.op == "version"
        newer = value >= int(condition.values[0])
        return newer if condition.op == "version" else not newer

    def _left(self, values: tuple[str, ...]) -> bool:
        if not self.unframed:
            return len(self.fields) - self.position > int(values[0])
        version = self.stack[0].get("version")
        return len(values) > 1 and isinstance(version, int) and version >= int(values[1])

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
