"""Capture points: which connections of a capture are one, captured on both sides of a NAT, or in several VLANs.

In: the Facts of a capture's API connections. Out: of each, its ``capture_points``, and the ``others`` that it is judged
beside: each connection once, so that a rule that counts or compares does not take one for its own neighbour. They are
known by their sequence numbers: a system chooses the initial ones at random (RFC 9293 3.4.1), and a NAT leaves them
alone. Where no SYN was captured, the numbers of both sides' first octets tell as much. Numbers that are the same on
both sides nobody chose: they were counted from 0 by who wrote the capture anew.
"""

from collections.abc import Sequence
from typing import Final

from capanalyze.tcp.crossing import round_trip
from capanalyze.timeline.facts import Facts
from capanalyze.timeline.legs import alike, first_numbers
from capanalyze.timeline.words import SECOND, connections, count

VLANS: Final = "in several VLANs or tunnels"
NAT: Final = "on both sides of a NAT"

PLACES: Final = 4
"""Capture points of a connection that are told apart: at further ones, ``others`` are those of the last of these."""

APART: Final = SECOND
"""How far apart a connection begins at two places at most: by the path, and by clocks that are set alike (NTP)."""

Addresses = tuple[bytes, int, bytes, int]


def addresses(facts: Facts) -> Addresses:
    """Both ends' addresses and ports."""
    client, server = facts.connection.client, facts.connection.server
    return client.host, int(client.port), server.host, int(server.port)


def identity(facts: Facts) -> object:
    """What a connection has wherever it was captured, and no other has: both sides' numbers, and IPv4 or IPv6.

    A SYN without an answer has one number only, and those who scan a network send all of theirs with the same one: so
    it has to lead to the same address and port, too.
    """
    client, server = facts.connection.client, facts.connection.server
    numbers = first_numbers(facts)
    if numbers is not None and client.isn >= 0 and server.isn >= 0:
        return "began with", len(server.host), numbers
    if client.isn > 0 and facts.stage in {"refused", "unanswered"}:
        return server.host, int(server.port), int(client.isn)
    if numbers is not None and facts.connection.opened == "midstream" and client.octets and server.octets:
        return "first seen with", len(server.host), numbers
    return facts.number


def relate(captured: Sequence[Facts]) -> tuple[Facts, ...]:
    """Fill in ``others`` and ``capture_points`` of all; return each connection once, as its first place has it.

    The ``others`` of a connection that was captured at several places are those captured at the same place, as far as
    there are such.
    """
    groups: dict[object, list[list[Facts]]] = {}
    for facts in sorted(captured, key=_began):
        known = groups.setdefault(identity(facts), [])
        if known and _are_one(known[-1][0], facts):
            known[-1].append(facts)
        else:
            known.append([facts])
    every = sorted((group for known in groups.values() for group in known), key=lambda group: group[0].number)
    most = min(max(map(len, every), default=1), PLACES)
    there = [tuple(group[min(place, len(group) - 1)] for group in every) for place in range(most)]
    for group in every:
        points = tuple(group) if len(group) > 1 else ()
        for place, facts in enumerate(group):
            facts.others = there[min(place, most - 1)]
            facts.capture_points = points
    return there[0]


def _are_one(one: Facts, other: Facts) -> bool:
    """Whether two of one identity may be the same packets: simple systems begin every connection with one number.

    A NAT changes the address of a host, not its port alone, and nothing of what is said.
    """
    ends, others = addresses(one), addresses(other)
    if ends != others and ends[::2] == others[::2]:
        return False
    whole = all(each.connection.opened == "complete" and not each.incomplete for each in (one, other))
    spoken = one.session is not None and other.session is not None
    return _began(other)[0] - _began(one)[0] <= APART and (not (whole and spoken) or alike(one, other))


def _began(facts: Facts) -> tuple[int, int]:
    """When it began, by its clock, and in the file."""
    return max(int(facts.connection.first_ts), 0), facts.number


def where(group: Sequence[Facts]) -> str:
    """At which places one connection was captured."""
    return VLANS if len({addresses(one) for one in group}) == 1 else NAT


def nearer(facts: Facts, side: str) -> Facts | None:
    """The place nearest to a side where the connection was captured, if that is another one: its packets come by it.

    There a host takes longest to answer for the other side: what the clocks say of two places does not tell, unless
    they are one clock. None where a handshake does not tell it, or that place may not have been recorded to the end.
    """
    trips = [round_trip(one.connection, int(one.client.side.index)) for one in facts.capture_points]
    if not trips or min(trips) < 0:
        return None
    first, last = trips.index(max(trips)), len(trips) - 1 - trips[::-1].index(min(trips))
    there = facts.capture_points[first if side == "client" else last]
    return there if there is not facts and _outlasts(facts, there) else None


def _outlasts(facts: Facts, there: Facts) -> bool:
    """Whether another place was recorded for as long as the connection was seen here: in one recording it was.

    Files that were read one after the other, for what their clocks say, have no packets in between each other.
    """
    mine, other = facts.connection, there.connection
    until = facts.recorded.get(int(other.interface), -1)
    if until < 0:
        return False
    if until == facts.recorded.get(int(mine.interface)):
        return mine.first_packet < other.last_packet and other.first_packet < mine.last_packet
    return until - mine.last_ts > APART


def same_connections(reported: Sequence[Facts]) -> list[str]:
    """A clause of the verdict on the connections that are one, of the first such."""
    groups = [facts.capture_points for facts in reported if facts.capture_points and not facts.captured_before]
    if not groups:
        return []
    first = groups[0]
    others = len(groups) - 1
    more = f", and so {'is' if others == 1 else 'are'} {count(others, 'more pair')}" if others else ""
    return [f"{connections(one.number for one in first)} are one, captured {where(first)}{more}"]
