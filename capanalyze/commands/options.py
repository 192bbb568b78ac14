"""Options that several commands share, and what they mean.

In: what typer parsed. Out: ports, a zone, a format, or a CapanalyzeError that says what to write instead.
"""

import os
from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final, TypeVar

import typer

from capanalyze import API_PORTS
from capanalyze.capture.names import STDIN, usable
from capanalyze.commands.output import is_file
from capanalyze.errors import CapanalyzeError
from capanalyze.report import RENDERERS


class Format(StrEnum):
    """Formats of a report."""

    TEXT = "text"
    MD = "md"
    JSON = "json"


class Certainty(StrEnum):
    """How sure a finding has to be for --fail-on."""

    CERTAIN = "certain"
    LIKELY = "likely"
    POSSIBLE = "possible"


BY_SUFFIX: Final = "text, or by the suffix of -o"
"""The default of --format, in words."""

Files = Annotated[
    list[str],
    typer.Argument(
        metavar="FILE...",
        help="pcap, pcapng or what tshark reads, also compressed. Several are one capture in pieces. - is stdin.",
    ),
]
Ports = Annotated[
    list[int] | None,
    typer.Option(
        "--port",
        metavar="N",
        min=1,
        max=65535,
        help="Port of the gateway's side; repeat for several.",
        show_default=" ".join(map(str, API_PORTS)),
    ),
]
AllConnections = Annotated[bool, typer.Option("--all", help="Report every TCP connection, whatever it speaks.")]
ReportFormat = Annotated[Format | None, typer.Option("--format", help="Format of the report.", show_default=BY_SUFFIX)]
Output = Annotated[str | None, typer.Option("-o", "--output", metavar="PATH", help="Write to a file: .txt .md .json.")]
Zone = Annotated[str, typer.Option("--tz", metavar="utc|local|NAME", help="Time zone of dates.")]
Redact = Annotated[
    bool | None,
    typer.Option(
        "--redact/--no-redact", help="Whether account ids and the like are masked (not built yet).", show_default=False
    ),
]
FailOn = Annotated[
    Certainty | None, typer.Option("--fail-on", help="Exit 1 at a problem with at least this certainty.")
]

SUFFIXES: Final = {renderer.suffix: Format(name) for name, renderer in RENDERERS.items()}
"""Of a report's file -> its format."""

AnyFormat = TypeVar("AnyFormat", bound=StrEnum)


def ports_of(given: list[int] | None) -> tuple[int, ...]:
    """The ports that mark the gateway's side, each once."""
    return tuple(dict.fromkeys(given)) if given else API_PORTS


def zone_of(name: str) -> tzinfo:
    """The zone for absolute times.

    Raises:
        CapanalyzeError: no such zone on this system.
    """
    if name.lower() == "utc":
        return UTC
    if name.lower() == "local":
        return datetime.now().astimezone().tzinfo or UTC
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # noqa: PLC0415 - 4 ms that only a named zone needs

    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise CapanalyzeError(
            f"{name}: no such time zone", "--tz utc, local, or a name like America/New_York"
        ) from error


def format_of(chosen: AnyFormat | None, path: str | None, suffixes: dict[str, AnyFormat]) -> AnyFormat:
    """The format of an output: as asked for, else by the suffix of its file, else text, the first of ``suffixes``.

    Raises:
        CapanalyzeError: the suffix is no format's.
    """
    if chosen is not None:
        return chosen
    if not is_file(path):
        return next(iter(suffixes.values()))
    dot = path.rfind(".")
    suffix = path[dot:].lower() if dot > max(path.rfind("/"), path.rfind("\\")) else ""
    if suffix not in suffixes:
        raise CapanalyzeError(f"{path}: its suffix names no format", f"end it in {' '.join(suffixes)}, or say --format")
    return suffixes[suffix]


def apart(output: str | None, files: Sequence[str]) -> None:
    """Refuse an output that would take the place of a capture that is read.

    Raises:
        CapanalyzeError: it is one of these files, under whatever name; or no file can have that name.
    """
    if not is_file(output) or not os.path.isfile(usable(output)):  # noqa: PTH113 - never raises
        return
    from capanalyze.capture.pieces import expand_paths  # noqa: PLC0415 - only where there is something to lose

    there = Path(output).stat()
    for one in expand_paths(files):
        try:
            here = os.fstat(0) if one == STDIN else Path(str(one)).stat()
        except (OSError, ValueError):
            continue
        if os.path.samestat(here, there):
            raise CapanalyzeError(f"{output}: it is the capture itself", "give the output a name of its own")
