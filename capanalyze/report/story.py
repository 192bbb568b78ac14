"""The story of a request: its messages with the time since it was sent, and how it went.

In: records (report/messages.py) that belong to the ids asked for, in capture order. Out: lines of text: each message
as it comes, then a sentence for each request. What is remembered is a few numbers for each request.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, tzinfo
from typing import Any, Final

from capanalyze.report.message_line import message_line
from capanalyze.report.request_line import warnings
from capanalyze.timeline.words import count, listing, quote, span
from capanalyze.tws.schema.pairs import Pair, cancelled_by, pairs

TOLD: Final = 1000
"""Requests that get a sentence, and executions that are remembered; what comes after them is listed only."""


class Asked:
    """A request and what came of it; ``key`` is its id, times are nanoseconds since the epoch or None."""

    def __init__(self, record: dict[str, Any], pair: Pair | None) -> None:
        self.conn: int = record["conn"]
        self.key: int | None = record.get("request_id")
        self.name: str = record["name"]
        self.packet: int = record["packet"]
        self.ts_ns: int | None = record["ts_ns"]
        self.pair = pair
        self.answers: dict[str, int] = {}
        self.first_ns: int | None = None
        self.last_ns: int | None = None
        self.ended = False
        self.errors: list[str] = []
        self.cancelled = False

    def after(self, ts_ns: int | None) -> int | None:
        """Nanoseconds from the request to ``ts_ns``."""
        return None if ts_ns is None or self.ts_ns is None else ts_ns - self.ts_ns

    def take(self, record: dict[str, Any]) -> None:
        """A message of the server belongs to it."""
        since = self.after(record["ts_ns"])
        if not self.answers:
            self.first_ns = since
        self.last_ns = since
        name = record["name"]
        self.answers[name] = self.answers.get(name, 0) + 1
        if name == "error":
            fields = record["fields"]
            self.errors.append(f"error {fields.get('errorCode')} {quote(str(fields.get('errorMsg')))}")
            del self.errors[3:]
        self.ended = self.ended or (self.pair is not None and name == self.pair.end)


class Stories:
    """The requests so far: the youngest with each id of a connection, and those that get a sentence."""

    def __init__(self) -> None:
        self.youngest: dict[tuple[int, int | None], Asked] = {}
        self.executions: dict[str, Asked] = {}
        self.told: list[Asked] = []

    def take(self, record: dict[str, Any]) -> Asked | None:
        """The request that a message belongs to: itself, the one it cancels, or the youngest with its id."""
        place = (record["conn"], record.get("request_id"))
        found = self.youngest.get(place)
        if record["sender"] == "server":
            return self._answer(record, found)
        cancelled = cancelled_by(record["name"])
        if found is not None and cancelled is not None and found.name == cancelled.request:
            found.cancelled = True
            return found
        if len(self.told) >= TOLD:
            return found
        asked = Asked(record, pairs().get(record["name"]))
        self.told.append(asked)
        self.youngest[place] = asked
        return asked

    def _answer(self, record: dict[str, Any], found: Asked | None) -> Asked | None:
        """Orders are answered by executions, which name them inside, and these by commission reports."""
        fields = record["fields"]
        execution = fields.get("execution")
        if found is None and isinstance(execution, dict):
            found = self.youngest.get((record["conn"], execution.get("orderId")))
            if found is not None and len(self.executions) < TOLD:
                self.executions[str(execution.get("execId"))] = found
        elif found is None:
            found = self.executions.get(str(fields.get("execId")))
        if found is not None:
            found.take(record)
        return found


def story(
    records: Iterable[dict[str, Any]], exchanges: Sequence[dict[str, Any]] = (), zone: tzinfo = UTC
) -> Iterator[str]:
    """The lines: each message after the time since its request, then a sentence for each request.

    ``exchanges`` (report/requests.py) are looked at after the last message; they tell what was wrong with a request.
    """
    stories = Stories()
    for record in records:
        asked = stories.take(record)
        since = asked.after(record["ts_ns"]) if asked is not None else None
        yield f"{_offset(since):>14} {message_line(record, zone)}"
    yield "\n"
    wrong = {_place(one): warnings(one) for one in exchanges if "left_out" not in one}
    for asked in stories.told:
        words = wrong.get((asked.conn, asked.packet, asked.name, asked.key), [])
        yield "; ".join([_sentence(asked), *words]) + "\n"
    if not stories.told:
        yield "no request with this id in the capture\n"


def _place(exchange: dict[str, Any]) -> tuple[int, int, str, int | None]:
    return exchange["conn"], exchange["packet"], exchange["name"], exchange["request_id"]


def _offset(since: int | None) -> str:
    return "" if since is None else f"{since / 1e9:+.6f} s"


def _sentence(asked: Asked) -> str:
    """How a request went, in one line."""
    what = f"#{asked.conn} {asked.name}{'' if asked.key is None else f' {asked.key}'} (packet {asked.packet}): "
    if not asked.answers:
        return f"{what}{'cancelled and ' if asked.cancelled else ''}never answered in this capture"
    number = sum(asked.answers.values())
    names = listing([f"{name} x{times}" if times > 1 else name for name, times in asked.answers.items()])
    words = [f"{count(number, 'answer')}: {names}"]
    if asked.first_ns is not None and asked.last_ns is not None:
        words.append(f"the first after {span(asked.first_ns)}")
        words += [f"the last after {span(asked.last_ns)}"] * (number > 1)
    if asked.ended and asked.pair is not None:
        words.append(f"ended by {asked.pair.end}")
    elif asked.pair is not None and asked.pair.end and not asked.errors:
        words.append(f"{asked.pair.end} did not come")
    words += asked.errors + ["cancelled"] * asked.cancelled
    return what + "; ".join(words)
