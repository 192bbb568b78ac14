"""Layout: a Report as lines of text with a style name each, which every text-like format prints in its own way.

In: a Report and a Look. Out: Line records, at most ``look.width`` wide where words allow. The order is a reader's:
the verdict, what was found, each connection with its timeline, and last the capture itself.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from capanalyze.report._text import safe, wrap
from capanalyze.report.capture_section import capture_facts
from capanalyze.report.connection_section import Line, close_words, connection_lines, role
from capanalyze.report.counted import counted_words
from capanalyze.report.look import Look
from capanalyze.report.report import ConnectionReport, Report
from capanalyze.timeline.findings import Finding, rank
from capanalyze.timeline.words import connections, count, listing

TOLD_IN_FULL: Final = 8
"""Connections whose timelines are printed; the others have a line in the overview."""

OVERVIEW: Final = 60
"""Connections with a line in the overview."""

LEAST_COLUMNS: Final = 4
"""Columns of the overview that stay in the narrowest terminal: number, both ends, who closed first."""

EVIDENCE: Final = 8
"""Lines of evidence printed for one finding."""


class Grouped(NamedTuple):
    """A finding, the connections of which it is true (none: it spans connections), and all their evidence."""

    finding: Finding
    conns: tuple[int, ...]
    evidence: tuple[str, ...]


def document(report: Report, look: Look, one_line_verdict: bool) -> list[Line]:
    """The whole report; the verdict in one line, however long, or at most as wide as the rest."""
    verdict = [safe(report.verdict)] if one_line_verdict else wrap(report.verdict, look.width)
    lines = [Line(text, "verdict") for text in verdict]
    for grouped in grouped_findings(report):
        lines += [Line(""), *finding_lines(grouped, look.width, len(report.connections) > 1)]
    table = overview(report, look.width)
    if table:
        lines += [Line(""), *table]
    for connection in told_in_full(report):
        lines += [Line(""), *connection_lines(report, connection, look)]
    lines += [Line(""), Line("Capture", "heading")]
    lines += [Line(text) for text in capture_facts(report.capture, look)]
    return lines


def grouped_findings(report: Report) -> list[Grouped]:
    """Findings, worst first; the same one on several connections is told once."""
    groups: dict[tuple[str, str, str, str], list[tuple[int | None, Finding]]] = {}
    for conn, finding in report.all_findings():
        groups.setdefault((finding.id, finding.title, finding.severity, finding.certainty), []).append((conn, finding))
    several = len(report.connections) > 1
    out: list[Grouped] = []
    for members in groups.values():
        richest = max((finding for _, finding in members), key=lambda finding: len(finding.causes))
        conns = tuple(conn for conn, _ in members if conn is not None)
        out.append(Grouped(richest, conns, tuple(_evidence(members, several))))
    return sorted(out, key=lambda grouped: rank(grouped.finding))


def _evidence(members: Sequence[tuple[int | None, Finding]], several: bool) -> list[str]:
    """The evidence of all members; what is true of all is said once, else the connection is named."""
    whose: dict[str, list[int]] = {}
    for conn, finding in members:
        for text in finding.evidence:
            whose.setdefault(text, []).append(conn or 0)
    if not several or len(members) == 1:
        return list(whose)
    common = [text for text, conns in whose.items() if len(conns) == len(members)]
    return common + [f"{connections(conns)}: {text}" for text, conns in whose.items() if len(conns) < len(members)]


def finding_lines(grouped: Grouped, width: int, several: bool) -> list[Line]:
    """A finding: its claim, what supports it, what may cause it and how to decide, what to do."""
    finding = grouped.finding
    where = f", {connections(grouped.conns)}" if several and grouped.conns else ""
    label = f"{finding.severity.upper()}  "
    lines = [Line(text, finding.severity) for text in wrap(finding.title, width, label, " " * len(label))]
    lines += [Line(text, "dim") for text in wrap(f"({finding.id}, {finding.certainty}{where})", width, "  ")]
    shown = grouped.evidence[:EVIDENCE]
    lines += [Line(line) for text in shown for line in wrap(text, width, "  - ", "    ")]
    if len(grouped.evidence) > EVIDENCE:
        lines.append(Line(f"  ... {len(grouped.evidence) - EVIDENCE} more", "dim"))
    if finding.causes:
        lines.append(Line("  What may lie behind it:"))
        for cause in finding.causes:
            text = f"{cause.text} ({cause.certainty})" + (f". To check: {cause.check}" if cause.check else "")
            lines += [Line(line) for line in wrap(text, width, "  * ", "    ")]
    if finding.advice:
        lines += [Line(line) for line in wrap(f"What to do: {finding.advice}", width, "  ", "  ")]
    return lines


def told_in_full(report: Report) -> list[ConnectionReport]:
    """The connections whose timelines are printed.

    First those that findings across connections begin and end with (the first try of a storm, the client that was one
    too many), then those with problems, the first of each kind before the second of any, then others that such findings
    cite, then by number.
    """
    cited = [set(finding.packets) for finding in report.findings]
    about = [[entry.conn for entry in report.connections if entry.first_packet in begun] for begun in cited]
    ends = {conn for conns in about for conn in (*conns[:1], *conns[-1:])}
    others = {conn for conns in about for conn in conns}
    alike: dict[tuple[str, ...], list[int]] = {}
    for entry in report.connections:
        alike.setdefault(_problems(entry), []).append(entry.conn)
    nth = {conn: before for problems, conns in alike.items() if problems for before, conn in enumerate(conns)}
    ranked = sorted(
        report.connections,
        key=lambda entry: (entry.conn not in ends, nth.get(entry.conn, len(nth)), entry.conn not in others, entry.conn),
    )
    return sorted(ranked[:TOLD_IN_FULL], key=lambda entry: entry.conn)


def _problems(connection: ConnectionReport) -> tuple[str, ...]:
    return tuple(finding.id for finding in connection.findings if finding.severity == "problem")


def overview(report: Report, width: int) -> list[Line]:
    """A line for each connection, where there are several."""
    if len(report.connections) < 2 and report.counted_only is None:
        return []
    return [*_table(report, width), *_left_out(report, width)]


def _table(report: Report, width: int) -> list[Line]:
    """The connections told, at most OVERVIEW of them; those whose timelines follow are among them."""
    if not report.connections:
        return []
    told = {entry.conn for entry in told_in_full(report)}
    ranked = sorted(report.connections, key=lambda entry: (entry.conn not in told, entry.conn))
    shown = sorted(ranked[:OVERVIEW], key=lambda entry: entry.conn)
    rows = [("#", "client", role(report, shown[0]), "closed first", "states after that", "octets")]
    for entry in shown:
        octets = f"{entry.client_bytes:,} / {entry.server_bytes:,}"
        states = f"{entry.states['client']} / {entry.states['server']}"
        rows.append(
            (
                str(entry.conn),
                f":{entry.client.port}",
                f":{entry.server.port}",
                close_words(entry, role(report, entry)),
                states,
                octets,
            )
        )
    columns = [max(len(row[index]) for row in rows) for index in range(len(rows[0]))]
    while len(columns) > LEAST_COLUMNS and sum(columns) + 2 * len(columns) > width:
        columns.pop()  # a number that is cut would be another number
    lines: list[Line] = []
    for index, row in enumerate(rows):
        cells = "  ".join(cell.ljust(size) for cell, size in zip(row, columns, strict=False)).rstrip()
        lines.append(Line(safe(f"  {cells}")[:width], "heading" if index == 0 else ""))
    return lines


def _left_out(report: Report, width: int) -> list[Line]:
    """What the overview does not have, and what follows it."""
    lines: list[Line] = []
    left_out = max(len(report.connections) - OVERVIEW, 0) + report.connections_left_out
    if left_out:
        lines.append(Line(f"  ... {count(left_out, 'more connection')}", "dim"))
    if report.counted_only is not None:
        names = {role(report, entry) for entry in report.connections}
        words = counted_words(report.counted_only, "gateway" if names == {"gateway"} else "server")
        lines += [Line(text, "dim") for text in wrap(words + ".", width, "  ")]
    told = told_in_full(report)
    if len(told) < len(report.connections):
        numbers = listing([str(entry.conn) for entry in told])
        lines += [Line(text, "dim") for text in wrap(f"Told in full below: {numbers}.", width, "  ")]
    return lines
