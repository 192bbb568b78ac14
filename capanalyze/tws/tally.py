"""How the requests of a session went, by kind, and the few that are worth naming.

In: what pairing.py saw of each request. Out: a Kind for every name, lists of the requests whose id was in use and of
those that were sent too early. Numbers only: a session of a million requests costs no more than one of ten.
"""

from typing import Final

from mypy_extensions import i64

from capanalyze.tws.schema import name_of

NAMED: Final = 100
"""Requests listed for one reason; the rest is counted."""

ORDERS_KEPT: Final = 20
"""Orders that were answered last: of interest are those that were so after their client had closed."""


class Times:
    """Nanoseconds from requests to a message that came of them; ``packet`` is of the request that waited longest."""

    def __init__(self) -> None:
        self.number: i64 = 0
        self.total: i64 = 0
        self.least: i64 = 0
        self.most: i64 = 0
        self.packet: i64 = 0

    def add(self, ns: i64, packet: i64) -> None:
        """One more."""
        if self.number == 0 or ns < self.least:
            self.least = ns
        if self.number == 0 or ns > self.most:
            self.most = ns
            self.packet = packet
        self.number += 1
        self.total += ns


class Kind:
    """The requests of one name.

    Attributes:
        sent: all of them. answered: by anything but an error.
        errors: refused: an error came first. ended: their end marker was seen. cancelled: by the client.
        first, end: the times to first answers (errors too) and to end markers.
    """

    def __init__(self, name: str) -> None:
        self.name: str = name
        self.sent: i64 = 0
        self.answered: i64 = 0
        self.errors: i64 = 0
        self.ended: i64 = 0
        self.cancelled: i64 = 0
        self.first: Times = Times()
        self.end: Times = Times()


class Named:
    """A request that is worth naming; ``request_id`` is None where it has none."""

    def __init__(self, packet: i64, ts_ns: i64, name: str, request_id: int | None) -> None:
        self.packet: i64 = packet
        self.ts_ns: i64 = ts_ns
        self.name: str = name
        self.request_id: int | None = request_id


NO_REQUESTS: Final[list[Named]] = []
"""What a session has until there is a request to name: shared, never written to."""


class Unfinished(Named):
    """A request whose answers began and whose end marker did not come; ``last_*``: when the newest answer came."""

    def __init__(
        self,
        packet: i64,
        ts_ns: i64,
        name: str,
        request_id: int | None,
        end: str,
        last_packet: i64,
        last_ts: i64,
    ) -> None:
        super().__init__(packet, ts_ns, name, request_id)
        self.end: str = end
        self.last_packet: i64 = last_packet
        self.last_ts: i64 = last_ts


NO_LISTS: Final[list[Unfinished]] = []
"""The same for requests whose list was not ended."""


class Refused(Named):
    """A request that an error ended, at once or after answers.

    ``at_packet``: which packet brought the error. ``alone``: no request of another kind with its id waited for one.
    """

    def __init__(
        self, packet: i64, ts_ns: i64, name: str, request_id: int | None, code: i64, at_packet: i64, alone: bool
    ) -> None:
        super().__init__(packet, ts_ns, name, request_id)
        self.code: i64 = code
        self.at_packet: i64 = at_packet
        self.alone: bool = alone


class LeftOut:
    """Refusals with one code that are not listed: how many, and when the newest came."""

    def __init__(self) -> None:
        self.number: i64 = 0
        self.at_packet: i64 = 0
        self.at_ts: i64 = -1


class GivenUp(Named):
    """A request that the client cancelled before anything had answered it; ``at_*``: of the cancellation."""

    def __init__(self, packet: i64, ts_ns: i64, name: str, request_id: int | None, at_packet: i64, at_ts: i64) -> None:
        super().__init__(packet, ts_ns, name, request_id)
        self.at_packet: i64 = at_packet
        self.at_ts: i64 = at_ts


