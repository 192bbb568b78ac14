"""Acknowledgement: what one side's acknowledgement number proves about the other's octets and FIN.

In: a segment with its position. Out: how far the peer's stream has arrived, and what the capture lacks of it.
"""

from typing import Final

from mypy_extensions import i64

from capanalyze.packets.segment import FIN, SYN, Segment
from capanalyze.tcp import notes
from capanalyze.tcp.analysis import newest_ack
from capanalyze.tcp.arrived import has_beyond, last_octet
from capanalyze.tcp.connection import Connection, Side
from capanalyze.tcp.leap import is_belied, remember_leap, unsay
from capanalyze.tcp.notes import event, note
from capanalyze.tcp.numbering import be_sure
from capanalyze.tcp.parting import NOWHERE, Behind, Beyond
from capanalyze.tcp.sequence import distance, onward
from capanalyze.tcp.side import trouble
from capanalyze.tcp.streams import Streams
from capanalyze.tcp.zeek import PURE_ACK, hole, once

FAR: Final = 1 << 29
"""Octets acknowledged beyond a hole after which it is given up: positions are told from 32-bit numbers near them."""

NEW: Final = 0
OLD: Final = 1
FAR_AHEAD: Final = 2
"""An acknowledgement number that is the newest of its side or the same again; one from before it; one that seems to be,
and lies beyond gigabytes that were not captured."""


def acknowledge(
    streams: Streams,
    connection: Connection,
    side: Side,
    peer: Side,
    seg: Segment,
    data: bytes,
    rel: i64,
    packet: i64,
    ts_ns: i64,
) -> None:
    """What the acknowledgement number proves about the peer's octets and FIN."""
    kind = number_kind(side, peer, seg.ack)
    if kind == OLD:
        return
    if peer.acked_rel - peer.next_rel > FAR:
        streams.skip(peer, peer.acked_rel, packet, ts_ns)
    first = side.last_ack < 0
    side.last_ack = seg.ack
    if peer.trouble.unsure:
        be_sure(peer, side, seg.ack)
    acked = peer.next_rel
    if seg.ack != peer.next_seq:
        acked += onward(seg.ack, peer.next_seq) if kind == FAR_AHEAD else distance(seg.ack, peer.next_seq)
    further = acked > peer.acked_rel
    if further and not first:
        remember_leap(peer, acked)
    if further or (first and peer.isn < 0):  # the first octets captured may lie ahead of others
        peer.acked_rel = acked
    if peer.first_data_packet and peer.first_data_acked_packet == 0 and acked > 0:
        peer.first_data_acked_packet = packet
        peer.first_data_acked_ts = ts_ns
        side.answered = True
    bare = not seg.length and not seg.flags & (SYN | FIN)
    if peer.parting.closed:
        fin_arrived(side, peer, seg, data, acked, rel, bare, packet, ts_ns)
    if acked > peer.whole_rel:
        if further:
            beyond(peer, rel, bare, packet, ts_ns)
        if peer.packets > 0 and is_news(peer):
            note(connection, side, notes.ACK_LOST_SEGMENT, packet, ts_ns)
    if acked > peer.next_rel:
        acknowledge_hole(connection, peer, acked)
    if bare:
        ack_alone(side, peer, seg, data, acked, packet, ts_ns)


def acknowledge_hole(connection: Connection, peer: Side, acked: i64) -> None:
    """More than a side's octets in order is acknowledged: what waits behind the hole does not wait for long."""
    held = len(peer.trouble.held) > 0
    if peer.trouble.hole_at != peer.next_rel and (held or acked > peer.next_rel + 1):
        trouble(peer).hole_at = peer.next_rel
        hole(connection, peer)
    if held and not peer.trouble.acked_hole:
        trouble(peer).acked_hole = 1


def ack_alone(side: Side, peer: Side, seg: Segment, data: bytes, acked: i64, packet: i64, ts_ns: i64) -> None:
    """What a segment tells that says nothing else."""
    if acked < peer.max_rel:
        has_behind(peer, acked, seg.selective(data), packet, ts_ns)
    if not side.acknowledged:
        first_pure_ack(side, peer, packet, ts_ns)


