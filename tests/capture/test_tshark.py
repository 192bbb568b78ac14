"""tshark as a process: what it says is understood, and however it ends there is one clear error and nothing is left."""

from __future__ import annotations

import asyncio
import os
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from capanalyze.analyzer import Analyzer
from capanalyze.api import read, read_files
from capanalyze.capture import tshark
from capanalyze.capture.capture import Capture
from capanalyze.capture.files import from_bytes
from capanalyze.capture.tshark import Tshark, find_tshark
from capanalyze.errors import ToolError
from tests.capture.octets import ROOT
from tests.capture.tunnels import file_of, in_tunnel, talk, vxlan
from tests.capture.wrappers import ethernet

REAL = find_tshark()
TUNNEL = file_of(in_tunnel(vxlan(3), talk(7).packets))


def ask_all(found: Tshark, data: bytes) -> int:
    asked = 0
    for window in from_bytes(data).windows():
        while window.advance():
            found.ask(window)
            asked += 1
    return asked


def test_answers_come_in_the_order_of_the_questions() -> None:
    frames = [frame for number in range(1, 40) for frame in in_tunnel(vxlan(number), talk(7).packets[:1])]
    found = Tshark()
    asked = ask_all(found, file_of(frames))

    answers = [found.answer() for _ in range(asked)]
    found.close()

    assert [answer.tunnel for answer in answers] == [(f"VXLAN {number}",) for number in range(1, 40)]


def test_an_answer_does_not_wait_for_more_questions() -> None:
    found = Tshark()
    ask_all(found, file_of(in_tunnel(vxlan(3), talk(7).packets[:1])))

    assert found.answer().tunnel == ("VXLAN 3",)
    assert ask_all(found, file_of(in_tunnel(vxlan(4), talk(7).packets[:1]))) == 1
    assert found.answer().tunnel == ("VXLAN 4",)
    found.close()


def settled(threads: int) -> bool:
    """Whether only so many threads are left; asyncio's, which waits for the process, ends a moment after it."""
    until = time.monotonic() + 5
    while threading.active_count() > threads and time.monotonic() < until:
        time.sleep(0.01)
    return threading.active_count() <= threads


def test_closing_leaves_no_process_no_thread_and_no_descriptor() -> None:
    before = {path.name for path in Path("/proc/self/fd").iterdir()}
    threads = threading.active_count()
    found = Tshark()
    ask_all(found, TUNNEL)
    found.answer()
    pid = found._pid
    found.close()
    found.close()

    assert not Path(f"/proc/{pid}").exists() or "tshark" not in Path(f"/proc/{pid}/comm").read_text()
    assert settled(threads)
    assert {path.name for path in Path("/proc/self/fd").iterdir()} <= before


