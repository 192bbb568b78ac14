"""Captures with a great many connections, and how much memory the command takes for one."""

import gc
import os
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from capanalyze.analyzer import Analyzer
from capanalyze.capture.files import from_bytes
from tests.conversation import ACK, FIN, SYN

MOST_MB = 100
"""What the command needs at most, whatever the capture."""

HELLO = b"API\0\0\0\0\x09v100..187"
VERSION = b"\0\0\0\x1a187\x0020240612 10:00:00 EST\0"
TICK = b"\0\0\0\x0e" + b"1\x006\x001\x001\x005.0\x003\0"
GATEWAY = (bytes([10, 0, 0, 1]), 4001)

Segment = tuple[tuple[bytes, int], tuple[bytes, int], int, int, int, bytes, int]


def client(number: int) -> tuple[bytes, int]:
    return bytes([10, 1 + (number >> 16), number >> 8 & 255, number & 255]), 40_000


def opening(number: int) -> Iterator[Segment]:
    """A handshake."""
    yield client(number), GATEWAY, 100, 0, SYN, b"", 0
    yield GATEWAY, client(number), 900, 101, SYN | ACK, b"", 0
    yield client(number), GATEWAY, 101, 901, ACK, b"", 0


def sessions(number: int) -> Iterator[Segment]:
    """Sessions that are all open at the same time, each with messages."""
    for one in range(number):
        yield from opening(one)
    for one in range(number):
        yield client(one), GATEWAY, 101, 901, ACK, HELLO, 0
        yield GATEWAY, client(one), 901, 101 + len(HELLO), ACK, VERSION + TICK, 0
        yield GATEWAY, client(one), 901 + len(VERSION + TICK), 101 + len(HELLO), ACK, TICK[:9], 0


def finished(number: int) -> Iterator[Segment]:
    """Connections one after another, each closed by its client behind the hello."""
    for one in range(number):
        yield from opening(one)
        yield client(one), GATEWAY, 101, 901, ACK, HELLO, 0
        yield client(one), GATEWAY, 101 + len(HELLO), 901, FIN | ACK, b"", 0
        yield GATEWAY, client(one), 901, 102 + len(HELLO), FIN | ACK, b"", 0
        yield client(one), GATEWAY, 102 + len(HELLO), 902, ACK, b"", 0


def flood(number: int) -> Iterator[Segment]:
    """SYNs that nothing answers, each from another client."""
    for one in range(number):
        yield client(one), GATEWAY, 100, 0, SYN, b"", 0


def beginnings(number: int) -> Iterator[Segment]:
    """Connections that say a few octets of a hello each."""
    for one in range(number):
        yield from opening(one)
        for at in range(3):
            yield client(one), GATEWAY, 101 + at, 901, ACK, HELLO[at : at + 1], 0


def strangers(number: int) -> Iterator[Segment]:
    """Connections from before the capture, with octets in which no frames are found."""
    for one in range(number):
        for at in range(4):
            yield client(one), GATEWAY, 101 + at * 800, 901, ACK, b"\xee\0\0\0" * 200, 0


def text(*fields: object) -> bytes:
    """A message of fields."""
    payload = b"".join(str(field).encode() + b"\0" for field in fields)
    return struct.pack(">I", len(payload)) + payload


START = text(71, 2, 0, "")
READY = text(15, 1, "DU1") + text(9, 1, 1)
REQUEST = text(1, 11, 1000, 0, "ES", "FUT", "202409", "0.0", "", "", "CME", "", "USD", "", "", 0, "", 0, 0, "")
CLIENT = 101 + len(HELLO + START)
SERVER = 901 + len(VERSION + READY)


def ready(number: int) -> Iterator[Segment]:
    """Sessions that are all open and ready at the same time; what comes next is at CLIENT and SERVER."""
    for one in range(number):
        yield from opening(one)
    for one in range(number):
        yield client(one), GATEWAY, 101, 901, ACK, HELLO, 0
        yield GATEWAY, client(one), 901, 101 + len(HELLO), ACK, VERSION, 0
        yield client(one), GATEWAY, 101 + len(HELLO), 901 + len(VERSION), ACK, START, 0
        yield GATEWAY, client(one), 901 + len(VERSION), CLIENT, ACK, READY, 0


