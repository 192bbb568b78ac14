"""Pacing: whether the requests of a burst were answered as by a gateway that takes RATE messages a second.

In: Facts. Out: the burst of the client that waited longest for that, or None. A burst alone is none, nor are late
answers: those to the first of its requests have to come soon, the others later and later, in the order in which they
were asked for, never faster than a paced gateway gives them, and hardly slower.
"""

from typing import Final

from capanalyze.timeline.facts import Facts
from capanalyze.timeline.words import MILLISECOND, SECOND, count, span
from capanalyze.tws.pace import RATE, Burst

REJECTED: Final = 100
"""The error code of a gateway that rejects what is too much, instead of letting it wait."""

ANSWERS: Final = 20
"""Answers that show a pace; fewer may come like that by chance."""

LATER: Final = SECOND
"""How much longer than the shortest the longest wait is, at least."""

SOON: Final = SECOND // 2
"""A gateway that is not slow itself has answered one request within that time, at most."""

MOST_LATE: Final = (3, 4)
"""Part of the longest wait that a request waited on the average, at most: a half, where it grew evenly from nothing."""

SLOWEST: Final = 40
FASTEST: Final = 60
"""Messages a second that the answers have to keep up with, and that they may not exceed beyond the first RATE."""

QUICKEST: Final = 800 * MILLISECOND
"""MANY answers and one more take a second and more; some that were held up on the way may make it a little less."""

ORDERLY: Final = 10
"""One of so many requests may be answered after a later one: what IB's servers have to say takes its time."""


def paced(facts: Facts) -> Burst | None:
    """The burst that waited longest in a gateway's queue; None where the packets show none."""
    session = facts.session
    if session is None or facts.error(REJECTED) is not None or facts.note("zero_window", "client") is not None:
        return None
    found = [burst for burst in session.pairing.pace.bursts if _waited(burst)]
    return max(found, key=lambda burst: burst.longest, default=None)


def sent_fast(burst: Burst) -> str:
    """How much was sent how fast: "151 messages in 197 ms"."""
    took = burst.last_ts - burst.first_ts
    return count(burst.messages, "message") + (f" in {span(took)}" if took else " at once")


def _waited(burst: Burst) -> bool:
    """Whether its requests were answered one after the other at about RATE a second."""
    took = burst.newest_ts - burst.first_ts
    return (
        burst.answered >= ANSWERS
        and burst.overtaken * ORDERLY <= burst.answered
        and burst.least <= SOON
        and burst.longest - burst.least >= LATER
        and burst.waited * MOST_LATE[1] <= burst.longest * burst.answered * MOST_LATE[0]
        and (burst.quickest < 0 or burst.quickest >= QUICKEST)
        and SLOWEST * took <= burst.newest * SECOND
        and (burst.newest - RATE) * SECOND <= FASTEST * took
    )
