"""port-changed: the gateway said that its API port was changed (error 1300).

Why it matters: the connection ends, and the old port will refuse; the new one is in the text.
What it is not: a fault of the network or of the client.
Source of the facts: protocol.md 5.2; failures.md 39.
"""

from typing import Final

from capanalyze.timeline.errors_told import told
from capanalyze.timeline.facts import Facts
from capanalyze.timeline.findings import Finding, finding

ID: Final = "port-changed"

CODE: Final = 1300


def check(facts: Facts) -> Finding | None:
    """Fires on an error message with code 1300."""
    error = facts.error(CODE)
    if error is None:
        return None
    return finding(
        ID,
        "The gateway's API port was changed (error 1300)",
        [error.at, facts.close if facts.closer == "server" else None],
        [told(error)],
        advice="connect to the port that the text names: the old one will refuse",
    )
