"""Measure what TWS costs on top of TCP: ``python -m tests.bench.messages [FILE] [--rounds 5] [--package FOLDER]``.

FILE is a pcap of gen.py (made with 1,000,000 packets where none is named). Two ratios of CPU time are printed, of the
minima of all rounds, everything measured in turn:

- **counting**: ``messages FILE --count`` against reading the same capture without TWS. For that a copy of FILE is
  made in which every octet of TCP payload is an ``x``, and it is read with a port that does not occur: the same
  packets, connections and octets, and no session. Whole processes are measured, start-up included.
- **decoding**: what ``messages FILE --format jsonl`` does, reading included, against the same JSON encoder on ready
  dicts of the same messages; both write to the null device. The dicts are made in batches beforehand, so that the
  memory they need is not what is measured; the making is not counted.

``--package`` names the folder that holds the package to measure: a compiled copy, for instance.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

PCAP_HEADER: Final = 24
RECORD_HEADER: Final = 16
ETHERNET: Final = 14
NO_PORT: Final = "1"
BATCH: Final = 20_000

ROOT: Final = Path(__file__).parents[2]

DECODING: Final = """
import itertools, json, sys, time
from capanalyze.api import messages
from capanalyze.packets.common import COMPILED
from capanalyze.report.json import line

with open("/dev/null", "w") as sink:
    begun = time.process_time()
    number = 0
    for message in messages(sys.argv[1]):
        sink.write(line(message))
        number += 1
    ours = time.process_time() - begun
    encoder = 0.0
    found = messages(sys.argv[1])
    while ready := list(itertools.islice(found, int(sys.argv[2]))):
        begun = time.process_time()
        for message in ready:
            sink.write(line(message))
        encoder += time.process_time() - begun
print(json.dumps([number, COMPILED, ours, encoder]))
"""


def without_tws(capture: Path, target: Path) -> None:
    """A copy of a little-endian pcap of Ethernet and IPv4 whose TCP payload says nothing."""
    data = bytearray(capture.read_bytes())
    at = PCAP_HEADER
    while at < len(data):
        begin = at + RECORD_HEADER
        end = begin + int.from_bytes(data[at + 8 : at + 12], "little")
        tcp = begin + ETHERNET + (data[begin + ETHERNET] & 15) * 4
        payload = tcp + (data[tcp + 12] >> 4) * 4
        data[payload:end] = b"x" * (end - payload)
        at = end
    target.write_bytes(data)


def cpu(command: list[str], environment: dict[str, str], folder: str) -> float:
    """User and system time of a process, start-up included; raises CalledProcessError where it failed."""
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment, cwd=folder
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return usage.ru_utime + usage.ru_stime


def rounds(capture: Path, plain: Path, number: int, environment: dict[str, str]) -> Iterator[dict[str, Any]]:
    """Each program once a round, in turn; in a folder of its own, as Python looks for packages there first."""
    folder = str(plain.parent)
    program = [sys.executable, "-m", "capanalyze"]
    for _ in range(number):
        counting = cpu([*program, "messages", str(capture), "--count"], environment, folder)
        reading = cpu([*program, "read", str(plain), "--port", NO_PORT, "--format", "json"], environment, folder)
        decoding = [sys.executable, "-c", DECODING, str(capture), str(BATCH)]
        done = subprocess.run(decoding, env=environment, cwd=folder, capture_output=True, text=True, check=True)
        messages, compiled, ours, encoder = json.loads(done.stdout)
        yield {
            "counting": counting, "reading": reading, "decoding": ours, "encoder": encoder,
            "messages": messages, "compiled": compiled,
        }  # fmt: skip


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", nargs="?", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--package", type=Path, default=ROOT)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        capture = options.file
        if capture is None:
            capture = Path(folder, "1000000.pcap")
            make = [sys.executable, str(Path(__file__).parent / "gen.py"), str(capture), "-n", "1000000", "-c", "20"]
            subprocess.run(make, check=True, capture_output=True)
        plain = Path(folder, "plain.pcap")
        without_tws(capture, plain)
        environment = {**os.environ, "PYTHONPATH": str(options.package.resolve())}
        found = list(rounds(capture.resolve(), plain, options.rounds, environment))
    least = {name: min(one[name] for one in found) for name in found[0]}
    print(f"{least['messages']:,} messages, {'compiled' if least['compiled'] else 'interpreted'}, {len(found)} rounds")
    for ours, theirs, target in (("counting", "reading", 1.5), ("decoding", "encoder", 3.0)):
        ratio = least[ours] / least[theirs]
        print(f"{ours} {least[ours]:.2f} s, {theirs} {least[theirs]:.2f} s: {ratio:.2f} (target {target} compiled)")


if __name__ == "__main__":
    main()
