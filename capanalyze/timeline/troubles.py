"""What went wrong in a session that was up, for its verdict: requests without an answer, octets without a sense.

In: Facts. Out: short clauses, for a reader who reads one line only; the rules of the same names have the evidence.
"""

from typing import Final

from capanalyze.timeline.ends import between, moment
from capanalyze.timeline.facts import Facts
from capanalyze.timeline.words import SECOND

PATIENCE: Final = SECOND
"""A request younger than this at the end may still be answered."""


def troubles(facts: Facts) -> str:
    """Clauses that begin with "; ", or ""."""
    return f"{_senseless(facts)}{_unheard(facts)}"


def _unheard(facts: Facts) -> str:
    """Requests behind everything that the gateway sent, where all that was sent is in the capture."""
    session, last = facts.session, facts.server.last_before
    if session is None or last is None or facts.stage != "ready" or facts.incomplete or facts.held_back:
        return ""
    end = facts.close if facts.closer else facts.ended
    number = sum(
        entry.packet > last.packet
        and (waited := between(moment(entry.packet, entry.ts_ns), end, facts.set_back)) is not None
        and waited >= PATIENCE
        for entry in session.unanswered
    )
    if not number or session.unanswered_left_out:
        return ""
    last_ones = "last request was not" if number == 1 else f"last {number} requests were not"
    return f"; the client's {last_ones} answered"


def _senseless(facts: Facts) -> str:
    """Where framing was lost though no octet is missing from the capture."""
    session = facts.session
    if session is None or facts.answer is None:
        return ""
    place = next((place for place in session.desyncs if "missing" not in place.reason), None)
    if place is None:
        return ""
    called = facts.client.called if place.from_client else facts.server.called
    return f"; octets of the {called} in packet {place.packet} are no TWS message"
