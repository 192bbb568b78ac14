"""not-acknowledged: what a side sent again and again was not acknowledged, though the other's host was heard.

Why it matters: the connection is up, small packets pass, and large ones or those of one direction do not: a VPN or
tunnel whose MTU is smaller than the hosts believe is the classic. The client waits for lists that never come.
What it is not: a host that fell silent (peer-vanished), a side that does not read (slow-consumer), or a packet that was
lost now and then: it is acknowledged once it is sent again.
Source of the facts: RFC 9293 3.8.1 (retransmission); RFC 2923 2.1 (black holes of path MTU discovery).
"""

from typing import Final

from capanalyze.timeline.facts import Facts
from capanalyze.timeline.findings import Cause, Finding, finding
from capanalyze.timeline.held_up import TOO_LARGE, held_up
from capanalyze.timeline.words import count, span

ID: Final = "not-acknowledged"

LARGE: Final = 1000
"""Octets: packets of these are larger than what passes at any rate."""

FILTERED: Final = Cause(
    "something between the two hosts drops packets of one direction", "possible", "a capture on the other host"
)


def check(facts: Facts) -> Finding | None:
    """Fires where the newest octets of a side stayed unacknowledged and the other's host went on."""
    found = held_up(facts)
    if found is None:
        return None
    end, peer = found.end, found.peer
    waiting = int(end.side.max_rel - end.side.acked_rel)
    causes = [TOO_LARGE, FILTERED] if waiting >= LARGE else [FILTERED, TOO_LARGE]
    seen = f"by no packet of the {peer.called}'s host up to packet {peer.side.last_packet}"
    return finding(
        ID,
        f"What the {end.called} sent again and again was not acknowledged, though the {peer.called}'s host was heard",
        found.packets[:8],
        [
            f"{count(len(found.packets), 'retransmission')} by the {end.called} after its newest octets",
            f"{count(waiting, 'octet')} not acknowledged for {span(found.waited)}, {seen}",
        ],
        certainty="likely" if facts.dropped else "certain",
        causes=causes,
        advice="capture on both hosts at once; compare their MTU with that of the VPN or tunnel between them",
    )
