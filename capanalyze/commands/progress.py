"""How far the reading is: a bar on standard error, on a terminal only, and only for what takes more than a second.

In: octets read and those there are. Out: nothing that stays; standard output never sees it.
"""

import os
import sys
import time
from types import TracebackType
from typing import Any, Final, Self

PATIENCE_S: Final = 1.0
"""Seconds before anything is shown."""

STEP_S: Final = 0.1
"""Seconds between two changes of the bar."""


class Bar:
    """A context: within it, call it with what ``Capture`` tells; the bar goes away at its end."""

    def __init__(self) -> None:
        self._next = time.monotonic() + PATIENCE_S
        self._shown: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._shown is not None:
            self._shown.stop()

    def __call__(self, done: int, total: int) -> None:
        """Octets read, and how many there are (0 where that is not known)."""
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + STEP_S
        if self._shown is None:
            self._shown = started()
        task = self._shown.tasks[0].id
        self._shown.update(task, completed=done, total=total or None)


def started() -> Any:  # noqa: ANN401 - rich is imported only where a bar is shown
    """Rich's progress with one task."""
    from rich.console import Console  # noqa: PLC0415 - 50 ms that a quick answer does not need
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: PLC0415

    columns = (TextColumn("reading"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    shown = Progress(*columns, console=Console(stderr=True), transient=True)
    shown.start()
    shown.add_task("reading", total=None)
    return shown


def wanted() -> bool:
    """Whether standard error is a terminal that can show it."""
    try:
        return sys.stderr is not None and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
    except ValueError:  # closed
        return False
