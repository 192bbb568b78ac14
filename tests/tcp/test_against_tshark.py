"""Every TCP stream of every capture at hand, against tshark's per-packet fields: FINs, RSTs, octets, tcp.analysis."""

import ipaddress
import json
from collections import Counter
from pathlib import Path

import pytest

from capanalyze.analyzer import Analyzer
from capanalyze.capture.files import open_file
from capanalyze.tcp.connection import Connection, Side
from tests.tcp.accepted import FACTS, WORDS
from tests.witness import FIN, RST, WitnessedStream, streams

ROOT = Path(__file__).parents[2]
CASES = ROOT / "tests" / "cases"
NATIVE = [
    CASES / case["file"]
    for case in json.loads((CASES / "truth.json").read_text())
    if case["encapsulation"] == "native" and case["connections"]
]
FILES = sorted([*(ROOT / "captures").glob("*.pcapng"), *NATIVE])

FLAGS = (("FIN", FIN), ("RST", RST))

Difference = tuple[str, int, str]


def analysed(path: Path) -> list[Connection]:
    analyzer = Analyzer()
    for window in open_file(str(path)).windows():
        analyzer.feed(window)
    analyzer.finish()
    return analyzer.connections


def endpoint(side: Side) -> tuple[str, int]:
    return str(ipaddress.ip_address(side.host)), side.port


def pairs(path: Path) -> list[tuple[WitnessedStream, Connection]]:
    """Streams and connections, matched by their ends and, among equal ones, by their order."""
    waiting: dict[frozenset[tuple[str, int]], list[Connection]] = {}
    for connection in analysed(path):
        ends = frozenset((endpoint(connection.orig), endpoint(connection.resp)))
        waiting.setdefault(ends, []).append(connection)
    matched = []
    for stream in streams(path):
        ends = frozenset((stream.segments[0].source, stream.segments[0].target))
        matched.append((stream, waiting[ends].pop(0)))
    return matched


def first(connection: Connection, name: str) -> tuple[int, tuple[str, int]] | None:
    found = [
        (packet, endpoint(side))
        for side in (connection.orig, connection.resp)
        for packet in (side.fin_packets if name == "FIN" else side.rst_packets)[:1]
    ]
    return min(found, default=None)


def facts_that_differ(path: Path) -> list[Difference]:
    found = []
    if len(streams(path)) != len(analysed(path)):
        found.append((path.name, -1, "streams"))
    for stream, connection in pairs(path):
        facts = {f"first {name}": first(connection, name) == stream.first(flag) for name, flag in FLAGS}
        for side in (connection.orig, connection.resp):
            facts[f"octets of port {side.port}"] = side.octets == stream.octets(endpoint(side))
        found += [(path.name, stream.number, what) for what, equal in facts.items() if not equal]
    return found


def words_that_differ(path: Path) -> set[Difference]:
    """Words that capanalyze and tshark put on different packets, in streams whose packets have the same numbers."""
    found = set()
    for stream, connection in pairs(path):
        if any((path.name, stream.number, f"first {name}") in FACTS for name in ("FIN", "RST")):
            continue
        theirs = Counter((word, one.frame) for one in stream.segments for word in one.words)
        ours = Counter((note.note, packet) for note in connection.notes for packet in note.packets)
        found |= {(path.name, stream.number, word) for word, _ in (theirs - ours) | (ours - theirs)}
    return found


def test_there_are_captures_to_compare() -> None:
    assert len(FILES) > 80


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_tshark_finds_the_same_streams_fins_resets_and_octets(path: Path) -> None:
    assert facts_that_differ(path) == [one for one in FACTS if one[0] == path.name]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_tshark_puts_the_same_words_on_the_same_packets(path: Path) -> None:
    assert words_that_differ(path) == {one for one in WORDS if one[0] == path.name}


def test_no_accepted_difference_is_of_a_file_that_is_gone() -> None:
    names = {path.name for path in FILES}

    assert {name for name, _, _ in (*FACTS, *WORDS)} <= names
