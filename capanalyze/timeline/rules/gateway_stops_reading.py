"""gateway-stops-reading: the gateway's host closed its receive window: its program does not read.

Why it matters: requests wait unread and their answers come late or never. TWS paces a client that sends too much by
reading slowly; a gateway that hangs does not read either.
What it is not: a client that does not read (slow-consumer), or an error 100 (pacing-reject).
Source of the facts: RFC 9293 3.8.6; failures.md 35 and 44.
"""

from typing import Final

from capanalyze.timeline.facts import Facts
from capanalyze.timeline.findings import Cause, Finding, finding
from capanalyze.timeline.words import count

ID: Final = "gateway-stops-reading"


def check(facts: Facts) -> Finding | None:
    """Fires where the gateway's side advertised a window of 0 on an API connection."""
    note = facts.note("zero_window", "server")
    if note is None or not facts.api:
        return None
    return finding(
        ID,
        "The gateway stopped reading what the client sent",
        [*note.packets[:8], facts.close],
        [f"window 0 from the gateway in {count(int(note.count), 'packet')}"],
        causes=[
            Cause("the client sends more than 50 messages a second, and is paced", "possible", "its rate of messages"),
            Cause("the gateway hangs (a window waits, out of memory, suspended)", "possible", "the gateway's screen"),
        ],
        advice="send at most 45 messages a second, and reqCurrentTime as a heartbeat",
    )
