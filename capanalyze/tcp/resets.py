"""Resets: what the segments that follow a RST tell about it; it may not have been what it seemed when it came.

In: the segments of a connection that has a RST which counts, is in doubt, or was ignored. Out: which of these it is
(``reset``, ``doubtful_reset``, ``early_reset`` and ``ignored_resets`` of the connection), and how certain.
"""

from typing import Final

from mypy_extensions import i64

from capanalyze.packets.segment import ACK, FIN, SYN, Segment
from capanalyze.tcp.acknowledgement import acknowledged_by_reset
from capanalyze.tcp.connection import Close, Connection, Side, mark_end
from capanalyze.tcp.evidence import doubt
from capanalyze.tcp.grounds import INEXACT, OTHER_WAY, WENT_ON
from capanalyze.tcp.judgement import REFUSED, VALID
from capanalyze.tcp.parting import kept
from capanalyze.tcp.sequence import distance
from capanalyze.tcp.side import part
from capanalyze.tcp.zeek import RESET, enter

EARLY: Final = 16
"""Packets of a connection within which the octets before a RST may come that was captured before them."""


REFUSED_BEFORE: Final = "refused_before"
"""Flag of the event of a refusal, where the SYN was repeated and accepted."""


def outlived(connection: Connection, side: Side, seg: Segment) -> None:
    """Take back a RST that counted where its receiver acknowledges octets that lie beyond its number.

    Who accepts a RST expects its number and says nothing more, so this one was forged, or came too late, or never
    arrived. A FIN alone does not tell: Linux accepts a RST with the FIN's own number too.
    """
    reset = connection.reset
    sender = side.peer
    if reset is None or reset.side != sender.index or sender.next_seq < 0:
        return
    beyond = distance(seg.ack, reset.seq)
    said = distance(sender.next_seq, reset.seq)
    fin = 1 if sender.parting.closed and sender.parting.fin_rel == sender.next_rel else 0
    if said > 0 and 0 < beyond <= said + fin:
        take_back(connection, sender)
        ignore(connection, reset, sender)
        qualify(connection, reset.packet, "ignored")


def went_on(connection: Connection, side: Side, seg: Segment, fresh: i64) -> None:
    """``fresh`` octets, or a FIN, beyond the side's own RST tell that it may not have sent that.

    So does an acknowledgement of octets that were captured after it. Who resets a connection forgets it and sends
    nothing more; something between the two may have reset it.
    """
    reset = connection.reset
    if reset is None or reset.side != side.index:
        return
    peer = side.peer
    fin: i64 = 1 if seg.flags & FIN else 0
    heard = seg.flags & ACK != 0 and seg.ack == peer.next_seq and peer.last_data_packet > reset.packet
    if reset.ack >= 0 and distance(seg.ack, reset.ack) <= 0:
        heard = False  # the RST acknowledged as much: it was captured before what it answers
    if heard or ((fresh or fin) and distance(seg.seq + seg.length + fin, reset.seq) > 0):
        if reset.doubt == OTHER_WAY:
            reset.doubt = ""  # that it went on says more, and what came then is not of before the close
        doubt(reset, WENT_ON)


def reconsider(connection: Connection, side: Side, seg: Segment, fresh: i64, again: bool) -> bool:
    """What a segment after a RST in doubt, or an early one, says of it; True when that is the close.

    ``again``: the segment acknowledges nothing new.
    """
    if connection.doubtful_reset is not None:
        return after_doubt(connection, side, seg, fresh, again)
    return after_early(connection, side, seg, fresh, again)


def after_doubt(connection: Connection, side: Side, seg: Segment, fresh: i64, again: bool) -> bool:
    """What a segment after a doubtful RST says of it.

    The receiver of a RST that counted sends nothing more: one that challenges it (RFC 5961 3.2), or goes on, has
    ignored it. A sender that goes on beyond it did not send it. The octets just before it, captured after it, or an
    acknowledgement of exactly its number, crossing it, prove that the number was the expected one. One that came
    before anything was known counts unless its sender goes on.
    """
    doubtful = connection.doubtful_reset
    assert doubtful is not None
    counts = doubtful is connection.reset
    if side.index == doubtful.side:
        fin: i64 = 1 if seg.flags & FIN else 0
        beyond = distance(seg.seq + seg.length + fin, doubtful.seq)
        proved = (side.next_seq == doubtful.seq and (counts or fresh > 0)) or (fin == 1 and beyond == 0)
        ignored = beyond > 0 or fin == 1 or seg.flags & SYN != 0 or (counts and has_heard(side.peer))
    else:
        proved = seg.flags & ACK != 0 and not again and not seg.length and seg.ack == doubtful.seq
        ignored = not counts and (again or fresh > 0 or seg.flags & FIN != 0)
    if proved:
        doubtful.certainty = "certain"
        doubtful.doubt = ""
        qualify(connection, doubtful.packet, VALID)
        return let_stand(connection, doubtful)
    if ignored:
        connection.doubtful_reset = None
        if counts:
            take_back(connection, side)
        ignore(connection, doubtful, side if side.index == doubtful.side else side.peer)
        qualify(connection, doubtful.packet, "ignored")
    return False


