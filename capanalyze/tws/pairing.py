"""Which requests wait for their first answer, and what the hot loop has to look at to see it.

In: the client's requests and the server's answers, each with its id and key. Out: ``unanswered``, and the
server's message ids that can answer something (``expected``). Rows: schema/pairs.py.
"""

from typing import Final

from mypy_extensions import i64

from capanalyze.tws.schema import by_name, name_of
from capanalyze.tws.schema.pairs import pairs

WAITING: Final = 1000
"""Requests that may wait at a time; more are counted only (``left_out``)."""

ERROR: Final = 4
NO_KEY: Final = -(1 << 62)
_RULES: Final = 1 << 60  # market rule ids are numbered apart from request ids


class Row:
    """How a request is answered (schema/pairs.py): message ids instead of names; ``end`` is 0 for none."""

    def __init__(self, answers: frozenset[int], keyless: bool, rule: bool, end: int, stream: bool) -> None:
        self.answers: frozenset[int] = answers
        self.keyless: bool = keyless
        self.rule: bool = rule
        self.end: int = end
        self.stream: bool = stream


class Waiting:
    """A request without an answer so far; ``request_id`` is None where it has no key."""

    def __init__(self, message_id: i64, row: Row, key: i64, packet: i64, ts_ns: i64) -> None:
        self.message_id: i64 = message_id
        self.row: Row = row
        self.key: i64 = key
        self.packet: i64 = packet
        self.ts_ns: i64 = ts_ns

    @property
    def name(self) -> str:
        """The API user's name of the request."""
        return name_of(True, self.message_id)

    @property
    def request_id(self) -> int | None:
        """The request, order or rule id."""
        return None if self.row.keyless or self.key == NO_KEY else self.key


_ROWS: dict[int, Row] = {}
_CANCELS: dict[int, int] = {}  # message id of the cancel -> of the request
_RULE_ANSWERS: set[int] = set()


def _ids(name: str, from_client: bool) -> list[int]:
    return [row.id for row in by_name(name) if row.from_client == from_client and row.name == name]


def _load() -> None:
    for name, pair in pairs().items():
        answers = frozenset(number for answer in pair.answers for number in _ids(answer, False))
        end = _ids(pair.end, False)[0] if pair.end else 0
        row = Row(answers, pair.keyless, pair.key == "marketRule", end, pair.stream)
        if row.rule:
            _RULE_ANSWERS.update(answers)
        for number in _ids(name, True):
            _ROWS[number] = row
            for cancel in _ids(pair.cancel, True) if pair.cancel else ():
                _CANCELS[cancel] = number


def row_of(message_id: i64) -> Row | None:
    """How the request is answered; None for what nothing answers."""
    if not _ROWS:
        _load()
    return _ROWS.get(message_id)


def cancelled_by(message_id: i64) -> i64:
    """The request that this one cancels; 0 for none."""
    if not _ROWS:
        _load()
    return _CANCELS.get(message_id, 0)


def place_of(key: i64, rule: bool) -> i64:
    """The key among all keys: market rules are numbered apart from requests and orders."""
    return key + _RULES if rule else key


class Pairing:
    """The open requests of one session."""

    def __init__(self) -> None:
        self.by_key: dict[int, list[Waiting]] = {}
        self.keyless: list[Waiting] = []
        self.waiting: i64 = 0
        self.left_out: i64 = 0
        self.open: dict[int, int] = {}  # request's message id -> how many of them wait
        self.changed: bool = False  # ``open`` got or lost an id since this was cleared

    def request(self, message_id: i64, key: i64, packet: i64, ts_ns: i64) -> bool:
        """A request was sent; ``key`` is NO_KEY where it has none. Tell if it is the first to wait for that key."""
        cancelled = cancelled_by(message_id)
        if cancelled != 0:
            self._cancel(cancelled, key)
        row = row_of(message_id)
        if row is None or (key == NO_KEY and not row.keyless):
            return False
        if self.waiting >= WAITING:
            self.left_out += 1
            return False
        waiting = Waiting(message_id, row, key, packet, ts_ns)
        self.waiting += 1
        self._count(message_id, 1)
        if row.keyless:
            self.keyless.append(waiting)
            return False
        place = place_of(key, row.rule)
        others = self.by_key.get(place)
        if others is not None:
            others.append(waiting)
            return False
        self.by_key[place] = [waiting]
        return True

    def answer(self, message_id: i64, key: i64) -> None:
        """A message of the server: the requests that it answers wait no more."""
        if message_id == ERROR:
            self._error(key)
            return
        for waiting in self.keyless:
            if message_id in waiting.row.answers:
                self.keyless.remove(waiting)
                self._done(waiting)
                break
        if key == NO_KEY:
            return
        place = place_of(key, message_id in _RULE_ANSWERS)
        found = self.by_key.get(place)
        if found is None:
            return
        left: list[Waiting] = []
        for waiting in found:
            if message_id in waiting.row.answers:
                self._done(waiting)
            else:
                left.append(waiting)
        self._put(place, left)

    def expected(self) -> dict[int, bool]:
        """Ids of the server's messages that can answer something that waits, and whether by their kind alone."""
        ids: dict[int, bool] = {}
        for message_id in self.open:
            row = _ROWS[message_id]
            for answer in row.answers:
                ids[answer] = row.keyless or ids.get(answer, False)
        return ids

    def waiting_keys(self) -> list[int]:
        """The keys that wait, as they are on the wire."""
        return [place if place < _RULES // 2 else place - _RULES for place in self.by_key]

    def unanswered(self) -> list[Waiting]:
        """What waits still, in capture order."""
        every = list(self.keyless)
        for found in self.by_key.values():
            every.extend(found)
        every.sort(key=_packet_of)
        return every

    def refuse(self, message_id: i64) -> None:
        """An error without an id answered the open requests of a kind that has no key."""
        row = _ROWS.get(message_id)
        if row is not None and row.keyless:
            self._cancel(message_id, NO_KEY)

    def _error(self, key: i64) -> None:
        """An error answers the youngest request with its id, be it a request's or an order's."""
        youngest: Waiting | None = None
        place: i64 = key
        for candidate in (key, key + _RULES):
            for waiting in self.by_key.get(candidate, ()):
                if youngest is None or waiting.packet >= youngest.packet:
                    youngest = waiting
                    place = candidate
        if youngest is not None:
            self._done(youngest)
            self._put(place, [waiting for waiting in self.by_key[place] if waiting is not youngest])

    def _cancel(self, message_id: i64, key: i64) -> None:
        row = _ROWS[message_id]
        if row.keyless:
            left = [waiting for waiting in self.keyless if waiting.message_id != message_id]
            for waiting in self.keyless:
                if waiting.message_id == message_id:
                    self._done(waiting)
            self.keyless = left
            return
        found = self.by_key.get(key)
        if found is not None:
            for waiting in found:
                if waiting.message_id == message_id:
                    self._done(waiting)
            self._put(key, [waiting for waiting in found if waiting.message_id != message_id])

    def _put(self, place: i64, left: list[Waiting]) -> None:
        if left:
            self.by_key[place] = left
        else:
            del self.by_key[place]

    def _done(self, waiting: Waiting) -> None:
        self.waiting -= 1
        self._count(waiting.message_id, -1)

    def _count(self, message_id: i64, by: i64) -> None:
        before: i64 = self.open.get(message_id, 0)
        if before + by == 0:
            del self.open[message_id]
        else:
            self.open[message_id] = before + by
        if before == 0 or before + by == 0:
            self.changed = True


def _packet_of(waiting: Waiting) -> int:
    return waiting.packet
