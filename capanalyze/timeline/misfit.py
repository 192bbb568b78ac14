"""Misfit: what a side of a connection sent in place of TWS.

In: a Connection and its Session. Out: whose octets do not fit, how they begin, and the protocol they name if any.
"""

from typing import NamedTuple

from capanalyze.tcp.connection import Connection
from capanalyze.tws.hello import LEGACY_NEWEST
from capanalyze.tws.not_tws import CUT_ANSWER, CUT_HELLO, protocol
from capanalyze.tws.session import Session
from capanalyze.tws.stream_state import OPAQUE, OPENING, SEARCHING


class Misfit(NamedTuple):
    """Octets in place of TWS.

    ``side`` is "client" or "server"; ``first`` are its first octets, at most as many as the session keeps;
    ``protocol`` names another protocol, or is ""; ``words`` is the session's own sentence.
    """

    side: str
    first: bytes
    protocol: str
    words: str

    @property
    def cut_hello(self) -> bool:
        """Whether it is the beginning of a right hello, and no more came: TWS, as far as it goes."""
        return self.words.startswith(CUT_ANSWER if self.side == "server" else CUT_HELLO)


def misfit(connection: Connection, session: Session | None) -> Misfit | None:
    """The misfit of a connection, the client's before the server's; None where there is none.

    Where the capture began in mid-session its first octets may be the rest of a message: only another protocol counts.
    """
    if session is None or session.not_tws is None:
        return None
    version = session.legacy_version or ""
    legacy = version.isdigit() and int(version) <= LEGACY_NEWEST
    if legacy and not connection.server.octets:
        return None
    answered = session.milestones["server_answered"].reached
    for side, stream in (("client", session.client), ("server", session.server)):
        hello, framed, _, _ = session.accounted(stream.side)
        if stream.shown and not hello and not framed and stream.mode in {OPENING, OPAQUE, SEARCHING}:
            named = protocol(stream.shown)
            if legacy and not named and stream.shown[:1].isdigit():
                continue  # the beginning of a right answer
            return Misfit(side, stream.shown, named, session.not_tws) if session.from_start or named else None
    if answered or legacy or not session.from_start:
        return None
    greeted = session.accounted(session.client.side)[0] > 0 and connection.server.octets > 0
    side = "server" if greeted else "client"
    return Misfit(side, first_octets(connection, session, side), "", session.not_tws)


def first_octets(connection: Connection, session: Session | None, side: str) -> bytes:
    """The first octets of a side; empty where neither its session nor the connection kept them."""
    if session is not None:
        stream = session.client if side == "client" else session.server
        if stream.shown:
            return stream.shown
    end = connection.client if side == "client" else connection.server
    return end.tail if end.octets == len(end.tail) else b""
