"""requests-unanswered: requests of a working session have no answer in the capture.

Why it matters: the client waits for them, often without a time-out. Where nothing at all came after the last of them,
the gateway's program may hang while its host still acknowledges.
What it is not: a request that the capture ends too soon for, one whose answer the client does not read (slow-consumer),
octets that were not even acknowledged (peer-vanished), or a request sent too early (requests-before-ready). Where what
one side said last did not get through, it is possible only.
Source of the facts: protocol.md 3.6 (which request has which answer); failures.md 30 and 44.
"""

from typing import Final

from capanalyze.timeline.ends import Moment, moment
from capanalyze.timeline.errors_told import UPSTREAM as LOST
from capanalyze.timeline.facts import Facts
from capanalyze.timeline.findings import Cause, Finding, finding
from capanalyze.timeline.last_words import untaken
from capanalyze.timeline.orders import LOOK_FIRST, ORDERS, errors_in_doubt, held, unconfirmed
from capanalyze.timeline.pacing import REJECTED
from capanalyze.timeline.standing import standing
from capanalyze.timeline.troubles import PATIENCE, sent_too_early, waiting
from capanalyze.timeline.words import LISTED_REQUESTS, count, first_of, listing, packets, span
from capanalyze.tws.session import Session
from capanalyze.tws.tally import Named

ID: Final = "requests-unanswered"

CLOCKS: Final = frozenset(("reqCurrentTime", "reqCurrentTimeInMillis"))
"""Requests that a gateway answers by itself (failures.md 44)."""

HANGS: Final = Cause(
    "the gateway hangs (a window waits, out of memory, suspended)", "possible", "whether reqCurrentTime is answered"
)
HANGS_INDEED: Final = Cause(
    "the gateway hangs (a window waits, out of memory, suspended): it answers reqCurrentTime by itself, and did not",
    "likely",
    "its screen and its log",
)
UPSTREAM: Final = Cause(
    "IB's servers did not answer the gateway, or the account has no right to ask",
    "possible",
    "the gateway's log; the same request in TWS",
)
MANY: Final = Cause(
    "the gateway rejected them: the client had sent more messages than it takes (error 100)",
    "likely",
    "the same requests at 45 a second",
)


def check(facts: Facts) -> Finding | None:
    """Fires where requests stayed unanswered for a second and more."""
    session = facts.session
    if session is None or facts.stage not in {"ready", "midstream"} or facts.client.shut:
        return None
    end = facts.until
    old = _waited_long(facts, session, end)
    if not old:
        return None
    alike: dict[str, list[int]] = {}
    for entry in old:
        alike.setdefault(entry.name, []).append(int(entry.packet))
    named = list(alike.items())[:LISTED_REQUESTS]
    more = len(old) - sum(len(sent) for _, sent in named) + int(session.unanswered_left_out)
    evidence = [f"no answer to {first_of(_by_name(named), more)}"]
    last = facts.server.last_before
    silent = facts.between(last, end)
    hung = last is not None and last.packet < old[0].packet and silent is not None
    if facts.server.cut and not hung:
        return None  # the answers may lie behind what the snapshot length left of the gateway's packets
    if hung and silent is not None:
        client = facts.client.side
        host = (
            "its host acknowledged" if client.acked_rel >= client.next_rel else "its host did not acknowledge all of it"
        )
        evidence.append(f"the gateway sent nothing at all after the first of them, for {span(silent)}; {host}")
    evidence += _where_answers_may_be(facts)
    goes_on = _goes_on(facts, old)
    hangs = hung and any(entry.name in CLOCKS for entry in old)
    return finding(
        ID,
        "Requests of the client were not answered",
        sorted({at for _, sent in named for at in sent})[:LISTED_REQUESTS],
        evidence,
        severity="problem" if hung else "notice",
        certainty="possible" if facts.incomplete or facts.held_back else "certain",
        causes=[
            *([MANY] if facts.error(REJECTED) is not None else []),
            *([] if goes_on else [HANGS_INDEED if hangs else HANGS]),
            *([] if hangs and not goes_on else [_upstream(facts, old)]),
            *_held(facts, old),
        ],
        advice=_advice(goes_on=goes_on, hangs=hangs) + _of_orders(facts, old),
    )


def _upstream(facts: Facts, old: list[Named]) -> Cause:
    """That IB did not answer, which is likely where the gateway had said that it had lost IB."""
    lost = next((one for one in standing(facts) if one.code in LOST and one.at.packet < old[-1].packet), None)
    if lost is None:
        return UPSTREAM
    return Cause(
        f"the gateway had lost its own connection to IB (error {lost.code} in packet {lost.at.packet})",
        "likely",
        "the same request once it has it back (1101 or 1102)",
    )


def _of_orders(facts: Facts, old: list[Named]) -> str:
    """What to do about an order, unless order-unconfirmed says it: a time-out tempts to send it again."""
    tempted = any(one.name in ORDERS for one in old) and not unconfirmed(facts)
    return f"; as to an order, {LOOK_FIRST}" if tempted else ""


def _advice(*, goes_on: bool, hangs: bool) -> str:
    """What to do; a heartbeat is no advice to who sent one."""
    if hangs and not goes_on:
        return "look at the gateway's screen, and restart it; let the client connect again when its heartbeat fails"
    heartbeat = "" if goes_on else ", and send reqCurrentTime as a heartbeat"
    return f"give requests a time-out of their own{heartbeat}"


def _held(facts: Facts, old: list[Named]) -> list[Cause]:
    """That an order among them was not to be transmitted."""
    ids = listing([str(one) for one in held(facts, old)[:LISTED_REQUESTS]])
    off = f"TWS holds placeOrder {ids}, which was sent with transmit off"
    return [Cause(off, "likely", "the order in TWS")] if ids else []


def _goes_on(facts: Facts, old: list[Named]) -> bool:
    """Whether the gateway spoke after the last of them, PATIENCE later and more: it did not hang."""
    last = facts.server.last_before
    waited = facts.between(moment(old[-1].packet, old[-1].ts_ns), last)
    return waited is not None and waited >= PATIENCE


def _waited_long(facts: Facts, session: Session, end: Moment | None) -> list[Named]:
    """Those unanswered for PATIENCE and longer, though the gateway's host took them, and not sent too early.

    Nor those that an error may have been about which had two requests to choose from.
    """
    lost = untaken(facts)
    early = {(one.packet, one.name, one.request_id) for one in sent_too_early(facts)}
    doubtful = errors_in_doubt(session)
    heard = facts.server.side.last_packet
    return [
        entry
        for entry in waiting(session)
        if (waited := facts.between(moment(entry.packet, entry.ts_ns), end)) is not None
        and waited >= PATIENCE
        and entry.packet < heard
        and (entry.packet, entry.name) not in lost
        and (entry.packet, entry.name, entry.request_id) not in early
        and (entry.request_id is None or entry.request_id not in doubtful)
    ]


def _by_name(named: list[tuple[str, list[int]]]) -> list[str]:
    """Requests by name, and the packets of each."""
    return [f"{count(len(sent), name, name) if len(sent) > 1 else name} ({packets(sent)})" for name, sent in named]


def _where_answers_may_be(facts: Facts) -> list[str]:
    """Why the answers may have been given, and not be in the capture."""
    reasons = []
    if facts.incomplete:
        reasons.append(f"{facts.incomplete_by}: the answers may be among them")
    if facts.server.stuck:
        reasons.append("the client's host took nothing more of the gateway's: the answers may wait unsent")
    if facts.client.cut_off:
        reasons.append("the gateway's host fell silent: the answers may have been lost on the way")
    return reasons
