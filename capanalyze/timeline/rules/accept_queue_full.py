"""accept-queue-full: a listener that accepted and said nothing now ignores SYNs.

Why it matters: the program has stopped calling accept(); its kernel drops what no longer fits its queue. It does
not recover by itself.
What it is not: a firewall, which would have dropped the earlier connections to the same port too; a path that was cut,
on which nothing more is acknowledged of these either; a program that closed them, and so had accepted them.
Source of the facts: failures.md 3 (measured on Linux; Windows refuses with a RST instead).
"""

from typing import Final

from capanalyze.tcp.grounds import UNANSWERED
from capanalyze.timeline.facts import Facts
from capanalyze.timeline.findings import Cause, Finding, finding
from capanalyze.timeline.turned_back import turned_back
from capanalyze.timeline.unopened import is_young, older_answer
from capanalyze.timeline.words import connections, count

ID: Final = "accept-queue-full"


def silent_before(facts: Facts) -> list[Facts]:
    """Earlier connections to the same address and port that may wait to be accepted: none has heard a word.

    None at all where the host has not acknowledged what was sent again on one of them.
    """
    silent = [
        other
        for other in facts.others
        if other.number < facts.number
        and facts.listener == other.listener
        and other.connection.opened in {"complete", "syn_ack"}
        and not other.server.spoke
        and not _was_closed(other, facts)
    ]
    return [] if any(_host_is_silent(other) for other in silent) else silent


def _was_closed(other: Facts, facts: Facts) -> bool:
    """Whether the gateway's program had closed a connection before another one began: with a FIN, or a RST with ACK."""
    end = other.server
    aborted = end.rst if end.side.parting.rst_ack >= 0 else None
    return any(at is not None and at.packet < facts.connection.first_packet for at in (end.fin, aborted))


def _host_is_silent(other: Facts) -> bool:
    """Whether octets or a FIN of the client's were sent again, and nothing came from the gateway's host any more."""
    close = other.connection.close
    return other.client.cut_off or (close is not None and close.doubt == UNANSWERED)


def check(facts: Facts) -> Finding | None:
    """Fires where SYNs stay unanswered after silent connections to the same listener."""
    if facts.stage != "unanswered" or turned_back(facts) is not None or facts.unseen_ns is not None:
        return None
    if facts.client.rsts or facts.server.side.packets or is_young(facts) or older_answer(facts) is not None:
        return None
    silent = silent_before(facts)
    if not silent:
        return None
    numbers = connections(other.number for other in silent)
    return finding(
        ID,
        "The listener ignores new connections after accepting others in silence",
        [facts.began, *(other.began for other in silent)],
        [
            f"{count(facts.syns, 'SYN')} to port {facts.connection.server.port}, no packet back",
            f"before that the same port accepted {numbers} and never sent an octet",
        ],
        certainty="likely",
        causes=[
            Cause(
                "the gateway's program no longer accepts connections and its queue is full",
                "likely",
                "ss -ltn on its host: Recv-Q of the LISTEN line above its Send-Q",
            ),
        ],
        advice="restart the gateway, and stop clients that reconnect in a loop: each try takes a place in the queue",
    )
