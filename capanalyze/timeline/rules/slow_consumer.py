"""slow-consumer: the client stopped reading its socket.

Why it matters: the gateway's data backs up, arrives late or is dropped, and the gateway may close in the end.
What it is not: a slow network. A window of 0 is the client's own kernel saying that the program does not read.
Source of the facts: RFC 9293 3.8.6; failures.md 48 (Linux probes with segments that Wireshark calls keep-alives).
"""

from typing import Final

from capanalyze.timeline.facts import Facts
from capanalyze.timeline.findings import Cause, Finding, finding
from capanalyze.timeline.words import count

ID: Final = "slow-consumer"


def check(facts: Facts) -> Finding | None:
    """Fires where the client advertised a window of 0 on an API connection."""
    note = facts.note("zero_window", "client")
    if note is None or not facts.api:
        return None
    probes = facts.note("zero_window_probe", "server")
    evidence = [f"window 0 from the client in {count(int(note.count), 'packet')}"]
    if probes is not None:
        evidence.append(f"the gateway asked {count(int(probes.count), 'time')} whether it may go on")
    if facts.closer == "server":
        evidence.append("the gateway closed first; whether for that reason the packets cannot tell")
    return finding(
        ID,
        "The client stopped reading what the gateway sent",
        [*note.packets[:8], facts.close],
        evidence,
        causes=[
            Cause(
                "a callback or the event loop of the client blocks", "possible", "what the client does in its callbacks"
            ),
            Cause("the client was paused (debugger, suspended process)", "possible", "its process state at that time"),
        ],
        advice="read the socket in a thread of its own, and ask for less data",
    )
