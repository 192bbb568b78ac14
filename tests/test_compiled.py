"""Compiled by mypyc and interpreted, the answers are the same: on every capture, and on hundreds of damaged ones."""

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hatch_build import compile_modules
from tests.limits.crowds import MOST_MB, Segment, damaged, finished, flood, peak_mb, sessions, told, written

ROOT = Path(__file__).parents[1]
DAMAGED = 300


def answers(package: Path) -> list[str]:
    """What `tests.answers` prints with the package of that folder."""
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join((str(package), str(ROOT))), PYTHONHASHSEED="0")
    command = [sys.executable, "-m", "tests.answers", str(DAMAGED)]
    done = subprocess.run(command, cwd=package, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.splitlines()


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package whose hot modules are compiled, as the build hook compiles them."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    modules = settings["tool"]["hatch"]["build"]["hooks"]["custom"]["modules"]
    folder = tmp_path_factory.mktemp("compiled")
    compile_modules(ROOT, folder, modules)
    return folder


@pytest.mark.timeout(900)
def test_compiled_and_interpreted_give_the_same_answers(compiled: Path) -> None:
    fast, slow = answers(compiled), answers(ROOT)

    assert [json.loads(one[0]).endswith(".py") for one in (fast, slow)] == [False, True]
    assert [one for one, other in zip(fast[1:], slow[1:], strict=True) if one != other] == []
    assert len(fast) > 2 * DAMAGED + 80


def test_compiled_and_interpreted_give_the_same_schema_of_the_report(compiled: Path) -> None:
    command = [sys.executable, "-m", "capanalyze", "schema", "--report"]

    fast, slow = (
        subprocess.run(command, cwd=package, capture_output=True, text=True, check=True).stdout
        for package in (compiled, ROOT)
    )

    assert json.loads(fast) == json.loads(slow)


@pytest.mark.parametrize(
    ("crowd", "number"),
    [(sessions, 20_000), (finished, 60_000), (flood, 150_000), (damaged, 20_480), (told, 600)],
)
def test_compiled_the_command_needs_less_than_100_mb(
    crowd: Callable[[int], Iterator[Segment]], number: int, compiled: Path, tmp_path: Path
) -> None:
    assert peak_mb(compiled, written(crowd(number), tmp_path / "crowd.pcap")) < MOST_MB


@pytest.mark.parametrize("options", [(), ("--requests",)])
def test_compiled_the_messages_of_20000_damaged_sessions_need_less_than_100_mb(
    options: tuple[str, ...], compiled: Path, tmp_path: Path
) -> None:
    crowd = written(damaged(20_480), tmp_path / "crowd.pcap")

    assert peak_mb(compiled, crowd, command=("messages", *options)) < MOST_MB
