"""Which messages ``capanalyze messages`` lists: options in, a Choice out that says yes or no to each.

What can be told without decoding is asked first, so that looking for one request in a large capture costs little
more than walking its frames. A Choice remembers one thing: the executions of the orders that it was asked for, as
commission reports name nothing else.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, tzinfo
from fnmatch import fnmatchcase
from typing import Any, Final

from capanalyze.errors import CapanalyzeError
from capanalyze.tws.decode import request_key
from capanalyze.tws.message import COMMISSION_REPORT, EXEC_DETAILS, Message
from capanalyze.tws.schema import messages, name_of

HELLO: Final = "hello"
NO_REQUEST: Final = -1
"""The id of answers that nobody asked for."""

EXECUTIONS: Final = 10_000
"""Executions remembered; commission reports of later ones are not found by their order."""

LONGEST_NAME: Final = 60
"""Characters of a wrong name that are held against the right ones."""

ALIKE: Final = 0.7
"""How much of a wrong name has to be a right one's (difflib's ratio)."""

SECOND: Final = 1_000_000_000
_NUMBER: Final = r"[-+]?\d+(\.\d+)?\Z"
_FRACTION: Final = r"[.,](\d+)"


class Moment:
    """A point in time: ``ns`` since the epoch, or since the first packet of the capture where ``relative``."""

    __slots__ = ("ns", "relative")

    def __init__(self, ns: int, relative: bool) -> None:
        self.ns = ns
        self.relative = relative

    def after(self, start_ns: int) -> int:
        """Nanoseconds since the epoch in a capture that begins at ``start_ns``."""
        return self.ns + start_ns if self.relative else self.ns


def moment_of(text: str, zone: tzinfo) -> Moment:
    """Seconds after the first packet ("12.5"), or a date and time ("2026-11-22 17:42:22.123456789Z").

    A time without an offset is one of ``zone``.

    Raises:
        CapanalyzeError: it is neither.
    """
    if re.match(_NUMBER, text):
        whole, _, fraction = text.partition(".")
        nanoseconds = int(fraction[:9].ljust(9, "0")) if fraction else 0
        return Moment(int(whole) * SECOND + (-nanoseconds if text.startswith("-") else nanoseconds), relative=True)
    fraction_found = re.search(_FRACTION, text)
    nanoseconds = int(fraction_found[1][:9].ljust(9, "0")) if fraction_found else 0
    try:
        when = datetime.fromisoformat(re.sub(_FRACTION, "", text, count=1))
        since = (when if when.tzinfo else when.replace(tzinfo=zone)) - datetime(1970, 1, 1, tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise CapanalyzeError(
            f"{text}: no time", "seconds after the first packet, or a date and time: 2026-11-22T17:42:22.5Z"
        ) from error
    return Moment((since.days * 86400 + since.seconds) * SECOND + nanoseconds, relative=False)


def names_of(patterns: Iterable[str]) -> frozenset[str]:
    """The names of messages that ``patterns`` mean: names or IB's constants in any case, ``*`` and ``?`` in them.

    Raises:
        CapanalyzeError: the schema has no such message.
    """
    known = {HELLO: HELLO}
    for row in (*messages(True).values(), *messages(False).values()):
        known[row.name.lower()] = known[row.constant.lower()] = row.name
    found: set[str] = set()
    for pattern in patterns:
        fitting = {name for word, name in known.items() if fnmatchcase(word, pattern.lower())}
        if not fitting and re.match(r"message_\d+\Z|not_a_message\Z", pattern):
            fitting = {pattern}
        if not fitting:
            raise CapanalyzeError(
                f"{pattern}: no message of that name",
                f"{near(pattern)}capanalyze schema lists them; * is a wildcard",
            )
        found |= fitting
    return frozenset(found)


def near(word: str) -> str:
    """A question with the names that are spelt nearly like ``word``; "" where none is."""
    from difflib import get_close_matches  # noqa: PLC0415 - a name is rarely wrong

    known = {row.name.lower(): row.name for row in (*messages(True).values(), *messages(False).values())}
    found = [known[match] for match in get_close_matches(word.lower()[:LONGEST_NAME], known, cutoff=ALIKE)]
    return f"did you mean {' or '.join(found)}? " if found else ""


class Choice:
    """What was asked for; an empty collection or None asks for nothing in particular.

    Args:
        names: names of messages (``names_of``).
        ids: IB's message ids.
        sender: "client" or "server".
        conns: numbers of connections.
        requests: request or order ids.
        first, last: the messages from one moment to another, both inclusive.
    """

    def __init__(
        self,
        *,
        names: frozenset[str] = frozenset(),
        ids: Sequence[int] = (),
        sender: str | None = None,
        conns: Sequence[int] = (),
        requests: Sequence[int] = (),
        first: Moment | None = None,
        last: Moment | None = None,
    ) -> None:
        self.names = names
        self.ids = frozenset(ids)
        self.sender = sender
        self.conns = frozenset(conns)
        self.requests = frozenset(requests)
        self.first = first
        self.last = last
        self.executions: set[str] = set()

    @property
    def counted(self) -> bool:
        """Whether counts by side and name suffice: nothing is asked for that only a message tells."""
        return not self.requests and not self.conns and self.first is None and self.last is None

    @property
    def everything(self) -> bool:
        """Whether every message is wanted."""
        return self.counted and not self.names and not self.ids and self.sender is None

    def undecoded(self, message: Message, start_ns: int) -> bool:
        """Whether a message may be wanted, by all that is known without decoding it."""
        if self.names and message.name not in self.names:
            return False
        if self.ids and (message.id not in self.ids or message.name == HELLO):
            return False
        if self.sender is not None and message.from_client != (self.sender == "client"):
            return False
        if self.conns and message.conn not in self.conns:
            return False
        return self._in_time(message.ts_ns, start_ns) and (not self.requests or self._may_be_asked(message))

    def asked(self, exchange: dict[str, Any], start_ns: int) -> bool:
        """Whether a record of a request with its answers (report/requests.py) is wanted."""
        if self.conns and exchange["conn"] not in self.conns:
            return False
        if "left_out" in exchange:
            return True
        if self.names and exchange["name"] not in self.names:
            return False
        if self.ids and exchange["name"] not in {name_of(True, number) for number in self.ids}:
            return False
        if self.requests and exchange["request_id"] not in self.requests:
            return False
        ts_ns = exchange["ts_ns"]
        return self.sender != "server" and self._in_time(-1 if ts_ns is None else ts_ns, start_ns)

    def _in_time(self, ts_ns: int, start_ns: int) -> bool:
        if self.first is None and self.last is None:
            return True
        if ts_ns < 0:
            return False
        if self.first is not None and ts_ns < self.first.after(start_ns):
            return False
        return self.last is None or ts_ns <= self.last.after(start_ns)

    def _may_be_asked(self, message: Message) -> bool:
        """Whether a message may belong to the requests; where the version is unknown, only decoding tells."""
        if message.name == HELLO:
            return False
        if not message.server_version or (not message.from_client and message.id in {EXEC_DETAILS, COMMISSION_REPORT}):
            return True
        version = int(message.server_version)
        key = request_key(
            message.payload, from_client=message.from_client, server_version=version, encoding=message.encoding
        )
        return key in self.requests

    def decoded(self, record: dict[str, Any]) -> bool:
        """Whether a record (report/messages.py) of a message that passed ``undecoded`` is wanted."""
        if not self.requests:
            return True
        execution = record["fields"].get("execution")
        execution = execution if isinstance(execution, dict) else {}
        key = record.get("request_id")
        if key in self.requests or (record["sender"] == "server" and execution.get("orderId") in self.requests):
            if execution and (key != NO_REQUEST or execution.get("orderId") in self.requests):
                self._remember(execution.get("execId"))
            return True
        return record["id"] == COMMISSION_REPORT and record["fields"].get("execId") in self.executions

    def _remember(self, execution_id: object) -> None:
        if isinstance(execution_id, str) and len(self.executions) < EXECUTIONS:
            self.executions.add(execution_id)
