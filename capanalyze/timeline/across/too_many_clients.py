"""too-many-clients: a connection failed while as many as the gateway takes were open.

Why it matters: TWS and IB Gateway serve up to 32 API clients; connections that a client closed and the gateway did
not (CLOSE_WAIT) may hold their places.
What it is not: proof of the limit as the cause; the gateway does not say why it turned a client away. Nor a
connection that the capture ends too soon for.
Source of the facts: failures.md 26 (IB's documentation: up to 32 clients; error text 502).
"""

from collections.abc import Sequence
from typing import Final

from capanalyze.timeline.facts import Facts
from capanalyze.timeline.findings import Cause, Finding, finding
from capanalyze.timeline.words import SECOND, count

ID: Final = "too-many-clients"

LIMIT: Final = 32
"""API clients that TWS and IB Gateway serve at a time."""

PATIENCE: Final = 4 * SECOND
"""ib_async gives up after 4 s (protocol.md 6.2): what nobody closed and is younger at the end may still succeed."""

FAILED: Final = {"no_data", "hello_unanswered", "not_started", "not_ready", "misanswered"}
"""Stages of a connection that was opened and came to nothing."""


def check(connections: Sequence[Facts]) -> Finding | None:
    """Fires on the first connection that came to nothing and was opened beside LIMIT others."""
    accepted = [one for one in connections if one.stage not in {"refused", "unanswered", "half_open", "cut"}]
    for late in accepted:
        if late.stage not in FAILED or (late.closer == "client" and late.answer is not None):
            continue
        if not late.closer and (late.captured_ns or 0) < PATIENCE:
            continue
        began = late.connection.first_packet
        beside = [
            other
            for other in accepted
            if late.listener == other.listener
            and other.connection.first_packet < began
            and (other.released is None or other.released > began)
        ]
        if len(beside) >= LIMIT:
            return told(late, beside)
    return None


def told(late: Facts, beside: list[Facts]) -> Finding:
    """The finding on a connection and those beside it."""
    began = late.connection.first_packet
    others = f"{count(len(beside), 'other connection')} to {late.server.address}"
    left = sum(1 for other in beside if other.client.fins and other.client.fins[0] < began)
    return finding(
        ID,
        "A connection came to nothing while as many clients as the gateway serves were connected",
        [late.began, *(other.began for other in beside)],
        [
            f"{others} were open when connection {late.number} began",
            f"{left} of them had been closed by the client and not by the gateway (CLOSE_WAIT)" if left else "",
            f"TWS and IB Gateway serve up to {LIMIT} API clients",
        ],
        severity="notice",
        causes=[Cause("the limit of API clients", "likely", "the gateway's list of API clients")],
        certainty="certain" if all(other.connection.opened == "complete" for other in beside) else "likely",
        advice="close connections that are no longer used, share one connection, or restart the gateway where it "
        "keeps dead ones",
    )
