"""closed-without-answer: the gateway's side closed or reset without having sent an octet.

Why it matters: somebody there decided against this connection, or nobody stands behind it. Clients report it as a
time-out or as "clientId already in use?", both of which the packets refute: no client id was sent.
What it is not: a refusal (port-refused), or a close after startApi (closed-after-startapi).
Source of the facts: failures.md 18, 19 and 21 (FIN before the hello, FIN after it, and RST for an unread hello are
one diagnosis); protocol.md 6.3 rows b to c2.
"""

from typing import Final

from capanalyze.timeline.ends import between
from capanalyze.timeline.facts import LOOPBACK, Facts
from capanalyze.timeline.findings import CERTAINTIES, Cause, Finding, finding
from capanalyze.timeline.forgotten import QUEUE_FULL, forgotten, forgotten_causes
from capanalyze.timeline.rules import injected_rst
from capanalyze.timeline.rules.port_refused import TRY_AGAIN, starting
from capanalyze.timeline.rules.version_window_miss import UPGRADE, too_new, unfit
from capanalyze.timeline.words import SECOND, span

ID: Final = "closed-without-answer"

DENIED: Final = 'the gateway denies the client\'s address (Trusted IPs, "Allow connections from localhost only")'

RELAY: Final = "a relay (docker, socat, ssh) accepted and found no gateway behind it"

RELAY_PORTS: Final = frozenset({4000, 4003, 4004, 7498, 7499, 8888})
"""Ports on which the usual container images of the gateway have a relay listen (failures.md, top)."""


def check(facts: Facts) -> Finding | None:
    """Fires where the server's side ended an open connection first, with 0 octets sent."""
    if facts.closer != "server" or facts.stage not in {"hello_unanswered", "no_data"} or not facts.api:
        return None
    start = facts.hello if facts.hello is not None and not facts.hello_unfinished else facts.opened_at
    after = facts.between(start, facts.close)
    what = "the hello" if start is facts.hello else "the connection was open"
    how = "a RST" if facts.kind == "RST" else "a FIN"
    when = f" {span(after)} after {what}" if after is not None else ""
    evidence = [f"{how} from the gateway's side{when}, and not an octet before it"]
    evidence += forgotten(facts)
    if facts.kind == "RST" and facts.hello is not None and not forgotten(facts):
        evidence.append("a close with the hello unread ends in a RST too, so the RST need not mean a refusal")
    evidence.append("no startApi was sent, so no client id was known to the gateway")
    causes = sorted(_causes(facts), key=lambda cause: CERTAINTIES.index(cause.certainty))
    return finding(
        ID,
        "The gateway's side closed the connection without a word",
        [facts.hello, facts.close],
        [*evidence, "the same port answered a client of another address" if _others_let_in(facts) else ""],
        causes=causes,
        certainty="likely" if _may_have_spoken(facts) else "certain",
        advice=_advice(facts, causes),
    )


def _may_have_spoken(facts: Facts) -> bool:
    """Whether what was said before a RST may have been lost on the way: one without ACK has not its sender's number."""
    close = facts.connection.close
    return close is not None and close.kind == "RST" and close.ack < 0 and not facts.on_one_host


def _advice(facts: Facts, causes: list[Cause]) -> str:
    """What to do first; an address is to be let in where that may be it, and nothing else is likely."""
    if too_new(facts):
        return UPGRADE
    if starting(facts):
        return TRY_AGAIN
    log = "read the gateway's log at that time"
    likely = [cause.text for cause in causes if cause.certainty == "likely"]
    if likely and RELAY in likely:
        return "read the log of the relay or container: whether it found the gateway, and on which port"
    return log if likely and DENIED not in likely else f"{log}, and add the client's address to its Trusted IPs"


def _behind(facts: Facts, other: Facts) -> str:
    """How sure it is that a connection refused while this one was open is the other leg of a relay; "" not at all.

    It must come from this server's host. Where the client is on that host too, it may as well be the client's own.
    """
    after = between(facts.opened_at, other.began)
    before = between(other.began, facts.close)
    if other.stage != "refused" or after is None or before is None:
        return ""
    mine, theirs = facts.connection, other.connection.client.host
    if theirs != mine.server.host and not _is_local(theirs):
        return ""
    return "possible" if theirs == mine.client.host or _is_local(mine.client.host) else "likely"


def _mute(facts: Facts) -> list[Cause]:
    """That the client had all the time for its hello that it needs, and sent none."""
    waited = facts.between(facts.opened_at, facts.close)
    if facts.client.spoke or waited is None or waited < SECOND:
        return []
    return [Cause("the client said nothing: it hangs, or waits for the server to speak first", "likely", "its program")]


def _others_let_in(facts: Facts) -> bool:
    """Whether the same port of the same host answered a client of another address."""
    mine = facts.connection
    return any(
        other.answer is not None
        and other.connection.client.host != mine.client.host
        and other.connection.server.port == mine.server.port
        and _one_host(other.connection.server.host, mine.server.host)
        for other in facts.others
    )


def _one_host(one: bytes, other: bytes) -> bool:
    """Whether two addresses are known to be of one host."""
    return one == other or (_is_local(one) and _is_local(other))


def _is_local(address: bytes) -> bool:
    return address.startswith(LOOPBACK[0]) or address == LOOPBACK[1]


def _causes(facts: Facts) -> list[Cause]:
    elsewhere, told = injected_rst.causes(facts), [*_mute(facts), *unfit(facts)]
    unknown = bool(forgotten(facts))
    explained = bool(told) or unknown or any(cause.certainty == "likely" for cause in elsewhere)
    local = _is_local(facts.connection.client.host) and not _others_let_in(facts)
    known = starting(facts)
    behind = [(sure, other.number) for other in facts.others if (sure := _behind(facts, other))]
    relayed = facts.connection.server.port in RELAY_PORTS or any(sure == "likely" for sure, _ in behind)
    return [
        *known,
        *elsewhere,
        *told,
        *((QUEUE_FULL, *forgotten_causes("gateway")) if unknown else ()),
        *(
            Cause(
                f"a relay accepted and found no gateway: connection {number} was refused at that moment",
                sure,
                "whether the program that opened that connection listens on this port",
            )
            for sure, number in behind[:1]
        ),
        Cause(
            DENIED,
            "possible" if local or explained or relayed else "likely",
            "API settings: the address exactly as the capture shows it",
        ),
        Cause(RELAY, "likely" if relayed else "possible", "capture the relay's other side, or read its log"),
        *([] if known else [Cause("the gateway is still starting", "possible", "whether a later attempt is answered")]),
    ]
