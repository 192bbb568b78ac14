"""syn-unanswered: SYNs went out and nothing came back, or an ICMP error.

Why it matters: the packets never reached a listening host, or its answer never came back: not an API problem yet.
What it is not: a refusal (port-refused), or a listener whose accept queue is full (accept-queue-full), which this
leaves alone where the same listener accepted other connections in the capture.
Source of the facts: failures.md 2.
"""

from typing import Final

from capanalyze.tcp.notes import OLDER
from capanalyze.timeline.facts import Facts
from capanalyze.timeline.findings import Cause, Finding, finding
from capanalyze.timeline.rules.accept_queue_full import silent_before
from capanalyze.timeline.turned_back import turned_back
from capanalyze.timeline.unopened import is_young, older_answer, unseen_there
from capanalyze.timeline.unrepeated import unrepeated
from capanalyze.timeline.words import count, packets, span

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


OLD: Final = Cause(
    "the client's port was used again, and the gateway's host had not heard of the older connection's end, or keeps it "
    "in TIME_WAIT",
    "likely",
    "ss -tan or netstat -an on the gateway's host, for the client's port",
)

ONCE: Final = "the SYN was not sent again: the client gave up at once, or the capture lacks packets"
CUT: Final = "a packet of it is cut before the TCP flags, and may be the answer"

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
    if older_answer(facts) is not None:
        return _older(facts)
    if unseen is None and (silent_before(facts) or facts.client.rsts or is_young(facts)):
        return None
    lasted = f" over {span(facts.lasted_ns)}" if facts.lasted_ns else ""
    lone = unrepeated(facts) == "SYN"
    sure = facts.syns > 1 and not facts.server.rsts and not facts.connection.cut_packets
    return finding(
        ID,
        "Nothing answered the connection attempt",
        [facts.began, facts.client.side.last_packet],
        [
            f"{count(facts.syns, 'SYN')} to port {facts.connection.server.port}{lasted}, {_came_back(facts)}",
            unseen_there(facts, unseen) if unseen is not None else "",
            ONCE if lone else "",
            CUT if facts.connection.cut_packets else "",
        ],
        certainty="certain" if sure else "likely",
        causes=CAUSES if unseen is None else [DROPPED],
        advice="check the address and whatever filters packets between the two hosts",
    )


def _came_back(facts: Facts) -> str:
    where = packets(facts.server.rsts)
    return f"nothing back but a RST that acknowledges none ({where})" if facts.server.rsts else "no packet back"


def _older(facts: Facts) -> Finding:
    """What came back is no answer, but of a connection that the client's host knows nothing of any more."""
    at = older_answer(facts)
    reset = [event.packet for event in facts.connection.events if event.kind == "RST" and event.flag == OLDER]
    return finding(
        ID,
        "The gateway's host had an older connection of the same ports, and answered for that",
        [facts.began, at, *reset],
        [
            f"{count(facts.syns, 'SYN')} to port {facts.connection.server.port}, nothing back that acknowledges one",
            f"the client reset the older connection ({packets(reset)})" if reset else "",
        ],
        causes=[OLD],
        advice="let the client try again: its RST ends the older connection, or another port of its own evades it",
    )
