"""Capture files: open, recognise, decompress, put pieces in order.

In: paths ("-" is standard input). Out: decoders filled piece by piece, and the facts about each file.
Reading goes through a window of READ octets, so a capture of any size, a pipe and a compressed file
share one path.
"""

import glob
import hashlib
import io
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, Final

from capanalyze.capture.compression import Expander, expander
from capanalyze.capture.decoder import Decoder
from capanalyze.capture.pcap import HEADER, PcapDecoder, byte_order
from capanalyze.capture.pcapng import SHB, PcapngDecoder
from capanalyze.errors import CapanalyzeError, NoAccessError, NotACaptureError

READ: Final = 1024 * 1024
"""Octets of the read window."""

PROBE: Final = 64 * 1024
"""Octets gathered before the kind of file is decided (less where the file is shorter)."""

LONGEST_MAGIC: Final = 12

OTHERS: Final = (
    (b"\x1f\x9d", "a compress (.Z) file", "uncompress it first"),
    (b"PK\x03\x04", "a ZIP archive", "unpack it and give the capture inside"),
    (b"snoop\0\0\0", "a snoop capture", "convert it: editcap -F pcapng IN OUT"),
    (b"GMBU", "a Network Monitor capture", "convert it: editcap -F pcapng IN OUT"),
    (b"RTSS", "a Network Monitor 1 capture", "convert it: editcap -F pcapng IN OUT"),
    (b"\x00\x00\x00\x01\x00", "perhaps an ERF capture", "convert it: editcap -F pcapng IN OUT"),
    (b"<?xml", "XML text", "give the capture itself, not an export of it"),
)
"""First octets of what people pass instead -> what it is, what to do."""


class CaptureFile:
    """One file of a capture: its octets as decoded, and what is known when it has been read.

    Attributes:
        name: as given, or "standard input".
        decoder: holds its packets and the file's own facts.
        sha256: of the file as it lies on disk; set when it has been read to its end.
        first_packet, packets: its packet numbers in the capture (first is 0 where it holds none).
    """

    def __init__(self, path: str, stream: BinaryIO, name: str) -> None:
        self.path = path
        self.name = name
        self.sha256 = ""
        self.first_packet = 0
        self.packets = 0
        self._stream = stream
        self._hash = hashlib.sha256()
        self._expander: Expander | None = None
        self._ended = False
        self._rest: Iterator[bytes] = iter(())
        self.decoder = self._recognise()

    def _read(self, size: int) -> bytes:
        """The next octets of the file, "" at its end."""
        try:
            chunk = self._stream.read(size)
        except OSError as error:
            raise NoAccessError(f"{self.name}: {error.strerror or error}") from error
        self._hash.update(chunk)
        if not chunk:
            self._ended = True
            self.sha256 = self._hash.hexdigest()
        return chunk

    def _pieces(self, size: int) -> Iterator[bytes]:
        """The next octets of the capture itself; nothing where the file's octets gave none."""
        chunk = self._read(size)
        if self._expander is None:
            if chunk:
                yield chunk
        elif chunk:
            yield from self._expander.expand(chunk)
        else:
            self._expander.finish()

    def _recognise(self) -> Decoder:
        """Read the first octets and choose the decoder.

        Raises:
            NotACaptureError: they are no capture's.
        """
        first = b""
        while len(first) < LONGEST_MAGIC and not self._ended:
            first += self._read(PROBE - len(first))
        self._expander = expander(first, self.name)
        head = first
        if self._expander is not None:
            self._rest = self._expander.expand(first)
            head = next(self._rest, b"")
        while len(head) < PROBE and not self._ended:
            piece = next(self._rest, b"") if self._expander is not None else self._read(PROBE - len(head))
            if self._expander is not None and not piece:
                self._rest = self._pieces(PROBE)
            head += piece
        if not head:
            what = "it is empty" if self._expander is None else "nothing can be expanded from it"
            raise NotACaptureError(f"{self.name}: {what}", "record again; dumpcap and capanalyze live write pcapng")
        if len(head) >= 12 and int.from_bytes(head[:4], "little") == SHB:
            decoder: Decoder = PcapngDecoder()
            decoder.feed(head)
            return decoder
        if byte_order(head):
            if len(head) < HEADER:
                raise NotACaptureError(f"{self.name}: its pcap header is cut at octet {len(head)}", "record again")
            return PcapDecoder(head, self._ended)
        raise unknown(self.name, head)

    def windows(self) -> Iterator[Decoder]:
        """The decoder, each time that it holds further packets."""
        yield self.decoder
        for piece in self._rest:
            self.decoder.feed(piece)
            yield self.decoder
        while not self._ended:
            for piece in self._pieces(READ):  # past damage the decoder takes no more; the hash still does
                self.decoder.feed(piece)
                yield self.decoder
        if self._expander is not None and self._expander.damage:
            self.decoder.damage = self.decoder.damage or self._expander.damage
        self.decoder.finish()
        self.packets = self.decoder.number - self.first_packet
        if self._stream is not sys.stdin.buffer:
            self._stream.close()

    def first_ts_ns(self) -> int:
        """Time of its first packet, -1 where it has none at hand."""
        return peek_time(self.decoder)


