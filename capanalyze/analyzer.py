"""Analyzer: joins the pure rooms. Runs of raw packets in, connections with their TWS sessions out.

In: ``feed`` with any RawPackets (a file's window, a live capture's last packets: the same path). Out, after
``finish``: ``connections`` and ``sessions`` (by the same index), the packets that could not be used, by reason,
and the times of the capture. It reads no clock and no file.
"""

from typing import Final

from mypy_extensions import i64

from capanalyze import lane
from capanalyze.packets.common import ANY_SERVICE, ANY_TTL, COMPILED, SHAPE, read_words
from capanalyze.packets.icmp import IcmpError
from capanalyze.packets.ip import FRAGMENT, NOT_TCP, TCP
from capanalyze.packets.link import LINK_ETHERNET, LINK_NULL, NOT_IP, UNKNOWN_LINK
from capanalyze.packets.raw import NO_TIME, RawPackets
from capanalyze.packets.segment import ACK, HEADER_CUT, OK, PENDING, REASONS, REASSEMBLED, Segment
from capanalyze.packets.wrapped import wrapping
from capanalyze.tcp.connection import Connection, Side
from capanalyze.tcp.recent import LEAST
from capanalyze.tcp.tracker import DIRECT, GENERAL, RUNS, Tracker
from capanalyze.tws.conversation import Conversation, Exchange
from capanalyze.tws.message import Message
from capanalyze.tws.rest import Rest
from capanalyze.tws.resting import Resting
from capanalyze.tws.room import HELD_IN_ALL, HELD_WHOLE, Room
from capanalyze.tws.session import Session

PORTS: Final = (4001, 4002, 7496, 7497)
"""Usual API ports: IB Gateway live and paper, TWS live and paper."""


HELLO: Final = b"API\0"
"""What TWS begins with (protocol.md 1.2)."""

ADDRESSES: Final = 12
"""Where an IPv4 header has them."""

WITH_LONG_HEAD: Final = 100
"""The first connections keep many of their first messages, the others SHORT_HEAD."""

SHORT_HEAD: Final = 16


