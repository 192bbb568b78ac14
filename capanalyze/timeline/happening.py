"""Happening: events of connections that are still going on, as lines, each once.

In: the connections of a running analysis, again and again, and the messages completed since the last time. Out:
TimelineLines of what is new. What needs the end to be known (who closed first) is not said here.
"""

from collections.abc import Collection, Sequence
from typing import Final

from capanalyze.tcp.connection import Connection
from capanalyze.tcp.events import Event
from capanalyze.timeline.ends import time_or_none
from capanalyze.timeline.lines import TimelineLine
from capanalyze.timeline.message_lines import message_words
from capanalyze.timeline.tcp_lines import RESETS, WORDS
from capanalyze.timeline.words import count
from capanalyze.tws.message import Message
from capanalyze.tws.session import Session

PLAIN: Final = {
    "SYN": "SYN: asks for a connection",
    "SYN-ACK": "SYN-ACK: the host accepts",
    "ACK": "ACK: the connection is open",
    "FIN": "FIN: closes",
    "RST": "RST: resets the connection",
}
"""What is certain of an event when it happens."""


class Follower:
    """Remembers what was told of each connection; ``ports`` are those of a gateway, none: follow every connection."""

    def __init__(self, ports: Collection[int]) -> None:
        self._ports = frozenset(ports)
        self._seen: dict[int, int] = {}  # connection -> its newest packet when last looked at
        self._told: dict[int, int] = {}  # connection -> events told

    def follow(
        self, connections: Sequence[Connection], sessions: Sequence[Session | None], messages: Sequence[Message]
    ) -> list[TimelineLine]:
        """What is new since the last call, in packet order."""
        lines: list[TimelineLine] = []
        places = {int(one.number): int(one.orig.place) for one in connections} if messages else {}
        for message in messages:
            place = places.get(int(message.conn))
            session = sessions[place] if place is not None else None
            if session is not None:
                lines.append(_message(message, session))
        for connection in connections:
            number = int(connection.number)
            newest = int(connection.last_packet)
            if connection.gone or self._seen.get(number) == newest or not self._wanted(connection):
                continue
            self._seen[number] = newest
            place = int(connection.orig.place)
            session = sessions[place] if place < len(sessions) else None
            lines += self._events(connection, session)
        return sorted(lines, key=lambda line: line.packet)

    def _wanted(self, connection: Connection) -> bool:
        return not self._ports or connection.orig.port in self._ports or connection.resp.port in self._ports

    def _events(self, connection: Connection, session: Session | None) -> list[TimelineLine]:
        number = int(connection.number)
        told = self._told.get(number, 0)
        fresh = connection.events[told:]
        self._told[number] = told + len(fresh)
        spoken = session is not None and session.is_tws
        return [_event(connection, event) for event in fresh if event.kind != "data" or not spoken]


def _event(connection: Connection, event: Event) -> TimelineLine:
    text = PLAIN.get(event.kind, "")
    if event.kind == "data":
        text = count(int(event.value), "octet")
    elif event.kind == "RST" and event.flag:
        text = RESETS[event.flag].format(port=connection.server.port)
    elif event.flag == "retransmission":
        text = f"{event.kind} again: it had not been acknowledged"
    return TimelineLine(
        time_or_none(event.ts_ns),
        int(event.packet),
        int(connection.number),
        connection.side_name(event.side),
        event.kind,
        text or WORDS.get(event.kind, event.kind.replace("_", " ")),
        "",
        int(event.last_packet),
        int(event.count),
        event.kind in {"FIN", "RST"},
    )


def _message(message: Message, session: Session) -> TimelineLine:
    return TimelineLine(
        time_or_none(message.ts_ns),
        int(message.packet),
        int(message.conn),
        "client" if message.from_client else "server",
        "message",
        message_words(message, session),
        "",
        int(message.packet),
        1,
        False,
    )
