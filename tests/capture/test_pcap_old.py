"""pcap files of versions before 2.4, whose records have their lengths the other way round; AIX's among them."""

from __future__ import annotations

import struct
import subprocess
from pathlib import Path

import pytest

from capanalyze.capture.decoder import MAX_PACKET
from tests.capture.octets import MICRO, read
from tests.capture.wrappers import MACS
from tests.conversation import Conversation

DATAGRAM = Conversation(("10.0.0.1", 7), ("10.0.0.2", 4001)).client.syn().packets[0].datagram()
FRAME = MACS + b"\x08\0" + DATAGRAM
START = 1_000_000_000


def old(
    frames: list[bytes],
    version: tuple[int, int] = (2, 2),
    network: int = 1,
    order: str = "<",
    swapped: bool = True,
    cut: int = 0,
) -> bytes:
    """A file with a packet a second, each captured but for its last ``cut`` octets."""
    out = [struct.pack(order + "IHHiIII", MICRO, *version, 0, 0, 65535, network)]
    for at, frame in enumerate(frames):
        captured, original = len(frame) - cut, len(frame)
        lengths = (original, captured) if swapped else (captured, original)
        out += [struct.pack(order + "IIII", START + at, 123_456, *lengths), frame[:captured]]
    return b"".join(out)


def by_tshark(data: bytes, folder: Path) -> list[list[str]]:
    """Time, captured and original length and protocols of each packet."""
    path = folder / "old.pcap"
    path.write_bytes(data)
    fields = [f"-eframe.{name}" for name in ("time_epoch", "cap_len", "len", "protocols")]
    done = subprocess.run(["tshark", "-r", path, "-Tfields", *fields], capture_output=True, text=True, check=True)
    return [line.split("\t") for line in done.stdout.splitlines()]


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("cut", [0, 10])
@pytest.mark.parametrize(
    ("version", "swapped"),
    [((2, 0), True), ((2, 1), True), ((2, 2), True), ((2, 3), True), ((2, 3), False), ((543, 0), True)],
)
def test_the_lengths_of_an_old_version_are_read_as_tshark_reads_them(
    version: tuple[int, int], swapped: bool, cut: int, order: str, tmp_path: Path
) -> None:
    data = old([FRAME, FRAME + b"more", FRAME], version, 1, order, swapped, cut)

    found, file = read(data)

    told = [[f"{one.ts_ns / 10**9:.6f}", str(len(one.data)), str(one.original)] for one in found]
    assert told == [[f"{float(row[0]):.6f}", *row[1:3]] for row in by_tshark(data, tmp_path)]
    assert [one.data for one in found] == [frame[: len(frame) - cut] for frame in (FRAME, FRAME + b"more", FRAME)]
    assert file.decoder.damage == ""


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    ("network", "link_type", "padding"), [(6, 1, b""), (9, 6, b""), (15, 10, b"\0\0\0"), (24, 0, b"")]
)
def test_what_tcpdump_of_aix_writes(network: int, link_type: int, padding: bytes, order: str, tmp_path: Path) -> None:
    data = old([padding + FRAME, padding + FRAME], network=network, order=order)

    found, file = read(data)

    assert [(one.ts_ns, one.link_type, one.data, one.original) for one in found] == [
        (START * 10**9 + 123_456, link_type, FRAME, len(FRAME)),
        ((START + 1) * 10**9 + 123_456, link_type, FRAME, len(FRAME)),
    ]
    assert file.decoder.interfaces[0].link_type == link_type
    assert [row[1:3] for row in by_tshark(data, tmp_path)] == [[str(len(FRAME))] * 2] * 2


@pytest.mark.parametrize("step", [1, 7, 100])
def test_the_size_of_the_pieces_does_not_matter(step: int) -> None:
    frames = [FRAME + bytes((at,)) * at for at in range(50)]

    found, file = read(old(frames, cut=3)[:-1], step)

    assert [one.data for one in found] == [frame[:-3] for frame in frames[:-1]]
    assert file.decoder.damage.startswith("cut in the record after packet 49, ")


def test_an_absurd_length_ends_the_capture_at_once() -> None:
    absurd = struct.pack("<IIII", START, 0, 60, MAX_PACKET + 1)

    found, file = read(old([FRAME]) + absurd + bytes(1000))

    assert len(found) == 1
    assert file.decoder.damage.startswith(f"a record claims {MAX_PACKET + 1} octets")


def test_a_tail_of_zeros_is_no_list_of_packets() -> None:
    found, file = read(old([FRAME]) + bytes(1000))

    assert (len(found), file.decoder.damage.startswith("nothing but zeros")) == (1, True)
