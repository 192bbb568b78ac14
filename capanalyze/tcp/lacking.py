"""Lacking: what the end of a capture lacks, by what waits there and is not sent again, and what arrives nowhere.

In: connections with their states, and the time when the capture ended. Out: UNKNOWN in place of the states that rest on
no more packets having come, or on one having arrived. Who has had no answer sends again (RFC 6298 5), and who has given
up is no longer there.
"""

from collections.abc import Sequence

from mypy_extensions import i64

from capanalyze.tcp.connection import Connection, Side
from capanalyze.tcp.crossing import REPEATED, longest
from capanalyze.tcp.evidence import has_bare, payload_alone
from capanalyze.tcp.notes import SPURIOUS_RETRANSMISSION
from capanalyze.tcp.states import UNKNOWN, has_not_taken_ack


def doubt_states(connection: Connection, ended_ts: i64) -> None:
    """Forget the states where something waited until the end, for longer than its host would.

    A RST ends all waiting. A client that gives up before it is connected does so without a word.
    """
    if connection.reset is not None or connection.opened == "unanswered" or connection.with_itself:
        return
    sides = (connection.orig, connection.resp)
    if any(waits(connection, side) and ended_ts - side.last_ts > longest(connection, side) for side in sides):
        connection.client_state = connection.server_state = UNKNOWN
        return
    if has_not_heard(connection, connection.client, ended_ts):
        connection.client_state = UNKNOWN
    if has_not_heard(connection, connection.server, ended_ts):
        connection.server_state = UNKNOWN


def is_filtered(connections: Sequence[Connection]) -> bool:
    """Whether nothing in a capture is without payload but FINs and RSTs: ACKs may have been filtered out, and those."""
    return not any(has_bare(connection) for connection in connections)


def doubt_open(connection: Connection) -> None:
    """Forget the states of a connection that nobody closed, in a capture that is filtered."""
    if connection.close is None and payload_alone(connection):
        connection.client_state = connection.server_state = UNKNOWN


def has_not_heard(connection: Connection, side: Side, ended_ts: i64) -> bool:
    """Whether a side last repeated what had been acknowledged, and may have to do so again: no answer came to it.

    So its FIN may seem to be acknowledged and not be, or may wait behind octets. What was sent again and acknowledged
    after that is as good as anything else that was.
    """
    if side.host == side.peer.host or side.max_rel > side.acked_rel:
        return False
    fin = side.parting.fin_acked and side.parting.fin_acked_packet < side.last_packet
    known = REPEATED if fin else (SPURIOUS_RETRANSMISSION,)  # a FIN alone that comes again has no note of its own
    again = False
    for note in connection.notes:
        if note.side == side.index and note.note in known:
            again = again or len(note.since(side.last_packet - 1)) > 0
    return again and ended_ts - side.last_ts <= longest(connection, side)


def waits(connection: Connection, side: Side) -> bool:
    """Whether octets, a FIN or a SYN of a side are not acknowledged.

    A closed window is asked for, which is told in another way.
    """
    if side is connection.server and has_not_taken_ack(side) and side.peer.last_packet < side.trouble.untaken:
        return True
    return side.last_ts >= 0 and side.max_rel > side.acked_rel and side.peer.window != 0
