"""gateway-stops-reading: the gateway's host closed its receive window: its program does not read.

Why it matters: requests wait unread and their answers come late or never. TWS paces a client that sends too much by
reading slowly; a gateway that hangs does not read either.
What it is not: a client that does not read (slow-consumer), or an error 100 (pacing-reject); a window of 0 after
the close, which nobody waits for. Where it opened again before the client had to wait, it is only worth a notice.
Source of the facts: RFC 9293 3.8.6 (who has something to send probes a window of 0); failures.md 35 and 44.
"""

from typing import Final

from capanalyze.timeline.ends import moment
from capanalyze.timeline.facts import Facts
from capanalyze.timeline.findings import Cause, Finding, finding
from capanalyze.timeline.pacing import paced, sent_fast
from capanalyze.timeline.words import SECOND, count, packets, span
from capanalyze.tws.pace import Burst

ID: Final = "gateway-stops-reading"

BRIEF: Final = "nothing to change, as long as it stays this short"
"""What to do about a window that was closed for a moment."""

LONG: Final = SECOND
"""A window that stays 0 so long is no moment's pause."""

WAITING: Final = ("zero_window_probe", "window_full")
"""Notes on a client that has more to send than the window takes."""


def check(facts: Facts) -> Finding | None:
    """Fires where the gateway's side advertised a window of 0 on an API connection before the close."""
    zeros = before_close(facts, "zero_window", "server")
    note = facts.note("zero_window", "server")
    if not zeros or note is None or not facts.api:
        return None
    number = int(note.count) - len(note.since(0)) + len(zeros)
    waits = [packet for word in WAITING for packet in before_close(facts, word, "client") if packet >= zeros[0]]
    stayed = stayed_shut(facts, zeros)
    hangs = bool(waits) or (stayed is not None and stayed >= LONG)
    return finding(
        ID,
        "The gateway stopped reading what the client sent"
        if hangs
        else "The gateway closed its receive window; nothing shows that the client had to wait",
        [*zeros[:8], facts.close if hangs else None],
        [
            f"window 0 from the gateway in {count(number, 'packet')}",
            f"the client had more to send, in {packets(waits[:8])}" if waits else "",
            f"it stayed 0 for the remaining {span(stayed)}" if stayed is not None and stayed >= LONG else "",
            f"the client had sent {sent_fast(burst)}" if (burst := _burst(facts, zeros[-1])) is not None else "",
        ],
        severity="problem" if hangs else "notice",
        causes=[
            *_paced(facts, zeros),
            Cause("the gateway hangs (a window waits, out of memory, suspended)", "possible", "the gateway's screen"),
        ],
        advice="send at most 45 messages a second, and reqCurrentTime as a heartbeat" if hangs else BRIEF,
    )


def _burst(facts: Facts, packet: int) -> Burst | None:
    """The client's last burst of more messages than the gateway takes, up to a packet."""
    bursts = facts.session.pairing.pace.bursts if facts.session is not None else []
    return next((burst for burst in reversed(bursts) if burst.first_packet <= packet), None)


def _paced(facts: Facts, zeros: list[int]) -> list[Cause]:
    """That the gateway reads slowly because the client sends too much: not where the capture shows that it did not."""
    known = facts.session is not None and facts.stage == "ready" and not facts.incomplete
    if known and _burst(facts, zeros[-1]) is None:
        return []
    certainty = "likely" if paced(facts) is not None else "possible"
    return [Cause("the client sends more than 50 messages a second, and is paced", certainty, "its rate of messages")]


def before_close(facts: Facts, word: str, side: str) -> list[int]:
    """The packets of a side before the close that carry a tcp.analysis word, as many as are known."""
    note = facts.note(word, side)
    end = facts.close.packet if facts.close is not None else facts.ended.packet + 1
    return [int(packet) for packet in note.since(0) if packet < end] if note is not None else []


def stayed_shut(facts: Facts, zeros: list[int]) -> int | None:
    """How long the window had been 0, at least, when the connection was closed or the capture ended; None: it opened.

    The time is that of the first of the last row of such packets, as the timeline has it, unless it opened within that;
    else that of the host's last packet.
    """
    side, spoke, end = facts.server.side, facts.server.last_before, facts.close or facts.ended
    opened = [*before_close(facts, "window_update", "server"), spoke.packet if spoke is not None else 0]
    if max(opened) > zeros[-1] or (not facts.closer and int(side.window) > 0):
        return None
    last = moment(side.last_packet, side.last_ts) if zeros[-1] <= side.last_packet <= end.packet else None
    for event in facts.connection.events:
        mine = event.kind == "zero_window" and event.side == side.index
        if mine and max(opened) < event.packet <= zeros[-1]:
            last = moment(event.packet, event.ts_ns)
    return facts.between(last, end)
