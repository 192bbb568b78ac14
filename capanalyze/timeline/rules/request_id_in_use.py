"""request-id-in-use: a request took an id that another of its kind still had.

Why it matters: the gateway refuses the second (error 102 or 322), or the answers of both come under one id and the
client mixes them up.
What it is not: an order that is changed by sending it again, or an id that was cancelled, refused or ended before.
Source of the facts: protocol.md 3.6 (which request has which answers and end) and 5.2 (error 102).
"""

from typing import Final

from capanalyze.timeline.errors_told import told
from capanalyze.timeline.facts import Facts
from capanalyze.timeline.findings import Finding, finding
from capanalyze.timeline.words import LISTED_REQUESTS, first_of

ID: Final = "request-id-in-use"

DUPLICATE_ID: Final = 102


def check(facts: Facts) -> Finding | None:
    """Fires where ids were in use; a problem where the gateway said so."""
    session = facts.session
    if session is None or not session.pairing.tally.repeated:
        return None
    tally = session.pairing.tally
    names = [f"{one.name} {one.request_id} (packet {one.packet})" for one in tally.repeated]
    evidence = [f"sent while its id was in use: {first_of(names, int(tally.repeated_left_out))}"]
    error = facts.error(DUPLICATE_ID)
    if error is not None:
        evidence.append(told(error))
    if facts.incomplete:
        evidence.append(f"{facts.incomplete_by}: an end or a cancellation may be among them")
    return finding(
        ID,
        "A request took an id that was in use",
        [*(int(one.packet) for one in tally.repeated[:LISTED_REQUESTS]), error.at if error is not None else None],
        evidence,
        severity="problem" if error is not None else "notice",
        certainty="likely" if facts.incomplete and error is None else "certain",
        advice="count request ids up, and use none again before its request was cancelled or has ended",
    )
