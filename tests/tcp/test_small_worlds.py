"""Two worlds, one capture: where the packets leave open who closed first, it is not called certain.

All worlds of a few steps are played (small_worlds.py). What several of them leave alike is put to capanalyze once, and
its answer is held against the truth of each.
"""

from collections import defaultdict

import pytest

from tests.tcp.small_stack import CLIENT, SERVER, Tape
from tests.tcp.small_worlds import OPENING, World, report, seen_of, worlds

Truths = dict[Tape, set[frozenset[str | None]]]


def possible(steps: int, at: str, losses: int, misses: int, *, rest: bool, swapped: bool) -> Truths:
    """What may be captured, and who may have closed first; ``rest``: the capture goes on until all has happened."""
    found: Truths = defaultdict(set)
    for world in worlds(steps, [World(at)], losses):
        if world.at_rest or not rest:
            for tape in seen_of(world, misses, swapped):
                found[tape].add(world.closers)
    found.pop((), None)
    return found


@pytest.mark.parametrize("at", [CLIENT, SERVER])
@pytest.mark.parametrize(
    ("steps", "losses", "misses", "swapped", "rest"),
    [
        (6, 0, 0, False, False),
        (5, 1, 1, False, False),
        (7, 0, 0, True, True),
        (8, 0, 1, False, True),
        (8, 1, 0, False, True),
    ],
)
def test_what_two_worlds_leave_alike_is_certain_only_where_both_have_that_truth(
    steps: int, losses: int, misses: int, swapped: bool, rest: bool, at: str
) -> None:
    wrong, sure = [], 0
    for tape, truths in possible(steps, at, losses, misses, rest=rest, swapped=swapped).items():
        close = report((*OPENING, *tape), rest=rest).connections[0].close
        if close is not None and close.certainty == "certain":
            sure += 1
            wrong += [(tape, close.first, truth) for truth in truths if close.first not in truth]

    assert wrong == []
    assert sure > 10  # nor is everything called likely


@pytest.mark.parametrize("at", [CLIENT, SERVER])
def test_where_nothing_is_lost_or_missed_closer_and_states_are_right(at: str) -> None:
    for world in worlds(7, [World(at)], losses=0):
        if world.at_rest and world.tape:
            found = report((*OPENING, *world.tape), rest=True).connections[0]

            assert (found.close.first if found.close is not None else None) in world.closers, world.tape
            assert found.states == {name: world.end(name).state for name in (CLIENT, SERVER)}, world.tape
