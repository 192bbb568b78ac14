"""pacing-queue: the client sent more than 50 messages a second, and the gateway let them wait for their turn.

Why it matters: nothing is said of it on the wire: answers come seconds late, and a client with a time-out gives up.
What it is not: error 100 (pacing-reject); a burst that was answered as fast as it came; answers that are late for
another reason: all of them alike, in no order, or for past data, of which IB has a queue of its own. Whatever answers
50 requests a second looks the same, so it is likely only; a limit other than 50 is not looked for.
Source of the facts: protocol.md 5.3; failures.md 35.
"""

from typing import Final

from capanalyze.timeline.facts import Facts
from capanalyze.timeline.findings import Cause, Finding, finding
from capanalyze.timeline.pacing import paced, sent_fast
from capanalyze.timeline.words import SECOND, count, packets, span
from capanalyze.tws.pace import RATE, Burst

ID: Final = "pacing-queue"

PACE_API: Final = "+PACEAPI"
"""The connect option that asks for it (protocol.md 5.3)."""


def check(facts: Facts) -> Finding | None:
    """Fires where the requests of a burst were answered later and later, at the pace of a gateway's queue."""
    burst = paced(facts)
    if burst is None:
        return None
    return finding(
        ID,
        "The client sent faster than the gateway takes messages, and its answers came late",
        [int(burst.first_packet), int(burst.last_packet), burst.slowest.packet, burst.slowest.answer],
        [*_evidence(burst), *_beside(facts)],
        certainty="possible" if facts.incomplete else "likely",
        causes=[
            Cause(
                f"the gateway lets wait what exceeds {RATE} messages a second, unless it is set to reject that",
                "likely",
                "the same requests, 45 a second",
            ),
            Cause("the gateway was busy with something else at that time", "possible", "its log at that time"),
        ],
        advice="send at most 45 messages a second, cancels included",
    )


def _evidence(burst: Burst) -> list[str]:
    """How fast the client sent, and how its requests were answered."""
    took = int(burst.newest_ts - burst.first_ts)
    rate = round(int(burst.newest) * SECOND / max(took, 1))
    order = "nearly in the order of the requests" if burst.overtaken else "in the order of the requests"
    last = f"the last {span(took)} after the first message was sent, about {rate} messages a second"
    where = f"from packet {burst.first_packet} to packet {burst.last_packet}"
    slowest = f"packet {burst.slowest.packet}, answered in packet {burst.slowest.answer}"
    return [
        f"{sent_fast(burst)}, {where}; the limit is {RATE} a second",
        f"{count(burst.answered, 'answer')} came {order}, {last}",
        f"their wait grew from at most {span(burst.least)} to {span(burst.longest)} ({slowest})",
    ]


def _beside(facts: Facts) -> list[str]:
    """What else tells that they waited at the gateway, or that they may not have."""
    zeros = facts.note("zero_window", "server")
    options = facts.session.options.split() if facts.session is not None else []
    return [
        f"window 0 from the gateway in {packets(zeros.packets)}" if zeros is not None else "",
        f"the client had asked to be paced ({PACE_API} in its hello)" if PACE_API in options else "",
        f"{facts.incomplete_by}: answers may be among them" if facts.incomplete else "no error 100 came",
    ]
