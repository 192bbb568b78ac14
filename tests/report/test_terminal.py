"""On a terminal the same words appear, in colour where the terminal has it."""

import io
import re

import pytest

from capanalyze.report import Look, render
from capanalyze.report.terminal import show
from tests.report.stories import STORIES
from tests.timeline.talk import report


class Terminal(io.StringIO):
    """A stream that is a terminal."""

    def isatty(self) -> bool:
        """As a terminal says."""
        return True


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "COLORTERM", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")


@pytest.mark.parametrize("name", sorted(STORIES))
@pytest.mark.parametrize("width", [80, 120])
def test_the_words_are_those_of_the_plain_text(name: str, width: int) -> None:
    whole, terminal = report(*STORIES[name]()), Terminal()

    show(whole, Look(width), terminal)

    shown, plain = re.sub(r"\x1b\[[0-9;]*m", "", terminal.getvalue()), render(whole, "text", Look(width))
    assert shown.split() == plain.split()
    assert shown.split("\n\n")[1:] == plain.split("\n\n")[1:]


@pytest.mark.parametrize("width", [76, 80, 120, 160])
def test_no_line_but_a_hash_is_wider_than_the_terminal(width: int) -> None:
    for story in STORIES.values():
        terminal = Terminal()

        show(report(*story()), Look(width), terminal)

        lines = re.sub(r"\x1b\[[0-9;]*m", "", terminal.getvalue()).splitlines()
        assert [line for line in lines if len(line) > width and "sha256" not in line] == []


@pytest.mark.parametrize("name", sorted(STORIES))
def test_the_first_line_of_a_pipe_is_the_whole_verdict(name: str) -> None:
    whole = report(*STORIES[name]())

    first, rest = render(whole, "text", Look()).split("\n", 1)

    assert first == whole.verdict
    assert [line for line in rest.splitlines() if len(line) > 80 and "sha256" not in line] == []


def test_colour_is_left_out_where_it_is_not_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    terminal = Terminal()

    show(report(*STORIES["wrong-hello"]()), Look(), terminal)

    assert re.findall(r"\x1b\[[0-9;]*3[0-7]m", terminal.getvalue()) == []


def test_a_problem_is_red_and_a_closing_event_yellow() -> None:
    terminal = Terminal()

    show(report(*STORIES["wrong-hello"]()), Look(), terminal)

    assert "\x1b[1;31mPROBLEM  The client's first octets are not a TWS hello" in terminal.getvalue()
    assert re.search(r"\x1b\[33m! +6 .*FIN: the client closes first", terminal.getvalue())
