"""reconnect-storm: one host connects again and again, and each connection is over at once.

Why it matters: each try takes a place in the gateway's queue and may meet the client id of the try before it, so the
loop can keep alive what it tries to get round. The first try shows the cause; the others are noise.
What it is not: several clients that connect at a program's start and stay (their connections live on).
Source of the facts: failures.md 46.
"""

from collections.abc import Sequence
from itertools import pairwise
from statistics import median
from typing import Final

from capanalyze.timeline.facts import Facts
from capanalyze.timeline.findings import Finding, finding
from capanalyze.timeline.words import MINUTE, SECOND, count, endpoint, host, listing, span

ID: Final = "reconnect-storm"

WINDOW_NS: Final = MINUTE
MANY: Final = 6
"""So many short connections begun within the window are a storm: more than five a minute."""

SHORT_NS: Final = 30 * SECOND
"""Clients wait 1 to 20 s for an answer (protocol.md 6.2): what ends within this has never worked."""

LISTED: Final = 100
"""First packets that the finding cites."""

ENDS: Final = {
    "refused": "refused",
    "unanswered": "unanswered",
    "client": "closed by the client",
    "server": "closed by the gateway",
    "both": "closed by both at once",
}


def check(connections: Sequence[Facts]) -> Finding | None:
    """Fires on the largest group of short connections of one host to one listener that comes in quick succession."""
    groups: dict[tuple[bytes, bytes, int], list[tuple[int, Facts]]] = {}
    for facts in connections:
        start = facts.began.ts_ns if facts.began is not None else None
        if start is not None and is_short(facts):
            server = facts.connection.server
            key = (facts.connection.client.host, server.host, int(server.port))
            groups.setdefault(key, []).append((start, facts))
    storms = [storm for group in groups.values() if (storm := longest_run(group))]
    return told(max(storms, key=len)) if storms else None


def is_short(facts: Facts) -> bool:
    """Whether the connection was tried and was over soon."""
    lasted = facts.lasted_ns
    return ending(facts) in ENDS and lasted is not None and 0 <= lasted <= SHORT_NS


def ending(facts: Facts) -> str:
    """How it ended, a key of ENDS; "" where it did not."""
    return facts.stage if facts.stage in {"refused", "unanswered"} else facts.closer


def longest_run(group: list[tuple[int, Facts]]) -> list[tuple[int, Facts]]:
    """The longest stretch in which every MANY consecutive connections begin within the window; empty without one."""
    group = sorted(group, key=lambda entry: (entry[0], entry[1].number))
    best: list[tuple[int, Facts]] = []
    run: list[tuple[int, Facts]] = []
    for first in range(len(group) - MANY + 1):
        several = group[first : first + MANY]
        if several[-1][0] - several[0][0] > WINDOW_NS:
            run = []
            continue
        run = [*run, several[-1]] if run else several
        best = run if len(run) > len(best) else best
    return best


def told(storm: list[tuple[int, Facts]]) -> Finding:
    """The finding on a storm."""
    times = [start for start, _ in storm]
    members = [facts for _, facts in storm]
    server = members[0].connection.server
    where = endpoint(server.host, int(server.port))
    pauses = [later - earlier for earlier, later in pairwise(times)]
    usual = int(median(pauses))
    ends = [ending(facts) for facts in members]
    ids = sorted({facts.client_id for facts in members if facts.client_id is not None})
    longest = max(facts.lasted_ns or 0 for facts in members)
    tries = f"{count(len(members), 'connection')} from {host(members[0].connection.client.host)} to {where}"
    evidence = [
        f"{tries} within {span(times[-1] - times[0])}, none of which lasted longer than {span(longest)}",
        f"a new one every {span(usual)}, in the median",
        "how they ended: " + listing([f"{ends.count(end)} {words}" for end, words in ENDS.items() if end in ends]),
        f"all that sent startApi used client id {ids[0]}" if len(ids) == 1 else "",
    ]
    return finding(
        ID,
        "A client connects again and again in quick succession",
        [facts.began for facts in members[:LISTED]],
        evidence,
        severity="notice",
        advice="look at the first of these connections for the cause; wait longer after every failure (and not all "
        "clients equally long), close the old socket first, and run one reconnect loop per program",
    )
