"""Tally: what is known of the connections that are counted and forgotten.

In: a finished connection, or the segment of one for which there was no room. Out: numbers.
"""

from typing import Final

from mypy_extensions import i64

from capanalyze.packets.segment import ACK, SYN, Segment
from capanalyze.tcp.connection import Connection

UNKNOWN: Final = "unknown"
"""In place of who closed first."""


class Tally:
    """What is known of the connections that are counted only: numbers.

    Attributes:
        connections, packets, octets: how many there were, and of both sides together (once, where they are one).
        closes: by who closed first and how ("client FIN", "both FIN", "server RST", "" for nobody);
        UNKNOWN where a connection was given up. states: by Zeek's conn_state, but for these.
        unfollowed: SYNs of connections for which there was no room.
        unfollowed_packets: all segments that belong to no connection that is followed.
    """

    def __init__(self) -> None:
        self.connections: i64 = 0
        self.packets: i64 = 0
        self.octets: i64 = 0
        self.closes: dict[str, int] = {}
        self.states: dict[str, int] = {}
        self.unfollowed: i64 = 0
        self.unfollowed_packets: i64 = 0

    def add(self, connection: Connection) -> None:
        """Count a finished connection."""
        self.connections += 1
        self.packets += connection.packets
        self.octets += connection.octets
        close = connection.close
        how = f"{close.first} {close.kind}" if close is not None else ""
        if connection.given_up:
            how = UNKNOWN
        self.closes[how] = self.closes.get(how, 0) + 1
        if connection.given_up:
            return
        self.states[connection.conn_state] = self.states.get(connection.conn_state, 0) + 1

    def refuse(self, seg: Segment) -> None:
        """Count a segment of a connection for which there is no room."""
        self.unfollowed += 1 if seg.flags & (SYN | ACK) == SYN else 0
        self.unfollowed_packets += 1
