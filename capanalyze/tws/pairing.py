"""Which requests wait for their first answer, and what the hot loop has to look at to see it.

In: the client's requests and the server's answers, each with its id and key. Out: ``unanswered``, the server's
message ids that can answer something (``expected``), and a tally of how it went. Rows: schema/pairs.py.
"""

from collections import deque
from typing import Final

from mypy_extensions import i64

from capanalyze.tws.error_codes import refuses
from capanalyze.tws.room import Room
from capanalyze.tws.rows import Row, answers_rule, cancelled_by, ended_by, key_at, place_of, refused, row_of, rows
from capanalyze.tws.schema import name_of
from capanalyze.tws.tally import Tally, Times

WAITING: Final = 1000
"""Requests that may wait at a time; more are counted only (``tally.not_followed``)."""

RUNNING: Final = 1000
"""Answered requests of which more may come that are followed at a time: their ends and their ids in use."""

ERROR: Final = 4
ID_IN_USE: Final = 102
HISTORICAL_DATA: Final = 17
HISTORICAL_DATA_END_SINCE: Final = 196
"""Before this server version historicalData is the end itself; from it on historicalDataEnd follows."""

NO_KEY: Final = -(1 << 62)


def id_of(row: Row, key: i64) -> int | None:
    """The request, order or rule id that a key is; None where it is none."""
    return None if row.keyless or key == NO_KEY else key


class Waiting:
    """A request without an answer so far; ``request_id`` is None where it has no key."""

    __slots__ = ("ended", "key", "message_id", "packet", "row", "ts_ns")

    def __init__(self, message_id: i64, row: Row, key: i64, packet: i64, ts_ns: i64) -> None:
        self.message_id: i64 = message_id
        self.row: Row = row
        self.key: i64 = key
        self.packet: i64 = packet
        self.ts_ns: i64 = ts_ns
        self.ended: bool = False

    @property
    def name(self) -> str:
        """The API user's name of the request."""
        return name_of(True, self.message_id)

    @property
    def request_id(self) -> int | None:
        """The request, order or rule id."""
        return id_of(self.row, self.key)


