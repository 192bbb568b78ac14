"""The command as a process: pipes that break, streams that are closed, encodings that lack characters, start-up."""

import io
import os
import subprocess
import sys
from pathlib import Path
from unittest import mock

import pytest

from capanalyze.commands import output
from capanalyze.errors import NoAccessError
from tests.commands.command_line import Story

ROOT = Path(__file__).resolve().parents[2]
CAPANALYZE = [sys.executable, "-m", "capanalyze"]


def run(*words: str, shell: str = "", **environment: str) -> subprocess.CompletedProcess[bytes]:
    """The command with arguments, or a shell line in which "$@" is the command."""
    line = ["sh", "-c", shell, "sh", *CAPANALYZE, *words] if shell else [*CAPANALYZE, *words]
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG", "PYTHONIO"))}
    return subprocess.run(
        line, capture_output=True, check=False, cwd=ROOT, env={**clean, **environment}, stdin=subprocess.DEVNULL
    )


@pytest.mark.parametrize(
    "environment",
    [
        {"PYTHONIOENCODING": "cp1252"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"LC_ALL": "C.UTF-8"},
        {"PYTHONIOENCODING": "ascii"},
        {"TERM": "dumb"},
        {"NO_COLOR": "1"},
    ],
    ids=str,
)
@pytest.mark.parametrize("form", ["text", "md", "json"])
def test_hostile_octets_reach_a_pipe_of_any_encoding_as_plain_lines(
    story: Story, form: str, environment: dict[str, str]
) -> None:
    done = run("read", "--format", form, story("hostile"), **environment)

    assert done.returncode == 0
    assert done.stdout.isascii()
    assert all(octet >= 0x20 or octet == 0x0A for octet in done.stdout)


@pytest.mark.parametrize("command", ["read", "messages"])
def test_a_reader_that_goes_away_is_survived_in_silence(story: Story, command: str) -> None:
    done = run(command, story("long-session"), shell='"$@" | head -n 1; exit 0')

    assert done.stdout.count(b"\n") == 1
    assert done.stderr == b""


def test_a_pipe_that_is_closed_from_the_start_is_no_error(story: Story) -> None:
    done = run("read", story("long-session"), shell='{ "$@"; echo "status $?" >&2; } | true; exit 0')

    assert done.stderr == b"status 0\n"


@pytest.mark.parametrize("words", [["--help"], ["read", "--help"], ["schema"], ["wireshark-plugin"]])
def test_a_reader_that_goes_away_from_help_is_no_error(words: list[str]) -> None:
    done = run(*words, shell='{ "$@"; echo "status $?" >&2; } | true; exit 0')

    assert done.stderr == b"status 0\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="has no /dev/full")
@pytest.mark.parametrize("words", [["--help"], ["read", "--help"], ["--version"]])
def test_help_that_finds_no_room_is_one_clear_error(words: list[str]) -> None:
    done = run(*words, shell='"$@" > /dev/full')

    assert done.returncode == 2
    assert done.stderr.startswith(b"error: standard output cannot be written: ")
    assert done.stderr.endswith(b"\nhint: write to a file with -o FILE\n")
    assert done.stderr.count(b"\n") == 2


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="has no /dev/full")
def test_a_report_of_what_came_through_a_pipe_goes_to_standard_output_where_its_file_cannot_be_written(
    story: Story,
) -> None:
    words = ("read", "-", "-o", "/dev/full", "--format", "md")
    piped = run(*words, shell=f'cat "{story("wrong-hello")}" | "$@"')
    given = run(*words, shell=f'"$@" < "{story("wrong-hello")}"')

    assert (piped.returncode, given.returncode, given.stdout) == (2, 2, b"")
    assert piped.stdout.startswith(b"**The client closed first")
    for done in (piped, given):
        assert b"error: /dev/full: cannot be written: No space left on device\n" in done.stderr


def test_a_version_that_nobody_can_read_is_one_clear_error() -> None:
    done = run("--version", shell='"$@" >&-')

    assert (done.returncode, done.stderr.splitlines()[0]) == (2, b"error: standard output is closed")


