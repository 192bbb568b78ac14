"""What is known of a session while it lasts and in the end.

In: what keeping.py, greeting.py, legacy.py and session.py found. Out: the attributes that timeline/ and report/ read
after ``finish``. Every list has a bound, here, in keeping.py, in desync.py or in tally.py.
"""

from typing import Final

from mypy_extensions import i64

from capanalyze.tcp.room import Room
from capanalyze.tws.conversation import Conversation
from capanalyze.tws.desync import LOST, NO_DESYNCS, Desync
from capanalyze.tws.frames import (
    MAX_FRAME,
    MAX_KEPT,
    known_indexes,
)
from capanalyze.tws.framing import FrameStream
from capanalyze.tws.keys import Keys, keys_without_version
from capanalyze.tws.message import Message
from capanalyze.tws.milestones import Milestone, Milestones
from capanalyze.tws.pairing import Pairing
from capanalyze.tws.stream_state import FrameHandler, StreamState
from capanalyze.tws.tail import Tail
from capanalyze.tws.tally import NO_LISTS, NO_REQUESTS, Named, Unfinished
from capanalyze.tws.unframed import NO_UNFRAMED, Unframed
from capanalyze.tws.untold import BITS, WATCH_CLIENT, WATCH_SERVER, Untold
from capanalyze.tws.walker import WATCH_ALL
from capanalyze.tws.watch import Watch

HEAD: Final = 100
"""First messages kept of a session, both sides together, where ``most_head`` is not set to fewer."""

KEPT_IN_BRIEF: Final = 512
"""Octets kept of a hello or a frame that is not whole, in a session that is counted only."""

NO_MESSAGES: Final[list[Message]] = []
"""``SessionState.kept`` while nothing waits to be taken: shared, never written to."""


