"""closed-without-answer: the gateway's side closed or reset without having sent an octet.

Why it matters: somebody there decided against this connection, or nobody stands behind it. Clients report it as a
time-out or as "clientId already in use?", both of which the packets refute: no client id was sent.
What it is not: a refusal (port-refused), or a close after startApi (closed-after-startapi).
Source of the facts: failures.md 18, 19 and 21 (FIN before the hello, FIN after it, and RST for an unread hello are
one diagnosis); protocol.md 6.3 rows b to c2.
"""

from typing import Final

from capanalyze.timeline.ends import between
from capanalyze.timeline.facts import Facts
from capanalyze.timeline.findings import Cause, Finding, finding
from capanalyze.timeline.rules.port_refused import starting
from capanalyze.timeline.words import span

ID: Final = "closed-without-answer"

LOOPBACK: Final = (b"\x7f", bytes(15) + b"\x01")
"""How the addresses of the host itself begin."""

RELAY_PORTS: Final = frozenset({4000, 4003, 4004, 7498, 7499, 8888})
"""Ports on which the usual container images of the gateway have a relay listen (failures.md, top)."""


def check(facts: Facts) -> Finding | None:
    """Fires where the server's side ended an open connection first, with 0 octets sent."""
    if facts.closer != "server" or facts.stage not in {"hello_unanswered", "no_data"} or not facts.api:
        return None
    start = facts.hello if facts.hello is not None and not facts.hello_after_close else facts.opened_at
    after = between(start, facts.close)
    what = "the hello" if start is facts.hello else "the connection was open"
    how = "a RST" if facts.kind == "RST" else "a FIN"
    evidence = [
        f"{how} from the gateway's side {span(after)} after {what}, and not an octet before it"
        if after is not None
        else ""
    ]
    if facts.kind == "RST" and facts.hello is not None:
        evidence.append("a close with the hello unread ends in a RST too, so the RST need not mean a refusal")
    evidence.append("no startApi was sent, so no client id was known to the gateway")
    return finding(
        ID,
        "The gateway's side closed the connection without a word",
        [facts.hello, facts.close],
        evidence,
        causes=_causes(facts),
        advice="read the gateway's log at that time, and add the client's address to its Trusted IPs",
    )


def _behind(facts: Facts, other: Facts) -> bool:
    """Whether another connection was refused while this one was open: the other leg of a relay."""
    after = between(facts.opened_at, other.began)
    before = between(other.began, facts.close)
    return other.stage == "refused" and after is not None and before is not None and after >= 0 and before >= 0


def _causes(facts: Facts) -> list[Cause]:
    address = facts.connection.client.host
    local = address.startswith(LOOPBACK[0]) or address == LOOPBACK[1]
    known = starting(facts)
    behind = [other.number for other in facts.others if _behind(facts, other)]
    relayed = "likely" if facts.connection.server.port in RELAY_PORTS else "possible"
    return [
        *known,
        *(
            Cause(
                f"a relay accepted and found no gateway: connection {number} was refused at that moment",
                "likely",
                "whether the program that opened that connection listens on this port",
            )
            for number in behind[:1]
        ),
        Cause(
            'the gateway denies the client\'s address (Trusted IPs, "Allow connections from localhost only")',
            "possible" if local else "likely",
            "API settings: the address exactly as the capture shows it",
        ),
        Cause(
            "a relay (docker, socat, ssh) accepted and found no gateway behind it",
            relayed,
            "capture the relay's other side, or read its log",
        ),
        *([] if known else [Cause("the gateway is still starting", "possible", "whether a later attempt is answered")]),
    ]
