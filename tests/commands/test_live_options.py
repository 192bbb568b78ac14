"""``capanalyze live``: options that could not do what they say are refused before anything is captured."""

from pathlib import Path

import pytest

from tests.commands.command_line import capanalyze


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (
            ("-w", "trace.pcapng", "-o", "./trace.pcapng", "--format", "md"),
            "./trace.pcapng: -w and -o name the same file",
        ),
        (("-w", "-"), "-w -: standard output is for the report"),
        (("--duration", "nan"), "--duration nan: no number of seconds"),
        (("--duration", "inf"), "--duration inf: no number of seconds"),
        (("-o", "nowhere/report.md"), "nowhere/report.md: cannot be written: No such file or directory"),
        (("-o", ".", "--format", "md"), ".: cannot be written: Is a directory"),
    ],
)
def test_what_would_capture_for_nothing_is_refused_before_it_begins(
    options: tuple[str, ...], error: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    status, out, said = capanalyze("live", *options)

    assert (status, out, said.splitlines()[0]) == (2, "", f"error: {error}")
    assert not list(tmp_path.iterdir())
