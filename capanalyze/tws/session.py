"""The TWS session of one connection: hellos, frames in both directions, and what a report needs to know of them.

In: the in-order octets of both sides, piece by piece, and the gaps. Out, after ``finish``: versions, names and
counts, milestones, requests without an answer, the first and the newest messages, what is not the protocol, and
an account of every octet. On the hot path (framing.py walks the frames; this sees the few that are watched).
"""

from typing import Final

from mypy_extensions import i64

from capanalyze.tws import hello
from capanalyze.tws.decode import Decoded, decode, unframed_length
from capanalyze.tws.framing import (
    FIELDS,
    FRAMES,
    MAX_FRAME,
    MAX_KEPT,
    OPAQUE,
    OPENING,
    SEARCHING,
    UNDECIDED,
    WATCH_ALL,
    FrameHandler,
    FrameStream,
    identify,
    index_encoding,
    index_id,
)
from capanalyze.tws.hello import Opening
from capanalyze.tws.message import Message
from capanalyze.tws.milestones import FARM_OK, Milestone, Milestones
from capanalyze.tws.pairing import Pairing
from capanalyze.tws.resync import Part
from capanalyze.tws.schema import name_of
from capanalyze.tws.tail import TAIL_FRAMES, Run, Tail
from capanalyze.tws.watch import Watch

HEAD: Final = 100
"""First messages kept of a session, both sides together."""

UNANSWERED: Final = 100
"""Requests without an answer that are listed; ``unanswered_left_out`` counts the rest."""

LOST: Final = 50
"""Places listed where framing made no sense; ``desync_count`` stays true."""

ERRORS: Final = 100
"""Error messages of the server kept beyond the head; ``errors_left_out`` counts the rest."""

SEARCH_OCTETS: Final = 262144
"""Octets of a side searched for frames on a port that is not an API port before it is not TWS."""

START_API: Final = 71
REQ_ACCOUNT_UPDATES: Final = 6
ERROR: Final = 4
NEXT_VALID_ID: Final = 9
MANAGED_ACCOUNTS: Final = 15


class Desync:
    """A place in a side's stream where framing made no sense, octets are missing, or a frame is empty."""

    def __init__(self, from_client: bool, packet: i64, ts_ns: i64, offset: i64, reason: str) -> None:
        self.from_client: bool = from_client
        self.packet: i64 = packet
        self.ts_ns: i64 = ts_ns
        self.offset: i64 = offset
        self.reason: str = reason


class Unanswered:
    """A request that no message of the server answered."""

    def __init__(self, packet: i64, ts_ns: i64, name: str, request_id: int | None) -> None:
        self.packet: i64 = packet
        self.ts_ns: i64 = ts_ns
        self.name: str = name
        self.request_id: int | None = request_id


