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

from collections.abc import Mapping
from typing import Any, Final

from scapy.fields import PacketListField
from scapy.layers.inet import TCP
from scapy.packet import Packet, Padding, Raw, bind_bottom_up, bind_layers

from capanalyze import API_PORTS
from capanalyze.integrations.protobuf_build import encode_protobuf
from capanalyze.integrations.scapy_pieces import (
    INCOMPLETE,
    LOST,
    Frame,
    TWSBinaryId,
    TWSEmpty,
    TWSHello,
    TWSProtobuf,
    TWSServerHello,
    TWSText,
    by_ports,
    class_of,
    size_of,
)
from capanalyze.tws.encode import encode_text
from capanalyze.tws.schema import FIRST_BINARY_ID, PROTOBUF_OFFSET, MessageType, by_name

__all__ = ["TWS", "TWSBinaryId", "TWSEmpty", "TWSHello", "TWSProtobuf", "TWSServerHello", "TWSText", "message"]

ALL_PROTOBUF: Final = 213
"""From this server version on every answer that has a protobuf message is sent as one (protocol.md 2.3)."""

_SEQUENCE: Final = 1 << 32


class _Messages(PacketListField):  # type: ignore[misc]  # as above
    """Every whole piece; what follows them is left to the payload."""

    def getfield(self, pkt: Packet, s: bytes) -> tuple[bytes, list[Packet]]:
        """Take whole pieces from the beginning of ``s``."""
        found: list[Packet] = []
        at = 0
        while at < len(s):
            size = size_of(s, at)
            if size <= 0 or at + size > len(s):
                break
            piece = s[at : at + size]
            found.append(class_of(piece, first=not found)(piece, _parent=pkt))
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
        size = size_of(data)
        if size == INCOMPLETE or size > len(data):
            if not metadata.get("tcp_end"):
                metadata["tcp_min_len"] = size if size > 0 else len(data) + 1
                return None
            size = LOST
        packet = cls(data)
        _tell(packet.messages, metadata, session)
        rest = bytes(packet.payload)
        if rest and size != LOST and size_of(rest) != LOST and not metadata.get("tcp_end"):
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
        from_client = by_ports(original.getlayer(TCP) if original is not None else None)
    for piece in pieces:
        if isinstance(piece, TWSServerHello):
            session["tws_server_version"] = piece.server_version
        elif isinstance(piece, Frame):
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


def _is_protobuf(row: MessageType, server_version: int) -> bool:
    since = row.protobuf_since if row.from_client and row.text else FIRST_BINARY_ID if row.from_client else ALL_PROTOBUF
    return bool(row.protobuf) and 0 < since <= server_version


for _port in API_PORTS:
    bind_bottom_up(TCP, TWS, sport=_port)
    bind_bottom_up(TCP, TWS, dport=_port)
bind_layers(TCP, TWS, dport=API_PORTS[0])
