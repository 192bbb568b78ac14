"""accepted-but-silent: a right hello, acknowledged by the gateway's host, and not an octet of answer.

Why it matters: the host's kernel opens connections and acknowledges octets by itself. So TCP works, the port is
right, and the program behind it did not answer. No startApi was sent, hence neither the client id, nor the account,
nor a setting tied to them can have mattered.
What it is not: a refusal, a close by the gateway (closed-without-answer), or a wrong hello (bad-hello).
Source of the facts: failures.md 7 to 10 (packets are the same whether the program never accepted, never read, or
was stopped); protocol.md 6.2 (time-outs) and 6.3 rows a to a3.
"""

from typing import Final

from capanalyze.timeline.facts import Facts
from capanalyze.timeline.findings import Cause, Finding, finding
from capanalyze.timeline.rules.client_left_early import left_early
from capanalyze.timeline.rules.version_window_miss import UPGRADE, too_new, unfit
from capanalyze.timeline.unopened import refused_just_before
from capanalyze.timeline.words import SECOND, span

ID: Final = "accepted-but-silent"

SHORTEST_WAIT: Final = SECOND
"""An answer takes milliseconds; below this, an open connection is only young."""

ROUND: Final = (1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 60, 120)
"""Seconds that programs wait by habit."""

NEAR: Final = SECOND // 10
"""How far from a round number a wait may be and still look like a time-out."""

KNOWN: Final = (("ib_async", 4), ("ib_insync", 4), ("ib_async", 2), ("ib_insync", 2))
"""Libraries and their default time-outs in seconds (IB.connect 4, Client.connect 2: protocol.md 6.2)."""

LOG: Final = 'its log: "API server listening on port", "Starting new conversation"'

RESTART: Final = (
    "look for a waiting window, restart the gateway, try one client alone; "
    "the client id cannot be the reason, since it was never sent"
)

WAIT: Final = "let the client try again, for some minutes, and look at the gateway's window and log meanwhile"
"""What to do where it seems to be starting."""

STARTING: Final = Cause("the gateway is still starting, or lost its login", "possible", LOG)

CAUSES: Final = (
    Cause(
        'a window of the gateway waits for a click: "Accept incoming connection?", a login, a second factor',
        "possible",
        "look at its screen (VNC for a container)",
    ),
    Cause(
        "the gateway's program hangs or no longer accepts connections",
        "possible",
        "on its host: ss -tanp shows CLOSE_WAIT without an owner (never accepted) or with Recv-Q 18 (hello never read)",
    ),
    STARTING,
    Cause(
        "what listens is a relay (docker, socat, ssh) whose gateway is not there",
        "possible",
        "capture the relay's other side",
    ),
)


def check(facts: Facts) -> Finding | None:
    """Fires where the hello was acknowledged and nothing came for a second."""
    if facts.stage != "hello_unanswered" or facts.closer in {"server", "both"} or facts.hello_acked is None:
        return None
    if facts.answered_too_late or facts.misfit is not None or left_early(facts) is not None:
        return None
    waited = facts.between(facts.hello_acked, facts.until)
    if not facts.closer and (waited is None or waited < SHORTEST_WAIT):
        return None
    causes = _causes(facts)
    return finding(
        ID,
        "The gateway's host took the hello, and its program answered nothing",
        [facts.hello, facts.hello_acked, facts.close],
        _evidence(facts, waited),
        causes=[*unfit(facts), *causes],
        advice=UPGRADE if too_new(facts) else RESTART if STARTING in causes else WAIT,
    )


def _causes(facts: Facts) -> list[Cause]:
    """The gateway is likely to be only starting where its port had refused this connection or another just before."""
    refused = refused_just_before(facts)
    if not refused:
        return [*CAUSES]
    starting = Cause(f"the gateway is still starting: {refused}", "likely", LOG)
    return [starting, *(cause for cause in CAUSES if cause is not STARTING)]


def _evidence(facts: Facts, waited: int | None) -> list[str]:
    assert facts.hello is not None
    assert facts.hello_acked is not None
    taken = "acknowledged by the host" if facts.hello_acked > facts.hello else "its beginning acknowledged by the host"
    lines = [f"hello in packet {facts.hello.packet}, {taken} in packet {facts.hello_acked.packet}"]
    if waited is not None:
        until = "until the client closed" if facts.closer else "until the capture ended"
        lines.append(f"no octet from the gateway for {span(waited)}, {until}")
    if facts.session is not None and facts.session.client_remainder:
        lines.append(f"behind the hello the client sent {facts.session.client_remainder}: nothing belongs there")
    lines += _time_out(facts)
    same = [
        other for other in facts.others if other.api and other.connection.server.host == facts.connection.server.host
    ]
    if len(same) > 1 and all(not other.server.spoke for other in same):
        lines.append("no connection of this capture was ever answered")
    elif any(other.answer is not None for other in same):
        lines.append("another connection of this capture was answered, so the gateway can answer")
    return lines


def _time_out(facts: Facts) -> list[str]:
    """What the length of the client's wait looks like."""
    lasted = facts.between(facts.began, facts.close)
    if facts.closer != "client" or lasted is None:
        return []
    seconds = next((seconds for seconds in ROUND if abs(lasted - seconds * SECOND) <= NEAR), None)
    if seconds is None:
        return []
    library = facts.library
    if any(library.startswith(name) and seconds == default for name, default in KNOWN):
        return [f"the client closed {seconds} s after its SYN, which is the default time-out of {library.split()[0]}"]
    return [f"the client closed {seconds} s after its SYN: so round a number looks like a time-out"]
