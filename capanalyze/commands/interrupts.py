"""Ctrl-C while a pipe is read: it ends the program that records, and what that one has written is still wanted.

In: the FILEs of a command. Out: a context in which the first interrupt is only told, where one of them is "-": the
terminal sends it to both ends of ``tcpdump -w - | capanalyze read -``, and the pipe then ends by itself.
"""

import signal
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

from capanalyze.commands.output import note

STDIN: Final = "-"


@contextmanager
def endured(files: Collection[str]) -> Iterator[None]:
    """The context; a second interrupt is one."""
    before = signal.getsignal(signal.SIGINT)
    main = threading.current_thread() is threading.main_thread()
    if STDIN not in files or not main or before == signal.SIG_IGN:  # a job in the background is not interrupted at all
        yield
        return

    def first(_number: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, before)
        note("note: interrupted; reading what is left in the pipe (Ctrl-C again gives up)")

    signal.signal(signal.SIGINT, first)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
