"""peer-vanished: what a side sent was never acknowledged, though sent again and again.

Why it matters: the path or the other host is gone; no program can answer. On the contrary, octets that are
acknowledged and not answered mean a live host with a silent program (accepted-but-silent).
What it is not: a SYN that nothing answered (syn-unanswered), a path that carries small packets only, as the other host
has told (not-acknowledged), or a FIN that waits for its acknowledgement when the capture ends.
Source of the facts: failures.md 45.
"""

from collections.abc import Sequence
from typing import Final

from capanalyze.timeline.arrival import lost
from capanalyze.timeline.both_ends import lost_between
from capanalyze.timeline.capture_points import nearer
from capanalyze.timeline.ends import End, moment
from capanalyze.timeline.facts import Facts
from capanalyze.timeline.findings import Cause, Finding, finding
from capanalyze.timeline.held_up import TOO_LARGE, unacknowledged
from capanalyze.timeline.passed_by import passed_by
from capanalyze.timeline.rules.syn_unanswered import ICMP_CAUSES, TOO_BIG
from capanalyze.timeline.turned_back import turned_back
from capanalyze.timeline.vanished import InVain, in_vain
from capanalyze.timeline.words import SECOND, count, span

ID: Final = "peer-vanished"

CAUSES: Final = (
    Cause("the path is cut: sleep, Wi-Fi or VPN lost, container gone", "possible", "a capture on the other host"),
    Cause("a firewall dropped the connection's state", "possible", "how long it had been idle before"),
)

HEARTBEAT: Final = "use TCP keep-alive or a heartbeat request, and reconnect"
FILTERS: Final = "look at what turns packets back between the two hosts, and reconnect when it is put right"


def check(facts: Facts) -> Finding | None:
    """Fires where a side sent again and again and the other's host fell silent for good."""
    found = in_vain(facts)
    if found is None or passed_by(facts) is not None:
        return None
    end, peer = found.end, found.peer
    if found.keep_alives:
        return finding(
            ID,
            f"The {peer.called}'s host stopped answering the {end.called}'s keep-alives",
            found.packets[:8],
            [
                f"{count(len(found.packets), 'keep-alive')} by the {end.called}, none answered",
                *_one_way(peer),
                *_arrived(facts, end, peer),
            ],
            certainty=_certainty(peer),
            causes=_causes(facts, found),
            advice="reconnect; the gateway may hold the client id until its side notices",
        )
    there, way = nearer(facts, peer.name), lost_between(facts, found)
    if there is not None and way:
        return _lost(found, there, way)
    silent = facts.between(moment(peer.side.last_packet, peer.side.last_ts), facts.ended) if not way else None
    return finding(
        ID,
        _title(found, way),
        found.packets[:8],
        [
            f"{count(len(found.packets), 'retransmission')} by the {end.called}"
            + (", to which nothing came back" if way in {"answers", "both"} else ", none acknowledged"),
            f"no TCP packet from the {peer.called}'s side for {span(silent)}"
            if silent is not None and silent > SECOND
            else "",
            *(_heard_before(facts) if not way else ()),
            *_one_way(peer),
            *_turned_back(facts),
            *_arrived(facts, end, peer),
        ],
        certainty=_certainty(peer),
        causes=_causes(facts, found),
        advice=FILTERS if turned_back(facts, peer.side.last_packet) is not None else HEARTBEAT,
    )


def _title(found: InVain, way: str) -> str:
    """What happened; ``way``: what is known to have been lost between the two hosts (``lost_between``)."""
    if way == "both":
        return f"Nothing got through any more between the {found.end.called}'s host and the {found.peer.called}'s"
    if way == "answers":
        said = "answered" if found.peer.name == "server" else "sent"
        return f"What the {found.peer.called}'s host {said} did not get to the {found.end.called}'s any more"
    return f"The {found.peer.called}'s host stopped acknowledging what the {found.end.called} sent"


def _lost(found: InVain, there: Facts, way: str) -> Finding:
    """The same where the connection was captured nearer to the silent host, too: it may not be that which is silent."""
    end, peer = found.end, found.peer
    arrived = way == "answers"
    what = f"What the {peer.called}'s host answered" if arrived else f"What the {end.called} sent"
    return finding(
        ID,
        f"{what} was lost between the two places of the capture",
        found.packets[:8],
        [
            f"{count(len(found.packets), 'retransmission')} by the {end.called}, none acknowledged",
            f"connection {there.number}, the same one nearer to the {peer.called}, "
            + ("has those octets" if arrived else "lacks them"),
        ],
        certainty="likely" if there.dropped else "certain",
        causes=[Cause("something between the two places drops the packets", "likely", "its rules, and what it tracks")],
        advice=FILTERS,
    )


def _causes(facts: Facts, found: InVain) -> Sequence[Cause]:
    """What an ICMP error names that came once the peer had fallen silent; else all that may lie behind it.

    A sender may obey the error that its packets are too big, and be met with silence all the same.
    """
    back, way = turned_back(facts, found.peer.side.last_packet), lost_between(facts, found)
    if back is None and way:
        whose = {"sent": f"the {found.end.called}'s packets", "answers": f"the {found.peer.called}'s packets"}
        dropped = f"what lies between the two hosts dropped {whose.get(way, 'the packets of both')}"
        return [Cause(dropped, "likely", "a firewall's log there, and how long the connection had been idle before")]
    if back is None:
        return [TOO_LARGE, *CAUSES] if unacknowledged(facts) is not None else CAUSES
    named = next(cause for word, cause in ICMP_CAUSES if word in back.words)
    return [named, *CAUSES] if named is TOO_BIG else [named]


def _heard_before(facts: Facts) -> list[str]:
    """That the silent host had been heard for long without acknowledging what it was sent again and again."""
    before = unacknowledged(facts)
    if before is None:
        return []
    heard = f"it was last heard {span(before.waited)} after the newest octets were sent"
    return [f"{heard}, and had not acknowledged all of them"]


def _certainty(peer: End) -> str:
    """A capture without a packet of the peer's may have been taken where its packets do not pass.

    One that lacks octets of it may lack its acknowledgements too.
    """
    if not peer.side.packets:
        return "possible"
    return "certain" if not peer.missing else "likely"


def _one_way(peer: End) -> list[str]:
    return [] if peer.side.packets else [f"but the capture holds no packet of the {peer.called}'s at all"]


def _arrived(facts: Facts, end: End, peer: End) -> list[str]:
    """What the captures of both hosts tell of the last packets of either: whether they got to the other one."""
    words = []
    for one, other in ((end, peer), (peer, end)):
        found = lost(facts, one)
        if found is None:
            continue
        there = f"the capture next to the {other.called}"
        last = f"the {one.called}'s last {count(found.number, 'packet')}, from packet {found.first} on,"
        if found.number and found.later_ns is None:
            words.append(f"{last} are not in {there}, which may have ended before")
        elif found.number and found.later_ns is not None:
            words.append(f"{last} did not arrive: {there} has none of them, and goes on for {span(found.later_ns)}")
        elif one is end:
            words.append(f"the {one.called}'s last packets arrived: {there} holds them")
    return words


def _turned_back(facts: Facts) -> list[str]:
    """What an ICMP error says of the connection's segments: a path that carries small packets alone, for one."""
    back = turned_back(facts)
    return [f"{back.sender} says in packet {back.at.packet}: {back.words}"] if back is not None and back.at else []
