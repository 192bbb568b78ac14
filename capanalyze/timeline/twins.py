"""Twins: connections of the capture that are one, captured at two places: before and behind a NAT, or in two VLANs.

In: the Facts of a capture's API connections. Out: which of them are the same packets, and what each of them has beside
it: one of each connection, so that a rule that counts or compares does not take a connection for its own neighbour.
A system chooses both initial sequence numbers at random (RFC 9293 3.4.1), and a NAT leaves them alone; where no SYN was
captured, the numbers that both sides had come to tell as much.
"""

from collections.abc import Sequence
from typing import Final

from capanalyze.tcp.crossing import round_trip
from capanalyze.timeline.facts import Facts
from capanalyze.timeline.legs import alike
from capanalyze.timeline.words import SECOND, connections, count

VLANS: Final = "in several VLANs or tunnels"
NAT: Final = "on both sides of a NAT"

PLACES: Final = 4
"""Places of a connection that are told apart; what was captured at more of them meets what the last of these has."""

APART: Final = SECOND
"""How far apart a connection begins at two places at most: by the path, and by clocks that are set alike (NTP)."""

Addresses = tuple[bytes, int, bytes, int]


def addresses(facts: Facts) -> Addresses:
    """Both ends' addresses and ports."""
    client, server = facts.connection.client, facts.connection.server
    return client.host, int(client.port), server.host, int(server.port)


def name(facts: Facts) -> object:
    """What a connection has in common with its twins alone: both sides' numbers, in one kind of IP.

    Of a SYN without an answer that is one number, and those who scan a network send them all with the same one: its
    twins lead to the same place.
    """
    client, server = facts.connection.client, facts.connection.server
    if client.isn >= 0 and server.isn >= 0:
        return "began", len(server.host), int(client.isn), int(server.isn)
    if client.isn >= 0 and facts.stage in {"refused", "unanswered"}:
        return server.host, int(server.port), int(client.isn)
    if facts.connection.opened == "midstream" and client.octets and server.octets:
        return "came to", len(server.host), int(client.next_seq), int(server.next_seq)
    return facts.number


def acquaint(mates: Sequence[Facts]) -> tuple[Facts, ...]:
    """Let connections know of each other, and of their twins; one of each connection comes back.

    A connection that was captured at several places meets those captured at the same place, as far as there are such.
    """
    groups: dict[object, list[list[Facts]]] = {}
    for facts in sorted(mates, key=_began):
        known = groups.setdefault(name(facts), [])
        if known and _are_one(known[-1][0], facts):
            known[-1].append(facts)
        else:
            known.append([facts])
    every = sorted((group for known in groups.values() for group in known), key=lambda group: group[0].number)
    most = min(max(map(len, every), default=1), PLACES)
    there = [tuple(group[min(place, len(group) - 1)] for group in every) for place in range(most)]
    for group in every:
        twins = tuple(group) if len(group) > 1 else ()
        for place, facts in enumerate(group):
            facts.others = there[min(place, most - 1)]
            facts.twins = twins
    return there[0]


def _are_one(one: Facts, other: Facts) -> bool:
    """Whether two of the same name may be the same packets: simple systems begin every connection with one number.

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
    """At which places twins were captured."""
    return VLANS if len({addresses(one) for one in group}) == 1 else NAT


def nearer(facts: Facts, side: str) -> Facts | None:
    """The place nearest to a side where the connection was captured, if that is another one: its packets come by it.

    There a host takes longest to answer for the other side: what the clocks say of two places does not tell, unless
    they are one clock. None where a handshake does not tell it, or that place may not have been recorded to the end.
    """
    trips = [round_trip(one.connection, int(one.client.side.index)) for one in facts.twins]
    if not trips or min(trips) < 0:
        return None
    first, last = trips.index(max(trips)), len(trips) - 1 - trips[::-1].index(min(trips))
    there = facts.twins[first if side == "client" else last]
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


def twins_told(reported: Sequence[Facts]) -> list[str]:
    """A clause of the verdict on the connections that are one, of the first such."""
    groups = [facts.twins for facts in reported if facts.twins and not facts.is_again]
    if not groups:
        return []
    first = groups[0]
    others = len(groups) - 1
    more = f", and so {'is' if others == 1 else 'are'} {count(others, 'more pair')}" if others else ""
    return [f"{connections(one.number for one in first)} are one, captured {where(first)}{more}"]
