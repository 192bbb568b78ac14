"""reconnect-storm: one host connects again and again, and each connection is over at once.

Why it matters: each try takes a place in the gateway's queue and may meet the client id of the try before it, so the
loop can keep alive what it tries to get round. The first try shows the cause; the others are noise.
What it is not: a client that waits longer after every failure; several clients that connect at a program's start,
whether they stay or are all turned away; connections that are open at the same time; sessions that worked and that the
client closed; probes that never say a word (client-never-speaks).
Source of the facts: failures.md 46.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from capanalyze.timeline.across.too_many_clients import LIMIT
from capanalyze.timeline.ends import moment
from capanalyze.timeline.facts import Facts
from capanalyze.timeline.findings import Finding, finding
from capanalyze.timeline.words import MINUTE, SECOND, count, host, listing, span

ID: Final = "reconnect-storm"

WINDOW_NS: Final = MINUTE
MANY: Final = 6
"""So many short connections begun within the window are a storm: more than five a minute."""

SHORT_NS: Final = 30 * SECOND
"""Clients wait 1 to 20 s for an answer (protocol.md 6.2): what ends within this has never worked."""

BURST_NS: Final = SECOND
"""What begins within this may be the clients of a program that starts; more than a gateway takes are none."""

GROWTH: Final = (3, 4)
"""A pause of four thirds of the one before, and longer, is that of a client which backs off."""

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
    storms = [(storm, group) for group in groups.values() if is_storm(storm := longest_run(in_turn(group)))]
    return told(*max(storms, key=lambda found: len(found[0]))) if storms else None


def is_short(facts: Facts) -> bool:
    """Whether the connection was tried and was over soon, and the client did not have what it wanted of it."""
    lasted = facts.lasted_ns
    if facts.stage in {"ready", "no_data"} and facts.closer == "client":
        return False
    return ending(facts) in ENDS and lasted is not None and lasted <= SHORT_NS


def ending(facts: Facts) -> str:
    """How it ended, a key of ENDS; "" where it did not."""
    return facts.stage if facts.stage in {"refused", "unanswered"} else facts.closer


def over(facts: Facts) -> int:
    """When a try was over, for the next one to begin: its close, or its last packet."""
    end = facts.close or moment(facts.connection.last_packet, facts.connection.last_ts)
    return end.ts_ns if end is not None and end.ts_ns is not None else 0


def in_turn(group: list[tuple[int, Facts]]) -> list[tuple[int, Facts]]:
    """As many of the tries as follow one another: each begins when the one before is over."""
    chain: list[tuple[int, Facts]] = []
    for start, facts in sorted(group, key=lambda entry: (over(entry[1]), entry[0], entry[1].number)):
        if not chain or start >= over(chain[-1][1]):
            chain.append((start, facts))
    return chain


def is_storm(run: list[tuple[int, Facts]]) -> bool:
    """Whether a run is more than clients that a program starts at once, or one that waits longer every time."""
    if not run or backs_off(run):
        return False
    return run[-1][0] - run[0][0] >= BURST_NS or len(run) > LIMIT


def backs_off(run: list[tuple[int, Facts]]) -> bool:
    """Whether every pause but the first is longer than the one before by GROWTH: what the advice asks for."""
    pauses = [later - earlier for (earlier, _), (later, _) in pairwise(run)][1:]
    return all(later * GROWTH[0] >= earlier * GROWTH[1] > 0 for earlier, later in pairwise(pauses))


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


def proven(storm: list[tuple[int, Facts]], group: list[tuple[int, Facts]]) -> bool:
    """Whether it is one client: by its id, or as nobody named one and no other try went on meanwhile."""
    ids = {facts.client_id for _, facts in storm}
    meanwhile = sum(1 for start, _ in group if storm[0][0] <= start <= storm[-1][0])
    return len(ids) == 1 and (None not in ids or meanwhile == len(storm))


def told(storm: list[tuple[int, Facts]], group: list[tuple[int, Facts]]) -> Finding:
    """The finding on a storm among all the short connections of its host."""
    from statistics import median  # noqa: PLC0415 - it costs 10 ms of every start and is for storms only

    times = [start for start, _ in storm]
    members = [facts for _, facts in storm]
    pauses = [later - earlier for earlier, later in pairwise(times)]
    usual = int(median(pauses))
    ends = [ending(facts) for facts in members]
    ids = sorted({facts.client_id for facts in members if facts.client_id is not None})
    longest = max(facts.lasted_ns or 0 for facts in members)
    client, server = host(members[0].connection.client.host), members[0].server.address
    tries = f"{count(len(members), 'connection')} from {client} to {server}"
    evidence = [
        f"{tries} within {span(times[-1] - times[0])}, none of which lasted longer than {span(longest)}",
        f"a new one every {span(usual)}, in the median",
        "how they ended: " + listing([f"{ends.count(end)} {words}" for end, words in ENDS.items() if end in ends]),
        f"all that sent startApi used client id {ids[0]}" if len(ids) == 1 else "",
        "" if ids else "none named its client id: whether it is one client or several, nothing tells",
    ]
    return finding(
        ID,
        f"A {'client' if ids else 'host'} connects again and again in quick succession",
        [facts.began for facts in members[:LISTED]],
        evidence,
        severity="notice",
        certainty="certain" if proven(storm, group) else "likely",
        advice="look at the first of these connections for the cause; wait longer after every failure (and not all "
        "clients equally long), close the old socket first, and run one reconnect loop per program",
    )
