"""Ctrl-C at a terminal reaches both ends of a pipe: what the recording end has written is reported all the same."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Iterator
from typing import IO

import pytest

from capanalyze.commands.interrupts import endured
from tests.capture.octets import ROOT
from tests.commands.command_line import handled

CAPTURE = ROOT / "captures" / "ib_async-error-326.pcapng"
NOTE = b"note: interrupted; all that the pipe brings up to its end is still told (Ctrl-C again gives up)\n"
PIPE_SIZE = 4096
LONG = ROOT / "captures" / "seed-silent-gateway.pcapng"

STARTED = """
import signal, sys
from capanalyze.__main__ import main
signal.signal(signal.SIGINT, signal.default_int_handler)
main()
"""
"""The command as a terminal starts it: a shell's job in the background inherits deafness to Ctrl-C."""


def unread(pipe: IO[bytes]) -> int:
    """Octets that lie in a pipe (Linux tells it at the writing end too)."""
    return int.from_bytes(fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)), sys.byteorder)


@pytest.fixture(params=[["read", "-"], ["messages", "-"]], ids=lambda words: words[0])
def waiting(request: pytest.FixtureRequest) -> tuple[subprocess.Popen[bytes], IO[bytes]]:
    """A command that has read all of a capture but its end, and waits for that."""
    command = [sys.executable, "-c", STARTED, *request.param]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdin is not None
    process.stdin.write(bytes(CAPTURE.read_bytes()))
    process.stdin.flush()
    for _ in range(600):
        time.sleep(0.05)
        if not unread(process.stdin):
            break
    time.sleep(0.5)
    return process, process.stdin


def test_the_first_interrupt_ends_the_recording_and_not_the_report(
    waiting: tuple[subprocess.Popen[bytes], IO[bytes]],
) -> None:
    process, _ = waiting
    process.send_signal(signal.SIGINT)
    time.sleep(0.5)

    out, error = process.communicate(timeout=30)

    assert (process.returncode, error) == (0, NOTE)
    assert b"error 326" in out or b"errorCode=326" in out


def test_the_second_interrupt_gives_up(waiting: tuple[subprocess.Popen[bytes], IO[bytes]]) -> None:
    process, _ = waiting
    for _ in range(2):
        process.send_signal(signal.SIGINT)
        time.sleep(0.5)

    _, error = process.communicate(timeout=30)

    assert (process.returncode, error) == (2, NOTE + b"error: interrupted\n")


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_an_interrupt_after_the_pipe_has_ended_says_what_is_true_and_costs_nothing(unbuffered: str) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", STARTED, "read", "-"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONUNBUFFERED": unbuffered},
    )
    assert process.stdin is not None
    assert process.stdout is not None
    fcntl.fcntl(process.stdout, fcntl.F_SETPIPE_SZ, PIPE_SIZE)
    process.stdin.write(LONG.read_bytes())
    process.stdin.close()
    process.stdin = None
    for _ in range(600):
        time.sleep(0.05)
        if unread(process.stdout) == PIPE_SIZE:
            break
    process.send_signal(signal.SIGINT)
    time.sleep(0.5)

    out, error = process.communicate(timeout=30)

    assert (process.returncode, error) == (0, NOTE)
    assert len(out) > PIPE_SIZE
    assert out.rstrip().splitlines()[-1].startswith(b"  sha256 ")


@pytest.mark.usefixtures("heard")
def test_a_file_on_standard_input_is_given_up_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    before = signal.getsignal(signal.SIGINT)

    with CAPTURE.open() as stream:
        monkeypatch.setattr(sys, "stdin", stream)
        with endured(["-"]):
            assert signal.getsignal(signal.SIGINT) is before


@pytest.fixture
def heard() -> Iterator[None]:
    """The tests hear Ctrl-C, however they were started."""
    with handled(signal.SIGINT, signal.default_int_handler):
        yield


@pytest.mark.usefixtures("heard")
def test_a_file_is_given_up_at_once_and_the_old_handler_comes_back() -> None:
    before = signal.getsignal(signal.SIGINT)

    with endured(["trace.pcapng"]):
        assert signal.getsignal(signal.SIGINT) is before
    with endured(["-"]):
        assert signal.getsignal(signal.SIGINT) is not before
    assert signal.getsignal(signal.SIGINT) is before


def test_a_job_in_the_background_stays_deaf() -> None:
    with handled(signal.SIGINT, signal.SIG_IGN), endured(["-"]):
        assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN


def test_another_thread_leaves_signals_alone() -> None:
    found: list[object] = []

    def work() -> None:
        with endured(["-"]):
            found.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()

    assert found == [signal.getsignal(signal.SIGINT)]
