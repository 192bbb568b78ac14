"""Ctrl-C while a pipe is read: it ends the program that records, and what that one has written is still wanted.

In: the FILEs of a command. Out: a context in which the first interrupt is only told, where one of them is a pipe: the
terminal sends it to both ends of ``tcpdump -w - | capanalyze read -``, and the pipe then ends by itself. It may have
ended when the interrupt is heard, so what is told of it is true before and after.
"""

import os
import signal
import stat
import sys
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from types import FrameType

from capanalyze.capture.names import STDIN
from capanalyze.commands.output import note


@contextmanager
def endured(files: Collection[str]) -> Iterator[None]:
    """The context; a second interrupt is one."""
    before = signal.getsignal(signal.SIGINT)
    main = threading.current_thread() is threading.main_thread()
    deaf = before == signal.SIG_IGN  # a job in the background is not interrupted at all
    if STDIN not in files or not main or deaf or not may_be_a_pipe():
        yield
        return

    def first(_number: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, before)
        note("note: interrupted; all that the pipe brings up to its end is still told (Ctrl-C again gives up)")

    signal.signal(signal.SIGINT, first)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def may_be_a_pipe() -> bool:
    """Whether standard input is no file: that waits for nobody."""
    try:
        return not stat.S_ISREG(os.fstat(sys.stdin.fileno()).st_mode)
    except (AttributeError, OSError, ValueError):  # there is none, or none of the system's
        return True
