"""The work of ``capanalyze messages``: FILEs and a Choice in, lines of text, JSON or CSV out, or a Parquet file.

Lines are made as they are asked for, so that a capture of any size needs no memory.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import tzinfo
from typing import TYPE_CHECKING, Any

from capanalyze.api import message_counts, messages, requests
from capanalyze.commands.message_choice import Choice
from capanalyze.commands.message_options import MessageFormat
from capanalyze.commands.output import whole_file

if TYPE_CHECKING:
    from capanalyze.commands.shares import Wanted


def found_by(
    files: list[str], ports: tuple[int, ...], choice: Choice, wanted: "Wanted | None" = None
) -> Iterable[dict[str, Any]]:
    """The messages that were asked for; ``wanted``: of those that a share of the work is asked for."""
    if choice.everything:
        return messages(files, ports=ports, wanted=wanted)
    return filter(choice.decoded, messages(files, ports=ports, wanted=wanted or choice.undecoded))


def count_lines(files: list[str], ports: tuple[int, ...], choice: Choice, how: MessageFormat) -> Iterator[str]:
    """How many messages of each name, as lines."""
    from capanalyze.commands import message_counts as table  # noqa: PLC0415 - each table has modules of its own

    if choice.counted:
        rows = table.from_counts(message_counts(files, ports=ports), choice)
    else:
        rows = table.from_records(found_by(files, ports, choice))
    forms = {MessageFormat.JSONL: table.as_jsonl, MessageFormat.CSV: table.as_csv}
    return forms.get(how, table.as_text)(rows)


def request_lines(
    files: list[str],
    ports: tuple[int, ...],
    choice: Choice,
    how: MessageFormat,
    zone: tzinfo,
    heard: dict[str, int],
) -> Iterator[str]:
    """Every request with what came of it, as lines; ``heard`` is what ``requests`` fills."""
    from capanalyze.report import request_line  # noqa: PLC0415 - as above

    found = requests(files, ports=ports, wanted=choice.asked, heard=heard)
    if how is MessageFormat.JSONL:
        from capanalyze.report.json import line  # noqa: PLC0415 - as above

        return (line(one) for one in found)
    if how is MessageFormat.CSV:
        return request_line.csv_lines(found, zone)
    return (request_line.request_line(one, zone) for one in found)


def story_lines(files: list[str], ports: tuple[int, ...], choice: Choice, zone: tzinfo) -> Iterator[str]:
    """The messages of the requests that were asked for, and how each of these went."""
    from capanalyze.report.story import story  # noqa: PLC0415 - as above

    exchanges: list[dict[str, Any]] = []
    found = messages(files, ports=ports, wanted=choice.undecoded, exchanges=exchanges, followed=choice.requests)
    return story(filter(choice.decoded, found), exchanges, zone)


def message_lines(
    files: list[str],
    ports: tuple[int, ...],
    choice: Choice,
    how: MessageFormat,
    zone: tzinfo,
    columns: Sequence[str],
    wanted: "Wanted | None" = None,
) -> Iterator[str]:
    """The messages that were asked for, as lines."""
    found = found_by(files, ports, choice, wanted)
    if how is MessageFormat.JSONL:
        from capanalyze.report.json import line  # noqa: PLC0415 - json costs 8 ms that text does not need

        return (line(message) for message in found)
    if how is MessageFormat.CSV:
        from capanalyze.report.message_table import lines  # noqa: PLC0415 - as above

        return lines(found, columns, zone)
    from capanalyze.report.message_line import message_line  # noqa: PLC0415 - as above

    return (message_line(message, zone) for message in found)


def write_file(found: Iterable[dict[str, Any]], path: str, columns: Sequence[str]) -> None:
    """Write the messages to a Parquet file, whole or not at all.

    Raises:
        CapanalyzeError: the file cannot be written, or pyarrow is not installed.
    """
    from capanalyze.integrations.frames import write_parquet  # noqa: PLC0415 - pyarrow is for Parquet only

    with whole_file(path) as stream:
        write_parquet(found, stream, columns)
