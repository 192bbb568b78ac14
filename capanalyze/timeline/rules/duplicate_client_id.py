"""duplicate-client-id: the gateway said error 326 on the wire.

Why it matters: it is the only proof that a client id is taken. "clientId already in use?" in a client's log is a
guess that ib_async and ib_insync print for any close before the session is ready.
What it is not: a close after startApi without that error (closed-after-startapi).
Source of the facts: protocol.md 5.2 (code 326) and 6.3 rows h and i; failures.md 23 and 24.
"""

from typing import Final, NamedTuple

from capanalyze.timeline.ends import Moment, between, moment
from capanalyze.timeline.errors_told import told
from capanalyze.timeline.facts import ID_TAKEN, Facts
from capanalyze.timeline.findings import CERTAINTIES, Cause, Finding, finding
from capanalyze.timeline.last_words import messages_before_close
from capanalyze.timeline.vanished import in_vain
from capanalyze.timeline.words import SECOND, connections, packets
from capanalyze.tws.message import START_API

ID: Final = "duplicate-client-id"

CODE: Final = ID_TAKEN

SOON: Final = SECOND
"""The gateway needs up to about a second to release an id (failures.md 24)."""


class Holders(NamedTuple):
    """Who may hold the id at the gateway when it says that it is in use.

    Attributes:
        live: other connections with the same id that are open.
        gone: those of them whose client's host had fallen silent, though the gateway sent again and again.
        left: those that their client has closed, and the gateway not.
        ended: those that ended SOON before.
        again: the packets of the startApi messages that this connection had sent before.
    """

    live: list[Facts]
    gone: list[Facts]
    left: list[Facts]
    ended: list[Facts]
    again: list[int]


def check(facts: Facts) -> Finding | None:
    """Fires on an error message with code 326."""
    error = facts.error(CODE)
    if error is None:
        return None
    holders = _holders(facts, error.at)
    evidence = [told(error)]
    if facts.client_id is not None:
        evidence.append(f"the client asked for client id {facts.client_id}")
    return finding(
        ID,
        "The client id is in use: the gateway said so (error 326)",
        [facts.start_api, *holders.again, error.at, facts.close],
        evidence + _evidence(holders),
        causes=sorted(_causes(holders), key=lambda cause: CERTAINTIES.index(cause.certainty)),
        advice="send startApi once per connection: eConnect does it in most client libraries"
        if holders.again
        else "take another client id meanwhile, or wait until the gateway has given the lost connection up"
        if holders.gone and not holders.live
        else "give every program its own client id, and wait about a second before reconnecting",
    )


def _holders(facts: Facts, at: Moment) -> Holders:
    mine = facts.client_id
    others = [
        other
        for other in facts.others
        if other is not facts
        and mine is not None
        and other.client_id == mine
        and facts.listener == other.listener
        and other.start_api is not None
        and other.start_api.packet < at.packet
        and other.error(CODE) is None
    ]
    holding = [other for other in others if other.released is None or other.released > at.packet]
    left = [other for other in holding if other.closer == "client" and _had_closed(other, at)]
    gone = [other for other in holding if other not in left and _had_vanished(other, at)]
    live = [other for other in holding if other not in left and other not in gone]
    ended = [other for other in others if other not in holding and _just_before(other, at)]
    return Holders(live, gone, left, ended, _sent_before(facts, at))


def _just_before(other: Facts, at: Moment) -> bool:
    """Whether a connection's newest packet lies at most SOON before a moment."""
    since = between(moment(other.connection.last_packet, other.connection.last_ts), at)
    return since is not None and since <= SOON


def _had_vanished(other: Facts, at: Moment) -> bool:
    """Whether the client's host of a connection was last heard before a moment, and did not answer the gateway then."""
    found = in_vain(other)
    return found is not None and found.peer is other.client and found.peer.side.last_packet < at.packet


def _had_closed(other: Facts, at: Moment) -> bool:
    """Whether the close of a connection came before a moment."""
    return other.close is not None and other.close.packet < at.packet


def _sent_before(facts: Facts, at: Moment) -> list[int]:
    """The packets of the connection's startApi messages but the one that the error is about."""
    sent = [int(one.packet) for one in messages_before_close(facts, "client") if one.id == START_API]
    return [packet for packet in sent if packet <= at.packet][:-1]


def _evidence(holders: Holders) -> list[str]:
    told = []
    same = "the same id was used by"
    if holders.live:
        told.append(f"{same} {_connections(holders.live)} of this capture, still open at the gateway")
    if holders.gone:
        told.append(f"{same} {_connections(holders.gone)}, whose client's host no longer answers the gateway")
    if holders.left:
        told.append(f"{same} {_connections(holders.left)}, which its client had closed and the gateway not")
    if holders.again:
        sent = packets(holders.again)
        told.append(f"it had sent startApi before on this connection ({sent}), and is connected already")
    if holders.ended:
        told.append(f"{same} {_connections(holders.ended)}, which ended less than a second before")
    return told


def _connections(several: list[Facts]) -> str:
    """Their numbers in words."""
    return connections(other.number for other in several)


def _causes(holders: Holders) -> list[Cause]:
    live, gone, left, ended, again = holders
    causes = []
    if live:
        ports = ", ".join(str(other.connection.client.port) for other in live)
        causes.append(
            Cause(f"that client still holds the id (its local port: {ports})", "likely", "which process owns that port")
        )
    if gone:
        causes.append(
            Cause(
                f"the gateway still holds {_connections(gone)}, which its client's host lost",
                "likely",
                "the gateway's list of API clients; whether it succeeds after some minutes",
            )
        )
    if again:
        causes.append(Cause("the client itself holds the id: it sent startApi twice", "likely", "its code"))
    unreleased = (left or ended) and not live and not gone and not again
    causes.append(
        Cause(
            "an earlier connection of this client has not been released yet",
            "likely" if unreleased else "possible",
            "whether it succeeds after a pause of a second",
        )
    )
    causes.append(
        Cause(
            "another live program uses the same id",
            "possible" if any(holders) else "likely",
            "the gateway's list of API clients",
        )
    )
    return causes
