"""Table: the connections of a capture by their addresses and ports, and what is kept of a great many.

In: the first segment of a connection. Out: ``connections``, each at its ``place``. The first TOLD_IN_FULL stay to the
end with all that happened, those on the gateway's ports and others counted apart; but SYNs that nothing answered or
that were refused give way to connections that were accepted. Beyond them an ended connection gives
its place to a new one when enough newer ones have ended; it is counted then (Tally) and forgotten. No connection is
ended for its silence: when FOLLOWED are open at a time, SYNs that nothing answered make room, and after that a new one
is only counted.
"""

from collections import deque
from collections.abc import Collection
from typing import Final

from mypy_extensions import i64

from capanalyze.packets.segment import ACK, RST, SYN, Segment
from capanalyze.tcp.connection import Connection
from capanalyze.tcp.recent import NOBODY, lose
from capanalyze.tcp.sequence import apart
from capanalyze.tcp.side import Side
from capanalyze.tcp.tally import Tally
from capanalyze.tcp.telling import Telling

TOLD_IN_FULL: Final = 500
"""Connections whose events and last octets are kept to the end, on the gateway's ports and as many on others."""

FIRST: Final = 50
"""Connections told in full whatever comes; of the others those that came to nothing give way to those that did not."""

LINGERING: Final = 1_000
"""Ended connections that are remembered for the sake of their late packets before the next one is forgotten."""

FOLLOWED: Final = 20_480
"""Connections followed at a time: as many as 100 MB hold."""

SWEPT: Final = 2_000
"""SYNs that wait for an answer, before those are dropped that wait no longer: a forgotten one holds its connection."""

TAGS: Final = 64
"""VLANs in which the other direction of a connection is looked for."""

NEAR: Final = 1 << 20
"""How far a segment's numbers may lie from those of the only direction known so far."""


