"""The work of ``capanalyze messages``: FILEs and a Choice in, lines of text, JSON or CSV out, or a Parquet file.

Lines are made as they are asked for, so that a capture of any size needs no memory.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import tzinfo
from typing import TYPE_CHECKING, Any, TypeVar

from capanalyze.api import message_counts, messages, requests
from capanalyze.commands.message_choice import Choice
from capanalyze.commands.message_options import MessageFormat
from capanalyze.commands.output import note, whole_file

if TYPE_CHECKING:
    from capanalyze.commands.shares import Wanted

T = TypeVar("T")


def found_by(
    files: list[str], ports: tuple[int, ...], choice: Choice, wanted: "Wanted | None" = None, noted: bool = True
) -> Iterator[dict[str, Any]]:
    """The messages that were asked for; ``wanted``: of those that a share of the work is asked for.

    ``noted``: what may be lacking is noted after the last.
    """
    lacking: list[str] = []
    if choice.everything:
        found: Iterator[dict[str, Any]] = messages(files, ports=ports, wanted=wanted, lacking=lacking)
    else:
        every = messages(files, ports=ports, wanted=wanted or choice.undecoded, lacking=lacking)
        found = filter(choice.decoded, every)
    return _noted(found, lacking) if noted else found


def _noted(found: Iterable[T], lacking: list[str]) -> Iterator[T]:
    """The same, and a note on each thing that may be lacking, which is known after the last."""
    yield from found
    for words in lacking:
        note(f"note: there may be more: {words}")


def count_lines(files: list[str], ports: tuple[int, ...], choice: Choice, how: MessageFormat) -> Iterator[str]:
    """How many messages of each name, as lines."""
    from capanalyze.commands import message_counts as table  # noqa: PLC0415 - each table has modules of its own

    if choice.counted:
        lacking: list[str] = []
        rows = table.from_counts(message_counts(files, ports=ports, lacking=lacking), choice)
        rows = list(_noted(rows, lacking))
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

    lacking: list[str] = []
    found = _noted(requests(files, ports=ports, wanted=choice.asked, heard=heard, lacking=lacking), lacking)
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
    lacking: list[str] = []
    found = messages(
        files, ports=ports, wanted=choice.undecoded, exchanges=exchanges, followed=choice.requests, lacking=lacking
    )
    return _noted(story(filter(choice.decoded, found), exchanges, zone), lacking)


def message_lines(
    files: list[str],
    ports: tuple[int, ...],
    choice: Choice,
    how: MessageFormat,
    zone: tzinfo,
    columns: Sequence[str],
    wanted: "Wanted | None" = None,
    noted: bool = True,
) -> Iterator[str]:
    """The messages that were asked for, as lines."""
    found = found_by(files, ports, choice, wanted, noted)
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
