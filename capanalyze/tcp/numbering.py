"""Numbering: where the sequence numbers of each side begin, and the window scale in force.

In: SYNs, or the first segments of a side whose SYN is not in the capture. Out: ``next_seq`` and ``next_rel`` of a
side, which everything else counts from.
"""

from mypy_extensions import i64

from capanalyze.packets.segment import ACK, FIN, OPTIONS_CUT, PSH, SYN, Segment
from capanalyze.tcp.connection import Connection, Side
from capanalyze.tcp.leap import move_leap
from capanalyze.tcp.notes import UNTAKEN, event
from capanalyze.tcp.parting import NOWHERE
from capanalyze.tcp.sequence import MASK, STRAY, UNDER_WAY, distance, onward
from capanalyze.tcp.side import NOT_CAPTURED, part, trouble
from capanalyze.tcp.streams import add_gap


def take_syn(
    connection: Connection, side: Side, peer: Side, seg: Segment, data: bytes, packet: i64, ts_ns: i64
) -> None:
    """SYN and SYN-ACK: the numbers that everything counts from."""
    if side.ttl < 0:
        side.ttl = seg.ttl
    again = seg.seq == side.isn
    if not again:
        number(side, peer, seg)
    offer = seg.window_scale(data)
    side.offer = offer if offer != OPTIONS_CUT else NOT_CAPTURED
    rescale(side, peer)
    rescale(peer, side)
    flag = "retransmission" if again and (side.last_ack >= 0 or not seg.flags & ACK) else ""
    if seg.flags & ACK:
        if flag and peer.last_ack >= 0 and distance(peer.last_ack, side.isn) > 0:
            flag = UNTAKEN
            trouble(side).untaken = packet
        event(connection, side, "SYN-ACK", packet, ts_ns, 0, flag)
        if peer.isn < 0:
            begin(peer, side, seg.ack, peer.packets == 0)
            peer.max_rel = max(peer.max_rel, 0)
            peer.whole_rel = max(peer.whole_rel, 0)
            trouble(peer).told = seg.ack
        if connection.roles_from in {"first_packet", "port"} and peer.isn < 0:
            connection.roles_from = "syn_ack"
            connection.client_side = peer.index
    else:
        event(connection, side, "SYN", packet, ts_ns, 0, flag)
        connection.syn_ts = ts_ns
        if side.index != connection.client_side and connection.roles_from == "syn":
            connection.roles_from = "first_packet"  # both asked (RFC 9293 3.5, simultaneous open): the hello tells
        elif connection.roles_from != "syn" and not again:
            connection.roles_from = "syn"
            connection.client_side = side.index


def number(side: Side, peer: Side, seg: Segment) -> None:
    """Position 0 is the octet after the SYN, unless later segments were captured before it."""
    if side.isn >= 0 and peer.last_ack >= 0:
        return  # another SYN-ACK, of a host that forgot the first one: its numbers were not taken
    if side.isn >= 0:
        trouble(side).former_isn = side.isn
    begin(side, peer, (seg.seq + 1) & MASK, side.isn >= 0 or side.packets == 1)
    side.isn = seg.seq


def choose(side: Side, peer: Side, seg: Segment) -> None:
    """Of two SYN-ACKs with different numbers the first one counts where a side's first segment acknowledges that."""
    former = peer.trouble.former_isn
    if former < 0 or peer.octets or not seg.flags & ACK:
        return
    if 0 < distance(seg.ack, former) <= STRAY and not 0 < distance(seg.ack, peer.isn) <= STRAY:
        peer.isn = former
        begin(peer, side, (former + 1) & MASK, True)


def begin(side: Side, peer: Side, following: i64, fresh: bool) -> None:
    """The stream of a side begins at a number; ``fresh``: no other segment of it was captured that counts."""
    be_unsure(side, False)
    if fresh or side.next_seq < 0:
        side.acked_rel = distance(peer.last_ack, following) if peer.last_ack >= 0 else -1
        side.next_seq = following
        side.next_rel = 0
        side.low_rel = 0
        side.max_rel = side.whole_rel = -1
        return
    start = side.next_rel + distance(following, side.next_seq)
    if start < side.low_rel:
        add_gap(side, start, side.low_rel - start, 0)
        if peer.last_ack < 0:
            side.acked_rel = start - 1
    side.low_rel = start


def place(side: Side, peer: Side, seg: Segment) -> None:
    """Settle where the numbers of a side begin when no SYN told it."""
    if not side.scaled:
        side.scaled = True
        side.ttl = seg.ttl
        rescale(side, peer)
        choose(side, peer, seg)
    if side.isn < 0:
        place_midstream(side, peer, seg)
    if seg.flags & ACK and peer.next_seq < 0:
        peer.next_seq = seg.ack
        peer.acked_rel = 0


