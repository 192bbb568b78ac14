"""hello-answered-then-silent: the hello was answered, startApi was not.

Why it matters: the gateway's program is alive and stopped at startApi: a login, a dialog, or a setting.
What it is not: accepted-but-silent (the hello had no answer), or no-next-valid-id (something came). Where the capture
lacks the answer to the hello, more may have come with that: some gateways do not wait for startApi.
Source of the facts: protocol.md 6.3 rows g and l; failures.md 28.
"""

from typing import Final

from capanalyze.timeline.facts import Facts
from capanalyze.timeline.findings import Cause, Finding, finding
from capanalyze.timeline.rules import duplicate_client_id
from capanalyze.timeline.rules.client_left_early import left_early
from capanalyze.timeline.silence import start_unheard
from capanalyze.timeline.words import SECOND, span

ID: Final = "hello-answered-then-silent"

SHORTEST_WAIT: Final = 2 * SECOND
"""nextValidId and managedAccounts come within milliseconds of startApi on a gateway that is logged in."""

CAUSES: Final = (
    Cause(
        "the gateway is not logged in, or waits for a click or a second factor", "possible", "its screen and its log"
    ),
    Cause("the gateway hangs", "possible", "whether another client gets an answer"),
)


def waited_in_vain(facts: Facts) -> int | None:
    """How long the client waited in vain for a ready session; None where it did not, or the gateway closed.

    Where all came when the client had closed, late-answer says so. A host that does not acknowledge startApi says
    nothing of the program on it (peer-vanished).
    """
    if facts.stage != "not_ready" or facts.closer == "server" or facts.error(duplicate_client_id.CODE) is not None:
        return None
    if len(facts.late_readiness) == len(facts.missing_names) or start_unheard(facts):
        return None
    waited = facts.between(facts.start_api, facts.until)
    if waited is None or left_early(facts) is not None or (not facts.closer and waited < SHORTEST_WAIT):
        return None
    return waited


def check(facts: Facts) -> Finding | None:
    """Fires where nothing at all came after startApi."""
    waited = waited_in_vain(facts)
    if waited is None or facts.heard_after_start:
        return None
    return finding(
        ID,
        "The gateway answered the hello and then fell silent"
        if facts.answer is not None
        else "The gateway answered nothing to startApi",
        [facts.answer, facts.start_api, facts.close],
        [f"not an octet from the gateway in the {span(waited)} after startApi"],
        certainty="certain" if facts.answer is not None else "likely",
        causes=CAUSES,
        advice="look at the gateway's screen; restart it if no client gets further",
    )
