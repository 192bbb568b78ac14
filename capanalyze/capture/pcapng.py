"""pcapng files: packets in three kinds of block, of either byte order.

Facts: draft-ietf-opsawg-pcapng. EPB, SPB and the obsolete PB (OPB) are packets; what describes them is read by
pcapng_sections.py; everything else is stepped over by its length.
"""

from struct import Struct
from typing import Final

from librt.vecs import vec
from mypy_extensions import i64

from capanalyze.capture.decoder import MAX_PACKET
from capanalyze.capture.pcapng_codes import COMMENT, END_OF_OPTIONS, EPB, EPB_DROPCOUNT, IDB, ISB, OPB, SHB, SPB
from capanalyze.capture.pcapng_sections import MAGIC_BIG, MAX_TS_NS, PcapngSections
from capanalyze.packets.raw import NO_TIME

ENHANCED_LITTLE: Final = Struct("<IIII4xI")
ENHANCED_BIG: Final = Struct(">IIII4xI")
"""Type, length, interface, upper half of the time, captured octets of an EPB."""

SHORTEST: Final = 32
"""Octets of an EPB without packet and options."""

WITHOUT_OPTIONS: Final = (32, 35, 34, 33)
"""Octets of an EPB without options beyond those captured, by the last two bits of their number."""

MAY_END_ODD: Final = (SHB, IDB, OPB, SPB, ISB, EPB)
"""Blocks that are taken for such though their length is no multiple of 4: Wireshark reads them, too."""

EXACT_HIGH: Final = 0x200000
"""Upper 32 bits of a time from which on 1000 ns each might overflow 64 bits."""

SECOND: Final = 1_000_000_000

MAX_DROPS: Final = 1 << 60
"""More lost packets than any file tells of in earnest."""


class PcapngDecoder(PcapngSections):
    """Blocks of a pcapng file, fed in pieces."""

    def __init__(self) -> None:
        super().__init__()
        self.format = "pcapng"
        self.header = 28
        self._silent: bytes = b""  # the newest options that said nothing: those of the next packet are often the same

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
                self.big = self.data[pos + 8 : pos + 12] == MAGIC_BIG
                self._silent = b""  # the same octets may say something in the other order
            length = self.u32(pos + 4)
            if length < 12 or length & 3 or length > MAX_PACKET:
                length = self._padded(pos, kind, length, room)
                if length == 0:
                    self.stop(f"a block claims {self.u32(pos + 4)} octets: damaged, or not a block,")
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
            elif not self.describe(pos, length, kind):
                return False

    def _padded(self, pos: i64, kind: i64, length: i64, room: i64) -> i64:
        """The octets of a block whose length leaves out its padding, as some writers do; 0 where it is no block."""
        padded = (length + 3) & ~3
        if length < 12 or length > MAX_PACKET or kind not in MAY_END_ODD:
            return 0
        return padded if room < padded or self.u32(pos + padded - 4) in (length, padded) else 0

    def places(self, shortest: i64) -> tuple[list[int], list[int]]:
        """The whole, ordinary EPBs after the current packet, of interfaces of the same link type."""
        unpack = (ENHANCED_BIG if self.big else ENHANCED_LITTLE).unpack_from
        data, ahead, pos = self.data, self.header, self.pos
        alike = self._alike()
        places: list[int] = []
        ends: list[int] = []
        last = len(data) - SHORTEST - shortest
        while pos <= last:
            kind, length, interface, high, captured = unpack(data, pos)
            if kind != EPB or high >= alike.get(interface, 0) or captured < shortest:
                break
            if length - captured != WITHOUT_OPTIONS[captured & 3] and (
                length & 3
                or length > MAX_PACKET
                or length < captured + SHORTEST
                or pos + length > len(data)
                or not self._says_nothing(pos + ahead + ((captured + 3) & ~3), pos + length - 4)
            ):
                break
            places.append(pos)
            ends.append(pos + ahead + captured)
            pos += length
        self.pass_over(places, pos)
        return places, ends[: len(places)]

    def _alike(self) -> dict[int, int]:
        """Interfaces of the current packet's link type -> the upper half of the first time that may be out of range."""
        first = self.section_base
        return {
            index - first: (MAX_TS_NS // SECOND - self.offsets_s[index]) * self.resolutions[index] >> 32
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
        after = pos + 28 + ((captured + 3) & ~3)
        if after + 8 <= pos + length and not self._says_nothing(after, pos + length - 4):
            options = self.options(after, pos + length, f"packet {self.number + 1}: ")
            drops = options.number(EPB_DROPCOUNT)
            if drops is not None:
                self._lost(self.section_base + interface, min(drops, MAX_DROPS))
        return self._packet(interface, self.u32(pos + 12), self.u32(pos + 16), pos + 28, captured, self.u32(pos + 24))

    def _says_nothing(self, at: i64, end: i64) -> bool:
        """Whether the options of a packet hold neither of those that are told: comments and drops."""
        if self.data[at:end] == self._silent:
            return True
        start = at
        while at + 4 <= end:
            code, size = self.u16(at), self.u16(at + 2)
            if code in (COMMENT, EPB_DROPCOUNT):
                return False
            if code == END_OF_OPTIONS or at + 4 + size > end:
                break
            at += 4 + ((size + 3) & ~3)
        self._silent = self.data[start:end]
        return True

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
        self.options(pos + 28 + ((captured + 3) & ~3), pos + length, f"packet {self.number + 1}: ")
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
        """A time; one before 1970 or past 2262, which no clock of a capture shows, is none."""
        ns = self.in_ns(index, high << 32 | low)
        return ns if 0 <= ns <= MAX_TS_NS else NO_TIME

    def _unusable(self, reason: str) -> None:
        """Count a packet block that cannot be used; it keeps its number."""
        self.number += 1
        self.skip(reason)
