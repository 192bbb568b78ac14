"""relay-masks-close: half a second after the client's FIN the server's side closed, without ever having sent an octet.

Why it matters: socat ends its other direction 0.5 s after one side closed. What closed so tidily is then a relay;
the gateway behind it may not have answered, read or closed anything.
What it is not: a gateway that closes when the client does (milliseconds).
Source of the facts: failures.md 20 (socat's default half-close time-out, measured).
"""

from typing import Final

from capanalyze.timeline.facts import Facts
from capanalyze.timeline.findings import Finding, finding
from capanalyze.timeline.words import MILLISECOND, span

ID: Final = "relay-masks-close"

SOCAT: Final = 500 * MILLISECOND
NEAR: Final = 20 * MILLISECOND


def check(facts: Facts) -> Finding | None:
    """Fires where an unanswered hello was followed by FINs 0.5 s apart, the client's first."""
    if facts.closer != "client" or facts.stage != "hello_unanswered" or facts.server.fin is None:
        return None
    apart = facts.between(facts.close, facts.server.fin)
    if apart is None or abs(apart - SOCAT) > NEAR:
        return None
    return finding(
        ID,
        "What closed after the client looks like a relay (socat), not the gateway",
        [facts.close, facts.server.fin],
        [f"the server's FIN came {span(apart)} after the client's: socat's half-close time-out"],
        severity="notice",
        certainty="likely",
        advice="capture the relay's other side: its ACKs and its FIN say nothing about the gateway",
    )