def after_early(connection: Connection, side: Side, seg: Segment, fresh: i64, again: bool) -> bool:
    """What a segment says of a RST that was ignored and lies ahead.

    A RST may be captured some packets early. The octets just before it, which come then, prove that it was sent
    after them. It is likely only where its receiver has spoken in between: that may have been a challenge.
    """
    early = connection.early_reset
    assert early is not None
    early.patience -= 1
    if early.patience == 0:
        connection.early_reset = None
    if side.index != early.side:
        if again or fresh > 0 or seg.flags & FIN:
            doubt(early, INEXACT)
        return False
    if not fresh or side.next_seq != early.seq:
        return False
    connection.early_reset = None
    if connection.reset is not None:
        return False
    connection.ignored_count -= 1
    connection.ignored_resets = [packet for packet in connection.ignored_resets if packet != early.packet]
    qualify(connection, early.packet, VALID)
    return let_stand(connection, early)


def let_stand(connection: Connection, doubtful: Close) -> bool:
    """A doubtful RST counts; True when it is the first thing that ends the connection in file order."""
    side = connection.side(doubtful.side)
    if connection.reset is not doubtful:  # it was not believed so far
        acknowledged_by_reset(connection, side, side.peer, doubtful.ack, doubtful.packet, doubtful.ts_ns)
    connection.reset = doubtful
    connection.doubtful_reset = None
    enter(side, RESET)
    return mark_end(connection)


def ignore(connection: Connection, reset: Close, sender: Side) -> None:
    """Count a RST as ignored; one that lies ahead of what was captured of its sender may yet count (EARLY)."""
    connection.ignored_count += 1
    connection.ignored_resets = kept(connection.ignored_resets, reset.packet, connection.detail)
    if connection.early_reset is None and sender.next_seq >= 0 and distance(reset.seq, sender.next_seq) > 0:
        connection.early_reset = reset
        reset.patience = EARLY


def take_back(connection: Connection, side: Side) -> None:
    """A RST of a side that counted ended nothing."""
    if connection.doubtful_reset is connection.reset:
        connection.doubtful_reset = None
    connection.refused = False
    connection.reset = None
    connection.ending = connection.orig.parting.closed or connection.resp.parting.closed
    connection.over = False
    if side.zeek == RESET:
        side.zeek = side.zeek_before


def get_through(connection: Connection) -> None:
    """A SYN that had been refused was repeated and got through, so the refusals ended nothing.

    Windows asks again, every half a second, with the same number (TcpMaxConnectRetransmissions); others ask anew.
    """
    take_back(connection, connection.server)
    part(connection.server).rst_ack = -1
    for known in connection.events:
        if known.flag == REFUSED:
            known.flag = REFUSED_BEFORE


def finds_nobody(connection: Connection) -> bool:
    """Whether a SYN-ACK comes after a refusal, and the client has not repeated its SYN in between.

    The refusal overtook it, or is of something between the two: it ended the client's connection all the same.
    """
    reset = connection.reset
    return reset is not None and connection.client.last_packet < reset.packet


def has_heard(peer: Side) -> bool:
    """Whether any octet or FIN of the peer's that was captured has been acknowledged."""
    return peer.parting.fin_acked or (peer.octets > 0 and peer.acked_rel > peer.low_rel)


def copied(connection: Connection, side: Side, seg: Segment) -> None:
    """A copy of a RST of a side came, by its numbers: two interfaces have that."""
    ack = seg.ack if seg.flags & ACK else -1
    for reset in (connection.reset, connection.doubtful_reset, connection.early_reset):
        if reset is not None and reset.side == side.index and reset.seq == seg.seq and reset.ack == ack:
            reset.copied = True


def qualify(connection: Connection, packet: i64, flag: str) -> None:
    """Say of a RST what turned out later."""
    for known in connection.events:
        if known.packet == packet and known.kind == "RST":
            known.flag = flag
