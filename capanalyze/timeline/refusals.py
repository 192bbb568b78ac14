"""Refusals: errors with which the gateway ended requests of a session that was up, and which nothing else tells of.

In: Facts. Out: the refused requests with the text of each error, those of one kind and code together; orders first.
"""

from typing import Final, NamedTuple

from capanalyze.timeline.ends import moment
from capanalyze.timeline.errors_told import MEANINGS
from capanalyze.timeline.facts import Facts
from capanalyze.timeline.orders_named import PLACE_ORDER
from capanalyze.timeline.standing import READ_ONLY, READ_ONLY_TEXT, RECENT, read_only, recent
from capanalyze.timeline.words import at_least
from capanalyze.tws.error_codes import meaning_of
from capanalyze.tws.tally import LeftOut, Refused

ORDER_CANCELLED: Final = 202
CANCELS_ALL: Final = "reqGlobalCancel"
"""The client's wish that every order ends, so that 202 refuses none; it may be among octets that are missing."""

NO_REASON: Final = (":", "\N{FULLWIDTH COLON}")
"""What the text of 202 ends with where an order ended as it may: another of its bracket was filled, or its day over."""

HISTORY: Final = 162
HISTORY_CANCELLED: Final = "query cancelled"
"""What the gateway says to the cancellation of a query, whose id may be in use again."""


class Refusals(NamedTuple):
    """The requests of one name that the gateway ended with one code; ``text`` is that of the first error, or ""."""

    name: str
    code: int
    requests: list[Refused]
    text: str

    @property
    def of_an_order(self) -> bool:
        """Whether orders were not taken; one that was cancelled had been."""
        return self.name == PLACE_ORDER and self.code != ORDER_CANCELLED

    @property
    def sure(self) -> bool:
        """Whether it was requests of that kind, and not others with the same ids."""
        return all(one.alone for one in self.requests)


def refusals(facts: Facts, lately: bool = False) -> list[Refusals]:
    """Each kind and code once; ``lately``: those alone that came so soon before the end that they may be why.

    Without those that mean something for the session (MEANINGS), or say that it may only read: they have rules.
    """
    session = facts.session
    if session is None or not session.pairing.tally.refused or facts.stage not in {"ready", "midstream"}:
        return []
    errors = {(error.at.packet, error.code, error.about): error for error in facts.errors}
    closed = facts.close.packet if facts.close is not None and facts.closer == "client" else 0
    globally = CANCELS_ALL in session.client_counts or facts.client.unread > 0
    found: dict[tuple[str, int], Refusals] = {}
    for one in session.pairing.tally.refused:
        error = errors.get((int(one.at_packet), int(one.code), one.request_id))
        text = error.text if error is not None else ""
        read_only = one.code == READ_ONLY and READ_ONLY_TEXT in text.lower()
        wanted = (one.code == ORDER_CANCELLED and globally) or is_cancellation(int(one.code), text)
        as_usual = lately and one.code == ORDER_CANCELLED and text.endswith(NO_REASON)
        too_late = 0 < closed < one.at_packet
        too_old = lately and (error is None or not recent(facts, error))
        if one.code in MEANINGS or read_only or wanted or as_usual or too_late or too_old:
            continue
        found.setdefault((one.name, int(one.code)), Refusals(one.name, int(one.code), [], text)).requests.append(one)
    return sorted(found.values(), key=lambda group: not group.of_an_order)


def is_cancellation(code: int, text: str) -> bool:
    """Whether an error only says that a query of historical data was cancelled."""
    return code == HISTORY and HISTORY_CANCELLED in text.lower()


def left_out(facts: Facts, lately: bool = False) -> int:
    """How many more there were than are kept, without those that have rules; ``lately`` as for ``refusals``."""
    if facts.session is None:
        return 0
    own_rules = {*MEANINGS, ORDER_CANCELLED, *([READ_ONLY] if read_only(facts) is not None else [])}
    return sum(
        int(more.number)
        for code, more in facts.session.pairing.tally.refused_left_out.items()
        if code not in own_rules and not (lately and (since := _since(facts, more)) is not None and since > RECENT)
    )


def _since(facts: Facts, more: LeftOut) -> int | None:
    return facts.between(moment(more.at_packet, more.at_ts), facts.until)


def refused_told(facts: Facts) -> str:
    """The clause for a first line, or ""; where more came lately than are kept the kept ones stand for them."""
    more = left_out(facts, lately=True)
    groups = refusals(facts, lately=more == 0)
    number = sum(len(group.requests) for group in groups)
    if not number:
        return ""
    first = groups[0]
    if number + more == 1:
        means = meaning_of(first.code)
        whose = f"the client's {first.name}" if first.sure else f"the client's request {first.requests[0].request_id}"
        return f"error {first.code} to {whose}" + (f": {means}" if means else "")
    one = f"{first.code} to {first.name} for one" if first.sure else f"{first.code} for one"
    return f"{at_least(more > 0)}{number + more:,} requests of the client were answered with an error ({one})"
