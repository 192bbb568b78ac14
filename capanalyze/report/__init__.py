"""Report: from a Report to octets. One format is one module with ``render(report, look) -> str``, and one row here."""

from importlib import import_module
from typing import Final, NamedTuple

from capanalyze.report.look import Look
from capanalyze.report.report import Report

__all__ = ["RENDERERS", "Look", "Renderer", "Report", "render"]


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
    text: str = import_module(RENDERERS[form].module).render(report, look)
    return text
