"""Vanished: whether a side's host stopped acknowledging what the other one sent, or its keep-alives.

In: Facts. Out: who sent in vain, to whom, and in which packets. peer-vanished makes a finding of it; verdicts and other
rules ask only whether it is so.
"""

from typing import Final, NamedTuple

from capanalyze.tcp.connection import Note
from capanalyze.timeline.ends import End
from capanalyze.timeline.facts import Facts

TRIES: Final = 3
"""Retransmissions by one side that make a lost packet an unlikely explanation."""


class InVain(NamedTuple):
    """A side, the one that it sent to in vain, how often, the first of those packets, and whether they say nothing."""

    end: End
    peer: End
    number: int
    packets: list[int]
    keep_alives: bool


def in_vain(facts: Facts) -> InVain | None:
    """Where a side repeated octets or keep-alives at least TRIES times and the other's host fell silent for good."""
    if facts.stage == "unanswered":
        return None
    for end, peer in ((facts.client, facts.server), (facts.server, facts.client)):
        note = facts.note("retransmission", end.name)
        if note is not None and _often(note, peer) and _unheard(end, peer):
            return InVain(end, peer, int(note.count), note.packets, False)
        probes = _unanswered_probes(facts, end, peer)
        if len(probes) >= TRIES:
            return InVain(end, peer, len(probes), probes, True)
    return None


def _unanswered_probes(facts: Facts, end: End, peer: End) -> list[int]:
    note = facts.note("keep_alive", end.name)
    if note is None or peer.rsts:
        return []
    return [int(packet) for packet in note.packets if packet > peer.side.last_packet]


def _often(note: Note, peer: End) -> bool:
    """Whether octets were sent again often enough since the peer's last packet, as far as the packets are known."""
    if note.count > len(note.packets):
        return True
    return len([packet for packet in note.packets if packet > peer.side.last_packet]) >= TRIES


def _unheard(end: End, peer: End) -> bool:
    """Whether octets of ``end`` stayed unacknowledged, and nothing came from the peer after they were sent."""
    side = end.side
    return side.max_rel > side.acked_rel and not peer.rsts and peer.side.last_packet < side.last_packet
