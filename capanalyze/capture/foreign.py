"""Capture files of formats that only Wireshark reads: tshark rewrites them as pcapng, which the native reader reads.

In: a file's name, or the octets of a pipe or a compressed file, which are spooled first. Out: pcapng, piece by piece.
Only imported where a file is no pcap or pcapng: pyshark, which knows where tshark lies, takes 0.09 s.
"""

import re
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

from capanalyze.capture.formats import CONVERT, format_name
from capanalyze.capture.pcapng_writer import enhanced_packet, interface_description, section_header
from capanalyze.capture.pdml import QUOTING, Header
from capanalyze.capture.relay import innermost
from capanalyze.capture.tshark import END_S, INSTALL, SILENCE_S, find_tshark
from capanalyze.errors import CapanalyzeError, NotACaptureError, ToolError

PIECE: Final = 1024 * 1024

SPOOL: Final = 1024 * 1024 * 1024
"""Octets that are put aside of what is piped in or compressed, for tshark to read."""

MAX_SAID: Final = 64 * 1024
"""Octets of a program's complaints that are looked at."""

NAME: Final = "tshark: "

UNWRITABLE: Final = "can't be written as"
"""What tshark says of formats whose frames have no link type in pcapng: CommView, nettl, K12 text and the like."""

CUT: Final = "cut short"
UNKNOWN: Final = "isn't a capture file"
"""What it says of a file that ends too early, and of what it does not know."""

NOT_IP: Final = bytes(12) + b"\xff\xff"
"""An Ethernet frame that holds nothing of ours: it keeps a packet's number."""

RAW_IP: Final = 101
ETHERNET: Final = 1
IP: Final = (b"ip", b"ipv6")
END_OF_PACKET: Final = b"\n  }"

_LAYER: Final = re.compile(rb'\n {8}"([a-z0-9_]+)_raw": \[\s*"([0-9a-f]*)",\s*(\d+),')
_TIME: Final = re.compile(rb'"frame\.time_epoch": "(\d+)\.?(\d*)"')
_LENGTH: Final = re.compile(rb'"frame\.len": "(\d+)"')


class Conversion:
    """A file as pcapng: iterate over it once; ``damage`` then says why tshark did not read it to its end, or is "".

    ``cut``: it ends too early, by what tshark says.

    Args:
        path, name: of the file, for tshark and for people.
        octets: what is inside, where ``path`` is no regular file that tshark could read.
        head: the first octets.
        error: what to raise where tshark does not know the format either.
    """

    def __init__(
        self, path: str, name: str, octets: Iterator[bytes] | None, head: bytes, error: CapanalyzeError
    ) -> None:
        self.damage = ""
        self.cut = False
        self._path = path
        self._name = name
        self._octets = octets
        self._known = format_name(head)
        self._head = head
        self._error = error
        self._hang: ToolError | None = None

    def __iter__(self) -> Iterator[bytes]:
        """The pieces.

        Raises:
            NotACaptureError: tshark does not know the format or can read nothing of the file, or it would and is not
                installed, or what is piped in is larger than SPOOL.
            ToolError: tshark hangs before it has told of anything.
        """
        tshark = find_tshark()
        if not tshark:
            if not self._known:
                hint = f"{self._error.hint}; tshark, which is not installed, knows further formats"
                raise NotACaptureError(str(self._error), hint)
            raise NotACaptureError(f"{self._name}: a {self._known} capture, which tshark reads and we do not", INSTALL)
        with tempfile.TemporaryDirectory(prefix="capanalyze-") as folder:
            path = self._path
            if self._octets is not None:
                path = str(Path(folder) / "capture")
                self._spool(tshark, path, self._octets)
            yield from self._rewritten(tshark, path)

    def _spool(self, tshark: str, path: str, octets: Iterator[bytes]) -> None:
        """Write what is piped in to ``path``, if tshark knows its beginning: it may have no end."""
        Path(path).write_bytes(self._head)
        beginning = Run(writing(tshark, path))
        if not any(list(beginning.output())) and not self._known and not beginning.said_one_of(UNWRITABLE, CUT):
            raise self._error
        size = 0
        with Path(path).open("wb") as spool:
            for piece in octets:
                size += spool.write(piece)
                if size > SPOOL:
                    raise NotACaptureError(f"{self._name}: more than {SPOOL} octets of what only tshark reads", CONVERT)

    def _rewritten(self, tshark: str, path: str) -> Iterator[bytes]:
        """What tshark writes of ``path``."""
        empty = True
        run = Run(writing(tshark, path))
        for piece in self._pieces(run):
            empty = False
            yield piece
        if run.said_one_of(UNWRITABLE):
            yield from self._dissected(tshark, path)
        elif empty and (not self._known or run.said_one_of(UNKNOWN)):
            raise self._error
        elif empty:
            words = words_on(run, path)
            raise NotACaptureError(f"{self._name}: tshark: {words}", "copy the file again, or record again")
        elif run.code:
            self._failed(run, path)

    def _dissected(self, tshark: str, path: str) -> Iterator[bytes]:
        """The datagrams of a file whose frames pcapng has no link type for, by tshark's dissection.

        tshark takes pictures, JSON and other text for such files: what begins without any datagram is no capture.
        """
        waiting = section_header(application="tshark") + interface_description(RAW_IP) + interface_description(ETHERNET)
        command = [tshark, "-n", "-r", path, "-T", "json", "-x", "-j", "frame frame.time_epoch frame.len"]
        run = Run([*command, "--disable-protocol", "tcp"])
        found = False
        rest = b""
        for piece in self._pieces(run):
            *whole, rest = (rest + piece).split(END_OF_PACKET)
            for packet in whole:
                blocks = datagrams(packet)
                found = found or blocks != b""
                waiting += blocks or enhanced_packet(NOT_IP, moment_ns(packet), interface=1)
            if found:
                yield waiting
                waiting = b""
            elif len(waiting) > PIECE:
                break
        if not found:
            raise self._hang or self._error
        if run.code:
            self._failed(run, path)

    def _pieces(self, run: "Run") -> Iterator[bytes]:
        """What the run writes, up to where it hangs, if it has written anything by then.

        Raises:
            ToolError: it hangs at once, or cannot be started.
        """
        empty = True
        try:
            for piece in run.output():
                empty = False
                yield piece
        except ToolError as error:
            if empty:
                raise
            self._hang = error
            self.damage = str(error)

    def _failed(self, run: "Run", path: str) -> None:
        """Say why the run did not come to the end of the file."""
        self.damage = self.damage or f"tshark: {words_on(run, path)}"
        self.cut = run.said_one_of(CUT)


