"""What every format looks like, word for word: a change of wording is seen and accepted, not noticed by users."""

from collections.abc import Callable

import pytest

from capanalyze.report import RENDERERS, Look, render
from tests.report.stories import STORIES
from tests.timeline.talk import report

Golden = Callable[[str, str], None]
SUFFIXES = {form: renderer.suffix for form, renderer in RENDERERS.items()}


@pytest.mark.parametrize("form", sorted(RENDERERS))
@pytest.mark.parametrize("name", sorted(STORIES))
def test_a_report_looks_as_accepted(name: str, form: str, golden: Golden) -> None:
    actual = render(report(*STORIES[name]()), form, Look())

    golden(f"{name}{SUFFIXES[form]}", actual)


@pytest.mark.parametrize("name", ["silent-gateway", "healthy", "hostile"])
def test_a_report_on_a_wide_terminal_looks_as_accepted(name: str, golden: Golden) -> None:
    actual = render(report(*STORIES[name]()), "text", Look(width=120))

    golden(f"{name}-wide.txt", actual)
