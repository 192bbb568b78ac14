"""ipv6-localhost: ``localhost`` was tried as ::1 first, refused, and then as 127.0.0.1.

Why it matters: the refusal is harmless and only costs the time of one attempt (two seconds on Windows). It is not the
reason for whatever else went wrong.
What it is not: a gateway that listens nowhere (port-refused).
Source of the facts: failures.md 4.
"""

from typing import Final

from capanalyze.timeline.ends import between
from capanalyze.timeline.facts import Facts
from capanalyze.timeline.findings import Finding, finding
from capanalyze.timeline.unopened import second_address
from capanalyze.timeline.words import span

ID: Final = "ipv6-localhost"


def check(facts: Facts) -> Finding | None:
    """Fires where 127.0.0.1 accepted soon after ::1 had refused."""
    second = second_address(facts)
    if second is None:
        return None
    apart = between(facts.began, second.began)
    later = f" {span(apart)} later" if apart is not None else ""
    return finding(
        ID,
        "The refusal of localhost's first address is harmless: the second was accepted",
        [facts.began, facts.server.rst, second.began],
        [f"::1 refused, then connection {second.number} to 127.0.0.1{later}"],
        severity="notice",
        advice="write 127.0.0.1 in place of localhost",
    )
