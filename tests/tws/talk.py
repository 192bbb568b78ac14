"""A TWS conversation in octets, and a session that hears it: what the tests of tws/ are made of.

The frames are built here and read back by ``frames`` with struct alone, sharing nothing with the product.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from itertools import pairwise

from capanalyze.tws.conversation import Conversation
from capanalyze.tws.message import Message
from capanalyze.tws.pairing import Pairing
from capanalyze.tws.session import Session

HELLO = b"API\0\0\0\0\x09v100..187"
SECOND = 1_000_000_000
CLIENT, SERVER = 0, 1


def frame(payload: bytes) -> bytes:
    return struct.pack(">I", len(payload)) + payload


def text(*fields: object) -> bytes:
    """A frame whose message id is text."""
    return frame(b"".join(str(field).encode() + b"\0" for field in fields))


def binary(message_id: int, *fields: object) -> bytes:
    """A frame with a 4-octet id and a text body."""
    return frame(struct.pack(">I", message_id) + b"".join(str(field).encode() + b"\0" for field in fields))


def proto(message_id: int, body: bytes = b"") -> bytes:
    """A frame with a protobuf body."""
    return frame(struct.pack(">I", message_id + 200) + body)


def hello(version: object = 187, time: str = "20260102 03:04:05 EST") -> bytes:
    """The server's hello."""
    return text(version, time)


START_API = text(71, 2, 7, "")
ACCOUNTS = text(15, 1, "DU0000000")
NEXT_ID = text(9, 1, 1)
FARM_OK = text(4, 2, -1, 2104, "Market data farm connection is OK:usfarm", "")


def varint(value: int) -> bytes:
    """A protobuf varint; negative numbers take 10 octets."""
    value &= (1 << 64) - 1
    octets = bytearray()
    while value > 127:
        octets.append(value & 127 | 128)
        value >>= 7
    return bytes([*octets, value])


class Talk:
    """A session and the segments that it hears; each segment is a packet, one millisecond after the other."""

    def __init__(
        self,
        *,
        client_side: int = 0,
        on_api_port: bool = True,
        from_start: bool = True,
        keep_all: bool = False,
        detail: bool = True,
    ) -> None:
        self.session = Session(client_side, on_api_port, from_start, keep_all, detail)
        if keep_all:
            self.session.conversation = Conversation()
        self.packet = 0
        self.messages: list[Message] = []

    def say(self, side: int, octets: bytes, cuts: Iterable[int] = ()) -> Talk:
        """A segment; ``cuts`` hand it over in parts that all come with the same packet."""
        self.packet += 1
        places = [0, *sorted(cut for cut in set(cuts) if 0 < cut < len(octets)), len(octets)]
        for start, end in pairwise(places):
            if start < end:  # the octets lie somewhere in a read window
                window = b"\xee" * 5 + octets[start:end] + b"\xee" * 5
                self.session.data(side, window, 5, 5 + end - start, self.packet, self.packet * 1_000_000)
        self.messages.extend(self.session.take_messages())
        return self

    def client(self, *octets: bytes) -> Talk:
        return self.say(CLIENT, b"".join(octets))

    def server(self, *octets: bytes) -> Talk:
        return self.say(SERVER, b"".join(octets))

    def gap(self, side: int, length: int) -> Talk:
        self.packet += 1
        self.session.gap(side, length, self.packet, self.packet * 1_000_000)
        return self

    def finish(self) -> Session:
        self.session.finish()
        self.messages.extend(self.session.take_messages())
        return self.session


def started(**options: bool) -> Talk:
    """A session that is ready: hellos, startApi and its answers, in packets 1 to 6."""
    talk = Talk(**options)
    talk.client(HELLO).server(hello()).client(START_API).server(ACCOUNTS).server(NEXT_ID).server(FARM_OK)
    return talk


def frames(octets: bytes) -> list[bytes]:
    """The payloads of whole frames."""
    found = []
    at = 0
    while at + 4 <= len(octets):
        (length,) = struct.unpack_from(">I", octets, at)
        if at + 4 + length > len(octets):
            break
        found.append(octets[at + 4 : at + 4 + length])
        at += 4 + length
    return found


def told(message: Message) -> dict[str, object]:
    """A message's attributes, to be compared."""
    return {name: getattr(message, name) for name in (
        "from_client", "id", "name", "encoding", "first_packet", "packet", "ts_ns", "size", "payload",
        "server_version", "resynchronised", "missing", "offset", "request_id",
    )}  # fmt: skip


def names(messages: Sequence[Message]) -> list[str]:
    return [message.name for message in messages]


def results(session: Session) -> dict[str, object]:
    """All that a session tells after finish(), to be compared."""
    plain = (
        "dead", "is_tws", "hello_side", "client_range", "options", "server_version", "connection_time", "redirect",
        "client_id", "client_library", "legacy_version", "hello_problem", "not_tws", "client_counts", "server_counts",
        "client_encodings", "server_encodings", "client_remainder", "server_remainder", "unanswered_left_out",
        "desync_count", "errors_left_out", "errors_since",
    )  # fmt: skip
    found: dict[str, object] = {name: getattr(session, name) for name in plain}
    found["accounted"] = [session.accounted(side) for side in (0, 1)]
    found["milestones"] = {name: (one.reached, one.packet, one.ts_ns) for name, one in session.milestones.items()}
    found["unanswered"] = [(one.packet, one.ts_ns, one.name, one.request_id) for one in session.unanswered]
    found["desyncs"] = [(one.from_client, one.packet, one.ts_ns, one.offset, one.reason) for one in session.desyncs]
    found["head"] = [told(message) for message in session.head]
    found["errors"] = [told(message) for message in session.errors]
    found["tails"] = [[told(message) for message in session.tail(side)] for side in (0, 1)]
    if session.closing_tail is not None:
        found["closing"] = [[told(message) for message in tail] for tail in session.closing_tail]
    return found


def went(pairing: Pairing, message_id: int) -> tuple[int, int, int, int, int]:
    """What came of the requests of a kind: how many were sent, answered, refused, ended, cancelled."""
    kind = pairing.tally.kinds[message_id]
    return kind.sent, kind.answered, kind.errors, kind.ended, kind.cancelled