def place_midstream(side: Side, peer: Side, seg: Segment) -> None:
    """A segment of a side whose SYN is not in the capture."""
    spans = seg.length > 0 or seg.flags & FIN != 0
    sure = spans or seg.seq == peer.last_ack  # the peer has acknowledged a keep-alive's number
    if side.next_seq < 0:
        lone = is_lone(seg)
        side.next_seq = (seg.seq + 1) & MASK if lone else seg.seq
        side.acked_rel = -1 if lone else 0
        be_unsure(side, not spans)
        return
    ahead = distance(seg.seq, side.next_seq)
    if side.trouble.unsure and ahead == 1:  # the one number before it was a keep-alive's
        side.acked_rel -= 1
        move_leap(side, -1)
        shift(side, peer, seg.seq)
    elif side.packets == 1 and ahead < 0 and seg.length > 1:
        # known by the peer's acknowledgements only: an older octet is data, a lone one before a keep-alive
        side.next_seq = seg.seq
        side.acked_rel -= ahead
        move_leap(side, -ahead)
    elif side.packets == 1 and ahead > 0:  # what lies between was sent; Wireshark, which begins here, does not tell
        side.whole_rel = ahead
    if sure:
        be_unsure(side, False)


def is_lone(seg: Segment) -> bool:
    """Whether a segment is one octet that is not pushed: a keep-alive's where it is odd, a program's would be."""
    return seg.length == 1 and not seg.flags & (SYN | FIN | PSH)


def be_sure(side: Side, peer: Side, ack: i64) -> None:
    """An acknowledgement of the peer may tell the numbers of a side of which only segments without payload came."""
    if ack == (side.next_seq + 1) & MASK:  # it answers a keep-alive
        if side.acked_rel > side.next_rel:  # it had been acknowledged before the keep-alive
            side.acked_rel -= 1
            move_leap(side, -1)
        shift(side, peer, ack)
        trouble(side).unsure = False
    elif ack == side.next_seq:  # it had acknowledged a keep-alive's number before
        trouble(side).unsure = False


def shift(side: Side, peer: Side, following: i64) -> None:
    """A side's numbers began at a keep-alive, or at a FIN: where it acknowledged the peer lies one earlier."""
    side.next_seq = following
    beyond = peer.trouble.beyond
    if beyond.at != NOWHERE:
        beyond.at -= 1
    if beyond.open != NOWHERE:
        beyond.open -= 1
    if peer.parting.fin_acked_at != NOWHERE:
        part(peer).fin_acked_at -= 1
    if peer.parting.fin_acked_open != NOWHERE:
        part(peer).fin_acked_open -= 1


def position(side: Side, number: i64) -> i64:
    """Where a sequence number lies in a side's stream.

    One that seems to lie farther on than all that can be under way may be an old one from before a hole of gigabytes,
    which comes late or once more.
    """
    found = side.next_rel + onward(number, side.next_seq)
    if found - side.next_rel > UNDER_WAY:
        before = found - (MASK + 1)
        for gap in side.trouble.gaps:
            if gap.length > UNDER_WAY and 0 <= gap.offset - before < STRAY:
                return before
    return found


def be_unsure(side: Side, unsure: bool) -> None:
    """Whether a side's numbers rest on a segment without payload."""
    if side.trouble.unsure != unsure:
        trouble(side).unsure = unsure


def answers_another(side: Side, peer: Side, seg: Segment) -> bool:
    """An acknowledgement that does not answer the peer's SYN: its sender still has an older connection of these ports.

    RFC 9293 3.5.1: the peer resets that one and repeats its SYN. So it does where an old SYN-ACK comes late or answers
    an old SYN (3.5, figure 9). Acknowledged octets that the capture lacks are
    near enough to the SYN to be told from it.
    """
    if side.isn >= 0 or peer.isn < 0 or peer.last_ack >= 0 or not seg.flags & ACK:
        return False
    acked = distance(seg.ack, peer.isn)
    farthest = peer.max_rel + 1 if seg.flags & SYN else STRAY  # nothing but a SYN is known where that is answered
    return acked <= 0 or acked > farthest


def rescale(side: Side, peer: Side) -> None:
    """Which window scale is in force (RFC 7323 2.2: none for a SYN's own window, and none unless both offer it)."""
    if not side.scaled:
        side.scale = 0 if side.isn >= 0 else -1
    elif side.offer == NOT_CAPTURED:
        side.scale = 0 if peer.offer == -1 else -1
    else:
        side.scale = max(side.offer, 0) if peer.offer != -1 else 0
