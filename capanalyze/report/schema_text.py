"""The schema of the messages as text: what ``capanalyze schema`` prints.

In: rows of tws/schema. Out: lines at most as wide as asked, where words allow: for all messages a line each, for one
message its forms, the fields of each with gates and conditions, its conversation, and what its numbers mean.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from capanalyze.report._text import wrap
from capanalyze.report.schema_json import CALLED, paths, value_tables
from capanalyze.timeline.words import listing
from capanalyze.tws.schema import PROTOBUF_OFFSET, MessageType
from capanalyze.tws.schema.grammar import KINDS
from capanalyze.tws.schema.pairs import Pair
from capanalyze.tws.schema.show import Row, conversation, protobuf_rows, text_rows

_LABEL: Final = 12
"""Columns of the name before a fact."""

_REMARKS: Final = 24
"""Columns that remarks have at least where they go on in the next line."""

_DIRECTION: Final = {True: "client -> gateway", False: "gateway -> client"}


def overview(messages: Iterable[MessageType]) -> list[str]:
    """A line for each message: direction, id, the user's name, IB's constant, protobuf message."""
    heads = ("id", "name", "constant", "protobuf message")
    lines: list[str] = []
    sender: bool | None = None
    for message in messages:
        if message.from_client != sender:
            sender = message.from_client
            lines += [""] * bool(lines) + [_DIRECTION[sender], _cells(*heads)]
        lines.append(_cells(str(message.id), message.name, message.constant, message.protobuf or "-"))
    return lines


def _cells(number: str, name: str, constant: str, protobuf: str) -> str:
    return f"  {number:>3}  {name:<36}  {constant:<39}  {protobuf}"


def described(message: MessageType, width: int) -> list[str]:
    """Everything that is known of one message."""
    lines = wrap(
        f"{_DIRECTION[message.from_client]}, id {message.id}, {message.constant}", width, f"{message.name}  ", "    "
    )
    for name, value in _facts(message):
        lines += wrap(value, width, f"  {name:<{_LABEL}} ", " " * (_LABEL + 3))
    text, protobuf = text_rows(message), protobuf_rows(message)
    if message.text:
        lines += ["", "  text, fields in wire order after the id"]
        lines += _table(text, width) if text else ["    none"]
    if message.protobuf:
        lines += ["", f"  protobuf message {message.protobuf}, written as id {message.id + PROTOBUF_OFFSET}"]
        lines += _table(protobuf, width) if protobuf else ["    no fields"]
    for title, pairs in (
        ("what values mean", list(_values(message))),
        ("sensitive fields", _kinds((*text, *protobuf))),
    ):
        if pairs:
            lines += ["", f"  {title}"]
        for name, value in pairs:
            lines += wrap(value, width, f"    {name}: ", "      ")
    return lines


def _facts(message: MessageType) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    if message.since:
        pairs.append(("versions", f"server version {message.since} on"))
    pairs.append(("forms", _forms(message)))
    for pair in conversation(message):
        pairs += _conversation(pair, asked=message.from_client)
    return pairs


def _forms(message: MessageType) -> str:
    if not message.text:
        return "protobuf only"
    if not message.protobuf:
        return "text only"
    if message.protobuf_since:
        return f"text; protobuf from server version {message.protobuf_since} (as ibapi sends it)"
    return "text or protobuf: the id says which"


def _conversation(pair: Pair, *, asked: bool) -> list[tuple[str, str]]:
    """How a request is answered; of an answer only which request it may belong to."""
    key = "the oldest open request of its kind" if pair.keyless else CALLED.get(pair.key, pair.key)
    if not asked:
        return [("answers", f"{pair.request}, found by {key}{_ends(pair)}")]
    found = [("answered by", f"{listing(pair.answers, 'or')}, or error; found by {key}")] if pair.answers else []
    if pair.end:
        found.append(("ends with", pair.end))
    elif pair.stream:
        found.append(("ends with", "nothing: answers come until it is cancelled"))
    if pair.cancel:
        found.append(("cancelled by", pair.cancel))
    return found


def _ends(pair: Pair) -> str:
    return f"; {pair.end} is the last of them" if pair.end and pair.end != pair.answers[0] else ""


def _table(rows: Sequence[Row], width: int) -> list[str]:
    """Rows under each other: number, name (indented by depth), type, and what else there is to say."""
    names = [f"{'  ' * row.depth}{f'{row.number} ' if row.number else ''}{row.name}" for row in rows]
    name_width = min(max(map(len, names)), 44)
    type_width = max(len(row.type) for row in rows)
    lines: list[str] = []
    for row, name in zip(rows, names, strict=True):
        head = f"    {name:<{name_width}}  {row.type:<{type_width}}  "
        lines += wrap(_remarks(row), width, head, " " * min(len(head), width - _REMARKS))
    return lines


def _remarks(row: Row) -> str:
    words = (
        row.versions,
        f"if {row.condition}" if row.condition else "",
        "pairs requests and answers" if row.key else "",
        f"sensitive: {row.kind}" if row.kind else "",
        f"{row.note} in IB's descriptor" if row.note else "",
    )
    return "; ".join(word for word in words if word)


def _values(message: MessageType) -> Iterable[tuple[str, str]]:
    for path, table in value_tables(message).items():
        yield path, ", ".join(f"{value} {meaning}" for value, meaning in table.items())


def _kinds(rows: Sequence[Row]) -> list[tuple[str, str]]:
    """Each kind of sensitive value in the message, what that is, and in which fields."""
    found: dict[str, list[str]] = {}
    for path, row in paths(rows):
        if row.kind and path not in found.setdefault(row.kind, []):
            found[row.kind].append(path)
    return [(kind, f"{KINDS[kind]}: {', '.join(names)}") for kind, names in found.items()]
