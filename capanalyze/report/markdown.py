"""The report as Markdown for a GitHub issue: the verdict first, at most VISIBLE lines before a reader unfolds more.

In: a Report. Out: Markdown. What the wire carried stands in code spans and code blocks, or is escaped; connection
numbers outside of code are never written as #1, which GitHub would link to an issue.
"""

from collections.abc import Sequence
from typing import Final

from capanalyze.report._text import fence, markdown, wrap
from capanalyze.report.capture_section import capture_facts
from capanalyze.report.connection_section import LABEL, facts, last_octets, role, timeline_lines
from capanalyze.report.layout import EVIDENCE, Grouped, grouped_findings, overview, told_in_full
from capanalyze.report.look import Look
from capanalyze.report.report import ConnectionReport, Report
from capanalyze.timeline.words import connections, count, span

VISIBLE: Final = 60
"""Lines that show before anything is unfolded."""

WIDTH: Final = 110
"""Columns of a code block: about what GitHub shows without a scroll bar."""

RESERVED: Final = 12
"""Of the visible lines, those kept for the summaries of what is folded."""


def render(report: Report, look: Look) -> str:
    """The whole report, ended by a newline."""
    wide = look._replace(width=WIDTH)
    lines = [f"**{markdown(report.verdict)}**", "", _capture_line(report), ""]
    folded: list[str] = []
    groups = grouped_findings(report)
    for index, grouped in enumerate(groups):
        block = _finding(grouped, len(report.connections) > 1)
        if len(lines) + len(block) > VISIBLE - RESERVED:
            rest = [line for one in groups[index:] for line in (*_finding(one, len(report.connections) > 1), "")]
            folded += _details(count(len(groups) - index, "more finding"), rest)
            break
        lines += [*block, ""]
    lines, more = _stories(report, wide, lines)
    folded += more
    folded += _details("The capture", fence(capture_facts(report.capture, wide)))
    return "\n".join([*lines, *folded]).rstrip() + "\n"


def _capture_line(report: Report) -> str:
    capture = report.capture
    words = [f"`{capture.name.replace('`', '.')}`", count(capture.packets, "packet")]
    if capture.first_ts_ns is not None and capture.last_ts_ns is not None:
        words.append(span(capture.last_ts_ns - capture.first_ts_ns))
    if capture.truncated:
        words.append("not read to its end")
    return markdown(", ".join(words))


def _finding(grouped: Grouped, several: bool) -> list[str]:
    finding = grouped.finding
    where = f", {connections(grouped.conns)}" if several and grouped.conns else ""
    lines = [f"**{finding.severity.upper()}: {markdown(finding.title)}** (`{finding.id}`, {finding.certainty}{where})"]
    lines += [f"- {markdown(text)}" for text in grouped.evidence[:EVIDENCE]]
    if len(grouped.evidence) > EVIDENCE:
        lines.append(f"- ... {len(grouped.evidence) - EVIDENCE} more")
    for cause in finding.causes:
        check = f". To check: {cause.check}" if cause.check else ""
        lines.append(f"- {cause.certainty} cause: {markdown(cause.text + check)}")
    if finding.advice:
        lines.append(f"- what to do: {markdown(finding.advice)}")
    return lines


def _stories(report: Report, look: Look, lines: list[str]) -> tuple[list[str], list[str]]:
    """The visible lines with the overview, or with the only timeline; and what is folded of the connections."""
    told = told_in_full(report)
    table = [line.text for line in overview(report, look.width)]
    only = len(report.connections) == 1
    timetable = fence([line.text for line in timeline_lines(report, told[0], look.width)]) if only else fence(table)
    if not told or len(lines) + len(timetable) + 1 > VISIBLE - RESERVED // 2:
        folded = [] if only or not told else _details("The connections", timetable)
        return lines, folded + [line for one in told for line in _connection(report, one, look, timetable=True)]
    lines = [*lines, *timetable, ""]
    return lines, [line for one in told for line in _connection(report, one, look, timetable=not only)]


def _connection(report: Report, connection: ConnectionReport, look: Look, *, timetable: bool) -> list[str]:
    """A connection, folded: its verdict, facts, timeline and last octets."""
    name = role(report, connection)
    body = [markdown(connection.verdict), ""] if len(report.connections) > 1 else []
    rows = [
        row
        for label, value in facts(connection, name, look)
        for row in wrap(value, look.width, f"{label:<{LABEL}} ", " " * (LABEL + 1))
    ]
    if timetable:
        rows += ["", *(line.text for line in timeline_lines(report, connection, look.width))]
    rows += ["", *(line.text for line in last_octets(connection, name))]
    return _details(f"Connection {connection.conn} in detail", [*body, *fence(rows)])


def _details(summary: str, body: Sequence[str]) -> list[str]:
    return ["<details>", f"<summary>{markdown(summary)}</summary>", "", *body, "", "</details>", ""]
