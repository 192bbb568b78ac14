"""Measure capanalyze and its peers: ``python -m tests.bench [--packets 1e5 1e6 1e7] [--rounds 5]``.

Every round runs every program once, in turn, on the same capture, so that a noisy machine is noisy for all. CPU is
user + system time of the whole process, start-up included; memory is the peak resident set. The table goes to
tests/bench/results.md and results.json, the plot to tests/bench/results.svg, which README's performance section shows.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from tests.bench.peers import Peer, peers

HERE = Path(__file__).parent


class Cost(NamedTuple):
    """What one run took."""

    cpu_s: float
    wall_s: float
    peak_mb: float


def run(command: list[str], output: Path) -> Cost | None:
    """Run to the end; None where it failed (1 is the status of programs that found something)."""
    with output.open("wb") as sink:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=sink, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        wall = time.perf_counter() - started
    if process.returncode not in {0, 1}:
        return None
    return Cost(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1024)


def measure(programs: list[Peer], capture: Path, packets: float, rounds: int) -> dict[str, Cost]:
    """Medians of each program on one capture."""
    costs: dict[str, list[Cost]] = {}
    for _ in range(rounds):
        for peer in programs:
            if packets > peer.most_packets:
                continue
            cost = run([str(capture) if word == "FILE" else word for word in peer.command], capture.with_suffix(".out"))
            if cost is not None:
                costs.setdefault(peer.name, []).append(cost)
    return {
        name: Cost(*(statistics.median(column) for column in zip(*rows, strict=True))) for name, rows in costs.items()
    }


def generate(folder: Path, packets: float, connections: int) -> Path:
    """A capture of TWS-like traffic of about that many packets."""
    target = folder / f"{packets:.0f}-{connections}.pcap"
    command = [sys.executable, str(HERE / "gen.py"), str(target), "-n", f"{packets:.0f}", "-c", str(connections)]
    subprocess.run(command, check=True, capture_output=True)
    return target


def table(programs: list[Peer], results: dict[str, dict[str, Cost]]) -> str:
    """The results as Markdown: CPU seconds and peak MB per size, and the ratio to tshark's CPU on the largest."""
    sizes = list(results)
    lines = ["| program | says | " + " | ".join(f"{float(size):,.0f} packets" for size in sizes) + " |"]
    lines.append("| --- | --- |" + " ---: |" * len(sizes))
    for peer in programs:
        cells = []
        for size in sizes:
            cost = results[size].get(peer.name)
            cells.append(f"{cost.cpu_s:.2f} s, {cost.peak_mb:.0f} MB" if cost else "-")
        lines.append(f"| {peer.name} | {peer.what} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def plot(results: dict[str, dict[str, Cost]], target: Path) -> None:
    """CPU seconds over packets, both logarithmic."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "capanalyze"
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(8, 4.5))
    for name in dict.fromkeys(name for row in results.values() for name in row):
        points = [(float(size), row[name].cpu_s) for size, row in results.items() if name in row]
        ours = name.startswith("capanalyze")
        axes.plot(*zip(*points, strict=True), marker="o", label=name, linewidth=2.5 if ours else 1)
    axes.set(xscale="log", yscale="log", xlabel="packets", ylabel="CPU seconds (user + system)")
    axes.grid(visible=True, which="both", alpha=0.25)
    axes.legend(fontsize=8, ncols=2)
    figure.tight_layout()
    figure.savefig(target, metadata={"Date": None})


def main() -> None:
    """Measure, and write the table and the plot."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--packets", type=float, nargs="+", default=[1e5, 1e6, 1e7])
    parser.add_argument("--connections", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="+", default=[""], help="names that contain one of these")
    parser.add_argument("--out", type=Path, default=HERE)
    options = parser.parse_args()
    programs = [peer for peer in peers() if any(part in peer.name for part in options.only)]
    results: dict[str, dict[str, Cost]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for packets in options.packets:
            capture = generate(Path(folder), packets, options.connections)
            results[f"{packets:.0f}"] = measure(programs, capture, packets, options.rounds)
            capture.unlink()
    text = table(programs, results)
    print(text)
    machine = (
        f"{platform.python_implementation()} {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores"
    )
    (options.out / "results.md").write_text(f"{text}\nMedian of {options.rounds} rounds; {machine}.\n")
    as_json = {size: {name: cost._asdict() for name, cost in row.items()} for size, row in results.items()}
    (options.out / "results.json").write_text(json.dumps(as_json, indent=1) + "\n")
    plot(results, options.out / "results.svg")


if __name__ == "__main__":
    main()
