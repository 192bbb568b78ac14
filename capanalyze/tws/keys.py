"""The request, order or rule id of a message, read where it lies; which field it is depends on the server version.

In: a frame's index and octets. Out: ``Keys.key``. The layouts of a version are the same for all its sessions.
"""

from functools import lru_cache
from typing import Final

from mypy_extensions import i64

from capanalyze.packets.common import COMPILED
from capanalyze.tws.frames import BINARY, PROTOBUF
from capanalyze.tws.running import NO_KEY
from capanalyze.tws.schema import FIRST_BINARY_ID, NEWEST, KeyFields, key_fields, protobuf_key_field

TEXT_VERSION: Final = 178
"""Server version assumed for the place of a text message's key where no hello told it (the newest of ib_async 2)."""

_DIGITS: Final = 17  # ids are 32-bit numbers; what is longer is none


class Keys:
    """Where the messages of a server version have their key.

    Attributes:
        text_only: the version sends no message whose id is binary.
    """

    __slots__ = ("client_binary", "client_text", "server_binary", "server_text", "text_only")

    def __init__(self, server_version: int) -> None:
        self.text_only: bool = 0 < server_version < FIRST_BINARY_ID
        text = server_version if self.text_only else TEXT_VERSION
        binary = NEWEST if server_version < FIRST_BINARY_ID else min(server_version, NEWEST)
        self.server_text: KeyFields = key_fields(False, text)
        self.client_text: KeyFields = key_fields(True, text)
        self.server_binary: KeyFields = key_fields(False, binary)
        self.client_binary: KeyFields = key_fields(True, binary)

    def key(self, from_client: bool, index: i64, data: bytes, begin: i64, end: i64) -> i64:
        """The id of the payload ``data[begin:end]``; NO_KEY where it has none."""
        if index > BINARY + PROTOBUF:
            if (
                protobuf_key_field(from_client, index - BINARY - PROTOBUF) != 1
                or end - begin < 6
                or data[begin + 4] != 8
            ):
                return NO_KEY
            return _read_varint(data, begin + 5, end)
        text = index < BINARY
        number: i64 = index if text else index - BINARY
        if number > 255:
            return NO_KEY
        if from_client:
            fields = self.client_text if text else self.client_binary
        else:
            fields = self.server_text if text else self.server_binary
        field = fields.of(number)
        if field < 0:
            return NO_KEY
        at: i64 = begin if text else begin + 4
        skip: i64 = field + 1 if text else field
        return read_digits(data, at, end, skip) if COMPILED else read_number(data, at, end, skip)


@lru_cache(256)
def keys_of(server_version: int) -> Keys:
    """The Keys of a version, 0 for one that is not known."""
    return Keys(server_version)


def read_digits(data: bytes, begin: i64, end: i64, skip: i64) -> i64:
    """The integer of a text field, the one after ``skip`` others, an octet at a time.

    NO_KEY where it is none or not whole.
    """
    while skip > 0:
        while begin < end and data[begin] != 0:
            begin += 1
        begin += 1
        skip -= 1
    negative = begin < end and data[begin] == 45
    at: i64 = begin + 1 if negative else begin
    first: i64 = at
    value: i64 = 0
    while at < end and at - first < _DIGITS:
        digit: i64 = data[at]
        if digit == 0:
            break
        if digit < 48 or digit > 57:
            return NO_KEY
        value = value * 10 + digit - 48
        at += 1
    if at == first or at >= end or data[at] != 0:
        return NO_KEY
    return -value if negative else value


def read_number(data: bytes, begin: i64, end: i64, skip: i64) -> i64:
    """The same for the interpreter."""
    fields = data[begin:end].split(b"\0", skip + 1)
    if len(fields) < skip + 2:
        return NO_KEY
    field = fields[skip]
    digits = field[1:] if field[:1] == b"-" else field
    return int(field) if digits.isdigit() and len(digits) <= _DIGITS else NO_KEY


def _read_varint(data: bytes, begin: i64, end: i64) -> i64:
    value = 0
    shift = 0
    at: i64 = begin
    while at < end and shift < 70:
        octet: i64 = data[at]
        value |= (octet & 127) << shift
        if octet < 128:
            value &= 0xFFFFFFFFFFFFFFFF
            value = value - (1 << 64) if value >= 1 << 63 else value
            return value if -(1 << 59) < value < 1 << 59 else NO_KEY
        shift += 7
        at += 1
    return NO_KEY
