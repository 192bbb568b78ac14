"""End: one end of a connection, and Moment: a packet with its time. What Facts is made of.

In: a Connection and one of its sides. Out: when it spoke, closed and reset, in moments that may lack a time.
"""

from typing import Final, NamedTuple

from capanalyze.tcp.connection import Connection, Side
from capanalyze.tcp.events import Event, Note
from capanalyze.tcp.notes import RETRANSMISSION, WINDOW_UPDATE, ZERO_WINDOW
from capanalyze.tcp.parting import NOWHERE
from capanalyze.tcp.sequence import distance
from capanalyze.tcp.states import UNKNOWN
from capanalyze.timeline.words import endpoint

CLOCK_STEP_NS: Final = 10_000_000
"""How far times have to go back to be told of: capturing alone puts packets of several queues out of order."""


STUCK_NS: Final = 1_000_000_000
"""For how long octets are sent again until it is no matter of a lost packet."""


STANDING: Final = 4
"""Packets of a connection with the same time that no clock gives them: opened by three, it goes on."""


class Moment(NamedTuple):
    """A packet and its time (None where the capture has none)."""

    packet: int
    ts_ns: int | None


def time_or_none(ts_ns: int) -> int | None:
    """A time of the measuring rooms, where -1 says that there is none."""
    return int(ts_ns) if ts_ns >= 0 else None


def moment(packet: int, ts_ns: int) -> Moment | None:
    """A Moment from the measuring rooms' 0 and -1; None where there is no packet."""
    return Moment(int(packet), time_or_none(ts_ns)) if packet > 0 else None


class Step(NamedTuple):
    """By which packet the clock had gone back most, how far in ns, and whether no time of the connection counts.

    So it seems to have gone, too, where files of the same time were read one after the other. No time counts where it
    went back more than once, packets being out of order or their times made up, and where it stood still (0 ns).
    """

    packet: int
    by_ns: int
    worthless: bool


def between(earlier: Moment | None, later: Moment | None, step: Step | None = None) -> int | None:
    """Nanoseconds from one moment to another; ``step``: what the clock did in that connection.

    None where one of them has no time, or the clock was set back between them.
    """
    if earlier is None or later is None or earlier.ts_ns is None or later.ts_ns is None:
        return None
    return None if turned_over(earlier, later, step) else later.ts_ns - earlier.ts_ns


def turned_over(earlier: Moment | None, later: Moment | None, step: Step | None) -> bool:
    """Whether the clock was set back between two moments, so that their times do not tell how far they lie apart.

    Where files of the same time were read one after the other, the order of the packets does not tell it either.
    """
    if earlier is None or later is None or earlier.ts_ns is None or later.ts_ns is None:
        return False
    if later.ts_ns < earlier.ts_ns:
        return True
    return step is not None and (step.worthless or earlier.packet < step.packet <= later.packet)


class End:
    """One end of a connection: its name, what it did, and when.

    Attributes:
        name: "client" or "server". called: what people call it: "client", "gateway" or "server".
        side: what was measured. state: its RFC 9293 state in the end.
        octets, missing: what it sent, and what beyond that was acknowledged and is not in the capture.
        unheard: octets that its own numbers show, and that were neither captured nor acknowledged.
        before_reset: octets that lie between what was captured and its RST, as far as that one's number is right.
        said_more: more of it was acknowledged, or numbered, than the capture holds: a FIN may be the end of that.
        cut_off: octets of it were sent again for STUCK_NS, and nothing came from the peer's host any more.
        stuck: so were octets of it that the peer has not acknowledged in the end, whatever came from it; or the peer's
            window is 0 then: a FIN of it may wait and not be sent, and so may other octets.
        silent: nothing came from it any more while the peer sent octets again for STUCK_NS.
        shut: it had stopped reading: its window was 0 before the close, and is in the end.
        cut: octets of it that only headers tell of, the snapshot length having cut them off.
        first, last, last_before: when it sent octets first, last, and last before the close.
        fin, fins, fin_acked: its FIN's first copy, the packets of all copies, whether it was acknowledged.
        fin_sent: how often it sent its FIN, as far as is known; what several interfaces captured is one.
        fin_acked_at: when the peer's host acknowledged the FIN.
        rst: its first RST that ended or could have ended the connection.
    """

    def __init__(self, connection: Connection, side: Side, name: str, called: str) -> None:
        self.name = name
        self.called = called
        self.side = side
        self.state = connection.client_state if name == "client" else connection.server_state
        self.octets = int(side.octets)
        self.missing = int(side.missing)
        self.unheard = unheard(side)
        self.before_reset = before_reset(connection, side)
        self.said_more = side.trouble.hidden_at != NOWHERE
        self.cut_off = cut_off(connection, side)
        self.stuck = self.cut_off or unheeded(connection, side) or is_shut_out(side)
        self.silent = cut_off(connection, side.peer)
        self.shut = shut(connection, side)
        self.cut = int(side.trouble.cut)
        self.first = moment(side.first_data_packet, side.first_data_ts)
        self.last = moment(side.last_data_packet, side.last_data_ts)
        before = moment(side.at_close.data_packet, side.at_close.data_ts)
        self.last_before = before if connection.close is not None else self.last
        self.fins = tuple(int(packet) for packet in side.fin_packets)
        self.fin = moment(self.fins[0], side.fin_ts) if self.fins else None
        self.fin_sent = sum(int(event.count) for event in connection.events if _closes(event, side))
        self.fin_acked = side.fin_acked
        self.fin_inferred = side.fin_inferred
        self.fin_acked_at = moment(side.fin_acked_packet, side.fin_acked_ts)
        self.rsts = tuple(int(packet) for packet in side.rst_packets)
        self.rst = next(
            (moment(event.packet, event.ts_ns) for event in connection.events if _resets(event, side)), None
        )

    @property
    def told_state(self) -> str:
        """Its state, but where its FIN may wait behind what the peer does not take, or its host may be gone.

        A RST waits for nothing.
        """
        return UNKNOWN if (self.stuck or self.silent) and self.state != "CLOSED" else self.state

    @property
    def address(self) -> str:
        """Its address and port: "127.0.0.1:4001", "[::1]:4001"."""
        return endpoint(self.side.host, self.side.port)

    @property
    def unread(self) -> int:
        """Octets that it sent, or seems to have sent, and that the capture does not hold."""
        return self.missing + self.cut + max(self.unheard, self.before_reset)

    @property
    def spoke(self) -> bool:
        """Whether it sent an octet at all."""
        return self.octets > 0

    @property
    def spoke_before(self) -> bool:
        """Whether it sent an octet before the close."""
        return self.last_before is not None


