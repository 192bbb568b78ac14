"""Options of a pcapng block: what it says besides its fields (draft-ietf-opsawg-pcapng, "Options").

In: the octets between two offsets, in the section's byte order. Out: values by code, and the comments, of which there
may be several.
"""

import struct
from typing import Final

from librt.strings import read_i16_be, read_i16_le
from mypy_extensions import i64

from capanalyze.capture.pcapng_codes import COMMENT, END_OF_OPTIONS, ISB_IFDROP, ISB_IFRECV, ISB_OSDROP

MAX_COMMENTS: Final = 100
"""Comments kept of a file, and told of a capture."""

MAX_TEXT: Final = 4096
"""Octets kept of one text."""


class Options:
    """The options between two offsets; those after one that is cut are not there.

    Attributes:
        values: code -> value, the first where a code comes again.
        comments: the first MAX_COMMENTS that are not empty. left_out: how many more there are.
    """

    __slots__ = ("big", "comments", "left_out", "values")

    def __init__(self, data: bytes, at: i64, end: i64, big: bool) -> None:
        self.big = big
        self.values: dict[int, bytes] = {}
        self.comments: list[str] = []
        self.left_out: i64 = 0
        while at + 4 <= end:
            code = i64(read_i16_be(data, at) if big else read_i16_le(data, at)) & 0xFFFF
            size = i64(read_i16_be(data, at + 2) if big else read_i16_le(data, at + 2)) & 0xFFFF
            if code == END_OF_OPTIONS or at + 4 + size > end:
                break
            if code != COMMENT:
                self.values.setdefault(code, data[at + 4 : at + 4 + size])
            elif len(self.comments) >= MAX_COMMENTS:
                self.left_out += 1
            elif comment := clean(data[at + 4 : at + 4 + size]):
                self.comments.append(comment)
            at += 4 + ((size + 3) & ~3)

    def text(self, code: int) -> str:
        """The text with that code, or ""."""
        return clean(self.values.get(code, b""))

    def number(self, code: int, signed: bool = False) -> int | None:
        """The 64-bit number with that code, None where there is none."""
        octets = self.values.get(code, b"")
        return int.from_bytes(octets, "big" if self.big else "little", signed=signed) if len(octets) == 8 else None

    def statistics(self) -> tuple[int | None, int | None]:
        """Of an Interface Statistics Block: packets that came, and those that were lost; None where it does not say."""
        by_interface, by_system = self.number(ISB_IFDROP), self.number(ISB_OSDROP)
        told = by_interface is not None or by_system is not None
        return self.number(ISB_IFRECV), (by_interface or 0) + (by_system or 0) if told else None

    def time(self, code: int) -> int | None:
        """The time with that code in units of an interface's clock: its upper 32 bits come first in any byte order."""
        octets = self.values.get(code, b"")
        if len(octets) != 8:
            return None
        upper, lower = struct.unpack(">II" if self.big else "<II", octets)
        return int(upper << 32 | lower)


def clean(raw: bytes) -> str:
    """UTF-8 text of an option, cut at MAX_TEXT; what a terminal does with it is the renderer's care."""
    return raw[:MAX_TEXT].rstrip(b"\0").decode("utf-8", "replace")
