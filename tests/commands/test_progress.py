"""The bar: on a terminal, after a second, on standard error; otherwise nothing at all."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from capanalyze.commands import progress
from capanalyze.commands.progress import Bar, wanted

SEED = Path(__file__).parents[2] / "captures" / "seed-silent-gateway.pcapng"


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def terminal_on(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Standard error is a terminal; pytest would take a fixture's back before the test."""
    found = Terminal()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", found)
    monkeypatch.setattr(progress, "STEP_S", 0.0)
    return found


def test_nothing_is_shown_within_the_first_second(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = terminal_on(monkeypatch)
    with Bar() as bar:
        bar(1_000_000, 100_000_000)

    assert terminal.getvalue() == ""


@pytest.mark.parametrize("total", [100_000_000, 0])
def test_a_bar_is_shown_then_and_goes_away(total: int, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = terminal_on(monkeypatch)
    monkeypatch.setattr(progress, "PATIENCE_S", 0.0)
    with Bar() as bar:
        bar(1_000_000, total)
        bar(50_000_000, total)

    shown = terminal.getvalue()
    assert "reading" in shown
    assert shown.endswith("\x1b[2K")


def test_the_bar_goes_away_when_reading_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = terminal_on(monkeypatch)
    monkeypatch.setattr(progress, "PATIENCE_S", 0.0)

    def fail() -> None:
        with Bar() as bar:
            bar(1_000_000, 0)
            raise ValueError

    with pytest.raises(ValueError, match=r"^$"):
        fail()

    assert terminal.getvalue().endswith("\x1b[2K")


def test_a_terminal_is_wanted_and_a_pipe_or_a_dumb_terminal_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal_on(monkeypatch)

    assert wanted()
    monkeypatch.setenv("TERM", "dumb")
    assert not wanted()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    assert not wanted()
    monkeypatch.setattr(sys, "stderr", None)
    assert not wanted()


def test_a_closed_standard_error_is_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    stream.close()
    monkeypatch.setattr(sys, "stderr", stream)

    assert not wanted()


def test_a_quick_answer_leaves_standard_error_empty_on_a_terminal() -> None:
    primary, secondary = os.openpty()
    command = [sys.executable, "-m", "capanalyze", "read", str(SEED)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=secondary, check=True, cwd=SEED.parents[1])
    os.close(secondary)
    with os.fdopen(primary, "rb", buffering=0) as stream, pytest.raises(OSError, match="Input/output error"):
        stream.read(1)

    assert done.stdout.startswith(b"The client closed first")
