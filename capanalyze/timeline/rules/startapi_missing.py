"""startapi-missing: the gateway answered the hello and the client never sent startApi.

Why it matters: the gateway waits for it; nothing else is ever sent, and no client id is known to it.
What it is not: a client that refused the version (version-window-miss), or one that had gone (late-answer) or has not
received the answer.
Source of the facts: failures.md 27; protocol.md 6.3 row k (ibapi loses a hello answer that is split over segments).
"""

from typing import Final

from capanalyze.timeline.facts import Facts
from capanalyze.timeline.findings import Cause, Finding, finding
from capanalyze.timeline.last_words import messages_before_close
from capanalyze.timeline.rules import version_window_miss
from capanalyze.timeline.silence import answer_unheard
from capanalyze.timeline.words import SECOND, first_of, span

ID: Final = "startapi-missing"

SOON: Final = SECOND
"""startApi follows the answer within milliseconds."""

NOT_WRITTEN: Final = Cause(
    "the client was written without startApi, or with AsyncEConnect and no startApi in connectAck",
    "possible",
    "its code: startApi has to follow the connection's acknowledgement",
)
NOT_READING: Final = Cause("the client does not read its socket", "possible", "whether its reader thread runs")

CUT_SHORT: Final = Cause("the client gave up while it sent startApi", "possible", "its own log at that time")


def check(facts: Facts) -> Finding | None:
    """Fires where a supported version was answered and no startApi followed for a second."""
    if facts.stage != "not_started" or facts.answer is None or facts.answered_too_late or facts.redirect:
        return None
    if facts.started_too_late or answer_unheard(facts) or version_window_miss.missed(facts):
        return None
    waited = facts.between(facts.answer, facts.until)
    if (waited is None and facts.closer != "client") or (waited is not None and waited < SOON):
        return None
    evidence = [
        f"answer in packet {facts.answer.packet}, no startApi" + (f" in {span(waited)}" if waited is not None else "")
    ]
    causes = []
    first = facts.server.first
    if first is not None and first.packet != facts.answer.packet:
        evidence.append(f"the answer came in two segments (packets {first.packet} and {facts.answer.packet})")
        causes.append(
            Cause(
                "ibapi throws away the first part of an answer that comes in two segments",
                "likely",
                "whether the client is IB's own Python library",
            )
        )
    if facts.start_begun:
        evidence.append(f"behind its hello the client sent {facts.start_begun}")
    requests = _requests(facts)
    if requests:
        evidence.append(f"the client sent without it: {first_of(requests)}")
    whole = "all of " if facts.start_begun else ""
    return finding(
        ID,
        f"The gateway answered the hello, and the client never sent {whole}startApi",
        [facts.hello, facts.answer, facts.close],
        evidence,
        causes=[*causes, *_causes(facts, requests)],
        advice="send startApi (message 71, with the client id) right after the answer",
    )


def _requests(facts: Facts) -> list[str]:
    """What the client sent behind its hello, as far as it is kept."""
    sent = messages_before_close(facts, "client")
    return [f"{one.name} (packet {one.packet})" for one in sent if one.encoding != "hello"]


def _causes(facts: Facts, requests: list[str]) -> list[Cause]:
    """Why; who goes on to requests has understood the answer."""
    if facts.start_begun:
        return [CUT_SHORT]
    return [NOT_WRITTEN] if requests else [NOT_WRITTEN, NOT_READING]
