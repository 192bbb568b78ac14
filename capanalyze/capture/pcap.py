"""pcap files: both byte orders, microseconds and nanoseconds, and the modified variants.

Facts: draft-ietf-opsawg-pcap; the four modified record headers are those that Wireshark's wiretap tells
apart (Kuznetzov's ss991029, SuSE 6.3, Red Hat 6.1, Nokia). Two magics serve for five layouts, so the
layout is chosen by walking the first records. Files put together with ``cat`` are read on.
"""

from itertools import repeat
from struct import Struct
from typing import Any, Final

from librt.strings import read_i64_be, read_i64_le
from librt.vecs import vec
from mypy_extensions import i64

from capanalyze.capture.decoder import MAX_PACKET, Decoder, Interface
from capanalyze.packets.common import COMPILED

HEADER: Final = 24
MAGIC_MICRO: Final = 0xA1B2C3D4
MAGIC_NANO: Final = 0xA1B23C4D
MAGIC_MODIFIED: Final = 0xA1B2CD34

MAX_INTERFACES: Final = 64
"""Link types told apart in one file of many that were put together."""

LAYOUTS: Final = {
    MAGIC_MICRO: ((16, ""), (24, "Red Hat 6.1"), (20, "Nokia")),
    MAGIC_NANO: ((16, "nanoseconds"),),
    MAGIC_MODIFIED: ((24, "Kuznetzov"), (28, "SuSE 6.3")),
}
"""Magic -> octets of a record header and the dialect's name, the likeliest first."""

LARGEST: Final = 262_144
"""Octets captured of a packet at most (libpcap's MAXIMUM_SNAPLEN), unless the file's snapshot length is larger."""

PROBE_RECORDS: Final = 64

ENDS_WELL: Final = 3
"""What it counts for that the file ends with a record: as much as a record."""

YEARS: Final = 10 * 365 * 86400
"""Seconds in ten years."""

PROBED: Final = 1 << 20
"""Octets after the header of an appended file by which its dialect is chosen."""

VERSION_2_4: Final = (b"\2\0\4\0", b"\0\2\0\4")

LINK_TYPE_BITS: Final = 0x03FFFFFF
"""The other six bits of the header's last field tell how many FCS octets each packet ends with."""

RECORD_LITTLE: Final = Struct("<IIII")
RECORD_BIG: Final = Struct(">IIII")

CAPTURED_LITTLE: Final = Struct("<8xI")
CAPTURED_BIG: Final = Struct(">8xI")

Record = tuple[i64, i64, i64, i64]
"""Seconds, fraction, captured octets, original octets."""


def byte_order(head: bytes) -> str:
    """Say "little" or "big" where the first four octets are a pcap magic, else the empty string."""
    for order in ("little", "big"):
        if int.from_bytes(head[:4], "little" if order == "little" else "big") in LAYOUTS:
            return order
    return ""


def walk(data: bytes, big: bool, header: i64, fractions: i64, complete: bool) -> i64:
    """How well records with that header length fit: three for each whole record, and ENDS_WELL.

    It is one less where an impossible record follows. A record without octets counts for nothing: in a run of zeros
    every layout finds them. Nor does one that lies YEARS from the first: a length is read as a time where the layout is
    another. ``complete``: ``data`` is the whole file.
    """
    pos: i64 = HEADER
    fit: i64 = 0
    first: i64 = -1
    size = len(data)
    for _ in range(PROBE_RECORDS):
        if pos + 16 > size:
            break
        times = read_i64_be(data, pos) if big else read_i64_le(data, pos)
        lengths = read_i64_be(data, pos + 8) if big else read_i64_le(data, pos + 8)
        fraction = times & 0xFFFFFFFF if big else (times >> 32) & 0xFFFFFFFF
        seconds = (times >> 32) & 0xFFFFFFFF if big else times & 0xFFFFFFFF
        captured = (lengths >> 32) & 0xFFFFFFFF if big else lengths & 0xFFFFFFFF
        original = lengths & 0xFFFFFFFF if big else (lengths >> 32) & 0xFFFFFFFF
        if fraction >= fractions or captured > MAX_PACKET or captured > original:
            return fit - 1
        pos += header + captured
        first = seconds if first < 0 else first
        fit += 3 if captured and pos <= size and -YEARS < seconds - first < YEARS else 0
    return fit + (ENDS_WELL if pos == size and complete else 0)