class Table:
    """Connections by key.

    Attributes:
        sides: key of a segment -> the side that sent it, of the newest connection of these addresses and ports.
        older: the same of the connection before, where the ports were used again.
        connections: those that are kept, in no order once places were given on.
        opened: how many there were in all.
        gateway, others: tallies of those forgotten: the gateway's (``Connection.api``), and others.
    """

    def __init__(self, ports: Collection[int]) -> None:
        self.ports = frozenset(ports)
        self.sides: dict[bytes, Side] = {}
        self.older: dict[bytes, Side] = {}
        self.connections: list[Connection] = []
        self.opened: i64 = 0
        self.gateway = Tally()
        self.others = Tally()
        self._tags: list[bytes] = [b""]  # VLAN ids that keys end with
        self._other_keys: dict[Side, bytes] = {}  # the key under which a side's segments come, if not its own
        self._telling = Telling()
        self._begun: list[int] = [0, 0]  # on other ports, on the gateway's
        self._ended: deque[Connection] = deque()
        self._unanswered: deque[Connection] = deque()
        self._sweep_at: i64 = SWEPT

    def leaver(self) -> Connection | None:
        """The connection whose place the next one takes; None while there is room, or where none can go."""
        full = len(self.connections) >= FOLLOWED
        while len(self._ended) > (0 if full and not self._unanswered else LINGERING):
            connection = self._ended.popleft()
            if connection.over and not connection.gone and not connection.detail:
                return connection
        while full and self._unanswered:
            connection = self._unanswered.popleft()
            if not connection.resp.packets and not connection.gone and not connection.detail:
                return connection
        return None

    def refuse(self, seg: Segment) -> None:
        """Count a segment of a connection for which there is no room."""
        key = seg.key
        at: i64 = 8 if len(key) < 36 else 32
        ports = (int.from_bytes(key[at : at + 2], "big"), int.from_bytes(key[at + 2 : at + 4], "big"))
        (self.others if self.ports.isdisjoint(ports) else self.gateway).refuse(seg)

    def full(self) -> bool:
        """Whether a connection more cannot be followed, unless another one goes."""
        return len(self.connections) >= FOLLOWED

    def ended(self, connection: Connection) -> None:
        """A connection has come to its end: its place may be given on when it is not told in full."""
        connection.over = True
        if not connection.detail:
            self._ended.append(connection)
            connection.orig.pieces = connection.resp.pieces = None  # nothing is collected any more

    def forget(self, connection: Connection) -> None:
        """Count a finished connection and lose its keys."""
        for side in (connection.orig, connection.resp):
            lose(side)
            if self.sides.get(side.key) is side:
                del self.sides[side.key]
            if self.older.get(side.key) is side:
                del self.older[side.key]
            other = self._other_keys.pop(side, b"")
            if other and self.sides.get(other) is side:
                del self.sides[other]
            if other and self.older.get(other) is side:
                del self.older[other]
        self.count(connection)

    def close(self) -> None:
        """No more segments come: know no connection any more, so that one that is counted is freed at once."""
        self.sides.clear()
        self.older.clear()
        self._other_keys.clear()
        self._ended.clear()
        self._unanswered.clear()

    def count(self, connection: Connection) -> None:
        """Count a finished connection, and let go of its sides."""
        connection.gone = True
        (self.gateway if connection.api else self.others).add(connection)
        release(connection.orig)
        release(connection.resp)

    def join(self, seg: Segment) -> Side | None:
        """The silent side of a known connection that a segment in another VLAN comes from, if its numbers say so.

        A mirror port may tag one direction only, or each with an id of its own.
        """
        if not seg.flags & (ACK | SYN | RST):
            return None
        tag = seg.key[len(seg.key) - len(seg.key) % 4 :]
        bare = seg.key[: len(seg.key) - len(tag)]
        for other in self._tags:
            side = self.sides.get(bare + other) if other != tag else None
            if side is not None and side.packets == 0 and answers(side, seg):
                former = self.sides.get(seg.key)
                if former is not None:
                    lose(former)
                self._other_keys[side] = seg.key
                self.sides[seg.key] = side
                return side
        return None

    def senders(self, key: bytes) -> list[Side]:
        """The sides with that key, or with the same addresses and ports in another VLAN, where a router may be."""
        bare = key[: len(key) - len(key) % 4]
        keys = [key, *(bare + tag for tag in self._tags if bare + tag != key)]
        return [self.sides[one] for one in keys if one in self.sides]

    def open(self, seg: Segment, packet: i64, ts_ns: i64, leaver: Connection | None) -> Side:
        """A connection that was not known, in the place of one that was forgotten or in a new one."""
        orig, resp = ends(seg.key)
        gateway = orig.port in self.ports or resp.port in self.ports
        before = self._begun[1 if gateway else 0]
        self._begun[1 if gateway else 0] = before + 1
        self.opened += 1
        asks = seg.flags & (SYN | ACK) == SYN
        detail = before < TOLD_IN_FULL or (not asks and self._give_up_one(gateway, False))
        connection = Connection(self.opened, orig, resp, detail)
        connection.api = gateway
        if detail and asks and before >= FIRST:
            self._telling.may_give_way(connection, gateway)
        connection.first_packet = packet
        connection.first_ts = ts_ns
        orig.connection = resp.connection = connection
        orig.detail = resp.detail = connection.detail
        if leaver is None:
            orig.place = resp.place = len(self.connections)
            self.connections.append(connection)
        else:
            orig.place = resp.place = leaver.orig.place
            self.connections[orig.place] = connection
        tag = orig.key[len(orig.key) - len(orig.key) % 4 :]
        if tag not in self._tags and len(self._tags) < TAGS:
            self._tags.append(tag)
        self._enter(orig)
        if resp.key != orig.key:
            self._enter(resp)
        self._roles(connection, seg)
        return orig

    def _enter(self, side: Side) -> None:
        """The segments with a side's key are its own from here on."""
        former = self.sides.setdefault(side.key, side)
        if former is not side:  # of one side alone where the other direction had another VLAN tag
            self.older[side.key] = former
            lose(former)
            self.sides[side.key] = side

    def accepted(self, connection: Connection) -> None:
        """A SYN was answered by a SYN-ACK: the connection is told in full in place of one that came to nothing.

        Unless there were octets already, which were not told.
        """
        silent = connection.orig.octets == 0 and connection.resp.octets == 0
        if silent and not connection.detail and self._give_up_one(connection.api, False):
            self._telling.begin(connection, connection.api)

    def greeted(self, connection: Connection) -> None:
        """TWS begins on a connection that is counted only: it is told in full if there is any room.

        That of a connection that came to nothing, or was opened and closed without an octet (a health check).
        """
        if self._begun[1] < TOLD_IN_FULL:
            self._begun[1] += 1
        elif not self._give_up_one(True, True):
            return
        self._telling.begin(connection, True)

    def _give_up_one(self, gateway: bool, accepted: bool) -> bool:
        """Tell one connection less in full, if there is one, and only count it from here on."""
        connection = self._telling.one_less(gateway, accepted)
        if connection is None:
            return False
        if connection.over:
            self._ended.append(connection)
        else:
            self._await(connection)
        return True

    def _roles(self, connection: Connection, seg: Segment) -> None:
        """Who is the client, as far as the first segment and the ports tell."""
        if seg.flags & (SYN | RST) == SYN:
            connection.roles_from = "syn"
            if seg.flags & ACK:
                connection.roles_from = "syn_ack"
                connection.client_side = 1
            elif not connection.detail:
                self._await(connection)
            return
        from_gateway = connection.orig.port in self.ports
        if from_gateway != (connection.resp.port in self.ports):
            connection.roles_from = "port"
            connection.client_side = 1 if from_gateway else 0

    def _await(self, connection: Connection) -> None:
        """Remember a SYN that may stay unanswered; what was answered or is gone is dropped now and then."""
        if len(self._unanswered) >= self._sweep_at:
            self._unanswered = deque(one for one in self._unanswered if not one.resp.packets and not one.gone)
            self._sweep_at = len(self._unanswered) + SWEPT
        self._unanswered.append(connection)


