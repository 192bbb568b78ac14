"""capture-incomplete: octets that were sent are not in the capture: lost while recording, or cut off.

Why it matters: what was said in them is unknown; a missing answer may be one of them.
What it is not: loss on the network, which would have been sent again.
Source of the facts: contract.md ("missing"); failures.md 57.
"""

from typing import Final

from capanalyze.timeline.facts import Facts
from capanalyze.timeline.findings import Finding, finding
from capanalyze.timeline.words import count

ID: Final = "capture-incomplete"

BOTH_WAYS: Final = "record again, both directions: with `port`, and not `src port` or `dst port`, in the capture filter"

AGAIN: Final = "record again: with a larger buffer, on the host itself, and without a snapshot length"

EARLIER: Final = (
    "record again, and begin before the connection is opened: these octets may have been on their way when the capture "
    "began"
)


def check(facts: Facts) -> Finding | None:
    """Fires where octets of a reported connection are missing, or headers are cut."""
    cut = int(facts.connection.cut_packets)
    evidence: list[str] = []
    if cut:
        evidence.append(f"{count(cut, 'packet of it is', 'packets of it are')} cut before the TCP flags")
    for end in facts.ends:
        if end.missing:
            evidence.append(
                f"{count(end.missing, 'octet')} of the {end.called} were acknowledged and are not in the capture"
            )
        if end.cut:
            evidence.append(
                f"{count(end.cut, 'octet')} of the {end.called} were cut off by the capture's snapshot length"
            )
    if not evidence:
        return None
    gaps = [gap for end in facts.ends for gap in end.side.gaps]
    whole = not cut and not any(end.cut for end in facts.ends)
    early = facts.connection.opened == "midstream" and whole and all(gap.offset == 0 for gap in gaps)
    one_way = any(not end.side.packets for end in facts.ends)
    return finding(
        ID,
        "The capture lacks part of what was said",
        [int(gap.packet) for gap in gaps],
        evidence,
        severity="notice",
        advice=BOTH_WAYS if one_way else EARLIER if early else AGAIN,
    )
