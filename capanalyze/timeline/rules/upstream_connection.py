"""upstream-connection: TLS from here to a public address on the API's port number: the gateway's own way to IB.

Why it matters: TWS and IB Gateway talk to IB's servers on ports 4000 and 4001 too. It is in the way of a filter
"port 4001", and it is not the API.
What it is not: a TLS client that dials a gateway of this network (http-tls-fix-on-api-port).
Source of the facts: failures.md 53.
"""

from typing import Final

from capanalyze.timeline.facts import Facts
from capanalyze.timeline.findings import Finding, finding
from capanalyze.timeline.words import endpoint

ID: Final = "upstream-connection"


def is_public(address: bytes) -> bool:
    """Whether an address is of the Internet: not of the host, the link or a private network (RFC 6890)."""
    if len(address) == 16:
        if address[:12] != bytes(10) + b"\xff\xff":
            return address[0] & 0xE0 == 0x20
        address = address[12:]
    first, second = address[0], address[1]
    private = first in {0, 10, 127} or first >= 224 or (first, second) in {(192, 168), (169, 254)}
    return not private and not (first == 172 and 16 <= second < 32) and not (first == 100 and 64 <= second < 128)


def is_upstream(facts: Facts) -> bool:
    """Whether a connection is TLS to a public address."""
    wrong = facts.misfit
    tls = wrong is not None and "TLS" in wrong.protocol
    return facts.api and not facts.speaks and tls and is_public(facts.connection.server.host)


def check(facts: Facts) -> Finding | None:
    """Fires on TLS to a public address on an API port."""
    if not is_upstream(facts):
        return None
    server = facts.connection.server
    return finding(
        ID,
        "This is the gateway's own connection to IB, not the API",
        [facts.began],
        [f"TLS to {endpoint(server.host, int(server.port))}, a public address"],
        severity="notice",
        certainty="likely",
        advice="leave it out: filter for the gateway's own address, or for the loopback interface",
    )
