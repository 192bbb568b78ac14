"""``-o``: where the report goes, in which format, and what becomes of a file that is there."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from unittest import mock

import pytest

from tests.commands.command_line import NOT_REDACTED, Story, capanalyze


def test_a_file_that_cannot_be_written_is_told_before_a_capture_is_read(story: Story, tmp_path: Path) -> None:
    with mock.patch("capanalyze.api.read") as read:
        status, _, error = capanalyze("read", story("wrong-hello"), "-o", str(tmp_path / "nowhere" / "report.md"))

    assert (status, read.call_count) == (2, 0)
    assert "report.md: cannot be written: No such file or directory\n" in error


def test_a_file_that_is_there_is_not_changed_by_a_capture_that_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "report.md"
    path.write_text("of before", encoding="utf-8")

    status, _, _ = capanalyze("read", str(tmp_path / "none.pcap"), "-o", str(path))

    assert (status, path.read_text(encoding="utf-8"), [*tmp_path.iterdir()]) == (2, "of before", [path])


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o666])
def test_who_may_read_a_report_stays_as_it_was_when_it_is_written_again(
    story: Story, tmp_path: Path, mode: int
) -> None:
    path = tmp_path / "report.md"
    path.touch()
    path.chmod(mode)

    status, _, _ = capanalyze("read", story("wrong-hello"), "-o", str(path))

    assert (status, path.stat().st_mode & 0o777) == (0, mode)
    assert path.read_text(encoding="utf-8").startswith("**The client closed first")


def test_a_file_that_must_not_be_written_is_not_replaced(story: Story, tmp_path: Path) -> None:
    path = tmp_path / "report.md"
    path.write_text("kept", encoding="utf-8")

    with mock.patch("os.access", return_value=False) as access:  # root may write what is read-only
        status, _, error = capanalyze("read", story("wrong-hello"), "-o", str(path))

    access.assert_called_with(str(path), os.W_OK)
    assert (status, path.read_text(encoding="utf-8"), [*tmp_path.glob("report*")]) == (2, "kept", [path])
    assert "report.md: cannot be written: Permission denied\n" in error


@pytest.mark.parametrize(("suffix", "begins"), [(".txt", "The client"), (".md", "**The client"), (".json", "{\n")])
def test_the_suffix_of_the_output_chooses_the_format(story: Story, tmp_path: Path, suffix: str, begins: str) -> None:
    path = tmp_path / f"out{suffix}"

    status, out, error = capanalyze("read", story("wrong-hello"), "-o", str(path))

    assert (status, out, error) == (0, "", NOT_REDACTED)
    assert path.read_text(encoding="utf-8").startswith(begins)


def test_a_format_that_is_named_outweighs_the_suffix(story: Story, tmp_path: Path) -> None:
    path = tmp_path / "out.txt"

    capanalyze("read", story("wrong-hello"), "-o", str(path), "--format", "json")

    assert json.loads(path.read_text(encoding="utf-8"))["schema_version"] == 1


def test_an_unknown_suffix_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    status, out, error = capanalyze("read", "no-such-file", "-o", str(tmp_path / "out.doc"))

    assert (status, out) == (2, "")
    assert error == (
        f"error: {tmp_path / 'out.doc'}: its suffix names no format\nhint: end it in .txt .md .json, or say --format\n"
    )


@pytest.mark.parametrize("command", [("read", "--format", "json"), ("messages", "--format", "csv")])
def test_the_capture_itself_is_never_replaced_by_what_is_said_of_it(
    story: Story, tmp_path: Path, command: tuple[str, ...]
) -> None:
    path = Path(story("wrong-hello"))
    octets = path.read_bytes()
    link = tmp_path / "link.txt"
    link.symlink_to(path)

    said = [capanalyze(*command, str(tmp_path / "wrong*.pcap"), "-o", str(name)) for name in (path, link)]

    hint = "hint: give the output a name of its own\n"
    assert said == [(2, "", f"error: {name}: it is the capture itself\n{hint}") for name in (path, link)]
    assert path.read_bytes() == octets


def test_nor_is_it_where_it_comes_as_standard_input(story: Story) -> None:
    path = Path(story("wrong-hello"))
    octets = path.read_bytes()

    with path.open("rb") as given:
        command = [sys.executable, "-m", "capanalyze", "read", "-", "--format", "json", "-o", str(path)]
        ended = subprocess.run(command, stdin=given, capture_output=True, text=True, check=False)

    assert ended.returncode == 2
    assert "it is the capture itself" in ended.stderr
    assert path.read_bytes() == octets


def test_a_file_that_is_there_is_replaced_whole_or_not_at_all(story: Story, tmp_path: Path) -> None:
    path = tmp_path / "out.txt"
    path.write_text("before")

    capanalyze("read", story("wrong-hello"), "-o", str(path))

    assert path.read_text(encoding="utf-8").startswith("The client")
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["out.txt", "wrong-hello.pcap"]


@pytest.mark.parametrize("name", ["missing/out.txt", ""])
def test_an_output_that_cannot_be_written_is_one_clear_error(story: Story, tmp_path: Path, name: str) -> None:
    path = tmp_path / name

    status, out, error = capanalyze("read", story("wrong-hello"), "--format", "text", "-o", str(path))

    assert (status, out) == (2, "")
    assert re.fullmatch(r"error: .*: cannot be written: .*\nhint: choose a folder .*\n", error)


def test_an_output_that_no_file_can_be_called_is_one_clear_error(story: Story) -> None:
    status, out, error = capanalyze("read", story("wrong-hello"), "-o", "a\0b.txt")

    assert (status, out) == (2, "")
    assert error == "error: 'a\\x00b.txt': no file name\nhint: a name holds no NUL\n"
