"""Evidence: whether the packets prove who was first, or only show nothing that says otherwise.

In: a connection of which no more packets come, and the Close that it seems to have. Out: how far that is proved.
What a capture lacks cannot be seen in it, but for what was acknowledged. So absence of a packet is evidence only in a
capture that is not known to lack any; where it is, the order has to be in the numbers of the packets that are there.
"""

from collections.abc import Collection
from typing import Final

from mypy_extensions import i64

from capanalyze.tcp import grounds
from capanalyze.tcp.arrived import answered_by_the_open, captured_end, is_whole
from capanalyze.tcp.connection import Close, Connection, Side
from capanalyze.tcp.notes import KEEP_ALIVE, RETRANSMISSION
from capanalyze.tcp.parting import NOWHERE
from capanalyze.tcp.sequence import distance
from capanalyze.tcp.views import UNKNOWN as NOT_KNOWN

AGAIN: Final = {RETRANSMISSION: 1, KEEP_ALIVE: 2}
"""Notes on what a side sends when it gets no answer, and how many of them tell that there was none."""

CHOSEN_TOO: Final = 10_000
"""From here on a port may as well be one that a system chose (FreeBSD, and where the range was widened)."""

DELAYED: Final = 200_000_000
"""Nanoseconds for which systems hold back an acknowledgement at most (Linux: TCP_DELACK_MAX)."""

FAR_AWAY: Final = 1_000_000_000
"""Nanoseconds that a round trip may take where the capture does not tell (RFC 6298 2.1)."""


def weigh(connection: Connection, close: Close) -> None:
    """Settle how sure it is that the peer had not closed before, nor at the same time without having heard of it."""
    peer = connection.side(close.side).peer
    if asks_again(connection):
        doubt(close, grounds.ASKED_AGAIN)
    if accepts_after(connection):
        doubt(close, grounds.ACCEPTED)
    if is_numbered(connection, close):
        doubt(close, grounds.NUMBERED)
    if is_crossed(connection, close, peer):
        doubt(close, grounds.CROSSED)
    elif was_gone(close, peer):
        doubt(close, grounds.GONE)
    elif had_gone(close, peer):
        doubt(close, grounds.GONE_BEFORE)
    if close.certainty != "certain" or proved(connection, close):
        return
    if peer.parting.closed:
        doubt(close, "" if peer.parting.fin_inferred else later_copy(connection, peer.peer, peer) or grounds.SENT_AGAIN)
    elif not is_whole(peer) or lacks_packets(connection) or had_more(close, peer) or answers_unseen(connection, close):
        doubt(close, grounds.UNHEARD)
    elif was_unknown(connection, close, peer):
        doubt(close, grounds.UNKNOWN_THERE)
    elif not close.asked and peer.last_packet < close.packet:
        doubt(close, grounds.UNASKED)
    elif had_forgotten(connection, close):
        doubt(close, grounds.FORGOT)
    elif is_unanswered(peer.peer, peer) or is_unheard(connection, peer.peer, peer):
        doubt(close, grounds.UNANSWERED)
    else:
        close.quiet = True


def is_crossed(connection: Connection, close: Close, peer: Side) -> bool:
    """Whether the peer ended the connection too before it had heard of the close; so a capture there begins with that.

    Who has received a RST sends nothing more, and a RST with ACK is of a host that has the connection.
    """
    if connection.with_itself:
        return False
    parting = peer.parting
    if close.kind == "RST":
        aborted = parting.rst_ack >= 0 and close.ack >= 0 and connection.ignored_count == 0
        return aborted or (parting.closed and not parting.fin_inferred)
    reset = connection.reset
    closer = peer.peer
    if reset is None or reset.side != peer.index or reset.ack < 0 or closer.parting.fin_acked:
        return False
    if answered_by_the_open(closer, peer):  # the FIN had come, and octets before it had not
        return False
    if closer.parting.fin_ack < 0:  # an answer to it has an ACK, though its sender knows no such connection
        return False
    had = distance(reset.ack, closer.next_seq) + closer.next_rel
    return closer.acked_rel <= had <= closer.parting.fin_rel


def was_unknown(connection: Connection, close: Close, peer: Side) -> bool:
    """Whether who answered for the peer may have had no such connection: a RST without ACK (RFC 9293 3.5.2), no FIN.

    The closer may have sent a RST itself before that came.
    """
    if close.kind != "FIN" or peer.parting.rst_ack >= 0:
        return False
    reset = connection.reset
    return (reset is not None and reset.side == peer.index) or peer.parting.last_rst == peer.peer.last_ack >= 0


def had_forgotten(connection: Connection, close: Close) -> bool:
    """Whether the closer's RST has no ACK and the capture, which began later, has nothing of its having the connection.

    So it may have ended the connection, or the peer may have, before the capture began.
    """
    closer = connection.side(close.side)
    begun_late = closer.isn < 0 and closer.peer.isn < 0
    return close.kind == "RST" and close.ack < 0 and begun_late and closer.last_ack < 0


