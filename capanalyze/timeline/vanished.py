"""Vanished: whether a side's host stopped acknowledging what the other one sent, or its keep-alives.

In: Facts. Out: who sent in vain, to whom, and in which packets. peer-vanished makes a finding of it; verdicts and other
rules ask only whether it is so.
"""

from typing import Final, NamedTuple

from capanalyze.timeline.arrival import missed
from capanalyze.timeline.ends import End
from capanalyze.timeline.facts import Facts

TRIES: Final = 3
"""Retransmissions by one side that make a lost packet an unlikely explanation."""


class InVain(NamedTuple):
    """A side, the one that it sent to in vain, those packets as far as they are known, and whether they say nothing."""

    end: End
    peer: End
    packets: list[int]
    keep_alives: bool


def in_vain(facts: Facts) -> InVain | None:
    """Where a side repeated octets or keep-alives at least TRIES times and the other's host fell silent.

    For good, or until the RST by which the side gave up its keep-alives.
    """
    if facts.stage == "unanswered":
        return None
    for end, peer in ((facts.client, facts.server), (facts.server, facts.client)):
        heard = _heard(facts, peer)
        again = _since(facts, "retransmission", end, peer, heard)
        if heard < peer.side.last_packet:
            again = sorted([*again, *_since(facts, "spurious_retransmission", end, peer, heard)])
        if len(again) >= TRIES and (heard < peer.side.last_packet or _unheard(end, peer)):
            return InVain(end, peer, again, False)
        probes = _given_up(facts, end, peer) or _since(facts, "keep_alive", end, peer, heard)
        if len(probes) >= TRIES:
            return InVain(end, peer, probes, True)
    return None


def _heard(facts: Facts, peer: End) -> int:
    """The last packet of a side's that the other one may have received: those after it are known not to have arrived.

    Where acknowledgements got lost, both captures together call it spurious that the other one sends again.
    """
    unheard = missed(facts, peer)
    return int(peer.side.last_packet) if unheard is None else unheard.first - 1


def _since(facts: Facts, word: str, end: End, peer: End, heard: int) -> list[int]:
    """The packets of a side with a word after the last one that it has of its peer's, which reset nothing."""
    note = facts.note(word, end.name)
    return [] if note is None or peer.rsts else note.since(heard)


def _given_up(facts: Facts, end: End, peer: End) -> list[int]:
    """The keep-alives before the RST that closed first, its sender's own, after the last packet of its peer till then.

    What comes of the peer after that RST answers none of them: the path may have healed when it was too late.
    """
    note, closed = facts.note("keep_alive", end.name), facts.close
    if note is None or closed is None or facts.kind != "RST" or facts.closer != end.name:
        return []
    return [packet for packet in note.since(peer.side.at_close.packet) if packet < closed.packet]


def _unheard(end: End, peer: End) -> bool:
    """Whether octets of ``end`` stayed unacknowledged, and nothing came from the peer after they were sent."""
    side = end.side
    return side.max_rel > side.acked_rel and peer.side.last_packet < side.last_packet