def damaged(number: int) -> Iterator[Segment]:
    """The same, and then all that can be odd about them: requests that wait, cut frames, holes, half a close."""
    yield from ready(number)
    asked = CLIENT + len(REQUEST)
    for one in range(number):
        yield client(one), GATEWAY, CLIENT, SERVER, ACK, REQUEST + REQUEST[:30], 0
        yield client(one), GATEWAY, asked + 130, SERVER, ACK, REQUEST[:40], 0
        yield GATEWAY, client(one), SERVER, asked, ACK, TICK + TICK[:9], 0
        yield GATEWAY, client(one), SERVER + 200, asked, ACK, TICK + TICK[:9], 0
    for one in range(number):
        yield client(one), GATEWAY, asked + 170, SERVER + 300, ACK, REQUEST[:20], 0
        yield GATEWAY, client(one), SERVER + 400, asked + 190, ACK, TICK + TICK[:9], 0
        yield client(one), GATEWAY, asked + 190, SERVER + 433, ACK | FIN, b"", 0
    for one in range(number):
        yield GATEWAY, client(one), SERVER + 433, asked + 191, ACK, b"", 0
        yield GATEWAY, client(one), SERVER + 600, asked + 191, ACK, TICK + TICK[:9], 0


def told(number: int) -> Iterator[Segment]:
    """Sessions, of each of which there is more to be listed than is kept: holes, notes, events, lost places."""
    yield from ready(number)
    for at in range(0, 130 * 200, 200):
        for one in range(number):
            yield client(one), GATEWAY, CLIENT + at + 100, SERVER + at, ACK, REQUEST, 0
            yield GATEWAY, client(one), SERVER + at + 100, CLIENT + at + 100, ACK, text(4, 2, one, 200, "x" * 30), 0


def holes(number: int) -> Iterator[Segment]:
    """Connections whose every segment lies behind another hole."""
    for one in range(number // 4):
        yield from opening(one)
        for at in range(20):
            yield client(one), GATEWAY, 202 + at * 100, 901, ACK, b"x", 0


def vlans(number: int) -> Iterator[Segment]:
    """The same SYN in every VLAN, from ever more clients."""
    for one in range(3 * number):
        yield client(one // 4095), GATEWAY, 100, 0, SYN, b"", 1 + one % 4094


def capture(segments: Iterator[Segment]) -> Iterator[bytes]:
    """A pcap of them, in pieces."""
    yield struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1)
    for at, (source, target, seq, ack, flags, payload, vlan) in enumerate(segments):
        tcp = struct.pack(">HHIIBBHHH", source[1], target[1], seq, ack, 0x50, flags, 65000, 0, 0) + payload
        ip = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(tcp), at & 0xFFFF, 0, 64, 6, 0) + source[0] + target[0]
        kind = struct.pack(">HHH", 0x8100, vlan, 0x0800) if vlan else b"\x08\0"
        frame = bytes(12) + kind + ip + tcp
        yield struct.pack("<IIII", 1_700_000_000 + at // 1000, at % 1000 * 1000, len(frame), len(frame)) + frame


def analysed(crowd: Iterator[Segment]) -> Analyzer:
    """What an analyzer makes of a crowd, before ``finish``."""
    analyzer = Analyzer()
    for window in from_bytes(b"".join(capture(crowd))).windows():
        analyzer.feed(window)
    return analyzer


MEASURED = """
import resource, subprocess, sys
subprocess.run([sys.executable, *sys.argv[1:]], stdout=subprocess.DEVNULL, check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
"""Runs a command from a small process: a child's peak counts what its parent had when it was forked."""


READ = ("read", "--format", "json", "--all")


def peak_mb(package: Path, *paths: Path, command: tuple[str, ...] = READ) -> float:
    """The peak resident set in MB of a command of capanalyze on a capture, by the package in that folder."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, "-m", "capanalyze", *command, *map(str, paths)],
        cwd=package,
        env=dict(os.environ, PYTHONPATH=str(package)),
        capture_output=True,
        text=True,
        check=True,
    )
    return int(done.stdout) / 1024


def living(kind: type) -> int:
    """How many objects of a kind are alive; those of reports that tests before this one keep, too."""
    return sum(isinstance(one, kind) for one in gc.get_objects())


def written(crowd: Iterator[Segment], path: Path) -> Path:
    """The file with a crowd."""
    with path.open("wb") as file:
        file.writelines(capture(crowd))
    return path
