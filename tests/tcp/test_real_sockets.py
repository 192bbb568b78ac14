"""Connections of real sockets: the kernel's own FINs and RSTs, recorded by dumpcap, each with its known truth.

The letters are those of the scenarios that other tools were tried on; rivals' answers are in no assertion here.
"""

import ipaddress
import subprocess
import sys
import time
from pathlib import Path
from typing import IO

import pytest

from capanalyze.analyzer import Analyzer
from capanalyze.capture.files import open_file
from capanalyze.tcp.connection import Connection
from tests.lab.namespace import Namespace
from tests.witness import FIN, streams

pytestmark = pytest.mark.lab

DRIVER = Path(__file__).with_name("real_sockets.py")


class Recorded:
    """The recording, and which client port belongs to which scenario."""

    def __init__(self, path: Path, port: int, clients: dict[str, int]) -> None:
        self.path = path
        self.port = port
        self.clients = clients
        analyzer = Analyzer((port,))
        for window in open_file(str(path)).windows():
            analyzer.feed(window)
        analyzer.finish()
        self.connections = analyzer.connections

    def all(self, name: str) -> list[Connection]:
        """The connections of a scenario, in order."""
        return [one for one in self.connections if self.clients[name] in {one.client.port, one.server.port}]

    def __getitem__(self, name: str) -> Connection:
        (connection,) = self.all(name)
        return connection


def line(stream: IO[str] | None) -> list[str]:
    """The next words of a process."""
    assert stream is not None
    return stream.readline().split()


def record(folder: Path) -> Recorded:
    path = folder / "real.pcapng"
    clients: dict[str, int] = {}
    with Namespace() as space:
        play = space.command(sys.executable, str(DRIVER), str(space.port))
        only = ["-f", f"tcp port {space.port}"] if not space.isolated else []
        dump = space.command("dumpcap", "-q", "-i", "lo", *only, "-w", str(path))
        with subprocess.Popen(play, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as driver:
            assert line(driver.stdout)[0] == "capture"
            with subprocess.Popen(dump, stderr=subprocess.PIPE, text=True) as dumpcap:
                try:
                    while line(dumpcap.stderr)[:1] != ["File:"]:
                        assert dumpcap.poll() is None
                    assert driver.stdin is not None
                    driver.stdin.write("\n")
                    driver.stdin.flush()
                    while "n" not in clients:
                        name, port = line(driver.stdout)
                        clients[name] = int(port)
                    time.sleep(0.3)
                    dumpcap.terminate()
                    dumpcap.wait(10)
                finally:
                    dumpcap.kill()
                    driver.kill()
        return Recorded(path, space.port, clients)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    return record(tmp_path_factory.mktemp("real"))


def story(connection: Connection) -> tuple[str | None, str, str, str, str]:
    """opened, who closed first, how, and the states in the end."""
    close = connection.close
    first, kind = (close.first, close.kind) if close is not None else ("nobody", "")
    return connection.opened, first, kind, connection.client_state, connection.server_state


def words(connection: Connection, side: str) -> set[str]:
    index = {"client": connection.client, "server": connection.server}[side].index
    return {note.note for note in connection.notes if note.side == index}


TRUTH = {
    "a": ("complete", "client", "FIN", "TIME_WAIT", "CLOSED"),
    "b": ("complete", "server", "FIN", "CLOSED", "TIME_WAIT"),
    "c": ("complete", "client", "RST", "CLOSED", "CLOSED"),
    "d": ("complete", "server", "RST", "CLOSED", "CLOSED"),
    "e": ("complete", "server", "RST", "CLOSED", "CLOSED"),
    "f": ("refused", "server", "RST", "CLOSED", "CLOSED"),
    "g": ("complete", "client", "FIN", "TIME_WAIT", "CLOSED"),
    "h": ("complete", "client", "FIN", "CLOSED", "CLOSED"),
    "j": ("midstream", "server", "FIN", "CLOSED", "TIME_WAIT"),
    "k": ("complete", "client", "FIN", "TIME_WAIT", "CLOSED"),
    "l": ("complete", "server", "RST", "CLOSED", "CLOSED"),
    "n": ("complete", "nobody", "", "ESTABLISHED", "ESTABLISHED"),
}


@pytest.mark.parametrize("name", TRUTH)
def test_the_story_of_a_connection(recorded: Recorded, name: str) -> None:
    assert TRUTH[name] == story(recorded[name])


def test_a_closing_at_once_is_told_by_what_the_fins_acknowledge(recorded: Recorded) -> None:
    connection = recorded["i"]
    (stream,) = [
        one
        for one in streams(recorded.path)
        if recorded.clients["i"] in {one.segments[0].source[1], one.segments[0].target[1]}
    ]
    fins = [one for one in stream.segments if one.flags & FIN]
    knows = [
        one
        for one in fins
        if any(other is not one and one.ack == (other.seq + other.length + 1) & 0xFFFFFFFF for other in fins)
    ]
    first = [one for one in fins if one not in knows]
    expected = "both" if len(first) == 2 else "server" if first[0].source[1] == recorded.port else "client"

    assert connection.close is not None
    assert expected == connection.close.first


def test_ports_used_twice_are_two_connections(recorded: Recorded) -> None:
    first, second = recorded.all("m")

    assert [story(first), story(second)] == [("complete", "server", "RST", "CLOSED", "CLOSED")] * 2


def test_a_client_that_is_connected_to_itself_is_one_end(recorded: Recorded) -> None:
    closed, reset = (one for one in recorded.connections if one.with_itself)

    assert story(closed) == ("complete", "both", "FIN", "TIME_WAIT", "TIME_WAIT")
    assert story(reset) == ("complete", "client", "RST", "CLOSED", "CLOSED")
    assert (closed.client.octets, closed.client.missing, closed.ignored_count) == (17, 0, 0)


def test_data_after_a_half_close_counts(recorded: Recorded) -> None:
    assert recorded["g"].server.octets == 33


def test_keep_alives_are_no_retransmissions_and_no_octets(recorded: Recorded) -> None:
    connection = recorded["k"]

    assert ({"keep_alive"}, {"keep_alive_ack"}, 17) == (
        words(connection, "client"),
        words(connection, "server"),
        connection.client.octets,
    )


def test_a_client_that_stops_reading_shows_a_zero_window(recorded: Recorded) -> None:
    connection = recorded["l"]

    assert "zero_window" in words(connection, "client")
    assert {"zero_window_probe", "window_full"} & words(connection, "server")


def test_the_addresses_are_the_loopbacks(recorded: Recorded) -> None:
    assert {"127.0.0.1"} == {
        str(ipaddress.ip_address(one.client.host)) for one in recorded.connections if not one.with_itself
    }
