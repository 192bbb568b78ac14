"""The report as JSON: one object, keys as contract.md promises them, pure ASCII.

In: a Report. Out: text. Escaping everything beyond ASCII keeps terminal escapes and bidirectional controls of the
wire from acting where somebody prints the JSON. The records are written as they are, piece by piece: a report of many
connections is never in memory a second time.
"""

import json
from collections.abc import Iterator
from json.encoder import encode_basestring_ascii
from typing import Any, Final

from capanalyze.report.look import Look
from capanalyze.report.report import Report

_encode: Final = json.JSONEncoder(ensure_ascii=True, allow_nan=False).encode

_KEYS: Final[dict[str, str]] = {}
_MOST_KEYS: Final = 1024

_DEEPEST: Final = 64  # levels of a report, the fields of its messages included


def render(report: Report, look: Look) -> str:  # noqa: ARG001 - a renderer's signature
    """The whole report, indented by two, ended by a newline."""
    return "".join(pieces(report))


def pieces(report: Report) -> Iterator[str]:
    """The same in pieces: a connection or a line of the timeline each."""
    before = "{\n  "
    for name, value in report.items():
        yield f'{before}"{name}": '
        before = ",\n  "
        if isinstance(value, tuple) and value and not hasattr(value, "_fields"):
            mark = "[\n    "
            for item in value:
                yield mark + text_of(item, "\n    ")
                mark = ",\n    "
            yield "\n  ]"
        else:
            yield text_of(value, "\n  ")
    yield "\n}\n"


def text_of(value: Any, newline: str) -> str:  # noqa: ANN401 - any record, list, dict or scalar
    """A value as ``json.dumps`` with an indent of two writes it, where ``newline`` begins the line of its bracket."""
    out: list[str] = []
    _write(value, newline, out)
    return "".join(out)


def _write(value: Any, newline: str, out: list[str]) -> None:  # noqa: ANN401 - as above
    if isinstance(value, str):
        out.append(encode_basestring_ascii(value))
    elif value is None:
        out.append("null")
    elif value is True:
        out.append("true")
    elif value is False:
        out.append("false")
    elif isinstance(value, int):
        out.append(str(value))
    elif isinstance(value, dict):
        _write_object(list(value), list(value.values()), newline, out)
    elif isinstance(value, tuple):
        names = getattr(value, "_fields", None)
        if names is None:
            _write_array(list(value), newline, out)
        else:
            _write_object(list(names), list(value), newline, out)
    elif isinstance(value, list):
        _write_array(value, newline, out)
    else:
        out.append(_encode(value))


def _write_object(names: list[str], values: list[Any], newline: str, out: list[str]) -> None:
    inner = newline + "  "
    if len(newline) > 2 * _DEEPEST:
        raise RecursionError("a report of too many levels")
    before = "{" + inner
    for at, name in enumerate(names):
        out.append(before)
        out.append(_KEYS.get(name) or _key(name))
        _write(values[at], inner, out)
        before = "," + inner
    out.append(newline + "}" if names else "{}")


def _key(name: str) -> str:
    """A name as it stands before its value; those seen first are remembered: they are nearly all."""
    text = encode_basestring_ascii(name) + ": "
    if len(_KEYS) < _MOST_KEYS:
        _KEYS[name] = text
    return text


def _write_array(values: list[Any], newline: str, out: list[str]) -> None:
    inner = newline + "  "
    before = "[" + inner
    for value in values:
        out.append(before)
        _write(value, inner, out)
        before = "," + inner
    out.append(newline + "]" if values else "[]")


def line(record: dict[str, Any]) -> str:
    """A record as one line (jsonl)."""
    return _encode(record) + "\n"
