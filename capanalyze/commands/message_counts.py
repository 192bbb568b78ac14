"""How many messages of each name: what ``capanalyze messages --count`` prints.

In: counts by side, or records where a filter needs each message. Out: rows, and lines of text, JSON
or CSV made of them; the client's first, the commonest first.
"""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from capanalyze.commands.message_choice import HELLO, Choice
from capanalyze.report._text import ARROWS, safe
from capanalyze.tws.schema import name_of


class Row(NamedTuple):
    """Messages of one name that one side sent, on all connections together."""

    sender: str
    name: str
    number: int


def from_counts(counts: dict[str, dict[str, int]], choice: Choice) -> list[Row]:
    """Rows of {sender: {name: count}}; only names, ids and sides can be chosen among them (``Choice.counted``)."""
    sums: dict[tuple[str, str], int] = {}
    for sender, names in counts.items():
        if choice.sender not in {None, sender}:
            continue
        of_ids = {name_of(sender == "client", number) for number in choice.ids}
        for name, number in names.items():
            if (not choice.names or name in choice.names) and (not of_ids or (name in of_ids and name != HELLO)):
                sums[sender, name] = sums.get((sender, name), 0) + number
    return _rows(sums)


def from_records(records: Iterable[dict[str, Any]]) -> list[Row]:
    """Rows of messages (report/messages.py)."""
    sums: dict[tuple[str, str], int] = {}
    for record in records:
        place = (record["sender"], record["name"])
        sums[place] = sums.get(place, 0) + 1
    return _rows(sums)


def _rows(sums: dict[tuple[str, str], int]) -> list[Row]:
    found = [Row(sender, name, number) for (sender, name), number in sums.items()]
    return sorted(found, key=lambda row: (row.sender, -row.number, row.name))


def as_text(rows: Iterable[Row]) -> Iterator[str]:
    """A line each: number, direction, name."""
    for row in rows:
        yield safe(f"{row.number:>12,}  {ARROWS[row.sender]:<10}  {row.name}") + "\n"


def as_jsonl(rows: Iterable[Row]) -> Iterator[str]:
    """A line each: ``sender``, ``name``, ``count``."""
    from capanalyze.report.json import line  # noqa: PLC0415 - json costs 8 ms that text does not need

    return (line({"sender": row.sender, "name": row.name, "count": row.number}) for row in rows)


def as_csv(rows: Iterable[Row]) -> Iterator[str]:
    """A header and a line each; names are the schema's, so nothing has to be quoted."""
    yield "sender,name,count\r\n"
    for row in rows:
        yield f"{row.sender},{row.name},{row.number}\r\n"
