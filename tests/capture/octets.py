"""Capture files as octets, written straight from the formats' descriptions, and what the readers make of them."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from capanalyze.capture.decoder import Decoder
from capanalyze.capture.files import CaptureFile, from_bytes, open_file

ROOT = Path(__file__).resolve().parents[2]
MICRO, NANO, MODIFIED = 0xA1B2C3D4, 0xA1B23C4D, 0xA1B2CD34
SHB, IDB, OPB, SPB, NRB, ISB, EPB = 0x0A0D0D0A, 1, 2, 3, 4, 5, 6
JOURNAL, DSB, CUSTOM, CUSTOM_NO_COPY = 9, 10, 0xBAD, 0x40000BAD


class Record(NamedTuple):
    """A packet as a reader gave it."""

    number: int
    ts_ns: int
    interface: int
    link_type: int
    data: bytes
    original: int


class Trickle(io.BytesIO):
    """A stream that gives at most ``step`` octets at a time, as a pipe may."""

    def __init__(self, data: bytes, step: int) -> None:
        super().__init__(data)
        self.step = step

    def read(self, size: int | None = -1) -> bytes:
        return super().read(self.step if size is None or size < 0 else min(size, self.step))


def current(window: Decoder) -> Record:
    """The packet that a reader stands at."""
    octets = window.data[window.offset : window.offset + window.captured]
    return Record(window.number, window.ts_ns, window.interface, window.link_type, octets, window.original)


def records(file: CaptureFile) -> list[Record]:
    """Every packet of a file, to its end."""
    found = []
    for window in file.windows():
        while window.advance():
            found.append(current(window))
    return found


def by_places(file: CaptureFile, hold_every: int = 0, shortest: int = 1) -> Iterator[Record]:
    """As the analyzer's loop for the interpreter goes through a file; each n-th packet is kept back once."""
    seen = 0
    for window in file.windows():
        window.holds = hold_every > 0
        while window.advance():
            data, link_type, first = window.data, window.link_type, window.number
            yield current(window)
            places, ends = window.places(shortest)
            behind = window.number
            for number, (place, end) in enumerate(zip(places, ends, strict=True), first + 1):
                window.go_back(number, place)
                assert (window.data, window.link_type, window.offset + window.captured) == (data, link_type, end)
                assert (window.offset, window.ts_ns) == (place + window.header, window.time_at(place))
                assert window.captured >= shortest
                yield current(window)
                seen += 1
                if hold_every and seen % hold_every == 0 and window.hold("anything"):
                    window.resume()
                    break
            else:
                assert window.number == behind


def read(data: bytes, step: int = 0) -> tuple[list[Record], CaptureFile]:
    """The packets of a capture in memory, fed in pieces of ``step`` octets (0: all at once)."""
    file = CaptureFile("octets", Trickle(data, step), "octets") if step else from_bytes(data)
    return records(file), file


def read_path(path: Path) -> tuple[list[Record], CaptureFile]:
    """The packets of a capture on disk."""
    file = open_file(str(path))
    return records(file), file


def pcap(
    packets: Iterable[tuple[int, int, bytes]],
    order: str = "<",
    magic: int = MICRO,
    extra: bytes = b"",
    network: int = 1,
    original: int = 0,
) -> bytes:
    """A pcap file of packets (seconds, fraction, octets); ``extra`` stands behind the 16 octets of each header."""
    out = [struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 262144, network)]
    for seconds, fraction, octets in packets:
        out.append(struct.pack(order + "IIII", seconds, fraction, len(octets), original or len(octets)))
        out += [extra, octets]
    return b"".join(out)


def block(order: str, kind: int, body: bytes) -> bytes:
    """A pcapng block."""
    body += b"\0" * (-len(body) % 4)
    return struct.pack(order + "II", kind, len(body) + 12) + body + struct.pack(order + "I", len(body) + 12)


def option(order: str, code: int, value: bytes) -> bytes:
    """An option of a pcapng block."""
    return struct.pack(order + "HH", code, len(value)) + value + b"\0" * (-len(value) % 4)


def section(order: str, options: bytes = b"") -> bytes:
    """A Section Header Block."""
    return block(order, SHB, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1) + options)


def interface(order: str, link_type: int = 1, snaplen: int = 0, options: bytes = b"") -> bytes:
    """An Interface Description Block."""
    return block(order, IDB, struct.pack(order + "HHI", link_type, 0, snaplen) + options)


def packet(order: str, octets: bytes, ticks: int, index: int = 0, original: int = 0, options: bytes = b"") -> bytes:
    """An Enhanced Packet Block."""
    head = struct.pack(order + "IIIII", index, ticks >> 32, ticks & 0xFFFFFFFF, len(octets), original or len(octets))
    return block(order, EPB, head + octets + b"\0" * (-len(octets) % 4) + options)


def old_packet(order: str, octets: bytes, ticks: int, index: int = 0, original: int = 0) -> bytes:
    """An obsolete Packet Block."""
    head = struct.pack(
        order + "HHIIII", index, 0xFFFF, ticks >> 32, ticks & 0xFFFFFFFF, len(octets), original or len(octets)
    )
    return block(order, OPB, head + octets)


def simple_packet(order: str, octets: bytes, original: int = 0) -> bytes:
    """A Simple Packet Block."""
    return block(order, SPB, struct.pack(order + "I", original or len(octets)) + octets)


def all_captures() -> list[Path]:
    """Every capture file of the project, compressed ones included."""
    folders = (ROOT / "captures", ROOT / "tests" / "cases" / "crafted", ROOT / "tests" / "cases" / "variants")
    return [
        path for folder in folders for path in sorted(folder.iterdir()) if path.suffix in {".pcap", ".pcapng", ".gz"}
    ]
