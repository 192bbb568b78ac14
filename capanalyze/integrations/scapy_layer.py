r"""TWS messages as a scapy layer: ``from capanalyze.integrations.scapy_layer import TWS``.

In: octets of a TCP stream. Out: a TWS packet whose ``messages`` are hellos and frames, each a packet of its own::

    sniff(offline="session.pcapng", session=TCPSession)     # frames whole, with names and values
    TWS(b"\0\0\0\x08" b"71\0" b"2\0" b"1\0" b"\0").messages[0].decoded
    message("reqIds", {"numIds": 1}, server_version=178)    # a frame by the names of its fields
    IP(dst="127.0.0.1") / TCP(dport=4002) / TWS(messages=[TWSHello(versions=b"v100..226")])

Importing it binds TWS to the ports 4001, 4002, 7496 and 7497. What dissecting takes apart, building puts together
again octet for octet. Only TCPSession knows the server's version, which it takes from the server's hello; without it
fields are named as far as all versions agree. scapy is imported here only.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from scapy.fields import Field, IntField, PacketListField, StrField, StrFixedLenField, StrNullField
from scapy.layers.inet import TCP
from scapy.packet import Packet, Padding, Raw, bind_bottom_up, bind_layers

from capanalyze.analyzer import PORTS
from capanalyze.integrations.protobuf_build import encode_protobuf
from capanalyze.report._text import safe
from capanalyze.tws import hello
from capanalyze.tws.decode import Decoded, decode
from capanalyze.tws.encode import encode_text
from capanalyze.tws.frames import BINARY, IMPLAUSIBLE, MAX_FRAME, PROTOBUF, UNDECIDED, identify
from capanalyze.tws.schema import FIRST_BINARY_ID, PROTOBUF_OFFSET, Message, by_name
from capanalyze.tws.summary import summary

__all__ = ["TWS", "TWSBinaryId", "TWSEmpty", "TWSHello", "TWSProtobuf", "TWSServerHello", "TWSText", "message"]

ALL_PROTOBUF: Final = 213
"""From this server version on every answer that has a protobuf message is sent as one (protocol.md 2.3)."""

_SERVER_HELLO: Final = rb"(?:\d{1,9}\0\d{8} \d\d:|-\d{1,9}\0)[^\0]*\0\Z"
"""A version and a date with the time, or a negative number and an address: no message has such fields."""

_SEQUENCE: Final = 1 << 32

_LOST: Final = -1
_INCOMPLETE: Final = 0


class _NotOnWire(Field):  # type: ignore[misc]  # scapy is not typed
    """A fact about a message that none of its octets hold."""

    def addfield(self, pkt: Packet, s: bytes, val: Any) -> bytes:  # noqa: ANN401, ARG002
        """Leave ``s`` as it is."""
        return s

    def getfield(self, pkt: Packet, s: bytes) -> tuple[bytes, Any]:  # noqa: ARG002
        """Take nothing of ``s``."""
        return s, self.default

    def i2repr(self, pkt: Packet, x: Any) -> str:  # noqa: ANN401, ARG002
        """As it is."""
        return repr(x)


class _Words(_NotOnWire):
    """The message in words: what show() prints of its name and values."""

    def i2repr(self, pkt: Packet, x: Any) -> str:  # noqa: ANN401, ARG002
        """The message's line."""
        decoded: Decoded | None = pkt.decoded
        return "direction unknown" if decoded is None else safe(summary(decoded))


class _TextId(Field):  # type: ignore[misc]  # as above
    """A message id in decimal digits, ended by NUL."""

    def addfield(self, pkt: Packet, s: bytes, val: Any) -> bytes:  # noqa: ANN401, ARG002
        """Append the digits and the NUL."""
        return s + b"%d\0" % int(val or 0)

    def getfield(self, pkt: Packet, s: bytes) -> tuple[bytes, Any]:  # noqa: ARG002
        """Take the digits up to the NUL."""
        digits, _, rest = s.partition(b"\0")
        return rest, int(digits) if digits.isdigit() else 0


