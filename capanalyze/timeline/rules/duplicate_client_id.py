"""duplicate-client-id: the gateway said error 326 on the wire.

Why it matters: it is the only proof that a client id is taken. "clientId already in use?" in a client's log is a
guess that ib_async and ib_insync print for any close before the session is ready.
What it is not: a close after startApi without that error (closed-after-startapi).
Source of the facts: protocol.md 5.2 (code 326) and 6.3 rows h and i; failures.md 23 and 24.
"""

from typing import Final

from capanalyze.timeline.facts import Facts
from capanalyze.timeline.findings import Cause, Finding, finding
from capanalyze.timeline.words import packets, quote

ID: Final = "duplicate-client-id"

CODE: Final = 326


def check(facts: Facts) -> Finding | None:
    """Fires on an error message with code 326."""
    error = facts.error(CODE)
    if error is None:
        return None
    mine = facts.client_id
    holders = [
        other
        for other in facts.others
        if other is not facts and mine is not None and other.client_id == mine and other.error(CODE) is None
    ]
    evidence = [f"error 326 in packet {error.at.packet}: {quote(error.text)}"]
    if mine is not None:
        evidence.append(f"the client asked for client id {mine}")
    causes = []
    if holders:
        numbers = packets(other.number for other in holders).replace("packet", "connection", 1)
        evidence.append(f"the same id was used by {numbers} of this capture")
        ports = ", ".join(str(other.connection.client.port) for other in holders)
        causes.append(
            Cause(f"that client still holds the id (its local port: {ports})", "likely", "which process owns that port")
        )
    causes.append(
        Cause(
            "another live program uses the same id",
            "possible" if holders else "likely",
            "the gateway's list of API clients",
        )
    )
    causes.append(
        Cause(
            "an earlier connection of this client has not been released yet",
            "possible",
            "whether it succeeds after a pause of a second",
        )
    )
    return finding(
        ID,
        "The client id is in use: the gateway said so (error 326)",
        [facts.start_api, error.at, facts.close],
        evidence,
        causes=causes,
        advice="give every program its own client id, and wait about a second before reconnecting",
    )
