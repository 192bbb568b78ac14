"""Capture files of formats that only Wireshark reads: tshark rewrites them as pcapng, which the native reader reads.

In: a file's name, or the octets of a pipe or a compressed file, which are spooled first. Out: pcapng, piece by piece.
Only imported where a file is no pcap or pcapng: pyshark, which knows where tshark lies, takes 0.09 s.
"""

import subprocess
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

from capanalyze.capture.tshark import INSTALL, SILENCE_S, find_tshark
from capanalyze.errors import CapanalyzeError, NotACaptureError, ToolError

PIECE: Final = 1024 * 1024

CONVERT: Final = "convert it: editcap -F pcapng IN OUT"

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
    command = [tshark, "-n", "-r", path, "-F", "pcapng", "-w", "-"]
    empty = True
    hung = threading.Event()
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=said, bufsize=0) as process:
        assert process.stdout is not None

        def end() -> None:
            hung.set()
            process.kill()

        try:
            while True:
                watchdog = threading.Timer(SILENCE_S, end)
                watchdog.start()
                piece = process.stdout.read(PIECE)
                watchdog.cancel()
                if not piece:
                    break
                empty = False
                yield piece
        finally:
            if process.poll() is None and not hung.is_set():
                process.kill()
    if hung.is_set():
        raise ToolError(
            f"tshark did not answer for {SILENCE_S:.0f} s and was killed", "convert it: editcap IN OUT.pcapng"
        )
    if empty:
        raise error
    said.seek(0)
    words = last_line(said.read())
    if process.returncode and "cut short" not in words:
        raise ToolError(f"{path}: tshark: {words}", CONVERT)


def last_line(text: bytes) -> str:
    """The last line of what a program said, without its name."""
    lines = [line for line in text.decode("utf-8", "replace").splitlines() if line.strip()]
    return lines[-1].removeprefix("tshark: ") if lines else ""