def answers(side: Side, seg: Segment) -> bool:
    """Whether a segment continues what is known of a side by its peer's segments alone."""
    peer = side.peer
    if not seg.flags & ACK:  # a SYN captured behind its answer, or a RST, which has the number that was acknowledged
        return side.trouble.told == (seg.seq + 1) & 0xFFFFFFFF if seg.flags & SYN else peer.last_ack == seg.seq
    if peer.next_seq < 0 or apart(seg.ack, peer.next_seq) > NEAR:
        return False
    return peer.last_ack < 0 or apart(seg.seq, peer.last_ack) <= NEAR


def release(side: Side) -> None:
    """Let go of what a side holds, so that it is freed at once with its connection."""
    side.peer = NOBODY
    side.connection = None
    side.listener = None


def is_over(connection: Connection) -> bool:
    """Whether nothing more is to come: both sides closed, or a RST counted."""
    return connection.reset is not None or (connection.orig.parting.closed and connection.resp.parting.closed)


def ends(key: bytes) -> tuple[Side, Side]:
    """The two sides of a connection whose first segment has that key: one, its own peer, where it leads to itself."""
    octets: i64 = 4 if len(key) < 36 else 16
    ports = 2 * octets
    back = key[octets:ports] + key[:octets] + key[ports + 2 : ports + 4] + key[ports : ports + 2]
    if len(key) > ports + 4:
        back += key[ports + 4 :]  # the VLAN
    orig = Side(key)
    if back == key:
        orig.peer = orig
        return orig, orig
    resp = Side(back)
    resp.index = 1
    orig.peer, resp.peer = resp, orig
    return orig, resp
