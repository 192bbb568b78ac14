"""Overtaken: whether answers may have been missed for packets that are out of order in the capture.

In: a session, who closed it when, and the newest packet that was captured behind what acknowledges it. What answers a
packet acknowledges it too, so no answer lies in front of a request that is captured behind all such packets.
"""

from collections import Counter

from capanalyze.timeline.ends import Moment
from capanalyze.tws.session import Session


def is_in_doubt(session: Session | None, close: Moment | None, late: int) -> bool:
    """Whether an answer that is missed may lie in front of its request, or that came in time behind the close."""
    if session is None or not late:
        return False
    tally = session.pairing.tally
    waiting = (*session.unanswered, *session.unfinished, *tally.given_up)
    closed = close is not None and close.packet < late
    return closed or bool(tally.repeated) or any(one.packet <= late for one in waiting) or _may_be_others(session)


def _may_be_others(session: Session) -> bool:
    """Whether a request that waits may have had the answer to an earlier one: without ids, the oldest one has it."""
    waiting = Counter(one.name for one in (*session.unanswered, *session.unfinished) if one.request_id is None)
    return any(session.client_counts.get(name, 0) > number for name, number in waiting.items())
