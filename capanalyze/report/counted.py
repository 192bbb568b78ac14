"""The connections beyond those told in full, in numbers: what a report says of each of its kind together.

In: the tallies of the table (tcp/table.py) and of the sessions (tws/untold.py). Out: CountedFacts, and their words.
"""

from collections.abc import Sequence

from capanalyze.report.report import CountedFacts
from capanalyze.tcp.table import Table
from capanalyze.tcp.tally import UNKNOWN, Tally
from capanalyze.timeline.verdict import closers
from capanalyze.timeline.words import count, listing
from capanalyze.tws.untold import Untold


def counted_facts(table: Table, untold: Untold, all_connections: bool) -> CountedFacts | None:
    """What is known of the connections that are counted only; None where every one is told in full."""
    tallies = (table.gateway, table.others) if all_connections else (table.gateway,)
    facts = CountedFacts(
        connections=sum(int(tally.connections) for tally in tallies),
        packets=sum(int(tally.packets) for tally in tallies),
        octets=sum(int(tally.octets) for tally in tallies),
        closed_first=_sum(tallies, "closes"),
        conn_states=_sum(tallies, "states"),
        sessions=int(untold.sessions),
        sessions_given_up=int(untold.given_up),
        reached=dict(untold.reached),
        messages={"client": untold.names_of(from_client=True), "server": untold.names_of(from_client=False)},
        unfollowed_syns=sum(int(tally.unfollowed) for tally in tallies),
        unfollowed_packets=sum(int(tally.unfollowed_packets) for tally in tallies),
    )
    return facts if facts.connections or facts.unfollowed_packets else None


def _sum(tallies: Sequence[Tally], name: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for tally in tallies:
        for key, number in getattr(tally, name).items():
            found[key] = found.get(key, 0) + int(number)
    return dict(sorted(found.items()))


def counted_words(facts: CountedFacts, server: str) -> str:
    """One paragraph: "19,500 more connections are counted only: ..."; ``server``: what that side is called."""
    words: list[str] = []
    if facts.connections:
        more = count(facts.connections, "more connection is", "more connections are")
        size = f"{count(facts.packets, 'packet')} and {count(facts.octets, 'octet')}"
        words.append(f"{more} counted only, with {size}: {closers(facts.closed_first, server)}")
    if facts.sessions:
        reached = [f"{number:,} {name.replace('_', ' ') or 'nothing'}" for name, number in facts.reached.items()]
        number = sum(sum(names.values()) for names in facts.messages.values())
        words.append(
            f"their {count(facts.sessions, 'TWS session')} with {count(number, 'message')} came to: {listing(reached)}"
        )
    crowded = crowded_out(facts)
    return "; ".join([*words, crowded] if crowded else words)


def lacking_room(facts: CountedFacts) -> str:
    """Why not all messages of a capture may have been found, "" for no such reason."""
    given_up = facts.closed_first.get(UNKNOWN, 0)
    words = [f"for want of room {count(given_up, 'connection')} could not be followed to the end"] if given_up else []
    crowded = crowded_out(facts)
    return "; ".join([*words, crowded] if crowded else words)


def crowded_out(facts: CountedFacts) -> str:
    """What there was no room for beside connections that were given up, which ``closers`` tells; "" for nothing."""
    words: list[str] = []
    if facts.sessions_given_up:
        words.append(f"for want of room {count(facts.sessions_given_up, 'session')} could not be followed to the end")
    if facts.unfollowed_syns:
        words.append(f"{count(facts.unfollowed_syns, 'SYN')} found no room among the connections open at the time")
    if facts.unfollowed_packets:
        words.append(
            f"{count(facts.unfollowed_packets, 'packet belongs', 'packets belong')} to no connection that was followed"
        )
    return "; ".join(words)
