"""Held up: octets that a side sent again and again to a host that was heard, and did not acknowledge them.

In: Facts. Out: who sent them, to whom, when, and how often again. Where nothing came from the host, it is gone
(vanished.py); where its window was 0, it asked to wait.
"""

from typing import Final, NamedTuple

from capanalyze.timeline.ends import End, moment
from capanalyze.timeline.facts import Facts
from capanalyze.timeline.findings import Cause
from capanalyze.timeline.passed_by import passed_by
from capanalyze.timeline.vanished import TRIES, in_vain
from capanalyze.timeline.words import SECOND, span

LONG: Final = 3 * SECOND
"""What is lost on the way is acknowledged sooner once it is sent again."""


TOO_LARGE: Final = Cause(
    "the way carries smaller packets only (the MTU of a VPN or tunnel), and no ICMP error tells the sender",
    "possible",
    "ping with 1472 octets and the don't-fragment bit, between the two hosts",
)


class HeldUp(NamedTuple):
    """A side, the one that it sent to, for how many ns its last octets had waited, and packets with them again."""

    end: End
    peer: End
    waited: int
    packets: list[int]


def held_up(facts: Facts) -> HeldUp | None:
    """The same in a connection whose hosts were both heard to the end, and where no later octets are known to pass."""
    return None if in_vain(facts) is not None or passed_by(facts) is not None else unacknowledged(facts)


def unacknowledged(facts: Facts) -> HeldUp | None:
    """Where the newest octets of a side had waited LONG for an acknowledgement when the other's host was last heard.

    After they were sent, octets were sent again TRIES times and more, the peer's host was heard after that, and none of
    its packets acknowledged all.
    """
    if facts.stage in {"unanswered", "refused", "with_itself"}:
        return None
    for end, peer in ((facts.client, facts.server), (facts.server, facts.client)):
        side, heard = end.side, peer.side
        pending = 0 <= side.acked_rel < side.max_rel and not side.parting.closed and heard.window != 0
        note = facts.note("retransmission", end.name) if pending else None
        if note is None or peer.rsts or end.rsts:
            continue
        again = [packet for packet in note.since(_since(facts, end)) if packet < heard.last_packet]
        waited = facts.between(moment(1, side.max_ts), moment(heard.last_packet, heard.last_ts))
        if len(again) >= TRIES and waited is not None and waited >= LONG:
            return HeldUp(end, peer, waited, again)
    return None


def _since(facts: Facts, end: End) -> int:
    """The packet before the first that brought octets of a side again after its newest ones; the last one for none."""
    side = end.side
    again = (
        int(event.packet)
        for event in facts.connection.events
        if event.kind == "retransmission" and event.side == side.index and event.ts_ns > side.max_ts
    )
    return next(again, facts.ended.packet + 1) - 1


def held_up_told(facts: Facts) -> str:
    """The clause for a first line, or ""."""
    found = held_up(facts)
    if found is None:
        return ""
    what = f"what the {found.end.called} sent again and again was not all acknowledged for {span(found.waited)}"
    return f"{what}, though the {found.peer.called}'s host was heard"
