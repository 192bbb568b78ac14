"""closed-after-hello: the gateway answered the hello and closed before startApi could reach it.

Why it matters: the program behind the port is TWS or IB Gateway, and it ended the connection before it knew the client
id. So the id, which clients guess at, cannot be the reason.
What it is not: a client that leaves startApi out (startapi-missing), or a close after startApi (closed-after-startapi).
Source of the facts: failures.md 21 (sometimes after the answer) and 25.
"""

from typing import Final

from capanalyze.timeline.facts import Facts
from capanalyze.timeline.findings import Cause, Finding, finding
from capanalyze.timeline.forgotten import forgotten, forgotten_causes
from capanalyze.timeline.rules import injected_rst
from capanalyze.timeline.rules.port_refused import starting
from capanalyze.timeline.rules.startapi_missing import SOON
from capanalyze.timeline.words import span

ID: Final = "closed-after-hello"

CAUSES: Final = (
    Cause("the gateway is still starting, or ends", "possible", "its log; whether a later attempt succeeds"),
    Cause("it does not accept the API for this client, or somebody refused it", "possible", "its log and its screen"),
    Cause("a relay between the two lost its other side", "possible", "capture the relay's other side"),
)


def check(facts: Facts) -> Finding | None:
    """Fires where the gateway's side closed within a second of its answer, and startApi had not come."""
    if facts.closer != "server" or facts.stage != "not_started" or facts.answer is None or facts.redirect:
        return None
    after = facts.between(facts.answer, facts.close)
    if after is None or after >= SOON:
        return None
    return finding(
        ID,
        "The gateway closed right after its answer to the hello",
        [facts.hello, facts.answer, facts.close],
        [
            f"{facts.kind} from the gateway's side {span(after)} after its answer",
            *forgotten(facts),
            "startApi came after that" if facts.started_too_late else "the client had not sent startApi yet",
        ],
        certainty="likely" if forgotten(facts) else "certain",
        causes=[
            *injected_rst.causes(facts),
            *starting(facts),
            *(forgotten_causes("gateway") if forgotten(facts) else ()),
            *CAUSES,
        ],
        advice="read the gateway's log at that time, and try again after a minute",
    )
