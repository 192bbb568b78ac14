"""syn-unanswered: SYNs went out and nothing came back.

Why it matters: the packets never reached a listening host, or its answer never came back: not an API problem yet.
What it is not: a refusal (port-refused), or a listener whose accept queue is full (accept-queue-full), which this
leaves alone where the same listener accepted other connections in the capture.
Source of the facts: failures.md 2.
"""

from typing import Final

from capanalyze.timeline.facts import Facts
from capanalyze.timeline.findings import Cause, Finding, finding
from capanalyze.timeline.rules.accept_queue_full import accepted_before
from capanalyze.timeline.words import count, span

ID: Final = "syn-unanswered"

CAUSES: Final = (
    Cause(
        "a firewall (of the host, of the cloud) drops the packets",
        "possible",
        "the same attempt from the gateway's own host",
    ),
    Cause("wrong address, or the host is down", "possible", "the address that the client was given; ping it"),
    Cause("a container's port is not published", "possible", "docker ps, and the port mapping"),
)


def check(facts: Facts) -> Finding | None:
    """Fires where no SYN was answered and the listener accepted nobody before."""
    if facts.stage != "unanswered" or accepted_before(facts):
        return None
    lasted = f" over {span(facts.lasted_ns)}" if facts.lasted_ns else ""
    return finding(
        ID,
        "Nothing answered the connection attempt",
        [facts.began, facts.client.side.last_packet],
        [f"{count(facts.syns, 'SYN')} to port {facts.connection.server.port}{lasted}, no packet back"],
        causes=CAUSES,
        advice="check the address and whatever filters packets between the two hosts",
    )
