"""The states in the end are those of every world that explains the capture with the fewest packets missed.

All worlds of a few steps are played (small_worlds.py). A capture that none of them leaves whole tells by that itself
that it lacks packets, so its states are either those of all worlds that explain it, or UNKNOWN.
"""

from collections.abc import Collection, Iterable
from itertools import combinations

import pytest

from tests.tcp.small_stack import CLIENT, CLOSED, ENDS, SYN_SENT, Tape
from tests.tcp.small_worlds import OPENING, World, report, unopened, worlds

Explained = dict[Tape, tuple[int, list[World]]]


def explained(steps: int, beginnings: Iterable[World], losses: int, misses: int, opening: Tape) -> Explained:
    """What may be captured, how many packets that lacks at least, and the worlds that leave it with so few missed."""
    found: Explained = {}
    for world in worlds(steps, beginnings, losses):
        if not world.at_rest:
            continue
        tape = (*opening, *world.tape)
        for missing in range(misses + 1):
            for gone in combinations(range(len(tape)), missing):
                seen = tuple(sent for place, sent in enumerate(tape) if place not in gone)
                least, known = found.get(seen, (missing + 1, []))
                if missing < least:
                    found[seen] = (missing, [world])
                elif missing == least:
                    known.append(world)
    found.pop((), None)
    return found


def truths(known: Collection[World], name: str, told: str) -> set[str]:
    """The states that an end may be in; SYN_SENT is that of a client which may have given up without a word."""
    states = {world.end(name).state for world in known if not world.reset_lost}
    return states - {CLOSED} if told == SYN_SENT else states


@pytest.mark.parametrize("at", ENDS)
@pytest.mark.parametrize(
    ("opened", "steps", "losses", "misses"),
    [
        (True, 7, 0, 1),
        (True, 6, 0, 2),
        (True, 8, 1, 1),
        (False, 9, 0, 1),
        (False, 8, 1, 1),
    ],
)
def test_where_the_capture_lacks_packets_the_states_are_right_or_unknown(
    opened: bool, steps: int, losses: int, misses: int, at: str
) -> None:
    beginnings, opening = ([World(at)], OPENING) if opened else (unopened(at), ())
    wrong, known = [], 0
    for tape, (missing, few) in explained(steps, beginnings, losses, misses, opening).items():
        states = report(tape, rest=True).connections[-1].states
        for name in ENDS:
            told = states[name]
            lone = told == SYN_SENT and all(sent.sender == CLIENT for sent in tape)  # contract.md: SYN only
            if told != "UNKNOWN" and not lone:
                known += 1
                wrong += [(tape, missing, name, told, true) for true in truths(few, name, told) if true != told]

    assert wrong == []
    assert known > 100
