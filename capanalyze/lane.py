"""The analyzer's loop for the interpreter: the commonest packets in one function, without a call per step.

In: a RawPackets cursor. Out: the same as ``Analyzer.take`` for every packet. Compiled, its steps (``advance``,
``read_words``, ``Tracker.short``) cost a few ns each; interpreted, their calls and attributes are half of the time. So
this loop does for an established TWS session's next segment what they do, and hands every other packet to
``take``. The tests compare both over every capture.
"""

from typing import TYPE_CHECKING, Final

from capanalyze.packets.common import ANY_SERVICE, ANY_TTL, SHAPE
from capanalyze.packets.ip import TCP
from capanalyze.packets.link import LINK_ETHERNET, LINK_NULL
from capanalyze.packets.raw import NO_TIME, RawPackets
from capanalyze.packets.segment import ACK
from capanalyze.tcp.connection import TAIL
from capanalyze.tcp.zeek import PURE_ACK

if TYPE_CHECKING:
    from capanalyze.analyzer import Analyzer

LEADS: Final = {LINK_ETHERNET: (14, 0x08004500), LINK_NULL: (4, 0x4500)}
"""Link type -> octets before the IP header, the four octets from two before it (service masked)."""

NOT_COMMON: Final = (1 << 16, 0)
"""For any other link type: more octets than a packet of the common shape has."""


def feed(analyzer: "Analyzer", packets: RawPackets) -> None:
    """Take every packet that the cursor has."""
    sides = analyzer.tracker.sides
    sessions = analyzer.sessions
    unpack = SHAPE.unpack_from
    link, lead, mark = -1, 0, 0
    latest = NO_TIME
    for number, ts_ns, start, captured, original in packets.records():
        if packets.link_type != link:
            link = packets.link_type
            lead, mark = LEADS.get(link, NOT_COMMON)
        if captured >= lead + 40:
            data = packets.data
            kind, total, protocol, key, seq, ack, flags, window = unpack(data, start + lead - 2)
            side = sides.get(key)
            header = (flags >> 10) & 0x3C
            length = total - 20 - header
            if (
                side is not None
                and seq == side.next_seq
                and side.plain
                and window == side.window
                and flags & 0x17 == ACK
                and kind & ANY_SERVICE == mark
                and protocol & ANY_TTL == TCP
                and length >= 0
                and header >= 20
                and lead + total <= captured
                and ts_ns != NO_TIME
            ):
                peer = side.peer
                assert peer is not None
                latest = ts_ns
                acked = peer.acked_rel + ((ack - side.last_ack) & 0xFFFFFFFF)
                if acked > peer.next_rel or not peer.first_data_acked_packet:
                    pass
                elif length:
                    session = sessions[side.place]
                    sent = side.next_rel + length
                    if (
                        not side.narrated
                        and sent - side.acked_rel < peer.room
                        and session is not None
                        and session.is_tws
                    ):
                        peer.acked_rel = acked
                        side.last_ack = ack
                        side.packets += 1
                        side.last_packet = side.last_data_packet = number
                        side.last_ts = side.last_data_ts = ts_ns
                        side.next_seq = (seq + length) & 0xFFFFFFFF
                        side.next_rel = sent
                        side.octets += length
                        payload = start + lead + 20 + header
                        end = payload + length
                        if length >= TAIL:
                            side.tail = data[end - TAIL : end]
                        else:
                            side.tail = (side.tail + data[payload:end])[-TAIL:]
                        session.data(side.index, data, payload, end, number, ts_ns)
                        continue
                elif ack != side.last_ack and side.history_seen & PURE_ACK:
                    peer.acked_rel = acked
                    side.last_ack = ack
                    side.packets += 1
                    side.last_packet = number
                    side.last_ts = ts_ns
                    continue
        packets.number, packets.ts_ns = number, ts_ns
        packets.offset, packets.captured, packets.original = start, captured, original
        latest = NO_TIME
        analyzer.take(packets)
        if packets.held:
            break
    analyzer.packets = packets.number
    if latest != NO_TIME:
        analyzer.last_ts = latest
