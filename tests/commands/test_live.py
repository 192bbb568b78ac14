"""``capanalyze live``: what happens is shown as it happens; the end is the report that ``read`` gives of the file."""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import capanalyze
from tests.commands.command_line import handled
from tests.lab.namespace import Namespace

ROOT = Path(__file__).resolve().parents[2]
TRAFFIC = Path(__file__).with_name("live_traffic.py")
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def namespace() -> Iterator[Namespace]:
    with Namespace() as made:
        yield made


class LiveCommand:
    """The command in a namespace; what it says on standard error goes to a file, so that it can be watched."""

    def __init__(self, namespace: Namespace, *words: str) -> None:
        line = [sys.executable, "-m", "capanalyze", "live", "--port", str(namespace.port), *words]
        self.error = Path(tempfile.mkstemp(suffix=".err")[1])
        with self.error.open("w") as error:
            self.process = subprocess.Popen(
                namespace.command(*line), stdout=subprocess.PIPE, stderr=error, text=True, env=ENVIRONMENT, cwd=ROOT
            )
        self.wait_for("\n")

    def said(self) -> str:
        """Standard error so far."""
        return self.error.read_text(encoding="utf-8")

    def wait_for(self, words: str) -> None:
        """Wait until standard error holds these words, or the command has ended."""
        deadline = time.monotonic() + 20
        while words not in self.said() and self.process.poll() is None:
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.02)

    def finish(self) -> tuple[int, str, str]:
        """Status and both outputs."""
        out, _ = self.process.communicate(timeout=30)
        said = self.said()
        self.error.unlink()
        return self.process.returncode, out, said


def traffic(namespace: Namespace, seconds: float = 0.2, port: int = 0) -> int:
    """A whole session; the pid of the program that was both ends of it."""
    line = namespace.command(sys.executable, str(TRAFFIC), str(port or namespace.port), str(seconds))
    return int(subprocess.run(line, check=True, env=ENVIRONMENT, timeout=30, stdout=subprocess.PIPE).stdout)


@pytest.mark.parametrize("engine", ["dumpcap", "scapy"])
def test_a_session_is_shown_as_it_happens_and_reported_when_it_has_closed(namespace: Namespace, engine: str) -> None:
    live = LiveCommand(namespace, "--until-close", "--engine", engine)

    traffic(namespace)

    status, out, error = live.finish()
    texts = [re.sub(r"^. \S+Z  ", "", line) for line in error.splitlines()[1:]]
    assert status == 0
    assert error.startswith(f"capturing on lo, port {namespace.port}, with {engine}; Ctrl-C ends it\n")
    assert texts == [
        "#1  client ->   SYN: asks for a connection",
        "#1  <- gateway  SYN-ACK: the host accepts",
        "#1  client ->   ACK: the connection is open",
        "#1  client ->   hello: v157..178",
        "#1  <- gateway  hello: server version 178, 20261122 17:42:22 EST",
        "#1  client ->   startApi client 7",
        "#1  <- gateway  managedAccounts DU0000000",
        "#1  <- gateway  nextValidId 1",
        "#1  client ->   FIN: closes",
        "#1  <- gateway  FIN: closes",
    ]
    assert " ".join(out.split()).startswith("The client closed first (FIN in packet")


def test_the_report_is_the_one_that_read_gives_of_the_saved_file(namespace: Namespace, tmp_path: Path) -> None:
    path = tmp_path / "kept.pcapng"
    live = LiveCommand(namespace, "--until-close", "-w", str(path), "--format", "json")

    traffic(namespace)

    status, out, _ = live.finish()
    reported, again = json.loads(out), capanalyze.read(path, ports=[namespace.port]).to_dict()
    for report in (reported, again):
        report["capture"].pop("name")
        report["capture"].pop("sha256")
        for file in report["capture"]["files"]:
            file.pop("name")
            file.pop("sha256")
        for end in ("client", "server"):
            report["connections"][0][end].pop("process")
    assert status == 0
    assert again["connections"][0]["close"]["first"] == "client"
    assert reported == again


def test_both_ends_are_told_with_the_programs_that_own_them(namespace: Namespace) -> None:
    live = LiveCommand(namespace, "--until-close", "--format", "json")
    before = time.time_ns()

    pid = traffic(namespace, 1)

    connection = json.loads(live.finish()[1])["connections"][0]
    ends = [connection[end]["process"] for end in ("client", "server")]
    assert [end["pid"] for end in ends] == [pid, pid]
    assert all(end["name"].startswith("python") for end in ends)
    assert all(abs(end["started_ns"] - before) < 20_000_000_000 for end in ends)


