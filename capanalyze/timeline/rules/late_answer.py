"""late-answer: the gateway answered the hello, or startApi, but late.

Why it matters: it is slow and not refusing; a longer time-out in the client would have been enough. A click on
"Accept incoming connection?" looks the same.
What it is not: silence to the end (accepted-but-silent); an answer that lies after the close only because the clock
was set back between the two, or because files of the same time, one for each direction, were read one after the other;
an answer that came in time, and a client that had left at once (client-left-early). Nor an answer of which the capture
lacks the beginning, or to a client that had closed for sending only and took it: that one has not given up.
Source of the facts: failures.md 9 and 16; protocol.md 6.3 row o.
"""

from typing import Final

from capanalyze.timeline.ends import turned_over
from capanalyze.timeline.facts import Facts
from capanalyze.timeline.findings import Cause, Finding, finding
from capanalyze.timeline.half_closed import half_closed
from capanalyze.timeline.rules.client_left_early import came_late, came_soon
from capanalyze.timeline.words import SECOND, span

ID: Final = "late-answer"

SLOW: Final = SECOND
"""A hello is answered within milliseconds; above this a human or a starting gateway is in between."""

CAUSES: Final = (
    Cause('somebody clicked "Accept incoming connection?"', "possible", "whether the client's address is a Trusted IP"),
    Cause("the gateway was starting or overloaded", "possible", "its log around that time"),
)


def check(facts: Facts) -> Finding | None:
    """Fires where an answer came after the client had closed, or more than a second after the hello."""
    late = came_late(facts)
    if any(turned_over(facts.close, at, facts.set_back) for at in late):
        return None
    in_time = bool(late) and (came_soon(facts) or half_closed(facts))
    if facts.stage == "not_ready" and len(facts.late_readiness) == len(facts.missing_names) and not in_time:
        return _ready_too_late(facts)
    delay = facts.between(facts.hello, facts.answer)
    if facts.hello is None or facts.answer is None or delay is None or _begins_unseen(facts):
        return None
    if facts.answered_too_late and not in_time:
        gave_up = facts.between(facts.hello, facts.close)
        return finding(
            ID,
            "The gateway answered the hello after the client had given up",
            [facts.hello, facts.close, facts.answer],
            [
                f"answer {span(delay)} after the hello (packet {facts.answer.packet})",
                f"the client had closed {span(gave_up)} after its hello" if gave_up is not None else "",
            ],
            causes=CAUSES,
            advice=f"give the client a time-out above {span(delay)}, or start it later",
        )
    if delay <= SLOW:
        return None
    return finding(
        ID,
        "The gateway took long to answer the hello",
        [facts.hello, facts.answer],
        [f"answer {span(delay)} after the hello (packet {facts.answer.packet})"],
        severity="notice",
        causes=CAUSES,
        advice=f"keep the client's time-out above {span(delay)}",
    )


def _begins_unseen(facts: Facts) -> bool:
    """Whether the capture lacks octets of the answer, so that it does not show when that came."""
    head = facts.session.head if facts.session is not None else ()
    return any(message.missing > 0 for message in head if message.encoding == "hello" and not message.from_client)


def _ready_too_late(facts: Facts) -> Finding:
    gave_up = facts.between(facts.start_api, facts.close)
    delays = [(name, at, facts.between(facts.start_api, at)) for name, at in facts.late_readiness]
    evidence = [
        f"{name} {f'{span(delay)} after startApi' if delay is not None else 'came'} (packet {at.packet})"
        for name, at, delay in delays
    ]
    longest = max((delay for _, _, delay in delays if delay is not None), default=None)
    return finding(
        ID,
        "The gateway made the session ready after the client had given up",
        [facts.start_api, facts.close, *(at for _, at, _ in delays)],
        [*evidence, f"the client had closed {span(gave_up)} after startApi" if gave_up is not None else ""],
        causes=CAUSES[1:],
        advice=f"give the client a time-out above {span(longest)}, or start it later"
        if longest is not None
        else "give the client a longer time-out, or start it later",
    )