def was_gone(close: Close, peer: Side) -> bool:
    """Whether the peer sent a RST without ACK after the RST of a closer that has sent nothing else since.

    A RST is answered by none (RFC 9293 3.10.7.1), so this one answers what was sent before it, and the peer may have
    had no such connection then; or the RST has overtaken that.
    """
    parting, closer = peer.parting, peer.peer
    if close.kind != "RST" or parting.rst_count == 0 or parting.rst_ack >= 0:
        return False
    return parting.rst_packets[-1] > close.packet and closer.last_packet in closer.parting.rst_packets


def had_gone(close: Close, peer: Side) -> bool:
    """Whether the last that came of the peer, before the close, was a RST without ACK, which did not count.

    It answers a segment that had been overtaken by others; what it sent to end the connection, and what answers the
    others, may have been lost.
    """
    parting = peer.parting
    if parting.rst_count == 0 or parting.rst_ack >= 0:
        return False
    return peer.last_packet == parting.rst_packets[-1] < close.packet


def is_unanswered(closer: Side, peer: Side) -> bool:
    """Whether a FIN was sent again, and nothing came from the peer since: what the peer sends may not get through."""
    parting = closer.parting
    return not parting.fin_acked and peer.last_packet < parting.fin_again


def is_unheard(connection: Connection, closer: Side, peer: Side) -> bool:
    """Whether octets of the closer's, or keep-alives, were sent again and again and nothing came from the peer since.

    A RST that ends this may be the answer to nothing but silence, and the peer may have closed in that time.
    """
    for note in connection.notes:
        mine = note.side == closer.index and note.note in AGAIN
        if mine and len(note.since(peer.last_packet)) >= AGAIN[note.note]:
            return True
    return False


def doubt(close: Close, ground: str) -> None:
    """Call a close likely; of several grounds the first one is told."""
    close.certainty = "likely"
    if not close.doubt and not close.inferred:
        close.doubt = ground


def came_another_way(connection: Connection, close: Close) -> bool:
    """Whether a RST has another TTL than what its sender had sent, so that another host may have made it.

    A host gives all its packets the same one, as long as no program asks for another.
    """
    if close.kind != "RST" or close.side < 0:
        return False
    return is_from_elsewhere(close, connection.side(close.side))


def is_from_elsewhere(reset: Close, sender: Side) -> bool:
    """The same of one that is known to be a RST, and whose."""
    usual = usual_ttl(reset, sender)
    return usual >= 0 and reset.ttl != usual


def usual_ttl(reset: Close, sender: Side) -> i64:
    """The time to live of other packets of a sender, where the RST was captured; -1 not known."""
    views = sender.connection.views if sender.connection is not None else None
    return sender.ttl if views is None else views.usual_ttl(sender.index, reset.interface)


def doubt_roles(connection: Connection, ports: Collection[int]) -> None:
    """Which side closed is known, but whether that is the client's is a guess, unless a port is one of the API's."""
    close, there = connection.close, int(connection.server.port)
    if close is None or close.first == "both":
        return
    if connection.roles_from == "first_packet":
        doubt(close, grounds.GUESSED)
    elif connection.roles_from == "port" and there >= CHOSEN_TOO and there not in ports:
        doubt(close, grounds.PORTS)


def doubt_silence(connection: Connection) -> None:
    """The capture tool lost packets, nobody knows of which connection: their absence proves nothing."""
    if connection.close is not None and connection.close.quiet:
        doubt(connection.close, grounds.DROPPED)


def proved(connection: Connection, close: Close) -> bool:
    """Whether packets prove it: where a FIN of the peer would lie, it acknowledged, reset, or sent nothing at all."""
    closer = connection.side(close.side)
    peer = closer.peer
    if not peer.scaled and closer.last_ack < 0 and close.ack < 0 and (closer.isn >= 0 or close.kind == "FIN"):
        return True  # the closer never answered a peer; a RST alone may answer what is not in the capture
    if close.kind == "RST":
        return knew_all(close, peer) and not is_unheard(connection, closer, peer)
    if answered_by_the_open(closer, peer) or gave_up_open(connection.reset, peer):
        return True
    # its FIN acknowledges the closer's, so it was sent later; unless it is a copy sent again of one that did not
    if not peer.parting.closed or peer.parting.fin_inferred or peer.parting.fin_late:
        return False
    return not later_copy(connection, closer, peer)


