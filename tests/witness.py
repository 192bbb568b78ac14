"""tshark as a witness: what it reads of each TCP segment, and the facts that follow from these fields alone.

Nothing here uses capanalyze: the octets of a side are counted as a set of sequence numbers.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

FIN, SYN, RST = 0x01, 0x02, 0x04
MASK = 0xFFFFFFFF

WORDS = (
    "retransmission",
    "fast_retransmission",
    "spurious_retransmission",
    "out_of_order",
    "lost_segment",
    "ack_lost_segment",
    "duplicate_ack",
    "keep_alive",
    "keep_alive_ack",
    "zero_window",
    "zero_window_probe",
    "zero_window_probe_ack",
    "window_update",
    "window_full",
    "reused_ports",
)
FIELDS = (
    "frame.number",
    "tcp.stream",
    "ip.src",
    "ipv6.src",
    "tcp.srcport",
    "ip.dst",
    "ipv6.dst",
    "tcp.dstport",
    "tcp.flags",
    "tcp.seq_raw",
    "tcp.ack_raw",
    "tcp.len",
    *(f"tcp.analysis.{word}" for word in WORDS),
)


@dataclass
class WitnessedSegment:
    """A segment as tshark dissects it."""

    frame: int
    stream: int
    source: tuple[str, int]
    target: tuple[str, int]
    flags: int
    seq: int
    ack: int
    length: int
    words: frozenset[str]


@dataclass
class WitnessedStream:
    """A TCP stream by tshark's numbering."""

    number: int
    segments: list[WitnessedSegment] = field(default_factory=list)

    def first(self, flag: int) -> tuple[int, tuple[str, int]] | None:
        """Frame and sender of the first segment with a flag."""
        return next(((one.frame, one.source) for one in self.segments if one.flags & flag), None)

    def octets(self, source: tuple[str, int]) -> int:
        """Unique octets of a side: no keep-alive garbage, no RST payload, nothing behind its own FIN."""
        mine = [one for one in self.segments if one.source == source and not one.flags & RST]
        at, ranges, fin = None, [], None
        for one in mine:
            start = (one.seq + bool(one.flags & SYN)) & MASK
            at = start if at is None else at + ((start - at + 0x80000000) & MASK) - 0x80000000
            if one.length and "keep_alive" not in one.words:
                ranges.append((at, at + one.length))
            if one.flags & FIN and fin is None:
                fin = at + one.length
        total, reached = 0, None
        for start, end in sorted(ranges):
            low = start if reached is None else max(start, reached)
            high = end if fin is None else min(end, fin)
            if high > low:
                total += high - low
                reached = high
        return total


@cache
def segments(path: Path) -> tuple[WitnessedSegment, ...]:
    """The TCP segments of a file; of an encapsulated one the innermost."""
    command = ["tshark", "-r", str(path), "-n", "-T", "fields", "-E", "separator=/t", "-E", "occurrence=l", "-Y", "tcp"]
    for name in FIELDS:
        command += ["-e", name]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    found = []
    for line in done.stdout.splitlines():
        cells = dict(zip(FIELDS, line.split("\t"), strict=True))
        if not cells["tcp.flags"] or not cells["tcp.seq_raw"]:
            continue
        found.append(
            WitnessedSegment(
                int(cells["frame.number"]),
                int(cells["tcp.stream"]),
                (cells["ip.src"] or cells["ipv6.src"], int(cells["tcp.srcport"])),
                (cells["ip.dst"] or cells["ipv6.dst"], int(cells["tcp.dstport"])),
                int(cells["tcp.flags"], 16),
                int(cells["tcp.seq_raw"]),
                int(cells["tcp.ack_raw"] or 0),
                int(cells["tcp.len"] or 0),
                words({word for word in WORDS if cells[f"tcp.analysis.{word}"]}),
            )
        )
    return tuple(found)


def words(found: set[str]) -> frozenset[str]:
    """tshark adds "retransmission" to the special kinds of it."""
    special = found & {"fast_retransmission", "spurious_retransmission"}
    return frozenset(found - {"retransmission"} if special else found)


def streams(path: Path) -> list[WitnessedStream]:
    """The TCP streams of a file, in order."""
    found: dict[int, WitnessedStream] = {}
    for one in segments(path):
        found.setdefault(one.stream, WitnessedStream(one.stream)).segments.append(one)
    return [found[number] for number in sorted(found)]
