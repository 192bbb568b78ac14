"""The notation of the text layouts: a line of text in, a tree of nodes out, parsed when a message is first met.

A layout names the fields of a message body in wire order (the message id itself is not part of it).

==================  ===========================================================================================
``name``            a string field; ``name:i`` and so on for other types (see ``TYPES``)
``name:i+``         a number that may not be empty
``name:k!``         the key by which requests and answers are paired; it may not be empty either
``name~account``    sensitive, and of which kind (see ``KINDS``)
``V11``             the message-version field, ``version``; the number is what today's clients write
``>=124 item``      the item is there from server version 124; also ``<124``, ``=163``, ``110..163``
``v>=3 item``       the item is there from message version 3, and where the message has no version field;
                    ``v<20 item`` only below message version 20
``?cond item``      the item is there if the condition holds: ``?name`` (neither empty nor zero),
                    ``?name=BAG``, ``?name='PEG BENCH'|PEGBENCH``, ``?name>0``; dotted names go down into objects;
                    ``?left>1`` if more than one field of the body is left; ``?left>0|3`` likewise, and where
                    bodies are not framed, from message version 3
``( items )``       several items under one gate or condition
``name{ items }``   an object: its fields are nested under ``name``; naming it again adds to it
``name[ items ]``   a count field, then that many groups of items; one item without a name makes a plain list
``@NAME``           the items of a fragment
==================  ===========================================================================================
"""

import re
from typing import Final

TYPES: Final = {
    "s": "string",
    "u": "string; the server writes \\uXXXX escapes from version 153 (ENCODE_MSG_ASCII7)",
    "i": "integer; 2147483647 and the 64-bit extremes mean unset",
    "k": "integer that is an identifier: no value means unset but the empty field",
    "d": "floating-point number; the largest double means unset",
    "q": "decimal quantity; the integer extremes and the largest double mean unset",
    "b": "boolean",
    "c": "boolean; written a (and) or o (or)",
}

KINDS: Final = {
    "account": "an account of the user or of another party",
    "user": "a person, a login or an operator",
    "order_ref": "the label a user gave an order",
    "advisor": "advisor configuration: groups, profiles, allocations, models",
    "strategy": "parameters of a trading algorithm",
    "text": "free text that may quote any of the others",
    "money": "an amount of money that belongs to an account",
    "position": "a position or allocation of an account",
    "auth": "data of the API's authentication",
    "host": "a fact about the gateway's host",
    "identifier": "an identifier that IB's support can map to an account",
}

NO_LIMIT: Final = 1 << 30
"""Upper bound of a gate that is open towards newer servers."""

FIELD: Final = 0
SEQUENCE: Final = 1
OBJECT: Final = 2
LIST: Final = 3

# compiled by re when first used: importing this has to be cheap
_WORD: Final = r"(?:'[^']*'|[^\s\[\]{}()'])+|[\[\]{}()]"
_FIELD: Final = r"(\w*)(?::([a-z]))?([!+])?(?:~(\w+))?\Z"
_GATE: Final = r"(v?)(?:(>=|<|=)(\d+)|(\d+)\.\.(\d+))\Z"
_CONDITION: Final = r"\?([\w.]+)(?:(=|>)(.*))?\Z"
_CLOSING: Final = {"(": ")", "{": "}", "[": "]"}


class LayoutError(ValueError):
    """A row of the schema does not follow the notation: a mistake in our data, never in a capture."""


class Condition:
    """``path`` (names from the message's top, or of the group it stands in) compared with ``values``.

    ``op`` is "set" (neither empty nor zero), "=" (one of ``values``) or ">" (a number above ``values[0]``),
    "left" (more than ``values[0]`` fields are left; unframed: message version ``values[1]``),
    or "version" (the message version is at least ``values[0]``, or there is none), or "older" (below it).
    """

    __slots__ = ("op", "path", "values")

    def __init__(self, path: tuple[str, ...], op: str, values: tuple[str, ...]) -> None:
        self.path = path
        self.op = op
        self.values = values


