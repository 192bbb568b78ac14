"""The readers against Wireshark's: every packet of every capture, with its number, time, link type and lengths."""

from __future__ import annotations

import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

from capanalyze.packets.raw import NO_TIME
from tests.capture.octets import all_captures, read_path

READABLE = [path for path in all_captures() if path.stat().st_size]

WTAP = {0: 15, 1: 1, 9: 4, 12: 7, 14: 7, 50: 4, 101: 7, 104: 28, 105: 20, 108: 174, 109: 38, 113: 25, 127: 23}
WTAP.update({228: 129, 229: 130, 276: 210})
"""LINKTYPE_ number -> Wireshark's number for the same (wiretap/wtap.h, WTAP_ENCAP_)."""

NUMBERED = {"ng_all_blocks_two_sections.pcapng": "custom and journal blocks have frame numbers in Wireshark"}
"""Files of which the numbers differ, as the contract says, and why."""


@cache
def frames(path: Path) -> list[list[str]]:
    """Number, time, captured octets, original octets, encapsulation, of every frame that is a packet."""
    names = ("frame.number", "frame.time_epoch", "frame.cap_len", "frame.len", "frame.encap_type", "frame.protocols")
    command = ["tshark", "-r", str(path), "-n", "-T", "fields", "--disable-protocol", "tcp"]
    for name in names:
        command += ["-e", name]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    found = [line.split("\t") for line in done.stdout.splitlines()]
    return [row for row in found if row[4] and row[5] != "systemd_journal"]


def nanoseconds(text: str) -> int:
    """Of 1700000000.001000000, without a detour over floats; NO_TIME of nothing."""
    if not text:
        return NO_TIME
    seconds, _, fraction = text.partition(".")
    return int(seconds) * 10**9 + int(fraction.ljust(9, "0"))


@pytest.mark.parametrize("path", READABLE, ids=lambda path: path.name)
def test_every_packet_is_where_wireshark_sees_it(path: Path) -> None:
    found, file = read_path(path)

    mine = [
        (
            "" if path.name in NUMBERED else str(one.number),
            one.ts_ns,
            len(one.data),
            one.original,
            WTAP[one.link_type],
        )
        for one in found
    ]
    theirs = [
        ("" if path.name in NUMBERED else row[0], nanoseconds(row[1]), int(row[2]), int(row[3]), int(row[4]))
        for row in frames(path)
    ]
    assert mine == theirs
    assert bool(file.decoder.other_blocks) == (path.name in NUMBERED)


@cache
def counts() -> dict[str, int]:
    """Packets of every capture, as capinfos counts them up to the damage."""
    done = subprocess.run(["capinfos", "-TrMc", *map(str, READABLE)], capture_output=True, text=True, check=False)
    whole = re.findall(r"^(/.*)\t(\d+)$", done.stdout, re.MULTILINE)
    damaged = re.findall(r'after reading (\d+) packets from "(.*)"\.$', done.stderr, re.MULTILINE)
    return {path: int(number) for path, number in whole} | {path: int(number) for number, path in damaged}


@pytest.mark.parametrize("path", READABLE, ids=lambda path: path.name)
def test_capinfos_counts_the_same_packets(path: Path) -> None:
    found, _ = read_path(path)

    assert len(found) == counts()[str(path)]
