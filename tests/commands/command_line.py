"""Run a command line in this process: arguments in, status and both outputs out."""

import io
import warnings
from contextlib import redirect_stderr, redirect_stdout

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # typer reads names of click that newer clicks deprecate
    from capanalyze.commands.app import run


def capanalyze(*arguments: str) -> tuple[int, str, str]:
    """Status, standard output and standard error of ``capanalyze ARGUMENTS``."""
    out, error = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(error):
        status = run(arguments)
    return status, out.getvalue(), error.getvalue()
