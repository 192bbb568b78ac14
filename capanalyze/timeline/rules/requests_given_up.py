"""requests-given-up: the client cancelled requests that nothing had answered for seconds.

Why it matters: the client reports a time-out of its own, and the error that the gateway sends for the cancellation
(162, "query cancelled") looks as if it had refused. What was asked for was too much, or IB's servers were slow.
What it is not: a request that waits still (requests-unanswered), or one that was cancelled before an answer was due.
Source of the facts: protocol.md 3.6 (which request has which answer, and which cancels which).
"""

from typing import Final

from capanalyze.timeline.facts import Facts
from capanalyze.timeline.findings import Cause, Finding, finding
from capanalyze.timeline.given_up import given_up, more_given_up
from capanalyze.timeline.standing import lost_farms
from capanalyze.timeline.words import LISTED_REQUESTS, at_least, count, quote, span
from capanalyze.tws.schema.pairs import pairs

ID: Final = "requests-given-up"

TOO_MUCH: Final = Cause(
    "it asked for more than IB's servers give in that time", "possible", "the same request for less, with a longer wait"
)

NOTHING: Final = Cause(
    "there was nothing to tell: a market that is closed, or data that the account has not", "possible", "TWS's own list"
)


def check(facts: Facts) -> Finding | None:
    """Fires where a request had waited for PATIENCE and more when the client cancelled it."""
    found = given_up(facts)
    if not found or facts.session is None:
        return None
    more = len(found) - LISTED_REQUESTS
    streams = pairs()[found[0][0].name].stream
    evidence = [
        f"{one.name}{f' {one.request_id}' if one.request_id is not None else ''} (packet {one.packet}), "
        f"cancelled in packet {one.at_packet} after {span(wait)} without an answer"
        for one, wait in found[:LISTED_REQUESTS]
    ]
    farms = [
        Cause(f"the {farm.kind} {quote(farm.name)} was disconnected", "likely", f"the text of error {farm.error.code}")
        for farm in lost_farms(facts)
    ]
    return finding(
        ID,
        "The client cancelled requests that had not been answered",
        [packet for one, _ in found[:LISTED_REQUESTS] for packet in (int(one.packet), int(one.at_packet))],
        [*evidence, f"and {at_least(more_given_up(facts))}{count(more, 'more request')}" if more > 0 else ""],
        severity="notice",
        certainty="possible" if facts.incomplete or facts.held_back else "certain",
        causes=[*farms, NOTHING if streams else TOO_MUCH],
        advice="ask for delayed data, or when the market is open"
        if streams
        else "ask for less at once (a shorter duration, larger bars), or let the client wait longer",
    )
