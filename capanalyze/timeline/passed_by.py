"""Passed by: octets of a side that did not get to the other one's host, where less than a packet of later ones did.

In: Facts. Out: who sent them, and how many, as the other's host told by selective acknowledgements (RFC 2018): it
lives, and the way carries what is small. A capture next to it holds nothing of what got lost before it came there, nor
of its being sent again.
"""

from typing import Final, NamedTuple

from capanalyze.timeline.ends import End, moment
from capanalyze.timeline.facts import Facts
from capanalyze.timeline.words import SECOND, count, span

LARGE: Final = 1000
"""Octets: packets of these are larger than what passes at any rate."""

LONG: Final = 3 * SECOND
"""What is lost on the way comes sooner when it is sent again."""


class PassedBy(NamedTuple):
    """Octets of ``end`` that did not come, the most of later ones in a row that did, who told, for how many ns."""

    end: End
    peer: End
    lacking: int
    came: int
    packet: int
    waited: int


def passed_by(facts: Facts) -> PassedBy | None:
    """Where it was so for LONG, to the close or the end."""
    for end, peer in ((facts.client, facts.server), (facts.server, facts.client)):
        behind = end.side.trouble.behind
        lacking, came = int(behind.end - behind.start), int(behind.most)
        if behind.packet == 0 or behind.start != end.side.acked_rel or not came < LARGE <= lacking:
            continue
        waited = facts.between(moment(behind.packet, behind.ts_ns), facts.until)
        if waited is not None and waited >= LONG:
            return PassedBy(end, peer, lacking, came, int(behind.packet), waited)
    return None


def passed_by_told(found: PassedBy) -> str:
    """The clause for a first line."""
    lacking = f"{count(found.lacking, 'octet')} of the {found.end.called}'s"
    return (
        f"{lacking} did not get to the {found.peer.called}'s host in {span(found.waited)}, though "
        f"{count(found.came, 'octet')} sent after them did"
    )
