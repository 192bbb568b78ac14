"""Which of the server's frames the session has to see, as tables for the hot loop.

In: the open requests (pairing.py) and the server version. Out: Walker's ``watch`` (by a frame's index: 0,
ALWAYS, or where the request id lies) with ``firsts`` and ``prefixes`` (how the ids that wait begin on the wire),
and ``key``, which reads the request id of a frame in place.
"""

from typing import Final

from mypy_extensions import i64

from capanalyze.packets.common import COMPILED
from capanalyze.tws.frames import BINARY, INDEXES, PROTOBUF
from capanalyze.tws.pairing import Pairing
from capanalyze.tws.rows import end_markers
from capanalyze.tws.running import NO_KEY
from capanalyze.tws.schema import FIRST_BINARY_ID, NEWEST, KeyFields, key_fields, protobuf_key_field
from capanalyze.tws.walker import ALWAYS, FIRSTS, Walker

TEXT_VERSION: Final = 178
"""Server version assumed for the place of a text message's key where no hello told it (the newest of ib_async 2)."""

_DIGITS: Final = 17  # ids are 32-bit numbers; what is longer is none
_PREFIX: Final = 4  # octets of a key that the hot loop compares
_ALWAYS_SEEN: Final = (4, 9, 15)  # error, nextValidId, managedAccounts: milestones are made of them

_TABLES: Final = 64  # watch tables kept of a session


def _both_sides(server_version: int) -> tuple[KeyFields, KeyFields]:
    """Where server's and client's text messages have their key."""
    return key_fields(False, server_version), key_fields(True, server_version)


def _varint(value: int) -> bytes:
    value &= 0xFFFFFFFFFFFFFFFF
    octets = bytearray()
    while value > 127:
        octets.append(value & 127 | 128)
        value >>= 7
    octets.append(value)
    return bytes(octets)


class Watch:
    """The tables of one session."""

    def __init__(self, pairing: Pairing) -> None:
        self.pairing: Pairing = pairing
        self.text: tuple[KeyFields, KeyFields] = _both_sides(TEXT_VERSION)
        self.binary: tuple[KeyFields, KeyFields] = _both_sides(NEWEST)
        self.text_only: bool = False
        self.known: dict[frozenset[int], bytes] = {}  # followed requests' message ids -> what marks() then says

    def version(self, server_version: int) -> None:
        """The server's hello told its version: layouts are certain now."""
        self.pairing.server_version = server_version
        if 0 < server_version < FIRST_BINARY_ID:
            self.text = _both_sides(server_version)
            self.text_only = True
        else:
            self.binary = _both_sides(min(server_version, NEWEST))
        self.known.clear()

    def key(self, from_client: bool, index: i64, data: bytes, begin: i64, end: i64) -> i64:
        """The request, order or rule id of the payload ``data[begin:end]``; NO_KEY where it has none."""
        if index > BINARY + PROTOBUF:
            if (
                protobuf_key_field(from_client, index - BINARY - PROTOBUF) != 1
                or end - begin < 6
                or data[begin + 4] != 8
            ):
                return NO_KEY
            return _read_varint(data, begin + 5, end)
        number: i64 = index if index < BINARY else index - BINARY
        at: i64 = begin + 4
        skip: i64 = 0
        tables = self.binary
        if index < BINARY:
            at = begin
            skip = 1
            tables = self.text
        if number > 255:
            return NO_KEY
        field = (tables[1] if from_client else tables[0]).of(number)
        if field < 0:
            return NO_KEY
        skip += field
        return read_digits(data, at, end, skip) if COMPILED else read_number(data, at, end, skip)

    def marks(self, stream: Walker) -> None:
        """Say which of the server's frames to stop at."""
        self.pairing.changed = self.pairing.running.changed = False
        wanted = frozenset(self.pairing.followed())
        table = self.known.get(wanted)
        if table is None:
            table = self._table()
            if len(self.known) < _TABLES:
                self.known[wanted] = table
        stream.watch = table
        lists = sum(self.pairing.running.begun.values())
        if len(stream.prefixes) > 4 * (self.pairing.waiting + lists) + 64:
            self.keys(stream)

    def _table(self) -> bytes:
        table = bytearray(INDEXES)
        for number, by_kind in self.pairing.expected().items():
            field = self.text[0].of(number)
            table[number] = 4 + len(str(number)) + 1 + 2 * field if 0 <= field < 2 and not by_kind else ALWAYS
            each = by_kind or self.text_only  # where text is expected there is no such form
            field = self.binary[0].of(number)
            table[BINARY + number] = 8 + 2 * field if 0 <= field < 2 and not each else ALWAYS
            certain = protobuf_key_field(False, number) == 1 and not each
            table[BINARY + PROTOBUF + number] = 9 if certain else ALWAYS
        for number in (*_ALWAYS_SEEN, *end_markers()):
            table[number] = table[BINARY + number] = table[BINARY + PROTOBUF + number] = ALWAYS
        return bytes(table)

    def keys(self, stream: Walker) -> None:
        """Say how the keys that wait begin; all of them anew."""
        stream.prefixes = set()
        stream.firsts = FIRSTS
        stream.prefix = _PREFIX
        for key in self.pairing.followed_keys():
            self.add(stream, key)

    def add(self, stream: Walker, key: i64) -> None:
        """One more key waits."""
        digits = str(key).encode() + b"\0"
        varint = digits if self.text_only else _varint(key)
        shortest: i64 = min(len(digits), len(varint))
        if shortest < stream.prefix:
            stream.prefixes = {prefix[:shortest] for prefix in stream.prefixes}
            stream.prefix = shortest
        for octets in (digits, varint):
            stream.prefixes.add(octets[: stream.prefix])
            first: i64 = octets[0]
            if stream.firsts[first] == 0:
                stream.firsts = stream.firsts[:first] + b"\1" + stream.firsts[first + 1 :]


def read_digits(data: bytes, begin: i64, end: i64, skip: i64) -> i64:
    """The integer of a text field, the one behind ``skip`` others, an octet at a time.

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
