"""README is a promise: every command in it works, and every output shown is what comes out.

``pytest --accept`` writes the outputs into README.md instead of comparing them.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
CONSOLE = re.compile(r"```console\n\$ (?P<command>[^\n]+)\n(?P<output>.*?)```\n", re.DOTALL)


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A PATH on which ``capanalyze`` is this tree."""
    folder = tmp_path_factory.mktemp("bin")
    command = folder / "capanalyze"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m capanalyze "$@"\n')
    command.chmod(0o755)
    path = f"{folder}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8"}


def output_of(command: str, environment: dict[str, str]) -> str:
    done = subprocess.run(
        ["bash", "-c", command], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_every_output_shown_is_what_the_command_prints(
    environment: dict[str, str], request: pytest.FixtureRequest
) -> None:
    text = README.read_text()
    fresh = CONSOLE.sub(
        lambda block: f"```console\n$ {block['command']}\n{output_of(block['command'], environment)}```\n", text
    )
    if request.config.getoption("--accept"):
        README.write_text(fresh)

    assert README.read_text() == fresh


def test_the_python_example_runs_and_says_that_the_client_closed(capsys: pytest.CaptureFixture[str]) -> None:
    example = re.search(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    assert example
    here = Path.cwd()
    os.chdir(ROOT)
    try:
        exec(compile(example[1], "README.md", "exec"), {})
    finally:
        os.chdir(here)

    assert capsys.readouterr().out.splitlines()[1:] == [
        f"{number} client {{'client': 'FIN_WAIT_2', 'server': 'CLOSE_WAIT'}}" for number in (1, 2, 3)
    ]


def test_ci_calls_exactly_the_test_command_that_the_readme_names() -> None:
    commands = [
        line for line in (ROOT / ".ci" / "run").read_text().splitlines() if line and not line.startswith(("#", "set "))
    ]

    assert commands == re.findall(r"```sh\n(sh tests/[^\n]+)\n```", README.read_text())