def test_a_reader_that_goes_away_leaves_nothing() -> None:
    threads = threading.active_count()
    runs = Capture([from_bytes(TUNNEL * 50)]).runs()
    Analyzer().feed(next(runs))
    next(runs)
    runs.close()  # type: ignore[attr-defined]

    assert settled(threads)


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program that stands in for tshark; the test writes what it does."""
    path = tmp_path / "tshark"
    path.write_text("#!/bin/sh\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(tshark, "find_tshark", lambda: str(path))
    monkeypatch.setattr(tshark, "SILENCE_S", 10.0)
    return path


@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        ("exit 0", "tshark ended too early"),
        ("echo 'tshark: no licence' >&2; exit 3", "tshark ended too early (tshark: no licence)"),
        ("head -c 100 >/dev/null; kill -9 $$", "tshark ended too early"),
        ('echo \'Running as user "root" and group "root".\' >&2; exit 1', "tshark ended too early"),
        ("cat; exit 0", "tshark ended too early"),
        ("echo '<packet></packet>'; exit 0", "tshark ended too early"),
    ],
)
def test_a_tshark_that_was_asked_for_and_dies_gives_one_clear_error(program: Path, script: str, sentence: str) -> None:
    program.write_text(f"#!/bin/sh\n{script}\n")
    with pytest.raises(ToolError) as caught:
        read_files([from_bytes(TUNNEL)], engine="tshark")

    assert str(caught.value) == sentence
    assert caught.value.hint == "--engine native reads without it"


def test_that_nothing_can_be_written_to_a_tshark_does_not_say_why_it_ended(program: Path) -> None:
    program.write_text("#!/bin/sh\nexit 0\n")
    asked = tshark.Tshark()
    asked._reader.join(10)
    asked.finish()
    asked._writer.join(10)

    with pytest.raises(ToolError, match=r"^tshark ended too early$"):
        asked.answer()


def test_a_tshark_that_hangs_is_killed(program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program.write_text(f"#!/bin/sh\necho $$ > {tmp_path}/pid\nexec sleep 1000\n")
    monkeypatch.setattr(tshark, "SILENCE_S", 1.0)
    before = time.monotonic()
    remark = "left out: 9 packets in VXLAN; tshark unwraps that (tshark did not answer for 1 s and was killed)"

    report = read_files([from_bytes(TUNNEL)])

    assert report.capture.remarks == (remark,)
    assert time.monotonic() - before < 10
    assert not Path(f"/proc/{(tmp_path / 'pid').read_text().strip()}/cmdline").exists()


def test_a_tshark_that_cannot_be_started_is_told(program: Path) -> None:
    program.write_bytes(b"\x7fELF no program")

    capture = read_files([from_bytes(TUNNEL)]).capture

    assert capture.remarks[0].startswith("left out: 9 packets in VXLAN; tshark unwraps that (tshark ended too early (")


@pytest.mark.parametrize("pieces", [1, 2, 18])
@pytest.mark.parametrize("stretch", [1, 5, 2000])
def test_a_tshark_that_fails_costs_what_is_wrapped_and_nothing_else(
    pieces: int, stretch: int, program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("capanalyze.capture.relay.STRETCH", stretch)
    program.write_text("#!/bin/sh\necho 'tshark: no licence' >&2; exit 3\n")
    plain = [(1, one.ts_ns, ethernet(one.datagram())) for one in talk(8).packets]
    mixed = [frame for pair in zip(in_tunnel(vxlan(3), talk(7).packets), plain, strict=True) for frame in pair]
    size = len(mixed) // pieces
    files = [from_bytes(file_of(mixed[at : at + size])) for at in range(0, len(mixed), size)]

    report = read_files(files, all_connections=True)

    assert [(one.client.port, one.packets, one.history) for one in report.connections] == [(8, 9, "ShADdFf")]
    assert (report.capture.packets, report.capture.skipped) == (18, {"wrapped in VXLAN": 9})
    assert report.capture.remarks == (
        "left out: 9 packets in VXLAN; tshark unwraps that (tshark ended too early (tshark: no licence))",
    )


def test_what_tshark_unwrapped_before_it_failed_is_kept(program: Path) -> None:
    frames = in_tunnel(vxlan(3), talk(7).packets)
    enough = len(file_of(frames[:6])) + 50
    program.write_text(f'#!/bin/sh\nhead -c {enough} | {REAL} "$@"\n')

    report = read_files([from_bytes(TUNNEL)], all_connections=True)

    assert report.capture.skipped == {"wrapped in VXLAN": 3}
    assert [one.packets for one in report.connections] == [6]
    assert report.capture.remarks[0] == "unwrapped by tshark: 6 packets in VXLAN"
    assert report.capture.remarks[1].startswith("left out: 3 packets in VXLAN; tshark unwraps that (tshark ended too")


def test_a_tshark_that_is_missing_is_said_where_it_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tshark, "find_tshark", lambda: "")
    with pytest.raises(ToolError) as caught:
        read_files([from_bytes(TUNNEL)], engine="tshark")

    assert (str(caught.value), caught.value.hint) == ("tshark is not installed", tshark.INSTALL)


def test_tshark_is_looked_for_in_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert os.access(find_tshark(), os.X_OK)
    monkeypatch.setenv("PATH", str(tmp_path))
    if not Path("/usr/bin/tshark").samefile(find_tshark() or os.devnull):
        assert find_tshark() == ""


@pytest.mark.parametrize("content", ["IbLoginId=edemo\n", "[tshark]\ntshark_path = /bin/false\n", "[other]\n"])
def test_a_configuration_of_some_other_program_in_the_current_folder_does_no_harm(content: str, tmp_path: Path) -> None:
    tunnel = tmp_path / "tunnel.pcapng"
    tunnel.write_bytes(TUNNEL)
    (tmp_path / "config.ini").write_text(content)
    command = [sys.executable, "-m", "capanalyze", "read", "tunnel.pcapng"]
    environment = dict(os.environ, PYTHONPATH=str(ROOT))

    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=False, timeout=60)

    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"The client closed first (FIN in packet 7)")


def test_it_works_inside_an_event_loop_that_runs_already() -> None:
    async def notebook() -> int:
        return len(read_files([from_bytes(TUNNEL)]).connections)

    assert asyncio.run(notebook()) == 1


@pytest.mark.parametrize(
    "path",
    [*sorted((ROOT / "captures").glob("*healthy*.pcapng")), ROOT / "captures" / "seed-silent-gateway.pcapng"],
    ids=lambda path: path.name,
)
def test_an_ordinary_capture_through_tshark_gives_the_same_report(path: Path) -> None:
    native, through = read(path, engine="native").to_dict(), read(path, engine="tshark").to_dict()

    assert through == native


def test_more_packets_than_fit_into_any_pipe() -> None:
    packets = talk(7).packets
    frames = in_tunnel(vxlan(3), packets[:3] + [packets[3]] * 6000 + packets[3:])

    report = read_files([from_bytes(file_of(frames))]).to_dict()

    assert (report["connections"][0]["packets"], report["connections"][0]["client_bytes"]) == (6009, 17)
