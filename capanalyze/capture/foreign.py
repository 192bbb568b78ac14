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

from capanalyze.capture.pcapng_writer import enhanced_packet, interface_description, section_header
from capanalyze.capture.relay import innermost
from capanalyze.capture.tshark import END_S, INSTALL, QUOTING, SILENCE_S, Header, find_tshark
from capanalyze.errors import CapanalyzeError, NotACaptureError, ToolError

PIECE: Final = 1024 * 1024

CONVERT: Final = "convert it: editcap -F pcapng IN OUT"

UNWRITABLE: Final = "can't be written as"
"""What tshark says of formats whose frames have no link type in pcapng: CommView, nettl, K12 text and the like."""

RAW_IP: Final = 101
ETHERNET: Final = 1
IP: Final = (b"ip", b"ipv6")
END_OF_PACKET: Final = b"\n  }"

_LAYER: Final = re.compile(rb'\n {8}"([a-z0-9_]+)_raw": \[\s*"([0-9a-f]*)",\s*(\d+),')
_TIME: Final = re.compile(rb'"frame\.time_epoch": "(\d+)\.?(\d*)"')
_LENGTH: Final = re.compile(rb'"frame\.len": "(\d+)"')

FORMATS: Final = (
    (b"snoop\0\0\0", "snoop"),
    (b"GMBU", "Network Monitor 2"),
    (b"RTSS", "Network Monitor 1"),
    (b"iptrace ", "AIX iptrace"),
    (b"XCP\0", "NetXray"),
    (b"TRSNIFF data", "Sniffer"),
    (b"ObserverPktBuffe", "Observer"),
    (b"\x05VNF", "Visual Networks"),
    (b"\x7fver", "Peek (tagged)"),
    (b"\x1c\x00\x01\xac", "Ixia hardware pcap"),
    (b"\xac\x01\x00\x1c", "Ixia hardware pcap"),
    (b"\xaa\xaa\xaa\xaa", "5View"),
)
"""First octets of formats that people have -> their names; tshark knows dozens more, some without a magic."""


def convert(path: str, octets: Iterator[bytes] | None, head: bytes, error: CapanalyzeError) -> Iterator[bytes]:
    """The file as pcapng.

    Args:
        path: a regular file, where ``octets`` is None.
        octets: what is inside the file otherwise.
        head: the first octets, for the name of the format.
        error: what to raise where tshark does not know the format either.

    Raises:
        NotACaptureError: ``error``, or that only tshark reads this format, which is not installed.
        ToolError: tshark died or hangs.
    """
    tshark = find_tshark()
    if not tshark:
        known = next((name for magic, name in FORMATS if head.startswith(magic)), "")
        if not known:
            raise error
        raise NotACaptureError(f"{path}: a {known} capture, which tshark reads and we do not", INSTALL)
    with tempfile.TemporaryDirectory(prefix="capanalyze-") as folder:
        if octets is not None:
            path = str(Path(folder) / "capture")
            with Path(path).open("wb") as spool:
                spool.writelines(octets)
        with (Path(folder) / "said").open("w+b") as said:
            yield from rewritten(tshark, path, said, error)


def rewritten(tshark: str, path: str, said: IO[bytes], error: CapanalyzeError) -> Iterator[bytes]:
    """What tshark writes; ``said`` receives its standard error."""
    empty = True
    run = Run([tshark, "-n", "-r", path, "-F", "pcapng", "-w", "-"], said)
    for piece in run.output():
        empty = False
        yield piece
    words = last_line(said)
    if UNWRITABLE in words:
        yield from dissected(tshark, path, said)
    elif empty:
        raise error
    elif run.code and "cut short" not in words:
        raise ToolError(f"{path}: tshark: {words}", CONVERT)


def dissected(tshark: str, path: str, said: IO[bytes]) -> Iterator[bytes]:
    """The datagrams of a file whose frames pcapng has no link type for, by tshark's dissection."""
    yield section_header(application="tshark") + interface_description(RAW_IP) + interface_description(ETHERNET)
    command = [tshark, "-n", "-r", path, "-T", "json", "-x", "-j", "frame frame.time_epoch frame.len"]
    rest = b""
    for piece in Run([*command, "--disable-protocol", "tcp"], said).output():
        *whole, rest = (rest + piece).split(END_OF_PACKET)
        yield b"".join(datagrams(packet) for packet in whole)


def datagrams(packet: bytes) -> bytes:
    """One packet of tshark's JSON as a pcapng block for each datagram that it carries, or one that holds no IP."""
    layers = [(name, bytes.fromhex(digits.decode()), int(place)) for name, digits, place in _LAYER.findall(packet)]
    frame = next((octets for name, octets, _ in layers if name == b"frame"), b"")
    moment, length = _TIME.search(packet), _LENGTH.search(packet)
    ns = int(moment[1]) * 10**9 + int(moment[2].ljust(9, b"0")[:9]) if moment is not None else 0
    headers: list[Header] = []
    for name, octets, place in layers:
        if name in QUOTING:
            break
        if name in IP and frame[place : place + len(octets)] == octets:
            headers.append(Header(place, ""))
    original = int(length[1]) if length is not None else len(frame)
    found = [
        enhanced_packet(frame[place:], max(ns, 0), original=max(original, len(frame)) - place)
        for place in innermost(frame, headers)
    ]
    return b"".join(found) or enhanced_packet(bytes(12) + b"\xff\xff", max(ns, 0), interface=1)


class Run:
    """A program that writes to us; ``code`` is how it ended."""

    def __init__(self, command: list[str], said: IO[bytes]) -> None:
        self.code = 0
        self._command = command
        self._said = said
        self._hung = threading.Event()

    def output(self) -> Iterator[bytes]:
        """What it writes, while it runs; it is ended with the generator.

        Raises:
            ToolError: it hangs.
        """
        with subprocess.Popen(
            self._command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self._said, bufsize=0
        ) as process:
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
        if self._hung.is_set():
            raise ToolError(f"tshark did not answer for {SILENCE_S:.0f} s and was killed", CONVERT)

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


def last_line(said: IO[bytes]) -> str:
    """The last line of what a program said, without its name."""
    said.seek(0)
    text = said.read().decode("utf-8", "replace")
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].removeprefix("tshark: ") if lines else ""
