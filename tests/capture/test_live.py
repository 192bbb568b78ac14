"""Live capture by real engines, on real sockets, in a network namespace of its own."""

import os
import signal
import statistics
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from capanalyze import read
from tests.capture.live_lab import command, descendants, drive, environment, survivors, tshark
from tests.capture.tiny_pcapng import packets, tcp_flags, whole
from tests.lab.namespace import Namespace

ENGINES = ("dumpcap", "scapy")
SYN, SYN_ACK, FIN = 0x02, 0x12, 0x01

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def namespace() -> Iterator[Namespace]:
    with Namespace() as made:
        yield made


def capture(engine: str, path: Path | None = None, **arguments: object) -> dict[str, Any]:
    return {"engine": engine, "write": str(path) if path else None, **arguments}


def truth(namespace: Namespace, result: dict[str, Any], path: Path) -> int:
    """The kernel's own count; on a shared loopback interface, Wireshark's."""
    return int(result["counted"]) if namespace.isolated else len(tshark(path, "frame.number"))


def mine(row: list[str], namespace: Namespace) -> bool:
    """Whether a row that ends with ports is this test's own: all are, where nobody else uses the interface."""
    return namespace.isolated or str(namespace.port) in row[-1]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_session_is_captured_from_its_syn_to_the_ack_of_its_last_fin(
    engine: str, namespace: Namespace, tmp_path: Path
) -> None:
    path = tmp_path / "session.pcapng"

    result = drive(namespace, {"captures": [capture(engine, path)], "traffic": "session"})

    flags = [tcp_flags(packet) for packet in packets(path.read_bytes())]
    assert flags[:3] == [SYN, SYN_ACK, 0x10]
    assert sum(each & FIN for each in flags) == 2
    assert flags[-1] == 0x10
    assert [f"0x{each:04x}" for each in flags] == [row[0] for row in tshark(path, "tcp.flags")]
    assert result["captures"][0]["errors"] == []
    assert result["stderr"] == ""


@pytest.mark.parametrize("engine", ENGINES)
def test_each_loopback_packet_of_both_families_comes_once(engine: str, namespace: Namespace, tmp_path: Path) -> None:
    path = tmp_path / "both.pcapng"

    result = drive(namespace, {"captures": [capture(engine, path)], "traffic": "both_families"})

    expected = truth(namespace, result, path)
    assert expected == len(packets(path.read_bytes()))
    assert expected == len(tshark(path, "frame.number"))
    assert expected == result["captures"][0]["statistics"]["packets"]
    assert expected == result["captures"][0]["statistics"]["received"]
    assert result["captures"][0]["statistics"]["dropped"] == 0


def test_the_engines_deliver_the_same_packets_with_the_same_times(namespace: Namespace, tmp_path: Path) -> None:
    paths = [tmp_path / f"{engine}.pcapng" for engine in ENGINES]
    captures = [capture(engine, path) for engine, path in zip(ENGINES, paths, strict=True)]

    result = drive(namespace, {"captures": captures, "traffic": "both_families"})

    by_dumpcap, by_scapy = (packets(path.read_bytes()) for path in paths)
    assert [packet.data for packet in by_dumpcap] == [packet.data for packet in by_scapy]
    assert all(result["began"] <= packet.ticks <= result["ended"] for packet in by_scapy)
    differences = [abs(one.ticks - other.ticks) for one, other in zip(by_dumpcap, by_scapy, strict=True)]
    assert statistics.median(differences) < 50_000  # each listener has the kernel stamp the packet


def test_the_socket_filter_chooses_what_libpcap_chooses(namespace: Namespace, tmp_path: Path) -> None:
    paths = [tmp_path / f"{engine}.pcapng" for engine in ENGINES]
    captures = [capture(engine, path, ports=[1, namespace.port]) for engine, path in zip(ENGINES, paths, strict=True)]

    drive(namespace, {"captures": captures, "traffic": "frames"})

    by_dumpcap, by_scapy = (packets(path.read_bytes()) for path in paths)
    assert [packet.data.hex() for packet in by_dumpcap] == [packet.data.hex() for packet in by_scapy]
    assert len(by_scapy) >= 10


