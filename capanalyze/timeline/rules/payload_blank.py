"""payload-blank: what a side said was overwritten, all its octets being the same one.

Why it matters: somebody made the capture fit to publish. Who closed, when and how is told as ever; what was said is
not in it, so that neither a hello nor its answer can be judged.
What it is not: a program that speaks another protocol, which is more than one octet again and again (wrong-service,
bad-hello).
Source of the facts: the captures that tcprewrite and pktanon write.
"""

from typing import Final

from capanalyze.timeline.facts import Facts
from capanalyze.timeline.findings import Finding, finding
from capanalyze.timeline.words import count

ID: Final = "payload-blank"


def check(facts: Facts) -> Finding | None:
    """Fires where all that is kept of what a side said is one octet."""
    if not facts.blank:
        return None
    ends = [facts.end(side) for side in facts.blank]
    return finding(
        ID,
        "What was said is blanked out in this capture",
        [at for end in ends for at in (end.first, end.last)],
        [
            f"the first and the last of the {end.called}'s {count(end.octets, 'octet')} are nothing but "
            f"`{facts.blank[end.name]:02x}`, as who anonymises a capture writes them"
            for end in ends
        ],
        severity="notice",
        certainty="likely",
        advice="read the capture as it was recorded; what can be told without the payload stands here",
    )
