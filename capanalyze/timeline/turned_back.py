"""TurnedBack: an ICMP error about a connection's segments, as rules, verdicts and timeline lines tell it.

In: Facts, or an event of kind "ICMP". Out: who said it, what, and where.
"""

from typing import NamedTuple

from capanalyze.tcp.events import Event
from capanalyze.timeline.ends import Moment, moment
from capanalyze.timeline.facts import Facts
from capanalyze.timeline.words import host


class TurnedBack(NamedTuple):
    """``words`` are those of the ICMP error, ``sender`` is the address that it came from."""

    at: Moment | None
    words: str
    sender: str


def of_event(event: Event) -> TurnedBack:
    """The ICMP error of an event (tcp/tracker.py: what it says, and the address in hex)."""
    words, _, address = event.flag.rpartition(" ")
    return TurnedBack(moment(event.packet, event.ts_ns), words, host(bytes.fromhex(address)))


def turned_back(facts: Facts, after: int = 0) -> TurnedBack | None:
    """The first ICMP error about segments of a connection; ``after`` is a packet that it came after."""
    events = facts.connection.events
    return next((of_event(event) for event in events if event.kind == "ICMP" and event.packet > after), None)
