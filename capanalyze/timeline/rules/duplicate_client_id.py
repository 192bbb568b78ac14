"""duplicate-client-id: the gateway said error 326 on the wire.

Why it matters: it is the only proof that a client id is taken. "clientId already in use?" in a client's log is a
guess that ib_async and ib_insync print for any close before the session is ready.
What it is not: a close after startApi without that error (closed-after-startapi).
Source of the facts: protocol.md 5.2 (code 326) and 6.3 rows h and i; failures.md 23 and 24.
"""

from typing import Final

from capanalyze.timeline.ends import Moment, between, moment
from capanalyze.timeline.facts import Facts
from capanalyze.timeline.findings import CERTAINTIES, Cause, Finding, finding
from capanalyze.timeline.last_words import messages_before_close
from capanalyze.timeline.words import SECOND, packets, quote
from capanalyze.tws.rest import START_API

ID: Final = "duplicate-client-id"

CODE: Final = 326


SOON: Final = SECOND
"""The gateway needs up to about a second to release an id (failures.md 24)."""


def same_id(facts: Facts, at: Moment) -> tuple[list[Facts], list[Facts]]:
    """The connections to the same gateway with the same id that may have held it, and those that ended just before."""
    mine, server = facts.client_id, facts.connection.server
    others = [
        other
        for other in facts.others
        if other is not facts
        and mine is not None
        and other.client_id == mine
        and (other.connection.server.host, other.connection.server.port) == (server.host, server.port)
        and other.start_api is not None
        and other.start_api.packet < at.packet
        and other.error(CODE) is None
    ]
    holding = [other for other in others if other.released is None or other.released > at.packet]
    ended = [other for other in others if other not in holding and just_before(other, at)]
    return holding, ended


def just_before(other: Facts, at: Moment) -> bool:
    """Whether a connection's newest packet lies so shortly before a moment."""
    since = between(moment(other.connection.last_packet, other.connection.last_ts), at)
    return since is not None and since <= SOON


def had_closed(other: Facts, at: Moment) -> bool:
    """Whether the close of a connection came before a moment."""
    return other.close is not None and other.close.packet < at.packet


def connections(several: list[Facts]) -> str:
    """Their numbers in words."""
    return packets(other.number for other in several).replace("packet", "connection", 1)


def check(facts: Facts) -> Finding | None:
    """Fires on an error message with code 326."""
    error = facts.error(CODE)
    if error is None:
        return None
    mine = facts.client_id
    holding, ended = same_id(facts, error.at)
    left = [other for other in holding if other.closer == "client" and had_closed(other, error.at)]
    holding = [other for other in holding if other not in left]
    evidence = [f"error 326 in packet {error.at.packet}: {quote(error.text)}"]
    if mine is not None:
        evidence.append(f"the client asked for client id {mine}")
    causes = []
    if holding:
        evidence.append(f"the same id was used by {connections(holding)} of this capture, still open at the gateway")
        ports = ", ".join(str(other.connection.client.port) for other in holding)
        causes.append(
            Cause(f"that client still holds the id (its local port: {ports})", "likely", "which process owns that port")
        )
    if left:
        evidence.append(f"the same id was used by {connections(left)}, which its client had closed and the gateway not")
    again = _sent_again(facts, error.at)
    if again:
        evidence.append(f"it had sent startApi before on this connection ({packets(again)}), and is connected already")
        causes.append(Cause("the client itself holds the id: it sent startApi twice", "likely", "its code"))
    if ended:
        evidence.append(f"the same id was used by {connections(ended)}, which ended less than a second before")
    causes.append(
        Cause(
            "an earlier connection of this client has not been released yet",
            "likely" if (left or ended) and not holding and not again else "possible",
            "whether it succeeds after a pause of a second",
        )
    )
    causes.append(
        Cause(
            "another live program uses the same id",
            "possible" if holding or left or ended or again else "likely",
            "the gateway's list of API clients",
        )
    )
    return finding(
        ID,
        "The client id is in use: the gateway said so (error 326)",
        [facts.start_api, *again, error.at, facts.close],
        evidence,
        causes=sorted(causes, key=lambda cause: CERTAINTIES.index(cause.certainty)),
        advice="send startApi once per connection: eConnect does it in most client libraries"
        if again
        else "give every program its own client id, and wait about a second before reconnecting",
    )


def _sent_again(facts: Facts, at: Moment) -> list[int]:
    """The packets of every startApi before the error but its own; empty where this connection sent only that one."""
    sent = [int(one.packet) for one in messages_before_close(facts, "client") if one.id == START_API]
    return [packet for packet in sent if packet <= at.packet][:-1]
