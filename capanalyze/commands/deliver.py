"""Deliver: a Report to where it was asked for, in the format that was asked for; and the status that follows.

In: a Report and the options. Out: text on standard output or in a file, an exit status.
"""

import sys
from contextlib import suppress
from datetime import tzinfo
from typing import Final

from capanalyze.commands.options import Certainty, Format
from capanalyze.commands.output import NOT_REDACTED, in_batches, is_file, is_terminal, note, unwritable, width, write
from capanalyze.errors import NoAccessError
from capanalyze.report import Look, Report, render_pieces

FOUND: Final = 1
"""Exit status of a finding that --fail-on names."""


def deliver(
    report: Report, form: Format, path: str | None, zone: tzinfo, *, redact: bool | None, once: bool = False
) -> None:
    """Write the report; ``redact``: whether it was asked for, which gets the answer that nothing was redacted.

    ``once``: its packets came and are gone, so that it goes to standard output where its file cannot be written.

    Raises:
        CapanalyzeError: no file can have that name.
        NoAccessError: standard output or the file cannot be written.
    """
    try:
        _deliver(report, form, path, zone, redact)
    except NoAccessError:
        if once and is_file(path):
            with suppress(NoAccessError):
                _deliver(report, form, None, zone, redact)
        raise


def _deliver(report: Report, form: Format, path: str | None, zone: tzinfo, redact: bool | None) -> None:
    look = Look(width(), zone)
    if form is Format.TEXT and not is_file(path) and is_terminal():
        _show(report, look)
    else:
        write(in_batches(render_pieces(report, form, look)), path)
    if is_file(path) or form is Format.MD or redact:
        note(NOT_REDACTED)


def _show(report: Report, look: Look) -> None:
    """On a terminal, with colour where it has it."""
    from capanalyze.report.terminal import show  # noqa: PLC0415 - rich costs 50 ms and is for terminals only

    try:
        show(report, look, sys.stdout)
    except OSError as error:
        raise unwritable(error) from error


def status(report: Report, fail_on: Certainty | None) -> int:
    """0, or FOUND where a problem has the certainty that --fail-on names."""
    return FOUND if fail_on is not None and report.has_problem(fail_on.value) else 0