def cut_off(connection: Connection, side: Side) -> bool:
    """Whether octets, and no FIN, were sent again for STUCK_NS, and nothing came from the peer."""
    return _pending(side) and any(_again(note, side, side.peer.last_packet) for note in connection.notes)


def unheeded(connection: Connection, side: Side) -> bool:
    """Whether they were sent again and not acknowledged, whatever came; a host holds back the rest meanwhile."""
    return _pending(side) and any(_again(note, side, side.last_data_packet) for note in connection.notes)


def is_shut_out(side: Side) -> bool:
    """Whether the peer's window is closed to a side that has not closed."""
    return side.acked_rel >= 0 and not side.parting.closed and side.peer.window == 0


def _pending(side: Side) -> bool:
    """Whether octets of a side, and no FIN, wait for an acknowledgement since STUCK_NS before its last packet."""
    if side.acked_rel < 0 or side.parting.closed:
        return False
    return side.max_rel > side.acked_rel and side.max_ts >= 0 and side.last_ts - side.max_ts >= STUCK_NS


def shut(connection: Connection, side: Side) -> bool:
    """Whether the last window of a side is 0, and was when the close came: a closed socket may have none."""
    close = connection.close
    if side.window != 0 or close is None or close.packet == 0:
        return side.window == 0
    newest = {
        note.note: max((packet for packet in note.since(0) if packet < close.packet), default=0)
        for note in connection.notes
        if note.side == side.index
    }
    return newest.get(ZERO_WINDOW, 0) > newest.get(WINDOW_UPDATE, 0)


def _again(note: Note, side: Side, packet: int) -> bool:
    """Whether octets of a side were sent again after a packet."""
    return note.note == RETRANSMISSION and note.side == side.index and bool(note.since(packet))


def unheard(side: Side) -> int:
    """Octets between others, or before a segment without payload, that nobody acknowledged; no FIN among them."""
    odd = side.trouble
    between_others = sum(gap.length for gap in odd.gaps) + odd.gap_octets_left_out - odd.missing
    end = side.parting.fin_rel if side.parting.closed else odd.ahead
    beyond = int(end - side.next_rel)
    return int(between_others) + (beyond if beyond > 1 or (beyond == 1 and side.parting.closed) else 0)


def before_reset(connection: Connection, side: Side) -> int:
    """Octets between the captured ones of a side and the number of its RST; a lone one is a FIN's number."""
    reset = connection.reset
    if reset is None or reset.side != side.index or side.next_seq < 0 or side.parting.closed:
        return 0
    beyond = int(distance(reset.seq, side.next_seq))
    return beyond if beyond > 1 else 0


def _resets(event: Event, side: Side) -> bool:
    return event.kind == "RST" and event.side == side.index and event.flag in {"", "refused", "inexact"}


def _closes(event: Event, side: Side) -> bool:
    return event.kind == "FIN" and event.side == side.index and event.flag in {"", "retransmission"}


def set_back(connection: Connection) -> Step | None:
    """The packet by which the times of a connection had gone back most, and how far; None where they did not.

    It looks at the packets that events tell of, and at the first and last octets of each side.
    """
    known = [(int(event.packet), int(event.ts_ns)) for event in connection.events]
    known.append((int(connection.last_packet), int(connection.last_ts)))
    for side in (connection.orig, connection.resp):
        known.append((int(side.first_data_packet), int(side.first_data_ts)))
        known.append((int(side.last_data_packet), int(side.last_data_ts)))
    known.sort()
    newest, before, steps = -1, -1, 0
    farthest = (0, 0)
    for packet, ts_ns in known:
        if ts_ns < 0:
            continue
        steps += before - ts_ns >= CLOCK_STEP_NS
        farthest = max(farthest, (newest - ts_ns, -packet))
        newest, before = max(newest, ts_ns), ts_ns
    if connection.packets >= STANDING and 0 <= connection.first_ts == connection.last_ts == newest:
        return Step(int(connection.first_packet), 0, True)
    by_ns, packet = farthest[0], -farthest[1]
    return Step(packet, by_ns, steps > 1) if by_ns >= CLOCK_STEP_NS else None
