"""Arrival: which of the last packets of a side got to the other one's host, as the captures of both hosts tell.

In: Facts of a connection that two interfaces captured (tcp/views.py), and one of its Ends. Out: the packets that did
not arrive. That a capture lacks a packet is no proof unless it goes on after that.
"""

from typing import NamedTuple

from capanalyze.tcp.crossing import REPEATED
from capanalyze.tcp.states import UNKNOWN as ANY_STATE
from capanalyze.tcp.views import UNKNOWN, Views
from capanalyze.timeline.ends import End
from capanalyze.timeline.facts import Facts


def went_on(facts: Facts, views: Views, at: int, ts_ns: int) -> int | None:
    """For how long an interface was recorded after what the other one captured at ``ts_ns``; None: it may not be."""
    until = max(facts.recorded.get(views.interfaces[at], -1), views.last_ts[at], views.last_ts[2 + at])
    later_ns = until - views.there(at, ts_ns)
    return later_ns if later_ns > 0 else None


class Lost(NamedTuple):
    """The last packets of a side, which the capture next to the other one does not hold.

    Attributes:
        number, first: how many, and the packet with which it began.
        later_ns: how long after the first of them the capture that lacks them still went on; None: it may have ended.
    """

    number: int
    first: int
    later_ns: int | None


def lost(facts: Facts, end: End) -> Lost | None:
    """What of a side did not arrive any more at the end; with number 0 where all did; None: two captures are needed."""
    views, side = facts.connection.views, int(end.side.index)
    near = views.near(side) if views is not None else UNKNOWN
    if views is None or near == UNKNOWN:
        return None
    at = 2 * side + near
    return Lost(views.lost[at], views.lost_from[at], went_on(facts, views, 1 - near, views.lost_ns[at]))


def did_not_arrive(facts: Facts, end: End, packet: int) -> bool:
    """Whether that packet of a side did not get to the other one's host, whose capture goes on, nor any after it."""
    found = missed(facts, end)
    return found is not None and found.first <= packet


def missed(facts: Facts, end: End) -> Lost | None:
    """What of a side did not get to the other one's host, whose capture goes on; None where that is not known."""
    found = lost(facts, end)
    return found if found is not None and found.number > 0 and found.later_ns is not None else None


def doubt_ends(facts: Facts) -> None:
    """The end that no RST got to may still be open: nobody sends one again.

    And who has sent again since the other one's packets do not arrive may not know that it was acknowledged.
    """
    if facts.connection.views is None:
        return
    for by, to in ((facts.client, facts.server), (facts.server, facts.client)):
        found = missed(facts, by)
        if found is not None and (_unreset(facts, by, found.first) or _asks_again(facts, to, found.first)):
            to.state = ANY_STATE


def _unreset(facts: Facts, by: End, since: int) -> bool:
    """Whether the RST that counts is a side's, and not older than a packet."""
    reset = facts.connection.reset
    return reset is not None and reset.side == by.side.index and reset.packet >= since


def _asks_again(facts: Facts, end: End, since: int) -> bool:
    """Whether a side has sent something again since a packet, and no RST ends that."""
    if facts.connection.reset is not None:
        return False
    notes = [note for note in facts.connection.notes if note.side == end.side.index and note.note in REPEATED]
    return any(note.since(since) for note in notes)
