"""Which of the server's frames the session has to see, as tables for the hot loop.

In: the open requests (pairing.py) and the server version. Out: Walker's ``watch`` (by a frame's index: 0,
ALWAYS, or where the request id lies) with ``firsts`` and ``prefixes`` (how the ids that wait begin on the wire).
"""

from typing import Final

from mypy_extensions import i64

from capanalyze.tws.frames import BINARY, INDEXES, PROTOBUF
from capanalyze.tws.keys import Keys, keys_without_version
from capanalyze.tws.message import ERROR, MANAGED_ACCOUNTS, NEXT_VALID_ID
from capanalyze.tws.pairing import Pairing
from capanalyze.tws.protobuf import as_varint
from capanalyze.tws.rows import end_markers
from capanalyze.tws.schema import protobuf_key_field
from capanalyze.tws.walker import ALWAYS, FIRSTS, Walker

_PREFIX: Final = 4  # octets of a key that the hot loop compares
_ALWAYS_SEEN: Final = (ERROR, NEXT_VALID_ID, MANAGED_ACCOUNTS)  # milestones are made of them

_TABLES: Final = 64  # watch tables kept of a session


class Watch:
    """The tables of one session."""

    def __init__(self, pairing: Pairing) -> None:
        self.pairing: Pairing = pairing
        self.keys: Keys = keys_without_version()
        self.known: dict[frozenset[int], bytes] = {}  # followed requests' message ids -> what marks() then says

    def known_by(self, keys: Keys) -> None:
        """The server's hello told its version, or a message what it may be: of layouts more is certain now."""
        self.pairing.server_version = keys.lists_version
        self.keys = keys
        self.known.clear()

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
            self.begin_anew(stream)

    def _table(self) -> bytes:
        table = bytearray(INDEXES)
        for number, by_kind in self.pairing.expected().items():
            field = self.keys.server_text.of(number)
            table[number] = 4 + len(str(number)) + 1 + 2 * field if 0 <= field < 2 and not by_kind else ALWAYS
            each = by_kind or self.keys.text_only  # where text is expected there is no such form
            field = self.keys.server_binary.of(number)
            table[BINARY + number] = 8 + 2 * field if 0 <= field < 2 and not each else ALWAYS
            certain = protobuf_key_field(False, number) == 1 and not each
            table[BINARY + PROTOBUF + number] = 9 if certain else ALWAYS
        for number in (*_ALWAYS_SEEN, *end_markers()):
            table[number] = table[BINARY + number] = table[BINARY + PROTOBUF + number] = ALWAYS
        return bytes(table)

    def begin_anew(self, stream: Walker) -> None:
        """Say how the keys that wait begin; all of them anew."""
        stream.prefixes = set()
        stream.firsts = FIRSTS
        stream.prefix = _PREFIX
        for key in self.pairing.followed_keys():
            self.add(stream, key)

    def add(self, stream: Walker, key: i64) -> None:
        """One more key waits."""
        digits = str(key).encode() + b"\0"
        varint = digits if self.keys.text_only else as_varint(key)
        shortest: i64 = min(len(digits), len(varint))
        if shortest < stream.prefix:
            stream.prefixes = {prefix[:shortest] for prefix in stream.prefixes}
            stream.prefix = shortest
        for octets in (digits, varint):
            stream.prefixes.add(octets[: stream.prefix])
            first: i64 = octets[0]
            if stream.firsts[first] == 0:
                stream.firsts = stream.firsts[:first] + b"\1" + stream.firsts[first + 1 :]
