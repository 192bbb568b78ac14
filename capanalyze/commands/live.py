"""``capanalyze live``: capture on an interface, show what happens as it happens, report at the end.

In: options. Out: a line per event on standard error, then the report where it was asked for; status 0, 1 for
--fail-on, 2 where the capture went wrong.
"""

import math
import os
import signal
from datetime import tzinfo
from enum import StrEnum
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from capanalyze.commands.deliver import deliver, status
from capanalyze.commands.options import (
    SUFFIXES,
    AllConnections,
    FailOn,
    Output,
    Ports,
    Redact,
    ReportFormat,
    Zone,
    format_of,
    ports_of,
    zone_of,
)
from capanalyze.commands.output import COULD_NOT, fail, is_file, note, try_out
from capanalyze.errors import CapanalyzeError, NoAccessError
from capanalyze.report._text import ARROWS, moment
from capanalyze.timeline.lines import TimelineLine

if TYPE_CHECKING:
    from capanalyze.following import Live


class Engine(StrEnum):
    """What captures."""

    AUTO = "auto"
    DUMPCAP = "dumpcap"
    SCAPY = "scapy"


def command(
    port: Ports = None,
    interface: Annotated[
        str | None, typer.Option("-i", "--interface", metavar="NAME", help="Interface.", show_default="loopback")
    ] = None,
    write: Annotated[
        str | None, typer.Option("-w", "--write", metavar="FILE", help="Write the packets to a pcapng file, too.")
    ] = None,
    duration: Annotated[float | None, typer.Option(metavar="S", min=0, help="End after S seconds.")] = None,
    count: Annotated[int | None, typer.Option(metavar="N", min=1, help="End after N packets.")] = None,
    until_close: Annotated[bool, typer.Option("--until-close", help="End when a connection has been closed.")] = False,
    engine: Annotated[
        Engine, typer.Option(help="What captures; auto: dumpcap where it is installed and allowed, else scapy.")
    ] = Engine.AUTO,
    all_connections: AllConnections = False,
    form: ReportFormat = None,
    output: Output = None,
    tz: Zone = "utc",
    redact: Redact = None,
    fail_on: FailOn = None,
) -> int:
    """Capture, show connections and messages as they come, and report at the end (Ctrl-C, or an option ends it)."""
    from capanalyze.api import live  # noqa: PLC0415 - nothing is started while --help is printed

    zone, how, ports = zone_of(tz), format_of(form, output, SUFFIXES), ports_of(port)
    _check(write, output, duration)
    following = live(
        interface,
        ports=ports,
        engine=engine.value,
        write=write,
        duration_s=duration,
        count=count,
        until_close=until_close,
        all_connections=all_connections,
    )
    with following:
        statistics = following.statistics
        numbers = f"port{'s' * (len(ports) > 1)} {' '.join(map(str, ports))}"
        words = f"{statistics.interface}, {'any port' if all_connections else numbers}"
        _stop_on_signals(following)
        note(f"capturing on {words}, with {statistics.engine}; Ctrl-C ends it")
        for event in following:
            if isinstance(event, TimelineLine):
                note(event_line(event, zone))
    report = following.report
    assert report is not None
    if not report.capture.packets:
        note(f"note: no packet on {words}: does the client connect through this interface, and to such a port?")
    errors = [*following.errors]
    try:
        deliver(report, how, output, zone, redact=redact, once=True)
    except NoAccessError as unwritten:
        errors.append(unwritten)
    for error in errors:
        fail(error)
    return COULD_NOT if errors else status(report, fail_on)


def _check(write: str | None, output: str | None, duration: float | None) -> None:
    """Refuse what would capture for nothing.

    Raises:
        CapanalyzeError: the packets would go to no file, or be replaced by the report; a duration that never ends.
        NoAccessError: the report's file cannot be written.
    """
    if write == "-":
        raise CapanalyzeError("-w -: standard output is for the report", "name a file: -w trace.pcapng")
    if write is not None and is_file(output) and os.path.realpath(write) == os.path.realpath(output):
        raise CapanalyzeError(f"{output}: -w and -o name the same file", "give the report a name of its own")
    if duration is not None and not math.isfinite(duration):
        raise CapanalyzeError(f"--duration {duration}: no number of seconds", "leave it out to capture until Ctrl-C")
    try_out(output)


def event_line(event: TimelineLine, zone: tzinfo) -> str:
    """An event as it happens: time of day, connection, arrow, words."""
    when = moment(event.ts_ns, zone)[11:] if event.ts_ns is not None else "-"
    arrow = ARROWS.get(event.side, "")
    return f"{'!' if event.closing else ' '} {when}  #{event.conn}  {arrow:<10}  {event.text}"


def _stop_on_signals(following: "Live") -> None:
    """Ctrl-C, a termination and a terminal that goes away end the capture in good order; a second Ctrl-C everything.

    Where no terminal may end it (nohup), none does.
    """

    def stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - a signal handler's signature
        following.stop()
        if number == signal.SIGINT:  # of signals that come at once, the first Ctrl-C may be the second to be heard
            signal.signal(signal.SIGINT, signal.default_int_handler)

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    hang_up = getattr(signal, "SIGHUP", None)  # Windows has none
    if hang_up is not None and signal.getsignal(hang_up) != signal.SIG_IGN:
        signal.signal(hang_up, stop)
