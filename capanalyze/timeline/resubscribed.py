"""Resubscribed: whether a client asked for its data again when the gateway had said that they were lost (1101).

In: Facts. Out: the error after which nothing was asked for, or None.
"""

from typing import Final

from capanalyze.timeline.errors_told import RESTORED, UPSTREAM, WireError
from capanalyze.timeline.facts import Facts
from capanalyze.timeline.last_words import messages_before_close
from capanalyze.timeline.words import SECOND

DATA_LOST: Final = 1101

PATIENCE: Final = 2 * SECOND
"""A client that has not asked again so soon may yet do so."""

STREAMS: Final = frozenset(("reqMktData", "reqMktDepth", "reqRealTimeBars", "reqTickByTickData"))
"""Requests for data that flow until they are cancelled."""

DATA: Final = frozenset(
    (
        *("tickPrice", "tickSize", "tickString", "tickGeneric", "tickOptionComputation", "tickByTick"),
        *("updateMktDepth", "updateMktDepthL2", "realtimeBar"),
    )
)
"""What such requests are asked for; other answers only say how they stand."""


def never_again(facts: Facts) -> WireError | None:
    """The last word on IB's connection, where it is 1101, the client had subscribed to data, and asked for none after.

    None where what the client sent since is not known: not all of it is kept, or captured. Nor where data came.
    """
    session = facts.session
    newest = [error for error in facts.errors if error.code in RESTORED | UPSTREAM]
    if session is None or not newest or newest[-1].code != DATA_LOST or facts.client.unread:
        return None
    lost = newest[-1]
    waited = facts.between(lost.at, facts.until)
    sent = messages_before_close(facts, "client")
    known = any(message.packet <= lost.at.packet for message in sent)
    running = [one for one in session.pairing.running.by_spot.values() if one.name in STREAMS]
    again = any(message.name in STREAMS and message.packet > lost.at.packet for message in sent)
    if not running or not known or again or data_since(facts, lost) or waited is None or waited < PATIENCE:
        return None
    return lost


def data_since(facts: Facts, error: WireError) -> bool:
    """Whether market data is among what the gateway sent last, after an error."""
    sent = messages_before_close(facts, "server")
    return any(message.name in DATA and message.packet > error.at.packet for message in sent)
