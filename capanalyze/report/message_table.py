"""TWS messages as rows of a table: CSV lines (RFC 4180), and the columns that every table of messages has.

In: records (report/messages.py). Out: a header and one line each. The fields of a message stand in one column as
JSON, as every message has others, or in columns of their own for the names that were asked for.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, tzinfo
from typing import Any, Final

from capanalyze.report._text import moment
from capanalyze.timeline.words import clean

COLUMNS: Final = (
    "packet", "time", "ts_ns", "first_packet", "conn", "sender", "encoding", "id", "name", "size", "request_id",
    "problem", "resynchronised", "missing",
)  # fmt: skip
"""The columns before those of the fields; ``time`` is ts_ns in words."""

FIELDS: Final = "fields"

_QUOTED: Final = frozenset(',"\r\n')
_FORMULA: Final = frozenset("=+-@\t\r")
_LONGEST: Final = 1 << 24

_encode: Final = json.JSONEncoder(ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode


def lines(records: Iterable[dict[str, Any]], wanted: Sequence[str], zone: tzinfo = UTC) -> Iterator[str]:
    """The whole table, line by line."""
    yield header(wanted)
    for record in records:
        yield row(record, wanted, zone)


def header(wanted: Sequence[str]) -> str:
    """The first line: COLUMNS, then ``field_columns``."""
    return ",".join(map(_cell, (*COLUMNS, *field_columns(wanted)))) + "\r\n"


def field_columns(wanted: Sequence[str]) -> list[str]:
    """The names of the last columns: ``fields``, or ``fields.price`` and so on, as messages have a ``size`` too."""
    return [f"{FIELDS}.{name}" for name in dict.fromkeys(wanted)] or [FIELDS]


def field_cells(record: dict[str, Any], wanted: Sequence[str]) -> list[str | None]:
    """What stands in these columns."""
    return [words(record[FIELDS], name) for name in dict.fromkeys(wanted)] or [fields_json(record)]


def row(record: dict[str, Any], wanted: Sequence[str], zone: tzinfo = UTC) -> str:
    """The line of a record; what it does not have is an empty cell."""
    ts_ns = record["ts_ns"]
    key = record.get("request_id")
    when = ("", "") if ts_ns is None else (moment(ts_ns, zone), str(ts_ns))
    cells = [
        str(record["packet"]), *when, str(record["first_packet"]), str(record["conn"]), record["sender"],
        record["encoding"], str(record["id"]), record["name"], str(record["size"]), "" if key is None else str(key),
        _cell(_words(record.get("problem")) or ""), "true" if record.get("resynchronised") else "",
        str(record.get("missing", "")),
    ]  # fmt: skip
    cells += [_cell(value or "") for value in field_cells(record, wanted)]
    return ",".join(cells) + "\r\n"


def fields_json(record: dict[str, Any]) -> str:
    """The fields of a record as JSON in ASCII."""
    return _encode(record[FIELDS])


def words(fields: dict[str, Any], path: str) -> str | None:
    """The value at a dotted name (``order.conditions.0.type``) as text; None where it is absent or unset.

    Objects and lists are JSON. Control characters of the wire are spelled out.
    """
    value: Any = fields
    for name in path.split("."):
        if isinstance(value, list):
            value = value[int(name)] if name.isdecimal() and len(name) < 7 and int(name) < len(value) else None
        else:
            value = value.get(name) if isinstance(value, dict) else None
    return _encode(value) if isinstance(value, (dict, list)) else _words(value)


def _words(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return clean(str(value), _LONGEST)


def _cell(text: str) -> str:
    """A cell; text that a spreadsheet would take for a formula gets an apostrophe before it, numbers do not."""
    if text[:1] in _FORMULA and not _is_number(text):
        text = "'" + text
    return '"' + text.replace('"', '""') + '"' if _QUOTED.intersection(text) else text


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
