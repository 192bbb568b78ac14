"""``capanalyze messages``: every TWS message of a capture, one line each, in capture order.

In: FILEs and options. Out: lines of text, JSON or CSV as they are found, so that a capture of any size needs no
memory; or a Parquet file, written in row groups.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import tzinfo
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from capanalyze.commands.options import Files, Ports, Zone, ports_of, zone_of
from capanalyze.commands.output import in_batches, note, to_file, to_stdout, whole_file
from capanalyze.errors import CapanalyzeError

if TYPE_CHECKING:
    from capanalyze.commands.message_choice import Choice
    from capanalyze.commands.shares import Wanted

NOT_REDACTED: Final = "note: nothing was redacted: look for account ids and names before you publish this"

NOTHING: Final = "note: no TWS message found; capanalyze read --all tells what there is, --port N takes another port"
NO_REQUEST: Final = "note: no request found that is ever answered; capanalyze messages FILE --count tells what there is"
NOTHING_FITS: Final = "note: nothing fits; capanalyze messages FILE --count tells what there is"

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


def command(
    files: Files,
    form: Annotated[
        MessageFormat | None,
        typer.Option("--format", help="Format.", show_default="text, or by the suffix of -o", rich_help_panel=_OUTPUT),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option(
            "-o",
            "--output",
            metavar="PATH",
            help="Write to a file: .txt .jsonl .csv .parquet.",
            rich_help_panel=_OUTPUT,
        ),
    ] = None,
    port: Ports = None,
    name: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Name or constant, * as wildcard; repeatable.", rich_help_panel=_FILTERS),
    ] = None,
    message_id: Annotated[
        list[int] | None,
        typer.Option("--id", metavar="N", help="IB's message id; repeatable.", rich_help_panel=_FILTERS),
    ] = None,
    side: Annotated[
        Side | None, typer.Option("--side", "--sender", help="Only from this side.", rich_help_panel=_FILTERS)
    ] = None,
    conn: Annotated[
        list[int] | None, typer.Option(metavar="N", help="Connection; repeatable.", rich_help_panel=_FILTERS)
    ] = None,
    request: Annotated[
        list[int] | None,
        typer.Option(metavar="ID", help="Request or order id; repeatable.", rich_help_panel=_FILTERS),
    ] = None,
    first: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="TIME",
            help="Seconds after the first packet, or a date and time.",
            rich_help_panel=_FILTERS,
        ),
    ] = None,
    last: Annotated[
        str | None, typer.Option("--to", metavar="TIME", help="The same; inclusive.", rich_help_panel=_FILTERS)
    ] = None,
    told: Annotated[
        bool,
        typer.Option(
            "--story", help="With --request: times since it was sent, and how it went.", rich_help_panel=_OUTPUT
        ),
    ] = False,
    count: Annotated[
        bool, typer.Option("--count", help="How many of each name, and no message.", rich_help_panel=_OUTPUT)
    ] = False,
    asked: Annotated[
        bool,
        typer.Option(
            "--requests", help="Requests instead, each with what came of it and when.", rich_help_panel=_OUTPUT
        ),
    ] = False,
    field: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", help="A column of its own in csv or parquet (contract.symbol).", rich_help_panel=_OUTPUT
        ),
    ] = None,
    jobs: Annotated[
        int,
        typer.Option(
            metavar="N", min=1, max=64, help="Processes that share the decoding; the list is the same with any number."
        ),
    ] = 1,
    tz: Zone = "utc",
) -> int:
    """List every TWS message of a capture, with its fields.

    FILE is a pcap or pcapng capture, gzip too; several are one capture in pieces; - is standard input.
    """
    from capanalyze.commands.message_choice import Choice, moment_of, names_of  # noqa: PLC0415 - nothing is read while --help is printed

    zone, how = zone_of(tz), _format(form, output)
    _check(how, output, story=told, requests=request, columns=field)
    table = "--count" if count else "--requests" if asked else ""
    if table:
        others = {"--story": told, "--field": field, "--requests": count and asked}
        _check_table(table, how, [option for option, given in others.items() if given])
    choice = Choice(
        names=names_of(name or ()),
        ids=message_id or (),
        sender=side.value if side is not None else None,
        conns=conn or (),
        requests=request or (),
        first=moment_of(first, zone) if first is not None else None,
        last=moment_of(last, zone) if last is not None else None,
    )
    if count:
        return _deliver(_told(_count_lines(files, ports_of(port), choice, how), choice), output)
    if asked:
        heard: dict[str, int] = {}
        return _deliver(_told(_request_lines(files, ports_of(port), choice, how, zone, heard), choice, heard), output)
    if told:
        return _deliver(_story_lines(files, ports_of(port), choice, zone), output, NOT_REDACTED)
    if how is MessageFormat.PARQUET:
        assert output is not None
        _parquet(_found(files, ports_of(port), choice), output, field or ())
        note(NOT_REDACTED)
        return 0
    lines = partial(_lines, files, ports_of(port), choice, how, zone, field or ())
    if jobs > 1 and "-" not in files and not choice.requests:  # a request's executions are told by messages before
        from capanalyze.commands.shares import shared  # noqa: PLC0415 - multiprocessing costs 10 ms

        return _deliver(_told(shared(lines, choice.undecoded, jobs), choice), output, NOT_REDACTED)
    return _deliver(_told(lines(), choice), output, NOT_REDACTED)


def _told(lines: Iterable[str], choice: "Choice", heard: dict[str, int] | None = None) -> Iterator[str]:
    """The lines; a note where there is none, as an empty answer leaves open why."""
    none = True
    for line in lines:
        none = False
        yield line
    if none:
        note((NO_REQUEST if heard and heard["messages"] else NOTHING) if choice.everything else NOTHING_FITS)


def _deliver(lines: Iterable[str], path: str | None, remark: str = "") -> int:
    """Write the lines to standard output or to a file; ``remark`` is a note on what a file holds."""
    if path is not None and path != "-":
        to_file(path, in_batches(lines))
        if remark:
            note(remark)
        return 0
    for batch in in_batches(lines):
        if not to_stdout(batch):
            break
    return 0


def _found(
    files: list[str], ports: tuple[int, ...], choice: "Choice", wanted: "Wanted | None" = None
) -> Iterable[dict[str, Any]]:
    """The messages that were asked for; ``wanted``: of those that a share of the work is asked for."""
    from capanalyze.api import messages  # noqa: PLC0415 - as above

    if choice.everything:
        return messages(files, ports=ports, wanted=wanted)
    return filter(choice.decoded, messages(files, ports=ports, wanted=wanted or choice.undecoded))


def _count_lines(files: list[str], ports: tuple[int, ...], choice: "Choice", how: MessageFormat) -> Iterator[str]:
    """How many messages of each name, as lines."""
    from capanalyze.api import message_counts  # noqa: PLC0415 - as above
    from capanalyze.commands import message_counts as table  # noqa: PLC0415 - as above

    if choice.counted:
        rows = table.from_counts(message_counts(files, ports=ports), choice)
    else:
        rows = table.from_records(_found(files, ports, choice))
    forms = {MessageFormat.JSONL: table.as_jsonl, MessageFormat.CSV: table.as_csv}
    return forms.get(how, table.as_text)(rows)


def _request_lines(
    files: list[str],
    ports: tuple[int, ...],
    choice: "Choice",
    how: MessageFormat,
    zone: tzinfo,
    heard: dict[str, int],
) -> Iterator[str]:
    """Every request with what came of it, as lines; ``heard`` is what ``requests`` fills."""
    from capanalyze.api import requests  # noqa: PLC0415 - as above
    from capanalyze.report import request_line  # noqa: PLC0415 - as above

    found = requests(files, ports=ports, wanted=choice.asked, heard=heard)
    if how is MessageFormat.JSONL:
        from capanalyze.report.json import line  # noqa: PLC0415 - as above

        return (line(one) for one in found)
    if how is MessageFormat.CSV:
        return request_line.csv_lines(found, zone)
    return (request_line.request_line(one, zone) for one in found)


def _story_lines(files: list[str], ports: tuple[int, ...], choice: "Choice", zone: tzinfo) -> Iterator[str]:
    """The messages of the requests that were asked for, and how each of these went."""
    from capanalyze.api import messages  # noqa: PLC0415 - as above
    from capanalyze.report.story import story  # noqa: PLC0415 - as above

    exchanges: list[dict[str, Any]] = []
    found = messages(files, ports=ports, wanted=choice.undecoded, exchanges=exchanges, followed=choice.requests)
    return story(filter(choice.decoded, found), exchanges, zone)


def _format(chosen: MessageFormat | None, path: str | None) -> MessageFormat:
    if chosen is not None:
        return chosen
    if path is None or path == "-":
        return MessageFormat.TEXT
    dot = path.rfind(".")
    found = SUFFIXES.get(path[dot:].lower()) if dot >= 0 else None
    if found is None:
        raise CapanalyzeError(f"{path}: its suffix names no format", f"end it in {' '.join(SUFFIXES)}, or say --format")
    return found


def _check(
    how: MessageFormat, path: str | None, *, story: bool, requests: list[int] | None, columns: list[str] | None
) -> None:
    """Refuse options that do not go together, before anything is read."""
    if how is MessageFormat.PARQUET and (path is None or path == "-"):
        raise CapanalyzeError("parquet: cannot be written to standard output", "name a file: -o messages.parquet")
    if story and (not requests or how is not MessageFormat.TEXT):
        raise CapanalyzeError("--story: tells of requests, as text", "--request ID --story, without --format")
    if columns and how not in {MessageFormat.CSV, MessageFormat.PARQUET}:
        raise CapanalyzeError("--field: text and jsonl have no columns", "--format csv, or -o FILE.parquet")


def _check_table(table: str, how: MessageFormat, others: list[str]) -> None:
    """Refuse what goes with messages and not with a table of something else."""
    if how is MessageFormat.PARQUET:
        raise CapanalyzeError(f"{table}: not as parquet", "--format text, jsonl or csv")
    if others:
        raise CapanalyzeError(f"{table}: does not go with {others[0]}", "leave one of them out")


def _lines(
    files: list[str],
    ports: tuple[int, ...],
    choice: "Choice",
    how: MessageFormat,
    zone: tzinfo,
    columns: Sequence[str],
    wanted: "Wanted | None" = None,
) -> Iterator[str]:
    """The messages that were asked for, as lines."""
    found = _found(files, ports, choice, wanted)
    if how is MessageFormat.JSONL:
        from capanalyze.report.json import line  # noqa: PLC0415 - json costs 8 ms that text does not need

        return (line(message) for message in found)
    if how is MessageFormat.CSV:
        from capanalyze.report.message_table import lines  # noqa: PLC0415 - as above

        return lines(found, columns, zone)
    from capanalyze.report.message_line import message_line  # noqa: PLC0415 - as above

    return (message_line(message, zone) for message in found)


def _parquet(found: Iterable[dict[str, Any]], path: str, columns: Sequence[str]) -> None:
    from capanalyze.integrations.frames import write_parquet  # noqa: PLC0415 - pyarrow is for Parquet only

    with whole_file(path) as stream:
        write_parquet(found, stream, columns)
