"""TWS messages of a connection, to become timeline lines.

In: Facts. Out: an Entry for each message that the session kept (its first ones, its last ones, its errors), and one
for those between, of which only the number is known.
"""

from collections.abc import Iterator
from typing import Final

from capanalyze.timeline.ends import time_or_none
from capanalyze.timeline.errors_told import is_error
from capanalyze.timeline.facts import Facts
from capanalyze.timeline.lines import LEFT_OUT, Entry
from capanalyze.timeline.words import clean, count
from capanalyze.tws.decode import decode_message
from capanalyze.tws.message import Message
from capanalyze.tws.session import Session
from capanalyze.tws.summary import summary

SUMMARY: Final = 160
"""Characters of one message's line."""

MANY_OCTETS: Final = 1000
"""From this size on a message's line says it."""

HELLO: Final = "hello:"
"""What a hello's line begins with."""


def message_lines(facts: Facts) -> Iterator[Entry]:
    """The session's messages, in no particular order."""
    session = facts.session
    if session is None or not facts.speaks:
        return
    kept: dict[tuple[int, int], Message] = {}  # by their places: a hello may show that a stream was the other side's
    tails = [*session.tail(0), *session.tail(1)]
    if session.closing_tail is not None:
        tails += [*session.closing_tail[0], *session.closing_tail[1]]
    for message in (*session.head, *session.errors, *tails):
        place = int(message.packet), int(message.offset if message.from_client else ~message.offset)
        kept.setdefault(place, message)
    for message in kept.values():
        yield _entry(message, session)
    total = sum(facts.message_counts or ())
    between = total - len(kept)
    if between > 0 and session.head:
        last = session.head[-1]
        entry = Entry(time_or_none(last.ts_ns), int(last.packet), "", LEFT_OUT, "")
        entry.count = between
        yield entry


def _entry(message: Message, session: Session) -> Entry:
    side = "client" if message.from_client else "server"
    if is_error(message):  # its code is what matters
        return Entry(time_or_none(message.ts_ns), int(message.packet), side, "message", message_words(message, session))
    name = HELLO if message.encoding == "hello" else message.name
    return Entry(time_or_none(message.ts_ns), int(message.packet), side, "message", name, message)


def entry_words(entry: Entry, session: Session) -> str:
    """What the messages of an entry say, where they all say the same; else their name."""
    assert entry.message is not None
    words = message_words(entry.message, session)
    for other in entry.folded:
        if other.message is None or message_words(other.message, session) != words:
            return entry.text
    return words


def message_words(message: Message, session: Session) -> str:
    """The message in a line: its name and what tells it from its like."""
    if message.encoding == "hello":
        return _hello(message, session)
    decoded = decode_message(message)
    size = f" ({count(int(message.size), 'octet')})" if message.size >= MANY_OCTETS else ""
    problem = "" if decoded.problem is None else f" [{clean(decoded.problem)}]"
    text = summary(decoded).replace("…", "...")
    return clean(text, SUMMARY) + problem + size


def _hello(message: Message, session: Session) -> str:
    if not message.from_client:
        if session.redirect:
            return f"hello: redirect to {clean(session.redirect)}"
        if not session.server_version:
            return "hello: the server version is not in the capture"
        return f"hello: server version {session.server_version}, {clean(session.connection_time)}".rstrip(", ")
    if session.client_range is None and session.legacy_version is None:
        return "hello: the versions are not in the capture"
    if session.client_range is None:
        return f"hello: client version {clean(session.legacy_version or '')} (from before version 100)"
    low, high = session.client_range
    options = f" {clean(session.options)}" if session.options else ""
    library = f" ({session.client_library[0]})" if session.client_library else ""
    return f"hello: v{low}..{high}{options}{library}"
