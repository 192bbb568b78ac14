"""Blank: payload that was overwritten, as anonymisers do it: the same octet throughout.

In: a Connection and its Session. Out: of each side whose octets are blank, which octet it is. No protocol begins like
that and ends like that too; what is kept of a side are its first and its last octets.
Source of the facts: tcprewrite, pktanon, tcpanon and the like overwrite payload with 00, ff or a letter.
"""

from typing import Final

from capanalyze.tcp.connection import Connection
from capanalyze.timeline.misfit import first_octets
from capanalyze.tws.session import Session

SHORTEST: Final = 16
"""Octets of a side below which they may be anything; a hello has 17."""


def blank_octets(connection: Connection, session: Session | None) -> dict[str, int]:
    """The octet that a side sent alone, of each side ("client", "server") that did."""
    if session is None:
        return {}
    found = {}
    for name, stream, side in (
        ("client", session.client, connection.client),
        ("server", session.server, connection.server),
    ):
        if side.octets < SHORTEST or session.accounted(stream.side)[0] > 0:
            continue
        kept = set(first_octets(connection, session, name) + side.tail)
        if len(kept) == 1 and len(side.tail) >= SHORTEST:
            found[name] = kept.pop()
    return found
