"""Crossing: whether the other side may have closed at the same time, and the capture does not show that.

In: a connection with its Close, and the time when the capture ended. Out: the Close, likely only where the path
from the capturing host to the other side and back takes longer than what was captured after the close. Both may have
been stopped at the same minute; each one's capture then holds its own close and not the other's. A FIN that is not
acknowledged after a round trip may have been lost: until it is, the other side has not heard of it. On one host a round
trip takes microseconds, and nothing is in doubt. Likely only, too, where a FIN is neither acknowledged nor sent again,
or no more, for longer than any host waits: then the capture lacks packets, and a FIN of the other side's may be among
them. So it does where that is so of octets.
"""

from typing import Final

from mypy_extensions import i64

from capanalyze.tcp.connection import Close, Connection, Side
from capanalyze.tcp.events import Event
from capanalyze.tcp.evidence import doubt
from capanalyze.tcp.grounds import CUT_SHORT, UNHEARD
from capanalyze.tcp.notes import RETRANSMISSION, SPURIOUS_RETRANSMISSION

PATH: Final = 2_000_000
"""Nanoseconds of a round trip beyond one's own host and network."""

UNKNOWN: Final = 1_000_000_000
"""Nanoseconds that a round trip between two hosts may take where the capture does not tell (RFC 6298 2.1)."""

PATIENCE: Final = 3_000_000_000
"""No host waits longer before it sends again for the first time (RFC 6298 2.1: a second; before that RFC 1122: three),
or else ROUND_TRIPS."""

ROUND_TRIPS: Final = 3
"""What the first measured round trip makes of that time (RFC 6298 2.2)."""

LONGEST: Final = 120_000_000_000
"""Nanoseconds: no host waits longer before it sends once more (Linux, TCP_RTO_MAX; others a minute)."""

REPEATED: Final = (RETRANSMISSION, SPURIOUS_RETRANSMISSION)
"""Notes on what is sent once more, for want of an answer."""

DOUBLED: Final = 10
"""How often a time is doubled at most: from any first one that is beyond LONGEST."""


def doubt_end(connection: Connection, ended_ts: i64) -> None:
    """Call a close only likely where the capture ended before a close that crossed it would have been captured.

    Who was refused has nothing to close, nor has who is still waiting for the ACK that opens the connection.
    """
    close = connection.close
    if close is None or close.certainty != "certain" or close.side < 0 or close.ts_ns < 0 or connection.with_itself:
        return
    if connection.refused or connection.opened == "syn_ack":
        return
    side = connection.side(close.side)
    if side.peer.parting.closed or side.parting.fin_acked:
        return
    alone = ended_ts - close.ts_ns > patience(connection) and is_alone(connection, close)
    waits = fin_waits(connection, close)
    silent = waits and side.peer.packets > 0 and ended_ts - side.last_ts > longest(connection, side)
    if alone or silent or acks_are_lacking(connection, side.peer, close.ts_ns):
        doubt(close, UNHEARD)
        return
    trip = round_trip(connection, close.side)
    if trip < 0 and side.host != side.peer.host:
        trip = UNKNOWN
    since = side.last_ts if side.parting.fin_again else close.ts_ns  # the FIN before may have been lost
    if trip >= PATH and ended_ts >= since and (waits or ended_ts - since < trip):
        doubt(close, CUT_SHORT)


def acks_are_lacking(connection: Connection, side: Side, until_ts: i64) -> bool:
    """Whether no ACK alone of a side is captured though there was one, by a time.

    The peer's first octets were neither acknowledged nor sent again for longer than any host waits.
    """
    peer = side.peer
    if side.acknowledged or not side.packets or peer.first_data_ts < 0 or connection.with_itself:
        return False
    if any(note.note == RETRANSMISSION and note.side == peer.index for note in connection.notes):
        return False
    end = peer.first_data_acked_ts if peer.first_data_acked_packet else until_ts
    return end - peer.first_data_ts > patience(connection)


def patience(connection: Connection) -> i64:
    """How long the hosts of a connection wait at most before they send again for the first time, in ns."""
    return max(PATIENCE, ROUND_TRIPS * connection.rtt_ns)


def longest(connection: Connection, side: Side) -> i64:
    """Nanoseconds that its host waits at most before it sends once more: twice as long each time (RFC 6298 5.5)."""
    again: i64 = 0
    for note in connection.notes:
        if note.side == side.index and note.note in REPEATED:
            again += note.count
    first = patience(connection)
    return max(first, min(first << min(again, DOUBLED), LONGEST))


def is_alone(connection: Connection, close: Close) -> bool:
    """Whether a FIN that waits was captured once, and the other side's host was heard.

    Octets before it that wait too are sent again in its place, and ever later.
    """
    if not fin_waits(connection, close):
        return False
    side = connection.side(close.side)
    again = any(note.note == RETRANSMISSION and note.side == side.index for note in connection.notes)
    first = not side.parting.fin_again and not (again and side.acked_rel < side.parting.fin_rel)
    return first and side.peer.packets > 0


def fin_waits(connection: Connection, close: Close) -> bool:
    """Whether the close is a captured FIN that waits for an acknowledgement, as it does until a RST comes."""
    if close.kind != "FIN" or close.side < 0:
        return False
    parting, peer = connection.side(close.side).parting, connection.side(close.side).peer.parting
    return not (parting.fin_acked or parting.fin_inferred or parting.rst_count or peer.rst_count)


def round_trip(connection: Connection, side: i64) -> i64:
    """Nanoseconds from a packet of a side to what answers it, as the captured handshake shows it; -1 if it does not."""
    times = [_once(connection, kind) for kind in ("SYN", "SYN-ACK", "ACK")]
    asked, answered, opened = times
    if asked is None or answered is None or opened is None:
        return -1
    first, second = (asked, answered) if asked.side == side else (answered, opened)
    return second.ts_ns - first.ts_ns if first.ts_ns >= 0 else -1


def _once(connection: Connection, kind: str) -> Event | None:
    """The event of a kind, where its packet was captured once only."""
    found = [event for event in connection.events if event.kind == kind]
    return found[0] if len(found) == 1 and found[0].count == 1 else None
