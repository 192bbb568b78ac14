"""What begins a frame: its length and its message id, and the index by which the tables know it.

In: octets. Out: numbers. protocol.md 1.5 (framing), 2.1 and 2.2 (the three forms of the message id): text to server
version 200; from 201 on 4 octets, big endian, to which a protobuf message adds 200.
"""

from typing import Final

from mypy_extensions import i64

from capanalyze.tws.schema import messages, name_of

MAX_FRAME: Final = 0xFFFFFF
"""Largest payload that the official clients take (C++ EReader, ibapi: error 507 above it)."""

MAX_KEPT: Final = 65536
"""Octets kept of one frame where only a summary is wanted; the rest of a longer one is skipped."""

SHOWN: Final = 64
"""First octets kept of a side, to say what it is where it is not TWS."""

BINARY: Final = 1024
"""Added to a message id that was sent as 4 octets (server version >= 201) to make its index."""

PROTOBUF: Final = 200
"""Added by the protocol to the 4-octet id of a protobuf message."""

INDEXES: Final = BINARY + 512
"""Size of the tables that a frame's index selects from."""

UNDECIDED: Final = 0
IMPLAUSIBLE: Final = -1

_known: Final[list[bytes]] = [b"", b""]  # of the server, of the client


def index_id(index: int) -> int:
    """IB's message id of an index."""
    if index < BINARY:
        return index
    raw = index - BINARY
    return raw - PROTOBUF if raw > PROTOBUF else raw


def index_encoding(index: int) -> str:
    """The form in which the id was sent: "text", "binary_id" or "protobuf" (contract.md, "messages")."""
    if index < BINARY:
        return "text"
    return "protobuf" if index - BINARY > PROTOBUF else "binary_id"


def index_of(encoding: str, message_id: int) -> int:
    """The index of a message whose id was sent in that form."""
    return message_id + (0 if encoding == "text" else BINARY + (PROTOBUF if encoding == "protobuf" else 0))


def index_name(from_client: bool, index: int) -> str:
    """The API user's name of the message; ``message_N`` where the schema has none."""
    number = index_id(index)
    return name_of(from_client, number) if number <= PROTOBUF else f"message_{number}"


def identify(data: bytes, at: i64, end: i64, length: i64) -> i64:
    """Index of the frame whose payload of ``length`` octets begins at ``at``, of which those before ``end`` are here.

    Returns:
        1..999 for a text id, BINARY + 1..511 for a 4-octet id, UNDECIDED where more octets are needed,
        IMPLAUSIBLE where no message begins like that.
    """
    here: i64 = end - at
    if here <= 0:
        return UNDECIDED
    index: i64 = data[at]
    if index == 0:
        if length < 4 or (here > 1 and data[at + 1] != 0) or (here > 2 and data[at + 2] > 1):
            return IMPLAUSIBLE
        if here < 4:
            return UNDECIDED
        index = data[at + 2] * 256 + data[at + 3]
        return BINARY + index if index != 0 else IMPLAUSIBLE
    if index < 49 or index > 57:
        return IMPLAUSIBLE
    index -= 48
    step: i64 = 1
    while step < 4:
        if step >= length:
            return IMPLAUSIBLE
        if step >= here:
            return UNDECIDED
        digit: i64 = data[at + step]
        if digit == 0:
            return index
        if digit < 48 or digit > 57:
            return IMPLAUSIBLE
        index = index * 10 + digit - 48
        step += 1
    return IMPLAUSIBLE


def length_at(data: bytes, at: i64) -> i64:
    """The length of the frame that begins at ``data[at]``."""
    return (data[at] * 256 + data[at + 1]) * 65536 + data[at + 2] * 256 + data[at + 3]


def implausible_at(data: bytes, at: i64, length: i64) -> i64:
    """Which octet shows that what begins at ``data[at]`` is no frame, counted from there."""
    upto: i64 = 4
    while length <= MAX_FRAME and identify(data, at + 4, at + upto, length) != IMPLAUSIBLE:
        upto += 1
    return upto - 1


def known_indexes(from_client: bool) -> bytes:
    """A table by index: 1 where the schema has the message, in any of its three forms."""
    table = _known[1 if from_client else 0]
    if not table:
        marks = bytearray(INDEXES)
        for number in messages(from_client):
            marks[number] = marks[BINARY + number] = marks[BINARY + PROTOBUF + number] = 1
        table = bytes(marks)
        _known[1 if from_client else 0] = table
    return table
