"""Coverage-guided fuzzing: ``python -m tests.fuzz TARGET FOLDER [libFuzzer's options]``; needs ``pip install atheris``.

FOLDER receives the inputs that reach new code and begins with the project's small captures. An input that raises, or
that takes a second for 100 kB, is written beside as crash-* or slow-*: it becomes a test, then a fix.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["capanalyze"]):
    from capanalyze.api import read_files
    from capanalyze.capture.files import CaptureFile, from_bytes
    from capanalyze.capture.foreign import datagrams
    from capanalyze.capture.pdml import Header, layers
    from capanalyze.capture.relay import innermost, without_ah
    from capanalyze.errors import CapanalyzeError
    from capanalyze.packets.wrapped import wrapping

from tests.capture.octets import by_places, records
from tests.fuzz.at_random import at_random
from tests.fuzz.checked import check
from tests.fuzz.stories import told
from tests.retold import frames_of

ROOT = Path(__file__).parents[2]
SEED_OCTETS = 6000
"""Longer captures are no seeds: mutations of them seldom hit a header."""

STORIES = 300
"""Stories at random to begin with."""

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


TARGETS: dict[str, Callable[[bytes], None]] = {
    "readers": readers,
    "report": report,
    "stories": check,
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
    for seed in range(STORIES if name == "stories" else 0):
        (corpus / f"at-random-{seed}").write_bytes(at_random(seed))
    options = ["-max_len=20000", "-rss_limit_mb=1024", f"-artifact_prefix={folder}/", *sys.argv[3:]]
    atheris.Setup([sys.argv[0], *options, str(corpus)], timed(TARGETS[name], folder))
    atheris.Fuzz()


if __name__ == "__main__":
    main()
