"""How requests are answered, as message ids: what the pairing of a session looks up.

In: schema/pairs.py, which has names. Out: Row per request, what cancels what, and which messages end a list.
"""

from typing import Final

from mypy_extensions import i64

from capanalyze.tws.error_codes import refuses
from capanalyze.tws.error_subjects import fits, of_the_order
from capanalyze.tws.schema import messages, name_of
from capanalyze.tws.schema.pairs import Pair, pairs

PLACE_ORDER: Final = 3
CANCEL_ORDER: Final = 4
ORDER_CANCELLED: Final = 202

_RULES: Final = 1 << 60  # market rule ids are numbered apart from request ids


class Row:
    """How a request is answered (schema/pairs.py): message ids instead of names; ``end`` is 0 for none."""

    def __init__(self, pair: Pair) -> None:
        self.answers: frozenset[int] = frozenset(number for answer in pair.answers for number in _ids(answer, False))
        self.keyless: bool = pair.keyless
        self.rule: bool = pair.key == "marketRule"
        self.end: int = _ids(pair.end, False)[0] if pair.end else 0
        self.stream: bool = pair.stream
        self.whole: bool = pair.whole
        self.again: bool = pair.again
        self.listing: bool = self.end != 0 and len(self.answers) > 1 and not self.whole  # the end marker must come


_ROWS: dict[int, Row] = {}
_CANCELS: dict[int, int] = {}  # message id of the cancel -> of the request
_RULE_ANSWERS: set[int] = set()
_NONE: Final[list[int]] = []
_ENDS: dict[int, list[int]] = {}  # end marker -> message ids of the requests that have it and other answers too


def _ids(name: str, from_client: bool) -> list[int]:
    return [row.id for row in messages(from_client).values() if row.name == name]


def _load() -> None:
    for name, pair in pairs().items():
        row = Row(pair)
        if row.rule:
            _RULE_ANSWERS.update(row.answers)
        for number in _ids(name, True):
            _ROWS[number] = row
            if row.end != 0 and len(row.answers) > 1:
                _ENDS.setdefault(row.end, []).append(number)
            for cancel in _ids(pair.cancel, True) if pair.cancel else ():
                _CANCELS[cancel] = number


def rows() -> dict[int, Row]:
    """How each request is answered, by its message id."""
    if not _ROWS:
        _load()
    return _ROWS


def row_of(message_id: i64) -> Row | None:
    """How the request is answered; None for what nothing answers."""
    return rows().get(message_id)


def answers_rule(message_id: i64) -> bool:
    """Whether the server's message answers for a market rule."""
    return message_id in _RULE_ANSWERS


def ended_by(message_id: i64) -> list[int]:
    """The requests, by message id, whose other answers that message of the server ends."""
    return _ENDS.get(message_id, _NONE)


def refused(message_id: i64, code: i64) -> bool:
    """Whether an error with that code refuses a request; for the cancellation of an order 202 is what it asked for."""
    return refuses(code) and not (message_id == CANCEL_ORDER and code == ORDER_CANCELLED)


def can_be_about(message_id: i64, code: i64) -> bool:
    """Whether an error with that code can be meant for a request: order ids and request ids may be the same."""
    return fits(code, name_of(True, message_id))


def meant(message_id: i64, code: i64) -> i64:
    """The request that an error with that code ended: an order may be rejected while its cancellation waits."""
    return PLACE_ORDER if message_id == CANCEL_ORDER and of_the_order(code) else message_id


def cancelled_by(message_id: i64) -> i64:
    """The request that this one cancels; 0 for none."""
    rows()
    return _CANCELS.get(message_id, 0)


def end_markers() -> list[int]:
    """The server's message ids that end a request which has other answers too: rare ones all of them."""
    rows()
    return list(_ENDS)


def place_of(key: i64, rule: bool) -> i64:
    """The key among all keys: market rules are numbered apart from requests and orders."""
    return key + _RULES if rule else key


def key_at(place: i64) -> i64:
    """The key, as it is on the wire, that has that place."""
    return place if place < _RULES // 2 else place - _RULES
