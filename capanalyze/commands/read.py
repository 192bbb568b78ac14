"""``capanalyze read``: analyse a capture and report who closed first.

In: FILEs and options. Out: a report; status 0, or 1 for --fail-on.
"""

from enum import StrEnum
from typing import Annotated

import typer

from capanalyze.capture.names import STDIN
from capanalyze.commands.deliver import deliver, status
from capanalyze.commands.interrupts import may_be_a_pipe
from capanalyze.commands.options import (
    SUFFIXES,
    AllConnections,
    FailOn,
    Files,
    Output,
    Ports,
    Redact,
    ReportFormat,
    Zone,
    apart,
    format_of,
    ports_of,
    zone_of,
)
from capanalyze.commands.output import try_out
from capanalyze.commands.progress import Bar, wanted


class Engine(StrEnum):
    """What reads the file."""

    AUTO = "auto"
    NATIVE = "native"
    TSHARK = "tshark"


def command(
    files: Files,
    port: Ports = None,
    all_connections: AllConnections = False,
    form: ReportFormat = None,
    output: Output = None,
    tz: Zone = "utc",
    redact: Redact = None,
    fail_on: FailOn = None,
    engine: Annotated[
        Engine, typer.Option(help="What reads FILE; auto: tshark only for what capanalyze cannot read itself.")
    ] = Engine.AUTO,
) -> int:
    """Analyse a capture: who closed first, when, how, and what was said before."""
    from capanalyze.api import read  # noqa: PLC0415 - nothing is read while --help is printed

    zone, how = zone_of(tz), format_of(form, output, SUFFIXES)
    apart(output, files)
    try_out(output)
    with Bar() as bar:
        report = read(
            files,
            ports=ports_of(port),
            all_connections=all_connections,
            engine=engine.value,
            progress=bar if wanted() else None,
        )
    deliver(report, how, output, zone, redact=redact, once=STDIN in files and may_be_a_pipe())
    return status(report, fail_on)