class PcapDecoder(Decoder):
    """Records of a pcap file.

    Args:
        head: the first octets of the file, at least 24, as many as are at hand: the dialect is chosen by them.
        complete: ``head`` is the whole file.
    """

    def __init__(self, head: bytes, complete: bool) -> None:
        super().__init__()
        self.format = "pcap"
        self.big: bool = False
        self.unpack_record: Any = RECORD_LITTLE.unpack_from
        self.scale: i64 = 1000
        self.header = 16
        self.magic: bytes = b""
        self.begin(head, complete)
        self.data = head
        self.pos = HEADER

    def begin(self, head: bytes, complete: bool) -> None:
        """Read a file header, and choose the dialect by what follows it."""
        self.big = byte_order(head) == "big"
        self.unpack_record = (RECORD_BIG if self.big else RECORD_LITTLE).unpack_from
        numbers = [int.from_bytes(head[at : at + 4], "big" if self.big else "little") for at in range(0, HEADER, 4)]
        magic, link_type = numbers[0], numbers[5] & LINK_TYPE_BITS
        nano = magic == MAGIC_NANO
        self.scale = 1 if nano else 1000
        best: i64 = -2  # less than any fit
        layouts = LAYOUTS[magic] if head[:4] != self.magic else ()  # files put together are alike
        self.magic = head[:4]
        for header, dialect in layouts:
            fit = walk(head, self.big, header, 1_000_000_000 if nano else 1_000_000, complete)
            if fit > best:
                best = fit
                self.header = header
                self.dialect = dialect
        self.interface = self._interface(link_type)
        if self.interface == len(self.interfaces):
            self.interfaces.append(Interface(link_type, numbers[4]))
        self.link_type = link_type

    def _interface(self, link_type: i64) -> i64:
        """The interface of that link type; the one after all where there is none yet."""
        at: i64 = 0
        while at < len(self.interfaces) and (
            self.interfaces[at].link_type != link_type and len(self.interfaces) < MAX_INTERFACES
        ):
            at += 1
        return min(at, len(self.interfaces))

    def _joined(self) -> bool:
        """Whether another file was appended here (``cat a.pcap b.pcap``): the headers of such files are stepped over.

        As a record a header would be one of the year 2055 or later without octets.
        """
        start = self.pos
        while True:
            pos = self.pos
            head = self.data[pos : pos + HEADER]
            if head[8:16] != bytes(8) or head[4:8] not in VERSION_2_4 or not byte_order(head):
                return self.pos != start
            if len(head) < HEADER:
                self.need = HEADER
                return True
            self.begin(self.data[pos : pos + PROBED], False)
            self.pos = pos + HEADER

    def advance(self) -> bool:
        """Parse the next record header; False when the record is not whole in the buffer yet."""
        data = self.data
        pos = self.pos
        room = len(data) - pos
        if room < self.header:
            self.need = self.header
            return False
        if COMPILED and not self.big:  # the first assignment gives the four their native type
            seconds, fraction, captured, original = read_record_little(data, pos)
        elif COMPILED:
            seconds, fraction, captured, original = read_record_big(data, pos)
        else:
            seconds, fraction, captured, original = self.unpack_record(data, pos)
        if captured == 0 and original == 0 and self._joined():
            return self.pos != pos and self.advance()
        if room < self.header + captured:
            if captured > MAX_PACKET:
                self.stop(f"a record claims {captured} octets: damaged, or not a record,")
                return False
            self.need = self.header + captured
            return False
        if captured == 0 and original == 0 and seconds == 0 and fraction == 0:
            self.stop("nothing but zeros")
            return False
        self.ts_ns = seconds * 1_000_000_000 + fraction * self.scale
        self.captured = captured
        self.original = max(captured, original)
        self.offset = pos + self.header
        self.pos = pos + self.header + captured
        self.number += 1
        return True

    def finish(self) -> None:
        """No more octets will come: a record that claims more than anything captures is none that was cut."""
        claimed = self.need - self.header
        rest = len(self.data) - self.pos + self.waiting_octets
        if rest and not self.damage and claimed > max(LARGEST, self.interfaces[self.interface].snaplen):
            self.stop(f"a record claims {claimed} octets: damaged, or not a record,")
        super().finish()

    def places(self, shortest: i64) -> tuple[list[int], list[int]]:
        """The whole records after the current one with at least so many octets."""
        unpack = (CAPTURED_BIG if self.big else CAPTURED_LITTLE).unpack_from
        data, header, pos = self.data, self.header, self.pos
        places: list[int] = []
        last = len(data) - header - shortest
        while pos <= last:
            (captured,) = unpack(data, pos)
            if captured < shortest:
                break
            places.append(pos)
            pos += header + captured
        self.pass_over(places, pos)
        return places, [*places[1:], self.pos] if places else []

    def ahead(self, starts: vec[i64]) -> i64:
        """Where the packets of the next records begin."""
        data, pos, last = self.data, self.pos, len(self.data) - self.header
        number: i64 = 0
        while pos <= last and number < len(starts):
            lengths = read_i64_be(data, pos + 8) >> 32 if self.big else read_i64_le(data, pos + 8)
            starts[number] = pos + self.header
            pos += self.header + (lengths & 0xFFFFFFFF)
            number += 1
        return number

    def go_back(self, number: i64, place: i64) -> None:
        """Read a record header again."""
        seconds, fraction, captured, original = self.unpack_record(self.data, place)
        self.number = number
        self.ts_ns = seconds * 1_000_000_000 + fraction * self.scale
        self.offset = place + self.header
        self.captured = captured
        self.original = max(captured, original)
        self.pos = self.offset + captured

    def time_at(self, place: i64) -> i64:
        """The time in a record header."""
        seconds, fraction, _, _ = self.unpack_record(self.data, place)
        return int(seconds * 1_000_000_000 + fraction * self.scale)

    def times_at(self, places: list[int]) -> list[int]:
        """The times in several."""
        records = map(self.unpack_record, repeat(self.data), places)
        scale: int = self.scale
        return [seconds * 1_000_000_000 + fraction * scale for seconds, fraction, _, _ in records]


def read_record_little(data: bytes, pos: i64) -> Record:
    """The four numbers of a little-endian record header, by fixed-width words (see packets/common.py)."""
    times = read_i64_le(data, pos)
    lengths = read_i64_le(data, pos + 8)
    return times & 0xFFFFFFFF, (times >> 32) & 0xFFFFFFFF, lengths & 0xFFFFFFFF, (lengths >> 32) & 0xFFFFFFFF


def read_record_big(data: bytes, pos: i64) -> Record:
    """The same in big endian."""
    times = read_i64_be(data, pos)
    lengths = read_i64_be(data, pos + 8)
    return (times >> 32) & 0xFFFFFFFF, times & 0xFFFFFFFF, (lengths >> 32) & 0xFFFFFFFF, lengths & 0xFFFFFFFF
