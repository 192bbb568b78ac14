"""The Wireshark dissector: one Lua file, made of the schema and of the Lua in ``lua/``.

In: the public tables of tws/schema, tws/values, tws/error_codes and tws/not_tws. Out: text. The Lua there reads the
same notation as tws/text.py and tws/protobuf.py do, so a message or a version that is added to the schema is in the
file that is written next. Nothing of a payload ever becomes Lua: the file is made without one, and loads nothing.
"""

from collections.abc import Iterable, Iterator
from importlib.resources import files
from typing import Final

from capanalyze import API_PORTS, __version__
from capanalyze.tws import clients, decode, fitting, scalars, schema
from capanalyze.tws.error_codes import meanings, severity_of
from capanalyze.tws.not_tws import PROTOCOLS
from capanalyze.tws.schema import MessageType, messages
from capanalyze.tws.schema.grammar import FIELD, LIST, NO_LIMIT, OBJECT, SEQUENCE, Condition, Node
from capanalyze.tws.schema.protobuf_rows import ProtobufField, fields
from capanalyze.tws.values import TABLES

BEFORE: Final = ("1_layouts.lua",)
AFTER: Final = ("2_values.lua", "3_text.lua", "4_protobuf.lua", "5_show.lua", "6_dissector.lua")
"""The Lua before and after the tables, in this order."""

WIDTH: Final = 118
"""Columns of the tables."""

MAX_DEPTH: Final = 8
"""Messages inside messages whose fields get a name for filters; IB's go four deep."""

_KINDS: Final = dict.fromkeys("iIkK", "int64") | dict.fromkeys("dq", "double") | dict.fromkeys("bc", "boolean")
"""Type letter -> Wireshark's; the others are strings."""

_TEXT: Final = ".text"
"""Put after a name where other messages have a number of that name."""


def plugin() -> str:
    """The Lua file."""
    lua = files("capanalyze.integrations") / "lua"
    head = "".join((lua / name).read_text("utf-8") for name in BEFORE).replace("@VERSION@", __version__)
    tables = "\n".join(_tables())
    return f"{head}\n{tables}\n\n" + "\n".join((lua / name).read_text("utf-8") for name in AFTER)


def _tables() -> Iterator[str]:
    yield "-- What follows, up to the values, is made of capanalyze's schema."
    yield ""
    for name, value in _constants():
        yield f"local {name} = {value}"
    for title, table in (("REQUESTS", messages(True)), ("ANSWERS", messages(False))):
        yield f"\n-- {title}: {'client to gateway' if title == 'REQUESTS' else 'gateway to client'}"
        for row in table.values():
            yield from _message(title, row)
    yield "\n-- Protobuf messages by name: number = {name, type, repeated}"
    for name in sorted(_protobuf_names()):
        inside = [_protobuf_field(field) for field in fields(name).values()]
        yield from _wrapped(f'protobuf("{name}", {{', inside, "})")
    yield "\n-- The fields that filters know as tws.field.NAME, and their types"
    yield from _wrapped("local FIELDS = {", [f"[{_quoted(path)}] = {_quoted(kind)}" for path, kind in filters()], "}")
    yield "\n-- What values mean, by the field's name or the end of it"
    yield "local MEANINGS = {"
    for name, words in TABLES.items():
        items = [f"[{_quoted(str(value))}] = {_quoted(meaning)}" for value, meaning in words.items()]
        yield from _wrapped(f"  [{_quoted(name)}] = {{", items, "},", 4)
    yield "}"
    yield "\n-- Error codes: what they mean, and how bad they are where their number does not say it"
    yield from _wrapped(
        "local ERRORS = {", [f"[{code}] = {_quoted(meaning)}" for code, meaning in meanings().items()], "}"
    )
    yield from _wrapped("local SEVERITIES = {", list(_severities()), "}")
    yield "\n-- Client libraries by the range in their hello, and what other protocols begin with"
    libraries = {(low, high): clients.client_library(low, high) for low, high, _ in clients.CLIENT_LIBRARIES}
    named = [
        f'["{low}..{high}"] = {_quoted(found[0])}' for (low, high), found in libraries.items() if found is not None
    ]
    yield from _wrapped("local LIBRARIES = {", named, "}")
    known = [f"{{ {_quoted(prefix)}, {_quoted(name)} }}" for prefix, name in PROTOCOLS]
    yield from _wrapped("local PROTOCOLS = {", known, "}")


