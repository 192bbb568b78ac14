"""Compressed captures, expanded as they are read: gzip, bzip2, xz, zstd and lz4.

In: pieces of the file. Out: pieces of what is inside, none larger than STEP. A file that is cut or damaged gives
what came before and says so; one that expands without end is refused.
"""

import importlib
import zlib
from collections.abc import Callable, Iterator
from typing import Any, Final, Protocol

from capanalyze.errors import NotACaptureError, ToolError

STEP: Final = 1024 * 1024
"""Octets expanded at a time."""

BITE: Final = 4096
"""Octets given to a codec at a time: what it would have made of the bite that holds the damage is lost."""

MAX_RATIO: Final = 250
"""Octets out per octet in beyond which a file that gave more than FREE is taken for a decompression bomb.

Captures of one message again and again shrink to a fiftieth at most: sequence numbers and times change."""

FREE: Final = 16 * 1024 * 1024
"""Octets that any file may expand to, whatever the ratio."""

ZSTD: Final = b"\x28\xb5\x2f\xfd"
SKIPPABLE: Final = b"\x2a\x4d\x18"
"""Octets 2 to 4 of a skippable frame, with which pzstd begins its files (RFC 8878 3.1.2); lz4 has the same."""

MAX_SKIPPED: Final = 64 * 1024
"""Octets of skippable frames that are looked over for what lies after them."""

XZ_MEMORY: Final = 128 * 1024 * 1024
"""Octets that an xz dictionary may take; ``xz -9`` needs 65 MiB. zstd's own limit is a window of as much."""


class Decompressor(Protocol):
    """What the classes of bz2, lzma, compression.zstd and lz4.frame have in common."""

    eof: bool
    needs_input: bool
    unused_data: bytes

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        """Expand ``data``, at most ``max_length`` octets of it now."""


