"""Recordings of the same time, made of one capture."""

from pathlib import Path

from tests.capture.octets import read_path
from tests.conversation import pcap_of_frames


def dealt_out(path: Path, folder: Path) -> list[Path]:
    """The packets of a capture in turn in two files; all of them are of one link type."""
    found, _ = read_path(path)
    halves = [folder / name for name in ("one", "other")]
    for half, start in zip(halves, (0, 1), strict=True):
        packets = [(packet.ts_ns, packet.data, packet.original) for packet in found[start::2]]
        half.write_bytes(pcap_of_frames(packets, found[0].link_type))
    return halves
