"""wrong-service: what listens on the port is not TWS or IB Gateway.

Why it matters: no client can succeed there, and its time-out hides the reason.
What it is not: a gateway whose framing was lost in mid-session (stream-desync), or one whose hello is cut: those octets
are TWS as far as they go, as is a message in place of it.
Source of the facts: failures.md 5 and 14.
"""

from typing import Final

from capanalyze.timeline.facts import Facts
from capanalyze.timeline.findings import Cause, Finding, finding
from capanalyze.timeline.last_words import in_place_of_hello
from capanalyze.timeline.words import octets_as_text, quote

ID: Final = "wrong-service"


def check(facts: Facts) -> Finding | None:
    """Fires where the server's first octets are not TWS on a connection that should be."""
    wrong = facts.misfit
    if in_place_of_hello(facts):
        return None
    if facts.stage == "misanswered":
        named, words = "", f"answer to the hello: {quote(octets_as_text(facts.first_octets('server')))}"
    elif facts.api and wrong is not None and wrong.side == "server" and not wrong.cut_hello:
        named, words = wrong.protocol, wrong.words
    else:
        return None
    return finding(
        ID,
        f"The port is another program's: it sent {named}" if named else "What answered on the port does not speak TWS",
        [facts.server.first],
        [words],
        certainty="certain" if named else "likely",
        causes=[
            Cause(
                "another program listens on this port", "likely", "ss -ltnp, or netstat -ano on Windows, on its host"
            ),
            Cause(
                "a proxy with TLS stands before the gateway",
                "possible",
                "the configuration of stunnel, nginx or the like",
            ),
        ],
        advice="use the Socket port of TWS's or the gateway's API settings",
    )
