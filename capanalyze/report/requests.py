"""How a session's requests went, as the report tells it; and every request with its answers, as a record.

In: the Tally that every session keeps, or the Exchanges of one whose messages were all kept. Out: values of TwsFacts,
or dicts for ``messages --requests``.
"""

from collections.abc import Sequence
from typing import Any, TypedDict

from capanalyze.report.report import Latency, RequestAt, RequestFacts
from capanalyze.timeline.ends import time_or_none
from capanalyze.tws.conversation import Exchange
from capanalyze.tws.tally import Named, Tally, Times


class Requests(TypedDict):
    """The keys of TwsFacts that come of a Tally."""

    requests: dict[str, RequestFacts]
    requests_not_followed: int
    repeated_ids: tuple[RequestAt, ...]
    repeated_ids_left_out: int
    early_requests: tuple[RequestAt, ...]
    early_requests_left_out: int


def request_facts(tally: Tally) -> Requests:
    """What a Tally holds."""
    return {
        "requests": {
            kind.name: RequestFacts(
                int(kind.sent),
                int(kind.answered),
                int(kind.errors),
                int(kind.ended),
                int(kind.cancelled),
                _latency(kind.first),
                _latency(kind.end),
            )
            for kind in tally.kinds.values()
        },
        "requests_not_followed": int(tally.not_followed),
        "repeated_ids": named(tally.repeated),
        "repeated_ids_left_out": int(tally.repeated_left_out),
        "early_requests": named(tally.early),
        "early_requests_left_out": int(tally.early_left_out),
    }


def _latency(times: Times) -> Latency | None:
    if times.number == 0:
        return None
    return Latency(int(times.least), int(times.total) // int(times.number), int(times.most), int(times.packet))


def named(requests: Sequence[Named]) -> tuple[RequestAt, ...]:
    """Requests as the report lists them."""
    return tuple(RequestAt(int(one.packet), time_or_none(one.ts_ns), one.name, one.request_id) for one in requests)


def exchange_record(exchange: Exchange, conn: int) -> dict[str, Any]:
    """A request and what came of it; a moment is {packet, ts_ns, after_ns}, or None for what did not come."""
    return {
        "packet": int(exchange.packet),
        "ts_ns": time_or_none(exchange.ts_ns),
        "conn": conn,
        "name": exchange.name,
        "request_id": exchange.request_id,
        "answers": dict(exchange.answers),
        "first": _moment(exchange, exchange.first_packet, exchange.first_ts),
        "last": _moment(exchange, exchange.last_packet, exchange.last_ts),
        "end": _moment(exchange, exchange.end_packet, exchange.end_ts),
        "error": _moment(exchange, exchange.error_packet, exchange.error_ts),
        "error_code": int(exchange.error_code) if exchange.error_packet else None,
        "refused": exchange.refused,
        "cancelled": _moment(exchange, exchange.cancel_packet, exchange.cancel_ts),
        "missing_end": exchange.missing_end or None,
        "id_in_use": exchange.duplicate,
        "before_ready": exchange.before_ready,
    }


def _moment(exchange: Exchange, packet: int, ts_ns: int) -> dict[str, int | None] | None:
    if not packet:
        return None
    timed = ts_ns >= exchange.ts_ns >= 0  # else the clock was set back between the two
    return {
        "packet": int(packet),
        "ts_ns": time_or_none(ts_ns),
        "after_ns": int(ts_ns - exchange.ts_ns) if timed else None,
    }
