"""The schema of the TWS API messages: a direction and an id in, everything we know of that message out.

The rows are data (requests.py, answers.py, orders.py, protobuf_rows.py, pairs.py). They are indexed by id when
first asked for, and a row is parsed when its message is first met: importing this costs next to nothing.
"""

import re
from typing import Final

from mypy_extensions import i64

from capanalyze.tws.schema import answers, orders, requests
from capanalyze.tws.schema.grammar import FIELD, Node, parse

PROTOBUF_OFFSET: Final = 200
"""Added to the id of a message that is written as protobuf (server version 201 and later)."""

NEWEST: Final = 226
"""The newest server version whose fields this schema holds (ibapi 10.51.1)."""

FIRST_BINARY_ID: Final = 201
"""From this server version on every frame starts with a 4-octet id (MIN_SERVER_VER_PROTOBUF)."""

NO_FIELD: Final = -1
"""The place of the key of a message that has none."""

SEVERAL: Final = -3
"""The place of a key that lies elsewhere at another one of the server versions that a session may have."""

_NOT_ASKED: Final = -2

_HEADER: Final = r"^(\d+) (\w+) (\w+)(.*)$\n?((?:  .*\n)*)"


class MessageType:
    """One row: what is known of every message of a direction and an id.

    Attributes:
        from_client: True for a request, False for an answer.
        id: the message id, without the 200 of the protobuf form.
        name: what a user of the API knows it by (EClient's method, EWrapper's callback).
        constant: IB's name.
        since: the first server version that takes or sends it.
        protobuf: the name of its protobuf message, "" if it has none.
        protobuf_since: the server version from which ibapi sends it as protobuf (requests; 0 if unknown).
        layout: the notation of its text form (grammar.py).
        text: False if it exists as protobuf only.
    """

    __slots__ = (
        "_key_name", "_nodes", "constant", "from_client", "id", "layout", "name", "protobuf", "protobuf_since", "since",
        "text",
    )  # fmt: skip

    def __init__(self, from_client: bool, row: tuple[str, str, str, str, str]) -> None:
        self.from_client = from_client
        self.id = int(row[0])
        self.name = row[1]
        self.constant = row[2]
        self.layout = row[4]
        self.since = 0
        self.protobuf = ""
        self.protobuf_since = 0
        self.text = True
        self._nodes: list[Node] | None = None
        self._key_name: str | None = None
        for attribute in row[3].split():
            self._attribute(attribute)

    def _attribute(self, attribute: str) -> None:
        if attribute.startswith(">="):
            self.since = int(attribute[2:])
        elif attribute.startswith("pb="):
            self.protobuf, _, since = attribute[3:].partition("@")
            self.protobuf_since = int(since or 0)
        else:
            self.text = attribute != "no-text"

    def nodes(self) -> list[Node]:
        """The items of the text form, in wire order."""
        if self._nodes is None:
            self._nodes = parse(self.layout, _fragments(self.from_client))
        return self._nodes

    def key_name(self) -> str:
        """The field that holds the pairing key (it stands at the top of both forms), "" for none."""
        if self._key_name is None:
            keys = [node.name for node in self.nodes() if node.key]
            self._key_name = keys[0] if keys else "" if self.text else "reqId"
        return self._key_name

    def protobuf_key(self) -> int:
        """The number of the protobuf field that holds the pairing key, 0 for none: 1 everywhere but in orderBound."""
        if not self.protobuf or not self.key_name():
            return 0
        return 3 if self.protobuf == "OrderBound" else 1


_tables: dict[bool, dict[int, MessageType]] = {}


def _fragments(from_client: bool) -> dict[str, str]:
    return {**(requests.FRAGMENTS if from_client else answers.FRAGMENTS), **orders.FRAGMENTS}


def messages(from_client: bool) -> dict[int, MessageType]:
    """All messages of one direction by id, in order of id."""
    table = _tables.get(from_client)
    if table is None:
        rows = re.findall(_HEADER, requests.ROWS if from_client else answers.ROWS, re.MULTILINE)
        table = {int(row[0]): MessageType(from_client, row) for row in rows}
        _tables[from_client] = table
    return table


def message(from_client: bool, message_id: int) -> MessageType | None:
    """The row of ``message_id`` (with or without the 200 of the protobuf form), None if there is none."""
    if message_id > PROTOBUF_OFFSET:
        message_id -= PROTOBUF_OFFSET
    return messages(from_client).get(message_id)


def name_of(from_client: bool, message_id: int) -> str:
    """The user's name for a message; ``message_N`` for an id that the schema does not know."""
    row = message(from_client, message_id)
    if row is not None:
        return row.name
    return f"message_{message_id - PROTOBUF_OFFSET if message_id > PROTOBUF_OFFSET else message_id}"


def by_name(name: str) -> list[MessageType]:
    """The messages whose name or constant is ``name``, in any case (``position`` or ``POSITION_DATA``)."""
    wanted = name.lower()
    found = [*messages(True).values(), *messages(False).values()]
    return [row for row in found if wanted in (row.name.lower(), row.constant.lower())]


def key_field(from_client: bool, message_id: int, server_version: int) -> int:
    """Where the text form has its pairing key: the index of the field after the id (0, 1, ...), or NO_FIELD."""
    row = messages(from_client).get(message_id)
    if row is None:
        return NO_FIELD
    position = 0
    for node in row.nodes():
        if node.low <= server_version <= node.high:
            if node.key:
                return position
            if node.form != FIELD:
                break  # a key stands among the fields at the beginning, or there is none
            position += 1
    return NO_FIELD


def _key_field_in(from_client: bool, message_id: int, low: int, high: int) -> int:
    """``key_field`` at the server versions from ``low`` to ``high``: SEVERAL where they differ."""
    row = messages(from_client).get(message_id)
    if row is None:
        return NO_FIELD
    low = min(max(low, row.since), high)
    bounds = {bound for node in row.nodes() for bound in (node.low, node.high + 1) if low < bound <= high}
    places = {key_field(from_client, message_id, version) for version in (low, *bounds)}
    return places.pop() if len(places) == 1 else SEVERAL


class KeyFields:
    """``key_field`` of the ids up to 255 in one direction at server versions ``low`` to ``high``, when first asked for.

    Most captures hold a few of the messages; to parse the layouts of all would take longer than to read a small one.
    """

    __slots__ = ("_fields", "_from_client", "_high", "_low")

    def __init__(self, from_client: bool, low: int, high: int) -> None:
        self._from_client = from_client
        self._low = low
        self._high = high
        self._fields: list[int] = [_NOT_ASKED] * 256

    def of(self, message_id: i64) -> i64:
        """The index of the field of that message, NO_FIELD, or SEVERAL."""
        field: i64 = self._fields[message_id]
        if field == _NOT_ASKED:
            field = _key_field_in(self._from_client, message_id, self._low, self._high)
            self._fields[message_id] = field
        return field


_key_fields: dict[tuple[bool, int, int], KeyFields] = {}


def key_fields(from_client: bool, low: int, high: int) -> KeyFields:
    """The KeyFields of a direction and of server versions, the same ones every time."""
    found = _key_fields.get((from_client, low, high))
    if found is None:
        found = KeyFields(from_client, low, high)
        _key_fields[from_client, low, high] = found
    return found


def protobuf_key_field(from_client: bool, message_id: int) -> int:
    """The number of the protobuf field (a varint) that holds the pairing key, 0 for none; ``message_id`` below 200."""
    row = messages(from_client).get(message_id)
    return 0 if row is None else row.protobuf_key()
