"""pcapng files: sections of either byte order, interfaces, packets in three kinds of block.

Facts: draft-ietf-opsawg-pcapng. EPB, SPB and the obsolete PB (OPB) are packets; IDB and ISB describe
interfaces; everything else is stepped over by its length.
"""

from struct import Struct
from typing import Final

from librt.strings import read_i16_be, read_i16_le, read_i32_be, read_i32_le
from librt.vecs import vec
from mypy_extensions import i64

from capanalyze.capture.decoder import MAX_PACKET, Decoder, Interface
from capanalyze.capture.options import MAX_COMMENTS, Options, clean
from capanalyze.packets.raw import NO_TIME

SHB: Final = 0x0A0D0D0A
IDB: Final = 1
OPB: Final = 2
SPB: Final = 3
NRB: Final = 4
ISB: Final = 5
EPB: Final = 6
JOURNAL: Final = 9
DSB: Final = 10
CUSTOM: Final = 0x00000BAD
CUSTOM_NO_COPY: Final = 0x40000BAD

NUMBERED_BY_WIRESHARK: Final = (JOURNAL, CUSTOM, CUSTOM_NO_COPY)
"""Blocks to which Wireshark gives a frame number although they hold no packet."""

ENHANCED_LITTLE: Final = Struct("<III8xI")
ENHANCED_BIG: Final = Struct(">III8xI")
"""Type, length, interface, captured octets of an EPB."""

SHORTEST: Final = 32
"""Octets of an EPB without packet and options."""

WITHOUT_OPTIONS: Final = (32, 35, 34, 33)
"""Octets of an EPB without options beyond those captured, by the last two bits of their number."""

SECTION_MAGIC: Final = b"\x1a\x2b\x3c\x4d"

MAX_INTERFACES: Final = 4096
EXACT_HIGH: Final = 0x200000
"""Upper 32 bits of a time from which on 1000 ns each might overflow 64 bits."""

MAX_DROPS: Final = 1 << 60
"""More lost packets than any file tells of in earnest."""

MAX_TS_NS: Final = 9_223_372_036_854_775_807