def words_on(run: "Run", path: str) -> str:
    """What it said of the file, without the file's name."""
    return run.words().replace(f' "{path}"', "")


def writing(tshark: str, path: str) -> list[str]:
    """The command that writes a capture file as pcapng."""
    return [tshark, "-n", "-r", path, "-F", "pcapng", "-w", "-"]


def datagrams(packet: bytes) -> bytes:
    """One packet of tshark's JSON as a pcapng block for each datagram that it carries, "" where it holds no IP."""
    layers = [(name, bytes.fromhex(digits.decode()), int(place)) for name, digits, place in _LAYER.findall(packet)]
    frame = next((octets for name, octets, _ in layers if name == b"frame"), b"")
    length = _LENGTH.search(packet)
    headers: list[Header] = []
    for name, octets, place in layers:
        if name in QUOTING:
            break
        if name in IP and frame[place : place + len(octets)] == octets:
            headers.append(Header(place, ""))
    original = int(length[1]) if length is not None else len(frame)
    return b"".join(
        enhanced_packet(frame[place:], moment_ns(packet), original=max(original, len(frame)) - place)
        for place in innermost(frame, headers)
    )


def moment_ns(packet: bytes) -> int:
    """The time of one packet of tshark's JSON."""
    moment = _TIME.search(packet)
    return int(moment[1]) * 10**9 + int(moment[2].ljust(9, b"0")[:9]) if moment is not None else 0


class Run:
    """A program that writes to us; ``code`` is how it ended."""

    def __init__(self, command: list[str]) -> None:
        self.code = 0
        self._command = command
        self._said: list[str] = []
        self._hung = threading.Event()

    def output(self) -> Iterator[bytes]:
        """What it writes, while it runs; it is ended with the generator.

        Raises:
            ToolError: it cannot be started, or hangs.
        """
        with tempfile.TemporaryFile() as said, self._started(said) as process:
            assert process.stdout is not None
            try:
                while piece := self._read(process, process.stdout):
                    yield piece
                self.code = process.wait(END_S)
            except subprocess.TimeoutExpired:
                self._hung.set()
            finally:
                if process.poll() is None:
                    process.kill()
            said.seek(0)
            self._said = said.read(MAX_SAID).decode("utf-8", "replace").splitlines()
        if self._hung.is_set():
            raise ToolError(f"tshark did not answer for {SILENCE_S:.0f} s and was killed", CONVERT)

    def _started(self, said: IO[bytes]) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=said, bufsize=0
            )
        except OSError as error:
            raise ToolError(f"{self._command[0]}: cannot be started: {error.strerror or error}", CONVERT) from error

    def words(self) -> str:
        """What it said last and from then on, without its name; how it ended where it said nothing."""
        lines = [line.strip() for line in self._said if line.strip()]
        last = max((at for at, line in enumerate(lines) if line.startswith(NAME)), default=max(len(lines) - 1, 0))
        said = " ".join(lines[last:]).removeprefix(NAME).removesuffix(".")
        return said or f"it ended with status {self.code}"

    def said_one_of(self, *words: str) -> bool:
        """Whether any of these words is in what it said."""
        return any(word in line for line in self._said for word in words)

    def _read(self, process: subprocess.Popen[bytes], stream: IO[bytes]) -> bytes:
        """The next piece; the process is killed where none comes."""

        def end() -> None:
            self._hung.set()
            process.kill()

        watchdog = threading.Timer(SILENCE_S, end)
        watchdog.start()
        try:
            return stream.read(PIECE)
        finally:
            watchdog.cancel()
