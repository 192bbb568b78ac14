"""requests-before-ready: requests were sent before nextValidId and managedAccounts had come, and had no answer.

Why it matters: the gateway may drop what comes before it has accepted the session; later requests work, and a pause
after connecting seems to cure it.
What it is not: early requests that were answered all the same, or a session that never became ready
(no-next-valid-id).
Source of the facts: IB's documentation of nextValidId ("function calls made prior to this time could be dropped by
TWS"); failures.md 29.
"""

from typing import Final

from capanalyze.timeline.facts import Facts
from capanalyze.timeline.findings import Cause, Finding, finding
from capanalyze.timeline.troubles import more_early, sent_too_early
from capanalyze.timeline.words import LISTED_REQUESTS, first_of

ID: Final = "requests-before-ready"


def check(facts: Facts) -> Finding | None:
    """Fires where a session became ready and what had been asked before that stayed without an answer."""
    lost = sent_too_early(facts)
    if facts.session is None or not lost:
        return None
    ready = facts.session.milestones["ready"]
    told = first_of([f"{one.name} (packet {one.packet})" for one in lost], least=more_early(facts))
    evidence = [f"sent before the session was ready in packet {ready.packet}, and not answered: {told}"]
    if facts.incomplete:
        evidence.append(f"{facts.incomplete_by}: the answers may be among them")
    return finding(
        ID,
        "Requests were sent before the session was ready, and were not answered",
        [*(int(one.packet) for one in lost[:LISTED_REQUESTS]), int(ready.packet)],
        evidence,
        certainty="possible" if facts.incomplete else "certain",
        causes=[
            Cause(
                "the gateway dropped them, as it had not accepted the session yet",
                "likely",
                "the gateway's log: `Ignoring API request ... since API is not accepted`; the same requests later",
            )
        ],
        advice="wait for nextValidId before the first request",
    )
