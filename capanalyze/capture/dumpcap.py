"""Live capture by Wireshark's dumpcap: it may capture where we may not, and loses nothing at any rate we can read.

In: an interface and ports. Out: the pcapng stream that dumpcap writes to a pipe. It runs under ``keeper.py``, so it
ends when we end, however we end.
"""

import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import IO, Final, TypeVar

from capanalyze.capture.engine import BUFFER_MIB, Source
from capanalyze.capture.interfaces import dumpcap_interfaces, no_such_interface
from capanalyze.errors import CapanalyzeError, NoAccessError, ToolError

_T = TypeVar("_T")

_KEEPER: Final = Path(__file__).with_name("keeper.py")
_READ_SIZE: Final = 1 << 18
MAX_PIECES: Final = 128
"""Pieces of up to 256 KiB that wait for ``read``; beyond them the pipe fills, and dumpcap counts what it drops."""
PIPE_SIZE: Final = 1 << 20
"""Octets of the pipe, where it can be set: in 64 KiB dumpcap waits for us too often, and loses packets meanwhile."""
_F_SETPIPE_SZ: Final = 1031  # linux/fcntl.h
_NAP_S: Final = 0.002
"""Between two reads of an enlarged pipe: dumpcap writes 4 KiB at a time, and a wake-up for each costs us its work."""
MAX_MESSAGES: Final = 16 << 10
"""Octets kept of what dumpcap says on its standard error."""

_START_S: Final = 15.0
_STOP_S: Final = 8.0
_PLACES: Final[dict[str, tuple[str, ...]]] = {
    "win32": (
        r"%ProgramFiles%\Wireshark\dumpcap.exe",
        r"%ProgramW6432%\Wireshark\dumpcap.exe",
        r"%ProgramFiles(x86)%\Wireshark\dumpcap.exe",
    ),
    "darwin": (
        "/Applications/Wireshark.app/Contents/MacOS/dumpcap",
        "/opt/homebrew/bin/dumpcap",
        "/usr/local/bin/dumpcap",
        "/opt/local/bin/dumpcap",
    ),
    "": ("/usr/bin/dumpcap", "/usr/local/bin/dumpcap", "/usr/sbin/dumpcap", "/snap/bin/dumpcap"),
}
_MAY_CAPTURE: Final = {
    "win32": "run as administrator, or install Npcap (https://npcap.com) without the restriction to administrators",
    "darwin": "install ChmodBPF, which comes with Wireshark, or run with sudo",
    "": "sudo usermod -aG wireshark $USER, then log in again (Debian: sudo dpkg-reconfigure wireshark-common first); "
    "or sudo setcap cap_net_raw,cap_net_admin=eip on dumpcap; or run with sudo",
}
_INSTALL: Final = {
    "win32": "install Wireshark with Npcap (https://www.wireshark.org)",
    "darwin": "brew install --cask wireshark",
    "": "sudo apt install wireshark-common, or your system's package of dumpcap",
}

# What dumpcap and libpcap print (seen with Wireshark 4.0.17 and libpcap 1.10.3), and what is the matter.
_NO_INTERFACE: Final = re.compile(
    r"no device named|no such device|no interface with that|neither an interface nor|no such interface", re.IGNORECASE
)
_DOWN: Final = re.compile(r"is not up", re.IGNORECASE)
_NO_DRIVER: Final = re.compile(r"unable to load (npcap|winpcap)|wpcap\.dll|npcap or winpcap", re.IGNORECASE)
_REFUSED: Final = re.compile(
    r"permission|not permitted|no interfaces on which a capture|CAP_NET_RAW|access is denied", re.IGNORECASE
)


def _for_platform(table: dict[str, _T]) -> _T:
    return table.get(sys.platform, table[""])


def find_dumpcap() -> Path:
    """Where dumpcap is: on PATH, or where Wireshark's installers put it.

    Raises:
        ToolError: it is not installed.
        NoAccessError: it is there, and this user may not run it (Debian: group wireshark only).
    """
    on_path = shutil.which("dumpcap")
    if on_path:
        return Path(on_path)
    places = [Path(os.path.expandvars(place)) for place in _for_platform(_PLACES)]
    refused = None
    for place in places:
        with suppress(OSError):
            if place.is_file():
                if os.access(place, os.X_OK):
                    return place
                refused = place
    if refused:
        raise NoAccessError(f"{refused}: this user may not run it", _for_platform(_MAY_CAPTURE))
    raise ToolError("dumpcap: not installed", _for_platform(_INSTALL))


def _enlarge(pipe: IO[bytes]) -> bool:
    """Give the pipe PIPE_SIZE octets; False where the system does not let us."""
    if sys.platform == "linux":
        import fcntl  # noqa: PLC0415 - not on Windows

        with suppress(OSError):
            fcntl.fcntl(pipe.fileno(), _F_SETPIPE_SZ, PIPE_SIZE)
            return True
    return False


