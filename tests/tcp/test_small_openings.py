"""What is told of an opening, and of the states in the end, is true in every world that leaves the same capture.

All worlds of a few steps from a client that wants a connection are played (small_worlds.py): a listener that accepts,
refuses, ignores, has no room or aborts; a client that sends a refused SYN again (Windows) or does not; a host that
still has an older connection of the same ports.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Final

import pytest

from capanalyze.report.report import ConnectionReport
from tests.conversation import CLIENT_PORT
from tests.tcp.small_stack import CLIENT, CLOSED, ENDS, SERVER, SYN_SENT, Tape
from tests.tcp.small_worlds import World, report, seen_of, unopened, worlds

NAMED_SURELY: Final = {"syn", "syn_ack", "hello"}


def certain(told: ConnectionReport, name: str, title: str = "") -> bool:
    """Whether a finding is told as certain."""
    known = [entry for entry in told.findings if entry.id == name and entry.title.startswith(title)]
    return any(entry.certainty == "certain" for entry in known)


Claim = tuple[Callable[[ConnectionReport], bool], Callable[[World], bool]]

CLAIMS: Final[dict[str, Claim]] = {
    "the client is the server": (
        lambda told: told.roles_from in NAMED_SURELY and told.client.port != CLIENT_PORT,
        lambda world: world.client.stage == world.server.stage == SYN_SENT,
    ),
    "it was opened in full": (lambda told: told.opened == "complete", lambda world: world.client.was_open),
    "it was refused": (
        lambda told: told.opened == "refused" and told.close is not None and told.close.certainty == "certain",
        lambda world: world.server.refused,
    ),
    "the port was closed": (lambda told: certain(told, "port-refused"), lambda world: world.server.refused),
    "nothing answered": (
        lambda told: certain(told, "syn-unanswered", "Nothing"),
        lambda world: all(sent.sender == CLIENT for sent in world.tape),
    ),
    "no connection came about": (
        lambda told: "no connection came about" in told.verdict,
        lambda world: not world.client.was_open,
    ),
    "the client said nothing": (
        lambda told: certain(told, "client-never-speaks"),
        lambda world: not world.client.spoken,
    ),
    "neither side said anything": (
        lambda told: "neither side" in told.verdict and told.close is not None,
        lambda world: not (world.client.heard or world.server.heard),
    ),
    "the gateway's host has the hello": (
        lambda told: certain(told, "accepted-but-silent"),
        lambda world: world.server.heard,
    ),
    "the gateway said nothing": (
        lambda told: certain(told, "accepted-but-silent") or certain(told, "closed-without-answer"),
        lambda world: not world.server.spoken,
    ),
    "the gateway is open": (
        lambda told: certain(told, "gateway-leaks-close-wait"),
        lambda world: world.server.state == "CLOSE_WAIT",
    ),
    "the client is open": (
        lambda told: certain(told, "client-leaks-close-wait"),
        lambda world: world.client.state == "CLOSE_WAIT",
    ),
    "octets are missing": (
        lambda told: sum(told.missing.values()) > 1,
        lambda world: world.client.spoken or world.server.spoken,
    ),
}
"""What may be claimed of a connection: whether it is, and whether it is true."""


def captures(
    steps: int, at: str, losses: int, misses: int, *, rest: bool, swapped: bool
) -> Iterator[tuple[Tape, set[World]]]:
    """What may be captured, and the worlds that leave it."""
    found: dict[Tape, set[World]] = defaultdict(set)
    for world in worlds(steps, unopened(at), losses):
        if world.at_rest or not rest:
            for tape in seen_of(world, misses, swapped):
                found[tape].add(world)
    found.pop((), None)
    yield from found.items()


@pytest.mark.parametrize("at", ENDS)
@pytest.mark.parametrize(
    ("steps", "losses", "misses", "swapped", "rest"),
    [
        (9, 0, 0, False, False),
        (9, 0, 0, True, True),
        (9, 1, 0, False, True),
        (8, 0, 1, False, True),
        (7, 1, 1, False, False),
    ],
)
def test_what_is_told_of_an_opening_is_true_in_all_worlds_that_leave_the_same_capture(
    steps: int, losses: int, misses: int, swapped: bool, rest: bool, at: str
) -> None:
    wrong, claimed = [], set()
    for tape, truths in captures(steps, at, losses, misses, rest=rest, swapped=swapped):
        told = report(tape, rest=rest).connections[-1]
        if told.close is not None and told.close.certainty == "certain":
            wrong += [(tape, told.close, world) for world in truths if told.close.first not in world.closers]
        for name, (is_claimed, is_true) in CLAIMS.items():
            if is_claimed(told):
                claimed.add(name)
                wrong += [(tape, name, world) for world in truths if not is_true(world)]

    assert wrong == []
    assert claimed >= {"it was refused", "it was opened in full", "the port was closed"}


def is_open(state: str, world: World, name: str) -> bool:
    """Whether a state is worded as open: unknown, or that of a client that may have given up without a word."""
    return state == "UNKNOWN" or (state == SYN_SENT and world.end(name).state == CLOSED)


@pytest.mark.parametrize("at", ENDS)
@pytest.mark.parametrize(("steps", "losses"), [(11, 0), (9, 1)])
def test_the_states_are_right_where_the_capture_lacks_nothing_and_no_reset_is_lost(
    steps: int, losses: int, at: str
) -> None:
    wrong, known = [], 0
    for tape, truths in captures(steps, at, losses, 0, rest=True, swapped=False):
        states = report(tape, rest=True).connections[-1].states
        for world in truths:
            if not world.reset_lost:
                told = {name: states[name] for name in (CLIENT, SERVER) if not is_open(states[name], world, name)}
                known += len(told)
                wrong += [(tape, told, world) for name, state in told.items() if state != world.end(name).state]

    assert wrong == []
    assert known > 100
