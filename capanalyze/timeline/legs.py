"""Legs: whether two connections carry one session, as on both sides of a relay (socat, ssh -L, docker) or a NAT.

In: the Facts of two connections. Out: whether the same messages went over both, each step of the handshake passed on
in turn. A gateway takes a client id once, and two gateways differ in accounts and order ids, so two sessions of
their own do not look like that.
"""

from capanalyze.timeline.ends import Moment
from capanalyze.timeline.facts import Facts
from capanalyze.timeline.words import endpoint


def passed_on(outer: Facts, inner: Facts) -> bool:
    """Whether the session of ``outer``, which the client opened, was passed on over ``inner`` to the gateway."""
    if outer.stage != "ready" or inner.stage != "ready" or outer.client_id != inner.client_id:
        return False
    mine, theirs = outer.connection.server, inner.connection.server
    if (mine.host, mine.port) == (theirs.host, theirs.port):
        return False
    steps = [(outer.began, inner.began), (outer.hello, inner.hello), (inner.answer, outer.answer)]
    steps += [(outer.start_api, inner.start_api)]
    steps += [(there, here) for (_, there), (_, here) in zip(inner.readiness, outer.readiness, strict=True)]
    return all(_in_turn(first, second) for first, second in steps) and _alike(outer, inner)


def one_session(one: Facts, other: Facts) -> bool:
    """Whether either passes on the session of the other."""
    return passed_on(one, other) or passed_on(other, one)


def listener(facts: Facts) -> str:
    """Where the connection leads, in words."""
    server = facts.connection.server
    return endpoint(server.host, int(server.port))


def _in_turn(first: Moment | None, second: Moment | None) -> bool:
    return first is not None and second is not None and first.packet < second.packet


def _alike(outer: Facts, inner: Facts) -> bool:
    """Whether the first messages of both sides are the same, octet by octet, as far as both were kept."""
    if outer.session is None or inner.session is None:
        return False
    for client in (True, False):
        sent = [one.payload for one in outer.session.head if one.from_client == client]
        passed = [one.payload for one in inner.session.head if one.from_client == client]
        if any(one != other for one, other in zip(sent, passed, strict=False)):
            return False
    return True
