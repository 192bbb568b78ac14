"""Table: the connections of a capture by their addresses and ports, and what is kept of a great many.

In: the first segment of a connection. Out: ``connections``, each at its ``place``. The first TOLD_IN_FULL on
the gateway's ports and OTHERS_IN_FULL on others stay to the end with all that happened; but SYNs that nothing answered
or that were refused give way to connections that were accepted. Beyond them an ended connection gives its place to a
new one when enough newer ones have ended; it is counted then (Tally) and forgotten. No connection is ended for its
silence: when FOLLOWED are open at a time, SYNs that nothing answered make room, and after that a new one is only
counted. So is, from then on, one of which more is to be kept than there is room for (given_up.py).
"""

from collections import deque
from collections.abc import Collection
from typing import Final

from mypy_extensions import i64

from capanalyze.packets.segment import ACK, RST, SYN, Segment
from capanalyze.tcp.connection import Connection, ends
from capanalyze.tcp.directory import Directory
from capanalyze.tcp.given_up import GivenUp
from capanalyze.tcp.recent import NOBODY
from capanalyze.tcp.room import CONNECTION_COST, Room
from capanalyze.tcp.side import Side, port_at, ports_at
from capanalyze.tcp.tally import Tally
from capanalyze.tcp.telling import Telling

TOLD_IN_FULL: Final = 500
"""Connections on the gateway's ports, or that speak TWS, whose events and last octets are kept to the end."""

OTHERS_IN_FULL: Final = 100
"""The same of connections on other ports."""

FIRST: Final = 50
"""Connections told in full whatever comes; of the others those that came to nothing give way to those that did not."""

LINGERING: Final = 1_000
"""Ended connections that are remembered for the sake of their late packets before the next one is forgotten."""

FOLLOWED: Final = 20_480
"""Connections followed at a time: as many as 100 MB hold."""

SWEPT: Final = 2_000
"""SYNs that wait for an answer, before those are dropped that wait no longer: a forgotten one holds its connection."""

EPHEMERAL: Final = 32_768
"""From here on systems choose the ports of those who connect (Linux; macOS and Windows from 49152, RFC 6335 6); what
listens there is an exception."""

VACANT: Final = Connection(0, NOBODY, NOBODY, False)
"""What lies at a place that is vacant."""

VACANT.gone = True


