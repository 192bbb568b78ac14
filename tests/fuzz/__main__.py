"""Coverage-guided fuzzing: ``python -m tests.fuzz TARGET FOLDER [libFuzzer's options]``; needs ``pip install atheris``.

FOLDER receives the inputs that reach new code and begins with the project's small captures. An input that raises, or
that takes a second for 100 kB, is written beside as crash-* or slow-*: it becomes a test, then a fix.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import atheris

with atheris.instrument_imports(include=["capanalyze"]):
    from capanalyze.api import messages, read_files, requests
    from capanalyze.capture.files import CaptureFile, from_bytes
    from capanalyze.capture.foreign import datagrams
    from capanalyze.capture.pdml import Header, layers
    from capanalyze.capture.relay import innermost, without_ah
    from capanalyze.errors import CapanalyzeError
    from capanalyze.packets.wrapped import wrapping

from tests.capture.octets import by_places, records
from tests.fuzz.stories import story, told
from tests.retold import frames_of
from tests.test_short_path import reported, reported_without

ROOT = Path(__file__).parents[2]
SEED_OCTETS = 6000
"""Longer captures are no seeds: mutations of them seldom hit a header."""

SECONDS_PER_OCTET = 1 / 100_000
GRACE_S = 0.5


def packets_of(file: CaptureFile) -> list[tuple[int, ...]]:
    """What a reader makes of a file, with its invariants asserted."""
    found = []
    octets = 0
    for window in file.windows():
        while window.advance():
            assert 0 <= window.offset <= window.offset + window.captured <= len(window.data)
            assert window.captured <= window.original
            assert -1 <= window.ts_ns < 2**63
            octets += window.captured
            found.append((window.number, window.ts_ns, window.interface, window.link_type, window.captured))
    assert [one[0] for one in found] == sorted({one[0] for one in found})
    return found


def readers(data: bytes) -> None:
    """The same packets from both ways through a file."""
    try:
        packets_of(from_bytes(data))
    except CapanalyzeError:
        return
    assert list(by_places(from_bytes(data))) == records(from_bytes(data))


def report(data: bytes) -> None:
    """A report as JSON, or one clear error."""
    try:
        found = read_files([from_bytes(data)], all_connections=True, engine="native")
    except CapanalyzeError:
        return
    json.dumps(found.to_dict(), allow_nan=False)


def unwrapping(data: bytes) -> None:
    """What tshark might say, of a packet that need not fit it."""
    place = data[0] if data else 0
    layers(data)
    datagrams(data)
    without_ah(data[1:])
    inner = innermost(data, [Header(place, ""), Header(place // 2, "10.0.0.1")])
    assert all(0 <= one < len(data) for one in inner)
    try:
        file = from_bytes(data)
        for window in file.windows():
            while window.advance():
                wrapping(window)
    except CapanalyzeError:
        return


def stories(data: bytes) -> None:
    """What two ends said and did: a report that is the same without the short path, and the messages that it counts."""
    capture = story(data)
    found = reported(capture)
    assert found == reported_without(capture)
    with NamedTemporaryFile(suffix=".pcap") as file:
        file.write(capture)
        file.flush()
        listed = [*messages(Path(file.name))]
        json.dumps([*listed, *requests(Path(file.name))], allow_nan=False)
    assert Counter((one["conn"], one["sender"], one["name"]) for one in listed) == counted(found)


def counted(found: dict[str, Any]) -> Counter[tuple[int, str, str]]:
    """How many messages of each name a report has, by connection and sender."""
    numbers: Counter[tuple[int, str, str]] = Counter()
    for connection in found["connections"]:
        for sender, names in (connection["tws"]["messages"] if connection["tws"] else {}).items():
            numbers.update({(connection["conn"], sender, name): number for name, number in names.items()})
    return numbers


TARGETS: dict[str, Callable[[bytes], None]] = {
    "readers": readers,
    "report": report,
    "stories": stories,
    "unwrapping": unwrapping,
}


def timed(target: Callable[[bytes], None], folder: Path) -> Callable[[bytes], None]:
    """The target; an input that it takes too long for is kept."""

    def run(data: bytes) -> None:
        before = time.process_time()
        target(data)
        if time.process_time() - before > GRACE_S + len(data) * SECONDS_PER_OCTET:
            (folder / f"slow-{hashlib.sha256(data).hexdigest()[:16]}").write_bytes(data)

    return run


def main() -> None:
    """Fuzz one target."""
    name, folder = sys.argv[1], Path(sys.argv[2])
    corpus = folder / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for path in [*(ROOT / "captures").iterdir(), *(ROOT / "tests" / "cases").glob("*/*")]:
        if path.is_file() and path.suffix != ".md" and path.stat().st_size < SEED_OCTETS:
            octets = path.read_bytes()
            if name == "stories":
                octets = told(frames_of(path)) if path.suffix == ".pcapng" else b""
            (corpus / path.name).write_bytes(octets)
    options = ["-max_len=20000", "-rss_limit_mb=1024", f"-artifact_prefix={folder}/", *sys.argv[3:]]
    atheris.Setup([sys.argv[0], *options, str(corpus)], timed(TARGETS[name], folder))
    atheris.Fuzz()


if __name__ == "__main__":
    main()