class SessionState(FrameHandler):
    """The state of a session; see Session for what makes one."""

    __slots__ = (
        "all_milestones",
        "client",
        "client_counts",
        "client_encodings",
        "client_id",
        "client_library",
        "client_range",
        "client_remainder",
        "closing_tail",
        "connection_time",
        "conversation",
        "counted",
        "dead",
        "desync_count",
        "desyncs",
        "detail",
        "errors",
        "errors_left_out",
        "errors_since",
        "first",
        "first_held",
        "from_start",
        "head",
        "hello_problem",
        "hello_side",
        "is_tws",
        "keep_all",
        "kept",
        "keys",
        "late_until",
        "legacy_version",
        "load",
        "most_head",
        "not_tws",
        "on_api_port",
        "options",
        "pairing",
        "progress",
        "redirect",
        "roles_open",
        "room",
        "second",
        "second_held",
        "server",
        "server_counts",
        "server_encodings",
        "server_remainder",
        "server_version",
        "settled",
        "spoken_side",
        "unanswered",
        "unanswered_left_out",
        "unfinished",
        "unfinished_left_out",
        "unframed",
        "untold",
        "vain",
        "watch",
    )

    def __init__(
        self,
        client_side: i64,
        on_api_port: bool,
        from_start: bool,
        keep_all: bool,
        detail: bool,
        untold: Untold | None = None,
        room: Room | None = None,
    ) -> None:
        # what it takes of the room that all sessions share
        self.room: Room = room if room is not None else Room()
        self.most_head: i64 = HEAD
        self.first_held: i64 = 0  # octets of each side that are counted in ``room``
        self.second_held: i64 = 0
        self.load: i64 = 0  # what it takes of ``room`` itself
        # how much of it is looked at and kept
        self.untold: Untold | None = untold  # what it shares where it is not told in full, else None
        self.progress: i64 = 0  # the milestones it reached (untold.BITS)
        self.on_api_port: bool = on_api_port
        self.from_start: bool = from_start
        self.keep_all: bool = keep_all
        self.detail: bool = detail
        self.counted: bool = untold is not None and not keep_all  # counted only: no message of it is wanted
        # up to this packet the other side was read when what lies behind a hole, or a search, was told
        self.late_until: i64 = 0
        self.dead: bool = False  # not TWS, and not on an API port: nothing more needs to be fed
        self.is_tws: bool = False  # a hello was recognised, or frames in a capture that began later
        self.settled: bool = False  # only what milestones and open requests need is looked at
        # its two streams, by side and by role
        limit: i64 = KEPT_IN_BRIEF if self.counted else (MAX_FRAME if keep_all else MAX_KEPT) + 4
        shared = untold.client if untold is not None else None
        self.first: FrameStream = FrameStream(self, 0, limit, Tail() if detail else None, shared)
        self.second: FrameStream = FrameStream(self, 1, limit, Tail() if detail else None, shared)
        self.client: FrameStream = self.first
        self.server: FrameStream = self.second
        self.unframed: list[Unframed | None] = NO_UNFRAMED  # what waits of sides that send no lengths
        self._begin(untold)
        self.roles_open: bool = untold is None and not (from_start or on_api_port)  # what is said first may tell them
        self.roles(client_side)
        if not (keep_all or detail):
            self.settle()

    def _begin(self, untold: Untold | None) -> None:
        """Nothing was said so far."""
        # the hellos and startApi
        self.hello_side: i64 = -1  # the side that sent a client's hello; -1 unknown
        self.spoken_side: i64 = -1  # the side whose messages are a client's, where no more is known; -1 unknown
        self.vain: i64 = 0  # octets of messages whose form was looked at, and told nothing new
        self.client_range: tuple[int, int] | None = None  # lowest and highest version that the client offers
        self.options: str = ""  # the connect options in its hello
        self.server_version: i64 = 0  # 0 unknown
        self.connection_time: str = ""  # as the server wrote it
        self.redirect: str = ""  # the host[:port] that a server sent in place of its version
        self.client_id: int | None = None  # of startApi
        self.client_library: tuple[str, str] | None = None  # its name, and why, by the hello
        self.legacy_version: str | None = None  # in the hello of a client from before version 100
        self.hello_problem: str = ""  # what is wrong with a hello that was recognised all the same
        self.not_tws: str | None = None  # what is not the protocol, and why
        # what was said, and what is wrong with it
        self.client_counts: dict[str, int] = {} if untold is None else untold.counts  # messages by name, with hellos
        self.server_counts: dict[str, int] = {} if untold is None else untold.counts
        self.client_encodings: list[str] = [] if untold is None else untold.names  # the forms of message seen
        self.server_encodings: list[str] = [] if untold is None else untold.names
        self.client_remainder: str = ""  # what the octets after the last whole frame are; "" none
        self.server_remainder: str = ""
        self.unanswered: list[Named] = NO_REQUESTS  # requests without an answer, in capture order
        self.unanswered_left_out: i64 = 0
        self.unfinished: list[Unfinished] = NO_LISTS  # those whose list of answers was not ended
        self.unfinished_left_out: i64 = 0
        self.desyncs: list[Desync] = NO_DESYNCS  # places where framing was lost
        self.desync_count: i64 = 0
        # messages that are kept, and requests that are followed
        self.head: list[Message] = [] if untold is None else untold.messages  # the first ``most_head``, of both sides
        self.errors: list[Message] = [] if untold is None else untold.messages  # the server's after these
        self.errors_left_out: i64 = 0  # between the first ERRORS and the newest, and where there was no room
        self.errors_since: i64 = 0  # from this one of ``errors`` on none is left out
        self.closing_tail: tuple[list[Message], list[Message]] | None = None  # the newest of sides 0, 1 at the close
        self.kept: list[Message] = NO_MESSAGES  # keep_all: what take_messages() gives next
        self.all_milestones: Milestones = Milestones() if untold is None else untold.milestones
        self.pairing: Pairing = Pairing(self.room) if untold is None else untold.pairing
        self.watch: Watch = Watch(self.pairing) if untold is None else untold.watch
        self.keys: Keys = keys_without_version()
        self.conversation: Conversation | None = None  # every request with all its answers, where asked for

    @property
    def milestones(self) -> dict[str, Milestone]:
        """The eight milestones of contract.md by name."""
        return self.all_milestones.by_name

    def roles(self, client_side: i64) -> None:
        """Say which side is the client."""
        self.client = self.first if client_side == 0 else self.second
        self.server = self.second if client_side == 0 else self.first
        self._role(self.client, True)
        self._role(self.server, False)
        if self.settled:
            self.settle()

    def _role(self, stream: FrameStream, from_client: bool) -> None:
        stream.from_client = from_client
        if self.untold is not None:
            stream.share(self.untold.client if from_client else self.untold.server)
        stream.eager = known_indexes(from_client) if self.on_api_port else b""
        stream.watch = WATCH_ALL

    def settle(self) -> None:
        """From now on look only at what milestones and open requests need."""
        self.settled = True
        if self.untold is not None:
            self.client.watch = WATCH_CLIENT
            self.server.watch = WATCH_SERVER
            return
        self.watch.marks(self.server)
        self.watch.begin_anew(self.server)

    def reach(self, name: str, packet: i64, ts_ns: i64) -> None:
        """Note the first packet that proves a milestone; of a session that is not told, that there was one."""
        if self.untold is None:
            self.all_milestones.reach(name, packet, ts_ns)
        self.progress |= BITS[name]

    def found(self, stream: StreamState) -> None:
        """Frames were found without a hello."""
        if stream.found >= 0:
            self.is_tws = True

    def lost(self, stream: StreamState, offset: i64, reason: str) -> None:
        """Framing makes no sense, or octets are missing."""
        self.desync_count += 1
        if self.untold is None and self.desyncs is NO_DESYNCS:
            self.desyncs = []
        if self.untold is None and len(self.desyncs) < min(LOST, self.most_head):
            self.desyncs.append(Desync(stream.from_client, stream.packet, stream.ts_ns, offset, reason))

    def accounted(self, side: i64) -> tuple[int, int, int, int]:
        """Octets of a side: hello, whole frames, skipped to find framing again, remainder. Their sum was fed."""
        stream = self.first if side == 0 else self.second
        framed = stream.offset - stream.missing - stream.hello_octets - stream.skipped - stream.remainder
        return stream.hello_octets, framed, stream.skipped, stream.remainder
