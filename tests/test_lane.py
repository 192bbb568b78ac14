"""The interpreter's loop gives what the analyzer gives packet by packet."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from unittest import mock

import pytest

from capanalyze import lane, read
from capanalyze.analyzer import Analyzer
from capanalyze.packets.raw import RawPackets

GENERATOR = Path(__file__).parent / "bench" / "gen.py"
PORT = 7497


def packet_by_packet(analyzer: Analyzer, packets: RawPackets) -> None:
    while packets.advance():
        analyzer.take(packets)
    analyzer.packets = packets.number


@pytest.mark.parametrize(
    "options",
    [
        "-n 6000 -c 4 --format pcap --link en10mb --split 0.3 --retrans 0.01",
        "-n 6000 -c 8 --format pcapng --link null --split 0.9 --retrans 0",
        "-n 12000 -c 8 --format pcap --link en10mb --split 0 --retrans 0.1",
        "-n 3000 -c 4 --format pcapng --link raw --split 0.3 --retrans 0.01",
    ],
)
def test_a_report_is_the_same_with_and_without_the_loop(options: str, tmp_path: Path) -> None:
    path = tmp_path / "generated"
    subprocess.run([sys.executable, GENERATOR, path, *options.split()], check=True, capture_output=True)
    with mock.patch.object(lane, "feed", packet_by_packet):
        expected = read(path, ports=(PORT,)).to_dict()
    with mock.patch.object(lane, "hand_on", wraps=lane.hand_on) as hand_on:
        actual = read(path, ports=(PORT,)).to_dict()

    assert expected == actual
    assert hand_on.call_count > 20 or "raw" in options
