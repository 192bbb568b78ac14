"""Untold: what those sessions share that are counted only, as their connections are (tcp/table.py).

In: their frames and milestones. Out: frames by kind, of all of them together, and how far each got. Such a session
has no pairing and no times of its own, and keeps no messages, though all of them may be wanted as they come: it is a
few hundred octets, and there may be 20,000 at a time.
"""

from typing import Final

from mypy_extensions import i64

from capanalyze.tws.frames import BINARY, INDEXES, PROTOBUF, index_name
from capanalyze.tws.message import MANAGED_ACCOUNTS, NEXT_VALID_ID, START_API, Message
from capanalyze.tws.milestones import Milestones
from capanalyze.tws.pairing import Pairing
from capanalyze.tws.walker import ALWAYS, Walker
from capanalyze.tws.watch import Watch


def _watched(*numbers: int) -> bytes:
    table = bytearray(INDEXES)
    for number in numbers:
        for index in (number, BINARY + number, BINARY + PROTOBUF + number):
            table[index] = ALWAYS
    return bytes(table)


WATCH_CLIENT: Final = _watched(START_API)
WATCH_SERVER: Final = _watched(NEXT_VALID_ID, MANAGED_ACCOUNTS)
"""Walker's ``watch`` of a session that is counted only, until it is ready."""

BITS: Final = {
    "hello_sent": 1,
    "server_answered": 2,
    "start_api_sent": 4,
    "next_valid_id": 8,
    "managed_accounts": 16,
}
"""Milestones in ``SessionState.progress``."""

READY: Final = 8 | 16
"""Both answers to startApi: next_valid_id and managed_accounts."""


def milestone(from_client: bool, number: i64) -> i64:
    """The bit of the milestone that a message makes, 0 for none."""
    if from_client:
        return BITS["start_api_sent"] if number == START_API else 0
    if number == NEXT_VALID_ID:
        return BITS["next_valid_id"]
    return BITS["managed_accounts"] if number == MANAGED_ACCOUNTS else 0


class Untold:
    """The one object that stands in all of them for what a session told in full has of its own.

    Attributes:
        client, server: their frames by index, from either side.
        sessions: how many there were. reached: how many of them got how far (``stage``).
        given_up: how many could not be followed to their end, for want of room.
        client_hellos, server_hellos: how many of them greeted.
        milestones, pairing, watch, names, counts, messages: empty, never written to.
    """

    def __init__(self) -> None:
        self.client: Walker = Walker()
        self.server: Walker = Walker()
        self.sessions: i64 = 0
        self.given_up: i64 = 0
        self.reached: dict[str, int] = {}
        self.client_hellos: i64 = 0
        self.server_hellos: i64 = 0
        self.milestones: Milestones = Milestones()
        self.pairing: Pairing = Pairing()
        self.watch: Watch = Watch(self.pairing)
        self.names: list[str] = []
        self.counts: dict[str, int] = {}
        self.messages: list[Message] = []
        self.client.widen()  # before any stream shares them
        self.server.widen()

    def add(self, stage: str) -> None:
        """Count a session that is over."""
        self.sessions += 1
        self.reached[stage] = self.reached.get(stage, 0) + 1

    def greeted(self, from_client: bool) -> None:
        """Count a hello."""
        if from_client:
            self.client_hellos += 1
        else:
            self.server_hellos += 1

    def names_of(self, from_client: bool) -> dict[str, int]:
        """The messages of one side by name, hellos included."""
        hellos = self.client_hellos if from_client else self.server_hellos
        found: dict[str, int] = {"hello": hellos} if hellos != 0 else {}
        for index, count in (self.client if from_client else self.server).by_index().items():
            name = index_name(from_client, index)
            found[name] = found.get(name, 0) + count
        return found


def _stages() -> list[str]:
    found = [""] * (2 * max(BITS.values()))
    for progress in range(len(found)):
        for name, bit in BITS.items():
            if progress & bit:
                found[progress] = "ready" if progress & READY == READY else name
    return found


_STAGES: Final = _stages()


def stage(progress: i64) -> str:
    """The last milestone that a session reached, "" for none."""
    return _STAGES[progress]
