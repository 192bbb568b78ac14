"""Markdown for an issue: the verdict first, sixty lines to see, the rest folded, no accidental links."""

import re
from pathlib import Path

import pytest

import capanalyze
from capanalyze.report import Look, render
from capanalyze.report.markdown import WIDTH
from tests.report.stories import STORIES
from tests.timeline.talk import error, frame, ready, report

CAPTURES = sorted((Path(__file__).resolve().parents[2] / "captures").glob("*.pcapng"))


def visible(source: str) -> list[str]:
    """The lines that show before anything is unfolded: of what is folded, the summaries."""
    lines, folded, fenced = [], False, ""
    for line in source.splitlines():
        if fenced:
            fenced = "" if line == fenced else fenced
        elif line.startswith("```"):
            fenced = line.removesuffix("text")
        elif line == "<details>":
            folded = True
        if not folded or line.startswith("<summary>"):
            lines.append(line)
        if line == "</details>" and not fenced:
            folded = False
    return lines


@pytest.mark.parametrize("name", sorted(STORIES))
def test_the_verdict_is_the_first_line(name: str) -> None:
    whole = report(*STORIES[name]())

    first = render(whole, "md", Look()).splitlines()[0]

    assert first.startswith("**")
    assert first.endswith("**")
    assert re.sub(r"[^a-z]", "", first.lower()) == re.sub(r"[^a-z]", "", whole.verdict.lower())


@pytest.mark.parametrize("name", sorted(STORIES))
def test_a_story_shows_at_most_sixty_lines(name: str) -> None:
    lines = visible(render(report(*STORIES[name]()), "md", Look()))

    assert len(lines) <= 60


@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.name)
def test_a_recording_shows_at_most_sixty_lines_and_nothing_that_github_links(path: Path) -> None:
    source = render(capanalyze.read(path), "md", Look())

    outside = re.sub(r"`[^`\n]*`", "", re.sub(r"```.*?```", "", source, flags=re.DOTALL))
    assert len(visible(source)) <= 60
    assert re.findall(r"#\d|@\w|://", outside) == []


def test_a_short_story_shows_its_timeline_at_once() -> None:
    lines = visible(render(report(*STORIES["wrong-hello"]()), "md", Look()))

    assert any("FIN: the client closes first" in line for line in lines)


def test_several_connections_show_their_table_at_once_and_fold_their_timelines() -> None:
    source = render(report(*STORIES["silent-gateway"]()), "md", Look())

    assert any(":50002" in line for line in visible(source))
    assert not any("FIN: the client closes first" in line for line in visible(source))
    assert source.count("FIN: the client closes first") == 3


def test_findings_beyond_what_is_visible_are_folded_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("capanalyze.report.markdown.VISIBLE", 34)
    talk = ready().server.data(error(1100)).client.ack(window=0).server.data(b"\0\0\0\0").client.ack()
    talk.server.data(frame("49", "1", "1"), unseen=True).server.data(
        frame("49", "1", "1")
    ).client.ack().client.fin().server.ack().after(5).client.keep_alive()
    whole = report(talk)

    source = render(whole, "md", Look())

    shown = "\n".join(visible(source))
    titles = [finding.title for _, finding in whole.all_findings()]
    assert len(titles) == 5
    assert all(title in source.replace("\\", "") for title in titles)
    assert sum(title in shown for title in titles) == 3
    assert "<summary>2 more findings</summary>" in source
    assert len(visible(source)) <= 34


@pytest.mark.parametrize("name", sorted(STORIES))
def test_a_block_of_code_is_read_without_a_scroll_bar(name: str) -> None:
    source = render(report(*STORIES[name]()), "md", Look())

    blocks = re.findall(r"^```+text\n(.*?)^```+$", source, re.DOTALL | re.MULTILINE)

    assert max(len(line) for block in blocks for line in block.splitlines()) <= WIDTH
