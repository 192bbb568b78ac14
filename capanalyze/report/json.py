"""The report as JSON: one object, keys as contract.md promises them, pure ASCII.

In: a Report. Out: text. Escaping everything beyond ASCII keeps terminal escapes and bidirectional controls of the
wire from acting where somebody prints the JSON. The records are written as they are, piece by piece: a report of many
connections is never in memory a second time.
"""

import json
from collections.abc import Callable, Iterator
from json.encoder import encode_basestring_ascii
from typing import Any, Final

from capanalyze.report.look import Look
from capanalyze.report.report import Report

_quoted: Final[Callable[[str], str]] = encode_basestring_ascii
_encode: Final = json.JSONEncoder(ensure_ascii=True, allow_nan=False).encode

_DEEPEST: Final = 64
"""Levels of a report, the fields of its messages included."""

_LINES: Final = tuple("\n" + "  " * depth for depth in range(_DEEPEST + 1))
"""How a line begins, by its level."""

_NEXT: Final = tuple("," + line for line in _LINES)
_OBJECT_ENDS: Final = tuple(line + "}" for line in _LINES)
_ARRAY_ENDS: Final = tuple(line + "]" for line in _LINES)

_KEYS: Final[tuple[dict[str, str], ...]] = tuple({} for _ in _LINES)
"""By level, names as they stand before their values: those seen first, which are nearly all."""

_MOST_KEYS: Final = 1024
"""Of each level."""


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
            mark = "[" + _LINES[2]
            for item in value:
                yield mark + text_of(item, 2)
                mark = _NEXT[2]
            yield _ARRAY_ENDS[1]
        else:
            yield text_of(value, 1)
    yield "\n}\n"


def text_of(value: Any, level: int) -> str:  # noqa: ANN401 - any record, list, dict or scalar
    """A value as ``json.dumps`` with an indent of two writes it at a level: 0 is the whole report's."""
    out: list[str] = []
    _write(value, level, out)
    return "".join(out)


def _write(value: Any, level: int, out: list[str]) -> None:  # noqa: ANN401 - as above
    if isinstance(value, str):
        out.append(_quoted(value))
    elif value is None:
        out.append("null")
    elif value is True:
        out.append("true")
    elif value is False:
        out.append("false")
    elif isinstance(value, int):
        out.append(str(value))
    elif isinstance(value, dict):
        _write_object(value, level, out)
    elif isinstance(value, tuple):
        if type(value) is tuple:
            _write_array(value, level, out)
        else:
            _write_record(value, getattr(value, "_fields", ()), level, out)
    elif isinstance(value, list):
        _write_array(tuple(value), level, out)
    else:
        out.append(_encode(value))


def _write_object(value: dict[str, Any], level: int, out: list[str]) -> None:
    at = len(out)
    inner = _deeper(level)
    for name, item in value.items():
        out.append(_key(name, inner))
        _write(item, inner, out)
    _end_object(at, level, out)


def _write_record(value: tuple[Any, ...], names: tuple[str, ...], level: int, out: list[str]) -> None:
    at = len(out)
    inner = _deeper(level)
    for place, name in enumerate(names):
        out.append(_key(name, inner))
        _write(value[place], inner, out)
    _end_object(at, level, out)


def _end_object(at: int, level: int, out: list[str]) -> None:
    """Close the object whose pieces begin at a place of ``out``: no comma stands before the first of them."""
    if at < len(out):
        out[at] = "{" + out[at][1:]
        out.append(_OBJECT_ENDS[level])
    else:
        out.append("{}")


def _key(name: str, level: int) -> str:
    """A comma, and a name as it stands in the next line before its value."""
    keys = _KEYS[level]
    text = keys.get(name)
    if text is None:
        text = _NEXT[level] + _quoted(name) + ": "
        if len(keys) < _MOST_KEYS:
            keys[name] = text
    return text


def _write_array(values: tuple[Any, ...], level: int, out: list[str]) -> None:
    inner = _deeper(level)
    before = "[" + _LINES[inner]
    for value in values:
        out.append(before)
        _write(value, inner, out)
        before = _NEXT[inner]
    out.append(_ARRAY_ENDS[level] if values else "[]")


def _deeper(level: int) -> int:
    """The next level."""
    if level >= _DEEPEST:
        raise RecursionError("a report of too many levels")
    return level + 1


def line(record: dict[str, Any]) -> str:
    """A record as one line (jsonl)."""
    return _encode(record) + "\n"
