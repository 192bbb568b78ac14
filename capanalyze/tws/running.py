"""Requests that were answered and of which more may come: which ids are in use, and which lists have not ended.

In: what pairing.py saw answered. Out: ``by_spot``, the kinds of which a list has begun (``begun``: their answers are
looked at until the end marker comes), and the lists that have none in the end (``unfinished``).
"""

from typing import Final

from mypy_extensions import i64

from capanalyze.tws.rows import Row, can_be_about, rows
from capanalyze.tws.schema import name_of

RUNNING: Final = 1000
"""Answered requests of which more may come that are followed at a time: their ends and their ids in use."""

HISTORICAL_DATA: Final = 17
HISTORICAL_SCHEDULE: Final = 106
HISTORICAL_DATA_END: Final = 108
HISTORICAL_DATA_END_SINCE: Final = 196
"""Before this server version historicalData is the end itself; from it on historicalDataEnd follows."""

NO_KEY: Final = -(1 << 62)

OPEN_KEY: Final = NO_KEY + 1
"""There is a key, and nothing tells which field it is: that depends on the server version."""


def id_of(row: Row, key: i64) -> int | None:
    """The request, order or rule id that a key is; None where it is none, or not known."""
    return None if row.keyless or key <= OPEN_KEY else key


def ends(row: Row, message_id: i64, server_version: i64) -> bool:
    """Whether no more of a list comes after that answer: it is the end marker, or one that has none after it."""
    whole = message_id == HISTORICAL_DATA and 0 < server_version < HISTORICAL_DATA_END_SINCE
    return whole or message_id in {row.end, HISTORICAL_SCHEDULE}


def count(kinds: dict[int, int], message_id: i64, by: i64) -> bool:
    """Count requests of a kind, by its message id; whether it is the first of the kind, or there is none any more."""
    before: i64 = kinds.get(message_id, 0)
    if before + by == 0:
        del kinds[message_id]
    else:
        kinds[message_id] = before + by
    return before == 0 or before + by == 0


class Waiting:
    """A request without an answer so far, or (``last_*``: when the newest one came) one of which more may come.

    ``request_id`` is None where it has no key; ``number`` is its place among the client's messages.
    """

    __slots__ = ("ended", "key", "last_packet", "last_ts", "message_id", "number", "packet", "row", "ts_ns")

    def __init__(self, message_id: i64, row: Row, key: i64, packet: i64, ts_ns: i64, number: i64 = 0) -> None:
        self.message_id: i64 = message_id
        self.row: Row = row
        self.key: i64 = key
        self.packet: i64 = packet
        self.ts_ns: i64 = ts_ns
        self.number: i64 = number
        self.ended: bool = False
        self.last_packet: i64 = 0
        self.last_ts: i64 = -1

    @property
    def name(self) -> str:
        """The API user's name of the request."""
        return name_of(True, self.message_id)

    @property
    def request_id(self) -> int | None:
        """The request, order or rule id."""
        return id_of(self.row, self.key)

    @property
    def unended(self) -> bool:
        """Whether its answers are a list whose end marker has not come."""
        return self.row.listing and not self.ended

    @property
    def spot(self) -> int:
        """One number for its kind and its key."""
        return _spot_of(self.message_id, NO_KEY if self.row.keyless else self.key)


class Running:
    """Answered requests of one session of which more may come; ``changed``: ``begun`` got or lost a kind."""

    def __init__(self) -> None:
        self.by_spot: dict[int, Waiting] = {}  # the youngest where ids repeat
        self.by_key: dict[int, int] = {}  # key -> how many have it
        self.begun: dict[int, int] = {}  # request's message id -> how many lists of that kind have not ended
        self.changed: bool = False

    def add(self, waiting: Waiting) -> None:
        """The first answer came."""
        if len(self.by_spot) >= RUNNING:
            return
        self.drop(waiting.spot)
        self.by_spot[waiting.spot] = waiting
        count(self.by_key, waiting.key, 1)
        if waiting.unended:
            self._count(waiting.message_id, 1)

    def of(self, row: Row, message_id: i64, key: i64) -> Waiting | None:
        """The one of that kind with that key, where the kind has keys."""
        return self.by_spot.get(_spot_of(message_id, NO_KEY if row.keyless else key))

    def heard(self, message_id: i64, key: i64, packet: i64, ts_ns: i64) -> None:
        """The server sent a message: the lists that it belongs to have come that far."""
        for number in self.begun:
            row = rows()[number]
            if message_id in row.answers:
                waiting = self.of(row, number, key)
                if waiting is not None:
                    waiting.last_packet = packet
                    waiting.last_ts = ts_ns

    def end(self, waiting: Waiting) -> None:
        """The end marker came."""
        if waiting.unended:
            self._count(waiting.message_id, -1)
        waiting.ended = True
        if waiting.row.whole or not waiting.row.stream:
            del self.by_spot[waiting.spot]
            count(self.by_key, waiting.key, -1)

    def drop(self, spot: int) -> bool:
        """Nothing more is expected there; whether something was."""
        waiting = self.by_spot.pop(spot, None)
        if waiting is None:
            return False
        count(self.by_key, waiting.key, -1)
        if waiting.unended:
            self._count(waiting.message_id, -1)
        return True

    def youngest(self, key: i64, code: i64) -> Waiting | None:
        """The youngest with that key that an error with that code can be about."""
        youngest: Waiting | None = None
        for waiting in self._about(key, code):
            if youngest is None or waiting.packet >= youngest.packet:
                youngest = waiting
        return youngest

    def number(self, key: i64, code: i64) -> int:
        """How many there are with that key that it can be about."""
        return len(self._about(key, code))

    def _about(self, key: i64, code: i64) -> list[Waiting]:
        found: list[Waiting] = []
        if key not in self.by_key:
            return found
        for number, row in rows().items():
            waiting = None if row.keyless else self.of(row, number, key)
            if waiting is not None and can_be_about(number, code):
                found.append(waiting)
        return found

    def unended(self) -> list[Waiting]:
        """The lists that have begun and not ended, in capture order."""
        found: list[Waiting] = []
        if len(self.begun) != 0:
            found = [waiting for waiting in self.by_spot.values() if waiting.unended]
            found.sort(key=packet_of)
        return found

    def unfinished(self, server_version: i64) -> list[Waiting]:
        """Those that have an end marker for certain: which historical data have, the version says."""
        known = server_version != 0
        return [waiting for waiting in self.unended() if known or waiting.row.end != HISTORICAL_DATA_END]

    def _count(self, message_id: i64, by: i64) -> None:
        if count(self.begun, message_id, by):
            self.changed = True


def _spot_of(message_id: int, key: int) -> int:
    """One number for a kind of request and its key, where it has one."""
    return message_id if key == NO_KEY else (key << 8) + message_id


def packet_of(waiting: Waiting) -> int:
    """Sort key of these."""
    return waiting.packet
