"""One TWS message as a line of text: what ``messages`` prints and ``live`` shows.

In: a record (report/messages.py). Out: packet, time, connection, arrow, name, and every field that is set.
"""

from datetime import UTC, tzinfo
from typing import Any, Final

from capanalyze.report._text import ARROWS, moment, safe
from capanalyze.timeline.words import clean

FIELDS: Final = 2000
"""Characters of a message's fields in a line; longer ones are cut, and the line says so."""


def message_line(record: dict[str, Any], zone: tzinfo = UTC) -> str:
    """The line, ended by a newline."""
    when = moment(record["ts_ns"], zone) if record["ts_ns"] is not None else "-"
    fields = clean(" ".join(f"{path}={value}" for path, value in flat(record["fields"])), FIELDS)
    doubt = f" [{clean(record['problem'])}]" if record.get("problem") else ""
    head = f"{record['packet']:>7}  {when}  #{record['conn']}  {ARROWS[record['sender']]:<10}  {record['name']}"
    return safe(f"{head} {fields}{doubt}".rstrip()) + "\n"


def flat(value: object, path: str = "", depth: int = 0) -> list[tuple[str, str]]:
    """Fields as pairs of dotted path and text; what is unset is left out. At most 8 levels deep."""
    if isinstance(value, dict) and depth < 8:
        return [
            pair for name, inner in value.items() for pair in flat(inner, f"{path}.{name}" if path else name, depth + 1)
        ]
    if isinstance(value, list) and depth < 8:
        return [pair for index, inner in enumerate(value) for pair in flat(inner, f"{path}[{index}]", depth + 1)]
    if value is None:
        return []
    text = {True: "true", False: "false"}.get(value, "") if isinstance(value, bool) else str(value)
    return [(path, f'"{text}"' if " " in text or not text else text)]
