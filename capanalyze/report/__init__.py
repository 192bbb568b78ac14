"""Report: from a Report to octets. One format is one module with ``render(report, look) -> str``, and one row here."""

from collections.abc import Iterator
from importlib import import_module
from typing import Final, NamedTuple

from capanalyze.report.look import Look
from capanalyze.report.report import Report

__all__ = ["RENDERERS", "Look", "Renderer", "Report", "render", "render_pieces"]


class Renderer(NamedTuple):
    """Where a format's ``render`` is, and the suffix of a file that asks for it."""

    module: str
    suffix: str


RENDERERS: Final = {
    "text": Renderer("capanalyze.report.text", ".txt"),
    "md": Renderer("capanalyze.report.markdown", ".md"),
    "json": Renderer("capanalyze.report.json", ".json"),
}
"""Every format that a report can be written in; a module is imported when its format is asked for."""


def render(report: Report, form: str, look: Look) -> str:
    """The report in one of RENDERERS' formats.

    Raises:
        KeyError: no such format.
    """
    return "".join(render_pieces(report, form, look))


def render_pieces(report: Report, form: str, look: Look) -> Iterator[str]:
    """The same in pieces, where the format is written as it is made.

    Raises:
        KeyError: no such format.
    """
    module = import_module(RENDERERS[form].module)
    if form == "json":
        yield from module.pieces(report)
    else:
        yield module.render(report, look)
