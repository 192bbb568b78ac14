"""upstream-connection: TLS from here to a public address on the API's port number: the gateway's own way to IB.

Why it matters: TWS and IB Gateway talk to IB's servers on ports 4000 and 4001 too. It is in the way of a filter
"port 4001", and it is not the API.
What it is not: a TLS client that dials a gateway of this network, or one that answers with an alert or not at all
(http-tls-fix-on-api-port).
Source of the facts: failures.md 53.
"""

from ipaddress import ip_address
from typing import Final

from capanalyze.timeline.facts import Facts
from capanalyze.timeline.findings import Finding, finding
from capanalyze.timeline.words import endpoint

ID: Final = "upstream-connection"


MAPPED: Final = bytes(10) + b"\xff\xff"
"""How an IPv4 address in an IPv6 one begins (RFC 4291 2.5.5.2)."""

RECORDS: Final = (b"\x16\x03", b"\x17\x03", b"\x14\x03")
"""How a TLS record begins that is a handshake, data or a change of cipher, and no alert (RFC 8446 5.1)."""


def is_public(address: bytes) -> bool:
    """Whether an address is a host's of the Internet: global by IANA's registries (RFC 6890), and no multicast."""
    known = ip_address(address.removeprefix(MAPPED) if len(address) == 16 else address)
    return known.is_global and not known.is_multicast


def is_upstream(facts: Facts) -> bool:
    """Whether a connection is TLS, in which the server takes part, to a public address."""
    wrong = facts.misfit
    tls = wrong is not None and "TLS" in wrong.protocol and facts.first_octets("server").startswith(RECORDS)
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
