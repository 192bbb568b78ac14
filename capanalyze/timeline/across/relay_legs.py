"""relay-legs: two connections of the capture carry one session, which something between client and gateway passes on.

Why it matters: what the client is connected to is a relay. Its FIN and its ACKs are not the gateway's, and each
connection alone blames the wrong side: who closed first shows on the leg that was closed first. A relay that closes
first on both has ended the session itself (an idle time-out of its own, a restart), and neither client nor gateway did.
What it is not: two sessions of one program with two gateways, which have other accounts and order ids, or a relay whose
other side was not captured (relay-masks-close). A hello that was not answered looks the same on any two connections of
one library: those are told where the relay's own host or close gives it away. Nor one connection on both
sides of a NAT (captured-twice).
Source of the facts: failures.md 19 and 20.
"""

from collections import deque
from collections.abc import Sequence
from typing import Final

from capanalyze.timeline.ends import between
from capanalyze.timeline.facts import Facts
from capanalyze.timeline.findings import Finding, finding
from capanalyze.timeline.legs import at_once, ended_between, in_step, link, passed_on
from capanalyze.timeline.rules import relay_masks_close
from capanalyze.timeline.words import count, span

ID: Final = "relay-legs"

NOT_READY: Final = frozenset({"hello_unanswered", "not_started", "not_ready"})

NEAR: Final = 16
"""Connections that did not become ready among which the client's leg is looked for, the newest."""


def check(connections: Sequence[Facts]) -> Finding | None:
    """Fires on the first session that is found on two connections, and counts the others."""
    pairs: list[tuple[Facts, Facts, str]] = []
    sessions: dict[tuple[int | None, str], list[Facts]] = {}
    newest: deque[Facts] = deque(maxlen=NEAR)  # that greeted and did not become ready
    for facts in connections:
        if facts.stage == "ready" and facts.session is not None:
            alike = sessions.setdefault((facts.client_id, facts.session.connection_time), [])
            pairs += [(before, facts, "") for before in alike if passed_on(before, facts)]
            alike.append(facts)
        elif facts.hello is not None and facts.stage in NOT_READY:
            linked = [(before, facts, why) for before in reversed(newest) if (why := _link(before, facts))]
            if linked:
                pairs.append(linked[0])
                newest.remove(linked[0][0])
            newest.append(facts)
    if not pairs:
        return None
    outer, inner, why = next((pair for pair in pairs if ended_between(*pair[:2])), pairs[0])
    return told(outer, inner, why, len(pairs) - 1)


def _link(outer: Facts, inner: Facts) -> str:
    """What shows that a relay passed on a session that never became ready, "" where nothing does."""
    if not at_once(outer, inner) or not in_step(outer, inner):
        return ""
    masks = relay_masks_close.check(outer)
    return f"on connection {outer.number} {masks.evidence[0]}" if masks is not None else link(outer, inner)


def told(outer: Facts, inner: Facts, why: str, more: int) -> Finding:
    """The finding on the leg of the client's and that of the gateway's; ``more`` sessions are passed on too.

    ``why``: what shows it where they never became ready.
    """
    later = between(outer.began, inner.began)
    began = f"{span(later)} after" if later is not None else "after"
    places = f"connection {inner.number}, to {inner.server.address}, began {began} connection {outer.number}, to "
    said = "what was said is" if why else "hello, answer, startApi and what followed are"
    broken = ended_between(outer, inner)
    return finding(
        ID,
        f"Two connections carry the same session: a relay passes it on{', and ended it' if broken else ''}",
        [outer.began, outer.close, inner.began, inner.close],
        [
            f"{places}{outer.server.address}",
            f"{said} the same on both, each in turn",
            why,
            *_closes(outer, inner, broken),
            f"{count(more, 'more session of the capture is', 'more sessions of the capture are')} passed on too"
            if more
            else "",
        ],
        severity="problem" if broken else "notice",
        certainty="likely",
        advice="look at the relay: its log at that time, its time-outs, whether it was restarted"
        if broken
        else f"judge the client by connection {outer.number} and the gateway by connection {inner.number}: "
        "the rest is the relay's own",
    )


def _closes(outer: Facts, inner: Facts, broken: bool) -> list[str]:
    """Which of the two was closed first, where both were; ``broken``: by the relay."""
    if outer.close is None or inner.close is None or outer.close.packet == inner.close.packet:
        return []
    first, second = (outer, inner) if outer.close.packet < inner.close.packet else (inner, outer)
    assert first.close is not None
    apart = between(first.close, second.close)
    if broken:
        places = [f"connection {one.number} in packet {one.close.packet}" for one in (first, second) if one.close]
        pace = f", {span(apart)} apart" if apart is not None else ""
        closed = f"the relay closed {' and '.join(places)}{pace}"
        return [f"{closed}; neither the client nor the gateway is seen to have closed before"]
    who = "both" if first.closer == "both" else f"its {first.closing_end.called}"
    return [
        f"connection {first.number} was closed first, by {who} in packet {first.close.packet}"
        + (f"; connection {second.number} followed {span(apart)} later" if apart is not None else "")
    ]