class Analyzer:
    """A capture in the making.

    Args:
        ports: the ports that mark the gateway's side.
        keep_all: keep every TWS message for ``take_messages`` (else only the first and the last of a connection).
        converse: follow every request with all its answers too (``Session.conversation``); goes with ``keep_all``.
            ``talks`` has them after ``finish``, of every session, by connection number; ``unfollowed`` counts the rest.
        keys: follow only the requests with these ids.
    """

    def __init__(
        self,
        ports: tuple[int, ...] = PORTS,
        keep_all: bool = False,
        converse: bool = False,
        keys: frozenset[int] | None = None,
    ) -> None:
        self.ports = ports
        self.keep_all = keep_all
        self.converse = converse
        self.keys = keys
        self.talks: list[tuple[int, list[Exchange]]] = []
        self.unfollowed: dict[int, int] = {}  # by the number of a connection that has talks; 0 for all others
        self.tracker = Tracker(ports)
        self.sessions: list[Session | None] = []
        self.rest = Rest()
        self.room = Room(HELD_WHOLE if keep_all else HELD_IN_ALL)
        self.resting: dict[int, Resting] = {}  # by their progress
        self.messages: list[Message] = []
        self.skipped: dict[str, int] = {}
        self.packets: i64 = 0
        self.first_ts: i64 = NO_TIME
        self.last_ts: i64 = NO_TIME
        self._segment = Segment()
        self._icmp = IcmpError()

    @property
    def connections(self) -> list[Connection]:
        """The connections; after ``finish`` those told in full, in the order of their first packet."""
        return self.tracker.connections

    def feed(self, packets: RawPackets) -> None:
        """Take every packet that the cursor has."""
        if not COMPILED and not self.keep_all:
            lane.feed(self, packets)
        else:
            if COMPILED:
                self._look_ahead(packets)
            while packets.advance():
                self.take(packets)
            self.packets = packets.number

    def _look_ahead(self, packets: RawPackets) -> None:
        """Of many connections, look for those that the packets belong to before the first is taken."""
        recent = self.tracker.recent
        if recent.size > LEAST and packets.link_type in (LINK_ETHERNET, LINK_NULL):
            recent.look_ahead(packets, ADDRESSES + (14 if packets.link_type == LINK_ETHERNET else 4))

    def take(self, packets: RawPackets) -> None:
        """Take the current packet."""
        ts_ns = packets.ts_ns
        if ts_ns != NO_TIME:
            self.last_ts = ts_ns
            if self.first_ts == NO_TIME:
                self.first_ts = ts_ns
        ethernet = packets.link_type == LINK_ETHERNET
        lead: i64 = 14 if ethernet else 4
        captured = packets.captured
        ip = packets.offset + lead
        if captured < lead + 40 or not (ethernet or packets.link_type == LINK_NULL):
            self._general(packets, ts_ns)
            return
        data = packets.data
        if COMPILED:
            kind, total, protocol, seq, ack, flags, window = read_words(data, ip)
        else:
            kind, total, protocol, key, seq, ack, flags, window = SHAPE.unpack_from(data, ip - 2)
        header = (flags >> 10) & 0x3C
        length = total - 20 - header
        if (
            kind & ANY_SERVICE != (0x08004500 if ethernet else 0x4500)
            or protocol & ANY_TTL != TCP
            or header < 20
            or length < 0
            or lead + total > captured
        ):
            self._general(packets, ts_ns)
            return
        payload = ip + 20 + header
        number = packets.number
        if flags & 0x17 == ACK:
            side = self.tracker.recent.sender(data, ip + 12) if COMPILED else self.tracker.sides.get(key)
            outcome = self.tracker.short(side, seq, ack, window, length, data, payload, number, ts_ns)
            if outcome == DIRECT:
                assert side is not None
                end = payload + length
                at = payload if side.listener is None else side.listener.hear(data, payload, end, number, ts_ns)
                if at < end:
                    self.tell(side, data, at, end, number, ts_ns)
            if outcome != GENERAL:
                return
        if ethernet:
            self._segment.common(data, ip, seq, ack, flags, window, header, length, packets.interface)
            self._take(data, number, ts_ns)
        else:
            self._general(packets, ts_ns)  # whose link layer was not looked at

    def _general(self, packets: RawPackets, ts_ns: i64) -> None:
        """A packet that is not of the common shape."""
        segment = self._segment
        found = segment.read(packets)
        if found in (OK, REASSEMBLED):
            self._take(packets.data if found == OK else segment.data, packets.number, ts_ns)
        else:
            self._unusable(found, packets)

    def _take(self, data: bytes, packet: i64, ts_ns: i64) -> None:
        """A segment that is not simply the next in order."""
        tracker = self.tracker
        outcome = tracker.segment(self._segment, data, packet, ts_ns)
        if len(self.sessions) != len(tracker.connections) or tracker.left is not None:
            self._sessions_for_new()
        if outcome == RUNS:
            self._hand_on_runs(tracker.side)
        if tracker.just_closed:
            self._closed()

    def _unusable(self, found: i64, packets: RawPackets) -> None:
        """A packet without a whole TCP header."""
        if found == HEADER_CUT:
            self.tracker.header_cut(self._segment, packets.number, packets.ts_ns)
            self._sessions_for_new()
        elif found != PENDING and not self._wrapped(found, packets) and not (found == NOT_TCP and self._error(packets)):
            self._skip(REASONS[found], 1)

    def _error(self, packets: RawPackets) -> bool:
        """Whether the packet is an ICMP error about a connection, which is told with that."""
        error = self._icmp
        return error.read(packets) and self.tracker.undelivered(
            error.key, error.seq, error.words, error.host, packets.number, packets.ts_ns
        )

    def _wrapped(self, found: i64, packets: RawPackets) -> bool:
        """Whether another engine has to unwrap the packet: it is held back then, or counted by its wrapping."""
        wrapper = wrapping(packets) if found in {NOT_IP, NOT_TCP, UNKNOWN_LINK} else ""
        if wrapper and not packets.hold(wrapper):
            self._skip(f"wrapped in {wrapper}", 1)
        return wrapper != ""

    def _skip(self, reason: str, packets: i64) -> None:
        self.skipped[reason] = self.skipped.get(reason, 0) + packets

    def _sessions_for_new(self) -> None:
        """Keep one place for a session per connection; a connection that was forgotten leaves it empty."""
        left = self.tracker.left
        if left is not None:
            session = self.sessions[left.orig.place]
            if session is not None:
                session.finish()
                self._after(left, session)
                self._heard(left, session)
                session.let_go()
                self.sessions[left.orig.place] = None
            self.tracker.left = None
        while len(self.sessions) < len(self.tracker.connections):
            self.sessions.append(None)

    def _session(self, connection: Connection, data: bytes, start: i64) -> Session:
        """The session of a connection whose next octets are ``data[start:]``."""
        session = self.sessions[connection.orig.place]
        if session is None or isinstance(session, Resting):
            before = session
            if before is None and not connection.detail and data[start : start + 4] == HELLO:
                self.tracker.table.greeted(connection)
            from_start = connection.orig.isn >= 0 or connection.resp.isn >= 0
            rest = None if connection.detail or self.keep_all else self.rest
            session = Session(
                connection.client_side, connection.api, from_start, self.keep_all, connection.detail, rest, self.room
            )
            if self.converse:
                session.conversation = Conversation(self.room, self.keys)
            if connection.number > WITH_LONG_HEAD:
                session.most_head = SHORT_HEAD
            if before is not None:
                session.resume(before.progress)
            self.sessions[connection.orig.place] = session
        return session

    def tell(self, side: Side, data: bytes, start: i64, end: i64, packet: i64, ts_ns: i64) -> None:
        """Give a piece of a side's stream to its session, if the connection is worth one."""
        connection = side.connection
        assert connection is not None
        if connection.heeded:
            session = self._session(connection, data, start)
            session.data(side.index, data, start, end, packet, ts_ns)
            self._after(connection, session)

    def rest_if_able(self, side: Side) -> None:
        """Let a session that is counted only share all with others while it is between two frames (resting.py)."""
        session, connection = self.sessions[side.place], side.connection
        if session is None or session.rest is None or isinstance(session, Resting) or connection is None:
            return
        if connection.roles_from != "syn" or not session.rests():
            return
        resting = self.resting.get(session.progress)
        if resting is None:
            resting = self.resting[session.progress] = Resting(self.rest, session.progress)
        session.let_go()
        self.sessions[connection.orig.place] = resting
        connection.orig.listener, connection.resp.listener = resting.first, resting.second
        connection.forget_times()

    def _hand_on_runs(self, side: Side | None) -> None:
        """Give what became in order at once, and the holes in it."""
        assert side is not None
        connection = side.connection
        assert connection is not None
        if not connection.heeded:
            return
        runs = self.tracker.streams.runs
        session = self._session(connection, runs[0].data, runs[0].start)
        for run in runs:
            if run.gap:
                session.gap(run.side, run.gap, run.packet, run.ts_ns)
            else:
                session.data(run.side, run.data, run.start, run.end, run.packet, run.ts_ns)
        self._after(connection, session)

    def _after(self, connection: Connection, session: Session) -> None:
        """Look at what the session became."""
        if session.is_tws:
            connection.narrated = False  # its messages tell more than its octets
            connection.api = True
            if not self.keep_all:
                connection.orig.listener, connection.resp.listener = session.first, session.second
        if session.dead:
            connection.heeded = False
            session.let_go()
            self.sessions[connection.orig.place] = None
        elif self.keep_all:
            for message in session.take_messages():
                message.conn = connection.number
                self.messages.append(message)

    def _heard(self, connection: Connection, session: Session) -> None:
        """A session is over: its exchanges outlast it, whether it is told or not."""
        conversation = session.conversation
        if conversation is None:
            return
        number = connection.number if conversation.exchanges else 0
        if conversation.exchanges:
            self.talks.append((number, conversation.exchanges))
        if conversation.left_out != 0:
            self.unfollowed[number] = self.unfollowed.get(number, 0) + conversation.left_out

    def _closed(self) -> None:
        """The close was seen: what was said before it is set apart."""
        self.tracker.just_closed = False
        side = self.tracker.side
        if side is not None and side.connection is not None:
            session = self.sessions[side.place] if side.place < len(self.sessions) else None
            if session is not None:
                session.snapshot()

    def take_messages(self) -> list[Message]:
        """The messages that were completed since the last call (``keep_all``), by the packet that completed each.

        Framing that is searched for is found later than the packets of it came.
        """
        taken = self.messages
        self.messages = []
        taken.sort(key=packet_of)
        return taken

    def finish(self) -> None:
        """No more packets come: settle streams, sessions, roles and closes."""
        self._sessions_for_new()
        fragments = self._segment.fragments
        fragments.finish()
        if fragments.unused:
            self._skip(REASONS[FRAGMENT], fragments.unused)
            fragments.unused = 0
        if any(not connection.detail for connection in self.tracker.connections):
            self.tracker.close()  # so that those counted are freed at once
        waiting = self.tracker.connections[::-1]
        self.tracker.connections.clear()
        told: list[Connection] = []
        while waiting:
            connection = waiting.pop()
            self._finish(connection)
            if connection.detail:
                told.append(connection)
            else:
                self._count(connection)
        self._keep_those_told(told)
        self.resting.clear()

    def _finish(self, connection: Connection) -> None:
        """Settle a connection."""
        runs = self.tracker.streams.runs
        runs.clear()
        self.tracker.closing.infer(connection)
        self.tracker.streams.finish(connection)
        if runs and connection.heeded:
            self._hand_on_runs(connection.orig)
        session = self.sessions[connection.orig.place]
        if session is not None:
            session.finish()
            self._after(connection, session)
            self._heard(connection, session)
            if session.hello_side >= 0 and connection.roles_from in {"port", "first_packet"}:
                connection.roles_from = "hello"
                connection.client_side = session.hello_side
        self.tracker.closing.finish(connection)

    def _count(self, connection: Connection) -> None:
        """Count a connection that is not told in full, and forget it while it is at hand: there may be 20,000."""
        self.sessions[connection.orig.place] = None
        self.tracker.table.count(connection)

    def _keep_those_told(self, finished: list[Connection]) -> None:
        """The connections told in full, and their sessions, by number if there were others."""
        for connection in finished:
            if not connection.detail:  # another was told in its stead since
                self._count(connection)
        told = [connection for connection in finished if connection.detail]
        if len(told) < len(self.sessions):
            told.sort(key=number_of)
            self.sessions = [self.sessions[connection.orig.place] for connection in told]
            for place, connection in enumerate(told):
                connection.orig.place = connection.resp.place = place
        self.tracker.connections.extend(told)


def packet_of(message: Message) -> int:
    """Sort key of messages."""
    return message.packet


def number_of(connection: Connection) -> int:
    """Sort key of connections."""
    return connection.number
