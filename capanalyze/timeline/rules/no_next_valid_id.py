"""no-next-valid-id: startApi was answered in part: nextValidId or managedAccounts never came.

Why it matters: clients wait for both before they call the connection ready, and report a time-out.
What it is not: silence after startApi (hello-answered-then-silent), or a close by the gateway.
Source of the facts: failures.md 28; protocol.md 6.3 row g and 6.5 (managedAccounts without nextValidId).
"""

from typing import Final

from capanalyze.timeline import start_errors
from capanalyze.timeline.errors_told import UPSTREAM
from capanalyze.timeline.facts import Facts
from capanalyze.timeline.findings import Cause, Finding, finding
from capanalyze.timeline.rules.closed_after_startapi import SEE_TO_IT
from capanalyze.timeline.rules.hello_answered_then_silent import waited_in_vain
from capanalyze.timeline.words import listing, span

ID: Final = "no-next-valid-id"

CAUSES: Final = (
    Cause(
        "the gateway is not connected to IB, or the accounts are not loaded yet", "possible", "its connection status"
    ),
    Cause(
        "its API is set up in part only, as after an automated first configuration",
        "possible",
        "open its API settings by hand and confirm them",
    ),
)


def check(facts: Facts) -> Finding | None:
    """Fires where something came after startApi, but not both of the messages that make a session ready."""
    waited = waited_in_vain(facts)
    if waited is None or not facts.heard_after_start:
        return None
    absent = listing(facts.missing_names)
    said = start_errors.said_of_start(facts)
    elsewhere = any(error.code not in UPSTREAM for error in said)
    return finding(
        ID,
        "The session never became ready: nextValidId or managedAccounts did not come",
        [facts.start_api, *(error.at for error in said), facts.close],
        [f"{absent} missing in the {span(waited)} after startApi", *start_errors.evidence(facts)],
        causes=start_errors.causes(facts) or CAUSES,
        advice=SEE_TO_IT if elsewhere else "wait until the gateway shows that it is connected, then connect again",
    )