class Node:
    """One item of a layout.

    Attributes:
        form: FIELD, SEQUENCE, OBJECT or LIST.
        name: the field's, object's or list's name ("" for a sequence and for the item of a plain list).
        type: a letter of ``TYPES`` (fields only).
        key: whether the field is the pairing key.
        required: whether the client libraries refuse it empty.
        kind: a word of ``KINDS``, or "".
        default: what today's clients write ("" where that is not fixed).
        low, high: the server versions, both inclusive, at which the item is on the wire.
        conditions: all must hold for the item to be on the wire.
        children: the items inside.
    """

    __slots__ = (
        "children", "conditions", "default", "form", "high", "key", "kind", "low", "name", "required", "type",
    )  # fmt: skip

    def __init__(self, form: int, name: str = "") -> None:
        self.form = form
        self.name = name
        self.type = "s"
        self.key = False
        self.required = False
        self.kind = ""
        self.default = ""
        self.low = 0
        self.high = NO_LIMIT
        self.conditions: list[Condition] = []
        self.children: list[Node] = []


def parse(text: str, fragments: dict[str, str]) -> list[Node]:
    """Turn a layout into nodes; raises LayoutError where ``text`` does not follow the notation."""
    tokens = re.findall(_WORD, _expand(text, fragments, 0))
    return _items(tokens, 0, "")[0]


def _expand(text: str, fragments: dict[str, str], depth: int) -> str:
    if "@" not in text:
        return text
    if depth > 8:
        raise LayoutError("fragments refer to each other")
    return re.sub(r"@(\w+)", lambda match: _expand(fragments[match[1]], fragments, depth + 1), text)


def _items(tokens: list[str], position: int, closing: str) -> tuple[list[Node], int]:
    """Nodes up to the closing bracket (which is consumed) or the end of ``tokens``."""
    nodes: list[Node] = []
    low, high = 0, NO_LIMIT
    conditions: list[Condition] = []
    while position < len(tokens):
        token = tokens[position]
        if token == closing:
            return nodes, position + 1
        gate = re.match(_GATE, token)
        if gate is not None:
            if gate[1]:
                conditions.append(Condition(("version",), "older" if gate[2] == "<" else "version", (gate[3],)))
            else:
                low, high = _bounds(gate, low, high)
            position += 1
            continue
        condition = re.match(_CONDITION, token)
        if condition is not None:
            conditions.append(_condition(condition))
            position += 1
            continue
        node, position = _item(tokens, position)
        node.low, node.high, node.conditions = low, high, conditions
        nodes.append(node)
        low, high, conditions = 0, NO_LIMIT, []
    if closing:
        raise LayoutError(f"missing {closing!r}")
    return nodes, position


def _item(tokens: list[str], position: int) -> tuple[Node, int]:
    word = tokens[position]
    if word == "(":
        node = Node(SEQUENCE)
        node.children, position = _items(tokens, position + 1, ")")
        return node, position
    following = tokens[position + 1] if position + 1 < len(tokens) else ""
    if following in ("{", "["):
        node = Node(OBJECT if following == "{" else LIST, word)
        node.children, position = _items(tokens, position + 2, _CLOSING[following])
        return node, position
    return _field(word), position + 1


def _field(token: str) -> Node:
    if token[0] == "V" and token[1:].isdigit() == bool(token[1:]):
        node = Node(FIELD, "version")
        node.type = "i"
        node.default = token[1:]
        return node
    match = re.match(_FIELD, token)
    if match is None:
        raise LayoutError(f"no field: {token!r}")
    node = Node(FIELD, match[1])
    node.type = match[2] or "s"
    node.key = match[3] == "!"
    node.required = bool(match[3])
    node.kind = match[4] or ""
    if node.type not in TYPES or (node.kind and node.kind not in KINDS):
        raise LayoutError(f"unknown type or kind: {token!r}")
    return node


def _bounds(gate: re.Match[str], low: int, high: int) -> tuple[int, int]:
    if gate[4]:
        return max(low, int(gate[4])), min(high, int(gate[5]))
    number = int(gate[3])
    if gate[2] == ">=":
        return max(low, number), high
    if gate[2] == "<":
        return low, min(high, number - 1)
    return max(low, number), min(high, number)


def _condition(match: re.Match[str]) -> Condition:
    path = tuple(match[1].split("."))
    if match[2] is None:
        return Condition(path, "set", ())
    values = tuple(value.strip("'") for value in match[3].split("|"))
    return Condition(path, "left" if path == ("left",) else match[2], values)
