"""Two worlds, one capture: where the packets leave open who closed first, it is not called certain.

All worlds of a few steps are played (small_worlds.py). What several of them leave alike is put to capanalyze once, and
its answer is held against the truth of each.
"""

from collections import defaultdict

import pytest

from capanalyze.api import read_files
from capanalyze.capture.files import from_bytes
from capanalyze.report.report import ConnectionReport
from tests.conversation import pcap_of_frames
from tests.tcp.small_worlds import CLIENT, SERVER, Tape, captured, seen_of, worlds

Truths = dict[Tape, set[frozenset[str | None]]]

ROUND_TRIP_NS = 60_000_000


def possible(steps: int, at: str, losses: int, misses: int, *, rest: bool, swapped: bool) -> Truths:
    """What may be captured, and who may have closed first; ``rest``: the capture goes on until all has happened."""
    found: Truths = defaultdict(set)
    for world in worlds(steps, at, losses):
        if world.at_rest or not rest:
            for tape in seen_of(world, misses, swapped):
                found[tape].add(world.closers)
    found.pop((), None)
    return found


def report(tape: Tape, *, rest: bool) -> ConnectionReport:
    """What is told of a capture that ends with the last packet, or long after it."""
    frames = [(packet.ts_ns, packet.frame(), len(packet.frame())) for packet in captured(tape, 50000, ROUND_TRIP_NS)]
    if rest:
        frames.append((frames[-1][0] + 10**10, b"\xff" * 12 + b"\x08\x06" + bytes(46), 60))  # ARP, much later
    return read_files([from_bytes(pcap_of_frames(frames), "world.pcap")]).connections[0]


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
        close = report(tape, rest=rest).close
        if close is not None and close.certainty == "certain":
            sure += 1
            wrong += [(tape, close.first, truth) for truth in truths if close.first not in truth]

    assert wrong == []
    assert sure > 10  # nor is everything called likely


@pytest.mark.parametrize("at", [CLIENT, SERVER])
def test_where_nothing_is_lost_or_missed_closer_and_states_are_right(at: str) -> None:
    for world in worlds(7, at, losses=0):
        if world.at_rest and world.tape:
            found = report(world.tape, rest=True)

            assert (found.close.first if found.close is not None else None) in world.closers, world.tape
            assert found.states == {name: world.state(name) for name in (CLIENT, SERVER)}, world.tape
