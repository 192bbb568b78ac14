"""Finding: what a rule says of a connection; Rule: how a rule is registered.

In: what a rule found. Out: immutable records that reports print. A finding's certainty is that of its title's
claim; a cause's certainty is that of the cause (contract.md). Titles hold no numbers, so that the same finding on
several connections is told once; numbers are evidence.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

from capanalyze.timeline.ends import Moment
from capanalyze.timeline.facts import Facts

CERTAINTIES: Final = ("certain", "likely", "possible")
"""Strongest first."""

SEVERITIES: Final = ("problem", "notice")
"""Worst first."""


class Cause(NamedTuple):
    """One thing that may lie behind a finding, how sure the packets make it, and the check that decides."""

    text: str
    certainty: str
    check: str


class Finding(NamedTuple):
    """A claim with its packets, its evidence, what may cause it, and what to do."""

    id: str
    severity: str
    certainty: str
    title: str
    packets: tuple[int, ...]
    evidence: tuple[str, ...]
    causes: tuple[Cause, ...]
    advice: str


def rank(entry: Finding) -> tuple[int, int]:
    """The worst first, then the surest."""
    return SEVERITIES.index(entry.severity), CERTAINTIES.index(entry.certainty)


class Rule(NamedTuple):
    """A registered rule: ``check`` judges one connection (``facts.others`` shows it the rest of the capture)."""

    id: str
    check: Callable[[Facts], Finding | None]


def finding(
    name: str,
    title: str,
    where: Iterable[Moment | int | None],
    evidence: Sequence[str],
    *,
    severity: str = "problem",
    certainty: str = "certain",
    causes: Sequence[Cause] = (),
    advice: str = "",
) -> Finding:
    """A Finding with its packets put in order; moments and packets that are not known are left out."""
    numbers = {at.packet if isinstance(at, Moment) else at for at in where if at is not None}
    return Finding(
        name,
        severity,
        certainty,
        title,
        tuple(sorted(number for number in numbers if number > 0)),
        tuple(text for text in evidence if text),
        tuple(causes),
        advice,
    )
