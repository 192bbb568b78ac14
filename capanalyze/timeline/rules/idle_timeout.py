"""idle-timeout: after minutes of silence the first message was met with a RST.

Why it matters: a NAT, firewall or VPN forgets connections that say nothing; both ends still believe in it until one
speaks.
What it is not: a gateway that ends a session while messages flow (gateway-closed-midsession names that too), or a
connection that keep-alives kept busy: answered ones show that the path still knew it.
Source of the facts: failures.md 47 (time-outs of 5, 15 and 60 minutes are usual).
"""

from typing import Final

from capanalyze.timeline.facts import Facts
from capanalyze.timeline.findings import Cause, Finding, finding
from capanalyze.timeline.silence import met_with_rst
from capanalyze.timeline.words import span

ID: Final = "idle-timeout"


def check(facts: Facts) -> Finding | None:
    """Fires where the client's first message after IDLE without messages was answered by a RST at once."""
    found = met_with_rst(facts)
    if found is None:
        return None
    before, word, idle, wait = found
    return finding(
        ID,
        "The first message after a long silence was met with a RST",
        [before, word, facts.close],
        [f"{span(idle)} without a message, then a RST {span(wait)} after the client's next one"],
        certainty="likely",
        causes=[
            Cause(
                "a NAT, firewall or VPN between the two forgot the idle connection", "possible", "a capture beyond it"
            ),
            Cause("the gateway was restarted in the meantime", "possible", "its log"),
            Cause(
                "the client's computer slept, and the gateway's host gave the connection up",
                "possible",
                "its system log",
            ),
        ],
        advice="switch TCP keep-alive on (SO_KEEPALIVE, 60 s), or send reqCurrentTime every minute",
    )