class Table(Directory):
    """The connections; as a Directory it finds their sides by key.

    Attributes:
        connections: those that are kept, in no order once places were given on; VACANT at places that are vacant.
        room: what they may keep together.
        opened: how many there were in all.
        gateway, others: tallies of those forgotten: the gateway's (``Connection.api``), and others.
    """

    def __init__(self, ports: Collection[int]) -> None:
        super().__init__()
        self.ports = frozenset(ports)
        self.connections: list[Connection] = []
        self.room = Room()
        self.given_up = GivenUp(self.room)
        self._vacant: list[int] = []
        self.opened: i64 = 0
        self.gateway = Tally()
        self.others = Tally()
        self._telling = Telling()
        self._begun: list[int] = [0, 0]  # on other ports, on the gateway's
        self._ended: deque[Connection] = deque()
        self._unanswered: deque[Connection] = deque()
        self._sweep_at: i64 = SWEPT

    def leaver(self) -> Connection | None:
        """The connection whose place the next one takes; None while there is room, or where none can go."""
        full = self.full()
        leaver = self.ended_one(LINGERING)
        while full and leaver is None and self._unanswered:
            connection = self._unanswered.popleft()
            if not connection.resp.packets and not connection.gone and not connection.detail:
                leaver = connection
        return self.ended_one(0) if full and leaver is None else leaver

    def ended_one(self, lingering: i64) -> Connection | None:
        """The connection that ended first, where more than ``lingering`` that ended are remembered."""
        while len(self._ended) > lingering:
            connection = self._ended.popleft()
            if connection.over and not connection.gone and not connection.detail:
                return connection
        return None

    def refuse(self, seg: Segment) -> None:
        """Count a segment of a connection for which there is no room."""
        (self.gateway if self._is_gateways(seg.key) else self.others).refuse(seg)

    def refuses(self, seg: Segment) -> bool:
        """Whether there is no room for the connection that a segment begins; those told in full have their own."""
        return self.full() and not self._is_first(self._is_gateways(seg.key))

    def full(self) -> bool:
        """Whether one more connection that is counted only can be followed only if another one goes."""
        followed = len(self.connections) - len(self._vacant)
        return followed >= FOLLOWED or not self.room.fits(CONNECTION_COST)

    def _is_gateways(self, key: bytes) -> bool:
        """Whether one of the two ports in a key is the gateway's."""
        at = ports_at(key)
        return port_at(key, at) in self.ports or port_at(key, at + 2) in self.ports

    def _is_first(self, gateway: bool) -> bool:
        """Whether the next connection is one of the first, which are told in full."""
        return self._begun[1 if gateway else 0] < (TOLD_IN_FULL if gateway else OTHERS_IN_FULL)

    def ended(self, connection: Connection) -> None:
        """A connection has come to its end: its place may be given on when it is not told in full."""
        connection.over = True
        if not connection.detail:
            self._ended.append(connection)
            connection.orig.pieces = connection.resp.pieces = None  # nothing is collected any more

    def forget(self, connection: Connection) -> None:
        """Count a finished connection and lose its keys."""
        self.strike_out(connection.orig)
        self.strike_out(connection.resp)
        self.count(connection)

    def give_up(self, connection: Connection) -> None:
        """Count a connection as one that is followed no longer, and make its place vacant."""
        self.given_up.add(connection, [*self.keys_of(connection.orig), *self.keys_of(connection.resp)])
        self.vacate(connection)

    def vacate(self, connection: Connection) -> None:
        """Forget a connection in whose place there is no other one yet."""
        self.forget(connection)
        self.connections[connection.orig.place] = VACANT
        self._vacant.append(connection.orig.place)

    def close(self) -> None:
        """No more segments come: know no connection any more, so that one that is counted is freed at once."""
        self.clear()
        self._ended.clear()
        self._unanswered.clear()

    def count(self, connection: Connection) -> None:
        """Count a finished connection, and let go of its sides."""
        connection.gone = True
        self.given_up.unload(connection)
        (self.gateway if connection.api else self.others).add(connection)
        release(connection.orig)
        release(connection.resp)

    def open(self, seg: Segment, packet: i64, ts_ns: i64, leaver: Connection | None) -> Side:
        """A connection that was not known, in the place of one that was forgotten or in a new one."""
        orig, resp = ends(seg.key)
        gateway = self._is_gateways(seg.key)
        before = self._begun[1 if gateway else 0]
        asks = seg.flags & (SYN | ACK) == SYN
        detail = self._is_first(gateway) or (not asks and self._tell_one_less(gateway, False))
        self._begun[1 if gateway else 0] = before + 1
        self.opened += 1
        connection = Connection(self.opened, orig, resp, detail)
        connection.api = gateway
        if detail and asks and before >= FIRST:
            self._telling.may_give_way(connection, gateway)
        connection.first_packet = packet
        connection.first_ts = ts_ns
        connection.interface = seg.interface
        orig.connection = resp.connection = connection
        orig.detail = resp.detail = connection.detail
        self._settle_down(connection, leaver)
        self.enter(orig)
        if resp.key != orig.key:
            self.enter(resp)
        self._roles(connection, seg)
        return orig

    def _settle_down(self, connection: Connection, leaver: Connection | None) -> None:
        """Give a connection a place."""
        orig, resp = connection.orig, connection.resp
        if leaver is None and not self._vacant:
            orig.place = resp.place = len(self.connections)
            self.connections.append(connection)
        else:
            orig.place = resp.place = leaver.orig.place if leaver is not None else self._vacant.pop()
            self.connections[orig.place] = connection
        if not connection.detail:
            self.given_up.weigh(connection)

    def accepted(self, connection: Connection) -> None:
        """A SYN was answered by a SYN-ACK: the connection is told in full in place of one that came to nothing.

        Unless there were octets already, which were not told.
        """
        silent = connection.orig.octets == 0 and connection.resp.octets == 0
        if silent and not connection.detail and self._tell_one_less(connection.api, False):
            self._tell(connection, connection.api)

    def greeted(self, connection: Connection) -> None:
        """TWS begins on a connection that is counted only: it is told in full if there is any room.

        It may take the room of one that came to nothing, or was opened and closed without an octet (a health check).
        """
        if self._begun[1] < TOLD_IN_FULL:
            self._begun[1] += 1
        elif not self._tell_one_less(True, True):
            return
        self._tell(connection, True)

    def _tell(self, connection: Connection, gateway: bool) -> None:
        self._telling.begin(connection, gateway)
        self.given_up.unload(connection)

    def _tell_one_less(self, gateway: bool, accepted: bool) -> bool:
        """From here on only count a connection that was told in full; False where none may give way."""
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
        orig, resp = connection.orig.port, connection.resp.port
        from_gateway = orig in self.ports
        if from_gateway == (resp in self.ports):
            from_gateway = orig < EPHEMERAL
            if from_gateway == (resp < EPHEMERAL):
                return
        connection.roles_from = "port"
        connection.client_side = 1 if from_gateway else 0

    def _await(self, connection: Connection) -> None:
        """Remember a SYN that may stay unanswered; what was answered or is gone is dropped now and then."""
        if len(self._unanswered) >= self._sweep_at:
            self._unanswered = deque(one for one in self._unanswered if not one.resp.packets and not one.gone)
            self._sweep_at = len(self._unanswered) + SWEPT
        self._unanswered.append(connection)


def release(side: Side) -> None:
    """Let go of what a side holds, so that it is freed at once with its connection."""
    side.peer = NOBODY
    side.connection = None
    side.listener = None
