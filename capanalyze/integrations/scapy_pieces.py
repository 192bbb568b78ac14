"""The pieces of a TWS stream as scapy packets: the two hellos, and frames in their three forms.

In: the octets of one piece, and what only a conversation knows of it. Out: packets with fields that scapy shows and
changes, and ``decoded``: the message by names (capanalyze.tws.decode). scapy_layer.py puts them together.
"""

import re
from typing import Any, Final

from scapy.fields import Field, IntField, StrField, StrFixedLenField, StrNullField
from scapy.packet import Packet

from capanalyze import API_PORTS
from capanalyze.report._text import safe
from capanalyze.tws import hello
from capanalyze.tws.decode import Decoded, decode
from capanalyze.tws.frames import BINARY, IMPLAUSIBLE, MAX_FRAME, PROTOBUF, UNDECIDED, identify
from capanalyze.tws.summary import summary

_SERVER_HELLO: Final = rb"(?:\d{1,9}\0\d{8} \d\d:|-\d{1,9}\0)[^\0]*\0\Z"
"""A version and a date with the time, or a negative number and an address: no message has such fields."""

LOST: Final = -1
INCOMPLETE: Final = 0


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


class Piece(Packet):  # type: ignore[misc]  # as above
    """A hello or a frame: octets of a stream that belong together.

    Attributes:
        from_client: who sent it, None where neither session nor ports tell.
        server_version: the version in force, None where no server hello was seen.
    """

    def do_dissect(self, s: bytes) -> bytes:
        """Take one piece and leave what follows it."""
        size = max(size_of(s), 0) or len(s)
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


class Frame(Piece):
    """A frame with a message in it; ``encoding`` is one of decode's words."""

    encoding = "text"

    @property
    def sent_by_client(self) -> bool | None:
        """The direction: as it was given, else by the ports of the segment around it."""
        if self.from_client is not None:
            return bool(self.from_client)
        return by_ports(getattr(self.parent, "underlayer", None))

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


class TWSHello(Piece):
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


class TWSServerHello(Piece):
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


class TWSText(Frame):
    """A text message with its id in digits (server versions up to 200); ``rest`` follows the last NUL."""

    name = "TWS text message"
    fields_desc = (
        IntField("len", None),
        _TextId("id", 71),
        _TextFields("fields", []),
        StrField("rest", b""),
        *_facts(),
    )


class TWSBinaryId(Frame):
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


class TWSProtobuf(Frame):
    """A protobuf message; ``id`` is as on the wire, 200 more than IB's number, ``body`` the serialized message."""

    name = "TWS protobuf message"
    encoding = "protobuf"
    fields_desc = (IntField("len", None), IntField("id", 271), StrField("body", b""), *_facts())


class TWSEmpty(Piece):
    """A frame without a payload: no healthy peer sends it."""

    name = "TWS empty frame"
    fields_desc = (IntField("len", 0), _NotOnWire("from_client", None))


def size_of(data: bytes, at: int = 0) -> int:
    """Octets of the piece that begins at ``at``; INCOMPLETE where more are needed to tell, LOST where none begins."""
    if data.startswith(hello.MAGIC, at):
        length = int.from_bytes(data[at + 4 : at + 8], "big")
        return INCOMPLETE if len(data) - at < 8 else 8 + length if 0 < length <= hello.HELLO_OCTETS else LOST
    if len(data) - at < 4:
        return LOST if data[at : at + 1] not in {b"", b"\0", b"A"} else INCOMPLETE
    length = int.from_bytes(data[at : at + 4], "big")
    if length == 0 or length > MAX_FRAME:
        return LOST if length else 4
    index = identify(data, at + 4, min(len(data), at + 4 + length), length)
    redirect = at == 0 and data[4:5] == b"-" and length <= hello.HELLO_OCTETS
    return INCOMPLETE if index == UNDECIDED else LOST if index == IMPLAUSIBLE and not redirect else 4 + length


def class_of(piece: bytes, *, first: bool) -> type[Piece]:
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


def by_ports(segment: Packet | None) -> bool | None:
    """Who sent a TCP segment, by the usual ports: True for the client, None where they do not tell."""
    sport, dport = getattr(segment, "sport", None), getattr(segment, "dport", None)
    if (sport in API_PORTS) == (dport in API_PORTS):
        return None
    return dport in API_PORTS
