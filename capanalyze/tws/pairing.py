"""Which requests wait for their first answer, and what the hot loop has to look at to see it.

In: the client's requests and the server's answers, each with its id and key. Out: ``unanswered``, the server's
message ids that can answer something (``expected``), and a tally of how it went. Rows: schema/pairs.py.
"""

from typing import Final

from mypy_extensions import i64

from capanalyze.tcp.room import Room
from capanalyze.tws.error_codes import refuses
from capanalyze.tws.message import ERROR
from capanalyze.tws.pace import Answered, Pace
from capanalyze.tws.rows import (
    CANCEL_ORDER,
    PLACE_ORDER,
    answers_rule,
    can_be_about,
    cancelled_by,
    ended_by,
    key_at,
    meant,
    place_of,
    refused,
    row_of,
    rows,
)
from capanalyze.tws.running import NO_KEY, OPEN_KEY, Running, Waiting, count, ends, id_of, packet_of
from capanalyze.tws.schema import name_of
from capanalyze.tws.tally import GivenUp, OrderAnswered, Refused, Tally, Times

WAITING: Final = 1000
"""Requests that may wait at a time; more are counted only (``tally.not_followed``)."""

ID_IN_USE: Final = 102
"""The error code of a request whose id another one has: that one goes on."""


class Pairing:
    """The open requests of one session."""

    def __init__(self, room: Room | None = None) -> None:
        self.room: Room = room if room is not None else Room()
        self.by_key: dict[int, list[Waiting]] = {}
        self.keyless: dict[int, list[Waiting]] = {}  # by the request's message id, the oldest first
        self.waiting: i64 = 0
        self.open: dict[int, int] = {}  # request's message id -> how many of them wait
        self.changed: bool = False  # ``open`` got or lost an id since this was cleared
        self.running: Running = Running()
        self.server_version: i64 = 0  # as far as historicalDataEnd goes (keys.py, ``lists_version``)
        self.tally: Tally = Tally()
        self.pace: Pace = Pace()

    def request(
        self, message_id: i64, key: i64, packet: i64, ts_ns: i64, ready: bool = True, late: bool = False
    ) -> bool:
        """A request was sent; ``key`` is NO_KEY where it has none. Tell if it is the first to wait for that key.

        ``late``: it is told behind a hole or a search for frames, so that its answers may have passed already.
        """
        cancelled = cancelled_by(message_id)
        if cancelled != 0 and key == OPEN_KEY:
            self.forget({cancelled})
        elif cancelled != 0:
            self.cancel(cancelled, key, packet, ts_ns)
        row = row_of(message_id)
        if row is None or (key == NO_KEY and not row.keyless):
            return False
        self.tally.kind(message_id).sent += 1
        if not ready:
            self.tally.too_early(message_id, id_of(row, key), packet, ts_ns)
        if late or key == OPEN_KEY or self.waiting >= WAITING or self.room.full():
            self.tally.not_followed += 1
            return False
        waiting = Waiting(message_id, row, key, packet, ts_ns, self.pace.sent)
        self.waiting += 1
        self.room.waiting += 1
        self._count(message_id, 1)
        if row.keyless:
            self.keyless.setdefault(message_id, []).append(waiting)
            return False
        place = place_of(key, row.rule)
        others = self.by_key.get(place)
        if not row.again and (waiting.spot in self.running.by_spot or _has(others, message_id)):
            self.tally.repeat(message_id, key, packet, ts_ns)
        if others is not None:
            others.append(waiting)
            return False
        self.by_key[place] = [waiting]
        return True

    def answer(self, message_id: i64, key: i64, ts_ns: i64 = -1, packet: i64 = 0) -> None:
        """A message of the server that is no error: the requests that it answers wait no more."""
        if len(self.keyless) != 0:
            self._by_kind(message_id, ts_ns, packet)
        if len(self.running.by_spot) != 0:
            self._end(message_id, key, ts_ns)
            self.running.heard(message_id, key, packet, ts_ns)
        if key == NO_KEY:
            return
        place = place_of(key, answers_rule(message_id))
        found = self.by_key.get(place)
        if found is None:
            return
        left: list[Waiting] = []
        for waiting in found:
            if message_id in waiting.row.answers:
                self._answered(waiting, message_id, ts_ns, packet)
            else:
                left.append(waiting)
        self._put(place, left)

    def _by_kind(self, message_id: i64, ts_ns: i64, packet: i64) -> None:
        """The oldest of each kind without a key is answered, but for an older one whose end has not come yet."""
        for number in list(self.keyless):
            row = rows()[number]
            if message_id in row.answers:
                before = self.running.by_spot.get(number)
                if before is None or before.ended or row.end == 0:
                    found = self.keyless[number]
                    self._answered(found.pop(0), message_id, ts_ns, packet)
                    if not found:
                        del self.keyless[number]

    def _answered(self, waiting: Waiting, message_id: i64, ts_ns: i64, packet: i64) -> None:
        """The first answer came; more may follow."""
        self._done(waiting)
        kind = self.tally.kind(waiting.message_id)
        kind.answered += 1
        self._first(kind.first, waiting, message_id, ts_ns, packet)
        row = waiting.row
        ended = ends(row, message_id, self.server_version)
        if ended:
            waiting.ended = True
            kind.ended += 1
            _time(kind.end, waiting, ts_ns)
        over = ended and (row.whole or not row.stream)
        if not over and (row.stream or row.end != 0):
            waiting.last_packet = packet
            waiting.last_ts = ts_ns
            self.running.add(waiting)

    def _end(self, message_id: i64, key: i64, ts_ns: i64) -> None:
        """An end marker may end requests that were answered before."""
        for number in ended_by(message_id):
            waiting = self.running.of(rows()[number], number, key)
            if waiting is not None and not waiting.ended:
                self.running.end(waiting)
                kind = self.tally.kind(number)
                kind.ended += 1
                _time(kind.end, waiting, ts_ns)

    def expected(self) -> dict[int, bool]:
        """Ids of the server's messages that can answer ``followed`` requests, and whether by their kind alone."""
        ids: dict[int, bool] = {}
        for message_id in self.followed():
            row = rows()[message_id]
            for answer in row.answers:
                ids[answer] = row.keyless or ids.get(answer, False)
        return ids

    def followed(self) -> list[int]:
        """Message ids of the requests whose answers are looked at: they wait, or their list has not ended."""
        return [*self.open, *(number for number in self.running.begun if number not in self.open)]

    def followed_keys(self) -> list[int]:
        """The keys of these, as they are on the wire."""
        keys = [key_at(place) for place in self.by_key]
        keys.extend(waiting.key for waiting in self.running.unended() if not waiting.row.keyless)
        return keys

    def unanswered(self) -> list[Waiting]:
        """What waits still, in capture order."""
        every: list[Waiting] = []
        for same in self.keyless.values():
            every.extend(same)
        for found in self.by_key.values():
            every.extend(found)
        every.sort(key=packet_of)
        return every

    def refuse(self, message_id: i64, ts_ns: i64 = -1, packet: i64 = 0) -> None:
        """An error without an id answered the open requests of a kind that has no key."""
        for waiting in self.keyless.pop(message_id, ()):
            self._failed(waiting, ts_ns, packet)

    def _failed(self, waiting: Waiting, ts_ns: i64, packet: i64) -> None:
        """An error was the first answer."""
        self._done(waiting)
        kind = self.tally.kind(waiting.message_id)
        kind.errors += 1
        self._first(kind.first, waiting, ERROR, ts_ns, packet)

    def _first(self, times: Times, waiting: Waiting, message_id: i64, ts_ns: i64, packet: i64) -> None:
        """Take the time to a first answer, and what is the answer to an order."""
        if waiting.message_id in {PLACE_ORDER, CANCEL_ORDER}:
            name, answer = waiting.name, name_of(False, message_id)
            order = OrderAnswered(waiting.packet, waiting.ts_ns, name, waiting.request_id, answer, packet, ts_ns)
            self.tally.order(order)
        if ts_ns >= waiting.ts_ns >= 0:
            waited = ts_ns - waiting.ts_ns
            times.add(waited, waiting.packet)
            self.pace.answered = waiting.number
            if self.pace.bursts:
                one = Answered(waiting.number, waiting.packet, waited, packet, ts_ns)
                self.pace.answer(waiting.message_id, one)

    def error(self, key: i64, code: i64, ts_ns: i64 = -1, packet: i64 = 0) -> None:
        """An error answers the youngest request with its id that it can be about, be it a request's or an order's.

        Where none waits, it may be the end of one that was answered before: its id is free again.
        """
        youngest: Waiting | None = None
        place: i64 = key
        alone = True
        for candidate in (key, place_of(key, True)):
            for waiting in self.by_key.get(candidate, ()):
                if not can_be_about(waiting.message_id, code):
                    continue
                alone = alone and (youngest is None or youngest.message_id == waiting.message_id)
                if youngest is None or waiting.packet >= youngest.packet:
                    youngest = waiting
                    place = candidate
        if youngest is None:
            over = self.running.youngest(key, code) if code != ID_IN_USE and refuses(code) else None
            if over is not None:
                alone = self.running.number(key, code) == 1
                self.running.drop(over.spot)
                self._ended_by(over, code, ts_ns, packet, alone)
            return
        if refused(youngest.message_id, code):
            self._failed(youngest, ts_ns, packet)
            self._ended_by(youngest, code, ts_ns, packet, alone)
        else:
            self._answered(youngest, ERROR, ts_ns, packet)
        self._put(place, [waiting for waiting in self.by_key[place] if waiting is not youngest])

    def _ended_by(self, waiting: Waiting, code: i64, ts_ns: i64, packet: i64, alone: bool) -> None:
        """Name a request that an error ended."""
        name = name_of(True, meant(waiting.message_id, code))
        self.tally.refuse(Refused(waiting.packet, waiting.ts_ns, name, waiting.request_id, code, packet, alone), ts_ns)

    def cancel(self, message_id: i64, key: i64, packet: i64 = 0, ts_ns: i64 = -1) -> None:
        """The client wants no more of a request of that kind."""
        row = rows()[message_id]
        number: i64 = 0
        before = self.running.of(row, message_id, key)
        if before is not None:
            self.running.drop(before.spot)
            number = 1
        if row.keyless:
            for waiting in self.keyless.pop(message_id, ()):
                self._given_up(waiting, packet, ts_ns)
                number += 1
        else:
            found = self.by_key.get(key)
            if found is not None:
                for waiting in found:
                    if waiting.message_id == message_id:
                        self._given_up(waiting, packet, ts_ns)
                        number += 1
                self._put(key, [waiting for waiting in found if waiting.message_id != message_id])
        if number != 0:
            self.tally.kind(message_id).cancelled += number

    def _given_up(self, waiting: Waiting, packet: i64, ts_ns: i64) -> None:
        """The client cancelled what nothing had answered."""
        self._done(waiting)
        name, request_id = waiting.name, waiting.request_id
        self.tally.give_up(GivenUp(waiting.packet, waiting.ts_ns, name, request_id, packet, ts_ns))

    def doubt(self, message_id: i64) -> None:
        """A message of the server came of which nobody can tell whose it is: an answer, or an error."""
        self.forget({number for number, row in rows().items() if message_id == ERROR or message_id in row.answers})

    def forget(self, kinds: set[int]) -> None:
        """Requests of these kinds that have a key may have been answered, or cancelled: they are followed no more."""
        for place, found in list(self.by_key.items()):
            left = [waiting for waiting in found if waiting.message_id not in kinds]
            for waiting in found:
                if waiting.message_id in kinds:
                    self._done(waiting)
                    self.tally.not_followed += 1
            self._put(place, left)
        for waiting in self.running.unended():
            if waiting.message_id in kinds and not waiting.row.keyless:
                self.running.drop(waiting.spot)

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
        if count(self.open, message_id, by):
            self.changed = True


def _has(others: list[Waiting] | None, message_id: i64) -> bool:
    """Whether one of them is of that kind."""
    if others is not None:
        for other in others:
            if other.message_id == message_id:
                return True
    return False


def _time(times: Times, waiting: Waiting, ts_ns: i64) -> None:
    """Take the time since the request, where the packets have one and the clock was not set back between them."""
    if ts_ns >= waiting.ts_ns >= 0:
        times.add(ts_ns - waiting.ts_ns, waiting.packet)
