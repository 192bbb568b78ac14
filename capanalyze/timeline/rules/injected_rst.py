"""injected-rst: the RST that ended a connection does not fit what its sender sent, or its sender's capture lacks it.

Why it matters: both programs see a reset of the other one and neither log knows why. A firewall, an intrusion
prevention system or a VPN between them can end a connection in the name of either.
What it is not: proof, where one host was recorded only. A route may change, and a host may give its resets a time to
live of their own; where RST and other packets agree, something next to that host may still have made it. Where both
were, the capture of the host that sent none has none, as long as that goes on and lost nothing.
Source of the facts: failures.md 51; RFC 791 3.2 and RFC 8200 3 (each router takes one off the time to live).
"""

from typing import Final

from capanalyze.tcp.connection import Close
from capanalyze.tcp.evidence import came_another_way, usual_ttl
from capanalyze.tcp.grounds import WENT_ON
from capanalyze.timeline.both_ends import made_between, proved, unsent
from capanalyze.timeline.facts import Facts
from capanalyze.timeline.findings import Cause, Finding, finding
from capanalyze.timeline.words import count, span

ID: Final = "injected-rst"

REROUTED: Final = 3
"""Hops by which a route that changes in mid-session may differ."""


def signs(facts: Facts) -> list[str]:
    """What tells that something else than the closing side's host made the RST; empty where nothing does."""
    close = facts.connection.close
    if close is None or close.kind != "RST" or facts.stage == "refused":
        return []
    end, found = facts.closing_end, _missed(facts)
    if came_another_way(facts.connection, close):
        found.append(
            f"the RST in packet {close.packet} came with TTL {close.ttl}, "
            f"an earlier packet of the {end.called}'s with {usual_ttl(close, end.side)}"
        )
    if close.doubt == WENT_ON:
        found.append(f"the {end.called} went on sending after it; who resets a connection forgets it")
    return found


def _missed(facts: Facts) -> list[str]:
    """That the capture next to the sender does not hold the RST."""
    made, close = made_between(facts), facts.connection.close
    if made is None or close is None:
        return []
    called = facts.closing_end.called
    lacks = f"the RST in packet {close.packet} is not in {made.place}"
    if made.later_ns is None:
        return [f"{lacks}, which may have ended before, for it holds nothing later"]
    if made.later_ns == 0:
        return [f"{lacks}, by which it would have come before"]
    if made.own:
        return [f"{lacks}, which holds packets of the {called}'s up to {span(made.later_ns)} later"]
    dropped = (
        f", but may have lost it ({count(facts.dropped, 'packet')} dropped while capturing)" if facts.dropped else ""
    )
    return [f"{lacks}, which goes on for {span(made.later_ns)}{dropped}"]


def causes(facts: Facts) -> list[Cause]:
    """The same as what may lie behind a close, for the rules that tell of it."""
    if not signs(facts):
        return []
    check = "what lies there" if made_between(facts) is not None else "a capture on the gateway's host"
    return [Cause("something between the two hosts reset it", _certainty(facts), check)]


def _certainty(facts: Facts) -> str:
    """How sure it is: a few hops may be the route's doing, and a router next to the host is no more than that away.

    A host that went on, as its own capture shows, made none; one that did not may have sent it past its capture.
    """
    made = made_between(facts)
    if made is not None and unsent(facts):
        return "certain" if proved(facts) else "likely"
    close = facts.connection.close
    if made is not None and close is not None and came_another_way(facts.connection, close):
        return "likely"
    near = close is not None and close.doubt != WENT_ON and hops(facts, close) <= REROUTED
    return "possible" if near else "likely"


def hops(facts: Facts, close: Close) -> int:
    """By how many hops the RST came another way than its sender's other packets."""
    usual = usual_ttl(close, facts.closing_end.side)
    return abs(int(close.ttl - usual)) if usual >= 0 else 0


def check(facts: Facts) -> Finding | None:
    """Fires where the RST has another TTL, its sender went on, or a capture next or nearer to that has none."""
    evidence = signs(facts)
    if not evidence:
        return None
    called = facts.closing_end.called
    no_own = unsent(facts)
    return finding(
        ID,
        f"Something between the two hosts {'made' if no_own else 'may have made'} the RST in the {called}'s name",
        [facts.close],
        evidence,
        certainty=_certainty(facts),
        causes=[
            Cause("a firewall, intrusion prevention or antivirus program cut the connection", "possible", "its log"),
            Cause("a NAT, VPN or relay had forgotten the connection", "possible", "how long it had been idle before"),
            *([] if no_own else [_own_ttl(called)]),
        ],
        advice=_advice(facts),
    )


def _advice(facts: Facts) -> str:
    if unsent(facts):
        return "look at what lies between the two hosts; neither the client nor the gateway closed the connection"
    if made_between(facts) is not None:
        return "capture on both hosts again, and let both captures go on for a minute after the RST"
    return "capture on both hosts at the same time: a RST that arrives and was never sent was made on the way"


def _own_ttl(called: str) -> Cause:
    return Cause(
        f"the {called}'s host gives its resets another TTL",
        "possible",
        "that of its RST when a port is asked for on which nothing listens",
    )