class PcapngDecoder(Decoder):
    """Blocks of a pcapng file, fed in pieces."""

    def __init__(self) -> None:
        super().__init__()
        self.format = "pcapng"
        self.header = 28
        self.big: bool = False
        self.sections: i64 = 0
        self.section_base: i64 = 0  # index of the section's first interface
        self.scales: list[int] = []  # ns per unit, 0 where ``resolutions`` has to be used
        self.resolutions: list[int] = []  # units per second
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

    def advance(self) -> bool:
        """Go to the next packet block, reading the others on the way."""
        while True:
            pos = self.pos
            room = len(self.data) - pos
            if room < 12:
                self.need = 12
                return False
            kind = self.u32(pos)
            if kind == SHB:
                self.big = self.data[pos + 8 : pos + 12] == SECTION_MAGIC
            length = self.u32(pos + 4)
            if length < 12 or length & 3 or length > MAX_PACKET:
                self.stop(f"a block claims {length} octets: damaged, or not a block,")
                return False
            if room < length:
                self.need = length
                return False
            self.pos = pos + length
            if kind == EPB:
                if self._enhanced(pos, length):
                    return True
            elif kind in (SPB, OPB):
                if self._older(pos, length, kind):
                    return True
            elif not self._describe(pos, length, kind):
                return False

    def places(self, shortest: i64) -> tuple[list[int], list[int]]:
        """The whole, ordinary EPBs behind the current packet, of interfaces of the same link type."""
        unpack = (ENHANCED_BIG if self.big else ENHANCED_LITTLE).unpack_from
        data, ahead, pos = self.data, self.header, self.pos
        alike = self._alike()
        places: list[int] = []
        ends: list[int] = []
        last = len(data) - SHORTEST - shortest
        while pos <= last:
            kind, length, interface, captured = unpack(data, pos)
            if (
                kind != EPB
                or length - captured != WITHOUT_OPTIONS[captured & 3]
                or interface not in alike
                or captured < shortest
            ):
                break  # one with options too: they may be worth telling
            places.append(pos)
            ends.append(pos + ahead + captured)
            pos += length
        self.pass_over(places, pos)
        return places, ends[: len(places)]

    def _alike(self) -> set[int]:
        """The section's interfaces of the current packet's link type, all of whose packets have a time."""
        first = self.section_base
        return {
            index - first
            for index in range(first, len(self.interfaces))
            if self.interfaces[index].link_type == self.link_type and self.offsets_s[index] >= 0
        }

    def ahead(self, starts: vec[i64]) -> i64:
        """Where the packets of the next EPBs begin."""
        pos, last = self.pos, len(self.data) - SHORTEST
        number: i64 = 0
        while pos <= last and number < len(starts):
            if self.u32(pos) == EPB:
                starts[number] = pos + self.header
                number += 1
            pos += max(self.u32(pos + 4), 12)
        return number

    def go_back(self, number: i64, place: i64) -> None:
        """Read an EPB again."""
        self.number = number
        self.pos = place + self.u32(place + 4)
        self.ts_ns = self.time_at(place)
        index = self.section_base + self.u32(place + 8)
        self._place(index, place + self.header, self.u32(place + 20), self.u32(place + 24))

    def time_at(self, place: i64) -> i64:
        """The time in an EPB."""
        return self._ns(self.section_base + self.u32(place + 8), self.u32(place + 12), self.u32(place + 16))

    def _enhanced(self, pos: i64, length: i64) -> bool:
        """An Enhanced Packet Block: interface, time, captured, original, octets, options."""
        if length < 32:
            self._unusable("packet block too short")
            return False
        interface = self.u32(pos + 8)
        captured = self.u32(pos + 20)
        if captured > length - 32:
            self._unusable("packet longer than its block")
            return False
        behind = pos + 28 + ((captured + 3) & ~3)
        if behind + 8 <= pos + length:
            options = self._options(behind, pos + length, f"packet {self.number + 1}: ")
            drops = options.number(4)  # epb_dropcount
            if drops is not None:
                self._lost(self.section_base + interface, min(drops, MAX_DROPS))
        return self._packet(interface, self.u32(pos + 12), self.u32(pos + 16), pos + 28, captured, self.u32(pos + 24))

    def _older(self, pos: i64, length: i64, kind: i64) -> bool:
        """Simple and obsolete Packet Blocks."""
        if kind == SPB:
            index = self.section_base
            if length < 16 or index >= len(self.interfaces):
                self._unusable("packet of an interface that is not described")
                return False
            original = self.u32(pos + 8)
            captured = min(original, length - 16)
            snaplen = self.interfaces[index].snaplen
            if 0 < snaplen < captured:
                captured = snaplen
            self.number += 1
            self.ts_ns = NO_TIME
            self._place(index, pos + 12, captured, original)
            return True
        captured = self.u32(pos + 20) if length >= 32 else 0
        if length < 32 or captured > length - 32:
            self._unusable("packet longer than its block")
            return False
        lost = self.u16(pos + 10)
        if lost != 0xFFFF:  # "not known"
            self._lost(self.section_base + self.u16(pos + 8), lost)
        return self._packet(
            self.u16(pos + 8), self.u32(pos + 12), self.u32(pos + 16), pos + 28, captured, self.u32(pos + 24)
        )

    def _lost(self, index: i64, drops: i64) -> None:
        """Add up what packet blocks say was lost before them; that nothing was proves nothing."""
        if drops > 0 and index < len(self.interfaces):
            interface = self.interfaces[index]
            interface.dropped_added = min(max(interface.dropped_added, 0) + drops, MAX_DROPS)

    def _packet(self, interface: i64, high: i64, low: i64, offset: i64, captured: i64, original: i64) -> bool:
        index = self.section_base + interface
        if index >= len(self.interfaces):
            self._unusable("packet of an interface that is not described")
            return False
        self.number += 1
        self.ts_ns = self._ns(index, high, low)
        self._place(index, offset, captured, original)
        return True

    def _ns(self, index: i64, high: i64, low: i64) -> i64:
        """Nanoseconds since the epoch."""
        scale: i64 = self.scales[index]
        if scale and high < EXACT_HIGH:
            return (high << 32 | low) * scale
        return self._time(index, high, low)

    def _place(self, index: i64, offset: i64, captured: i64, original: i64) -> None:
        self.interface = index
        self.link_type = self.interfaces[index].link_type
        self.offset = offset
        self.captured = captured
        self.original = max(captured, original)

    def _time(self, index: i64, high: int, low: int) -> int:
        """Nanoseconds for any if_tsresol and if_tsoffset, in whole numbers.

        Times past 2262 stay at the last one; one before 1970, which no clock of a capture shows, is none.
        """
        units = high << 32 | low
        ns = units * 1_000_000_000 // self.resolutions[index] + self.offsets_s[index] * 1_000_000_000
        return NO_TIME if ns < 0 else min(ns, MAX_TS_NS)

    def _unusable(self, reason: str) -> None:
        """Count a packet block that cannot be used; it keeps its number."""
        self.number += 1
        self.skip(reason)

    def _describe(self, pos: i64, length: i64, kind: i64) -> bool:
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
        elif kind in NUMBERED_BY_WIRESHARK:
            self.other_blocks += 1
        return True

    def _section(self, pos: i64, length: i64) -> bool:
        if length < 28 or self.u32(pos + 8) != 0x1A2B3C4D:
            self.stop("a Section Header Block without its byte-order magic")
            return False
        self.sections += 1
        self.section_base = len(self.interfaces)
        options = self._options(pos + 24, pos + length)
        self.hardware = self.hardware or options.text(2)
        self.os = self.os or options.text(3)
        self.application = self.application or options.text(4)
        return True

    def _options(self, at: i64, end: i64, of: str = "") -> Options:
        """The options from an offset to the end of the block; their comments are kept, as those ``of`` something."""
        options = Options(self.data, at, end - 4, self.big)
        room = MAX_COMMENTS - len(self.comments)
        self.comments += [of + comment for comment in options.comments[: max(room, 0)]]
        return options

    def _interface(self, pos: i64, length: i64) -> None:
        if length < 20 or len(self.interfaces) >= MAX_INTERFACES:
            return
        interface = Interface(self.u16(pos + 8), self.u32(pos + 12))
        options = self._options(pos + 16, pos + length)
        interface.name = options.text(2)
        interface.description = options.text(3)
        interface.os = options.text(12)
        raw_filter = options.values.get(11, b"")
        interface.filter = clean(raw_filter[1:]) if raw_filter[:1] == b"\0" else ""
        self.interfaces.append(interface)
        resolution = options.values.get(9, b"")[:1] or b"\x06"
        exponent = resolution[0] & 0x7F
        units = 2**exponent if resolution[0] & 0x80 else 10**exponent
        offset = options.number(14, signed=True) or 0
        self.resolutions.append(units)
        self.offsets_s.append(offset)
        exact = offset == 0 and units in {1_000_000, 1_000_000_000}
        self.scales.append(1_000_000_000 // units if exact else 0)

    def _statistics(self, pos: i64, length: i64) -> None:
        """An Interface Statistics Block: the newest of an interface counts."""
        if length < 24:
            return
        index = self.section_base + self.u32(pos + 8)
        if index >= len(self.interfaces):
            return
        options = Options(self.data, pos + 20, pos + length - 4, self.big)
        received, dropped, by_system = options.number(4), options.number(5), options.number(7)
        if received is not None:
            self.interfaces[index].received = min(received, MAX_TS_NS)
        if dropped is not None or by_system is not None:
            self.interfaces[index].dropped_told = min((dropped or 0) + (by_system or 0), MAX_TS_NS)
