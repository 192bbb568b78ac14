"""One capture file: open, recognise, decompress.

In: a path ("-" is standard input). Out: a decoder filled piece by piece, and the facts about the file. Reading
goes through a window of READ octets, so a capture of any size, a pipe and a compressed file share one path.
"""

import hashlib
import io
import itertools
import os
import stat
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from capanalyze.capture.compression import Expander, behind_skippable, expander
from capanalyze.capture.decoder import Decoder
from capanalyze.capture.formats import NO_CAPTURES, copied_as_text, refused, unknown
from capanalyze.capture.names import STDIN, usable
from capanalyze.capture.pcap import HEADER, PcapDecoder, byte_order
from capanalyze.capture.pcap_old import OldPcapDecoder, is_old
from capanalyze.capture.pcapng import PcapngDecoder
from capanalyze.capture.pcapng_codes import SHB
from capanalyze.errors import CapanalyzeError, NoAccessError, NotACaptureError
from capanalyze.packets.common import COMPILED

if TYPE_CHECKING:
    from capanalyze.capture.foreign import Conversion

READ: Final = (64 if COMPILED else 192) * 1024
"""Octets of the read window: compiled, they had better stay in the processor's cache; interpreted, more make little
faster, and what is collected of a window (lane.py) has to find room beside 20,000 connections."""

if not COMPILED:
    # glibc gives memory back to the system, page by page, where a freed block was larger than any before; so this one,
    # which nobody writes to, lets the windows lie one after the other in the same memory (mallopt(3), M_MMAP_THRESHOLD)
    bytes(8 * READ)

PROBE: Final = 64 * 1024
"""Octets gathered before the kind of file is decided (less where the file is shorter)."""

LONGEST_MAGIC: Final = 12

POLL_S: Final = 0.01
"""Wait between reads of a pipe that some other program has made non-blocking."""


