"""Run a command line in this process: arguments in, status and both outputs out; and what its tests share."""

import io
import json
import signal
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import Any

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # typer reads names of click that newer clicks deprecate
    from capanalyze.commands.app import run

Story = Callable[[str], str]
NOT_REDACTED = "note: nothing was redacted: look for account ids and names before you publish this\n"


def capanalyze(*arguments: str) -> tuple[int, str, str]:
    """Status, standard output and standard error of ``capanalyze ARGUMENTS``."""
    out, error = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(error):
        status = run(arguments)
    return status, out.getvalue(), error.getvalue()


def listed(capture: str, *options: str) -> list[dict[str, Any]]:
    """The messages that ``capanalyze messages`` lists."""
    status, out, _ = capanalyze("messages", capture, "--format", "jsonl", *options)
    assert status == 0
    return [json.loads(line) for line in out.splitlines()]


@contextmanager
def handled(number: signal.Signals, how: Callable[..., Any] | signal.Handlers) -> Iterator[None]:
    """A signal is met like this meanwhile, here and in the programs that are started."""
    before = signal.signal(number, how)
    try:
        yield
    finally:
        signal.signal(number, before)
