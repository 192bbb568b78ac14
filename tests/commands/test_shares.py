"""``messages --jobs N``: the same list with any number of processes, and an end in good order when one fails."""

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from capanalyze.commands import shares
from capanalyze.commands.shares import shared
from capanalyze.errors import CapanalyzeError, NotACaptureError
from capanalyze.tws.message import Message
from tests.commands.command_line import capanalyze

CAPTURES = Path(__file__).parents[2] / "captures"
CROWDED = [str(CAPTURES / "two-clients-one-id.pcapng"), str(CAPTURES / "ibapi-latest-protobuf-226.pcapng")]


@pytest.fixture(autouse=True)
def small_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that small captures have many; the processes are forks and see it."""
    monkeypatch.setattr(shares, "GROUP", 3)


@pytest.mark.parametrize("jobs", ["2", "5"])
@pytest.mark.parametrize(
    "options",
    [[], ["--format", "jsonl"], ["--format", "csv"], ["--name", "tick*"], ["--side", "client", "--from", "0.1"]],
    ids=" ".join,
)
def test_any_number_of_processes_gives_the_same_list(options: list[str], jobs: str) -> None:
    alone = capanalyze("messages", *CROWDED, *options)

    assert len(alone[1].splitlines()) > 4
    assert capanalyze("messages", *CROWDED, *options, "--jobs", jobs) == alone


def test_the_executions_of_an_order_are_found_all_the_same() -> None:
    line = ["messages", str(CAPTURES / "ib_async-healthy-178.pcapng"), "--request", "3", "--format", "jsonl"]

    assert capanalyze(*line, "--jobs", "3") == capanalyze(*line)


def test_what_is_no_capture_is_one_error_as_without_jobs(tmp_path: Path) -> None:
    path = tmp_path / "x.pcap"
    path.write_bytes(b"no capture at all, and that is that")

    status, out, error = capanalyze("messages", str(path), "--jobs", "2")

    assert (status, out, error) == capanalyze("messages", str(path))
    assert (status, out) == (2, "")


def ten_lines(wanted: Callable[[Message, int], bool], _noted: bool, *, end: Callable[[int], None]) -> Iterator[str]:
    """Lines of ten messages; the process does something to end itself before the eighth."""
    for number in range(10):
        if number == 7:
            end(number)
        if wanted(Message.__new__(Message), 0):
            yield f"{number}\n"


def everything(_: Message, __: int) -> bool:
    return True


def killed(_: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def refused(number: int) -> None:
    raise NotACaptureError(f"x.pcap: damaged at {number}", "record it again")


def test_a_process_that_is_killed_ends_all_with_one_error() -> None:
    found = shared(partial(ten_lines, end=killed), everything, 2)

    with pytest.raises(CapanalyzeError, match="ended from outside"):
        list(found)

    assert multiprocessing.active_children() == []


def test_an_error_comes_as_itself_behind_the_lines_before_it() -> None:
    found = shared(partial(ten_lines, end=refused), everything, 2)
    lines = []

    with pytest.raises(NotACaptureError, match="damaged at 7") as raised:
        lines.extend(found)

    assert (lines, raised.value.hint) == (["0\n1\n2\n", "3\n4\n5\n", "6\n"], "record it again")


def test_who_stops_reading_leaves_no_process_behind() -> None:
    found = shared(partial(ten_lines, end=lambda _: None), everything, 3)
    first = next(found)
    found.close()  # type: ignore[attr-defined]  # it is a generator

    assert first == "0\n1\n2\n"
    assert multiprocessing.active_children() == []
