"""Given up: requests that the client cancelled after it had waited in vain for an answer.

In: Facts. Out: those requests, each with how long it had waited, and a clause for the first line.
"""

from typing import Final

from capanalyze.timeline.ends import moment
from capanalyze.timeline.facts import Facts
from capanalyze.timeline.orders import ORDERS
from capanalyze.timeline.words import SECOND, at_least, span
from capanalyze.tws.schema.pairs import pairs
from capanalyze.tws.tally import GivenUp

PATIENCE: Final = 2 * SECOND
"""What is cancelled sooner was not waited for."""


def given_up(facts: Facts) -> list[tuple[GivenUp, int]]:
    """The requests of a working session that were cancelled unanswered, and for how long each had waited, in ns.

    No orders: what was cancelled of these has an answer to wait for (orders.py). Nor what may have nothing to tell.
    """
    session = facts.session
    if session is None or facts.stage not in {"ready", "midstream"} or not facts.server.side.packets:
        return []
    waits = [
        (one, facts.between(moment(one.packet, one.ts_ns), moment(one.at_packet, one.at_ts)))
        for one in session.pairing.tally.given_up
        if one.name not in ORDERS and not pairs()[one.name].quiet
    ]
    return [(one, wait) for one, wait in waits if wait is not None and wait >= PATIENCE]


def more_given_up(facts: Facts) -> bool:
    """Whether more were cancelled than are listed."""
    return facts.session is not None and facts.session.pairing.tally.given_up_left_out > 0


def given_up_told(facts: Facts) -> str:
    """The clause for a first line, or ""; where octets are missing the answers may be among them."""
    found = [] if facts.incomplete else given_up(facts)
    if not found:
        return ""
    if len(found) == 1:
        return f"the client cancelled its {found[0][0].name} after {span(found[0][1])} without an answer"
    number = f"{at_least(more_given_up(facts))}{len(found)}"
    return f"the client cancelled {number} requests that had no answer ({found[0][0].name} for one)"
