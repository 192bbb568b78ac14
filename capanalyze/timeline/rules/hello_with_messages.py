"""hello-with-messages: the gateway's first messages came in the segment of its hello, to IB's Python client.

Why it matters: ibapi's handshake loop throws away what comes with the hello, so nextValidId and managedAccounts are
on the wire and never reach the program. It looks like a gateway that did not answer.
What it is not: a gateway that did not send them (no-next-valid-id), or another library: those keep them.
Source of the facts: protocol.md 6.3 row l (ibapi 9.81 to 10.51, seen with all of them).
"""

from typing import Final

from capanalyze.timeline.facts import Facts
from capanalyze.timeline.findings import Cause, Finding, finding

ID: Final = "hello-with-messages"

LIBRARY: Final = "ibapi"

CAUSES: Final = (
    Cause("ibapi dropped the messages that came with the hello", "likely", "whether its nextValidId was ever called"),
)


def check(facts: Facts) -> Finding | None:
    """Fires where ibapi got nextValidId or managedAccounts with the hello, and said nothing after startApi."""
    if facts.answer is None or not facts.library.startswith(LIBRARY) or facts.start_api is None:
        return None
    swallowed = [name for name, at in facts.readiness if at is not None and at.packet == facts.answer.packet]
    last = facts.client.last_before
    if not swallowed or last is None or last.packet > facts.start_api.packet:
        return None
    return finding(
        ID,
        "The gateway's first messages came with its hello, and IB's Python client loses these",
        [facts.answer, facts.start_api],
        [
            f"{' and '.join(swallowed)} in packet {facts.answer.packet}, the one with the hello",
            "after startApi the client said nothing more",
        ],
        certainty="likely",
        causes=CAUSES,
        advice="connect again: how the gateway's messages fall into segments is a matter of timing; or use ib_async",
    )
