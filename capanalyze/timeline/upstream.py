"""Upstream: whether a connection on an API port is TLS to a public address, as the gateway's own way to IB is.

In: a Connection, its Misfit, and the first octets of its server. Out: yes or no.
"""

from ipaddress import ip_address
from typing import Final

from capanalyze.tcp.connection import Connection
from capanalyze.timeline.misfit import Misfit

MAPPED: Final = bytes(10) + b"\xff\xff"
"""How an IPv4 address in an IPv6 one begins (RFC 4291 2.5.5.2)."""

RECORDS: Final = (b"\x16\x03", b"\x17\x03", b"\x14\x03")
"""How a TLS record begins that is a handshake, data or a change of cipher, and no alert (RFC 8446 5.1)."""


def is_public(address: bytes) -> bool:
    """Whether an address is a host's of the Internet: global by IANA's registries (RFC 6890), and no multicast."""
    known = ip_address(address.removeprefix(MAPPED) if len(address) == 16 else address)
    return known.is_global and not known.is_multicast


def both_speak_tls(wrong: Misfit | None, answer: bytes) -> bool:
    """Whether the client speaks TLS in place of TWS, and the server takes part."""
    return wrong is not None and "TLS" in wrong.protocol and answer.startswith(RECORDS)


def is_upstream(connection: Connection, wrong: Misfit | None, answer: bytes) -> bool:
    """Whether it is TLS, in which the server takes part, to a public address."""
    return both_speak_tls(wrong, answer) and is_public(connection.server.host)
