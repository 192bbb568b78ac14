"""The report as JSON: one object, keys as contract.md promises them, pure ASCII.

In: a Report. Out: text. Escaping everything beyond ASCII keeps terminal escapes and bidirectional controls of the
wire from acting where somebody prints the JSON.
"""

import json
from typing import Any, Final

from capanalyze.report.look import Look
from capanalyze.report.report import Report

_encode: Final = json.JSONEncoder(ensure_ascii=True, allow_nan=False).encode


def render(report: Report, look: Look) -> str:  # noqa: ARG001 - a renderer's signature
    """The whole report, indented by two, ended by a newline."""
    return json.dumps(report.to_dict(), indent=2, ensure_ascii=True, allow_nan=False) + "\n"


def line(record: dict[str, Any]) -> str:
    """A record as one line (jsonl)."""
    return _encode(record) + "\n"