def peek_time(decoder: Decoder) -> int:
    """Time of the next packet without taking it; -1 where none is whole in the buffer."""
    position, number = decoder.pos, decoder.number
    found = decoder.advance()
    moment = decoder.ts_ns if found else -1
    decoder.pos, decoder.number = position, number
    return moment


def unknown(name: str, head: bytes) -> NotACaptureError:
    """The error for octets that are no capture's, as helpful as their beginning allows."""
    for magic, what, advice in OTHERS:
        if head.startswith(magic):
            return NotACaptureError(f"{name}: {what}, not pcap or pcapng", advice)
    return NotACaptureError(
        f"{name}: not a pcap or pcapng capture (it begins with {head[:8].hex(' ')})",
        "record with dumpcap, Wireshark, tcpdump -w or capanalyze live -w",
    )


def expand_paths(paths: Sequence[str]) -> list[str]:
    """Globs resolved by us too: the Windows shell leaves them."""
    found: list[str] = []
    for path in paths:
        if path != "-" and not Path(path).exists() and any(sign in path for sign in "*?["):
            found += sorted(glob.glob(path)) or [path]  # noqa: PTH207 - absolute and relative patterns alike
        else:
            found.append(path)
    return found


def open_stream(path: str) -> tuple[BinaryIO, str]:
    """The file's octets and its name for people.

    Raises:
        NoAccessError: it does not exist, is a folder, or may not be read.
    """
    if path == "-":
        if sys.stdin is None:
            raise NoAccessError("standard input is closed", "give a FILE")
        return sys.stdin.buffer, "standard input"
    try:
        return Path(path).open("rb", buffering=0), path
    except IsADirectoryError as error:
        raise NoAccessError(f"{path}: a folder, not a capture", f"give the files in it: {path}/*.pcapng") from error
    except OSError as error:
        hint = "check the name and the folder" if isinstance(error, FileNotFoundError) else "check its permissions"
        raise NoAccessError(f"{path}: {error.strerror or error}", hint) from error


def open_capture(paths: Sequence[str]) -> list[CaptureFile]:
    """The files of one capture, in the order of their first packet.

    Raises:
        CapanalyzeError: one of them cannot be read or is no capture.
    """
    names = expand_paths(paths)
    if not names:
        raise CapanalyzeError("no capture given", "capanalyze read FILE")
    files: list[CaptureFile] = []
    for path in names:
        stream, name = open_stream(path)
        files.append(CaptureFile(path, stream, name))
    if len(files) > 1:
        files.sort(key=lambda one: one.first_ts_ns())
    return files


def from_bytes(data: bytes, name: str = "octets") -> CaptureFile:
    """A capture that lies in memory."""
    return CaptureFile(name, io.BytesIO(data), name)
