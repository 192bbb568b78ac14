"""hello-answer-cut: the gateway began its answer to the hello and did not finish it.

Why it matters: the program behind the port is TWS or IB Gateway, it accepted the connection and read the hello. So it
died, hung, or was cut off while it answered; the client waits for the rest and calls it a time-out.
What it is not: another program on the port (wrong-service), a gateway that answers nothing (accepted-but-silent), or
one that may not send the rest, as the client does not read (slow-consumer).
Source of the facts: protocol.md 1.1 and 1.5 (the answer is one frame, whose length is known from its first octets).
"""

from typing import Final

from capanalyze.timeline.facts import Facts
from capanalyze.timeline.findings import Cause, Finding, finding
from capanalyze.timeline.words import SECOND, clean, span

ID: Final = "hello-answer-cut"

SHORTEST_WAIT: Final = SECOND
"""The rest comes at once, as it was written in one piece; below this, an open connection is only young, and a client
that closed did not wait for it."""

LENGTH: Final = 4
"""Octets that tell the answer's length; alone they may be anything's."""


def check(facts: Facts) -> Finding | None:
    """Fires where the beginning of an answer stood alone until the gateway closed, or for a second."""
    wrong = facts.misfit
    if facts.stage != "not_tws" or wrong is None or wrong.side != "server" or not wrong.cut_hello or facts.client.shut:
        return None
    waited = facts.between(facts.server.last_before, facts.until)
    if facts.closer != "server" and (waited is None or waited < SHORTEST_WAIT):
        return None
    until = f"the {facts.closing_end.called} closed" if facts.closer else "the capture ended"
    return finding(
        ID,
        "The gateway began its answer to the hello and did not finish it",
        [facts.hello, facts.server.last_before, facts.close],
        [clean(wrong.words), f"nothing more in the {span(waited)} until {until}" if waited is not None else ""],
        certainty="certain" if facts.server.octets > LENGTH else "likely",
        causes=[
            Cause("the gateway's program died or hangs", "possible", "its process and its log at that time"),
            Cause("a relay or proxy between the two holds the rest back", "possible", "a capture on its other side"),
        ],
        advice="restart the gateway, and connect to it without a relay",
    )
