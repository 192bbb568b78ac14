"""``capanalyze messages``: every TWS message of a capture, one line each, in capture order.

In: FILEs and options. Out: lines of text or JSON as they are found, so that a capture of any size needs no memory.
"""

from collections.abc import Iterable, Iterator
from datetime import tzinfo
from enum import StrEnum
from typing import Annotated, Any, Final

import typer

from capanalyze.commands.options import Files, Output, Ports, Zone, ports_of, zone_of
from capanalyze.commands.output import in_batches, note, to_file, to_stdout
from capanalyze.errors import CapanalyzeError

JSONL_SUFFIXES: Final = (".jsonl", ".ndjson")


class MessageFormat(StrEnum):
    """Formats of the list."""

    TEXT = "text"
    JSONL = "jsonl"


class Sender(StrEnum):
    """Who sent a message."""

    CLIENT = "client"
    SERVER = "server"


def command(
    files: Files,
    form: Annotated[
        MessageFormat | None, typer.Option("--format", help="Format.", show_default="text, or by the suffix of -o")
    ] = None,
    output: Output = None,
    port: Ports = None,
    conn: Annotated[list[int] | None, typer.Option(metavar="N", help="Only of this connection; repeatable.")] = None,
    sender: Annotated[Sender | None, typer.Option(help="Only from this side.")] = None,
    name: Annotated[list[str] | None, typer.Option(metavar="NAME", help="Only of this name; repeatable.")] = None,
    tz: Zone = "utc",
) -> int:
    """List every TWS message of a capture, with its fields.

    FILE is a pcap or pcapng capture, gzip too; several are one capture in pieces; - is standard input.
    """
    from capanalyze.api import messages  # noqa: PLC0415 - nothing is read while --help is printed

    zone, how = zone_of(tz), _format(form, output)
    found = _chosen(
        messages(files, ports=ports_of(port)), set(conn or ()), sender, {word.lower() for word in name or ()}
    )
    lines = _lines(found, how, zone)
    if output is not None and output != "-":
        to_file(output, in_batches(lines))
        note("note: nothing was redacted: look for account ids and names before you publish this")
        return 0
    for batch in in_batches(lines):
        if not to_stdout(batch):
            break
    return 0


def _format(chosen: MessageFormat | None, path: str | None) -> MessageFormat:
    if chosen is not None:
        return chosen
    if path is None or path == "-" or path.lower().endswith(".txt"):
        return MessageFormat.TEXT
    if path.lower().endswith(JSONL_SUFFIXES):
        return MessageFormat.JSONL
    raise CapanalyzeError(f"{path}: its suffix names no format", "end it in .txt or .jsonl, or say --format")


def _chosen(
    found: Iterable[dict[str, Any]], conns: set[int], sender: Sender | None, names: set[str]
) -> Iterator[dict[str, Any]]:
    for message in found:
        if conns and message["conn"] not in conns:
            continue
        if sender is not None and message["sender"] != sender.value:
            continue
        if names and message["name"].lower() not in names:
            continue
        yield message


def _lines(found: Iterable[dict[str, Any]], how: MessageFormat, zone: tzinfo) -> Iterator[str]:
    if how is MessageFormat.JSONL:
        from capanalyze.report.json import line  # noqa: PLC0415 - json costs 8 ms that text does not need

        return (line(message) for message in found)
    from capanalyze.report.message_line import message_line  # noqa: PLC0415 - as above

    return (message_line(message, zone) for message in found)
