"""The TWS session of one connection: hellos, frames in both directions, and what a report needs to know of them.

In: the in-order octets of both sides, piece by piece, and the gaps. Out, after ``finish``: versions, names and
counts, milestones, requests without an answer, the first and the newest messages, what is not the protocol, and
an account of every octet (state.py lists it all). On the hot path: walker.py counts frames where they lie, and this
sees the few that are watched. A Session is made in layers, one on the other: what is known of it (state.py), which
messages are kept (keeping.py), how it begins (greeting.py), fields without lengths (legacy.py), and here what its
messages mean.
"""

from typing import Final

from mypy_extensions import i64

from capanalyze.tws.conversation import Conversation
from capanalyze.tws.decode import Decoded, decode, without_cut_number
from capanalyze.tws.desync import NO_ROOM
from capanalyze.tws.frames import index_encoding, index_id
from capanalyze.tws.framing import FrameStream
from capanalyze.tws.legacy import Legacy
from capanalyze.tws.message import ERROR, MANAGED_ACCOUNTS, NEXT_VALID_ID, REQ_ACCOUNT_UPDATES, START_API, Message
from capanalyze.tws.milestones import FARM_OK
from capanalyze.tws.pieces import Pieces
from capanalyze.tws.results import fill
from capanalyze.tws.running import NO_KEY, OPEN_KEY
from capanalyze.tws.state import NO_MESSAGES
from capanalyze.tws.stream_state import FRAMES, NOBODY, OPAQUE, OPENING, SEARCHING
from capanalyze.tws.untold import BITS, READY, WATCH_CLIENT, WATCH_SERVER, milestone, stage
from capanalyze.tws.walker import WATCH_NONE

SEARCH_OCTETS: Final = 262144
"""Octets of a side searched for frames on a port that is not an API port before it is not TWS."""

BANNER_OCTETS: Final = 4096
"""Octets of a server that speaks first, on such a port, after which no hello of its client is waited for."""

NEVER: Final = 1 << 62
"""A packet that does not come."""

NOTICES: Final = range(2100, 2170)
"""Error codes that tell of farms and connectivity, not of something that failed (protocol.md 5.2)."""

NO_CODE: Final = -1
"""The code of an error of which the capture lacks it; 0 is one of IB's (a remark on the rate of messages)."""


