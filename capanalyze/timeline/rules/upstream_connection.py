"""upstream-connection: TLS from here to a public address on the API's port number: the gateway's own way to IB.

Why it matters: TWS and IB Gateway talk to IB's servers on ports 4000 and 4001 too. It is in the way of a filter
"port 4001", and it is not the API.
What it is not: a TLS client that dials a gateway of this network, or one that answers with an alert or not at all
(http-tls-fix-on-api-port).
Source of the facts: failures.md 53.
"""

from typing import Final

from capanalyze.timeline.facts import Facts
from capanalyze.timeline.findings import Finding, finding

ID: Final = "upstream-connection"


def check(facts: Facts) -> Finding | None:
    """Fires on TLS to a public address on an API port."""
    if not facts.upstream:
        return None
    return finding(
        ID,
        "This is the gateway's own connection to IB, not the API",
        [facts.began],
        [f"TLS to {facts.server.address}, a public address"],
        severity="notice",
        certainty="likely",
        advice="leave it out: filter for the gateway's own address, or for the loopback interface",
    )
