"""captured-twice: two connections of the capture are the same packets, at two places of their way.

Why it matters: one program made one connection. A capture on a host that passes packets on to a container or a virtual
machine has it with the addresses before and behind its NAT, and one on all interfaces, or of a mirror port, may have it
in a VLAN and outside, so that every count is twice what it was.
What it is not: a relay, whose two connections have numbers of their own (relay-legs).
Source of the facts: recorded with nftables' dnat and ``-i any``; RFC 9293 3.4.1 (initial sequence numbers).
"""

from collections.abc import Sequence
from typing import Final

from capanalyze.timeline.capture_points import PLACES, VLANS, where
from capanalyze.timeline.ends import between
from capanalyze.timeline.facts import Facts
from capanalyze.timeline.findings import Finding, finding
from capanalyze.timeline.words import count, span

ID: Final = "captured-twice"


def check(connections: Sequence[Facts]) -> Finding | None:
    """Fires on the first connection that was captured at several places, and counts the others."""
    groups = [facts.capture_points for facts in connections if facts.capture_points]
    return told(groups[0], len(groups) - 1) if groups else None


def told(places: Sequence[Facts], more: int) -> Finding:
    """The finding on one connection at several places; ``more`` others were captured so too."""
    first, second = places[:2]
    later = between(first.began, second.began)
    wait = f", {span(later)} apart" if later is not None else ""
    begin = "began with" if first.connection.opened != "midstream" else "are first seen with"
    tagged = where(places) == VLANS
    changed = "the VLAN or tunnel around it is another one" if tagged else "a NAT changes its addresses"
    return finding(
        ID,
        f"{'Two' if len(places) == 2 else len(places)} connections of the capture are one: {changed}",
        [at for one in places[:PLACES] for at in (one.began, one.close)],
        [
            f"they {begin} the same sequence numbers{wait}",
            "" if tagged else ", ".join(f"connection {one.number} is {_way(one)}" for one in places[:PLACES]),
            f"{count(more, 'more connection of the capture is', 'more connections of the capture are')} there twice too"
            if more
            else "",
        ],
        severity="notice",
        certainty="certain",
        advice="count each of them once; to capture one place alone, choose its interface in place of all",
    )


def _way(facts: Facts) -> str:
    """Between which addresses and ports the connection is."""
    return f"from {facts.client.address} to {facts.server.address}"
