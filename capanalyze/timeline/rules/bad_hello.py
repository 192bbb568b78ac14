"""bad-hello: the client's first octets are meant for the API but are no TWS hello.

Why it matters: a gateway that gets no right hello need not answer, so silence or a close after it says nothing about
the gateway's health. The seed's own probe, ``API=9.72`` and a NUL, is the case.
What it is not: another protocol on the port (http-tls-fix-on-api-port), a right hello without an answer, or one that
lies behind the first messages in a capture whose packets are not in order.
Source of the facts: protocol.md 1.1 and 7; failures.md 11 and 15.
"""

from typing import Final

from capanalyze.timeline.facts import Facts
from capanalyze.timeline.findings import Cause, Finding, finding
from capanalyze.timeline.words import SECOND, octets_as_hex, quote
from capanalyze.tws.hello import RIGHT_HELLO

ID: Final = "bad-hello"

RIGHT_WORDS: Final = "`API` and a NUL, the length 9 in four octets, the versions `v100..176`"
"""The parts of RIGHT_HELLO."""

SHOWN: Final = 32
"""Octets of the wrong hello that are shown."""

SHORTEST_WAIT: Final = SECOND
"""Below this the rest of half a hello may be on its way where nobody closed."""


def check(facts: Facts) -> Finding | None:
    """Fires where the client's octets are neither a hello nor another known protocol, or messages without a hello."""
    wrong = facts.misfit
    if facts.stage == "no_hello" and facts.client.spoke and not facts.disordered:
        sent, why = facts.first_octets("client"), "messages came without a hello before them"
    elif facts.api and wrong is not None and wrong.side == "client" and not wrong.protocol:
        sent, why = wrong.first, wrong.words.partition("; a right hello")[0]
    else:
        return None
    cut = wrong is not None and wrong.cut_hello
    waited = facts.between(facts.client.last_before, facts.until)
    if cut and not facts.closer and waited is not None and waited < SHORTEST_WAIT:
        return None
    answered = [other.number for other in facts.others if other.answer is not None]
    evidence = [
        f"sent: {quote(octets_as_hex(sent[:SHOWN]))}" if sent else "",
        f"right: {quote(octets_as_hex(RIGHT_HELLO))}, that is {RIGHT_WORDS}",
        why,
    ]
    silent = not facts.server.spoke
    if silent and answered:
        evidence.append("a right hello was answered in this capture, so the wrong one is why this connection was not")
    return finding(
        ID,
        "The client sent only the beginning of a hello" if cut else "The client's first octets are not a TWS hello",
        [facts.client.first],
        evidence,
        causes=[
            Cause(
                "the gateway waits for the rest of a hello, or drops what it does not know",
                "likely" if answered else "possible",
                "send the right 17 octets to the same gateway",
            ),
        ]
        if silent
        else [],
        advice=f"send {'the whole hello' if cut else 'exactly the right octets'}: "
        "this connection proves nothing about the gateway, whatever it did",
    )
