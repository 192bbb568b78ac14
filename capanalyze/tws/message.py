"""Message: one TWS message as it crossed the wire; its fields are decoded when somebody asks.

In: the frame's octets and the packets that brought them. Out: what a timeline line, a jsonl line or a
row of a table is made of.
"""

from typing import Final

from mypy_extensions import i64

START_API: Final = 71
REQ_ACCOUNT_UPDATES: Final = 6
"""IB's ids of what a client sends."""

ERROR: Final = 4
NEXT_VALID_ID: Final = 9
EXEC_DETAILS: Final = 11
MANAGED_ACCOUNTS: Final = 15
COMMISSION_REPORT: Final = 59
"""IB's ids of what a gateway sends (each side has its own numbers: a client's 4 is cancelOrder)."""


class Message:
    """A hello, a frame or an unframed legacy message.

    Attributes:
        conn: number of its connection in the capture (0 until the analyzer sets it).
        from_client: who sent it.
        id: IB's message id without the protobuf offset; 0 for the two hellos.
        name: the API user's name of it (contract.md, "messages").
        encoding: "hello", "text", "binary_id", "protobuf" or "unframed".
        first_packet, packet: the packets with its first and its last octet.
        ts_ns: the time of ``packet``.
        size: octets without the 4-octet length prefix.
        payload: these octets (at most MAX_KEPT of them where messages are kept for a summary).
        server_version: the version in force, or 0 where it is not known.
        resynchronised: True for the first message after lost framing, and for all of a side that has no hello here.
        request_id: the request, order or rule id; None where it has none.
        missing: octets of it that the capture lacks; ``payload`` then ends where they begin.
        offset: position of its first octet (of the length prefix) in the side's stream.
    """

    __slots__ = (
        "conn",
        "encoding",
        "first_packet",
        "from_client",
        "id",
        "missing",
        "name",
        "offset",
        "packet",
        "payload",
        "request_id",
        "resynchronised",
        "server_version",
        "size",
        "ts_ns",
    )

    def __init__(
        self, from_client: bool, message_id: i64, name: str, encoding: str, first_packet: i64, packet: i64, ts_ns: i64
    ) -> None:
        self.conn: i64 = 0
        self.from_client: bool = from_client
        self.id: i64 = message_id
        self.name: str = name
        self.encoding: str = encoding
        self.first_packet: i64 = first_packet
        self.packet: i64 = packet
        self.ts_ns: i64 = ts_ns
        self.size: i64 = 0
        self.payload: bytes = b""
        self.server_version: i64 = 0
        self.resynchronised: bool = False
        self.request_id: int | None = None
        self.missing: i64 = 0
        self.offset: i64 = 0
