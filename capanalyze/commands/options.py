"""Options that several commands share, and what they mean.

In: what typer parsed. Out: ports, a zone, a format, or a CapanalyzeError that says what to write instead.
"""

from datetime import UTC, datetime, tzinfo
from enum import StrEnum
from typing import Annotated, Final

import typer

from capanalyze.analyzer import PORTS
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


Files = Annotated[
    list[str],
    typer.Argument(metavar="FILE...", help="Captures, compressed too. Several are one capture in pieces. - is stdin."),
]
Ports = Annotated[
    list[int] | None,
    typer.Option("--port", metavar="N", min=1, max=65535, help="Port of the gateway's side; repeat for several."),
]
AllConnections = Annotated[bool, typer.Option("--all", help="Report every TCP connection.")]
ReportFormat = Annotated[
    Format | None, typer.Option("--format", help="Format of the report.", show_default="text, or by the suffix of -o")
]
Output = Annotated[str | None, typer.Option("-o", "--output", metavar="PATH", help="Write to a file: .txt .md .json.")]
Zone = Annotated[str, typer.Option("--tz", metavar="utc|local|NAME", help="Zone of absolute times.")]
Redact = Annotated[
    bool | None,
    typer.Option(
        "--redact/--no-redact", help="Whether account ids and the like are masked (not built yet).", show_default=False
    ),
]
FailOn = Annotated[
    Certainty | None, typer.Option("--fail-on", help="Exit 1 at a problem with at least this certainty.")
]

SUFFIXES: Final = {renderer.suffix: name for name, renderer in RENDERERS.items()}


def ports_of(given: list[int] | None) -> tuple[int, ...]:
    """The ports that mark the gateway's side, each once."""
    return tuple(dict.fromkeys(given)) if given else PORTS


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


def format_of(chosen: Format | None, path: str | None) -> str:
    """The report's format: as asked for, else by the suffix of the output, else text.

    Raises:
        CapanalyzeError: the suffix is no format's.
    """
    if chosen is not None:
        return chosen.value
    if path is None or path == "-":
        return Format.TEXT.value
    dot = path.rfind(".")
    suffix = path[dot:].lower() if dot > max(path.rfind("/"), path.rfind("\\")) else ""
    if suffix not in SUFFIXES:
        raise CapanalyzeError(f"{path}: its suffix names no format", f"end it in {' '.join(SUFFIXES)}, or say --format")
    return SUFFIXES[suffix]
