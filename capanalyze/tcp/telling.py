"""Which connections are told in full beyond the first, and which of them give way to others.

In: connections as they begin, and as it is seen that they are worth more than others. Out: ``detail`` of both sides.
A SYN that nothing answered, or that was refused, tells less than a connection that was accepted; and one that was
closed without an octet (a health check) less than a session.
"""

from typing import Final

from mypy_extensions import i64

from capanalyze.tcp.connection import Connection
from capanalyze.tcp.events import NO_EVENTS
from capanalyze.tcp.notes import event

LOOKS: Final = 64
"""How many connections are looked at, at most, to find one that need not be told in full."""


class Telling:
    """Those told in full that may give way, newest last: on other ports, and on the gateway's."""

    def __init__(self) -> None:
        self._others: list[Connection] = []
        self._gateway: list[Connection] = []

    def may_give_way(self, connection: Connection, gateway: bool) -> None:
        """A connection that is not one of the first is told in full."""
        (self._gateway if gateway else self._others).append(connection)

    def begin(self, connection: Connection, gateway: bool) -> None:
        """From here on tell a connection in full that was only counted."""
        connection.detail = connection.orig.detail = connection.resp.detail = True
        connection.events = []
        connection.events_left_out = 0
        self.may_give_way(connection, gateway)
        if connection.orig.isn >= 0:
            event(connection, connection.orig, "SYN", connection.first_packet, connection.first_ts, 0, "")

    def one_less(self, gateway: bool, accepted: bool) -> Connection | None:
        """Find one that need not be told in full any more, and only count it: a late one that came to nothing.

        With ``accepted`` it may also be one that was accepted, and closed without an octet.
        """
        known = self._gateway if gateway else self._others
        at: i64 = len(known) - 1
        last: i64 = max(at - LOOKS, -1)
        while at > last:
            connection = known[at]
            if connection.gone or connection.orig.octets > 0 or connection.resp.octets > 0:
                known.pop(at)
            elif (connection.over or not connection.resp.packets) and (accepted or connection.resp.isn < 0):
                known.pop(at)
                connection.detail = connection.orig.detail = connection.resp.detail = False
                connection.events = NO_EVENTS
                return connection
            at -= 1
        return None
