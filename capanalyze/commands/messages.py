"""``capanalyze messages``: every TWS message of a capture, one line each, in capture order.

In: FILEs and options. Out: lines of text, JSON or CSV as they are found, or a Parquet file, written in row groups; or
a table of something else: how many of each name, the requests with what came of them.
"""

from collections.abc import Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Final

from capanalyze.capture.names import STDIN
from capanalyze.commands import message_options as options
from capanalyze.commands.message_options import MessageFormat
from capanalyze.commands.options import Files, Ports, Zone, apart, format_of, ports_of, zone_of
from capanalyze.commands.output import NOT_REDACTED, in_batches, is_file, note, write

if TYPE_CHECKING:
    from capanalyze.commands.message_choice import Choice

NOTHING: Final = "note: no TWS message found; capanalyze read --all tells what there is, --port N takes another port"
NO_REQUEST: Final = (
    "note: no request found that expects an answer; capanalyze messages FILE --count tells what there is"
)
NOTHING_FITS: Final = "note: nothing fits; capanalyze messages FILE --count tells what there is"


def command(
    files: Files,
    form: options.ListFormat = None,
    output: options.ListOutput = None,
    port: Ports = None,
    name: options.Names = None,
    message_id: options.Ids = None,
    side: options.Sender = None,
    conn: options.Connections = None,
    request: options.Requests = None,
    first: options.From = None,
    last: options.To = None,
    told: options.Story = False,
    count: options.Count = False,
    asked: options.Asked = False,
    field: options.Columns = None,
    jobs: options.Jobs = 1,
    tz: Zone = "utc",
) -> int:
    """List every TWS message of a capture, with its fields."""
    from capanalyze.commands import message_lines as work  # noqa: PLC0415 - nothing is read while --help is printed
    from capanalyze.commands.message_choice import Choice, moment_of, names_of  # noqa: PLC0415 - as above

    zone, how, ports = zone_of(tz), format_of(form, output, options.SUFFIXES), ports_of(port)
    apart(output, files)
    options.check(how, output, story=told, requests=request, columns=field)
    options.check_table(how, count=count, asked=asked, story=told, columns=field)
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
        return _deliver(_told(work.count_lines(files, ports, choice, how), choice), output)
    if asked:
        heard: dict[str, int] = {}
        return _deliver(_told(work.request_lines(files, ports, choice, how, zone, heard), choice, heard), output)
    if told:
        return _deliver(work.story_lines(files, ports, choice, zone), output, NOT_REDACTED)
    if how is MessageFormat.PARQUET:
        assert output is not None
        work.write_file(work.found_by(files, ports, choice), output, field or ())
        note(NOT_REDACTED)
        return 0
    lines = partial(work.message_lines, files, ports, choice, how, zone, field or ())
    if jobs > 1 and STDIN not in files and not choice.requests:  # a request's executions are told by messages before
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
    write(in_batches(lines), path)
    if remark and is_file(path):
        note(remark)
    return 0