def _constants() -> list[tuple[str, str | int]]:
    return [
        ("PORTS", _quoted(",".join(map(str, API_PORTS)))),
        ("OLDEST", decode.OLDEST),
        ("NEWEST", schema.NEWEST),
        ("FIRST_FRAMED", fitting.FIRST_FRAMED),
        ("LAST_UNFRAMED", decode.LAST_UNFRAMED),
        ("FIRST_BINARY_ID", schema.FIRST_BINARY_ID),
        ("PROTOBUF_OFFSET", schema.PROTOBUF_OFFSET),
        ("ESCAPES_SINCE", scalars.ESCAPES_SINCE),
        ("MAX_TRIED", fitting.MAX_TRIED // 8),  # fields read to find the versions that fit: Lua is slower
        ("MAX_DOUBLE", "1.7976931348623157e308"),
    ]


def _message(table: str, row: MessageType) -> Iterator[str]:
    protobuf = _quoted(row.protobuf) if row.protobuf else "nil"
    facts = (
        f"{row.id}, {_quoted(row.name)}, {_quoted(row.constant)}, {protobuf}, {_quoted(row.key_name())}, {row.since}"
    )
    if not row.text:
        yield f"message({table}, {facts})"
    else:
        yield from _wrapped(f"message({table}, {facts}, {{", [_item(node, 2) for node in row.nodes()], "})")


def _item(node: Node, indent: int) -> list[str]:
    """A node as a call, in lines of which all but the first have their indentation; what is inside it stands in it."""
    more = _more(node)
    if node.form == FIELD:
        return [f"f({_quoted(node.name)}, {_quoted(node.type)}{more})"]
    head = "g({" if node.form == SEQUENCE else f"{'l' if node.form == LIST else 'o'}({_quoted(node.name)}, {{"
    inside = [_item(child, indent + 2) for child in node.children]
    whole = f"{head} {', '.join(lines[0] for lines in inside)} }}{more})"
    if all(len(lines) == 1 for lines in inside) and indent + len(whole) < WIDTH:
        return [whole]
    return [head, *_filled(inside, indent + 2), f"{' ' * indent}}}{more})"]


def _filled(items: Iterable[list[str]], indent: int) -> Iterator[str]:
    """Items, a comma after each, as many in a line as it takes; one of several lines stands by itself."""
    line = ""
    for lines in items:
        if line and (len(lines) > 1 or indent + len(line) + len(lines[0]) + 2 > WIDTH):
            yield " " * indent + line
            line = ""
        if len(lines) > 1:
            yield " " * indent + lines[0]
            yield from lines[1:-1]
            yield f"{lines[-1]},"
        else:
            line += f"{' ' if line else ''}{lines[0]},"
    if line:
        yield " " * indent + line


def _more(node: Node) -> str:
    facts: list[str] = []
    if node.low:
        facts.append(f"low = {node.low}")
    if node.high < NO_LIMIT:
        facts.append(f"high = {node.high}")
    if node.required:
        facts.append("required = true")
    if node.conditions:
        facts.append(f"when = {{ {', '.join(map(_condition, node.conditions))} }}")
    return f", {{ {', '.join(facts)} }}" if facts else ""


def _condition(condition: Condition) -> str:
    path = _quoted(".".join(condition.path))
    if condition.op == "set":
        return f"set({path})"
    if condition.op == "=":
        return f"is({path}, {', '.join(map(_quoted, condition.values))})"
    if condition.op == ">":
        return f"above({path}, {float(condition.values[0]):g})"
    numbers = ", ".join(str(int(value)) for value in condition.values)
    return f"{ {'left': 'left', 'version': 'since', 'older': 'before'}[condition.op] }({numbers})"


def _protobuf_names() -> set[str]:
    """Every protobuf message that a message of the API is, or holds."""
    found = {"MapEntry"}
    waiting = [row.protobuf for table in (messages(True), messages(False)) for row in table.values() if row.protobuf]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += [field.type for field in fields(name).values() if field.is_message]
    return found


def _protobuf_field(field: ProtobufField) -> str:
    kind = "m" if field.type == "map" else field.type
    repeated = ", true" if field.repeated else ""
    return f"[{field.number}] = {{ {_quoted(field.name)}, {_quoted(kind)}{repeated} }}"


def filters() -> list[tuple[str, str]]:
    """The dotted name of every field of every message, and Wireshark's type of it.

    Where a name is a number in one message or form and text in another, the text has ".text" after the name.
    """
    kinds: dict[str, set[str]] = {}
    for row in (*messages(True).values(), *messages(False).values()):
        if row.text:
            _text_filters(row.nodes(), "", kinds)
        if row.protobuf:
            _protobuf_filters(row.protobuf, "", kinds, 0)
    found: dict[str, str] = {}
    for path, several in kinds.items():
        numbers = several - {"string"}
        if numbers:
            found[path] = "double" if "double" in numbers else "int64" if "int64" in numbers else "boolean"
        if "string" in several:
            found[path + _TEXT if numbers else path] = "string"
    return sorted(found.items())


def _text_filters(nodes: Iterable[Node], prefix: str, kinds: dict[str, set[str]]) -> None:
    for node in nodes:
        path = prefix + node.name
        if node.form == FIELD:
            kinds.setdefault(path.removesuffix("."), set()).add(_KINDS.get(node.type, "string"))
        elif node.form == SEQUENCE:
            _text_filters(node.children, prefix, kinds)
        elif node.form in (OBJECT, LIST):
            _text_filters(node.children, f"{path}.", kinds)


def _protobuf_filters(name: str, prefix: str, kinds: dict[str, set[str]], depth: int) -> None:
    for field in fields(name).values():
        path = prefix + field.name
        if field.type != "map" and not field.is_message:
            kinds.setdefault(path, set()).add(_KINDS.get(field.type, "string"))
        elif depth < MAX_DEPTH:
            _protobuf_filters("MapEntry" if field.type == "map" else field.type, f"{path}.", kinds, depth + 1)


def _severities() -> Iterator[str]:
    """The codes that are a warning though their number is an error's."""
    for code in meanings():
        if severity_of(code) == "warning":
            yield f'[{code}] = "warning"'


def _quoted(text: str | bytes) -> str:
    """A Lua string: printable ASCII as it is, every other octet as backslash and three digits."""
    octets = text if isinstance(text, bytes) else text.encode()
    return '"' + "".join(chr(octet) if _is_plain(octet) else f"\\{octet:03d}" for octet in octets) + '"'


def _is_plain(octet: int) -> bool:
    return 0x20 <= octet < 0x7F and octet not in b'"\\'


def _wrapped(head: str, items: Iterable[str | list[str]], tail: str, indent: int = 2) -> Iterator[str]:
    """``head``, the items in lines of at most WIDTH columns if they allow, ``tail``; all in one line if that fits."""
    listed = [[item] if isinstance(item, str) else item for item in items]
    whole = f"{head} {', '.join(lines[0] for lines in listed)} {tail}" if listed else head + tail
    if len(whole) <= WIDTH and all(len(lines) == 1 for lines in listed):
        yield whole
        return
    yield head
    yield from _filled(listed, indent)
    yield " " * (indent - 2) + tail
