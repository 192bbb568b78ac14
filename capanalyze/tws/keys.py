"""The request, order or rule id of a message, read where it lies; which field it is depends on the server version.

In: a frame's index and octets. Out: ``Keys.key``. The layouts of a version are the same for all its sessions. Of a
session that began before the capture no version is known, only between which it lies (``narrowed``).
"""

from functools import lru_cache
from typing import Final

from mypy_extensions import i64

from capanalyze.packets.common import COMPILED
from capanalyze.tws.fitting import FIRST_FRAMED, fitting_versions
from capanalyze.tws.frames import BINARY, PROTOBUF
from capanalyze.tws.running import HISTORICAL_DATA, HISTORICAL_DATA_END_SINCE, NO_KEY, OPEN_KEY
from capanalyze.tws.schema import FIRST_BINARY_ID, NEWEST, SEVERAL, KeyFields, key_fields, protobuf_key_field

_DIGITS: Final = 17  # ids are 32-bit numbers; what is longer is none


class Keys:
    """Where the messages of a session have their key whose server version is one of ``low`` to ``high``.

    Attributes:
        text_low, text_high: these versions, as far as their ids are text.
        text_only: none of the versions sends a message whose id is binary.
        lists_version: one that says whether historicalDataEnd comes, as all of them do; 0 where they differ.
    """

    __slots__ = (
        "client_binary", "client_text", "high", "lists_version", "low", "server_binary", "server_text", "text_high",
        "text_low", "text_only",
    )  # fmt: skip

    def __init__(self, low: int, high: int) -> None:
        self.low: int = low
        self.high: int = high
        self.text_only: bool = high < FIRST_BINARY_ID
        self.lists_version: int = 0 if low < HISTORICAL_DATA_END_SINCE <= high else high
        self.text_high: int = min(high, FIRST_BINARY_ID - 1)
        self.text_low: int = min(low, self.text_high)
        binary_low, binary_high = min(max(low, FIRST_BINARY_ID), NEWEST), min(max(high, FIRST_BINARY_ID), NEWEST)
        self.server_text: KeyFields = key_fields(False, self.text_low, self.text_high)
        self.client_text: KeyFields = key_fields(True, self.text_low, self.text_high)
        self.server_binary: KeyFields = key_fields(False, binary_low, binary_high)
        self.client_binary: KeyFields = key_fields(True, binary_low, binary_high)

    def key(self, from_client: bool, index: i64, data: bytes, begin: i64, end: i64) -> i64:
        """The id of the payload ``data[begin:end]``; NO_KEY where it has none, OPEN_KEY where it may lie elsewhere."""
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
            return OPEN_KEY if field == SEVERAL else NO_KEY
        at: i64 = begin if text else begin + 4
        skip: i64 = field + 1 if text else field
        return read_digits(data, at, end, skip) if COMPILED else read_number(data, at, end, skip)

    def undecided(self, from_client: bool, index: i64) -> bool:
        """Whether the form of such a message tells more of the version than is known."""
        if index >= BINARY:
            return self.low < FIRST_BINARY_ID <= self.high
        return self.high >= FIRST_BINARY_ID > self.low or self._depends(from_client, index)

    def _depends(self, from_client: bool, index: i64) -> bool:
        """Whether versions differ in where such a text message has its key, or in whether it ends its list."""
        if index > 255:
            return False
        fields = self.client_text if from_client else self.server_text
        ends = index == HISTORICAL_DATA and not from_client
        return fields.of(index) == SEVERAL or (ends and self.text_low < HISTORICAL_DATA_END_SINCE <= self.text_high)

    def narrowed(self, from_client: bool, index: i64, payload: bytes, whole: bool) -> "Keys":
        """The Keys of those of the versions at which a message has that form; the same where none of them has."""
        if index >= BINARY:
            return keys_of(max(self.low, FIRST_BINARY_ID), self.high)
        low, high = self.text_low, self.text_high
        if self._depends(from_client, index):
            low, high = fitting_versions(from_client, int(index), payload, low, high, whole=whole) or (low, high)
        return keys_of(low, high)


@lru_cache(256)
def keys_of(low: int, high: int) -> Keys:
    """The Keys of the server versions ``low`` to ``high``."""
    return Keys(low, high)


def keys_without_version() -> Keys:
    """The Keys of a session with frames whose version is not known."""
    return keys_of(FIRST_FRAMED, NEWEST)


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
