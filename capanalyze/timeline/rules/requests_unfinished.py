"""requests-unfinished: the gateway began to answer requests and did not say that this was all.

Why it matters: clients hold what came back until the end marker comes, and call it a time-out of the whole connection:
ib_async's connect() waits for positions, orders and account values like that.
What it is not: a subscription, whose answers go on after the end marker or without one, a list that still flows, one
whose rest the client does not read (slow-consumer) or cannot get (peer-vanished, not-acknowledged), or a request
without any answer (requests-unanswered).
Source of the facts: protocol.md 3.6 (which message ends which list); failures.md 30.
"""

from typing import Final

from capanalyze.timeline.facts import Facts
from capanalyze.timeline.findings import Cause, Finding, finding
from capanalyze.timeline.passed_by import passed_by
from capanalyze.timeline.troubles import standing_lists
from capanalyze.timeline.vanished import in_vain
from capanalyze.timeline.words import LISTED_REQUESTS, count, listing, span

ID: Final = "requests-unfinished"


def check(facts: Facts) -> Finding | None:
    """Fires where a list stands still for LIST_PATIENCE and more, and its end marker has not come."""
    session, lists = facts.session, standing_lists(facts)
    if session is None or not lists or in_vain(facts) is not None or passed_by(facts) is not None:
        return None
    until = "the capture ended" if not facts.closer else f"the {facts.closing_end.called} closed"
    evidence = [
        f"no {one.end} for {one.name} (packet {one.packet}): "
        f"its newest answer came in packet {one.last_packet}, {span(silent)} before {until}"
        for one, silent in lists[:LISTED_REQUESTS]
    ]
    more = len(lists) - len(evidence) + int(session.unfinished_left_out)
    if more:
        evidence.append(f"the same of {count(more, 'more request')}")
    return finding(
        ID,
        "The gateway began to answer requests and did not come to the end",
        [packet for one, _ in lists[:LISTED_REQUESTS] for packet in (int(one.packet), int(one.last_packet))],
        evidence,
        causes=[
            Cause("the gateway waits for IB's servers", "possible", "its log; errors 1100 and 21xx on the wire"),
            Cause("an account is large, or one of several is broken", "possible", "the same request for one account"),
            Cause("the gateway hangs", "possible", "whether reqCurrentTime is answered"),
        ],
        advice=f"ask for less when connecting, and wait longer for {listing(sorted({one.end for one, _ in lists}))}",
    )
