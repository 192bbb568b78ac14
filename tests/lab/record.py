"""Records the scenarios again: `python -m tests.lab.record [NAME...] [--out captures]`.

For each recording a network namespace, the scripted gateway on port 4001, dumpcap on its loopback, the clients; then
the truth of it into expected.json and the table into the captures' README. A recording whose witnesses disagree, or
whose close is not the one meant, is not kept. Needs dumpcap, tshark, ss, and root for the namespaces.
"""

import argparse
import contextlib
import hashlib
import json
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.lab import catalogue, environments, scrub, truth
from tests.lab.namespace import Namespace
from tests.lab.recording import Client, Recording
from tests.lab.recordings import RECORDINGS

CAPTURES = Path(__file__).resolve().parents[2] / "captures"
EXPECTED = Path(__file__).with_name("expected.json")
CLIENT_LIMIT = 60.0  # seconds after which a client that should have ended is an error


class RecordingError(Exception):
    """The recording is not what it should be."""


def _wait_for(stream: Any, word: str, process: subprocess.Popen[str]) -> None:  # noqa: ANN401 - a text stream
    for line in stream:
        if word in line:
            return
    raise RecordingError(f"{process.args} ended before it was ready")


@contextlib.contextmanager
def _gateway(space: Namespace, recording: Recording, log: Path) -> Iterator[None]:
    words = [
        sys.executable,
        "-m",
        "tests.lab.gateway",
        *recording.gateway,
        "--port",
        str(space.port),
        "--log",
        str(log),
    ]
    words += ["--host", recording.gateway_host]
    words += ["--listen-after", str(recording.listen_after)] if recording.listen_after else []
    with subprocess.Popen(space.command(*words), stdout=subprocess.PIPE, text=True) as process:
        try:
            _wait_for(process.stdout, "ready", process)
            yield
        finally:
            process.kill()


def _start_dumpcap(space: Namespace, recording: Recording, path: Path) -> subprocess.Popen[str]:
    words = ["dumpcap", "-q", "-i", "lo", "-s", str(recording.snaplen), "-w", str(path)]
    words += [] if space.isolated else ["-f", f"tcp port {space.port}"]
    process = subprocess.Popen(space.command(*words), stderr=subprocess.PIPE, text=True)
    _wait_for(process.stderr, "File:", process)
    time.sleep(0.3)
    return process


def _stop_dumpcap(process: subprocess.Popen[str]) -> None:
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    _, report = process.communicate(timeout=20)
    if "(100.0%)" not in report:
        raise RecordingError(f"dumpcap dropped packets: {report.strip()}")


class Clients:
    """Starts a recording's clients when they are due and ends those that are to be killed."""

    def __init__(self, space: Namespace, clients: tuple[Client, ...]) -> None:
        self._space = space
        self._waiting = list(clients)
        self._running: list[tuple[subprocess.Popen[str], float, bool]] = []
        self._started: list[subprocess.Popen[str]] = []
        self._zero = 0.0

    def run(self, until: float | None = None) -> bool:
        """Go on until all have ended (True), or until so many seconds after the first start (False)."""
        self._zero = self._zero or time.monotonic()
        while self._waiting or self._running:
            now = time.monotonic()
            if until is not None and now - self._zero >= until:
                return False
            if self._waiting and self._due(self._waiting[0], now):
                self._start(self._waiting.pop(0), now)
            self._reap(now)
            time.sleep(0.01)
        return True

    def _due(self, client: Client, now: float) -> bool:
        return not self._running if client.at is None else now - self._zero >= client.at

    def _start(self, client: Client, now: float) -> None:
        library = environments.library(client.library)
        words = [*library.command, "--port", str(self._space.port), *client.arguments]
        command = self._space.command(*words)
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        end = now + (client.kill_after or CLIENT_LIMIT)
        self._running.append((process, end, client.kill_after is not None))
        self._started.append(process)

    def _reap(self, now: float) -> None:
        for entry in list(self._running):
            process, end, kill = entry
            if process.poll() is None and now < end:
                continue
            self._running.remove(entry)
            if process.poll() is None:
                process.kill()
                if not kill:
                    raise RecordingError(f"a client did not end within {CLIENT_LIMIT:g} s")
            elif process.returncode:
                raise RecordingError(f"a client failed: {process.communicate()[0].strip()[-300:]}")

    def told(self) -> list[list[dict[str, Any]]]:
        """What each client printed; ends those that still run."""
        lines = []
        for process in self._started:
            process.kill()
            output, _ = process.communicate()
            lines.append([_told_line(line) for line in output.splitlines()])
        return lines


