"""What a pcapng file says of itself: its sections, their interfaces, and what these count.

In: blocks that hold no packet. Out: the facts about the capture, and how to read the numbers and times of its packets.
Facts: draft-ietf-opsawg-pcapng, sections 4.1 (SHB), 4.2 (IDB), 4.5 (NRB), 4.6 (ISB), 4.7 (DSB).
"""

from typing import Final

from librt.strings import read_i16_be, read_i16_le, read_i32_be, read_i32_le
from mypy_extensions import i64

from capanalyze.capture.decoder import Decoder, Interface
from capanalyze.capture.options import MAX_COMMENTS, Options, clean
from capanalyze.capture.pcapng_codes import (
    BYTE_ORDER_MAGIC,
    CUSTOM,
    CUSTOM_NO_COPY,
    DSB,
    IDB,
    IF_DESCRIPTION,
    IF_FILTER,
    IF_NAME,
    IF_OS,
    IF_TSOFFSET,
    IF_TSRESOL,
    ISB,
    ISB_ENDTIME,
    JOURNAL,
    MICROSECONDS,
    NRB,
    POWER_OF_TWO,
    SHB,
    SHB_HARDWARE,
    SHB_OS,
    SHB_USERAPPL,
)

NUMBERED_BY_WIRESHARK: Final = (JOURNAL, CUSTOM, CUSTOM_NO_COPY)
"""Blocks to which Wireshark gives a frame number although they hold no packet."""

MAGIC_BIG: Final = b"\x1a\x2b\x3c\x4d"
"""BYTE_ORDER_MAGIC in a big-endian section."""

MAX_INTERFACES: Final = 4096

MAX_TS_NS: Final = 9_223_372_036_854_775_807


class PcapngSections(Decoder):
    """A pcapng file as far as it is no packets.

    Attributes:
        big: the byte order of the section.
        sections: how many have begun.
        section_base: index of the section's first interface.
        scales: by interface, ns per unit of its clock; 0 where ``resolutions`` has to be used.
        resolutions: by interface, units per second.
        offsets_s: by interface, seconds to be added.
    """

    def __init__(self) -> None:
        super().__init__()
        self.big: bool = False
        self.sections: i64 = 0
        self.section_base: i64 = 0
        self.scales: list[int] = []
        self.resolutions: list[int] = []
        self.offsets_s: list[int] = []

    def u32(self, at: i64) -> i64:
        """An unsigned 32-bit number in the section's byte order."""
        if self.big:
            return i64(read_i32_be(self.data, at)) & 0xFFFFFFFF
        return i64(read_i32_le(self.data, at)) & 0xFFFFFFFF

    def u16(self, at: i64) -> i64:
        """An unsigned 16-bit number in the section's byte order."""
        if self.big:
            return i64(read_i16_be(self.data, at)) & 0xFFFF
        return i64(read_i16_le(self.data, at)) & 0xFFFF

    def describe(self, pos: i64, length: i64, kind: i64) -> bool:
        """Every block that is no packet; False when reading has to stop."""
        if kind == SHB:
            return self._section(pos, length)
        if self.sections == 0:
            self.stop("no Section Header Block")
            return False
        if kind == IDB:
            self._interface(pos, length)
        elif kind == ISB:
            self._statistics(pos, length)
        elif kind == NRB:
            self.options(self._after_names(pos + 8, pos + length - 4), pos + length)
        elif kind == DSB and length >= 20:
            self.options(pos + 16 + ((self.u32(pos + 12) + 3) & ~3), pos + length)
        elif kind in NUMBERED_BY_WIRESHARK:
            self.other_blocks += 1
        return True

    def _section(self, pos: i64, length: i64) -> bool:
        if length < 28 or self.u32(pos + 8) != BYTE_ORDER_MAGIC:
            self.stop("a Section Header Block without its byte-order magic")
            return False
        self.sections += 1
        self.section_base = len(self.interfaces)
        options = self.options(pos + 24, pos + length)
        self.hardware = self.hardware or options.text(SHB_HARDWARE)
        self.os = self.os or options.text(SHB_OS)
        self.application = self.application or options.text(SHB_USERAPPL)
        return True

    def options(self, at: i64, end: i64, of: str = "") -> Options:
        """The options from an offset to the end of the block; their comments are kept, as those ``of`` something."""
        options = Options(self.data, at, end - 4, self.big)
        room = max(MAX_COMMENTS - len(self.comments), 0)
        self.comments += [of + comment for comment in options.comments[:room]]
        self.comments_left_out += max(len(options.comments) - room, 0) + options.left_out
        return options

    def _interface(self, pos: i64, length: i64) -> None:
        if length < 20 or len(self.interfaces) >= MAX_INTERFACES:
            return
        interface = Interface(self.u16(pos + 8), self.u32(pos + 12))
        options = self.options(pos + 16, pos + length)
        interface.name = options.text(IF_NAME)
        interface.description = options.text(IF_DESCRIPTION)
        interface.os = options.text(IF_OS)
        raw_filter = options.values.get(IF_FILTER, b"")
        interface.filter = clean(raw_filter[1:]) if raw_filter[:1] == b"\0" else ""
        self.interfaces.append(interface)
        resolution = (options.values.get(IF_TSRESOL, b"") or bytes((MICROSECONDS,)))[0]
        exponent = resolution & ~POWER_OF_TWO
        units = 2**exponent if resolution & POWER_OF_TWO else 10**exponent
        offset = options.number(IF_TSOFFSET, signed=True) or 0
        self.resolutions.append(units)
        self.offsets_s.append(offset)
        exact = offset == 0 and units in {1_000_000, 1_000_000_000}
        self.scales.append(1_000_000_000 // units if exact else 0)

    def _after_names(self, at: i64, end: i64) -> i64:
        """Where the options of a Name Resolution Block begin: after its records, the last of which is empty."""
        while at + 4 <= end:
            kind, size = self.u16(at), self.u16(at + 2)
            at += 4 + ((size + 3) & ~3)
            if kind == 0:
                return at
        return end

    def _statistics(self, pos: i64, length: i64) -> None:
        """An Interface Statistics Block: the newest of an interface counts.

        Its comment is no person's: dumpcap writes "Counters provided by dumpcap" into every one.
        """
        if length < 24:
            return
        index = self.section_base + self.u32(pos + 8)
        if index >= len(self.interfaces):
            return
        options = Options(self.data, pos + 20, pos + length - 4, self.big)
        received, dropped = options.statistics()
        if received is not None:
            self.interfaces[index].received = min(received, MAX_TS_NS)
        if dropped is not None:
            self.interfaces[index].dropped_told = min(dropped, MAX_TS_NS)
        ended = options.time(ISB_ENDTIME)
        if ended is not None:
            # dumpcap writes it in microseconds whatever the resolution is
            self.interfaces[index].ended = [self.in_ns(index, ended), ended * 1000]

    def in_ns(self, index: i64, units: int) -> int:
        """Nanoseconds since the epoch for any if_tsresol and if_tsoffset, in whole numbers."""
        return units * 1_000_000_000 // self.resolutions[index] + self.offsets_s[index] * 1_000_000_000