def has_behind(peer: Side, acked: i64, blocks: list[tuple[i64, i64]], packet: i64, ts_ns: i64) -> None:
    """A segment that acknowledges up to ``acked`` tells which stretches have come from behind the hole there."""
    if not blocks:
        return
    behind = peer.trouble.behind
    if behind.start != acked:
        behind = trouble(peer).behind = Behind(acked, packet, ts_ns)
    nearest = blocks[0][0]
    for start, beyond in blocks:
        nearest = min(nearest, start)
        behind.most = max(behind.most, beyond - start)
    behind.end = acked + nearest


def number_kind(side: Side, peer: Side, ack: i64) -> i64:
    """NEW, OLD or FAR_AHEAD; one that belies the newest is new again."""
    if side.last_ack < 0 or distance(ack, side.last_ack) >= 0:
        return NEW
    if is_belied(peer, ack):
        unsay(peer)
        return NEW
    return FAR_AHEAD if leaps(peer, ack) else OLD


def leaps(peer: Side, ack: i64) -> bool:
    """Whether a number that seems old acknowledges what was captured of a side beyond gigabytes that were not."""
    return peer.acked_rel < peer.next_rel + onward(ack, peer.next_seq) <= peer.max_rel


def fin_arrived(
    side: Side, peer: Side, seg: Segment, data: bytes, acked: i64, rel: i64, bare: bool, packet: i64, ts_ns: i64
) -> None:
    """What a segment at position ``rel`` tells of the peer's FIN: that it was taken, or that it lies behind a hole.

    ``bare``: it has no payload and no FIN.
    """
    parting = peer.parting
    if acked > parting.fin_rel and not parting.fin_acked:
        parting.fin_acked = True
        parting.fin_acked_packet = packet
        parting.fin_acked_ts = ts_ns
        parting.fin_acked_at = rel
    if not bare or side.trouble.probe or (acked <= parting.fin_rel and not has_beyond(peer, seg.received(data))):
        return
    if parting.fin_acked_open == NOWHERE or rel < parting.fin_acked_open:
        parting.fin_acked_open = rel


def beyond(side: Side, rel: i64, bare: bool, packet: i64, ts_ns: i64) -> None:
    """A segment at position ``rel`` of the peer's acknowledges more of a side than ever, and than was captured."""
    trouble(side).beyond = Beyond(packet, ts_ns, rel, bare)


def is_news(side: Side) -> bool:
    """Whether octets of a side that are acknowledged and not captured are told of: once, as Wireshark does.

    They are again when more of the side was captured, or when it has acknowledged something new since.
    """
    went_on = side.max_rel > side.whole_rel
    side.whole_rel = side.max_rel
    if went_on:
        return True
    odd = trouble(side)
    news = odd.told_unseen != side.last_ack and (odd.duplicate_acks == 0 or odd.duplicate_ack != newest_ack(side))
    odd.told_unseen = side.last_ack
    return news


def acknowledged_by_reset(connection: Connection, side: Side, peer: Side, ack: i64, packet: i64, ts_ns: i64) -> None:
    """What a RST that counts acknowledges (-1 nothing): its sender had that much, perhaps a FIN, when it gave up.

    Its own window bounds it, but for a FIN's number: hosts and middleboxes send RSTs with numbers that acknowledge
    nothing.
    """
    if ack < 0 or peer.next_seq < 0:
        return
    acked = peer.next_rel + distance(ack, peer.next_seq)
    if acked > max(last_octet(peer), peer.acked_rel) + min(max(side.room, 1), FAR):
        return
    if acked > peer.whole_rel and peer.packets > 0 and is_news(peer):
        note(connection, side, notes.ACK_LOST_SEGMENT, packet, ts_ns)
    if acked <= peer.acked_rel:
        return
    remember_leap(peer, acked)
    peer.acked_rel = acked
    if acked > last_octet(peer) and not (peer.parting.closed and acked == peer.parting.fin_rel + 1):
        beyond(peer, side.next_rel, False, packet, ts_ns)


def first_pure_ack(side: Side, peer: Side, packet: i64, ts_ns: i64) -> None:
    """The first segment of a side without payload and flags; after a SYN-ACK it completes the handshake."""
    connection = side.connection
    assert connection is not None
    side.acknowledged = True
    once(connection, side, PURE_ACK, "a")
    if side.isn >= 0 and peer.isn >= 0 and side.index == connection.client_side and not side.first_data_packet:
        event(connection, side, "ACK", packet, ts_ns, 0, "")
