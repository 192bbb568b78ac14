"""Deliver: a Report to where it was asked for, in the format that was asked for; and the status that follows.

In: a Report and the options. Out: text on standard output or in a file, an exit status.
"""

import sys
from datetime import tzinfo

from capanalyze.commands.options import Certainty, Format
from capanalyze.commands.output import in_batches, is_terminal, note, to_file, to_stdout, width
from capanalyze.errors import NoAccessError
from capanalyze.report import Look, Report, render_pieces

FOUND: int = 1
"""Exit status of a finding that --fail-on names."""

NOT_REDACTED: str = "note: nothing was redacted: look for account ids and names before you publish this"


def deliver(report: Report, form: str, path: str | None, zone: tzinfo) -> None:
    """Write the report.

    Raises:
        NoAccessError: standard output or the file cannot be written.
    """
    look = Look(width(), zone)
    to_a_file = path is not None and path != "-"
    if form == Format.TEXT and not to_a_file and is_terminal():
        _show(report, look)
        return
    if to_a_file and path is not None:
        to_file(path, in_batches(render_pieces(report, form, look)))
    else:
        for text in in_batches(render_pieces(report, form, look)):
            if not to_stdout(text):
                break
    if to_a_file or form == Format.MD:
        note(NOT_REDACTED)


def _show(report: Report, look: Look) -> None:
    """On a terminal, with colour where it has it."""
    from capanalyze.report.terminal import show  # noqa: PLC0415 - rich costs 50 ms and is for terminals only

    try:
        show(report, look, sys.stdout)
    except OSError as error:
        raise NoAccessError(f"standard output cannot be written: {error.strerror}") from error


def status(report: Report, fail_on: Certainty | None) -> int:
    """0, or FOUND where a problem has the certainty that --fail-on names."""
    return FOUND if fail_on is not None and report.has_problem(fail_on.value) else 0