class Pairing:
    """The open requests of one session."""

    def __init__(self, room: Room | None = None) -> None:
        self.room: Room = room if room is not None else Room()
        self.by_key: dict[int, list[Waiting]] = {}
        self.keyless: dict[int, deque[Waiting]] = {}  # by the request's message id
        self.waiting: i64 = 0
        self.open: dict[int, int] = {}  # request's message id -> how many of them wait
        self.changed: bool = False  # ``open`` got or lost an id since this was cleared
        self.running: dict[int, Waiting] = {}  # answered, and more may come, by _spot; the youngest where ids repeat
        self.server_version: i64 = 0
        self.tally: Tally = Tally()

    def request(self, message_id: i64, key: i64, packet: i64, ts_ns: i64, ready: bool = True) -> bool:
        """A request was sent; ``key`` is NO_KEY where it has none. Tell if it is the first to wait for that key."""
        cancelled = cancelled_by(message_id)
        if cancelled != 0:
            self._cancel(cancelled, key)
        row = row_of(message_id)
        if row is None or (key == NO_KEY and not row.keyless):
            return False
        self.tally.kind(message_id).sent += 1
        if not ready:
            self.tally.too_early(message_id, id_of(row, key), packet, ts_ns)
        if self.waiting >= WAITING or self.room.full():
            self.tally.not_followed += 1
            return False
        waiting = Waiting(message_id, row, key, packet, ts_ns)
        self.waiting += 1
        self.room.waiting += 1
        self._count(message_id, 1)
        if row.keyless:
            self.keyless.setdefault(message_id, deque()).append(waiting)
            return False
        place = place_of(key, row.rule)
        others = self.by_key.get(place)
        if not row.again and (_spot(waiting) in self.running or _has(others, message_id)):
            self.tally.repeat(message_id, key, packet, ts_ns)
        if others is not None:
            others.append(waiting)
            return False
        self.by_key[place] = [waiting]
        return True

    def answer(self, message_id: i64, key: i64, ts_ns: i64 = -1) -> None:
        """A message of the server that is no error: the requests that it answers wait no more."""
        if len(self.keyless) != 0:
            self._by_kind(message_id, ts_ns)
        if len(self.running) != 0:
            self._end(message_id, key, ts_ns)
        if key == NO_KEY:
            return
        place = place_of(key, answers_rule(message_id))
        found = self.by_key.get(place)
        if found is None:
            return
        left: list[Waiting] = []
        for waiting in found:
            if message_id in waiting.row.answers:
                self._answered(waiting, message_id, ts_ns)
            else:
                left.append(waiting)
        self._put(place, left)

    def _by_kind(self, message_id: i64, ts_ns: i64) -> None:
        """The oldest of each kind without a key is answered, but for an older one whose end has not come yet."""
        for number in list(self.keyless):
            row = rows()[number]
            if message_id in row.answers:
                before = self.running.get(number)
                if before is None or before.ended or row.end == 0:
                    found = self.keyless[number]
                    self._answered(found.popleft(), message_id, ts_ns)
                    if not found:
                        del self.keyless[number]

    def _answered(self, waiting: Waiting, message_id: i64, ts_ns: i64) -> None:
        """The first answer came; more may follow."""
        self._done(waiting)
        kind = self.tally.kind(waiting.message_id)
        kind.answered += 1
        _time(kind.first, waiting, ts_ns)
        row = waiting.row
        ended = message_id == row.end or (
            message_id == HISTORICAL_DATA and 0 < self.server_version < HISTORICAL_DATA_END_SINCE
        )
        if ended:
            waiting.ended = True
            kind.ended += 1
            _time(kind.end, waiting, ts_ns)
        over = ended and (row.whole or not row.stream)
        if not over and (row.stream or row.end != 0) and len(self.running) < RUNNING:
            self.running[_spot(waiting)] = waiting

    def _end(self, message_id: i64, key: i64, ts_ns: i64) -> None:
        """An end marker may end requests that were answered before."""
        for number in ended_by(message_id):
            spot = _spot_of(number, NO_KEY if rows()[number].keyless else key)
            waiting = self.running.get(spot)
            if waiting is not None and not waiting.ended:
                waiting.ended = True
                kind = self.tally.kind(number)
                kind.ended += 1
                _time(kind.end, waiting, ts_ns)
                if waiting.row.whole or not waiting.row.stream:
                    del self.running[spot]

    def expected(self) -> dict[int, bool]:
        """Ids of the server's messages that can answer something that waits, and whether by their kind alone."""
        ids: dict[int, bool] = {}
        for message_id in self.open:
            row = rows()[message_id]
            for answer in row.answers:
                ids[answer] = row.keyless or ids.get(answer, False)
        return ids

    def waiting_keys(self) -> list[int]:
        """The keys that wait, as they are on the wire."""
        return [key_at(place) for place in self.by_key]

    def unanswered(self) -> list[Waiting]:
        """What waits still, in capture order."""
        every: list[Waiting] = []
        for same in self.keyless.values():
            every.extend(same)
        for found in self.by_key.values():
            every.extend(found)
        every.sort(key=_packet_of)
        return every

    def refuse(self, message_id: i64, ts_ns: i64 = -1) -> None:
        """An error without an id answered the open requests of a kind that has no key."""
        for waiting in self.keyless.pop(message_id, ()):
            self._failed(waiting, ts_ns)

    def _failed(self, waiting: Waiting, ts_ns: i64) -> None:
        """An error was the first answer."""
        self._done(waiting)
        kind = self.tally.kind(waiting.message_id)
        kind.errors += 1
        _time(kind.first, waiting, ts_ns)

    def error(self, key: i64, code: i64, ts_ns: i64 = -1) -> None:
        """An error answers the youngest request with its id, be it a request's or an order's.

        Where none waits, it may be the end of one that was answered before: its id is free again.
        """
        youngest: Waiting | None = None
        place: i64 = key
        for candidate in (key, place_of(key, True)):
            for waiting in self.by_key.get(candidate, ()):
                if youngest is None or waiting.packet >= youngest.packet:
                    youngest = waiting
                    place = candidate
        if youngest is None:
            if code != ID_IN_USE and refuses(code):
                self._stop(key)
            return
        if refused(youngest.message_id, code):
            self._failed(youngest, ts_ns)
        else:
            self._answered(youngest, ERROR, ts_ns)
        self._put(place, [waiting for waiting in self.by_key[place] if waiting is not youngest])

    def _stop(self, key: i64) -> None:
        """The youngest answered request with that id gets no more."""
        youngest: Waiting | None = None
        for number, row in rows().items():
            if not row.keyless:
                waiting = self.running.get(_spot_of(number, key))
                if waiting is not None and (youngest is None or waiting.packet >= youngest.packet):
                    youngest = waiting
        if youngest is not None:
            del self.running[_spot(youngest)]

    def _cancel(self, message_id: i64, key: i64) -> None:
        row = rows()[message_id]
        number: i64 = 0
        if self.running.pop(_spot_of(message_id, NO_KEY if row.keyless else key), None) is not None:
            number = 1
        if row.keyless:
            for waiting in self.keyless.pop(message_id, ()):
                self._done(waiting)
                number += 1
        else:
            found = self.by_key.get(key)
            if found is not None:
                for waiting in found:
                    if waiting.message_id == message_id:
                        self._done(waiting)
                        number += 1
                self._put(key, [waiting for waiting in found if waiting.message_id != message_id])
        if number != 0:
            self.tally.kind(message_id).cancelled += number

    def _put(self, place: i64, left: list[Waiting]) -> None:
        if left:
            self.by_key[place] = left
        else:
            del self.by_key[place]

    def _done(self, waiting: Waiting) -> None:
        self.waiting -= 1
        self.room.waiting -= 1
        self._count(waiting.message_id, -1)

    def _count(self, message_id: i64, by: i64) -> None:
        before: i64 = self.open.get(message_id, 0)
        if before + by == 0:
            del self.open[message_id]
        else:
            self.open[message_id] = before + by
        if before == 0 or before + by == 0:
            self.changed = True


def _has(others: list[Waiting] | None, message_id: i64) -> bool:
    """Whether one of them is of that kind."""
    if others is not None:
        for other in others:
            if other.message_id == message_id:
                return True
    return False


def _spot_of(message_id: int, key: int) -> int:
    """One number for a kind of request and its key, where it has one."""
    return message_id if key == NO_KEY else (key << 8) + message_id


def _spot(waiting: Waiting) -> int:
    return _spot_of(waiting.message_id, NO_KEY if waiting.row.keyless else waiting.key)


def _time(times: Times, waiting: Waiting, ts_ns: i64) -> None:
    """Take the time since the request, where the packets have one and the clock was not set back between them."""
    if ts_ns >= waiting.ts_ns >= 0:
        times.add(ts_ns - waiting.ts_ns, waiting.packet)


def _packet_of(waiting: Waiting) -> int:
    return waiting.packet
