"""syn-unanswered: SYNs went out and nothing came back, or an ICMP error.

Why it matters: the packets never reached a listening host, or its answer never came back: not an API problem yet.
What it is not: a refusal (port-refused), or a listener whose accept queue is full (accept-queue-full), which this
leaves alone where the same listener accepted other connections in the capture.
Source of the facts: failures.md 2.
"""

from typing import Final

from capanalyze.timeline.facts import Facts
from capanalyze.timeline.findings import Cause, Finding, finding
from capanalyze.timeline.rules.accept_queue_full import silent_before
from capanalyze.timeline.turned_back import turned_back
from capanalyze.timeline.unopened import unseen_there
from capanalyze.timeline.words import count, span

ID: Final = "syn-unanswered"

CAUSES: Final = (
    Cause(
        "a firewall (of the host, of the cloud) drops the packets",
        "possible",
        "the same attempt from the gateway's own host",
    ),
    Cause("wrong address, or the host is down", "possible", "the address that the client was given; ping it"),
    Cause("a container's port is not published", "possible", "docker ps, and the port mapping"),
)


DROPPED: Final = Cause("something between the two hosts drops the packets", "likely", "its rules for that port")

PROHIBITED: Final = Cause("a firewall there rejects the connection", "certain", "its rules for that port")
UNREACHABLE: Final = Cause("the host is down, or there is no way to it", "likely", "the address; ping it")
REJECTED: Final = Cause(
    "a firewall rejects the packets (a host without a listener would have answered with a RST)",
    "likely",
    "its rules for that port",
)
TOO_BIG: Final = Cause(
    "the path carries smaller packets only, and the sender goes on with large ones",
    "likely",
    "the MTU of the VPN or tunnel between the hosts",
)
ICMP_CAUSES: Final = (
    ("prohibited", PROHIBITED),
    ("rejected", PROHIBITED),
    ("port", REJECTED),
    ("too big", TOO_BIG),
    ("", UNREACHABLE),
)
"""A word of an ICMP error -> what it means, the first that fits."""


def check(facts: Facts) -> Finding | None:
    """Fires where no SYN was answered, but for an ICMP error, and the listener accepted nobody before."""
    if facts.stage != "unanswered":
        return None
    back = turned_back(facts)
    if back is not None:
        return finding(
            ID,
            "An ICMP error turned the connection attempt back",
            [facts.began, back.at],
            [f"{back.sender} says in packet {back.at.packet}: {back.words}" if back.at is not None else ""],
            causes=[next(cause for word, cause in ICMP_CAUSES if word in back.words)],
            advice="check the address and whatever filters packets between the two hosts",
        )
    unseen = facts.unseen_ns
    if unseen is None and silent_before(facts):
        return None
    lasted = f" over {span(facts.lasted_ns)}" if facts.lasted_ns else ""
    return finding(
        ID,
        "Nothing answered the connection attempt",
        [facts.began, facts.client.side.last_packet],
        [
            f"{count(facts.syns, 'SYN')} to port {facts.connection.server.port}{lasted}, no packet back",
            unseen_there(facts, unseen) if unseen is not None else "",
        ],
        causes=CAUSES if unseen is None else [DROPPED],
        advice="check the address and whatever filters packets between the two hosts",
    )
