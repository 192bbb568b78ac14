"""BothEnds: what the capture of one host proves about packets that only that of the other host holds.

In: Facts of a connection that two interfaces captured, with the same addresses (tcp/views.py) or with others
(capture_points.py). Out: whether the RST which ended it was sent by the host in whose name it came, and whether what a
side sent arrived. That a capture lacks a packet is no proof unless it goes on after that.
"""

from collections.abc import Sequence
from typing import NamedTuple

from capanalyze.tcp.views import UNKNOWN
from capanalyze.timeline.arrival import did_not_arrive, missed, went_on
from capanalyze.timeline.capture_points import nearer
from capanalyze.timeline.ends import Moment, between, moment
from capanalyze.timeline.facts import Facts
from capanalyze.timeline.vanished import InVain, in_vain


class Absent(NamedTuple):
    """A RST that one of two captures does not hold.

    Attributes:
        made: it was captured far from its sender only, so something between the two made it; else it did not arrive.
        later_ns: how long after it the capture that lacks it still went on, 0 where the RST would have come by it
            before; None where it may have ended before.
        own: packets of the RST's sender were among what it had then, and more than the RSTs of a host that forgot it.
        place: which capture that is, in words: "the capture next to the gateway". brief: the same for a first line.
    """

    made: bool
    later_ns: int | None
    own: bool
    place: str
    brief: str


def compare(every: Sequence[Facts]) -> None:
    """Fill in ``unseen_ns`` and ``absent`` of a capture's connections, whose ``others`` are known."""
    both = any(facts.connection.views is not None for facts in every)
    for facts in every:
        facts.unseen_ns = _unseen_ns(facts) if both else None
        facts.absent = _absent(facts)


def _absent(facts: Facts) -> Absent | None:
    """What is known of the RST that closed the connection, where only one of two captures holds it."""
    close = facts.connection.close
    views = facts.connection.views
    if close is None or close.kind != "RST" or close.side < 0 or close.copied or close.ts_ns < 0:
        return None
    nearby = nearer(facts, facts.closer)
    if nearby is not None:
        return _absent_at(facts, nearby)
    place, brief = f"the capture next to the {facts.closing_end.called}", "its capture"
    if views is None:
        later_ns = facts.unseen_ns if facts.closer == "server" else None
        return Absent(True, later_ns, False, place, brief) if later_ns is not None else None
    near = views.near(close.side)
    if near == UNKNOWN or close.interface not in views.interfaces:
        return None
    at = views.interfaces.index(close.interface)
    own = views.last_ts[2 * close.side + 1 - at] > views.there(1 - at, int(close.ts_ns))
    return Absent(at != near, went_on(facts, views, 1 - at, int(close.ts_ns)), own, place, brief)


def _absent_at(facts: Facts, nearby: Facts) -> Absent | None:
    """The same of a place nearer to the RST's sender where the connection was captured, too.

    What the sender's own would have come by has a RST or FIN of it, and has it first: the capture need not go on. One
    that is known to lack packets may lack that one.
    """
    end, until = nearby.end(facts.closer), facts.recorded.get(int(nearby.connection.interface))
    later_ns = between(facts.close, facts.ended if until is None else Moment(facts.ended.packet, until))
    if end.rsts or end.fins or nearby.incomplete:
        return None
    last = moment(end.side.last_packet, end.side.last_ts)
    own = (between(facts.close, last) or 0) > 0
    place = f"the capture of connection {nearby.number}, the same one nearer to the {end.called}"
    return Absent(True, later_ns, own, place, f"connection {nearby.number}, nearer to it,")


def lost_between(facts: Facts, found: InVain) -> str:
    """What is known to have been lost where a side sent in vain; "" nothing.

    "sent" that, "answers" what came back, or "both".
    """
    nearby = nearer(facts, found.peer.name)
    if nearby is not None and in_vain(nearby) is None:
        return "answers" if nearby.end(found.end.name).octets >= found.end.octets else "sent"
    sent = did_not_arrive(facts, found.end, found.packets[0])
    if missed(facts, found.peer) is None:
        return "sent" if sent else ""
    return "both" if sent else "answers"


def _unseen_ns(facts: Facts) -> int | None:
    """For how long the capture next to the gateway went on after the SYN of a connection of which it has no packet.

    None where there is no such capture: that it lay on the way, and took what came, is known by another connection of
    the same two hosts to the same listener.
    """
    mine = facts.connection
    if mine.views is not None or mine.copies or mine.first_ts < 0 or mine.interface not in facts.recorded:
        return None
    if facts.dropped:
        return None
    for other in facts.others:
        views = other.connection.views
        if views is None or other.number > facts.number or facts.listener != other.listener:
            continue
        if other.connection.client.host != mine.client.host:
            continue
        near = views.near(other.client.side.index)
        if near != UNKNOWN and views.interfaces[near] == mine.interface:
            return went_on(facts, views, 1 - near, int(mine.first_ts))
    return None


def whereabouts(facts: Facts) -> str:
    """Which captures hold the RST that its sender made, "" where there are none of both hosts, or it made none."""
    close, views, peer = facts.connection.close, facts.connection.views, facts.other_end
    found = facts.absent
    if close is None or views is None or (found is not None and found.made):
        return ""
    if found is not None and found.later_ns is not None:
        return f"the {peer.called} did not get that RST: the capture next to it has none"
    arrived = close.kind == "RST" and close.copied and views.near(close.side) != UNKNOWN
    called = facts.closing_end.called
    return f"the capture next to the {called} holds that RST too, so it came from there" if arrived else ""


def made_between(facts: Facts) -> Absent | None:
    """The RST that closed the connection, where something between the two hosts made it, for all that is known."""
    found = facts.absent
    return found if found is not None and found.made else None


def unsent(facts: Facts) -> bool:
    """Whether the host in whose name the RST came did not send it: its capture went on, and has none.

    Where packets were dropped while capturing, that one may have been; but a host that resets does not go on.
    """
    found = made_between(facts)
    return found is not None and found.later_ns is not None and (found.own or not facts.dropped)


def proved(facts: Facts) -> bool:
    """Whether that is certain: the host went on in its own capture, as one that resets does not, and none was lost."""
    found = made_between(facts)
    return found is not None and unsent(facts) and found.own and not facts.dropped