class Gzip:
    """zlib's gzip decompressor in the shape of the others; it gives every octet before the damage."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(wbits=31)
        self._error: zlib.error | None = None
        self.eof = False
        self.needs_input = True
        self.unused_data = b""

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        """Expand what is left over and ``data``.

        Raises:
            zlib.error: the data are damaged; the octets before the damage have been returned.
        """
        if self._error is not None:
            raise self._error
        data = self._inner.unconsumed_tail + data
        before = self._inner.copy()
        try:
            out = self._inner.decompress(data, max(max_length, 0))
        except zlib.error as error:
            self._error = error
            self.needs_input = False
            return salvage(before, data, error)
        self.eof = self._inner.eof
        self.needs_input = not self._inner.unconsumed_tail and not self.eof and len(out) < max_length
        self.unused_data = self._inner.unused_data
        return out


def salvage(codec: Any, data: bytes, error: zlib.error) -> bytes:  # noqa: ANN401 - zlib does not name the type
    """What ``codec``, a state before the damage, makes of ``data`` up to the damage; ``error`` where it is nothing."""
    found: list[bytes] = []
    try:
        for octet in data:
            found.append(codec.decompress(bytes((octet,))))  # noqa: PERF401 - those before the damage are wanted
    except zlib.error:
        pass
    if not any(found):
        raise error
    return b"".join(found)


def _from_module(*names: str, **options: int) -> Decompressor:
    """A decompressor of the first of ``module:class`` names whose module is there."""
    for name in names:
        module, _, attribute = name.partition(":")
        try:
            found: Any = getattr(importlib.import_module(module), attribute)
        except ImportError:
            continue
        made: Decompressor = found(**options)
        return made
    raise ImportError(names[-1])


KINDS: Final[tuple[tuple[bytes, str, Callable[[], Decompressor]], ...]] = (
    (b"\x1f\x8b", "gzip", Gzip),
    (b"BZh", "bzip2", lambda: _from_module("bz2:BZ2Decompressor")),
    (b"\xfd7zXZ\0", "xz", lambda: _from_module("lzma:LZMADecompressor", memlimit=XZ_MEMORY)),
    (
        ZSTD,
        "zstd",
        lambda: _from_module("compression.zstd:ZstdDecompressor", "backports.zstd:ZstdDecompressor"),
    ),
    (b"\x04\x22\x4d\x18", "lz4", lambda: _from_module("lz4.frame:LZ4FrameDecompressor")),
)
"""Magic octets -> kind, decompressor."""


class Expander:
    """Expands one file; ``damage`` says why it ended early or what follows its end, or is "".

    ``cut``: its octets ended too early, and nothing else is wrong.
    """

    def __init__(self, kind: str, make: Callable[[], Decompressor], name: str) -> None:
        self.kind = kind
        self.damage = ""
        self.cut = False
        self._make = make
        self._name = name
        self._codec = make()
        self._in = 0
        self._out = 0
        self._members = 0  # ended so far; gzip and the others may be concatenated
        self._begun = False  # a member is open and has taken octets
        self._fresh = False  # it has given none

    def expand(self, chunk: bytes) -> Iterator[bytes]:
        """The octets that ``chunk`` expands to, in steps.

        Raises:
            NotACaptureError: a decompression bomb.
        """
        self._in += len(chunk)
        for at in range(0, len(chunk), BITE):
            yield from self._expand(chunk[at : at + BITE])

    def _expand(self, chunk: bytes) -> Iterator[bytes]:
        """The same of a bite."""
        more = False  # the codec holds back octets of an earlier step
        while not self.damage and (chunk or more):
            if not self._begun:
                chunk = chunk.lstrip(b"\0") if self._members else chunk  # tapes and disks pad with zeros
                if not chunk:
                    return
                self._begun = self._fresh = True
            out = self._step(chunk)
            if out:
                yield out
            codec = self._codec
            chunk = b""
            more = bool(out) and not codec.needs_input
            if codec.eof and not self.damage:
                chunk = codec.unused_data
                self._members += 1
                self._codec = self._make()
                self._begun = more = False

    def _step(self, chunk: bytes) -> bytes:
        """Up to STEP octets of what ``chunk`` and what the codec holds back expand to."""
        try:
            out = self._codec.decompress(chunk, STEP)
        except Exception as error:  # noqa: BLE001 - each codec has its own error class
            self.damage = f"the {self.kind} data are damaged ({str(error)[:80]})"
            if self._fresh and self._members:
                self.damage = f"behind the {self.kind} data lies something else"
            return b""
        self._fresh = self._fresh and not out
        self._out += len(out)
        if self._out > FREE and self._out > MAX_RATIO * self._in:
            raise NotACaptureError(
                f"{self._name}: {self._in} octets of {self.kind} expand to more than {self._out}",
                "expand it yourself if it is really a capture, and give the result",
            )
        return out

    def finish(self) -> None:
        """No more octets will come."""
        if self._begun and not self.damage:
            self.cut = True
            self.damage = f"the {self.kind} data are cut"


def behind_skippable(head: bytes) -> int:
    """Where the skippable frames end that a file begins with, MAX_SKIPPED at most; 0 where it begins with none."""
    at = 0
    while head[at + 1 : at + 4] == SKIPPABLE and 0x50 <= head[at] <= 0x5F and at < MAX_SKIPPED:
        at += 8 + int.from_bytes(head[at + 4 : at + 8], "little")
    return min(at, MAX_SKIPPED)


def expander(head: bytes, name: str) -> Expander | None:
    """The expander for a file that begins with ``head``; None where it is not compressed.

    Raises:
        ToolError: the package for that kind is not installed.
    """
    at = behind_skippable(head)
    if at:
        head = head[at:] if at < min(len(head), MAX_SKIPPED) else ZSTD
    for magic, kind, make in KINDS:
        if head.startswith(magic):
            try:
                return Expander(kind, make, name)
            except ImportError as error:
                raise ToolError(
                    f"{name}: compressed with {kind}, and the Python package for it is not installed",
                    'pip install "capanalyze[compression]", or expand the file first',
                ) from error
    return None
