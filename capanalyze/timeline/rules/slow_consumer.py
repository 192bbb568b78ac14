"""slow-consumer: the client stopped reading its socket.

Why it matters: the gateway's data backs up, arrives late or is dropped, and the gateway may close in the end.
What it is not: a slow network. A window of 0 is the client's own kernel saying that the program does not read. Where it
opened again at once, or the capture ends there, it is only worth a notice: a burst fills a buffer for a moment.
Source of the facts: RFC 9293 3.8.6; failures.md 48 (Linux probes with segments that Wireshark calls keep-alives).
"""

from itertools import pairwise
from typing import Final

from capanalyze.timeline.ends import Moment, moment
from capanalyze.timeline.facts import Facts
from capanalyze.timeline.findings import Cause, Finding, finding
from capanalyze.timeline.rules.gateway_stops_reading import BRIEF, LONG
from capanalyze.timeline.troubles import ASKED
from capanalyze.timeline.words import count, span

ID: Final = "slow-consumer"


def check(facts: Facts) -> Finding | None:
    """Fires where the client advertised a window of 0 on an API connection."""
    note = facts.note("zero_window", "client")
    if note is None or not facts.api:
        return None
    probes = facts.note("zero_window_probe", "server")
    stayed, words = _shut(facts)
    asked = int(probes.count) if probes is not None else 0
    long = asked >= ASKED or (stayed is not None and stayed >= LONG)
    evidence = [f"window 0 from the client in {count(int(note.count), 'packet')}", words]
    if asked:
        evidence.append(f"the gateway asked {count(asked, 'time')} whether it may go on")
    if facts.closer == "server" and long:
        evidence.append("the gateway closed first; whether for that reason the packets cannot tell")
    if facts.closer == "client" and long and int(facts.client.side.window) == 0:
        evidence.append("a close of the gateway's in that time would be in no packet: it waits behind unsent octets")
    return finding(
        ID,
        "The client stopped reading what the gateway sent"
        if long
        else "The client closed its receive window for a moment; nothing shows that it stopped reading",
        [*note.packets[:8], facts.close if long else None],
        evidence,
        severity="problem" if long else "notice",
        causes=[
            Cause(
                "a callback or the event loop of the client blocks", "possible", "what the client does in its callbacks"
            ),
            Cause("the client was paused (debugger, suspended process)", "possible", "its process state at that time"),
        ],
        advice="read the socket in a thread of its own, and ask for less data" if long else BRIEF,
    )


def _shut(facts: Facts) -> tuple[int | None, str]:
    """The longest time for which the window is known to have stayed 0, and words for it; None where nothing is known.

    When it opened is known by its packet only: until then it was 0 at least from the first sign of that to the last.
    """
    end = facts.until
    opened = _openings(facts)
    if end is None or opened is None:
        return None, ""
    best: int | None = None
    words = ""
    for after, before in pairwise([0, *opened, end.packet + 1]):
        signs = [at for at in _signs(facts) if after < at.packet < before]
        open_again = before <= end.packet or (not facts.closer and int(facts.client.side.window) > 0)
        stayed = facts.between(signs[0], signs[-1] if open_again else end) if signs else None
        if stayed is not None and (best is None or stayed > best):
            best = stayed
            words = f"it stayed 0 for {'at least ' if open_again else ''}{span(stayed)}, from packet {signs[0].packet}"
            if before <= end.packet:
                words += f" until it opened in packet {before}"
            elif not open_again:
                words += f" until the {facts.closing_end.called} closed" if facts.closer else " until the capture ended"
    return best, words


def _openings(facts: Facts) -> list[int] | None:
    """The packets in which the client opened its window, or may have; None where not all of them are known."""
    note = facts.note("window_update", "client")
    if note is not None and note.count > len(note.packets):
        return None
    opened = {int(packet) for packet in note.packets} if note is not None else set()
    zeros, spoke = facts.note("zero_window", "client"), facts.client.last_before
    if spoke is not None and zeros is not None and spoke.packet not in zeros.packets:
        opened.add(spoke.packet)
    return sorted(opened)


def _signs(facts: Facts) -> list[Moment]:
    """When the client's window was seen to be 0: it said so, or the gateway asked whether it still is."""
    mine, theirs = facts.client.side.index, facts.server.side.index
    signs = [
        moment(event.packet, event.ts_ns)
        for event in facts.connection.events
        if (event.kind, event.side) in {("zero_window", mine), ("zero_window_probe", theirs)}
    ]
    return [at for at in signs if at is not None]
