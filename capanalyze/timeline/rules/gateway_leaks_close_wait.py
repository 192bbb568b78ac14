"""gateway-leaks-close-wait: the client closed, and the gateway's program did not.

Why it matters: netstat shows CLOSE_WAIT at the gateway's port and people read it as "the gateway closed". It means
the opposite: the gateway received a FIN and has not called close(). Many such sockets can use up its slots.
What it is not: a cause. It goes with accepted-but-silent, whose causes are the ones to look for.
Source of the facts: RFC 9293 3.3.2; failures.md 17 and 4; protocol.md 6.4.
"""

from typing import Final

from capanalyze.timeline.facts import Facts
from capanalyze.timeline.findings import Finding, finding
from capanalyze.timeline.remains import how_sure_open, left_open
from capanalyze.timeline.words import span

ID: Final = "gateway-leaks-close-wait"


def check(facts: Facts) -> Finding | None:
    """Fires where the client closed and the gateway sent neither FIN nor RST for a second and more."""
    if not facts.api or facts.server.state != "CLOSE_WAIT" or facts.closer != "client":
        return None
    if facts.misfit is not None and facts.misfit.side == "server" and facts.misfit.protocol:
        return None  # it is no gateway (wrong-service)
    since = left_open(facts)
    if since is None:
        return None
    return finding(
        ID,
        "The gateway did not close its side after the client had closed (CLOSE_WAIT)",
        [facts.close],
        [f"no FIN and no RST from the gateway in the {span(since)} captured after the client's FIN"],
        severity="notice",
        certainty=how_sure_open(facts),
        advice="restart the gateway if such sockets pile up; ss -tan or netstat -an on its host lists them",
    )