def test_without_ports_the_socket_filter_chooses_all_of_tcp_as_libpcap_does(
    namespace: Namespace, tmp_path: Path
) -> None:
    paths = [tmp_path / f"{engine}.pcapng" for engine in ENGINES]
    captures = [capture(engine, path, ports=[]) for engine, path in zip(ENGINES, paths, strict=True)]

    drive(namespace, {"captures": captures, "traffic": "frames"})

    by_dumpcap, by_scapy = (
        [row for row in tshark(path, "frame.protocols", "ip.len", "ipv6.plen", "tcp.port") if mine(row, namespace)]
        for path in paths
    )
    assert by_dumpcap == by_scapy
    assert by_scapy != []


@pytest.mark.parametrize("engine", ENGINES)
def test_other_ports_and_datagrams_are_left_out(engine: str, namespace: Namespace, tmp_path: Path) -> None:
    path = tmp_path / "filtered.pcapng"

    for traffic in ("two_ports", "datagrams"):
        drive(namespace, {"captures": [capture(engine, path)], "traffic": traffic})

        flags = [tcp_flags(packet) for packet in packets(path.read_bytes())]
        assert flags.count(SYN) == 1
        assert sum(each & FIN for each in flags) == 2


@pytest.mark.parametrize("engine", ENGINES)
def test_every_packet_of_a_burst_is_there_or_counted_as_dropped(
    engine: str, namespace: Namespace, tmp_path: Path
) -> None:
    path = tmp_path / "burst.pcapng"

    result = drive(namespace, {"captures": [capture(engine, path)], "traffic": "burst"})

    counts = result["captures"][0]["statistics"]
    assert len(packets(path.read_bytes())) == counts["packets"]
    assert truth(namespace, result, path) == counts["packets"] + counts["dropped"]
    assert counts["packets"] + counts["dropped"] >= 20_000


@pytest.mark.parametrize("engine", ENGINES)
def test_stop_in_silence_ends_within_a_second_and_silence_ticks(engine: str, namespace: Namespace) -> None:
    result = drive(namespace, {"captures": [capture(engine)], "traffic": "silence"})

    outcome = result["captures"][0]
    assert outcome["stop_seconds"] < 1
    assert 4 <= len(outcome["ticks"]) <= 15
    assert sorted(outcome["ticks"]) == outcome["ticks"]
    assert result["began"] - 1_100_000_000 <= outcome["ticks"][0] <= outcome["ticks"][-1] <= result["ended"]


@pytest.mark.parametrize("engine", ENGINES)
def test_stop_under_steady_traffic_ends_within_two_seconds(engine: str, namespace: Namespace) -> None:
    result = drive(namespace, {"captures": [capture(engine)], "traffic": "steady"})

    assert result["captures"][0]["stop_seconds"] < 2
    assert result["captures"][0]["statistics"]["packets"] > 100


@pytest.mark.parametrize("engine", ENGINES)
def test_no_tick_lies_before_a_packet_that_came_before_it(engine: str, namespace: Namespace, tmp_path: Path) -> None:
    path = tmp_path / "ticks.pcapng"

    result = drive(
        namespace, {"captures": [capture(engine, path, duration_s=1.5)], "traffic": "session", "by_itself": True}
    )

    last = packets(path.read_bytes())[-1].ticks
    assert result["captures"][0]["ticks"][-1] >= last


@pytest.mark.parametrize("engine", ENGINES)
def test_a_duration_ends_the_capture(engine: str, namespace: Namespace) -> None:
    result = drive(namespace, {"captures": [capture(engine, duration_s=0.8)], "traffic": "steady", "by_itself": True})

    assert 0.7 <= result["captures"][0]["seconds"] < 2


@pytest.mark.parametrize("engine", ENGINES)
def test_a_count_ends_the_capture_at_that_very_packet(engine: str, namespace: Namespace, tmp_path: Path) -> None:
    path = tmp_path / "count.pcapng"

    result = drive(namespace, {"captures": [capture(engine, path, count=5)], "traffic": "two_ports", "by_itself": True})

    assert len(packets(path.read_bytes())) == 5
    assert result["captures"][0]["statistics"]["packets"] == 5
    assert path.stat().st_size == result["captures"][0]["octets"]


