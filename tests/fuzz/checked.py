"""What holds of every story, whatever it is."""

from __future__ import annotations

import json
import struct
from collections import Counter
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from capanalyze.api import messages, read_files, requests
from capanalyze.capture.files import from_bytes
from tests.fuzz.stories import limits, story
from tests.test_short_path import reported, reported_without

FILE_HEADER, RECORD_HEADER = 24, 16


def check(data: bytes) -> None:
    """The report is the same without the short path and of two files, and has the messages that ``messages`` lists."""
    capture = story(data)
    with limits(data):
        found = reported(capture)
        assert found == reported_without(capture)
        assert without_files(found) == without_files(reported_of_two(capture, sum(data)))
    assert listed(capture) == counted(reported(capture))


def reported_of_two(capture: bytes, number: int) -> dict[str, Any]:
    """The report of a capture in two files, with so many of its packets (modulo their number) in the first."""
    places = [FILE_HEADER]
    while places[-1] < len(capture):
        (captured,) = struct.unpack_from("<I", capture, places[-1] + 8)
        places.append(places[-1] + RECORD_HEADER + captured)
    at = places[number % len(places)]
    pieces = capture[:at], capture[:FILE_HEADER] + capture[at:]
    return read_files([from_bytes(piece, "talk.pcap") for piece in pieces]).to_dict()


def without_files(report: dict[str, Any]) -> dict[str, Any]:
    """A report without what it says of the files themselves."""
    return {name: value for name, value in report.items() if name != "capture"}


def listed(capture: bytes) -> Counter[tuple[int, str, str]]:
    """How many messages of each name are listed, by connection and sender; requests can be listed too."""
    with NamedTemporaryFile(suffix=".pcap") as file:
        file.write(capture)
        file.flush()
        found = [*messages(Path(file.name))]
        json.dumps([*found, *requests(Path(file.name))], allow_nan=False)
    return Counter((one["conn"], one["sender"], one["name"]) for one in found)


def counted(found: dict[str, Any]) -> Counter[tuple[int, str, str]]:
    """How many messages of each name a report has, by connection and sender."""
    numbers: Counter[tuple[int, str, str]] = Counter()
    for connection in found["connections"]:
        for sender, names in (connection["tws"]["messages"] if connection["tws"] else {}).items():
            numbers.update({(connection["conn"], sender, name): number for name, number in names.items()})
    return numbers