def later_copy(connection: Connection, closer: Side, peer: Side) -> str:
    """Why the first FIN captured of the peer may be a later copy; "" where nothing says so.

    It came when the closer had sent its own again, or is the first to acknowledge that, long after any host does on a
    path that is no slower than it was, or on one that lost octets for good. An earlier one acknowledged less, if it was
    on its way when the closer closed, and may have been lost. A capture next to the peer has it.
    """
    views = connection.views
    if views is not None and views.near(peer.index) != NOT_KNOWN:
        return ""
    fins, parting = peer.parting.fin_packets, closer.parting
    if not fins:
        return ""
    if 0 < parting.fin_again < fins[0]:
        return grounds.ANSWER_LOST
    trip: i64 = connection.rtt_ns if connection.rtt_ns >= 0 else FAR_AWAY
    late = parting.fin_ts >= 0 and peer.parting.fin_ts - parting.fin_ts > trip + DELAYED
    told = parting.fin_acked and parting.fin_acked_packet < fins[0]
    first = not told and closer.host != peer.host
    if first and any(not gap.acknowledged for gap in peer.trouble.gaps):
        return grounds.UNHEARD
    return grounds.ANSWERED_LATE if late and first else ""


def gave_up_open(reset: Close | None, peer: Side) -> bool:
    """Whether the peer's RST lies where it would have sent a FIN: it has sent none.

    One without ACK tells nothing: its number is that of the segment which it answers (RFC 9293 3.5.2).
    """
    if reset is None or reset.side != peer.index or reset.ack < 0 or peer.next_seq < 0:
        return False
    if is_from_elsewhere(reset, peer):
        return False
    return peer.next_rel + distance(reset.seq, peer.next_seq) <= captured_end(peer) and is_whole(peer)


def knew_all(close: Close, peer: Side) -> bool:
    """Whether a RST tells that its sender had received nothing of the peer's but octets which the capture holds."""
    return close.ack >= 0 and peer.next_seq >= 0 and not had_more(close, peer) and is_whole(peer)


def had_more(close: Close, peer: Side) -> bool:
    """Whether a RST acknowledges more of the peer's than the capture holds."""
    if close.kind != "RST" or close.ack < 0 or peer.next_seq < 0:
        return False
    return peer.next_rel + distance(close.ack, peer.next_seq) > captured_end(peer)


def is_absent(side: Side) -> bool:
    """Whether a side sent packets and the capture has none of them: it has one direction only.

    So no close, no reset and no acknowledgement of it is seen. The peer acknowledged them, or sent octets, which it
    does on a connection that was opened.
    """
    connection = side.connection
    opened = connection is not None and connection.opened == "midstream" and side.peer.octets > 0
    return side.packets == 0 and (side.acked_rel >= 0 or opened)


def lacks_packets(connection: Connection) -> bool:
    """Whether the capture is known to lack packets of a connection: octets or a FIN acknowledged, a SYN, flags cut."""
    if connection.cut_packets:
        return True
    for side in (connection.orig, connection.resp):
        odd = side.trouble
        if odd.missing or odd.hidden_at != NOWHERE or side.parting.fin_inferred:
            return True
    client, server = connection.client, connection.server
    if server.scaled and server.isn >= 0 and client.last_ack < 0 and not client.octets:
        return True  # it was open before the ACK that opens it was captured, with no octets in its SYN (RFC 7413)
    return (client.isn >= 0) != (server.isn >= 0) and client.next_seq >= 0 and server.next_seq >= 0


def payload_alone(connection: Connection) -> bool:
    """Whether all that is captured of both sides carries payload, a FIN or a RST: no ACK alone, and no SYN."""
    sides = connection.orig, connection.resp
    spoken = all(side.packets > 0 for side in sides) and any(side.octets > 0 for side in sides)
    return spoken and not has_bare(connection) and connection.cut_packets == 0


def has_bare(connection: Connection) -> bool:
    """Whether a SYN or an ACK alone is captured, which a filter such as ``tcp.len > 0`` leaves out."""
    return any(side.isn >= 0 or side.acknowledged for side in (connection.orig, connection.resp))


def answers_unseen(connection: Connection, close: Close) -> bool:
    """Whether the closer's RST after its FIN has no ACK and so answers a segment, which was not captured."""
    reset = connection.reset
    return close.kind == "FIN" and reset is not None and reset.side == close.side and not reset.asked


def asks_again(connection: Connection) -> bool:
    """Whether a refused client has repeated its SYN since (Windows does), and that was not answered."""
    client = connection.client
    if not connection.refused or connection.orig is not client or client.parting.rst_count:
        return False
    return client.last_packet > connection.server.last_packet


def accepts_after(connection: Connection) -> bool:
    """Whether a SYN-ACK came after the refusal, and the client did not reset it, as one that is gone would."""
    return connection.refused and connection.server.isn >= 0 and not connection.client.parting.rst_count


def is_numbered(connection: Connection, close: Close) -> bool:
    """Whether a refusal has a number of its own: to a SYN the RST has none (RFC 9293 3.10.7.1)."""
    return connection.refused and close is connection.reset and close.seq > 0
