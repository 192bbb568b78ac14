"""A request with its answers as a line of text or of CSV: what ``messages --requests`` prints.

In: records of report/requests.py. Out: lines.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, tzinfo
from typing import Any, Final

from capanalyze.report._text import moment, safe
from capanalyze.timeline.words import count, listing, span

MOMENTS: Final = ("first", "last", "end", "error", "cancelled")
"""The keys of a record that hold a moment."""

COLUMNS: Final = (
    "packet", "time", "ts_ns", "conn", "name", "request_id", "answers",
    *(f"{name}_{part}" for name in MOMENTS for part in ("packet", "after_ns")),
    "error_code", "id_in_use", "before_ready", "refused", "missing_end",
)  # fmt: skip


def request_line(record: dict[str, Any], zone: tzinfo = UTC) -> str:
    """The line, ended by a newline."""
    if "left_out" in record:
        where = "other connections" if record["conn"] is None else f"#{record['conn']}"
        return f"{where}: {count(record['left_out'], 'more request')} not followed\n"
    when = moment(record["ts_ns"], zone) if record["ts_ns"] is not None else "-"
    key = "" if record["request_id"] is None else f" {record['request_id']}"
    return safe(f"{record['packet']:>7}  {when}  #{record['conn']}  {record['name']}{key}: {_went(record)}") + "\n"


def _went(record: dict[str, Any]) -> str:
    answers = record["answers"]
    words = ["unanswered"]
    if answers:
        names = listing([f"{name} x{number:,}" if number > 1 else name for name, number in answers.items()])
        words = [f"{count(sum(answers.values()), 'answer')} ({names})", f"the first {_after(record['first'])}"]
        if record["last"]["packet"] != record["first"]["packet"]:
            words.append(f"the last {_after(record['last'])}")
    if record["end"]:
        words.append(f"ended {_after(record['end'])}")
    if record["missing_end"]:
        words.append(f"no {record['missing_end']} so far")
    if record["error"]:
        words.append(f"{'error' if record['refused'] else 'message'} {record['error_code']} {_after(record['error'])}")
    if record["cancelled"]:
        words.append(f"cancelled {_after(record['cancelled'])}")
    return "; ".join(words + warnings(record))


def warnings(record: dict[str, Any]) -> list[str]:
    """What was wrong with the request itself."""
    return ["its id was in use"] * record["id_in_use"] + ["sent before the session was ready"] * record["before_ready"]


def _after(at: dict[str, int | None]) -> str:
    after = at["after_ns"]
    return f"after {span(after)}" if after is not None else f"in packet {at['packet']}"


def csv_lines(records: Iterable[dict[str, Any]], zone: tzinfo = UTC) -> Iterator[str]:
    """A header and a line each; no cell holds wire text, so none has to be quoted. What was left out has no line."""
    yield ",".join(COLUMNS) + "\r\n"
    for record in records:
        if "left_out" not in record:
            yield ",".join(map(_cell, _cells(record, zone))) + "\r\n"


def _cells(record: dict[str, Any], zone: tzinfo) -> Iterator[object]:
    ts_ns = record["ts_ns"]
    yield from (record["packet"], None if ts_ns is None else moment(ts_ns, zone), ts_ns, record["conn"])
    yield from (record["name"], record["request_id"], sum(record["answers"].values()))
    for name in MOMENTS:
        at = record[name] or {"packet": None, "after_ns": None}
        yield from (at["packet"], at["after_ns"])
    yield from (record["error_code"], record["id_in_use"] or None, record["before_ready"] or None)
    yield from (record["refused"] or None, record["missing_end"])


def _cell(value: object) -> str:
    return "" if value is None else "true" if value is True else str(value)
