"""The requests of a session in a few lines: how many, how fast they were answered, and those that were not.

In: TwsFacts. Out: pairs of a label and a value for the facts of a connection.
"""

from collections.abc import Sequence
from typing import Final

from capanalyze.report.report import RequestAt, RequestFacts, TwsFacts
from capanalyze.timeline.words import count, listing, span

SHOWN_REQUESTS: Final = 6
"""Requests named in a line; the rest is counted."""


def request_lines(tws: TwsFacts) -> list[tuple[str, str]]:
    """What there is to say; nothing where nothing was asked but startApi."""
    asked = {name: facts for name, facts in tws.requests.items() if name != "startApi"}
    pairs = [("requests", _how(asked, tws.requests_not_followed, captured=tws.answers_captured))] if asked else []
    for label, named, more in (
        ("unanswered", tws.unanswered, tws.unanswered_left_out),
        ("not ended", tws.unfinished, tws.unfinished_left_out),
        ("id in use", tws.repeated_ids, tws.repeated_ids_left_out),
        ("too early", tws.early_requests, tws.early_requests_left_out),
    ):
        if named:
            pairs.append((label, _names(named, more)))
    return pairs


def _how(asked: dict[str, RequestFacts], not_followed: int, *, captured: bool) -> str:
    """In numbers that add up, and how long the first answers took."""
    every = asked.values()
    sent = sum(one.sent for one in every)
    answered, errors = sum(one.answered for one in every), sum(one.errors for one in every)
    unanswered = "{} without an answer" if captured else "{} whose answers cannot be read"
    numbers = {
        "{} answered": answered,
        "{} answered by an error": errors,
        unanswered: sent - answered - errors - not_followed,
        "{} not followed": not_followed,
    }
    words = [text.format(f"{number:,}") for text, number in numbers.items() if number > 0]
    told = count(sent, "request") + (f": {listing(words)}" if words else "")
    cancelled = sum(one.cancelled for one in every)
    told += f"; the client cancelled {cancelled:,} of them" if cancelled else ""
    times = [(one.first_answer, name) for name, one in asked.items() if one.first_answer is not None]
    if not times:
        return told
    least, most = min(one.least_ns for one, _ in times), max(one.most_ns for one, _ in times)
    slowest, name = max(times, key=lambda entry: entry[0].most_ns)
    after = span(least) if span(least) == span(most) else f"{span(least)} to {span(most)}"
    named = f", the latest to {name} in packet {slowest.slowest_packet}" if least != most else ""
    return f"{told}; first answers after {after}{named}"


def _names(named: Sequence[RequestAt], left_out: int) -> str:
    shown = [
        f"{entry.name}{'' if entry.request_id is None else f' {entry.request_id}'} (packet {entry.packet})"
        for entry in named[:SHOWN_REQUESTS]
    ]
    more = len(named) - len(shown) + left_out
    return ", ".join(shown) + (f", ... {more:,} more" if more else "")