class OrderAnswered(Named):
    """An order, or its cancellation, and its first answer: that one's name, its packet and its time in ns."""

    def __init__(
        self, packet: i64, ts_ns: i64, name: str, request_id: int | None, answer: str, at_packet: i64, at_ts: i64
    ) -> None:
        super().__init__(packet, ts_ns, name, request_id)
        self.answer: str = answer
        self.at_packet: i64 = at_packet
        self.at_ts: i64 = at_ts


NONE_NAMED: Final[list[Named]] = []
NO_CANCELS: Final[list[GivenUp]] = []
NO_REFUSALS: Final[list[Refused]] = []
NO_ORDERS: Final[list[OrderAnswered]] = []
NONE_LEFT_OUT: Final[dict[int, LeftOut]] = {}
"""What a session has until there is one: shared, never written to."""

OTHER_CODES: Final = 0
"""The code of refusals that are left out with so many codes that not each is counted."""


class Tally:
    """The kinds by the request's message id; the lists are in capture order, at most ``most`` each."""

    def __init__(self) -> None:
        self.most: i64 = NAMED
        self.kinds: dict[int, Kind] = {}
        self.not_followed: i64 = 0  # too many others waited, or it lay behind a hole: nobody knows of answers
        self.repeated: list[Named] = NONE_NAMED
        self.repeated_left_out: i64 = 0
        self.early: list[Named] = NONE_NAMED
        self.early_left_out: i64 = 0
        self.refused: list[Refused] = NO_REFUSALS
        self.refused_left_out: dict[int, LeftOut] = NONE_LEFT_OUT  # by code
        self.given_up: list[GivenUp] = NO_CANCELS
        self.given_up_left_out: i64 = 0
        self.orders: list[OrderAnswered] = NO_ORDERS  # the newest ORDERS_KEPT that were answered

    def kind(self, message_id: i64) -> Kind:
        """The requests of that id."""
        found = self.kinds.get(message_id)
        if found is None:
            found = Kind(name_of(True, message_id))
            self.kinds[message_id] = found
        return found

    def repeat(self, message_id: i64, request_id: int | None, packet: i64, ts_ns: i64) -> None:
        """A request's id was in use by another of its kind."""
        if self.repeated is NONE_NAMED:
            self.repeated = []
        if len(self.repeated) < self.most:
            self.repeated.append(Named(packet, ts_ns, name_of(True, message_id), request_id))
        else:
            self.repeated_left_out += 1

    def too_early(self, message_id: i64, request_id: int | None, packet: i64, ts_ns: i64) -> None:
        """A request was sent before the session was ready."""
        if self.early is NONE_NAMED:
            self.early = []
        if len(self.early) < self.most:
            self.early.append(Named(packet, ts_ns, name_of(True, message_id), request_id))
        else:
            self.early_left_out += 1

    def refuse(self, refused: Refused, at_ts: i64) -> None:
        """An error ended a request; ``at_ts``: when it came, in ns."""
        if self.refused is NO_REFUSALS:
            self.refused = []
        if len(self.refused) < self.most:
            self.refused.append(refused)
            return
        if self.refused_left_out is NONE_LEFT_OUT:
            self.refused_left_out = {}
        code = refused.code
        if code not in self.refused_left_out and len(self.refused_left_out) >= self.most:
            code = OTHER_CODES
        left_out = self.refused_left_out.setdefault(code, LeftOut())
        left_out.number += 1
        left_out.at_packet = refused.at_packet
        left_out.at_ts = at_ts

    def order(self, answered: OrderAnswered) -> None:
        """An order had its first answer."""
        if self.orders is NO_ORDERS:
            self.orders = []
        elif len(self.orders) >= ORDERS_KEPT:
            del self.orders[0]
        self.orders.append(answered)

    def give_up(self, given_up: GivenUp) -> None:
        """The client wanted no answer any more."""
        if self.given_up is NO_CANCELS:
            self.given_up = []
        if len(self.given_up) < self.most:
            self.given_up.append(given_up)
        else:
            self.given_up_left_out += 1
