"""stream-desync: octets of an established session make no sense as frames.

Why it matters: from there on the client reads garbage, waits for octets that never come, or reports 505, 507 or 508.
What it is not: a plain close, which Java's client reports as 507 too, or octets that the capture lacks.
Source of the facts: protocol.md 1.5 and 6.3 rows e2 to e4; failures.md 33.
"""

from typing import Final

from capanalyze.timeline.facts import Facts
from capanalyze.timeline.findings import Cause, Finding, finding
from capanalyze.timeline.words import at_least, clean, count

ID: Final = "stream-desync"

NAMED: Final = 4
"""Places named in the evidence."""


def check(facts: Facts) -> Finding | None:
    """Fires where framing was lost though no octet is missing from the capture."""
    session = facts.session
    if session is None or facts.answer is None or facts.blank:
        return None
    places = [place for place in session.desyncs if place.senseless]
    if not places:
        return None
    evidence = [
        f"packet {place.packet}, octet {place.offset:,} of the {_who(facts, place.from_client)}: {clean(place.reason)}"
        for place in places[:NAMED]
    ]
    if len(places) > NAMED:
        least = at_least(session.desync_count > len(session.desyncs))
        evidence.append(f"{least}{count(len(places) - NAMED, 'more such place')}")
    return finding(
        ID,
        "Octets of the session are no TWS messages",
        [place.packet for place in places[:NAMED]],
        evidence,
        causes=[
            Cause("the sender encodes messages wrongly for the agreed version", "possible", "the messages just before"),
            Cause("a proxy between client and gateway changed the octets", "possible", "capture on its other side"),
        ],
        advice="name the message before that place to the library's maintainers",
    )


def _who(facts: Facts, from_client: bool) -> str:
    return facts.client.called if from_client else facts.server.called
