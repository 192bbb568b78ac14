"""Names of captures: globs, names that no file can have, and names of nothing."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from capanalyze.api import messages, read
from capanalyze.capture.capture import Capture
from capanalyze.errors import CapanalyzeError, NoAccessError
from tests.capture.test_capture import SEED, numbers_and_times


def test_a_name_with_brackets_is_no_glob_where_the_file_is_there(tmp_path: Path) -> None:
    shutil.copy(SEED, tmp_path / "trace[1].pcapng")
    (tmp_path / "trace1.pcapng").write_bytes(b"what the pattern would match")

    assert len(numbers_and_times(Capture([str(tmp_path / "trace[1].pcapng")]))) == 21


def test_a_glob_that_matches_nothing_is_named(tmp_path: Path) -> None:
    with pytest.raises(NoAccessError) as caught:
        Capture([str(tmp_path / "*.pcap")])

    assert str(caught.value) == f"{tmp_path}/*.pcap: No such file or directory"


def test_no_file_at_all() -> None:
    with pytest.raises(CapanalyzeError) as caught:
        Capture([])

    assert str(caught.value) == "no capture given"


IMPOSSIBLE = pytest.mark.parametrize("name", ["a\0b", "a\0*", "a\ud800b", "a\ud800*"])


@IMPOSSIBLE
@pytest.mark.parametrize("ask", [read, lambda name: list(messages(name)), lambda name: read([SEED, Path(name)])])
def test_a_name_that_no_file_can_have_is_one_clear_error(name: str, ask: Callable[[str], object]) -> None:
    with pytest.raises(CapanalyzeError) as caught:
        ask(name)

    assert str(caught.value) == f"{name!r}: no file name"
    assert caught.value.hint.startswith("a name holds ")


@pytest.mark.parametrize("names", [["n" * 300], ["n" * 300, "m" * 300], ["n" * 300 + "*"]])
def test_a_name_that_is_too_long_is_one_error(names: list[str]) -> None:
    with pytest.raises(CapanalyzeError, match="File name too long"):
        read(names)


def test_an_empty_name_is_one_error() -> None:
    with pytest.raises(CapanalyzeError) as caught:
        read("")

    assert str(caught.value) == "an empty file name"
