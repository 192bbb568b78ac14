"""client-leaks-close-wait: the gateway closed, and the client's program did not.

Why it matters: the client has not noticed that its connection is gone, or does not close its sockets; it may go on
sending into nothing, and reconnecting leaves one more socket behind each time.
What it is not: the gateway's leak (gateway-leaks-close-wait), which is the mirror image.
Source of the facts: RFC 9293 3.3.2; failures.md 4.
"""

from typing import Final

from capanalyze.timeline.facts import Facts
from capanalyze.timeline.findings import Finding, finding
from capanalyze.timeline.remains import how_sure_open, left_open
from capanalyze.timeline.words import span

ID: Final = "client-leaks-close-wait"


def check(facts: Facts) -> Finding | None:
    """Fires where the gateway closed and the client sent neither FIN nor RST for a second and more."""
    if not facts.api or facts.client.state != "CLOSE_WAIT" or facts.closer != "server":
        return None
    since = left_open(facts)
    if since is None:
        return None
    return finding(
        ID,
        "The client did not close its side after the gateway had closed (CLOSE_WAIT)",
        [facts.close],
        [f"no FIN and no RST from the client in the {span(since)} captured after the gateway's FIN"],
        severity="notice",
        certainty=how_sure_open(facts),
        advice="let the client read its socket and close it when the gateway has closed",
    )
