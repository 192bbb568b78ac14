"""client-never-speaks: the connection was opened and neither side sent an octet before the client ended it.

Why it matters: it is no API attempt, so it says nothing about the API. Port probes of monitors and container
health checks look like this, and leave connections behind.
What it is not: a gateway that hung up before the client could speak (closed-without-answer).
Source of the facts: failures.md 6.
"""

from typing import Final

from capanalyze.tcp.grounds import UNASKED, UNHEARD
from capanalyze.timeline.facts import Facts
from capanalyze.timeline.findings import Cause, Finding, finding
from capanalyze.timeline.words import SECOND, span

ID: Final = "client-never-speaks"

CAUSES: Final = (
    Cause(
        "a port probe: nc -z, a container's health check, an uptime monitor",
        "possible",
        "what runs on the client's host; whether it repeats at a fixed period",
    ),
    Cause("a client that hung or was stopped before it sent its hello", "possible", "the client's own log"),
    Cause(
        "a client that waits for the server to speak first", "possible", "the TWS API begins with the client's hello"
    ),
)


def check(facts: Facts) -> Finding | None:
    """Fires where no octet was sent for a second, or until the client closed; and the gateway did not close first."""
    if facts.stage != "no_data" or facts.closer == "server" or facts.client.spoke or not facts.api:
        return None
    length = facts.between(facts.opened_at, facts.until)
    if not facts.closer and (length is None or length < SECOND):
        return None
    close = facts.connection.close
    lacking = close is not None and close.doubt in {UNASKED, UNHEARD}
    return finding(
        ID,
        "The client connected and said nothing",
        [facts.began, facts.close],
        [f"open for {span(length)} without an octet from either side" if length else "no octet from either side"],
        severity="notice",
        certainty="certain" if facts.server.side.packets and not lacking else "likely",
        causes=CAUSES,
        advice="do not count it as an API attempt; a probe of the API has to send a hello and read the answer",
    )
