"""not-acknowledged: what a side sent again and again was not acknowledged, though the other's host was heard.

Why it matters: the connection is up, small packets pass, and large ones or those of one direction do not: a VPN or
tunnel whose MTU is smaller than the hosts believe is the classic. The client waits for lists that never come.
What it is not: a host that fell silent (peer-vanished), a side that does not read (slow-consumer), or a packet that was
lost now and then: it is acknowledged once it is sent again.
Where the other's host has told that it has smaller packets which were sent later, nothing depends on what it has said
since, nor on whether the capture lies before or behind the place where the large ones get lost.
Source of the facts: RFC 9293 3.8.1 (retransmission); RFC 2018 (selective acknowledgement); RFC 2923 2.1 (black holes of
path MTU discovery).
"""

from typing import Final

from capanalyze.timeline.facts import Facts
from capanalyze.timeline.findings import Cause, Finding, finding
from capanalyze.timeline.held_up import TOO_LARGE, held_up
from capanalyze.timeline.passed_by import LARGE, PassedBy, passed_by
from capanalyze.timeline.words import count, span

ID: Final = "not-acknowledged"

FILTERED: Final = Cause(
    "something between the two hosts drops packets of one direction", "possible", "a capture on the other host"
)

FALLEN_SILENT: Final = Cause(
    "the path broke down altogether just then: sleep, Wi-Fi or VPN lost", "possible", "whether a new connection works"
)

MEASURE: Final = "capture on both hosts at once; compare their MTU with that of the VPN or tunnel between them"


def check(facts: Facts) -> Finding | None:
    """Fires where the newest octets of a side stayed unacknowledged and the other's host went on, or had later ones."""
    passed = passed_by(facts)
    if passed is not None:
        return _passed_by(facts, passed)
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
        advice=MEASURE,
    )


def _passed_by(facts: Facts, found: PassedBy) -> Finding:
    """The same where the other's host told that it has smaller packets which were sent later."""
    end, peer = found.end, found.peer
    note = facts.note("retransmission", end.name)
    again = note.since(found.packet) if note is not None else []
    lacking, came = count(found.lacking, "octet"), count(found.came, "octet")
    return finding(
        ID,
        f"What the {end.called} sent did not get to the {peer.called}'s host, though smaller packets sent later did",
        [found.packet, *again[:7]],
        [
            f"the {peer.called}'s host told, from packet {found.packet} on, that it lacked {lacking}",
            f"it had {came} that were sent after them (selective acknowledgement)",
            f"it acknowledged them in none of its packets captured in the {span(found.waited)} after that",
            f"{count(len(again), 'retransmission')} by the {end.called} since" if again else "",
        ],
        certainty="likely" if facts.dropped or any(one.missing for one in facts.ends) else "certain",
        causes=[TOO_LARGE._replace(certainty="likely"), FALLEN_SILENT],
        advice=MEASURE,
    )
