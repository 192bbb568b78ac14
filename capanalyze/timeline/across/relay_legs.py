"""relay-legs: two connections of the capture carry one session, which something between client and gateway passes on.

Why it matters: what the client is connected to is a relay. Its FIN and its ACKs are not the gateway's, and each
connection alone blames the wrong side: who closed first shows on the leg that was closed first.
What it is not: two sessions of one program with two gateways, which have other accounts and order ids, or a relay whose
other side was not captured (relay-masks-close).
Source of the facts: failures.md 19 and 20.
"""

from collections.abc import Sequence
from typing import Final

from capanalyze.timeline.ends import between
from capanalyze.timeline.facts import Facts
from capanalyze.timeline.findings import Finding, finding
from capanalyze.timeline.legs import listener, passed_on
from capanalyze.timeline.words import count, span

ID: Final = "relay-legs"


def check(connections: Sequence[Facts]) -> Finding | None:
    """Fires on the first session that is found on two connections, and counts the others."""
    pairs: list[tuple[Facts, Facts]] = []
    sessions: dict[tuple[int | None, str], list[Facts]] = {}
    for facts in connections:
        if facts.stage == "ready" and facts.session is not None:
            alike = sessions.setdefault((facts.client_id, facts.session.connection_time), [])
            pairs += [(before, facts) for before in alike if passed_on(before, facts)]
            alike.append(facts)
    return told(*pairs[0], len(pairs) - 1) if pairs else None


def told(outer: Facts, inner: Facts, more: int) -> Finding:
    """The finding on the leg of the client's and that of the gateway's; ``more`` sessions are passed on too."""
    later = between(outer.began, inner.began)
    began = f"{span(later)} after" if later is not None else "after"
    places = f"connection {inner.number}, to {listener(inner)}, began {began} connection {outer.number}, to "
    numbers = [(one.connection.client.isn, one.connection.server.isn) for one in (outer, inner)]
    nat = numbers[0] == numbers[1] and numbers[0][0] >= 0
    return finding(
        ID,
        "Two connections carry the same session: " + ("a NAT changes its addresses" if nat else "a relay passes it on"),
        [outer.began, outer.close, inner.began, inner.close],
        [
            f"{places}{listener(outer)}",
            "hello, answer, startApi and what followed are the same on both, each in turn",
            *_closes(outer, inner),
            f"{count(more, 'more session')} of the capture {'is' if more == 1 else 'are'} passed on too"
            if more
            else "",
        ],
        severity="notice",
        certainty="likely",
        advice=f"judge the client by connection {outer.number} and the gateway by connection {inner.number}: "
        + ("they are the same packets" if nat else "the rest is the relay's own"),
    )


def _closes(outer: Facts, inner: Facts) -> list[str]:
    """Which of the two was closed first, where both were."""
    if outer.close is None or inner.close is None or outer.close.packet == inner.close.packet:
        return []
    first, second = (outer, inner) if outer.close.packet < inner.close.packet else (inner, outer)
    assert first.close is not None
    apart = between(first.close, second.close)
    who = "both" if first.closer == "both" else f"its {first.closing_end.called}"
    return [
        f"connection {first.number} was closed first, by {who} in packet {first.close.packet}"
        + (f"; connection {second.number} followed {span(apart)} later" if apart is not None else "")
    ]
