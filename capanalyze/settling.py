"""The end of a capture: every connection is settled, and what is only counted is forgotten while it is at hand.

In: a Tracker and its Sessions after the last packet. Out: the same, with the connections told in full in the order of
their first packets, and the session of each at the same index.
"""

from capanalyze.sessions import Sessions
from capanalyze.tcp import close
from capanalyze.tcp.connection import Connection
from capanalyze.tcp.tracker import Tracker


def settle(tracker: Tracker, sessions: Sessions) -> None:
    """Settle all connections, and keep those that are told in full; of the others there may be 20,000."""
    if any(not connection.detail for connection in tracker.connections):
        tracker.close()  # so that those counted are freed at once
    waiting = tracker.connections[::-1]
    tracker.connections.clear()
    finished: list[Connection] = []
    while waiting:
        connection = waiting.pop()
        if connection.gone:
            continue
        _finish(tracker, sessions, connection)
        if connection.detail:
            finished.append(connection)
        else:
            _count(tracker, sessions, connection)
    _keep_those_told(tracker, sessions, finished)
    sessions.resting.clear()


def _finish(tracker: Tracker, sessions: Sessions, connection: Connection) -> None:
    tracker.end_streams(connection)
    runs = tracker.streams.runs
    if runs and connection.heeded:
        sessions.tell_runs(connection.orig, runs)
    sessions.finish(connection)
    close.finish(connection)


def _count(tracker: Tracker, sessions: Sessions, connection: Connection) -> None:
    """Count a connection that is not told in full, and forget it."""
    sessions.places[connection.orig.place] = None
    tracker.table.count(connection)


def _keep_those_told(tracker: Tracker, sessions: Sessions, finished: list[Connection]) -> None:
    """The connections told in full, and their sessions, by number if there were others."""
    for connection in finished:
        if not connection.detail:  # another was told in its stead since
            _count(tracker, sessions, connection)
    told = [connection for connection in finished if connection.detail]
    if len(told) < len(sessions.places):
        told.sort(key=number_of)
        sessions.places = [sessions.places[connection.orig.place] for connection in told]
        for place, connection in enumerate(told):
            connection.orig.place = connection.resp.place = place
    tracker.connections.extend(told)


def number_of(connection: Connection) -> int:
    """Sort key of connections."""
    return connection.number
