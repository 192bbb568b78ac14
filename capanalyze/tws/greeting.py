"""The opening of a session: which side greets how, and what that makes of the octets that follow.

In: each side's octets until they tell what they are. Out: roles, versions and the mode in which framing.py goes on.
"""

from mypy_extensions import i64

from capanalyze.tws import hello
from capanalyze.tws.framing import FrameStream
from capanalyze.tws.held import NOTHING
from capanalyze.tws.hello import Opening
from capanalyze.tws.keeping import MOST_VAIN, Keeping
from capanalyze.tws.keys import keys_of
from capanalyze.tws.message import Message
from capanalyze.tws.resync import Part
from capanalyze.tws.schema import FIRST_BINARY_ID
from capanalyze.tws.speaker import CLIENT, EITHER, speaker_of
from capanalyze.tws.stream_state import FIELDS, FRAMES, OPAQUE


class Greeting(Keeping):
    """A session that can begin: it knows a hello."""

    __slots__ = ()

    def opening(self, stream: FrameStream, data: bytes, start: i64, end: i64) -> i64:
        """Recognise a side's first octets, or wait for more of them."""
        held = stream.held
        begun: i64 = held.octets
        most: i64 = start + hello.HELLO_OCTETS + 8
        known = data[start : min(end, most)]
        if begun != 0:
            known = bytes(held.kept) + known
        found = self._recognise(stream, known)
        if found.kind == hello.MORE:
            if begun == 0:
                held = stream.hold()
                held.begin(stream.shift + start, stream.packet)
            held.remember(data[start:end], stream.packet, stream.ts_ns)
            return end
        if found.octets != 0:
            stream.hello_octets = found.octets
            self._greet(stream, found, known, held.packet if begun else stream.packet)
            stream.held = NOTHING
            return start + found.octets - begun
        stream.again([Part(data, start, end, stream.packet, stream.ts_ns), *reversed(held.parts)])
        stream.held = NOTHING
        stream.offset -= begun + end - start
        if found.kind == hello.FRAMES_ONLY and self.on_api_port and self.from_start:
            stream.mode = FRAMES
        elif found.kind == hello.OTHER and self.from_start:
            stream.mode = OPAQUE
        else:
            stream.search_from(stream.offset)
        return end

    def opening_cut(self, stream: FrameStream, length: i64) -> None:
        """A side's first octets end in a hole: enough of a hello may be there to know it."""
        known = bytes(stream.held.kept) if stream.held.octets else b""
        if known.startswith(hello.MAGIC) and not stream.from_client and self.hello_side < 0:
            self.roles(stream.side)
        found = hello.cut_opening(known, from_client=stream.from_client)
        if found.kind != hello.HELLO or not (self.from_start or stream.from_client):
            stream.headless = True
            return
        here: i64 = len(known)
        whole: i64 = found.octets if found.octets != 0 else here + length
        stream.held.forget()
        stream.hello_octets = here
        ends = whole == here + length and (found.octets != 0 or whole >= len(hello.RIGHT_HELLO))
        found.octets = whole
        self._greet(stream, found, known, stream.held.packet)
        if not ends:
            stream.search_from(stream.offset)

    def hear_who(self, stream: FrameStream, index: i64, payload: bytes, whole: bool) -> None:
        """Nothing but the messages tells who is the client: the first one that only one side sends does."""
        speaker = speaker_of(index, payload, whole) if self.hello_side < 0 else EITHER
        if speaker == EITHER:
            self.vain += len(payload)
            self.roles_open = self.hello_side < 0 and self.vain < MOST_VAIN
            return
        self.roles_open = False
        self.spoken_side = stream.side if speaker == CLIENT else 1 - stream.side
        if stream.from_client != (speaker == CLIENT):
            self.turn()
            self.roles(self.spoken_side)

    def _recognise(self, stream: FrameStream, known: bytes) -> Opening:
        if known.startswith(hello.MAGIC) and not stream.from_client and self.hello_side < 0:
            self.roles(stream.side)
        magic = known.startswith(hello.MAGIC[: len(known)])
        if stream.from_client and (self.from_start or magic):
            return hello.client_opening(known)
        if magic and len(known) < len(hello.MAGIC):
            return Opening(hello.MORE)
        greeted = self.hello_side == 1 - stream.side
        found = hello.server_opening(known, midstream=not (self.from_start or greeted))
        if stream.from_client and found.kind in {hello.HELLO, hello.REDIRECT}:
            self.roles(1 - stream.side)
        return found

    def _greet(self, stream: FrameStream, found: Opening, known: bytes, packet: i64) -> None:
        """A hello is whole, which began in ``packet``."""
        stream.unframed = found.kind == hello.LEGACY
        stream.mode = FIELDS if stream.unframed else FRAMES
        if found.problem:
            self.hello_problem = found.problem
        if stream.from_client:
            self._client_greets(stream, found, known)
        else:
            self.hello_side = 1 - stream.side
            self._server_greets(stream, found)
        if self.untold is not None:
            self.untold.greeted(stream.from_client)
        if self.counted:
            return
        prefix: i64 = 0 if found.kind == hello.LEGACY else 8 if stream.from_client else 4
        message = Message(stream.from_client, 0, "hello", "hello", packet, stream.packet, stream.ts_ns)
        message.size = found.octets - prefix
        message.payload = known[prefix : found.octets]
        message.missing = found.octets - min(found.octets, len(known))
        message.server_version = self.server_version
        if self.untold is None:
            counts = self.client_counts if stream.from_client else self.server_counts
            counts["hello"] = 1
        self.keep(message)

    def _client_greets(self, stream: FrameStream, found: Opening, known: bytes) -> None:
        self.hello_side = stream.side
        self.reach("hello_sent", stream.packet, stream.ts_ns)
        if found.kind == hello.LEGACY:
            self.legacy_version = known[: found.octets - 1].decode("ascii", "replace")
            return
        self.is_tws = True
        if self.counted:
            return
        if found.maximum:
            self.client_range = (found.minimum, found.maximum)
        self.options = found.options

    def _server_greets(self, stream: FrameStream, found: Opening) -> None:
        self.reach("server_answered", stream.packet, stream.ts_ns)
        self.is_tws = True
        if found.server_version >= FIRST_BINARY_ID:
            self.client.widen()
            self.server.widen()
        if self.counted:
            self.server_version = found.server_version
            return
        if found.kind == hello.REDIRECT:
            self.redirect = found.time
            return
        self.connection_time = found.time
        self.server_version = found.server_version
        self.keys = keys_of(found.server_version, found.server_version)
        if self.untold is None:
            self.watch.known_by(self.keys)
            if self.settled:
                self.watch.marks(self.server)