def test_a_closed_standard_output_is_one_clear_error(story: Story) -> None:
    done = run("read", story("wrong-hello"), shell='"$@" >&-')

    assert done.returncode == 2
    assert done.stderr == b"error: standard output is closed\nhint: write to a file with -o FILE\n"


def test_a_full_disk_is_one_clear_error(story: Story) -> None:
    done = run("read", story("wrong-hello"), shell='"$@" > /dev/full')

    assert done.returncode == 2
    assert done.stderr == (
        b"error: standard output cannot be written: No space left on device\nhint: write to a file with -o FILE\n"
    )


def test_a_file_on_a_full_disk_is_an_error_that_says_to_make_room(story: Story) -> None:
    done = run("read", story("wrong-hello"), "--format", "md", "-o", "/dev/full")

    assert done.returncode == 2
    assert done.stderr == (
        b"error: /dev/full: cannot be written: No space left on device\nhint: make room there, or choose another disk\n"
    )


@pytest.mark.parametrize(
    ("words", "status"), [(["read", "none.pcap"], 2), (["read"], 2), (["read", "--format", "md"], 2), ([], 2)]
)
def test_a_closed_standard_error_changes_no_status(words: list[str], status: int) -> None:
    done = run(*words, shell='"$@" 2>&-')

    assert (done.returncode, done.stderr) == (status, b"")


def test_with_everything_closed_the_file_is_still_written(story: Story, tmp_path: Path) -> None:
    path = tmp_path / "out.md"

    done = run("read", story("wrong-hello"), "-o", str(path), shell='"$@" <&- >&- 2>&-')

    assert done.returncode == 0
    assert path.read_text(encoding="utf-8").startswith("**The client closed first")


def test_a_device_is_written_and_not_replaced(story: Story) -> None:
    done = run("read", story("wrong-hello"), "--format", "text", "-o", "/dev/stderr")

    assert done.returncode == 0
    assert b"The client closed first" in done.stderr
    assert Path("/dev/stderr").exists()


def test_a_symbolic_link_stays_one(story: Story, tmp_path: Path) -> None:
    target, link = tmp_path / "target.txt", tmp_path / "link.txt"
    target.write_text("before")
    link.symlink_to(target)

    run("read", story("wrong-hello"), "-o", str(link))

    assert link.is_symlink()
    assert target.read_text(encoding="utf-8").startswith("The client")


def test_standard_input_is_a_capture_too(story: Story) -> None:
    path = story("wrong-hello")

    done = run("read", "-", shell=f'"$@" < {path}')

    assert done.stdout.startswith(b"The client closed first")
    assert b"standard input (pcap)" in done.stdout


def test_the_version_says_whether_it_is_compiled() -> None:
    done = run("--version")

    assert done.returncode == 0
    assert done.stdout.startswith(b"capanalyze 0.1.0 (")
    assert b"compiled" in done.stdout or b"interpreted" in done.stdout


def test_the_version_is_the_projects() -> None:
    import tomllib

    import capanalyze

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    assert project["version"] == capanalyze.__version__


HEAVY = ("rich", "scapy", "pyshark", "numpy", "pyarrow", "asyncio", "json", "socket", "zoneinfo")


def test_a_piped_report_imports_nothing_heavy(story: Story) -> None:
    program = (
        "import sys; from capanalyze.commands.app import run; status = run(sys.argv[1:]);"
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr); sys.exit(status)"
    )

    done = subprocess.run(
        [sys.executable, "-c", program, "read", story("wrong-hello")],
        capture_output=True,
        check=True,
        cwd=ROOT,
        text=True,
    )

    assert done.stderr == "[]\n"


def test_importing_the_package_imports_none_of_its_rooms() -> None:
    program = "import sys, capanalyze; print([name for name in sys.modules if name.startswith('capanalyze.')])"

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, cwd=ROOT, text=True)

    assert done.stdout == "[]\n"


def test_a_full_pipe_that_does_not_wait_is_one_error_where_output_is_unbuffered_too() -> None:
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    stream = io.TextIOWrapper(os.fdopen(writer, "wb", buffering=0), write_through=True)
    with stream, mock.patch("sys.stdout", stream), pytest.raises(NoAccessError, match="cannot be written"):
        output.to_stdout("x" * 1_000_000)
    os.close(reader)