def test_all_captures_the_connections_of_any_port(namespace: Namespace) -> None:
    live = LiveCommand(namespace, "--all", "--until-close", "--format", "json")

    traffic(namespace, port=namespace.port + 7)

    status, out, error = live.finish()
    assert status == 0
    assert error.startswith("capturing on lo, any port, with dumpcap; Ctrl-C ends it\n")
    assert [one["server"]["port"] for one in json.loads(out)["connections"]] == [namespace.port + 7]


@pytest.fixture
def hung_up() -> Iterator[None]:
    """A hang-up is heard, also where the tests are run by nohup, whose programs inherit that it is not."""
    with handled(signal.SIGHUP, signal.SIG_DFL):
        yield


@pytest.mark.usefixtures("hung_up")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_capture_in_good_order_with_the_report(namespace: Namespace, number: int) -> None:
    live = LiveCommand(namespace)
    traffic(namespace)
    live.wait_for("FIN: closes")

    live.process.send_signal(number)

    status, out, _ = live.finish()
    assert status == 0
    assert "The client closed first" in out


def test_signals_that_come_all_at_once_end_it_in_good_order_too(namespace: Namespace) -> None:
    live = LiveCommand(namespace)
    traffic(namespace)
    live.wait_for("FIN: closes")

    for number in (signal.SIGSTOP, signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCONT):
        live.process.send_signal(number)

    status, out, _ = live.finish()
    assert status == 0
    assert "The client closed first" in out


def test_a_terminal_that_goes_away_ends_no_capture_that_was_to_outlast_it(namespace: Namespace) -> None:
    with handled(signal.SIGHUP, signal.SIG_IGN):
        live = LiveCommand(namespace)
    live.process.send_signal(signal.SIGHUP)
    traffic(namespace)
    live.wait_for("FIN: closes")

    live.process.send_signal(signal.SIGTERM)

    assert "The client closed first" in live.finish()[1]


def test_a_report_whose_file_cannot_be_written_in_the_end_goes_to_standard_output(
    namespace: Namespace, tmp_path: Path
) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    command = LiveCommand(namespace, "-o", str(folder / "report.md"))
    folder.rmdir()
    command.process.send_signal(signal.SIGINT)

    status, out, said = command.finish()

    assert (status, out.splitlines()[0]) == (2, "**The capture holds no packet.**")
    assert f"error: {folder}/report.md: cannot be written: No such file or directory\n" in said


def test_a_number_of_packets_ends_it(namespace: Namespace) -> None:
    live = LiveCommand(namespace, "--count", "4", "--format", "json")

    traffic(namespace)

    status, out, _ = live.finish()
    assert status == 0
    assert json.loads(out)["capture"]["packets"] == 4


def test_nothing_on_the_port_is_an_answer_that_says_what_to_look_at(namespace: Namespace) -> None:
    live = LiveCommand(namespace, "--duration", "0.5")

    status, out, error = live.finish()

    assert status == 0
    assert out.startswith("The capture holds no packet.\n")
    assert f"note: no packet on lo, port {namespace.port}: does the client connect through this interface" in error


def test_an_interface_that_does_not_exist_is_one_error_and_one_hint(namespace: Namespace) -> None:
    status, out, error = LiveCommand(namespace, "-i", "eth77").finish()

    assert (status, out) == (2, "")
    assert re.fullmatch(r"error: eth77: [^\n]*\nhint: [^\n]*\n", error)


def test_the_python_api_iterates_over_events_and_ends_with_the_report(namespace: Namespace) -> None:
    program = (
        "import sys, capanalyze\n"
        f"following = capanalyze.live(ports=[{namespace.port}], count=6)\n"
        "print('captures', flush=True)\n"
        "seen = list(following)\n"
        "print([type(one).__name__ for one in seen], [one.text for one in seen[:-1]], seen[-1].capture.packets)\n"
        "list(capanalyze.live(duration_s=0.1))\n"
    )
    line = namespace.command(sys.executable, "-c", program)
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True, env=ENVIRONMENT, cwd=ROOT) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "captures\n"
            traffic(namespace)
            out, _ = process.communicate(timeout=30)
        finally:
            process.kill()
    assert process.returncode == 0
    assert out.startswith("['TimelineLine', 'TimelineLine', 'TimelineLine', 'TimelineLine', ")
    assert "'TimelineLine', 'Report'] ['SYN: asks for a connection', " in out
    assert out.endswith(" 6\n")