class Dumpcap:
    """A running dumpcap; see ``engine.Engine``.

    Times, measured with dumpcap 4.0.17: a lone packet arrives up to 250 ms late (its kernel buffer is read at least
    that often, CAP_READ_TIMEOUT in dumpcap.c), and what lies in that buffer when dumpcap is told to stop is lost.
    With steady traffic its output is flushed every 500 ms at the latest.
    """

    name = "dumpcap"
    latency_ns = 1_000_000_000
    drain_ns = 350_000_000

    def __init__(self, source: Source, program: Path | None = None) -> None:
        """Start capturing; returns when dumpcap does capture.

        Raises:
            NoAccessError: not allowed, or no such interface.
            ToolError: dumpcap is missing, or failed.
        """
        self.interface = source.interface
        self.received: int | None = None
        self.dropped: int | None = None
        self._program = program or find_dumpcap()
        self._pieces: queue.Queue[bytes | None] = queue.Queue(MAX_PIECES)
        self._first = b""
        self._messages = b""
        self._running = threading.Event()
        self._finished_at: float | None = None
        self._ended = False
        self._closed = False
        self._keeper = self._start(source)
        stdout, stderr = self._keeper.stdout, self._keeper.stderr
        assert stdout is not None
        assert stderr is not None
        self._roomy = _enlarge(stdout)
        self._reader = threading.Thread(target=self._read_stream, args=(stdout,), daemon=True)
        self._listener = threading.Thread(target=self._read_messages, args=(stderr,), daemon=True)
        self._reader.start()
        self._listener.start()
        self._await_start()

    def _start(self, source: Source) -> subprocess.Popen[bytes]:
        """Start the keeper, which starts dumpcap; no signal of our terminal reaches them."""
        command = [
            *(sys.executable, "-I", "-S", str(_KEEPER)),
            *(str(self._program), "-n", "-q", "-B", str(BUFFER_MIB)),
            *("-i", source.interface, "-f", source.capture_filter, "-w", "-"),
        ]
        try:
            return subprocess.Popen(
                command,
                bufsize=0,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                # A relative interface name is also looked up as a pipe in the working directory.
                cwd=self._program.parent,
                start_new_session=True,
                creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
            )
        except OSError as error:
            raise ToolError(f"{sys.executable}: could not be started: {error.strerror}") from error

    def _read_stream(self, stdout: IO[bytes]) -> None:
        """Thread: move dumpcap's output into the queue, None at its end."""
        with suppress(OSError, ValueError):
            while piece := os.read(stdout.fileno(), _READ_SIZE):
                self._running.set()
                self._put(piece)
                if self._roomy:
                    time.sleep(_NAP_S)
        self._put(None)
        self._running.set()

    def _put(self, piece: bytes | None) -> None:
        while not self._closed:
            with suppress(queue.Full):
                self._pieces.put(piece, timeout=0.5)
                return

    def _read_messages(self, stderr: IO[bytes]) -> None:
        """Thread: keep what dumpcap says; "File: -" says that it captures."""
        with suppress(OSError, ValueError):
            while piece := os.read(stderr.fileno(), 4096):
                self._messages = (self._messages + piece)[-MAX_MESSAGES:]
                if b"File: " in self._messages:
                    self._running.set()

    def _await_start(self) -> None:
        try:
            started = self._running.wait(_START_S)
        except BaseException:
            self.close()
            raise
        first = self._pieces.get() if self._pieces.qsize() else b""
        if not started or first is None:
            error = self._explain() if started else ToolError(f"{self._program}: did not start in {_START_S:.0f} s")
            self.close()
            raise error
        self._first = first

    def read(self, wait_s: float) -> bytes | None:
        """A piece of the stream, b"" after ``wait_s`` without one, None after the end."""
        if self._first:
            first, self._first = self._first, b""
            return first
        if self._ended:
            return None
        try:
            pieces = [self._pieces.get(timeout=wait_s)]
        except queue.Empty:
            if self._finished_at is not None and time.monotonic() - self._finished_at > _STOP_S:
                self._ended = True
                return None
            return b""
        with suppress(queue.Empty):
            while pieces[-1] is not None:
                pieces.append(self._pieces.get_nowait())
        self._ended = pieces[-1] is None
        return b"".join(piece for piece in pieces if piece) or (None if self._ended else b"")

    def finish(self) -> None:
        """Tell dumpcap to stop."""
        if self._finished_at is None:
            self._finished_at = time.monotonic()
            self._tell_keeper()

    def _tell_keeper(self) -> None:
        assert self._keeper.stdin is not None
        with suppress(OSError, ValueError):
            self._keeper.stdin.close()

    def close(self) -> None:
        """End dumpcap and its keeper."""
        if self._closed:
            return
        self._closed = True
        self._tell_keeper()
        try:
            self._keeper.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self._kill()
        with suppress(queue.Empty):
            while True:
                self._pieces.get_nowait()
        for thread in (self._reader, self._listener):
            thread.join(1.0)
        for pipe in (self._keeper.stdout, self._keeper.stderr):
            if pipe is not None:
                pipe.close()

    def _kill(self) -> None:
        """End the keeper and, where sessions exist, all that runs in the one it leads."""
        if sys.platform == "win32":
            self._keeper.kill()
        else:
            with suppress(ProcessLookupError):
                os.killpg(self._keeper.pid, signal.SIGKILL)
        self._keeper.wait()

    def trouble(self) -> CapanalyzeError | None:
        """Why dumpcap ended, where it ended by itself."""
        return self._explain() if self._ended and self._finished_at is None else None

    def _explain(self) -> CapanalyzeError:
        """The error that dumpcap's words amount to."""
        self._listener.join(1.0)
        words = self._messages.decode("utf-8", "replace")
        if _NO_INTERFACE.search(words):
            return no_such_interface(self.interface, dumpcap_interfaces(self._program))
        if _DOWN.search(words):
            return NoAccessError(f"{self.interface}: the interface is down", f"sudo ip link set {self.interface} up")
        if _NO_DRIVER.search(words):
            return ToolError("dumpcap: Npcap is not installed", _for_platform(_MAY_CAPTURE))
        if _REFUSED.search(words):
            return NoAccessError(f"{self.interface}: dumpcap may not capture here", _for_platform(_MAY_CAPTURE))
        said = [line.split(": ", 1)[1] for line in words.splitlines() if re.match(r"[^:]*dumpcap[^:]*: ", line)]
        return ToolError(f"dumpcap on {self.interface}: {' '.join(said[-1:]) or 'it ended without a word'}")
