"""The report as plain text, for pipes, files and e-mail.

In: a Report. Out: lines at most as wide as asked, but for the first: it is the whole verdict, for ``head -1``.
"""

from capanalyze.report.layout import document
from capanalyze.report.look import Look
from capanalyze.report.report import Report


def render(report: Report, look: Look) -> str:
    """The whole report, ended by a newline."""
    return "\n".join(line.text for line in document(report, look, one_line_verdict=True)) + "\n"
