"""Sessions: which TWS session a connection's octets are for, and what its connection learns of it.

In: pieces of streams, by the side that sent them, and connections that end. Out: a session for every connection that is
told in full, at its ``place``; counts of the others (untold.py); every message, where all are kept.
"""

from typing import Final

from mypy_extensions import i64

from capanalyze.tcp.connection import Connection, Side
from capanalyze.tcp.listener import REST
from capanalyze.tcp.room import HELD_WHOLE, KEEPING_COST, PART_COST, SESSION_COST
from capanalyze.tcp.streams import Run
from capanalyze.tcp.table import Table
from capanalyze.tws.conversation import Conversation, Exchange
from capanalyze.tws.frames import index_id
from capanalyze.tws.hello import MAGIC
from capanalyze.tws.in_order import packet_of
from capanalyze.tws.message import Message
from capanalyze.tws.resting import BEGUN, Resting, begins_frame, whole_frame
from capanalyze.tws.session import Session
from capanalyze.tws.untold import Untold, milestone

SHORT_LISTS: Final = 16
"""First messages, requests and lost places kept of connections that are not told at length."""


class Sessions:
    """The sessions of a capture.

    Args:
        table: the connections.
        keep_all, converse, keys: see Analyzer.

    Attributes:
        places: the session of a connection, at its ``place``; None where there is none.
        talks, unfollowed: exchanges of the sessions that are over, by the number of their connection, and how many
            could not be followed (0: of connections that have no talks).
        untold: what those share that are not told in full: their counts.
    """

    def __init__(self, table: Table, keep_all: bool, converse: bool, keys: frozenset[int] | None) -> None:
        self.table = table
        self.keep_all = keep_all
        self.converse = converse
        self.keys = keys
        self.places: list[Session | None] = []
        self.talks: list[tuple[int, list[Exchange]]] = []
        self.unfollowed: dict[int, int] = {}
        self.untold = Untold()
        self.room = table.room
        if keep_all:
            self.room.most_held = HELD_WHOLE
        self.resting: dict[int, Resting] = {}  # by their progress
        self.messages: list[Message] = []

    def make_places(self, connections: i64) -> None:
        """Keep a place for each of so many connections."""
        while len(self.places) < connections:
            self.places.append(None)

    def leave(self, connection: Connection) -> None:
        """A connection is forgotten: its session ends, and leaves its place empty."""
        session = self._end(connection)
        if session is not None:
            session.let_go()
            self.places[connection.orig.place] = None

    def finish(self, connection: Connection) -> None:
        """No more octets of a connection come; who is the client may be known by what it says alone."""
        session = self._end(connection)
        if session is None or connection.roles_from not in {"port", "first_packet"}:
            return
        said = session.hello_side if session.hello_side >= 0 else session.spoken_side
        if said >= 0:
            connection.roles_from = "hello"
            connection.client_side = said

    def _end(self, connection: Connection) -> Session | None:
        """Settle the session of a connection, if it has one."""
        session = self.places[connection.orig.place]
        if connection.orig.begun or connection.resp.begun:
            session = self._session(connection, b"", 0)
        if session is not None:
            session.finish()
            self._take_stock(connection, session)
            self._keep_exchanges(connection, session)
        return session

    def tell(self, side: Side, data: bytes, start: i64, end: i64, packet: i64, ts_ns: i64) -> None:
        """Give a piece of a side's stream to its session, if the connection is worth one.

        Where ``start`` is REST (tcp/listener.py) there is no piece: the session is put to rest, if it can be.
        """
        if start == REST:
            self.rest_if_able(side)
            return
        connection = side.connection
        assert connection is not None
        if not connection.heeded:
            return
        session = self.places[side.place]
        if isinstance(session, Resting):
            data = self._go_on(connection, session, side, data, start, end)
            start, end = 0, len(data)
            if end == 0:
                return
        session = self._session(connection, data, start)
        session.data(side.index, data, start, end, packet, ts_ns)
        self._take_stock(connection, session)

    def tell_runs(self, side: Side | None, runs: list[Run]) -> None:
        """Give what became in order at once, and the holes in it."""
        assert side is not None
        connection = side.connection
        assert connection is not None
        for run in runs:
            speaker = connection.side(run.side)
            if run.gap:
                self.gap(speaker, run.gap, run.packet, run.ts_ns)
            else:
                self.tell(speaker, run.data, run.start, run.end, run.packet, run.ts_ns)

    def gap(self, side: Side, length: i64, packet: i64, ts_ns: i64) -> None:
        """The next octets of a side are not in the capture."""
        connection = side.connection
        assert connection is not None
        if connection.heeded:
            session = self._session(connection, b"", 0)
            session.late_until = connection.last_packet
            session.gap(side.index, length, packet, ts_ns)
            self._take_stock(connection, session)

    def closed(self, side: Side | None) -> None:
        """The close of a side's connection was seen: what was said before it is set apart."""
        if side is not None and side.connection is not None:
            session = self.places[side.place] if side.place < len(self.places) else None
            if session is not None:
                session.snapshot()

    def rest_if_able(self, side: Side) -> None:
        """Let a session that is only counted share one object with others while it is between frames (resting.py)."""
        session, connection = self.places[side.place], side.connection
        if session is None or session.untold is None or isinstance(session, Resting) or connection is None:
            return
        if connection.roles_from != "syn" or connection.client_side != 0 or not session.rests():
            return
        session.let_go()
        self._put_to_rest(connection, session.progress)
        connection.forget_times()

    def _put_to_rest(self, connection: Connection, progress: i64) -> Resting:
        """Give a connection the session that is shared by all at rest which have reached the same milestones."""
        resting = self.resting.get(progress)
        if resting is None:
            resting = self.resting[progress] = Resting(self.untold, progress)
        self.places[connection.orig.place] = resting
        connection.orig.listener = BEGUN if connection.orig.begun else resting.first
        connection.resp.listener = BEGUN if connection.resp.begun else resting.second
        return resting

    def take_messages(self) -> list[Message]:
        """The messages that were found since the last call (``keep_all``), by the packet that completed each."""
        taken = self.messages
        self.messages = []
        taken.sort(key=packet_of)
        return taken

    def _go_on(self, connection: Connection, resting: Resting, side: Side, data: bytes, start: i64, end: i64) -> bytes:
        """Give a session at rest the next octets of a side; return those that need a session of the connection's own.

        None do that are whole frames, or begin one, which waits at the side until it is whole.
        """
        begun = self._take_begun(side)
        if begun:
            data = begun + data[start:end]
            start, end = 0, len(data)
        stream = resting.first if side.index == 0 else resting.second
        side.listener = stream
        at = stream.hear(data, start, end, 0, 0)
        while at < end:
            size, index = whole_frame(data, at, end)
            if size == 0:
                break
            stream.count(index, 1)
            at += size
            progress = resting.progress | milestone(side.index == 0, index_id(index))
            if progress != resting.progress:
                resting = self._put_to_rest(connection, progress)
                stream = resting.first if side.index == 0 else resting.second
            at = stream.hear(data, at, end, 0, 0)
        left = data[at:end]
        if left and begins_frame(left) and self.room.hold(0, len(left) + PART_COST):
            side.begun = left
            side.listener = BEGUN
            return b""
        return left

    def _take_begun(self, side: Side) -> bytes:
        """The beginning of a frame that waits at a side, which waits there no longer."""
        begun = side.begun
        if begun:
            side.begun = b""
            self.room.hold(len(begun) + PART_COST, 0)
        return begun

    def _session(self, connection: Connection, data: bytes, start: i64) -> Session:
        """The session of a connection whose next octets are ``data[start:]``."""
        session = self.places[connection.orig.place]
        if session is None or isinstance(session, Resting):
            before = session
            if before is None and not connection.detail and data[start : start + 4] == MAGIC:
                self.table.greeted(connection)
            from_start = connection.orig.isn >= 0 or connection.resp.isn >= 0
            untold = None if connection.detail else self.untold
            session = Session(
                connection.client_side, connection.api, from_start, self.keep_all, connection.detail, untold, self.room
            )
            if self.converse:
                session.conversation = Conversation(self.room, self.keys)
            if not connection.detail:
                session.load = SESSION_COST + (KEEPING_COST if self.keep_all else 0)
                self.room.take(session.load)
            if not connection.at_length:
                session.keep_few(SHORT_LISTS)
            if before is not None:
                session.resume(before.progress)
            self.places[connection.orig.place] = session
            for side in (connection.orig, connection.resp):
                begun = self._take_begun(side)
                if begun:
                    session.data(side.index, begun, 0, len(begun), side.last_data_packet, side.last_data_ts)
        return session

    def _take_stock(self, connection: Connection, session: Session) -> None:
        """The session took octets: pass on what it is and what it found; let it go where it is dead, or has no room."""
        if session.is_tws:
            connection.narrated = False  # its messages tell more than its octets
            connection.api = True
            if not self.keep_all:
                connection.resp.listener, connection.orig.listener = session.second, session.first
        if session.load > 0 and not session.dead and self.room.is_overfull():
            session.finish()
            self._keep_exchanges(connection, session)
            self.untold.given_up += 1
            session.dead = True
        if self.keep_all:
            for message in session.take_messages():
                message.conn = connection.number
                self.messages.append(message)
        if session.dead:
            connection.heeded = False
            connection.orig.listener = connection.resp.listener = None
            session.let_go()
            self.places[connection.orig.place] = None

    def _keep_exchanges(self, connection: Connection, session: Session) -> None:
        """A session is over: its requests with their answers outlast it, whether it is told or not."""
        conversation = session.conversation
        if conversation is None:
            return
        number = connection.number if conversation.exchanges else 0
        if conversation.exchanges:
            self.talks.append((number, conversation.exchanges))
        if conversation.left_out != 0:
            self.unfollowed[number] = self.unfollowed.get(number, 0) + conversation.left_out
