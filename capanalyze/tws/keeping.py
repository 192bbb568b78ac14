"""The messages of a session: made of frames, and kept as far as there is room.

In: frames that are looked at, and the newest octets of each side. Out: ``head``, ``errors`` and ``kept`` of a session,
and the newest messages of a side.
"""

from typing import Final

from mypy_extensions import i64

from capanalyze.tws.conversation import Conversation
from capanalyze.tws.frames import identify, index_encoding, index_id, index_name, index_of, length_at
from capanalyze.tws.framing import FrameStream
from capanalyze.tws.keys import keys_without_version
from capanalyze.tws.message import ERROR, Message
from capanalyze.tws.milestones import Milestones
from capanalyze.tws.pairing import Pairing
from capanalyze.tws.running import OPEN_KEY
from capanalyze.tws.state import NO_MESSAGES, SessionState
from capanalyze.tws.tail import TAIL_FRAMES, Run, newest_of
from capanalyze.tws.watch import Watch

ERRORS: Final = 100
"""Error messages of the server kept beyond the head, the first and the newest so many: findings look at these."""

MOST_VAIN: Final = 64 * 1024
"""Octets of messages of one session whose form may be looked at in vain: to try all layouts takes microseconds each."""


class Keeping(SessionState):
    """A session that makes messages, and keeps some of them."""

    __slots__ = ()

    def keep(self, message: Message) -> None:
        """Put a message where it is wanted."""
        if self.keep_all:
            if self.kept is NO_MESSAGES:
                self.kept = []
            self.kept.append(message)
        if not self.detail:
            return
        if not self.keep_all and not self.room.keep(len(message.payload)):
            if message.id == ERROR and not message.from_client:
                self.errors_left_out += 1
                self.errors_since = len(self.errors)
            if not self.settled:
                self.settle()  # the head ends here
        elif len(self.head) < self.most_head:
            self.head.append(message)
            if len(self.head) == self.most_head and not self.keep_all:
                self.settle()
        elif message.id == ERROR and not message.from_client:
            self.errors.append(message)
            if len(self.errors) > 2 * ERRORS:
                gone = self.errors.pop(ERRORS)
                self.errors_left_out += 1
                self.errors_since = max(self.errors_since - 1, ERRORS)
                if not self.keep_all:
                    self.room.let_go(len(gone.payload))

    def turn(self) -> None:
        """Each side was taken for the other: what was kept was said by that one, and what was made of it is wrong."""
        if not self.keep_all:
            for error in self.errors:
                self.room.let_go(len(error.payload))
        self.room.waiting -= self.pairing.waiting
        self.errors = []
        self.errors_left_out = self.errors_since = 0
        self.all_milestones = Milestones()
        self.progress = 0
        self.client_id = None
        self.keys = keys_without_version()
        self.pairing = Pairing(self.room)
        self.watch = Watch(self.pairing)
        self.watch.known_by(self.keys)
        if self.conversation is not None:
            self.conversation = Conversation(self.room, self.conversation.keys)
        for place in self.desyncs:
            place.from_client = not place.from_client
        for message in self.kept if self.keep_all else self.head:
            index = index_of(message.encoding, message.id)
            message.from_client = not message.from_client
            message.name = index_name(message.from_client, index)
            self.fill(message, index, message.payload, 0, len(message.payload))

    def message(self, stream: FrameStream, index: i64, packet: i64, ts_ns: i64) -> Message:
        """A Message of the frame that ``stream.frame_*`` describe, without its payload."""
        number = index_id(index)
        name = index_name(stream.from_client, index)
        encoding = "unframed" if stream.unframed else index_encoding(index)
        message = Message(stream.from_client, number, name, encoding, stream.frame_packet, packet, ts_ns)
        message.size = stream.frame_size - 4
        message.offset = stream.frame_offset
        message.missing = stream.frame_missing
        message.resynchronised = message.offset == stream.found or stream.hello_octets == 0
        message.server_version = self.server_version
        return message

    def key(self, from_client: bool, index: i64, data: bytes, begin: i64, end: i64, size: i64) -> i64:
        """The id of a payload of ``size`` octets; where the version is not known its form may tell where that lies."""
        if self.server_version == 0 and self.vain < MOST_VAIN and self.keys.undecided(from_client, index):
            keys = self.keys.narrowed(from_client, index, data[begin:end], end - begin == size)
            if keys is self.keys:
                self.vain += end - begin
            else:
                self.keys = keys
                if self.untold is None:
                    self.watch.known_by(keys)
                    if self.settled:
                        self.watch.marks(self.server)
        return self.keys.key(from_client, index, data, begin, end)

    def fill(self, message: Message, index: i64, data: bytes, begin: i64, end: i64) -> i64:
        """Give a Message its payload and its key, which is also returned."""
        key = self.key(message.from_client, index, data, begin, end, message.size)
        message.payload = data[begin:end]
        message.request_id = None if key <= OPEN_KEY else key
        return key

    def tail(self, side: i64) -> list[Message]:
        """The newest messages of a side (0 or 1), at most TAIL_FRAMES, oldest first."""
        stream = self.first if side == 0 else self.second
        newest: list[Message] = []
        if stream.tail is not None:
            for run in stream.tail.newest():
                self._messages_of(stream, run, newest)
        return newest[-TAIL_FRAMES:]

    def _messages_of(self, stream: FrameStream, run: Run, newest: list[Message]) -> None:
        """Append the newest messages of a run of the tail."""
        data = run.data
        alone = run.size != 0
        for at in newest_of(data, 0, len(data)) if not alone else [0]:
            length: i64 = length_at(data, at)
            end: i64 = len(data) if alone else at + 4 + length
            _, packet, ts_ns = run.bringer(end - 1)
            stream.frame_size = length + 4
            stream.frame_offset = run.offset + at
            stream.frame_packet = run.first_packet if alone else run.bringer(at)[1]
            stream.frame_missing = run.missing if alone else 0
            index = identify(data, at + 4, end, length)
            message = self.message(stream, index, packet, ts_ns)
            self.fill(message, index, data, at + 4, end)
            newest.append(message)