class Session(FrameHandler):
    """One connection's session; sides are 0 and 1 as in tcp/, client and server as the hello shows them.

    Args:
        client_side: which side is the client as far as is known; a hello from the other side corrects it.
        on_api_port: whether the connection is worth reading whatever it begins with.
        from_start: offset 0 of each side is its true start (the SYN was captured).
        keep_all: every message becomes a Message (``take_messages``).
        detail: keep the first and the newest messages; else count only.
    """

    def __init__(self, client_side: i64, on_api_port: bool, from_start: bool, keep_all: bool, detail: bool) -> None:
        self.on_api_port: bool = on_api_port
        self.from_start: bool = from_start
        self.keep_all: bool = keep_all
        self.detail: bool = detail
        limit: i64 = (MAX_FRAME if keep_all else MAX_KEPT) + 4
        self.first: FrameStream = FrameStream(self, 0, limit, Tail() if detail else None)
        self.second: FrameStream = FrameStream(self, 1, limit, Tail() if detail else None)
        self.client: FrameStream = self.first if client_side == 0 else self.second
        self.server: FrameStream = self.second if client_side == 0 else self.first
        self.client.from_client = True
        self.server.from_client = False
        self.dead: bool = False
        self.is_tws: bool = False
        self.hello_side: i64 = -1
        # results
        self.client_range: tuple[int, int] | None = None
        self.options: str = ""
        self.server_version: i64 = 0
        self.connection_time: str = ""
        self.redirect: str = ""
        self.client_id: int | None = None
        self.client_library: tuple[str, str] | None = None
        self.legacy_version: str | None = None
        self.hello_problem: str = ""
        self.not_tws: str | None = None
        self.client_counts: dict[str, int] = {}
        self.server_counts: dict[str, int] = {}
        self.client_encodings: list[str] = []
        self.server_encodings: list[str] = []
        self.client_remainder: str = ""
        self.server_remainder: str = ""
        self.unanswered: list[Unanswered] = []
        self.unanswered_left_out: i64 = 0
        self.desyncs: list[Desync] = []
        self.desync_count: i64 = 0
        self.head: list[Message] = []
        self.errors: list[Message] = []
        self.errors_left_out: i64 = 0
        self.closing_tail: tuple[list[Message], list[Message]] | None = None
        # while it lasts
        self._messages: list[Message] = []
        self._milestones: Milestones = Milestones()
        self._pairing: Pairing = Pairing()
        self._watch: Watch = Watch(self._pairing)
        self._settled: bool = False
        if not (keep_all or detail):
            self._settle()

    @property
    def milestones(self) -> dict[str, Milestone]:
        """The eight milestones of contract.md by name."""
        return self._milestones.by_name

    def data(self, side: i64, data: bytes, start: i64, end: i64, packet: i64, ts_ns: i64) -> None:
        """Take the next octets of a side, ``data[start:end]``, which ``packet`` brought."""
        if side == 0:
            self.first.feed(data, start, end, packet, ts_ns)
        else:
            self.second.feed(data, start, end, packet, ts_ns)
        if not self.is_tws and not self.on_api_port:
            self._judge()

    def gap(self, side: i64, length: i64, packet: i64, ts_ns: i64) -> None:
        """``length`` octets of a side are missing in the capture; what comes next begins after them."""
        stream = self.first if side == 0 else self.second
        stream.gap(length, packet, ts_ns)

    def snapshot(self) -> None:
        """The close was seen: keep what each side had sent last, though more may follow."""
        if self.closing_tail is None:
            self.closing_tail = (self.tail(0), self.tail(1))

    def tail(self, side: i64) -> list[Message]:
        """The newest messages of a side (0 or 1), at most TAIL_FRAMES, oldest first."""
        stream = self.first if side == 0 else self.second
        found: list[Message] = []
        if stream.tail is not None:
            for run in stream.tail.newest():
                self._messages_of(stream, run, found)
        return found[-TAIL_FRAMES:]

    def take_messages(self) -> list[Message]:
        """The messages completed since the last call (``keep_all``)."""
        taken = self._messages
        self._messages = []
        return taken

    def accounted(self, side: i64) -> tuple[int, int, int, int]:
        """Octets of a side: hello, whole frames, skipped to find framing again, remainder. Their sum was fed."""
        stream = self.first if side == 0 else self.second
        return stream.hello_octets, stream.framed, stream.skipped, stream.remainder

    # what the streams call

    def opening(self, stream: FrameStream, data: bytes, start: i64, end: i64) -> i64:
        """Recognise a side's first octets, or wait for more of them."""
        begun: i64 = stream.held_octets
        known = (
            bytes(stream.held) + data[start : min(end, start + hello.HELLO_OCTETS + 8)] if begun else data[start:end]
        )
        found = self._recognise(stream, known)
        if found.kind == hello.MORE:
            if begun == 0:
                stream.held = bytearray()
                stream.held_parts.clear()
                stream.held_packet = stream.packet
            stream.held += data[start:end]
            stream.held_octets += end - start
            stream.held_parts.append(Part(data[start:end], 0, end - start, stream.packet, stream.ts_ns))
            return end
        if begun == 0:
            stream.held_packet = stream.packet
        if found.octets != 0:
            stream.held_octets = 0
            stream.held_parts.clear()
            stream.hello_octets = found.octets
            self._greet(stream, found, known)
            return start + found.octets - begun
        stream.backlog.append(Part(data, start, end, stream.packet, stream.ts_ns))
        stream.backlog.extend(reversed(stream.held_parts))
        stream.held_octets = 0
        stream.offset -= begun + end - start
        if found.kind == hello.FRAMES_ONLY and self.on_api_port:
            stream.mode = FRAMES
        elif found.kind == hello.OTHER and self.from_start:
            stream.mode = OPAQUE
        else:
            stream.search_from(stream.offset)
        return end

    def _swap(self) -> None:
        """The hello came from the side that was taken for the server."""
        self.client, self.server = self.server, self.client
        self.client.from_client = True
        self.server.from_client = False
        self.client.watch = WATCH_ALL
        if self._settled:
            self._settle()

    def _judge(self) -> None:
        """Off the API ports, what does not begin like TWS is left alone."""
        for stream in (self.first, self.second):
            scanner = stream.scanner
            if stream.mode == OPAQUE or (scanner is not None and scanner.octets > SEARCH_OCTETS):
                self.dead = True

    def found(self, stream: FrameStream) -> None:
        """Frames were found without a hello."""
        self.is_tws = True

    def _recognise(self, stream: FrameStream, known: bytes) -> Opening:
        if known.startswith(hello.MAGIC) and not stream.from_client and self.hello_side < 0:
            self._swap()
        magic = known.startswith(hello.MAGIC[: len(known)])
        if stream.from_client and (self.from_start or magic):
            return hello.client_opening(known)
        if magic and len(known) < len(hello.MAGIC):
            return Opening(hello.MORE)
        if stream.from_client:
            return Opening(hello.OTHER)
        return hello.server_opening(known, midstream=not self.from_start)

    def _greet(self, stream: FrameStream, found: Opening, known: bytes) -> None:
        """A hello is whole."""
        stream.mode = FIELDS if found.kind == hello.LEGACY else FRAMES
        if found.problem:
            self.hello_problem = found.problem
        if stream.from_client:
            self.hello_side = stream.side
            self._client_greets(stream, found, known)
        else:
            self._server_greets(stream, found)
        prefix: i64 = 0 if found.kind == hello.LEGACY else 8 if stream.from_client else 4
        message = Message(stream.from_client, 0, "hello", "hello", stream.held_packet, stream.packet, stream.ts_ns)
        message.size = found.octets - prefix
        message.payload = known[prefix : found.octets]
        message.server_version = self.server_version
        self._keep(message)
        counts = self.client_counts if stream.from_client else self.server_counts
        counts["hello"] = 1

    def _client_greets(self, stream: FrameStream, found: Opening, known: bytes) -> None:
        self._milestones.reach("hello_sent", stream.packet, stream.ts_ns)
        if found.kind == hello.LEGACY:
            self.legacy_version = known[: found.octets - 1].decode("ascii", "replace")
            self.options = ""
            return
        self.is_tws = True
        self.client_range = (found.minimum, found.maximum)
        self.options = found.options

    def _server_greets(self, stream: FrameStream, found: Opening) -> None:
        self._milestones.reach("server_answered", stream.packet, stream.ts_ns)
        self.is_tws = True
        self.connection_time = found.time
        if found.kind == hello.REDIRECT:
            self.redirect = found.time
            self.connection_time = ""
        self.server_version = found.server_version
        self._watch.version(found.server_version)

    def frame(
        self,
        stream: FrameStream,
        index: i64,
        data: bytes,
        begin: i64,
        end: i64,
        size: i64,
        first_packet: i64,
        offset: i64,
        missing: i64,
    ) -> None:
        """A frame that was asked for."""
        number: i64 = index_id(index)
        from_client = stream.from_client
        if self.keep_all or not self._settled or (number == ERROR and self.detail and not from_client):
            message = self._message(stream, index, first_packet, stream.packet, stream.ts_ns)
            message.size = size
            message.payload = data[begin:end]
            message.offset = offset
            message.missing = missing
            message.resynchronised = offset == stream.found
            self._keep(message)
        key: i64 = self._watch.key(from_client, index, data, begin, end)
        if from_client:
            self._request(stream, number, index, key, data[begin:end])
        elif number == ERROR or number == NEXT_VALID_ID or number == MANAGED_ACCOUNTS:
            self._start(stream, number, index, data, begin, end)
            self._pairing.answer(number, key)
        elif self._pairing.waiting != 0:
            self._pairing.answer(number, key)
        if self._pairing.changed and self._settled:
            self._watch.marks(self.server)

    def lost(self, stream: FrameStream, offset: i64, reason: str) -> None:
        """Framing makes no sense, or octets are missing."""
        self.desync_count += 1
        if len(self.desyncs) < LOST:
            self.desyncs.append(Desync(stream.from_client, stream.packet, stream.ts_ns, offset, reason))

    def _keep(self, message: Message) -> None:
        if self.keep_all:
            self._messages.append(message)
        if not self.detail:
            return
        if len(self.head) < HEAD:
            self.head.append(message)
            if len(self.head) == HEAD and not self.keep_all:
                self._settle()
        elif message.id == ERROR and not message.from_client:
            if len(self.errors) < ERRORS:
                self.errors.append(message)
            else:
                self.errors_left_out += 1

    def _settle(self) -> None:
        """From now on only what milestones and open requests need is looked at."""
        self._settled = True
        self._watch.marks(self.server)
        self._watch.keys(self.server)

    def _message(self, stream: FrameStream, index: i64, first_packet: i64, packet: i64, ts_ns: i64) -> Message:
        number = index_id(index)
        name = name_of(stream.from_client, number)
        message = Message(stream.from_client, number, name, index_encoding(index), first_packet, packet, ts_ns)
        message.server_version = self.server_version
        return message

    def _request(self, stream: FrameStream, number: i64, index: i64, key: i64, payload: bytes) -> None:
        if number == START_API:
            self._milestones.reach("start_api_sent", stream.packet, stream.ts_ns)
            client_id = self._decode(True, index, payload).fields.get("clientId")
            if self.client_id is None and isinstance(client_id, int):
                self.client_id = client_id
        if number == REQ_ACCOUNT_UPDATES and not self._decode(True, index, payload).fields.get("subscribe"):
            return
        if self._pairing.request(number, key, stream.packet, stream.ts_ns) and self._settled:
            self._watch.add(self.server, key)

    def _start(self, stream: FrameStream, number: i64, index: i64, data: bytes, begin: i64, end: i64) -> None:
        """Milestones that a message of the server makes."""
        if number == NEXT_VALID_ID:
            self._milestones.reach("next_valid_id", stream.packet, stream.ts_ns)
        elif number == MANAGED_ACCOUNTS:
            self._milestones.reach("managed_accounts", stream.packet, stream.ts_ns)
        elif not self._milestones.reached("farm_ok"):
            if self._decode(False, index, data[begin:end]).fields.get("errorCode") in FARM_OK:
                self._milestones.reach("farm_ok", stream.packet, stream.ts_ns)

    def _decode(self, from_client: bool, index: i64, payload: bytes) -> Decoded:
        encoding = "unframed" if self.client.mode == FIELDS else index_encoding(index)
        version = self.server_version if self.server_version != 0 else None
        return decode(payload, from_client=from_client, server_version=version, encoding=encoding)

    def _messages_of(self, stream: FrameStream, run: Run, found: list[Message]) -> None:
        """Append the messages of a run of the tail."""
        data = run.data
        at: i64 = 0
        while at + 4 < len(data):
            length: i64 = (data[at] * 256 + data[at + 1]) * 65536 + data[at + 2] * 256 + data[at + 3]
            end: i64 = at + 4 + length if run.size == 0 else len(data)
            index = identify(data, at + 4, end, length)
            first: i64 = run.first_packet if at == 0 else run.packet
            message = self._message(stream, index, first, run.packet, run.ts_ns)
            message.size = length
            message.payload = data[at + 4 : end]
            message.offset = run.offset + at
            message.missing = run.missing
            message.resynchronised = message.offset == stream.found
            found.append(message)
            at = end

    def fields(self, stream: FrameStream, data: bytes, start: i64, end: i64) -> None:
        """Messages without a length end where their layout does (sessions from before version 100)."""
        if stream.held_octets == 0:
            stream.held = bytearray()
            stream.held_packet = stream.packet
            stream.held_offset = stream.shift + start
        stream.held += data[start:end]
        known = bytes(stream.held)
        at: i64 = 0
        while at < len(known):
            size = self._unframed(stream, known, at)
            if size <= 0:
                if size < 0 or len(known) - at > MAX_KEPT:
                    stream.mode = OPAQUE
                break
            at += size
            stream.held_packet = stream.packet
        stream.held = stream.held[at:]
        stream.held_octets = len(stream.held)
        stream.held_offset += at
        if stream.mode == OPAQUE:
            stream.remainder += stream.held_octets
            stream.held_octets = 0

    def _unframed(self, stream: FrameStream, known: bytes, at: i64) -> i64:
        """Take the unframed message at ``at``; its size, 0 where it is not whole, -1 where it is none."""
        if stream.from_client and self.client_id is None and not self._sends_start_api(known, at):
            return self._lone_client_id(stream, known, at)
        version = self.server_version if self.server_version != 0 else hello.LEGACY_SERVER_VERSION
        window: i64 = 1024
        size: i64 = 0
        while size == 0:
            size = unframed_length(known[at : at + window], 0, from_client=stream.from_client, server_version=version)
            if at + window >= len(known):
                break
            window *= 8
        if size > 0:
            index: i64 = int(known[at : known.index(b"\0", at)])
            stream.framed += size
            stream.counts[index] += 1
            self.frame(stream, index, known, at, at + size, size, stream.held_packet, stream.held_offset + at, 0)
        return size

    def _sends_start_api(self, known: bytes, at: i64) -> bool:
        version = self.legacy_version or ""
        return not version.isdigit() or (int(version) >= hello.LEGACY_START_API and known.startswith(b"71\0", at))

    def _lone_client_id(self, stream: FrameStream, known: bytes, at: i64) -> i64:
        """Old clients send the id alone, in place of startApi."""
        nul: i64 = known.find(b"\0", at)
        if nul < 0:
            return 0
        digits = known[at:nul]
        if not digits.isdigit() or len(digits) > 10:
            return -1
        self.client_id = int(digits)
        self._milestones.reach("start_api_sent", stream.packet, stream.ts_ns)
        stream.hello_octets += nul + 1 - at
        return nul + 1 - at

    def finish(self) -> None:
        """Nothing follows: settle what waits, and fill in the results."""
        for stream in (self.first, self.second):
            stream.finish()
        for stream, counts, encodings in (
            (self.client, self.client_counts, self.client_encodings),
            (self.server, self.server_counts, self.server_encodings),
        ):
            for index, count in enumerate(stream.counts):
                if count:
                    name = name_of(stream.from_client, index_id(index))
                    counts[name] = counts.get(name, 0) + count
                    encoding = "unframed" if self.legacy_version is not None else index_encoding(index)
                    if encoding not in encodings:
                        encodings.append(encoding)
        self.client_remainder = self._remainder(self.client)
        self.server_remainder = self._remainder(self.server)
        waiting = self._pairing.unanswered()
        self.unanswered = [Unanswered(one.packet, one.ts_ns, one.name, one.request_id) for one in waiting[:UNANSWERED]]
        self.unanswered_left_out = len(waiting) - len(self.unanswered) + self._pairing.left_out
        if self.client_range is not None:
            self.client_library = hello.client_library(self.client_range[0], self.client_range[1])
        elif self.legacy_version is not None:
            self.client_library = hello.legacy_library(self.legacy_version)
        self.not_tws = self._not_tws()

    def _remainder(self, stream: FrameStream) -> str:
        """What the octets after the last whole frame are; "" where there are none."""
        if stream.remainder == 0:
            return ""
        if stream.mode == FRAMES and stream.held_need != 0:
            octets = f"{stream.remainder} of {stream.held_need} octets"
            if stream.held_index == UNDECIDED:
                return f"{octets} of a message"
            return f"{octets} of {name_of(stream.from_client, index_id(stream.held_index))}"
        if stream.mode == OPENING:
            return f"{stream.remainder} octets of a hello that is not whole"
        words = {SEARCHING: "in which no frames were found", FIELDS: "of a message", OPAQUE: "that are no TWS messages"}
        return f"{stream.remainder} octets {words.get(stream.mode, 'of a length that is not whole')}"

    def _not_tws(self) -> str | None:
        """What is not the protocol, and why; None where both sides speak it as far as they speak."""
        found: list[str] = []
        for stream in (self.client, self.server):
            silent = stream.mode == OPENING and stream.held_octets == 0
            if stream.shown and not silent and stream.mode in (OPENING, OPAQUE, SEARCHING) and stream.framed == 0:
                if self.from_start or hello.protocol(stream.shown):
                    found.append(hello.describe(stream.shown, from_client=stream.from_client))
                else:
                    who = "client" if stream.from_client else "server"
                    found.append(f"no TWS message found in what the {who} sent")
        if not found and self.legacy_version is not None and self.server_version == 0:
            found.append(hello.describe_legacy(self.legacy_version))
        if not found and self.hello_problem and self.server_version == 0:
            found.append(f"the client's hello is not right: {self.hello_problem}")
        return "; ".join(found) or None
