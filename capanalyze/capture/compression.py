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

MAX_RATIO: Final = 500
"""Octets out per octet in beyond which a file that gave more than FREE is taken for a decompression bomb."""

FREE: Final = 256 * 1024 * 1024
"""Octets that any file may expand to, whatever the ratio."""


class Decompressor(Protocol):
    """What the classes of bz2, lzma, compression.zstd and lz4.frame have in common."""

    eof: bool
    needs_input: bool
    unused_data: bytes

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        """Expand ``data``, at most ``max_length`` octets of it now."""


class Gzip:
    """zlib's gzip decompressor in the shape of the others."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(wbits=31)
        self.eof = False
        self.needs_input = True
        self.unused_data = b""

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        """Expand what is left over and ``data``."""
        out = self._inner.decompress(self._inner.unconsumed_tail + data, max(max_length, 0))
        self.eof = self._inner.eof
        self.needs_input = not self._inner.unconsumed_tail and not self.eof and len(out) < max_length
        self.unused_data = self._inner.unused_data
        return out


def _from_module(*names: str) -> Decompressor:
    """The first decompressor class of ``module:class`` names whose module is there."""
    for name in names:
        module, _, attribute = name.partition(":")
        try:
            found: Any = getattr(importlib.import_module(module), attribute)
        except ImportError:
            continue
        made: Decompressor = found()
        return made
    raise ImportError(names[-1])


KINDS: Final[tuple[tuple[bytes, str, Callable[[], Decompressor]], ...]] = (
    (b"\x1f\x8b", "gzip", Gzip),
    (b"BZh", "bzip2", lambda: _from_module("bz2:BZ2Decompressor")),
    (b"\xfd7zXZ\0", "xz", lambda: _from_module("lzma:LZMADecompressor")),
    (
        b"\x28\xb5\x2f\xfd",
        "zstd",
        lambda: _from_module("compression.zstd:ZstdDecompressor", "backports.zstd:ZstdDecompressor"),
    ),
    (b"\x04\x22\x4d\x18", "lz4", lambda: _from_module("lz4.frame:LZ4FrameDecompressor")),
)
"""Magic octets -> kind, decompressor."""


class Expander:
    """Expands one file; ``damage`` says why it ended early, or is ""."""

    def __init__(self, kind: str, make: Callable[[], Decompressor], name: str) -> None:
        self.kind = kind
        self.damage = ""
        self._make = make
        self._name = name
        self._codec = make()
        self._in = 0
        self._out = 0
        self._fresh = True  # at the start of a member: trailing padding is no damage

    def expand(self, chunk: bytes) -> Iterator[bytes]:
        """The octets that ``chunk`` expands to, in steps.

        Raises:
            NotACaptureError: a decompression bomb.
        """
        self._in += len(chunk)
        while not self.damage:
            if self._codec.eof:
                chunk = self._codec.unused_data + chunk
                if not chunk.strip(b"\0"):
                    return
                self._codec = self._make()
                self._fresh = True
            try:
                out = self._codec.decompress(chunk, STEP)
            except Exception as error:  # noqa: BLE001 - each codec has its own error class
                if not (self._fresh and self._out):  # else garbage after the last member, which gzip ignores too
                    self.damage = f"the {self.kind} data are damaged ({str(error)[:80]})"
                return
            chunk = b""
            self._fresh = self._fresh and not out
            self._out += len(out)
            if self._out > FREE and self._out > MAX_RATIO * self._in:
                raise NotACaptureError(
                    f"{self._name}: {self._in} octets of {self.kind} expand to more than {self._out}",
                    "expand it yourself if it is really a capture, and give the result",
                )
            if out:
                yield out
            if self._codec.needs_input and not self._codec.eof:
                return
            if not out and not self._codec.eof:
                return

    def finish(self) -> None:
        """No more octets will come."""
        if not self._codec.eof and not self._fresh and not self.damage:
            self.damage = f"the {self.kind} data are cut"


def expander(head: bytes, name: str) -> Expander | None:
    """The expander for a file that begins with ``head``; None where it is not compressed.

    Raises:
        ToolError: the package for that kind is not installed.
    """
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
