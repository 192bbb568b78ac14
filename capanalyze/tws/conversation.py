"""Requests with all that answered them: who asked what, when it was answered, ended, refused or cancelled.

In: every message of a session in capture order, each with its id and key (``keep_all``). Out: an Exchange per
request. pairing.py answers the cheaper question that every capture is asked: what was not answered at all.
"""

from typing import Final

from mypy_extensions import i64

from capanalyze.tcp.room import Room
from capanalyze.tws.rows import Row, can_be_about, cancelled_by, place_of, refused, row_of
from capanalyze.tws.running import HISTORICAL_DATA, NO_KEY, ends, id_of
from capanalyze.tws.schema import name_of

EXCHANGES: Final = 20_000
"""Requests that are followed in one session; ``left_out`` counts the rest."""

SAME_ID: Final = 8
"""Requests with one id among which an answer finds its own; older ones get no more answers."""


class Exchange:
    """A request and its answers; packets are 0 and times -1 where nothing came.

    Attributes:
        name, message_id, request_id: of the request (``request_id`` None where the kind has none).
        packet, ts_ns: of the request.
        answers: the server's messages by name, errors and the end marker included.
        first_*, last_*: of the first and the last answer; an error counts as one.
        end_*: of the message after which no more come. cancel_*: of the client's cancellation.
        error_*: of the first error that refused it, else of the first that was a remark; ``error_code`` 0 for none.
        refused: by an error that was no remark, nor what a cancellation asked for.
        duplicate: its id was in use by a request of the same kind. before_ready: the session was not ready yet.
    """

    __slots__ = (
        "answers",
        "before_ready",
        "cancel_packet",
        "cancel_ts",
        "duplicate",
        "end_packet",
        "end_ts",
        "error_code",
        "error_packet",
        "error_ts",
        "first_packet",
        "first_ts",
        "last_packet",
        "last_ts",
        "message_id",
        "name",
        "packet",
        "refused",
        "request_id",
        "row",
        "ts_ns",
        "unsure",
    )

    def __init__(self, message_id: i64, row: Row, key: i64, packet: i64, ts_ns: i64) -> None:
        self.message_id: i64 = message_id
        self.row: Row = row
        self.name: str = name_of(True, message_id)
        self.request_id: int | None = id_of(row, key)
        self.packet: i64 = packet
        self.ts_ns: i64 = ts_ns
        self.answers: dict[str, int] = {}
        self.first_packet: i64 = 0
        self.first_ts: i64 = -1
        self.last_packet: i64 = 0
        self.last_ts: i64 = -1
        self.end_packet: i64 = 0
        self.end_ts: i64 = -1
        self.cancel_packet: i64 = 0
        self.cancel_ts: i64 = -1
        self.error_packet: i64 = 0
        self.error_ts: i64 = -1
        self.error_code: i64 = 0
        self.refused: bool = False
        self.duplicate: bool = False
        self.before_ready: bool = False
        self.unsure: bool = False  # whether an end marker follows what came, only the version says

    @property
    def answered(self) -> bool:
        """Whether anything came."""
        return self.first_packet != 0

    @property
    def open(self) -> bool:
        """Whether more may come."""
        ended = self.end_packet != 0 and (self.row.whole or not self.row.stream)
        return not ended and self.cancel_packet == 0

    @property
    def missing_end(self) -> str:
        """The name of the end marker that the list of its answers lacks, "" where it lacks none."""
        begun = self.row.listing and self.answered and self.open and self.end_packet == 0
        return name_of(False, self.row.end) if begun and not self.refused and not self.unsure else ""

    @property
    def in_use(self) -> bool:
        """Whether its id is taken: more may come, and it was not refused."""
        over = self.answered and self.row.end == 0 and not self.row.stream
        return self.open and not self.refused and not over

    @property
    def served(self) -> bool:
        """Whether the next of its kind gets the answers, where there is one: its end came, or what there is of it."""
        return self.refused or self.end_packet != 0 or (self.row.end == 0 and self.answered)

    def take(self, name: str, packet: i64, ts_ns: i64) -> None:
        """One more answer."""
        self.answers[name] = self.answers.get(name, 0) + 1
        if self.first_packet == 0:
            self.first_packet = packet
            self.first_ts = ts_ns
        self.last_packet = packet
        self.last_ts = ts_ns