class CaptureFile:
    """One file of a capture: its octets as decoded, and what is known when it has been read.

    Attributes:
        path, name: as given; for people, standard input has a name.
        decoder: holds its packets and the file's own facts.
        sha256: of the file as it lies on disk; set when it has been read to its end.
        first_packet: the number in the capture after which its packets begin.
        packets: how many it holds, set at its end.
        size: octets of the file on disk, 0 where that cannot be told.
        done: octets of it that have been read.
    """

    def __init__(self, path: str, stream: BinaryIO, name: str, native: bool = True, hashed: bool = True) -> None:
        """Recognise the file; ``native`` False: by tshark, if it is of no format of ours; ``hashed`` False: no sha256.

        Raises:
            CapanalyzeError: it cannot be read or is no capture.
        """
        self.path = path
        self.name = name
        self._native = native
        self.sha256 = ""
        self.first_packet = 0
        self.packets = 0
        self.size = size_of(stream)
        self.done = 0
        self._stream = stream
        self._hash = hashlib.sha256() if hashed else None
        self._expander: Expander | None = None
        self._done = False  # the decoder has met damage and takes no more
        self._octets = self._file_octets = self._expanded()
        try:
            self.decoder = self._recognise()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the file, and of what was read of it and not asked for. Idempotent."""
        self._octets = self._file_octets = iter(())  # they refer to this object, and a run collects no cycles
        if sys.stdin is None or self._stream is not sys.stdin.buffer:
            self._stream.close()

    def _read(self, size: int) -> bytes:
        """The next octets of the file, "" at its end.

        Raises:
            NoAccessError: the system cannot read on.
        """
        try:
            chunk: bytes | None = self._stream.read(size)
            while chunk is None:  # a pipe in non-blocking mode has nothing yet
                time.sleep(POLL_S)
                chunk = self._stream.read(size)
        except OSError as error:
            raise NoAccessError(f"{self.name}: {error.strerror or error}", "copy the file and try again") from error
        self.done += len(chunk)
        if self._hash is not None:
            self._hash.update(chunk)
            if not chunk:
                self.sha256 = self._hash.hexdigest()
        return chunk

    def _expanded(self) -> Iterator[bytes]:
        """The octets of the capture itself, in pieces; past damage the file is read for its hash only."""
        first = b""
        while len(first) < behind_skippable(first) + LONGEST_MAGIC and (chunk := self._read(READ)):
            first += chunk
        self._expander = expander(first, self.name)
        if self._expander is None:
            if first:
                yield first
            while chunk := self._read(READ):
                yield chunk
            return
        chunk = first
        while chunk:
            for piece in gathered(self._expander.expand(chunk), READ):
                yield piece
                if self._done:
                    break
            chunk = self._read(READ)
            while chunk and self._done:
                chunk = self._read(READ)
        if not self._done:
            self._expander.finish()

    def _recognise(self) -> Decoder:
        """Read the first octets and choose the decoder.

        Raises:
            NotACaptureError: they are no capture's.
        """
        head, complete = self._head()
        if not head:
            what, hint = "it is empty", "record again; dumpcap and capanalyze live write pcapng"
            if self._expander is not None:
                what = self._expander.damage or f"the {self._expander.kind} data are empty"
                hint = "copy the file again, or expand it yourself and give the result"
            raise NotACaptureError(f"{self.name}: {what}", hint)
        if cut := cut_header(head):
            raise NotACaptureError(f"{self.name}: its {cut} header is cut at octet {len(head)}", "record again")
        decoder = decoder_for(head, complete)
        if decoder is not None:
            return decoder
        if self._native:
            raise refused(self.name, head)
        error = unknown(self.name, head)
        if head.startswith(NO_CAPTURES) or copied_as_text(head):
            raise error
        from capanalyze.capture.foreign import Conversion  # noqa: PLC0415 - pyshark only where it is needed

        plain = self.size > 0 and self._expander is None and self.path != STDIN
        octets = None if plain else itertools.chain((head,), self._file_octets)
        conversion = Conversion(self.path, self.name, octets, head, error)
        self._octets = iter(conversion)
        head, complete = self._head()
        decoder = decoder_for(head, complete)
        if decoder is None:
            raise error
        decoder.format = "tshark"
        self._octets = damage_told(self._octets, conversion, decoder)
        return decoder

    def _head(self) -> tuple[bytes, bool]:
        """At least PROBE octets, or all there are, and whether that is all."""
        head = b""
        complete = False
        while len(head) < PROBE and not complete:
            piece = next(self._octets, None)
            complete = piece is None
            head += piece or b""
        return head, complete

    def windows(self) -> Iterator[Decoder]:
        """The decoder, each time that it holds further packets.

        Raises:
            NoAccessError: the system cannot read on.
            NotACaptureError: a decompression bomb.
        """
        yield self.decoder
        for piece in self._octets:
            self.decoder.feed(piece)
            yield self.decoder
            self._done = self.decoder.damage != ""
        for _ in self._file_octets:  # of a file that tshark rewrote: read for its hash
            pass
        if self._expander is not None and self._expander.damage and not self.decoder.damage:
            self.decoder.damage, self.decoder.cut = self._expander.damage, self._expander.cut
        self.decoder.finish()
        self.packets = int(self.decoder.number) - self.first_packet
        self.close()


def damage_told(octets: Iterator[bytes], conversion: "Conversion", decoder: Decoder) -> Iterator[bytes]:
    """The octets that tshark makes of a file; at their end the decoder gets to know whether it read them all."""
    yield from octets
    if not decoder.damage:
        decoder.damage, decoder.cut = conversion.damage, conversion.cut


def size_of(stream: BinaryIO) -> int:
    """Octets of a regular file, else 0."""
    try:
        status = os.fstat(stream.fileno())
    except (OSError, ValueError):
        return 0
    return status.st_size if stat.S_ISREG(status.st_mode) else 0


def cut_header(head: bytes) -> str:
    """The format of a file that ends within its header, "" for any other."""
    if byte_order(head) and len(head) < HEADER:
        return "pcap"
    return "pcapng" if is_pcapng(head) and len(head) < LONGEST_MAGIC else ""


def is_pcapng(head: bytes) -> bool:
    """Whether a file that begins so is pcapng, as far as its first four octets tell."""
    return int.from_bytes(head[:4], "little") == SHB


def decoder_for(head: bytes, complete: bool) -> Decoder | None:
    """The decoder for a file that begins with ``head``, None where it is neither pcap nor pcapng."""
    if is_pcapng(head) and len(head) >= LONGEST_MAGIC:
        decoder = PcapngDecoder()
        decoder.feed(head)
        return decoder
    if not byte_order(head):
        return None
    return OldPcapDecoder(head, complete) if is_old(head) else PcapDecoder(head, complete)


def open_stream(path: str) -> tuple[BinaryIO, str]:
    """The file's octets and its name for people.

    Raises:
        CapanalyzeError: no file can have that name.
        NoAccessError: it does not exist, is a folder, or may not be read.
    """
    if path == STDIN:
        if sys.stdin is None:
            raise NoAccessError("standard input is closed", "give a FILE")
        if sys.stdin.isatty():
            raise NoAccessError("standard input is a terminal, not a capture", "capanalyze read FILE")
        return sys.stdin.buffer, "standard input"
    if not path:
        raise CapanalyzeError("an empty file name", "give a FILE")
    folder = NoAccessError(f"{path}: a folder, not a capture", f"give the files in it: {path.rstrip('/')}/*.pcapng")
    try:
        return Path(usable(path)).open("rb", buffering=0), path
    except IsADirectoryError as error:
        raise folder from error
    except OSError as error:
        if os.path.isdir(path):  # noqa: PTH112 - Windows calls it "permission denied"; a name that is too long is none
            raise folder from error
        hint = "check the name and the folder" if isinstance(error, FileNotFoundError) else "check its permissions"
        raise NoAccessError(f"{path}: {error.strerror or error}", hint) from error


def open_file(path: str, native: bool = True, hashed: bool = True) -> CaptureFile:
    """One capture file, recognised; by tshark, if ``native`` is False and it is of no format of ours.

    Raises:
        CapanalyzeError: it cannot be read or is no capture.
    """
    stream, name = open_stream(path)
    return CaptureFile(path, stream, name, native, hashed)


def from_bytes(data: bytes, name: str = "octets") -> CaptureFile:
    """A capture that lies in memory.

    Raises:
        NotACaptureError: it is no capture.
    """
    return CaptureFile(name, io.BytesIO(data), name)


def gathered(pieces: Iterable[bytes], octets: int) -> Iterator[bytes]:
    """The same octets in pieces of so many, or a few more: what a read window costs, each of them costs."""
    found: list[bytes] = []
    size = 0
    for piece in pieces:
        found.append(piece)
        size += len(piece)
        if size >= octets:
            yield b"".join(found)
            found.clear()
            size = 0
    if found:
        yield b"".join(found)
