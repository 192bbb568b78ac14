"""legacy-hello: the client greets as clients from before server version 100 did: digits and a NUL, no length.

Why it matters: such a client is answered with version 76 at most, if at all: IB has not said how long it will be.
What it is not: a misspelt hello (bad-hello): the format is right, and old.
Source of the facts: protocol.md 1.3; failures.md 12.
"""

from typing import Final

from capanalyze.timeline.facts import Facts
from capanalyze.timeline.findings import Finding, finding
from capanalyze.timeline.words import quote

ID: Final = "legacy-hello"


def check(facts: Facts) -> Finding | None:
    """Fires on a hello from before version 100, answered or not."""
    session = facts.session
    if session is None or session.legacy_version is None or facts.hello is None or facts.misfit is not None:
        return None
    answer = f"answered as version {facts.version}" if facts.version is not None else "not answered"
    return finding(
        ID,
        "The client speaks the old protocol, without lengths",
        [facts.hello, facts.answer],
        [f"hello: client version {quote(session.legacy_version)}", answer],
        severity="notice",
        advice="use a library that is maintained: new messages and many fields do not exist for this client",
    )