class Conversation:
    """The exchanges of one session, in the order of their requests; with ``keys`` those with these ids only."""

    __slots__ = ("by_kind", "by_place", "exchanges", "keys", "left_out", "room", "streams")

    def __init__(self, room: Room | None = None, keys: frozenset[int] | None = None) -> None:
        self.room: Room = room if room is not None else Room()
        self.keys: frozenset[int] | None = keys
        self.exchanges: list[Exchange] = []
        self.left_out: i64 = 0
        self.by_place: dict[int, list[Exchange]] = {}  # those with a key, by it: the newest SAME_ID
        self.by_kind: dict[int, list[Exchange]] = {}  # those without, by the request's message id
        self.streams: dict[int, list[Exchange]] = {}  # of these, what was served and waits to be cancelled

    def request(self, message_id: i64, key: i64, packet: i64, ts_ns: i64, ready: bool, late: bool = False) -> None:
        """The client sent a request, or a cancellation; ``late``: its answers may have passed already (pairing.py)."""
        of = cancelled_by(message_id)
        if of != 0:
            self.cancel(of, key, packet, ts_ns)
        row = row_of(message_id)
        if row is None or (key == NO_KEY and not row.keyless):
            return
        if self.keys is not None and key not in self.keys:
            return
        if late or len(self.exchanges) >= EXCHANGES or not self.room.follow():
            self.left_out += 1
            return
        exchange = Exchange(message_id, row, key, packet, ts_ns)
        exchange.before_ready = not ready
        self.exchanges.append(exchange)
        if row.keyless:
            self.by_kind.setdefault(message_id, []).append(exchange)
            return
        others = self.by_place.setdefault(place_of(key, row.rule), [])
        exchange.duplicate = not row.again and any(other.message_id == message_id and other.in_use for other in others)
        others.append(exchange)
        if len(others) > SAME_ID:
            del others[0]

    def answer(self, message_id: i64, key: i64, name: str, packet: i64, ts_ns: i64, server_version: i64) -> None:
        """The server sent a message that is no error."""
        for exchange in self._answered(message_id, key):
            exchange.take(name, packet, ts_ns)
            exchange.unsure = exchange.unsure or (message_id == HISTORICAL_DATA and server_version == 0)
            if exchange.end_packet == 0 and ends(exchange.row, message_id, server_version):
                exchange.end_packet = packet
                exchange.end_ts = ts_ns

    def error(self, key: i64, code: i64, packet: i64, ts_ns: i64, of: i64 = 0) -> None:
        """The server sent an error; of the requests with that id that it can be about the youngest open one is meant.

        Where there is none it is about the oldest unanswered request of the kind ``of``, which has no id.
        """
        found: Exchange | None = None
        for rule in (False, True):
            for exchange in self.by_place.get(place_of(key, rule), ()):
                if not can_be_about(exchange.message_id, code):
                    continue
                if found is None or (exchange.open, exchange.packet) >= (found.open, found.packet):
                    found = exchange
        if found is None:
            found = self._next(of)
            if found is None or found.answered:
                return
        found.take("error", packet, ts_ns)
        refuses = refused(found.message_id, code)
        if found.error_packet == 0 or (refuses and not found.refused):
            found.refused = refuses
            found.error_packet = packet
            found.error_ts = ts_ns
            found.error_code = code

    def _answered(self, message_id: i64, key: i64) -> list[Exchange]:
        """The exchanges that a message belongs to: the youngest with its key, and the next of a kind."""
        found: list[Exchange] = []
        if key != NO_KEY:
            best: Exchange | None = None
            for rule in (False, True):
                for exchange in self.by_place.get(place_of(key, rule), ()):
                    fits = message_id in exchange.row.answers
                    if fits and (best is None or (exchange.open, exchange.packet) >= (best.open, best.packet)):
                        best = exchange
            if best is not None:
                found.append(best)
        for number in self.by_kind:
            following = self._next(number)
            if following is not None and message_id in following.row.answers:
                found.append(following)
        return found

    def _next(self, message_id: i64) -> Exchange | None:
        """The oldest request of a kind without a key that was not served, else the newest that is open."""
        found = self.by_kind.get(message_id)
        if found is None:
            return None
        while len(found) > 1 and found[0].served:
            passed = found.pop(0)
            if passed.row.stream:
                self.streams.setdefault(message_id, []).append(passed)
        return found[0] if found and found[0].open else None

    def cancel(self, message_id: i64, key: i64, packet: i64, ts_ns: i64) -> None:
        """The client wants no more of a request of that kind."""
        row = row_of(message_id)
        if row is None:
            return
        if row.keyless:
            following = [*self.streams.pop(message_id, ()), *self.by_kind.pop(message_id, ())]
        else:
            following = self.by_place.get(place_of(key, row.rule), [])
        for exchange in following:
            if exchange.message_id == message_id and exchange.open:
                exchange.cancel_packet = packet
                exchange.cancel_ts = ts_ns
