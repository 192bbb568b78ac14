"""The report as JSON: one object, keys as contract.md promises them, pure ASCII.

In: a Report. Out: text. Escaping everything beyond ASCII keeps terminal escapes and bidirectional controls of the
wire from acting where somebody prints the JSON.
"""

import json
from typing import Any

from capanalyze.report.look import Look
from capanalyze.report.report import Report


def render(report: Report, look: Look) -> str:  # noqa: ARG001 - a renderer's signature
    """The whole report, indented by two, ended by a newline."""
    return json.dumps(report.to_dict(), indent=2, ensure_ascii=True, allow_nan=False) + "\n"


def line(record: dict[str, Any]) -> str:
    """A record as one line (jsonl)."""
    return json.dumps(record, ensure_ascii=True, allow_nan=False) + "\n"
