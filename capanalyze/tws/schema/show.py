"""The schema for people: a message in, one row for each thing on the wire out, for a table or a list to print."""

from typing import NamedTuple

from capanalyze.tws.schema import MessageType, by_name, messages
from capanalyze.tws.schema.grammar import FIELD, LIST, NO_LIMIT, SEQUENCE, Condition, Node
from capanalyze.tws.schema.pairs import Pair, pairs, requests_for
from capanalyze.tws.schema.protobuf_rows import fields
from capanalyze.tws.schema.versions import name_of_version

MAX_DEPTH = 4
"""Messages inside messages that are unfolded: none of IB's is deeper."""

TYPE_WORDS = {
    "s": "string", "u": "string", "i": "integer", "I": "integer", "k": "identifier", "K": "identifier",
    "d": "number", "q": "quantity", "b": "boolean", "c": "boolean", "map": "tags and values",
}  # fmt: skip


class Row(NamedTuple):
    """One line of a message's description.

    Attributes:
        depth: how many objects and lists it stands in.
        name: the field's name; "[]" is appended for a list.
        type: in words.
        number: the protobuf field number, 0 for text fields.
        versions: at which server versions it is on the wire ("" for all).
        condition: under which condition ("" for none).
        kind: of which kind its sensitive value is, "" if it is not sensitive.
        key: whether requests and answers are paired by it.
        note: IB's name on the wire where it is another.
    """

    depth: int
    name: str
    type: str
    number: int = 0
    versions: str = ""
    condition: str = ""
    kind: str = ""
    key: bool = False
    note: str = ""


def find(name: str) -> list[MessageType]:
    """The messages that a user may mean: by name or constant, else by a part of one, else by number."""
    exact = by_name(name)
    if exact:
        return exact
    every = [*messages(True).values(), *messages(False).values()]
    if name.isdigit():
        return [row for row in every if row.id == int(name)]
    wanted = name.lower()
    return [row for row in every if wanted in row.name.lower() or wanted in row.constant.lower()]


def text_rows(message: MessageType) -> list[Row]:
    """The fields of the text form, in wire order; empty where there is no text form or no field."""
    rows: list[Row] = []
    _text(message.nodes() if message.text else [], 0, (0, NO_LIMIT), [], rows)
    return rows


def _text(nodes: list[Node], depth: int, bounds: tuple[int, int], conditions: list[Condition], rows: list[Row]) -> None:
    for node in nodes:
        low, high = max(bounds[0], node.low), min(bounds[1], node.high)
        held = [*conditions, *node.conditions]
        if node.form == SEQUENCE:
            _text(node.children, depth, (low, high), held, rows)
            continue
        words = TYPE_WORDS[node.type] if node.form == FIELD else "counted groups" if node.form == LIST else "object"
        name = node.name + ("[]" if node.form == LIST else "")
        condition = " and ".join(map(_condition, held))
        rows.append(Row(depth, name or "each", words, 0, _versions(low, high), condition, node.kind, node.key))
        _text(node.children, depth + 1, (0, NO_LIMIT), [], rows)


def _versions(low: int, high: int) -> str:
    """``>= 124 SYNT_REALTIME_BARS``, ``< 145 ORDER_CONTAINER``, ``110 to 163``."""
    if low <= 0:
        return "" if high >= NO_LIMIT else f"< {high + 1} {name_of_version(high + 1)}".rstrip()
    if high >= NO_LIMIT:
        return f">= {low} {name_of_version(low)}".rstrip()
    return f"{low} to {high}" if low < high else f"{low} only"


def _condition(condition: Condition) -> str:
    name = ".".join(condition.path)
    if condition.op == "set":
        return f"{name} is set"
    if condition.op == "=":
        return f"{name} is {' or '.join(condition.values)}"
    if condition.op == ">":
        return f"{name} > {condition.values[0]}"
    if condition.op == "left":
        return f"more than {condition.values[0]} field left"
    return f"message version {'>=' if condition.op == 'version' else '<'} {condition.values[0]}"


def protobuf_rows(message: MessageType) -> list[Row]:
    """The fields of the protobuf form by number, contained messages unfolded below their field."""
    rows: list[Row] = []
    _protobuf(message.protobuf, 0, rows)
    return rows


def _protobuf(name: str, depth: int, rows: list[Row]) -> None:
    for field in fields(name).values():
        words = TYPE_WORDS.get(field.type, field.type)
        shown = field.name + ("[]" if field.repeated else "")
        wire_name = field.wire_name if field.wire_name != field.name else ""
        rows.append(Row(depth, shown, words, field.number, "", "", field.kind, False, wire_name))
        if field.is_message and depth < MAX_DEPTH:
            _protobuf(field.type, depth + 1, rows)


def conversation(message: MessageType) -> list[Pair]:
    """How a request is answered, or which requests an answer may belong to."""
    if message.from_client:
        found = pairs().get(message.name)
        return [] if found is None else [found]
    return requests_for(message.name)
