"""Facts: what the packets prove of one connection; rules and verdicts are functions over these.

In: a finished Connection, its Session where there is one, and when the capture ended. Out: attributes, computed
once, in terms of TWS: the hello, its acknowledgement, its answer, the close, the silence before it. Nothing here
judges, and nothing is written in sentences.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from capanalyze.tcp.connection import Connection
from capanalyze.tcp.events import Note
from capanalyze.timeline.blank import blank_octets
from capanalyze.timeline.ends import End, Moment, between, moment, set_back, turned_over
from capanalyze.timeline.errors_told import WireError, is_error, wire_error
from capanalyze.timeline.misfit import Misfit, first_octets, misfit
from capanalyze.timeline.overtaken import is_in_doubt
from capanalyze.timeline.stage import begins_only, stage_of
from capanalyze.timeline.upstream import is_upstream
from capanalyze.timeline.without_acks import lacks_acks
from capanalyze.tws.session import Session

if TYPE_CHECKING:
    from capanalyze.timeline.both_ends import Absent
    from capanalyze.timeline.orders_named import OrdersNamed

READY: Final = (("next_valid_id", "nextValidId"), ("managed_accounts", "managedAccounts"))
"""The milestones that make a session usable, and their messages (protocol.md 1.1: ib_async waits for both)."""

ID_TAKEN: Final = 326
"""The error code of a client id that is in use: it answers startApi (protocol.md 5.2)."""

LOOPBACK: Final = (b"\x7f", bytes(15) + b"\x01")
"""How the addresses of the host itself begin."""


class Facts:
    """A connection for rules and verdicts.

    Attributes:
        number, connection, session: what was measured; ``session`` is None where nothing was said.
        speaks: the session is TWS. api: it is TWS or on one of the ports, so its server is a gateway.
        upstream: it is TLS to a public address: on the API's port, the gateway's own way to IB.
        client, server: its Ends; one, the client, where it is connected to itself.
        listener: the address and port that it leads to.
        began, opened_at, ended: its first packet; when it was open, None if before the capture; the capture's end.
        hello, answer, start_api: when the messages of these names were whole, or None.
        readiness, missing_names: the messages that make a session usable, with when they came; those that did not.
        late_readiness, started_too_late: those of them, and whether startApi, that came when the other side had closed.
        hello_acked: when the gateway's host acknowledged the client's first octets.
        closer, kind: "client", "server", "both" or "" (nobody); "FIN", "RST" or "".
        close: the moment of the close; None where nobody closed or the FIN was inferred.
        stage: how far it got (see ``stage_of``).
        blank: of each side whose octets were overwritten with one, which one it is.
        misfit: what a side sent in place of TWS, or None; also where octets are blank.
        set_back: by which packet the clock had gone back most, and how far; None where it did not.
        dropped: packets that the capture tool says it lost, of any connection.
        recorded: until when each interface was recorded, where that is known.
        filtered: whether the capture holds nothing without payload but FINs and RSTs, of any connection.
        others: the Facts of every connection of the capture, this one included (capture_points.py).
        capture_points: the Facts of this connection at each place where it was captured; none where that is one place.
        unseen_ns: for how long the capture next to the gateway, which has no packet of it, went on after its SYN.
        absent: the RST that closed it, where only one of two captures holds that (both_ends.py).
        orders_named: what its messages say of orders, once it was asked for (told_later.py).
    """

    def __init__(
        self,
        connection: Connection,
        session: Session | None,
        ports: Collection[int],
        ended: Moment,
        dropped: int = 0,
    ) -> None:
        self.connection = connection
        self.session = session
        self.number = int(connection.number)
        self.speaks = session is not None and session.is_tws
        self.api = self.speaks or connection.server.port in ports or connection.client.port in ports
        self.client = End(connection, connection.client, "client", "client")
        self.blank = blank_octets(connection, session)
        self.misfit: Misfit | None = None if self.blank else misfit(connection, session)
        self.upstream = not self.speaks and is_upstream(connection, self.misfit, self.first_octets("server"))
        called = "gateway" if self.api and not self.upstream else "server"
        self.server = self.client if connection.with_itself else End(connection, connection.server, "server", called)
        self.listener = (connection.server.host, int(connection.server.port))
        self.began = moment(connection.first_packet, connection.first_ts)
        self.ended = ended
        self.dropped = dropped
        close = connection.close
        self.closer = close.first if close is not None else ""
        self.kind = close.kind if close is not None else ""
        self.inferred = close is not None and close.inferred
        self.close = moment(close.packet, close.ts_ns) if close is not None else None
        self.opened_at = self._opened_at()
        self.hello_acked = moment(connection.client.first_data_acked_packet, connection.client.first_data_acked_ts)
        self.hello = self._milestone("hello_sent")
        self.answer = self._milestone("server_answered")
        said = self._milestone("start_api_sent")
        self.started_too_late = self.too_late("client", said)
        self.start_api = None if self.started_too_late else said
        came = [(name, self._milestone(key)) for key, name in READY]
        self.late_readiness = tuple((name, at) for name, at in came if at is not None and self.too_late("server", at))
        late = {name for name, _ in self.late_readiness}
        self.readiness = tuple((name, None if name in late else at) for name, at in came)
        self.missing_names = tuple(name for name, at in self.readiness if at is None)
        self.set_back = set_back(connection)
        self.errors = self._errors()
        self.recorded: Mapping[int, int] = {}
        self.filtered = False
        self.others: tuple[Facts, ...] = (self,)
        self.capture_points: tuple[Facts, ...] = ()
        self.unseen_ns: int | None = None
        self.absent: Absent | None = None
        self.orders_named: OrdersNamed | None = None
        self.stage = stage_of(self)

    def between(self, earlier: Moment | None, later: Moment | None) -> int | None:
        """The time between two of its moments in ns; None where it is not known, as over a clock that was set back."""
        return between(earlier, later, self.set_back)

    # the connection

    @property
    def start_begun(self) -> str:
        """What the client sent after its last whole message where that may be the beginning of startApi; else ""."""
        rest = self.session.client_remainder if self.session is not None and self.stage == "not_started" else ""
        return rest if rest.endswith(("startApi", "a message", "not whole")) else ""

    @property
    def disordered(self) -> bool:
        """Whether the clock went back, so that the order of packets may not be that in which they came."""
        return self.set_back is not None and self.set_back.by_ns > 0

    @property
    def closing_end(self) -> End:
        """The side that closed first (the client where both did)."""
        return self.server if self.closer == "server" else self.client

    @property
    def other_end(self) -> End:
        """The side that did not close first."""
        return self.client if self.closer == "server" else self.server

    @property
    def ends(self) -> tuple[End, ...]:
        """Both ends; one, where the client is connected to itself."""
        return (self.client,) if self.client is self.server else (self.client, self.server)

    @property
    def until(self) -> Moment | None:
        """The close, or the capture's end where nobody closed."""
        return self.close if self.closer else self.ended

    @property
    def captured_before(self) -> bool:
        """Whether the connection was captured at another place before."""
        return bool(self.capture_points) and self is not self.capture_points[0]

    def end(self, side: str) -> End:
        """The End called "client" or "server"."""
        return self.client if side == "client" else self.server

    @property
    def on_one_host(self) -> bool:
        """Whether both ends are on one host, so that nothing gets lost between them."""
        ends = self.connection.client.host, self.connection.server.host
        return ends[0] == ends[1] or all(host.startswith(LOOPBACK) for host in ends)

    @property
    def working(self) -> bool:
        """Whether a session was ready, or under way when the capture began: then no hello is in it, or all the rest.

        Not one of which the capture begins with the gateway's word that the client id is in use.
        """
        begun = self.answer is not None and len(self.missing_names) > 0
        refused = self.error(ID_TAKEN) is not None and begins_only(self)
        return self.stage == "ready" or (self.stage == "midstream" and not begun and not refused)

    @property
    def held_back(self) -> bool:
        """Whether an answer of the gateway's may wait unsent, or be lost: one that does not read may yet answer."""
        return self.client.cut_off or self.server.stuck

    @property
    def incomplete(self) -> bool:
        """Whether an answer that did not come may not be in the capture, or not behind its request."""
        return self.incomplete_by != ""

    @property
    def incomplete_by(self) -> str:
        """Among what such an answer may be: octets that are not captured, or packets that are not in order; or ""."""
        if self.client.unread + self.server.unread > 0:
            return "octets are missing from the capture"
        late = self.overtaken if is_in_doubt(self.session, self.close, self.overtaken) else 0
        return f"packets are out of order in the capture (packet {late} is acknowledged before it)" if late else ""

    @property
    def overtaken(self) -> int:
        """The newest packet that was captured after what acknowledges its octets; 0 none."""
        return max(int(end.side.trouble.overtaken) for end in self.ends)

    @property
    def released(self) -> int | None:
        """The packet from which the gateway need not hold the connection, its own FIN or a RST; None while it may."""
        ends = (self.server.fin, self.server.rst, self.client.rst)
        return min((end.packet for end in ends if end is not None), default=None)

    @property
    def lasted_ns(self) -> int | None:
        """From the connection's first packet to its last one."""
        return self.between(self.began, moment(self.connection.last_packet, self.connection.last_ts))

    @property
    def captured_ns(self) -> int | None:
        """From the connection's first packet to the capture's end."""
        return self.between(self.began, self.ended)

    @property
    def syns(self) -> int:
        """SYNs of the client, retransmissions included."""
        return sum(int(event.count) for event in self.connection.events if event.kind == "SYN")

    def note(self, word: str, side: str) -> Note | None:
        """The tcp.analysis note of that word on packets of a side."""
        index = self.end(side).side.index
        return next((note for note in self.connection.notes if note.note == word and note.side == index), None)

    def _opened_at(self) -> Moment | None:
        for kind in ("ACK", "SYN-ACK"):
            for event in self.connection.events:
                if event.kind == kind:
                    return moment(event.packet, event.ts_ns)
        return None if self.connection.opened == "midstream" else self.began

    # the session

    def _milestone(self, name: str) -> Moment | None:
        if self.session is None:
            return None
        entry = self.session.milestones[name]
        return moment(entry.packet, entry.ts_ns) if entry.reached else None

    def _errors(self) -> tuple[WireError, ...]:
        if self.session is None:
            return ()
        messages = (*self.session.head, *self.session.errors)
        found = (wire_error(message) for message in messages if is_error(message))
        return tuple(error for error in found if error.code != 0 or error.text)  # else neither is in the capture

    def error(self, code: int) -> WireError | None:
        """The first error message with that code."""
        return next((error for error in self.errors if error.code == code), None)

    @property
    def hello_taken(self) -> str:
        """When the gateway's host acknowledged the client's first octets: "before" the close, "after" it, "never".

        Or "unknown", where the capture lacks its ACKs.
        """
        if lacks_acks(self, "server"):
            return "unknown"
        if self.hello_acked is None:
            return "never"
        return "after" if self.too_late("server", self.hello_acked) else "before"

    def told_before_close(self, code: int) -> bool:
        """Whether the first error message with that code came before the client had closed."""
        error = self.error(code)
        return error is not None and not self.too_late("server", error.at)

    @property
    def version(self) -> int | None:
        """The server version that the hello was answered with; None where it is not in the capture."""
        known = int(self.session.server_version) if self.session is not None and self.answer is not None else 0
        return known or None

    @property
    def library(self) -> str:
        """The client library that the hello points to, "" where it is not known."""
        found = self.session.client_library if self.session is not None else None
        return found[0] if found is not None else ""

    @property
    def client_range(self) -> tuple[int, int] | None:
        """Lowest and highest version that the client's hello offers."""
        return self.session.client_range if self.session is not None else None

    @property
    def client_id(self) -> int | None:
        """The client id of startApi."""
        return self.session.client_id if self.session is not None else None

    @property
    def redirect(self) -> str:
        """Where a redirect sends the client, "" without one."""
        return self.session.redirect if self.session is not None else ""

    @property
    def answered_too_late(self) -> bool:
        """Whether the answer to the hello came after the client's close."""
        return self.too_late("server", self.answer)

    def too_late(self, side: str, at: Moment | None) -> bool:
        """Whether what a side sent came after the close by the other one; if inferred, after its acknowledgement."""
        if at is None or self.closer in {"", side, "both"}:
            return False
        if self.inferred:
            return 0 < self.closing_end.side.fin_acked_packet <= at.packet
        return self.close is not None and at.packet > self.close.packet

    @property
    def hello_after_close(self) -> bool:
        """Whether the client's first octets came after the close by the other side.

        Those of a client that closed lie before its FIN or RST, wherever they were captured.
        """
        closed, first = self.close, self.client.first
        if closed is None or first is None or self.closer in {"client", "both"}:
            return False
        if turned_over(closed, first, self.set_back):
            return False
        return first.packet > closed.packet

    @property
    def hello_unfinished(self) -> bool:
        """Whether the client's hello was whole only after the gateway's close."""
        return self.too_late("client", self.hello)

    @property
    def heard_after_start(self) -> bool:
        """Whether the gateway sent anything after startApi and before the close."""
        last = self.server.last_before
        return self.start_api is not None and last is not None and last.packet > self.start_api.packet

    @property
    def message_counts(self) -> tuple[int, int] | None:
        """Messages from the client and from the server; None where TWS was not spoken."""
        if self.session is None or not self.speaks:
            return None
        return sum(self.session.client_counts.values()), sum(self.session.server_counts.values())

    def first_octets(self, side: str) -> bytes:
        """The first octets of a side; empty where they were not kept."""
        return first_octets(self.connection, self.session, side)


Group = Sequence[Facts]
"""Connections with the same plot (verdict.py): they are told in one breath."""