class Session(Legacy):
    """One connection's session; sides are 0 and 1 as in tcp/, client and server as the hello shows them.

    Args:
        client_side: which side is the client as far as is known; a hello from the other side corrects it.
        on_api_port: whether the connection is worth reading whatever it begins with.
        from_start: offset 0 of each side is its true start (the SYN was captured).
        keep_all: every message becomes a Message (``take_messages``).
        detail: keep the first and the newest messages; else count only.
    """

    __slots__ = ()

    def data(self, side: i64, data: bytes, start: i64, end: i64, packet: i64, ts_ns: i64) -> None:
        """Take the next octets of a side, ``data[start:end]``, which ``packet`` brought."""
        (self.first if side == 0 else self.second).hear(data, start, end, packet, ts_ns)

    def heard(
        self, stream: FrameStream, data: bytes, start: i64, walked: i64, end: i64, packet: i64, ts_ns: i64
    ) -> bool:
        """Take octets of a side that are not whole frames, or watched ones; whether the session may rest now."""
        if stream.scanner is not None:
            self.late_until = max(self.late_until, packet)
        stream.feed(data, start, walked, end, packet, ts_ns)
        self._bound(stream)
        if not self.is_tws and not self.on_api_port:
            self._judge()
        return self.counted and self.rests() and self.progress & BITS["start_api_sent"] != 0

    def pieces(self, side: i64, pieces: Pieces) -> None:
        """Take what several packets brought, one after the other: the same as ``data`` for each, of a TWS session.

        What waits between them counts in the room only where that is scarce.
        """
        stream = self.first if side == 0 else self.second
        place: i64 = 0
        scarce = self.room.scarce()
        while place < len(pieces) and (scarce or stream.mode != FRAMES):
            octets, packet, ts_ns = pieces.piece(place)
            self.data(side, octets, 0, len(octets), packet, ts_ns)
            place += 1
        if place < len(pieces):
            stream.feed_pieces(pieces.behind(place))
            self._bound(stream)

    def let_pieces_go(self, side: i64) -> None:
        """Keep no more of the pieces of a side than what can be told."""
        tail = self.first.tail if side == 0 else self.second.tail
        if tail is not None:
            tail.settle()

    def _bound(self, stream: FrameStream) -> None:
        """Hold no more back than there is room for."""
        before: i64 = self.first_held if stream.side == 0 else self.second_held
        if before == 0 and stream.mode == FRAMES:
            return
        now: i64 = stream.waiting_octets() + self.waiting_octets(stream.side)
        if not self.room.hold(before, now, self.untold is None):
            self.drop_fields(stream)
            self.lost(stream, stream.offset, NO_ROOM)
            stream.give_up()
            self.room.hold(before, 0)
            now = 0
        if stream.side == 0:
            self.first_held = now
        else:
            self.second_held = now

    def gap(self, side: i64, length: i64, packet: i64, ts_ns: i64) -> None:
        """``length`` octets of a side are missing in the capture; what comes next begins after them."""
        stream = self.first if side == 0 else self.second
        stream.gap(length, packet, ts_ns)

    def keep_few(self, most: i64) -> None:
        """Keep no more than so many first messages, and entries of other lists."""
        self.most_head = most
        self.pairing.tally.most = most

    def snapshot(self) -> None:
        """The close was seen: keep what each side had sent last, though more may follow."""
        if self.closing_tail is None and self.untold is None:
            self.closing_tail = (self.tail(0), self.tail(1))

    def rests(self) -> bool:
        """Whether a session that is counted only has nothing of its own but its milestones: it is between two frames.

        The roles are those of most connections: the client opened it.
        """
        return (
            self.counted
            and self.is_tws
            and self.on_api_port
            and self.client is self.first
            and self.first.mode == FRAMES
            and self.second.mode == FRAMES
        )

    def resume(self, progress: i64) -> None:
        """Go on where a session rested that had come to these milestones."""
        self.is_tws = True
        self.progress = progress
        self.first.mode = self.second.mode = FRAMES
        self.client.watch = WATCH_NONE if progress & BITS["start_api_sent"] else WATCH_CLIENT
        self.server.watch = WATCH_NONE if progress & READY == READY else WATCH_SERVER

    def take_messages(self) -> list[Message]:
        """The messages completed since the last call (``keep_all``); none while nobody knows who sends them."""
        if self.roles_open:
            return NO_MESSAGES
        taken = self.kept
        self.kept = NO_MESSAGES
        return taken

    def finish(self) -> None:
        """Nothing follows: settle what waits, and fill in the results."""
        if self.first.scanner is not None or self.second.scanner is not None:
            self.late_until = NEVER
        self.finish_fields()
        self.first.finish()
        self.second.finish()
        self.roles_open = False
        if self.untold is not None:
            if self.is_tws or self.progress != 0:
                self.untold.add(stage(self.progress))
            self.let_go()
        else:
            fill(self)

    def let_go(self) -> None:
        """The streams know the session no more: it is freed at once when it is dropped."""
        self.room.hold(self.first_held + self.second_held, 0)
        self.room.take(-self.load)
        self.first_held = self.second_held = self.load = 0
        self.first.handler = NOBODY
        self.second.handler = NOBODY

    def frame(self, stream: FrameStream, index: i64, data: bytes, begin: i64, end: i64) -> None:
        """A frame that was asked for."""
        if self.roles_open:
            self.hear_who(stream, index, data[begin:end], end - begin == stream.frame_size - 4)
        number: i64 = index_id(index)
        from_client = stream.from_client
        if self.counted:
            self._progress(stream, number)
            return
        key: i64 = NO_KEY
        if self.keep_all or not self.settled or (number == ERROR and self.detail and not from_client):
            message = self.message(stream, index, stream.packet, stream.ts_ns)
            key = self.fill(message, index, data, begin, end)
            self.keep(message)
            if self.conversation is not None:
                self._converse(self.conversation, message, index, key)
        else:
            key = self.key(from_client, index, data, begin, end, stream.frame_size - 4)
        if self.untold is not None:
            self._progress(stream, number)
        elif from_client:
            self._request(stream, number, index, key, data[begin:end])
        else:
            self._milestone(stream, number, index, data, begin, end)
            if self.pairing.waiting != 0 or len(self.pairing.running.by_spot) != 0:
                if key == OPEN_KEY:
                    self.pairing.doubt(number)
                elif number != ERROR:
                    self.pairing.answer(number, key, stream.ts_ns, stream.packet)
                elif key != NO_KEY:
                    self._error(stream, key, self._code(index, data[begin:end]))
        if (self.pairing.changed or self.pairing.running.changed) and self.settled:
            self.watch.marks(self.server)

    def _progress(self, stream: FrameStream, number: i64) -> None:
        """A milestone of a session that is not told; of one that is counted only what is passed is watched no more."""
        bit = milestone(stream.from_client, number)
        self.progress |= bit
        if self.counted and bit and (stream.from_client or self._is_ready()):
            stream.watch = WATCH_NONE

    def _converse(self, conversation: Conversation, message: Message, index: i64, key: i64) -> None:
        """Put a message in its exchange."""
        if message.from_client:
            answered = message.id == START_API and self._is_ready()  # before it
            if message.id == REQ_ACCOUNT_UPDATES and not self._subscribes(index, message.payload):
                conversation.cancel(message.id, NO_KEY, message.packet, message.ts_ns)
            elif not answered:
                late = message.packet < self.late_until
                ready = self._ready(message.id)
                conversation.request(message.id, key, message.packet, message.ts_ns, ready, late)
        elif message.id == ERROR:
            known = self._code(index, message.payload)
            refused = START_API if key == -1 and known not in NOTICES else 0
            conversation.error(key, max(known, 0), message.packet, message.ts_ns, refused)
        else:
            version = self.keys.lists_version
            conversation.answer(message.id, key, message.name, message.packet, message.ts_ns, version)

    def _error(self, stream: FrameStream, key: i64, code: i64) -> None:
        """An error came, which ends what it is about, or is a remark on it."""
        if code == NO_CODE:
            self.pairing.doubt(ERROR)
        else:
            self.pairing.error(key, code, stream.ts_ns, stream.packet)

    def _code(self, index: i64, payload: bytes) -> i64:
        """The code of an error; NO_CODE where it cannot be read."""
        code = self._decode(False, index, payload).fields.get("errorCode")
        return code if isinstance(code, int) else NO_CODE

    def _is_ready(self) -> bool:
        """Whether both answers to startApi came."""
        return self.progress & READY == READY

    def _ready(self, message_id: i64) -> bool:
        """Whether a request may be sent: the session is ready, or it was so before the capture began."""
        return self._is_ready() or self.server.hello_octets == 0 or message_id == START_API

    def _subscribes(self, index: i64, payload: bytes) -> bool:
        """Whether reqAccountUpdates begins a subscription; one that ends it is not answered."""
        return bool(self._decode(True, index, payload).fields.get("subscribe"))

    def _request(self, stream: FrameStream, number: i64, index: i64, key: i64, payload: bytes) -> None:
        self.pairing.pace.send(stream.packet, stream.ts_ns)
        if number == START_API:
            self.reach("start_api_sent", stream.packet, stream.ts_ns)
            client_id = self._decode(True, index, payload).fields.get("clientId")
            if self.client_id is None and isinstance(client_id, int):
                self.client_id = client_id
            if self._is_ready():
                return  # its answers came before it
        if number == REQ_ACCOUNT_UPDATES and not self._subscribes(index, payload):
            self.pairing.cancel(number, NO_KEY)
            return
        late = stream.packet < self.late_until
        if self.pairing.request(number, key, stream.packet, stream.ts_ns, self._ready(number), late) and self.settled:
            self.watch.add(self.server, key)

    def _milestone(self, stream: FrameStream, number: i64, index: i64, data: bytes, begin: i64, end: i64) -> None:
        """Note the milestones that a message of the server makes."""
        if number == NEXT_VALID_ID:
            self.reach("next_valid_id", stream.packet, stream.ts_ns)
        elif number == MANAGED_ACCOUNTS:
            self.reach("managed_accounts", stream.packet, stream.ts_ns)
        elif number == ERROR and (START_API in self.pairing.open or not self.all_milestones.reached("farm_ok")):
            error = self._decode(False, index, data[begin:end])
            code = error.fields.get("errorCode")
            if code in FARM_OK:
                self.all_milestones.reach("farm_ok", stream.packet, stream.ts_ns)
            elif error.request_id == -1 and isinstance(code, int) and code not in NOTICES:
                self.pairing.refuse(START_API, stream.ts_ns, stream.packet)

    def _decode(self, from_client: bool, index: i64, payload: bytes) -> Decoded:
        stream = self.client if from_client else self.server
        encoding = "unframed" if stream.unframed else index_encoding(index)
        version = self.server_version if self.server_version != 0 else None
        if stream.frame_missing != 0:
            payload = without_cut_number(payload, len(payload) + stream.frame_missing, encoding)
        return decode(payload, from_client=from_client, server_version=version, encoding=encoding)

    def _judge(self) -> None:
        """Off the API ports, what does not begin like TWS is left alone; after a banner the client may still do so."""
        for stream, other in ((self.first, self.second), (self.second, self.first)):
            scanner = stream.scanner
            undecided = other.mode in {OPENING, SEARCHING}
            banner = not stream.from_client and undecided and stream.offset <= BANNER_OCTETS
            strange = stream.mode == OPAQUE and stream.hello_octets == 0 and not banner
            if strange or (scanner is not None and scanner.octets > SEARCH_OCTETS):
                self.dead = True
