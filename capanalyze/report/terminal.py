"""The report on a terminal: the plain text's lines, with colour where the terminal has it.

In: a Report. Out: text printed through rich, which knows NO_COLOR, dumb terminals and old Windows consoles. Colour
only repeats what the words say.
"""

from typing import Final, TextIO

from rich.console import Console
from rich.text import Text

from capanalyze.report.layout import document
from capanalyze.report.look import Look
from capanalyze.report.report import Report

STYLES: Final = {
    "verdict": "bold",
    "problem": "bold red",
    "notice": "yellow",
    "heading": "bold cyan",
    "closing": "yellow",
    "dim": "dim",
    "": "",
}
"""rich's words for the layout's style names."""


def show(report: Report, look: Look, stream: TextIO) -> None:
    """Print the whole report.

    Raises:
        OSError: the terminal cannot be written.
    """
    console = Console(file=stream, width=look.width, highlight=False, emoji=False, markup=False, soft_wrap=True)
    for line in document(report, look, one_line_verdict=False):
        console.print(Text(line.text, style=STYLES[line.style]))
