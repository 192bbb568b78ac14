"""Prints what capanalyze says of every capture at hand, a line of JSON each: `python -m tests.answers [MUTATED]`.

Run by test_compiled.py with the package compiled and interpreted; MUTATED further captures are made from seeds, and as
many entangled ones.
"""

import io
import json
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import capanalyze.analyzer
from capanalyze.api import messages, read, read_files, requests
from capanalyze.capture.files import CaptureFile
from capanalyze.errors import CapanalyzeError
from tests.capture.merging import dealt_out
from tests.strategies import mutated, valid_captures
from tests.tangled import tangled
from tests.timeline.rule_cases import FIRES, KEEPS_STILL
from tests.timeline.talk import report

ROOT = Path(__file__).parents[1]


def answers(mutations: int) -> Iterator[object]:
    """What is said of each file, of the captures on which rules fire or nearly do, and of each mutated one."""
    for path in sorted([*ROOT.glob("captures/*.pcapng"), *ROOT.glob("tests/cases/*/*.pcap*")]):
        try:
            yield path.name, read(str(path), all_connections=True, engine="native").to_dict()
            yield path.name, list(messages(str(path), engine="native")), list(requests(str(path), engine="native"))
        except CapanalyzeError as error:
            yield path.name, str(error)
    yield from merged()
    for name, talks in FIRES.items():
        yield name, report(*talks, all_connections=True).to_dict()
    for name, cases in KEEPS_STILL.items():
        for why, talks in cases.items():
            yield f"{name}: {why}", report(*talks, all_connections=True).to_dict()
    captures = valid_captures()
    for seed in range(mutations):
        chance = random.Random(seed)
        octets = mutated(chance.choice(captures), chance)
        try:
            file = CaptureFile("octets", io.BytesIO(octets), "octets")
            yield seed, read_files([file], all_connections=True, engine="native").to_dict()
        except CapanalyzeError as error:
            yield seed, str(error)
        file = CaptureFile("tangled", io.BytesIO(tangled(seed)), "tangled")
        yield seed, read_files([file], ports=(4001, 4002, 7497), all_connections=True, engine="native").to_dict()


def merged() -> Iterator[object]:
    """What is said of captures whose packets are dealt out to two files."""
    with TemporaryDirectory() as folder:
        for path in sorted(ROOT.glob("captures/*.pcapng")):
            halves = dealt_out(path, Path(folder))
            yield path.name, read(halves, all_connections=True, engine="native").to_dict(), list(messages(halves))


def main() -> None:
    """Print which package it is, then the answers."""
    print(json.dumps(capanalyze.analyzer.__file__))
    for answer in answers(int(sys.argv[1]) if len(sys.argv) > 1 else 0):
        print(json.dumps(answer, default=str))


if __name__ == "__main__":
    main()