@pytest.mark.parametrize("engine", ENGINES)
def test_ctrl_c_reaches_no_engine_and_loses_no_fin(engine: str, namespace: Namespace, tmp_path: Path) -> None:
    path = tmp_path / "interrupted.pcapng"

    result = drive(namespace, {"captures": [capture(engine, path)], "traffic": "session", "signal": True})

    flags = [tcp_flags(packet) for packet in packets(path.read_bytes())]
    assert sum(each & FIN for each in flags) == 2
    assert flags[-1] == 0x10
    assert result["captures"][0]["errors"] == []


@pytest.mark.parametrize("engine", ENGINES)
def test_kill_9_leaves_a_readable_file_and_no_process_even_without_traffic(
    engine: str, namespace: Namespace, tmp_path: Path
) -> None:
    path = tmp_path / "killed.pcapng"
    spec = {"captures": [capture(engine, path, duration_s=60)], "traffic": "session", "by_itself": True}
    with subprocess.Popen(
        command(namespace, spec), env=environment(), stdout=subprocess.DEVNULL, start_new_session=True
    ) as driver:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and (not path.exists() or path.stat().st_size < 1000):
            time.sleep(0.05)
        time.sleep(0.5)
        below = descendants(driver.pid)

        driver.kill()

    assert survivors(below) == set()
    flags = [tcp_flags(packet) for packet in packets(path.read_bytes())]
    assert ("dumpcap" in below.values()) == (engine == "dumpcap")
    assert sum(each & FIN for each in flags) == 2
    assert len(flags) == len(tshark(path, "frame.number"))


def test_kill_9_in_the_middle_of_a_burst_leaves_whole_blocks(namespace: Namespace, tmp_path: Path) -> None:
    """Linux ends a write between two pages where the writer is killed meanwhile: only there a block may be cut."""
    path = tmp_path / "killed.pcapng"
    spec = {"captures": [capture("dumpcap", path)], "traffic": "burst"}
    with subprocess.Popen(
        command(namespace, spec), env=environment(), stdout=subprocess.DEVNULL, start_new_session=True
    ) as driver:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and (not path.exists() or path.stat().st_size < 100_000):
            time.sleep(0.005)

        driver.kill()

    written = path.read_bytes()
    kept = whole(written)
    assert kept == written or len(written) % os.sysconf("SC_PAGE_SIZE") == 0
    assert read(path, all_connections=True).capture.packets == len(packets(kept)) > 500
    path.write_bytes(kept)
    assert len(tshark(path, "frame.number")) == len(packets(kept))


def test_an_engine_that_dies_is_an_error_behind_what_it_captured(namespace: Namespace, tmp_path: Path) -> None:
    path = tmp_path / "died.pcapng"
    spec = {"captures": [capture("dumpcap", path, duration_s=30)], "traffic": "session", "by_itself": True}
    with subprocess.Popen(
        command(namespace, spec), env=environment(), stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as driver:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and (not path.exists() or path.stat().st_size < 1000):
            time.sleep(0.05)
        time.sleep(0.5)
        victim = next(pid for pid, name in descendants(driver.pid).items() if name == "dumpcap")

        os.kill(victim, signal.SIGKILL)

        output, _ = driver.communicate(timeout=20)
    assert '"errors": [["ToolError", "dumpcap on lo: it ended without a word"]]' in output
    assert sum(tcp_flags(packet) & FIN for packet in packets(path.read_bytes())) == 2


def test_a_full_disk_is_an_error_and_the_capture_goes_on(namespace: Namespace) -> None:
    result = drive(namespace, {"captures": [capture("scapy", Path("/dev/full"))], "traffic": "session"})

    outcome = result["captures"][0]
    assert outcome["errors"] == [["NoAccessError", "/dev/full: No space left on device, the file ends there"]]
    assert outcome["statistics"]["packets"] >= 8


def test_scapys_libpcap_socket_delivers_the_same_session(namespace: Namespace, tmp_path: Path) -> None:
    path = tmp_path / "libpcap.pcapng"

    result = drive(namespace, {"captures": [capture("scapy", path)], "traffic": "both_families", "use_pcap": True})

    times = [packet.ticks for packet in packets(path.read_bytes())]
    assert truth(namespace, result, path) == len(times)
    assert all(result["began"] - 1000 <= each <= result["ended"] for each in times)
