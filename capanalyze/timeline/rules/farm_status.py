"""farm-status: data farms of IB's were disconnected from the gateway (2103, 2105, 2157) when a session ended.

Why it matters: data stop and the API socket is fine. Who closes and connects again for that reason loses the client id
for a while, and the farms come back no sooner.
What it is not: a farm that came back (2104, 2106, 2158) or is idle (2107, 2108, 2159), nor one that was just lost; nor
a fault of the socket between client and gateway.
Source of the facts: protocol.md 5.2; failures.md 37.
"""

from typing import Final

from capanalyze.timeline.facts import Facts
from capanalyze.timeline.findings import Finding, finding
from capanalyze.timeline.standing import Farm, lost_farms
from capanalyze.timeline.words import count, quote, span

ID: Final = "farm-status"

LISTED: Final = 6


def check(facts: Facts) -> Finding | None:
    """Fires where a farm that was said to be lost had not come back for a second and more."""
    farms = lost_farms(facts)
    if not farms:
        return None
    more = [f"and {count(len(farms) - LISTED, 'more farm')}"] if len(farms) > LISTED else []
    return finding(
        ID,
        "Data farms of IB's were disconnected from the gateway in the end",
        [farm.error.at for farm in farms[:LISTED]],
        [*(_told(facts, farm) for farm in farms[:LISTED]), *more],
        severity="notice",
        advice="wait for 2104, 2106 or 2158; closing the API connection does not bring a farm back",
    )


def _told(facts: Facts, farm: Farm) -> str:
    since = facts.between(farm.error.at, facts.until)
    before = f", {span(since)} before the {'close' if facts.closer else 'end'}" if since is not None else ""
    return f"{farm.error.code} in packet {farm.error.at.packet}: the {farm.kind} {quote(farm.name)}{before}"
