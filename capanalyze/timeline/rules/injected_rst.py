"""injected-rst: the RST that ended a connection does not fit what its sender had sent, or went on to send.

Why it matters: both programs see a reset of the other one and neither log knows why. A firewall, an intrusion
prevention system or a VPN between them can end a connection in the name of either.
What it is not: proof. A route may change, and a host may give its resets a time to live of their own; where RST and
other packets agree, something next to that host may still have made it.
Source of the facts: failures.md 51; RFC 791 3.2 and RFC 8200 3 (each router takes one off the time to live).
"""

from typing import Final

from capanalyze.tcp.evidence import WENT_ON, came_another_way
from capanalyze.timeline.facts import Facts
from capanalyze.timeline.findings import Cause, Finding, finding

ID: Final = "injected-rst"

REROUTED: Final = 3
"""Hops by which a route that changes in mid-session may differ."""


def signs(facts: Facts) -> list[str]:
    """What tells that something else than the closing side's host made the RST; empty where nothing does."""
    close = facts.connection.close
    if close is None or close.kind != "RST" or facts.stage == "refused":
        return []
    end, found = facts.closing_end, []
    if came_another_way(facts.connection, close):
        found.append(
            f"the RST in packet {close.packet} came with TTL {close.ttl}, "
            f"an earlier packet of the {end.called}'s with {end.side.ttl}"
        )
    if close.doubt == WENT_ON:
        found.append(f"the {end.called} went on sending after it; who resets a connection forgets it")
    return found


def causes(facts: Facts) -> list[Cause]:
    """The same as what may lie behind a close, for the rules that tell of it."""
    if not signs(facts):
        return []
    return [Cause("something between the two hosts reset it", _certainty(facts), "a capture on the gateway's host")]


def _certainty(facts: Facts) -> str:
    """How sure it is: a few hops may be the route's doing, and a router next to the host is no more than that away."""
    close, usual = facts.connection.close, facts.closing_end.side.ttl
    near = close is not None and close.doubt != WENT_ON and abs(int(close.ttl - usual)) <= REROUTED
    return "possible" if near else "likely"


def check(facts: Facts) -> Finding | None:
    """Fires where the RST's time to live is another one, or its sender went on."""
    evidence = signs(facts)
    if not evidence:
        return None
    called = facts.closing_end.called
    return finding(
        ID,
        f"Something between the two hosts may have made the RST in the {called}'s name",
        [facts.close],
        evidence,
        certainty=_certainty(facts),
        causes=[
            Cause("a firewall, intrusion prevention or antivirus program cut the connection", "possible", "its log"),
            Cause("a NAT, VPN or relay had forgotten the connection", "possible", "how long it had been idle before"),
            Cause(
                f"the {called}'s host gives its resets another TTL",
                "possible",
                "that of its RST when a port is asked for on which nothing listens",
            ),
        ],
        advice="capture on both hosts at the same time: a RST that arrives and was never sent was made on the way",
    )
