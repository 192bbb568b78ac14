"""port-refused: a RST answered the SYN.

Why it matters: nothing was listening on that address and port, so no setting of the API can have been reached.
What it is not: a gateway that accepts and then resets (closed-without-answer), or the refusal of ::1 before 127.0.0.1
(ipv6-localhost).
Source of the facts: RFC 9293 3.10.7.1; protocol.md 6.3 row f; failures.md 1.
"""

from typing import Final

from capanalyze.timeline.facts import Facts
from capanalyze.timeline.findings import Cause, Finding, finding
from capanalyze.timeline.rules import port_changed
from capanalyze.timeline.unopened import (
    accepted_before,
    accepted_later,
    answered_later,
    answering_port,
    is_doubtful,
    refused_after,
    second_address,
    spoke_on,
    syns_refused,
    unseen_there,
    went_on_beside,
)
from capanalyze.timeline.words import count, span

ID: Final = "port-refused"

CAUSES: Final = (
    Cause(
        "TWS or the gateway is not running, not logged in yet, or restarting",
        "possible",
        'its window and its log ("API server listening on port")',
    ),
    Cause(
        "the API is switched off or listens on another port (7496 and 4001 are live, 7497 and 4002 paper)",
        "possible",
        "Socket port in its API settings, and what listens: ss -ltnp, or netstat -ano on Windows",
    ),
    Cause(
        "a firewall rejects the connection with a RST of its own",
        "possible",
        "the same attempt from the gateway's own host",
    ),
)

ENDED: Final = (
    Cause("TWS or the gateway has ended since, or restarts", "likely", "its log, and its restart time"),
    Cause("its API was switched off, or given another port", "possible", "Socket port in its API settings"),
)

MOVED: Final = Cause(
    "the gateway's API port was changed", "likely", f"the text of error {port_changed.CODE}: it names the new one"
)

BETWEEN: Final = Cause("a firewall between the two hosts rejects the connection", "likely", "its rules for that port")

STAYED: Final = (ENDED[1], CAUSES[2])
"""Where the gateway lived on: nothing but these explains that."""


TRY_AGAIN: Final = "let the client try again until the gateway answers: it did later"
"""What helps where it was only starting."""


def starting(facts: Facts) -> list[Cause]:
    """That the gateway was only starting, where it answered later in the same capture (failures.md 21)."""
    later = answered_later(facts)
    if later is None:
        return []
    return [Cause(f"the gateway was still starting: it answered connection {later.number} later", "likely", "its log")]


def _known(facts: Facts, before: Facts | None) -> tuple[str, list[Cause]]:
    """What an earlier connection to the same listener tells, and what explains the refusal then."""
    if before is None:
        return _elsewhere(facts)
    told = f"the same port had accepted connection {before.number}"
    moved = moved_away(facts)
    if moved is not None:
        return f"{told}, and the gateway said on connection {moved.number} that its port was changed", [MOVED]
    if spoke_on(before, facts):
        return f"{told}, on which the gateway still spoke after that", [*STAYED]
    return told, [*starting(facts), *(ENDED if before.server.spoke else CAUSES)]


def _elsewhere(facts: Facts) -> tuple[str, list[Cause]]:
    """The same where nothing was accepted before: whether it was later, or the host answered on another port."""
    later, port = accepted_later(facts), answering_port(facts)
    if later is not None:
        return f"the same port accepted connection {later.number} later", [*starting(facts), *CAUSES]
    if port is None:
        return "", [*CAUSES]
    wrong = Cause(f"the client was given the wrong port: {port} is the gateway's", "possible", CAUSES[1].check)
    return f"a gateway answered on port {port} of the same host", [wrong, *CAUSES]


def moved_away(facts: Facts) -> Facts | None:
    """The connection to the same listener on which the gateway said before that its port was changed."""
    before = (other for other in facts.others if other.number < facts.number and other.listener == facts.listener)
    return next((other for other in before if other.error(port_changed.CODE) is not None), None)


def check(facts: Facts) -> Finding | None:
    """Fires where every SYN was refused."""
    if facts.stage != "refused" or second_address(facts) is not None:
        return None
    after = refused_after(facts)
    before = accepted_before(facts)
    known, causes = _known(facts, before)
    unseen = facts.unseen_ns
    if unseen is not None:
        known, causes = unseen_there(facts, unseen), [BETWEEN]
    tries = count(facts.syns, "SYN") + f" to port {facts.connection.server.port}"
    answered = "answered by a RST"
    if after is not None:
        answered += f" {span(after)} after the first" if syns_refused(facts) > 1 else f" after {span(after)}"
    return finding(
        ID,
        _title(facts),
        [facts.began, facts.server.rst],
        [f"{tries}, {answered}", known],
        causes=causes,
        certainty="certain" if unseen is None and not is_doubtful(facts) else "likely",
        advice=_advice(facts) if unseen is None else "look at what lies between the two hosts",
    )


def _title(facts: Facts) -> str:
    if facts.unseen_ns is not None:
        return "Something before the gateway's host refused the connection with a RST"
    if went_on_beside(facts) is not None:
        return "The port took no new connection: the host refused with a RST"
    return "Nothing accepted connections on the port: the host refused with a RST"


def _advice(facts: Facts) -> str:
    compare = "compare its Socket port with the one the client uses"
    if went_on_beside(facts) is not None:
        return f"leave the gateway running, and {compare}"
    if moved_away(facts) is not None and not starting(facts):
        return f"let the client connect to the port that error {port_changed.CODE} named"
    return TRY_AGAIN if starting(facts) else f"start TWS or the gateway, log in, and {compare}"
