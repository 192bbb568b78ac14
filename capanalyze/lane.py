"""The analyzer's loop for the interpreter: the commonest packets in one function, without a call per step.

In: a RawPackets cursor. Out: the same as ``Analyzer.take`` for every packet. Compiled, its steps (``advance``,
``read_words``, ``Tracker.short``) cost a few ns each; interpreted, their calls and attributes are most of the time. So
this loop does for an established TWS session's next segment what they do, but only sets its octets aside: until the
other side speaks, something else happens on the connection, or the run ends, what one side says is collected, and
read as one. Every other packet goes to ``take``. The tests compare both, and with compiled code over every capture.
"""

from typing import TYPE_CHECKING, Final

from capanalyze.packets.common import ANY_SERVICE, ANY_TTL, SHAPE
from capanalyze.packets.ip import TCP
from capanalyze.packets.link import LINK_ETHERNET, LINK_NULL
from capanalyze.packets.raw import NO_TIME, RawPackets
from capanalyze.packets.segment import ACK
from capanalyze.tcp.side import TAIL, Side
from capanalyze.tcp.zeek import PURE_ACK

if TYPE_CHECKING:
    from capanalyze.analyzer import Analyzer

LEADS: Final = {LINK_ETHERNET: (14, 0x08004500), LINK_NULL: (4, 0x4500)}
"""Link type -> octets before the IP header, the four octets from two before it (service masked)."""

NOT_COMMON: Final = (1 << 16, 0)
"""For any other link type: more octets than a packet of the common shape has."""

USUAL: Final = 0x40004006
"""Don't fragment, a time to live of 64, TCP: what nearly every packet on a host has, known by one comparison."""

HEADS: Final = {offset << 12 | flags: 20 + 4 * offset for offset in range(5, 16) for flags in (ACK, ACK | 8)}
"""The 16 bits from data offset to flags, with or without PSH -> octets of an IP header and that TCP header."""

NO_HEAD: Final = 1 << 16
"""The same for other flags: more octets than any datagram has."""


def feed(analyzer: "Analyzer", packets: RawPackets) -> None:
    """Take every packet that the cursor has."""
    lent: set[Side] = set()
    while packets.advance():
        prepare(analyzer, None, lent)
        analyzer.take(packets)
        if not packets.held:
            collect(analyzer, packets, lent)
    analyzer.packets = packets.number
    settle(analyzer, lent)
    for side in lent:
        session = analyzer.sessions[side.place]
        if session is not None:
            session.let_pieces_go(side.index)


def collect(analyzer: "Analyzer", packets: RawPackets, lent: set[Side]) -> None:
    """The loop over the ordinary packets that follow; ``lent`` gets the sides of which something was collected."""
    sides = analyzer.tracker.sides
    unpack = SHAPE.unpack_from
    head = HEADS.get
    data = packets.data
    lead, mark = LEADS.get(packets.link_type, NOT_COMMON)
    shortest, before = lead + 40, lead - 2
    latest = NO_TIME
    for number, ts_ns, start, captured, original in packets.records():
        side = None
        if captured >= shortest:
            kind, total, protocol, key, seq, ack, flags, window = unpack(data, start + before)
            side = sides.get(key)
            if (
                side is not None
                and seq == side.next_seq
                and (pieces := side.pieces) is not None
                and side.plain
                and window == side.window
                and (kind == mark or kind & ANY_SERVICE == mark)
                and (protocol == USUAL or protocol & ANY_TTL == TCP)
                and lead + total <= captured
            ):
                length = total - head(flags, NO_HEAD)
                peer = side.peer
                assert peer is not None
                acked = peer.acked_rel
                if ack != (known := side.last_ack):
                    acked += (ack - known) & 0xFFFFFFFF
                if acked > peer.next_rel:
                    pass
                elif length > 0:
                    sent = side.next_rel + length
                    if sent - side.acked_rel < peer.room:
                        if not pieces:
                            lent.add(side)
                            if peer.pieces:
                                hand_on(analyzer, peer)
                        if ack != known:
                            peer.acked_rel = acked
                            side.last_ack = ack
                        side.next_seq = (seq + length) & 0xFFFFFFFF
                        side.next_rel = sent
                        end = start + lead + total
                        pieces.append((data[end - length : end], number, ts_ns))
                        latest = ts_ns
                        continue
                elif length == 0 and ack != known:
                    peer.acked_rel = acked
                    side.last_ack = ack
                    side.packets += 1
                    side.last_packet = number
                    side.last_ts = latest = ts_ns
                    continue
        # of a fragment, or behind IP options, what was read are no ports
        known_ports = side is not None and kind & ANY_SERVICE == mark and protocol & ANY_TTL == TCP
        prepare(analyzer, side if known_ports else None, lent)
        packets.number, packets.ts_ns = number, ts_ns
        packets.offset, packets.captured, packets.original = start, captured, original
        latest = NO_TIME
        analyzer.take(packets)
        if packets.held:
            break
    if latest != NO_TIME:
        analyzer.last_ts = latest


def prepare(analyzer: "Analyzer", side: Side | None, lent: set[Side]) -> None:
    """Before a packet of that side is taken: what the connection owes is handed on, or it is lent from now on.

    None: of any connection, or of none.
    """
    peer = side.peer if side is not None else None
    if side is None or peer is None:
        settle(analyzer, lent)
    elif side.pieces is None or peer.pieces is None:
        session = analyzer.sessions[side.place]
        if session is not None and session.is_tws and session.settled and usual(side) and usual(peer):
            side.pieces, peer.pieces = [], []
    else:
        settle(analyzer, {one for one in (side, peer) if one.pieces})


def usual(side: Side) -> bool:
    """Whether all that happens but once has happened to a side that goes on as before."""
    return not side.narrated and side.first_data_acked_packet > 0 and side.history_seen & PURE_ACK > 0


def settle(analyzer: "Analyzer", lent: set[Side]) -> None:
    """Hand on what was collected of these sides."""
    for side in lent:
        if side.pieces:
            hand_on(analyzer, side)


def hand_on(analyzer: "Analyzer", side: Side) -> None:
    """Count the segments that were collected of a side, and give their octets to its session."""
    pieces = side.pieces
    assert pieces
    side.pieces = []
    joined, number, ts_ns = pieces[-1]
    if len(pieces) > 1:
        joined = b"".join([piece[0] for piece in pieces])
    side.packets += len(pieces)
    if number > side.last_packet:
        side.last_packet = number
        side.last_ts = ts_ns
    side.last_data_packet = number
    side.last_data_ts = ts_ns
    side.octets += len(joined)
    if side.detail:
        side.tail = joined[-TAIL:] if len(joined) >= TAIL else (side.tail + joined)[-TAIL:]
    session = analyzer.sessions[side.place]
    assert session is not None
    session.pieces(side.index, pieces, joined)
