"""Options of ``capanalyze messages``, and which of them go together.

In: what typer parsed. Out: a CapanalyzeError that says what to write instead, where they do not.
"""

from enum import StrEnum
from typing import Annotated, Final

import typer

from capanalyze.commands.options import BY_SUFFIX
from capanalyze.commands.output import is_file
from capanalyze.errors import CapanalyzeError

_FILTERS: Final = "Which messages"
_OUTPUT: Final = "Output"


class MessageFormat(StrEnum):
    """Formats of the list."""

    TEXT = "text"
    JSONL = "jsonl"
    CSV = "csv"
    PARQUET = "parquet"


SUFFIXES: Final = {
    ".txt": MessageFormat.TEXT,
    ".jsonl": MessageFormat.JSONL,
    ".ndjson": MessageFormat.JSONL,
    ".csv": MessageFormat.CSV,
    ".parquet": MessageFormat.PARQUET,
}


class Side(StrEnum):
    """Who sent a message."""

    CLIENT = "client"
    SERVER = "server"


ListFormat = Annotated[
    MessageFormat | None,
    typer.Option("--format", help="Format.", show_default=BY_SUFFIX, rich_help_panel=_OUTPUT),
]
ListOutput = Annotated[
    str | None,
    typer.Option(
        "-o", "--output", metavar="PATH", help="Write to a file: .txt .jsonl .csv .parquet.", rich_help_panel=_OUTPUT
    ),
]
Names = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME", help="Name or constant, * as wildcard; repeatable.", rich_help_panel=_FILTERS),
]
Ids = Annotated[
    list[int] | None,
    typer.Option("--id", metavar="N", help="IB's message id; repeatable.", rich_help_panel=_FILTERS),
]
Sender = Annotated[
    Side | None, typer.Option("--side", "--sender", help="Only from this side.", rich_help_panel=_FILTERS)
]
Connections = Annotated[
    list[int] | None, typer.Option(metavar="N", help="Number of a connection; repeatable.", rich_help_panel=_FILTERS)
]
Requests = Annotated[
    list[int] | None, typer.Option(metavar="ID", help="Request or order id; repeatable.", rich_help_panel=_FILTERS)
]
From = Annotated[
    str | None,
    typer.Option(
        "--from",
        metavar="TIME",
        help="Seconds after the first packet, or a date and time.",
        rich_help_panel=_FILTERS,
    ),
]
To = Annotated[
    str | None,
    typer.Option(
        "--to", metavar="TIME", help="The same; what came at that time is still listed.", rich_help_panel=_FILTERS
    ),
]
Story = Annotated[
    bool,
    typer.Option("--story", help="With --request: times since it was sent, and how it ended.", rich_help_panel=_OUTPUT),
]
Count = Annotated[
    bool, typer.Option("--count", help="Count the messages by name instead of listing them.", rich_help_panel=_OUTPUT)
]
Asked = Annotated[
    bool,
    typer.Option(
        "--requests", help="List the requests instead, each with what came of it and when.", rich_help_panel=_OUTPUT
    ),
]
Columns = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME", help="A column of its own in csv or parquet (contract.symbol).", rich_help_panel=_OUTPUT
    ),
]
Jobs = Annotated[
    int,
    typer.Option(
        metavar="N", min=1, max=64, help="Processes that share the decoding; the list is the same with any number."
    ),
]


def check(
    how: MessageFormat, path: str | None, *, story: bool, requests: list[int] | None, columns: list[str] | None
) -> None:
    """Refuse options that do not go together, before anything is read.

    Raises:
        CapanalyzeError: they do not.
    """
    if how is MessageFormat.PARQUET and not is_file(path):
        raise CapanalyzeError("parquet: cannot be written to standard output", "name a file: -o messages.parquet")
    if story and (not requests or how is not MessageFormat.TEXT):
        raise CapanalyzeError("--story: needs --request, and text", "--request ID --story, without --format")
    if columns and how not in {MessageFormat.CSV, MessageFormat.PARQUET}:
        raise CapanalyzeError("--field: text and jsonl have no columns", "--format csv, or -o FILE.parquet")


def check_table(how: MessageFormat, *, count: bool, asked: bool, story: bool, columns: list[str] | None) -> None:
    """Refuse what goes with messages and not with a table of something else, where one was asked for.

    Raises:
        CapanalyzeError: something does not.
    """
    if not count and not asked:
        return
    table = "--count" if count else "--requests"
    if how is MessageFormat.PARQUET:
        raise CapanalyzeError(f"{table}: not as parquet", "--format text, jsonl or csv")
    others = {"--story": story, "--field": columns, "--requests": count and asked}
    for option, given in others.items():
        if given:
            raise CapanalyzeError(f"{table}: does not go with {option}", "leave one of them out")
