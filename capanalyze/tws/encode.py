"""Build text bodies: named values in, the NUL-terminated fields of a message out, by the same layout that reads them.

For layers that build frames and for whoever changes a value of a recorded one. Several spellings mean unset or true;
what comes out is one of them: unset is the empty field, a boolean is 1 or 0; or that of the body which the values
were decoded from, so that what was not changed stays octet for octet. Fields that the layout does not name
(``field_N``) follow at the end, in their order.
"""

from collections.abc import Mapping
from typing import Final

from capanalyze.tws.scalars import BAD
from capanalyze.tws.schema import MessageType
from capanalyze.tws.schema.grammar import FIELD, LIST, SEQUENCE
from capanalyze.tws.text import Reader, Step, plan, split

_NOTHING: Final[Mapping[str, object]] = {}


class Encoder:
    """Writes the fields of one body; conditions are answered from the values as the reader answers them.

    ``like`` holds the fields of a body whose spellings are kept where they mean the same.
    """

    def __init__(self, like: list[bytes]) -> None:
        self.written: list[bytes] = []
        self.like = like
        self.reader = Reader([])
        self.stack = self.reader.stack

    def write(self, steps: list[Step], values: Mapping[str, object]) -> None:
        """Append the fields that ``steps`` ask for; a value that is not there is written as unset."""
        self.stack.append(dict(values))
        for step in steps:
            if step.conditions is not None and not self._asked(step):
                continue
            value = values.get(step.name)
            if step.form == FIELD:
                self._field(step, value)
            elif step.form == SEQUENCE:
                self.stack.pop()
                self.write(step.steps, values)
                self.stack.append(dict(values))
            elif step.form == LIST:
                self._groups(step, value)
            else:
                self.write(step.steps, value if isinstance(value, dict) else _NOTHING)
        self.stack.pop()

    def _field(self, step: Step, value: object) -> None:
        place = len(self.written)
        if place < len(self.like):
            raw = self.like[place]
            meant = step.convert(raw)
            if meant is BAD:
                meant = raw.decode("utf-8", "backslashreplace")
            if type(meant) is type(value) and meant == value:
                self.written.append(raw)
                return
        self.written.append(_spelled(value, step.type))

    def _asked(self, step: Step) -> bool:
        """Whether an item's conditions hold; "fields left" is answered by whether the value is there."""
        conditions = step.conditions or []
        if any(condition.op == "left" for condition in conditions):
            return bool(self.stack) and step.name in self.stack[-1]
        return self.reader.holds(conditions)

    def _groups(self, step: Step, value: object) -> None:
        items = value if isinstance(value, list) else []
        self.written.append(str(len(items)).encode())
        for item in items:
            self.write(step.steps, item if isinstance(item, dict) else {"": item})


def _spelled(value: object, type_: str) -> bytes:
    if value is None:
        return b""
    if type_ == "c" and isinstance(value, bool):
        return b"a" if value else b"o"
    if isinstance(value, bool):
        return b"1" if value else b"0"
    return str(value).replace("\0", "").encode("utf-8", "surrogatepass")


def encode_text(
    message: MessageType, values: Mapping[str, object], server_version: int, *, like: bytes | None = None
) -> bytes:
    """The body of a text message (without its id) at a server version.

    ``like`` is the body that ``values`` were decoded from: every field whose value is still the same is written as
    it is spelled there.
    """
    encoder = Encoder([] if like is None else split(like))
    encoder.write(plan(message.nodes(), server_version), values)
    encoder.written.extend(_spelled(value, "s") for name, value in values.items() if name.startswith("field_"))
    return b"".join(field + b"\0" for field in encoder.written)
