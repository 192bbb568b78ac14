"""Rules across connections: what several of them show together and none of them alone. This is their register.

A rule is a pure function of the Facts of all API connections, in the order of their first packets and each once
(capture_points.py), that returns a Finding or None. What the rules of one connection say is not said again here.
"""

from collections.abc import Sequence
from typing import Final

from capanalyze.timeline.across import captured_twice, reconnect_storm, relay_legs, too_many_clients
from capanalyze.timeline.facts import Facts
from capanalyze.timeline.findings import Finding

ACROSS: Final = (reconnect_storm, too_many_clients, relay_legs, captured_twice)


def judge_together(connections: Sequence[Facts]) -> tuple[Finding, ...]:
    """Every finding that spans connections."""
    found = [rule.check(connections) for rule in ACROSS]
    return tuple(entry for entry in found if entry is not None)
