"""Forgotten: a connection that was ended by a RST without ACK, as a host sends it that does not know the connection.

In: Facts. Out: whether that is so, in words, and what may lie behind it. A program that closes its socket, or is
killed, ends the connection with a FIN, or with a RST that has an ACK.
Source of the facts: RFC 9293 3.10.7.1 (no ACK in the answer to a segment that has one and belongs to no connection);
failures.md 50 (measured on Linux: RST with ACK for unread octets); tcp(7) tcp_abort_on_overflow.
"""

from typing import Final

from capanalyze.timeline.facts import Facts
from capanalyze.timeline.findings import Cause

NO_ACK: Final = "has no ACK, as the answer of a host that does not know the connection"

QUEUE_FULL: Final = Cause(
    "the gateway's program no longer accepts connections, its queue is full, and its host resets what comes then",
    "possible",
    "on its host: ss -ltn shows Recv-Q above Send-Q; sysctl net.ipv4.tcp_abort_on_overflow",
)


def forgotten(facts: Facts) -> list[str]:
    """What the RST that closed first tells, where it has no ACK; else nothing."""
    close = facts.connection.close
    if (
        close is None
        or facts.kind != "RST"
        or close.ack >= 0
        or facts.connection.opened not in {"complete", "midstream"}
    ):
        return []
    return [f"the RST {NO_ACK}"]


def forgotten_causes(called: str) -> tuple[Cause, ...]:
    """What may lie behind it; ``called``: the side in whose name the RST came."""
    log = "its log, and its restart time" if called != "client" else "its log"
    return (
        Cause(
            f"the {called}'s program had ended before, and the capture lacks its FIN or RST",
            "possible",
            "what the program did at that time",
        ),
        Cause(f"the {called}'s host was restarted, or lost the connection in a sleep", "possible", log),
        Cause(
            "a NAT, firewall or VPN between the two forgot the connection, or cut it",
            "possible",
            f"a capture on the {called}'s host",
        ),
    )
