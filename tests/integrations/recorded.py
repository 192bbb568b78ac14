"""Every TWS message of the recordings, as our own reader finds it: what the integrations are held against."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from capanalyze.analyzer import Analyzer
from capanalyze.capture.capture import Capture
from capanalyze.tws.decode import Decoded, decode
from capanalyze.tws.message import Message

CAPTURES = Path(__file__).parents[2] / "captures"


class Session(NamedTuple):
    """One connection's messages in capture order; ``whole``: the capture has every octet and framing never failed."""

    conn: int
    messages: tuple[Message, ...]
    whole: bool


@cache
def sessions(name: str) -> tuple[Session, ...]:
    """The TWS sessions of a recording."""
    return sessions_of(CAPTURES / name)


def sessions_of(capture: Path) -> tuple[Session, ...]:
    """The TWS sessions of any capture."""
    analyzer = Analyzer(keep_all=True)
    found: list[Message] = []
    for packets in Capture([str(capture)]).runs():
        analyzer.feed(packets)
        found += analyzer.take_messages()
    analyzer.finish()
    found += analyzer.take_messages()
    return tuple(
        Session(
            connection.number,
            tuple(message for message in found if message.conn == connection.number),
            session.desync_count == 0 and session.client.skipped == session.server.skipped == 0,
        )
        for connection, session in zip(analyzer.connections, analyzer.sessions, strict=True)
        if session is not None and session.is_tws
    )


def names() -> list[str]:
    """The recordings, by file name."""
    return sorted(path.name for path in CAPTURES.glob("*.pcapng"))


def frames(name: str) -> Iterator[Message]:
    """Every whole frame of a recording, hellos and unframed messages left out."""
    for session in sessions(name):
        for message in session.messages:
            if message.encoding not in {"hello", "unframed"} and not message.missing:
                yield message


def wire(message: Message) -> bytes:
    """The octets of a frame, its length before it."""
    return len(message.payload).to_bytes(4, "big") + message.payload


def decoded(message: Message) -> Decoded:
    """Our decoder's reading of a frame."""
    return decode(
        message.payload,
        from_client=message.from_client,
        server_version=int(message.server_version) or None,
        encoding=message.encoding,
    )