class _TextFields(Field):  # type: ignore[misc]  # as above
    """The NUL-terminated fields of a text body, a list of octets."""

    islist = 1

    def addfield(self, pkt: Packet, s: bytes, val: Any) -> bytes:  # noqa: ANN401, ARG002
        """Append each field and its NUL."""
        return s + b"".join(_octets(field) + b"\0" for field in val)

    def getfield(self, pkt: Packet, s: bytes) -> tuple[bytes, Any]:  # noqa: ARG002
        """Take what a NUL ends."""
        *fields, rest = s.split(b"\0")
        return rest, fields

    def randval(self) -> None:
        """Nothing at random: what is meant by a field depends on those before it."""


def _octets(value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


class _Piece(Packet):  # type: ignore[misc]  # as above
    """A hello or a frame: octets of a stream that belong together.

    Attributes:
        from_client: who sent it, None where neither session nor ports tell.
        server_version: the version in force, None where no server hello was seen.
    """

    def do_dissect(self, s: bytes) -> bytes:
        """Take one piece and leave what follows it."""
        size = max(_size(s), 0) or len(s)
        super().do_dissect(s[:size])
        return s[size:]

    def extract_padding(self, s: bytes) -> tuple[bytes, bytes]:
        """What follows a piece is not its payload."""
        return b"", s

    def post_build(self, pkt: bytes, pay: bytes) -> bytes:
        """Fill in the length where none was given."""
        if self.len is None:
            at = pkt.startswith(hello.MAGIC) * len(hello.MAGIC)
            pkt = pkt[:at] + (len(pkt) - at - 4).to_bytes(4, "big") + pkt[at + 4 :]
        return pkt + pay


class _Frame(_Piece):
    """A frame with a message in it; ``encoding`` is one of decode's words."""

    encoding = "text"

    @property
    def sent_by_client(self) -> bool | None:
        """The direction: as it was given, else by the ports of the segment around it."""
        if self.from_client is not None:
            return bool(self.from_client)
        return _by_ports(getattr(self.parent, "underlayer", None))

    @property
    def decoded(self) -> Decoded | None:
        """The name and values of the message (capanalyze.tws.decode); None where the direction is not known."""
        from_client = self.sent_by_client
        if from_client is None:
            return None
        version = self.server_version
        return decode(bytes(self)[4:], from_client=from_client, server_version=version, encoding=self.encoding)

    @property
    def values(self) -> dict[str, object]:
        """The values by name; empty where the direction is not known."""
        decoded = self.decoded
        return {} if decoded is None else decoded.fields

    def mysummary(self) -> str:
        """``TWS reqIds 1``."""
        decoded = self.decoded
        return f"TWS message {self.id}" if decoded is None else f"TWS {safe(summary(decoded))}"


class TWSHello(_Piece):
    """What a client says first: ``versions`` is "v100..226", with connect options after a space."""

    name = "TWS client hello"
    from_client = True
    fields_desc = (
        StrFixedLenField("magic", hello.MAGIC, 4),
        IntField("len", None),
        StrField("versions", b"v100..226"),
    )

    def mysummary(self) -> str:
        """``TWS hello v100..226``."""
        return f"TWS hello {self.versions.decode('ascii', 'backslashreplace')}"


class TWSServerHello(_Piece):
    """What a server says first: its version and the time; or "-1" and an address where it redirects."""

    name = "TWS server hello"
    from_client = False
    fields_desc = (
        IntField("len", None),
        StrNullField("version", b"178"),
        StrNullField("time", b"20261122 17:42:22 UTC"),
    )

    @property
    def server_version(self) -> int | None:
        """The version as a number, None where it redirects."""
        return int(self.version) if self.version.isdigit() else None

    def mysummary(self) -> str:
        """``TWS hello 178``."""
        return f"TWS hello {self.version.decode('ascii', 'backslashreplace')}"


def _facts() -> tuple[Field, ...]:
    return _Words("message", None), _NotOnWire("from_client", None), _NotOnWire("server_version", None)


class TWSText(_Frame):
    """A text message with its id in digits (server versions up to 200); ``rest`` follows the last NUL."""

    name = "TWS text message"
    fields_desc = (
        IntField("len", None),
        _TextId("id", 71),
        _TextFields("fields", []),
        StrField("rest", b""),
        *_facts(),
    )


class TWSBinaryId(_Frame):
    """A text message with its id in 4 octets (server version 201 and later)."""

    name = "TWS text message with a binary id"
    encoding = "binary_id"
    fields_desc = (
        IntField("len", None),
        IntField("id", 71),
        _TextFields("fields", []),
        StrField("rest", b""),
        *_facts(),
    )


class TWSProtobuf(_Frame):
    """A protobuf message; ``id`` is as on the wire, 200 more than IB's number, ``body`` the serialized message."""

    name = "TWS protobuf message"
    encoding = "protobuf"
    fields_desc = (IntField("len", None), IntField("id", 271), StrField("body", b""), *_facts())


class TWSEmpty(_Piece):
    """A frame without a payload: no healthy peer sends it."""

    name = "TWS empty frame"
    fields_desc = (IntField("len", 0), _NotOnWire("from_client", None))


def _size(data: bytes, at: int = 0) -> int:
    """Octets of the piece that begins at ``at``; _INCOMPLETE where more are needed to tell, _LOST where none begins."""
    if data.startswith(hello.MAGIC, at):
        length = int.from_bytes(data[at + 4 : at + 8], "big")
        return _INCOMPLETE if len(data) - at < 8 else 8 + length if 0 < length <= hello.HELLO_OCTETS else _LOST
    if len(data) - at < 4:
        return _LOST if data[at : at + 1] not in {b"", b"\0", b"A"} else _INCOMPLETE
    length = int.from_bytes(data[at : at + 4], "big")
    if length == 0 or length > MAX_FRAME:
        return _LOST if length else 4
    index = identify(data, at + 4, min(len(data), at + 4 + length), length)
    redirect = at == 0 and data[4:5] == b"-" and length <= hello.HELLO_OCTETS
    return _INCOMPLETE if index == UNDECIDED else _LOST if index == IMPLAUSIBLE and not redirect else 4 + length


def _class(piece: bytes, *, first: bool) -> type[_Piece]:
    """What a whole piece is; ``first``: whether it begins what is dissected, as hellos do."""
    if piece.startswith(hello.MAGIC):
        return TWSHello
    if len(piece) == 4:
        return TWSEmpty
    if first and re.match(_SERVER_HELLO, piece[4:]):
        return TWSServerHello
    index = identify(piece, 4, len(piece), len(piece) - 4)
    if index < BINARY:
        return TWSText
    return TWSProtobuf if index - BINARY > PROTOBUF else TWSBinaryId


class _Messages(PacketListField):  # type: ignore[misc]  # as above
    """Every whole piece; what follows them is left to the payload."""

    def getfield(self, pkt: Packet, s: bytes) -> tuple[bytes, list[Packet]]:
        """Take whole pieces from the beginning of ``s``."""
        found: list[Packet] = []
        at = 0
        while at < len(s):
            size = _size(s, at)
            if size <= 0 or at + size > len(s):
                break
            piece = s[at : at + size]
            found.append(_class(piece, first=not found)(piece, _parent=pkt))
            at += size
        return s[at:], found


class TWS(Packet):  # type: ignore[misc]  # as above
    """What one side sent, in whole messages; what is no whole message is its payload."""

    name = "TWS"
    fields_desc = (_Messages("messages", [], Packet),)

    @classmethod
    def tcp_reassemble(cls, data: bytes, metadata: dict[str, Any], session: dict[str, Any]) -> Packet | None:
        """Take the whole messages of a stream, for scapy's TCPSession; what follows them is padding: it comes again.

        The server's version, and which end is the client, are remembered in ``session``.
        """
        seen = _seen(data, metadata, session)
        if seen:
            packet = cls() / Raw(data[:seen])
            return packet / Padding(data[seen:]) if seen < len(data) else packet
        size = _size(data)
        if size == _INCOMPLETE or size > len(data):
            if not metadata.get("tcp_end"):
                metadata["tcp_min_len"] = size if size > 0 else len(data) + 1
                return None
            size = _LOST
        packet = cls(data)
        _tell(packet.messages, metadata, session)
        rest = bytes(packet.payload)
        if rest and size != _LOST and _size(rest) != _LOST and not metadata.get("tcp_end"):
            packet.remove_payload()
            packet = packet / Padding(rest)
        return packet

    def mysummary(self) -> str:
        """The messages' summaries, the first three of them."""
        words = [piece.mysummary().removeprefix("TWS ") for piece in self.messages[:3]]
        more = len(self.messages) - len(words)
        return f"TWS {', '.join(words)}{f' and {more} more' if more else ''}".rstrip()


def _tell(pieces: list[Packet], metadata: dict[str, Any], session: dict[str, Any]) -> None:
    """Let messages know what the conversation knows."""
    if not pieces:
        return
    ident = metadata.get("ident")
    if isinstance(pieces[0], TWSHello):
        session["tws_client"] = ident
    client = session.get("tws_client")
    if isinstance(pieces[0], TWSHello | TWSServerHello):
        from_client: bool | None = pieces[0].from_client
    elif client is not None and ident is not None:
        from_client = ident == client
    else:
        original = metadata.get("original")
        from_client = _by_ports(original.getlayer(TCP) if original is not None else None)
    for piece in pieces:
        if isinstance(piece, TWSServerHello):
            session["tws_server_version"] = piece.server_version
        elif isinstance(piece, _Frame):
            piece.from_client = from_client
            piece.server_version = session.get("tws_server_version")


def _seen(data: bytes, metadata: dict[str, Any], session: dict[str, Any]) -> int:
    """How many octets of ``data`` were dissected before: TCPSession forgets a side once all it said was whole."""
    original = metadata.get("original")
    if original is None:
        return 0
    segment = original[TCP]
    size = len(segment.payload.original)
    ends: dict[object, int] = session.setdefault("tws_ends", {})
    end = (segment.seq + size) % _SEQUENCE
    known = ends.get(metadata["ident"], segment.seq)
    again = (known - segment.seq) % _SEQUENCE
    again = again if again < _SEQUENCE // 2 else 0
    if again < size:
        ends[metadata["ident"]] = end
    return min(again, size) if size == len(data) else 0


def _by_ports(segment: Packet | None) -> bool | None:
    """Who sent a TCP segment, by the usual ports: True for the client, None where they do not tell."""
    sport, dport = getattr(segment, "sport", None), getattr(segment, "dport", None)
    if (sport in PORTS) == (dport in PORTS):
        return None
    return dport in PORTS


def message(
    name: str,
    values: Mapping[str, object],
    *,
    server_version: int,
    from_client: bool | None = None,
    protobuf: bool | None = None,
) -> TWSText | TWSBinaryId | TWSProtobuf:
    """Build a frame by the names of its fields, which ``decoded`` gives back.

    Args:
        name: the message's name or IB's constant, in any case.
        values: what ``decoded.fields`` holds: the rest is unset; "version" is what today's clients write.
        server_version: decides which fields there are, and the form of the id.
        from_client: which message is meant where both directions have one of the name.
        protobuf: whether it is sent as protobuf; by default as ibapi and the gateway do at that server version.

    Raises:
        ValueError: no such message, or it does not exist in that form.
    """
    rows = [row for row in by_name(name) if from_client in (None, row.from_client)]
    if not rows:
        raise ValueError(f"{name}: no message of that name")
    row = rows[0]
    facts = {"from_client": row.from_client, "server_version": server_version}
    if _is_protobuf(row, server_version) if protobuf is None else protobuf:
        if not row.protobuf:
            raise ValueError(f"{name}: has no protobuf message")
        body = encode_protobuf(row.protobuf, values)
        return TWSProtobuf(id=row.id + PROTOBUF_OFFSET, body=body, **facts)
    if not row.text:
        raise ValueError(f"{name}: exists as protobuf only")
    version = {node.name: node.default for node in row.nodes() if node.default}
    fields = encode_text(row, {**version, **values}, server_version).split(b"\0")
    made = TWSBinaryId if server_version >= FIRST_BINARY_ID else TWSText
    return made(id=row.id, fields=fields[:-1], **facts)


def _is_protobuf(row: Message, server_version: int) -> bool:
    since = row.protobuf_since if row.from_client and row.text else FIRST_BINARY_ID if row.from_client else ALL_PROTOBUF
    return bool(row.protobuf) and 0 < since <= server_version


for _port in PORTS:
    bind_bottom_up(TCP, TWS, sport=_port)
    bind_bottom_up(TCP, TWS, dport=_port)
bind_layers(TCP, TWS, dport=PORTS[0])
