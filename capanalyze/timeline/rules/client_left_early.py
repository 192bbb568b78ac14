"""client-left-early: the client closed so soon after its last step that nothing could be expected of the gateway yet.

Why it matters: the packets look like a gateway that says nothing, and it had no time to say anything. The reason is in
the client: a probe that wants to know no more, a crash, a time-out that is too short.
What it is not: a client that waited in vain (accepted-but-silent, startapi-missing, hello-answered-then-silent,
no-next-valid-id), or one that was refused (version-window-miss, duplicate-client-id).
Source of the facts: protocol.md 6.2 (clients wait 2 s and more); failures.md 6, 7 and 28.
"""

from typing import Final

from capanalyze.timeline.ends import Moment
from capanalyze.timeline.facts import Facts
from capanalyze.timeline.findings import Cause, Finding, finding
from capanalyze.timeline.half_closed import half_closed
from capanalyze.timeline.rules import duplicate_client_id, injected_rst, version_window_miss
from capanalyze.timeline.words import SECOND, listing, span

ID: Final = "client-left-early"

SOON: Final = SECOND
"""An answer takes milliseconds, but a busy gateway's may take this long."""

CAUSES: Final = (
    Cause("a probe that only wants to know whether the gateway is there", "possible", "which program it is"),
    Cause("the client's program ended or crashed", "possible", "its log at that time"),
    Cause("its time-out is too short", "possible", "its settings; the libraries of IB's API wait 2 s and more"),
)


def left_early(facts: Facts) -> tuple[str, Moment, int] | None:
    """The step after which the client closed at once: its name, when it was, and how long before the close."""
    steps = {
        "hello_unanswered": ("its hello", facts.hello),
        "not_started": ("the answer to its hello", facts.answer),
        "not_ready": ("its startApi", facts.start_api),
    }
    name, at = steps.get(facts.stage, ("", None))
    waited = facts.between(at, facts.close)
    if facts.closer != "client" or at is None or waited is None or waited >= SOON:
        return None
    return name, at, waited


def came_late(facts: Facts) -> list[Moment]:
    """When what the client waited for came, where that was after its close."""
    late = [facts.answer] if facts.answered_too_late else [at for _, at in facts.late_readiness]
    return [at for at in late if at is not None]


def came_soon(facts: Facts) -> bool:
    """Whether all that came after the close of a client that left early came as soon as can be expected."""
    step = left_early(facts)
    waits = [facts.between(step[1], at) if step is not None else None for at in came_late(facts)]
    return step is not None and all(wait is not None and wait <= SOON for wait in waits)


def of_itself(facts: Facts) -> tuple[str, Moment, int] | None:
    """The step, as in ``left_early``, where nothing that the gateway said or left unsaid explains the close."""
    if not came_soon(facts) or facts.redirect:
        return None
    if facts.stage == "not_started" and facts.client.unread:  # its startApi may be among that
        return None
    if version_window_miss.missed(facts) or facts.error(duplicate_client_id.CODE) is not None:
        return None
    return left_early(facts)


def check(facts: Facts) -> Finding | None:
    """Fires where the client closed within a second of a step, and what it did not wait for did not come much later."""
    step = of_itself(facts)
    if step is None:
        return None
    name, at, waited = step
    late = came_late(facts)
    after = facts.between(at, max(late)) if late else None
    what = listing([called for called, _ in facts.late_readiness]) or "the answer"
    reads_on = bool(late) and half_closed(facts)
    answered = f"{what} came {span(after)} after {name} (packet {max(late).packet})" if after else ""
    return finding(
        ID,
        "The client closed at once, before a session could come about",
        [at, facts.close, *late],
        [
            f"it closed {span(waited)} after {name} (packet {at.packet})",
            answered,
            "it took that: it had closed for sending only, as nc does at the end of its input" if reads_on else "",
        ],
        severity="notice",
        causes=[*injected_rst.causes(facts), *(CAUSES[:1] if reads_on else CAUSES)],
        advice="read the client's log at that time: nothing shows that the gateway was the reason",
    )