def _told_line(line: str) -> dict[str, Any]:
    return json.loads(line) if line.startswith("{") else {"event": "stderr", "text": line}


def record(recording: Recording, folder: Path) -> dict[str, Any]:
    """Carry one recording out; returns its truth, the file is in `folder`.

    Raises:
        RecordingError: a client hung, packets were dropped, or the witnesses disagree.
    """
    for client in recording.clients:
        environments.library(client.library)
    path = folder / f"{recording.name}.pcapng"
    log = folder / f"{recording.name}.log"
    with Namespace() as space, _gateway(space, recording, log):
        clients = Clients(space, recording.clients)
        if recording.start_at:
            clients.run(until=recording.start_at)
        dumpcap = _start_dumpcap(space, recording, path)
        if clients.run(until=recording.stop_at):
            time.sleep(recording.linger)
        sockets = space.sockets()
        _stop_dumpcap(dumpcap)
        told = clients.told()
        port = space.port
    events = [json.loads(line) for line in log.read_text().splitlines()]
    log.unlink()
    scrub.scrub(path)
    return catalogue.entry(recording, _checked(recording, path, port, events, sockets), told, sockets)


def _checked(
    recording: Recording, path: Path, port: int, events: list[dict[str, Any]], sockets: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    found = truth.connections(path, port)
    if not found:
        raise RecordingError("no connection was captured")
    for number, connection in enumerate(found):
        view = truth.gateway_view(events, connection["client_port"])
        problems = truth.agree(connection, view, sockets)
        close = connection["close"] and (connection["close"]["first"], connection["close"]["kind"])
        allowed = recording.closes[min(number, len(recording.closes) - 1)]
        if close not in allowed:
            problems.append(f"connection {number + 1}: closed by {close}, meant was {allowed}")
        if problems:
            raise RecordingError("; ".join(problems))
        connection["gateway"] = view
    return found


def main() -> int:
    """Record what was asked for, or everything."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--out", type=Path, default=CAPTURES, help="elsewhere, expected.json goes there, too")
    options = parser.parse_args()
    unknown = set(options.names) - {recording.name for recording in RECORDINGS}
    if unknown:
        parser.error(f"no recording is called {', '.join(sorted(unknown))}")
    chosen = [recording for recording in RECORDINGS if not options.names or recording.name in options.names]
    truth_file = EXPECTED if options.out.resolve() == CAPTURES else options.out / EXPECTED.name
    expected = json.loads(truth_file.read_text()) if truth_file.exists() else {}
    failures = 0
    for recording in chosen:
        with tempfile.TemporaryDirectory() as folder:
            try:
                entry = record(recording, Path(folder))
            except (RecordingError, ValueError, RuntimeError) as problem:
                print(f"{recording.name}: {problem}", file=sys.stderr)
                failures += 1
                continue
            made = Path(folder) / f"{recording.name}.pcapng"
            options.out.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(made, options.out / made.name)
            print(f"{recording.name}: {entry['packets']} packets, {(options.out / made.name).stat().st_size} octets")
            expected[made.name] = {"sha256": hashlib.sha256(made.read_bytes()).hexdigest(), **entry}
        catalogue.save(expected, truth_file, options.out / "README.md")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
