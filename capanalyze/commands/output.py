"""Where output goes: standard output, a file written whole or not at all, and the notes on standard error.

In: text or bytes. Out: octets in the encoding of the terminal (spelled out where it lacks a character), or UTF-8
in a file. A reader that went away (``| head``) and a closed standard error are survived in silence.
"""

import errno
import os
import stat
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final, TextIO, TypeGuard

from capanalyze.capture.names import usable
from capanalyze.errors import CapanalyzeError, NoAccessError
from capanalyze.report._text import encodable, safe

PLAIN_WIDTH: Final = 80
"""Columns of text that goes to a pipe or a file: it survives e-mail."""

BATCH: Final = 1 << 16
"""Characters gathered before they are written."""

TO_A_FILE: Final = "write to a file with -o FILE"

ELSEWHERE: Final = "choose a folder that exists and that you may write to"

NOT_REDACTED: Final = "note: nothing was redacted: look for account ids and names before you publish this"

COULD_NOT: Final = 2
"""Exit status of a command that ``fail`` speaks of."""

MIN_WIDTH: Final = 76
MAX_WIDTH: Final = 160


def note(text: str) -> None:
    """A line on standard error, if there is one."""
    stream = sys.stderr
    if stream is None:
        return
    try:
        _octets(stream, safe(text) + "\n")
    except (OSError, ValueError):
        return


def fail(error: CapanalyzeError) -> None:
    """What and where, then what to do, on standard error."""
    note(f"error: {error}")
    if error.hint:
        note(f"hint: {error.hint}")


def is_file(path: str | None) -> TypeGuard[str]:
    """Whether output goes to a file: no path and "-" mean standard output."""
    return path is not None and path != "-"


def write(pieces: Iterable[str], path: str | None) -> None:
    """Write text to a file, whole or not at all (``whole_file``), or to standard output until its reader goes away.

    Raises:
        CapanalyzeError: no file can have that name.
        NoAccessError: the file or standard output cannot be written.
    """
    if is_file(path):
        with whole_file(path) as stream:
            stream.writelines(piece.encode("utf-8", "backslashreplace") for piece in pieces)
        return
    for piece in pieces:
        if not to_stdout(piece):
            break


def to_stdout(text: str) -> bool:
    """Write text to standard output; False when its reader has gone and more would be wasted.

    Raises:
        NoAccessError: standard output is closed or its disk is full.
    """
    stream = sys.stdout
    if stream is None:
        raise NoAccessError("standard output is closed", TO_A_FILE)
    try:
        _octets(stream, text)
    except BrokenPipeError:
        _let_go(stream)
        return False
    except OSError as error:
        if error.errno == errno.EINVAL:  # how Windows says that the reader of a pipe has gone
            _let_go(stream)
            return False
        raise lost(error) from error
    return True


def lost(error: OSError) -> NoAccessError:
    """What to tell of standard output that the system does not take, and to which nothing more is written."""
    if sys.stdout is not None:
        _let_go(sys.stdout)
    return unwritable(error)


def unwritable(error: OSError) -> NoAccessError:
    """What to tell of standard output that the system does not take."""
    return NoAccessError(f"standard output cannot be written: {error.strerror or error}", TO_A_FILE)


def _octets(stream: TextIO, text: str) -> None:
    buffer = getattr(stream, "buffer", None)
    if buffer is None:  # a test's StringIO, an IDE's console
        stream.write(text)
    else:
        stream.flush()
        octets = memoryview(encodable(text, stream.encoding))
        while octets:  # unbuffered (PYTHONUNBUFFERED), a write that a signal interrupts is not whole
            written = buffer.write(octets)
            if written is None:  # a pipe that is full and does not wait
                raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
            octets = octets[written:]
    stream.flush()


def _let_go(stream: TextIO) -> None:
    """Point the descriptor at nothing, or the interpreter's last flush would complain."""
    try:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())
        os.close(null)
    except (OSError, ValueError):
        return


@contextmanager
def whole_file(path: str) -> Iterator[BinaryIO]:
    """A file to write, whole or not at all: a neighbour, then renamed; a device or pipe is written directly.

    Raises:
        CapanalyzeError: no file can have that name.
        NoAccessError: the folder or the file cannot be written.
    """
    try:
        if _is_special(usable(path)):
            with Path(path).open("wb") as device:
                yield device
        else:
            with _beside(os.path.realpath(path)) as stream:
                yield stream
    except OSError as error:
        full = error.errno == errno.ENOSPC
        hint = "make room there, or choose another disk" if full else ELSEWHERE
        raise NoAccessError(f"{path}: cannot be written: {error.strerror or error}", hint) from error


class _TriedError(Exception):
    """Ends a trial."""


def try_out(path: str | None) -> None:
    """Refuse a file that could not be written once all is read; nothing is left behind, nor changed.

    Raises:
        CapanalyzeError: no file can have that name.
        NoAccessError: the folder or the file cannot be written.
    """
    if is_file(path) and not _is_special(usable(path)):
        with suppress(_TriedError), whole_file(path):
            raise _TriedError


def in_batches(lines: Iterable[str]) -> Iterator[str]:
    """Lines joined to pieces of about BATCH characters: one write each."""
    batch: list[str] = []
    size = 0
    for line in lines:
        batch.append(line)
        size += len(line)
        if size >= BATCH:
            yield "".join(batch)
            batch.clear()
            size = 0
    if batch:
        yield "".join(batch)


def _is_special(path: str) -> bool:
    """Whether it is a device or a pipe: /dev/stdout leads to one that has no name of its own."""
    try:
        mode = Path(path).stat().st_mode
    except OSError:
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)


@contextmanager
def _beside(target: str) -> Iterator[BinaryIO]:
    """A neighbour of ``target`` that takes its place once it is written, and leaves nothing behind if it is not.

    Who may read a file that is there may read what takes its place, and nobody else; what must not be written stays.
    """
    if Path(target).is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    there = Path(target).stat().st_mode & 0o777 if os.path.isfile(target) else None  # noqa: PTH113 - never raises
    if there is not None and not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    beside = f"{target}.{os.getpid()}.tmp"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    descriptor = os.open(beside, flags, 0o666 if there is None else there)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            yield stream
        if there is not None:
            with suppress(OSError):  # a file system without modes
                Path(beside).chmod(there)
        Path(beside).replace(target)
    except BaseException:
        Path(beside).unlink()
        raise


def is_terminal() -> bool:
    """Whether standard output is a terminal that understands more than plain lines."""
    stream = sys.stdout
    try:
        return stream is not None and stream.isatty() and os.environ.get("TERM") != "dumb"
    except ValueError:
        return False


def width() -> int:
    """Columns to lay text out for: the terminal's, or COLUMNS, or PLAIN_WIDTH for a pipe."""
    columns = os.environ.get("COLUMNS", "")
    if columns.isdecimal():
        found = int(columns)
    elif is_terminal():
        try:
            found = os.get_terminal_size(sys.stdout.fileno()).columns
        except (OSError, ValueError):
            found = PLAIN_WIDTH
    else:
        found = PLAIN_WIDTH
    return max(MIN_WIDTH, min(found or PLAIN_WIDTH, MAX_WIDTH))
