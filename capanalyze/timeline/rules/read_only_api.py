"""read-only-api: the gateway refused a request because its API is read-only.

Why it matters: orders and order queries fail or stall on a session that is otherwise healthy.
What it is not: another validation error, which has code 321 too, with another text.
Source of the facts: failures.md 32 (the text is the gateway's own).
"""

from typing import Final

from capanalyze.timeline.errors_told import told
from capanalyze.timeline.facts import Facts
from capanalyze.timeline.findings import Finding, finding
from capanalyze.timeline.standing import read_only

ID: Final = "read-only-api"


def check(facts: Facts) -> Finding | None:
    """Fires on an error 321 whose text says so."""
    error = read_only(facts)
    if error is None:
        return None
    return finding(
        ID,
        "The gateway's API is read-only",
        [error.at],
        [told(error)],
        advice="untick Read-Only API in its settings, or connect read-only (ib_async: readonly=True)",
    )
