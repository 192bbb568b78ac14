"""Legs: whether two connections carry one session, as on both sides of a relay (socat, ssh -L, docker's proxy).

In: the Facts of two connections. Out: whether the same messages went over both, each step of the handshake passed on
in turn. A gateway takes a client id once, and two gateways differ in accounts and order ids, so two sessions of
their own do not look like that. Two that never became ready may: one program that calls two gateways at once greets
both alike. Those are legs only where something else links them (``link``).
"""

from typing import Final

from capanalyze.tcp.sequence import MASK
from capanalyze.timeline.ends import Moment, between
from capanalyze.timeline.facts import Facts
from capanalyze.timeline.vanished import in_vain
from capanalyze.timeline.words import MILLISECOND, SECOND, host, span

AT_ONCE: Final = 50 * MILLISECOND
"""A relay passes on what it hears, and a close, within that time."""

SETTLED: Final = SECOND
"""Two gateways that close of their own do so at the same moment only when something has just happened to both."""


def passed_on(outer: Facts, inner: Facts) -> bool:
    """Whether the session of ``outer``, which the client opened, was passed on over ``inner`` to the gateway."""
    return outer.stage == inner.stage == "ready" and in_step(outer, inner)


def in_step(outer: Facts, inner: Facts) -> bool:
    """Whether the same messages went over both, to other listeners, each step on one after that on the other."""
    if outer.client_id != inner.client_id or outer.listener == inner.listener:
        return False
    if first_numbers(outer) is None or first_numbers(inner) is None:  # it may be one, on both sides of a NAT
        return False
    steps = [(outer.began, inner.began), (outer.hello, inner.hello), (inner.answer, outer.answer)]
    steps += [(outer.start_api, inner.start_api)]
    steps += [(there, here) for (_, there), (_, here) in zip(inner.readiness, outer.readiness, strict=True)]
    both = [(first, second) for first, second in steps if first is not None or second is not None]
    return all(_in_turn(first, second) for first, second in both) and alike(outer, inner)


def first_numbers(facts: Facts) -> tuple[int, int] | None:
    """The sequence numbers of both sides' SYNs, or of their first octets where no SYN was captured.

    None where they tell nothing: those that are the same on both sides no host chose (RFC 9293 3.4.1), but who wrote
    the capture anew and counted from 0.
    """
    sides = facts.connection.client, facts.connection.server
    opened = all(side.isn >= 0 for side in sides)
    mine, other = (int(side.isn if opened else side.next_seq - side.next_rel + side.low_rel) & MASK for side in sides)
    return (mine, other) if mine != other else None


def link(outer: Facts, inner: Facts) -> str:
    """What else shows that a session that never became ready was passed on, "" where nothing does.

    The host that the client had called opened the other leg, or the gateway's close was passed on.
    """
    called, caller = outer.connection.server.host, inner.connection.client.host
    if called == caller != outer.connection.client.host:
        return f"connection {inner.number} was opened by {host(called)}, which connection {outer.number} leads to"
    apart, lasted = between(inner.close, outer.close), between(inner.hello, inner.close)
    if outer.closer != "server" or inner.closer != "server" or not _in_turn(inner.close, outer.close):
        return ""
    if apart is None or lasted is None or apart > AT_ONCE or lasted < SETTLED:
        return ""
    return f"the gateway's close, {span(lasted)} after the hello, came on one right after the other"


def one_session(one: Facts, other: Facts) -> bool:
    """Whether either passes on the session of the other."""
    return passed_on(one, other) or passed_on(other, one)


def ended_between(outer: Facts, inner: Facts) -> bool:
    """Whether a relay that passes the session on ended it itself: it closed first on both, towards client and gateway.

    Unless one of those had vanished, and the relay passes that on.
    """
    if outer.closer != "server" or inner.closer != "client" or not passed_on(outer, inner):
        return False
    return in_vain(outer) is None and in_vain(inner) is None


def ended_by_relay(facts: Facts) -> Facts | None:
    """The other leg of a session that a relay ended; None where none did."""
    if facts.stage != "ready":
        return None
    return next((one for one in facts.others if ended_between(facts, one) or ended_between(one, facts)), None)


def at_once(outer: Facts, inner: Facts) -> bool:
    """Whether the connection was opened, and the hello passed on, AT_ONCE."""
    waits = (between(outer.began, inner.began), between(outer.hello, inner.hello))
    return all(wait is not None and wait <= AT_ONCE for wait in waits)


def _in_turn(first: Moment | None, second: Moment | None) -> bool:
    return first is not None and second is not None and first.packet < second.packet


def alike(outer: Facts, inner: Facts) -> bool:
    """Whether the first messages of both sides are the same, octet by octet, as far as both were kept."""
    if outer.session is None or inner.session is None:
        return False
    for client in (True, False):
        sent = [one.payload for one in outer.session.head if one.from_client == client]
        passed = [one.payload for one in inner.session.head if one.from_client == client]
        if any(one != other for one, other in zip(sent, passed, strict=False)):
            return False
    return True
