"""States: what the packets prove about both ends when the capture is over.

In: a connection whose close is decided. Out: RFC 9293 states of client and server, with timers left out, and
Zeek's conn_state and history as seen from the client.
"""

from typing import Final

from capanalyze.tcp.arrived import answered_by_the_open, is_begun, is_whole
from capanalyze.tcp.connection import Close, Connection, Side
from capanalyze.tcp.evidence import accepts_after, asks_again, is_absent, is_unheard
from capanalyze.tcp.first import HAD_NOT, had_fin, may_have_been_told
from capanalyze.tcp.grounds import INEXACT, OTHER_WAY, UNASKED, WENT_ON
from capanalyze.tcp.parting import NOWHERE
from capanalyze.tcp.sequence import distance
from capanalyze.tcp.zeek import conn_state

UNKNOWN: Final = "UNKNOWN"
OPEN_STATES: Final = {
    "complete": ("ESTABLISHED", "ESTABLISHED"),
    "syn_ack": (UNKNOWN, "SYN_RECEIVED"),
    "unanswered": ("SYN_SENT", UNKNOWN),
}
"""``opened`` -> states of client and server of a connection that nobody closed; whether a SYN-ACK that nothing
answers arrived is not known."""


def settle_states(connection: Connection) -> None:
    """Fill client_state, server_state, conn_state and history."""
    client, server = rfc_states(connection)
    connection.client_state = client
    connection.server_state = server
    if connection.client_side == 1:
        connection.history = "^" + connection.history.swapcase()
    connection.conn_state = conn_state(connection)


def rfc_states(connection: Connection) -> tuple[str, str]:
    """RFC 9293 3.3.2, as far as the packets go."""
    close = connection.close
    if connection.header_cut or connection.opened is None:
        return UNKNOWN, UNKNOWN
    client, server = connection.client, connection.server
    if accepts_after(connection):
        return UNKNOWN, UNKNOWN
    if connection.reset is not None:
        return ("SYN_SENT", UNKNOWN) if asks_again(connection) else after_reset(connection, connection.reset)
    hidden = close is None and (is_hidden(client) or is_hidden(server))
    if is_reset_unheeded(connection) or hidden or is_absent(client) or is_absent(server):
        return UNKNOWN, UNKNOWN
    if close is None:
        if has_not_taken_ack(server):
            return "ESTABLISHED", UNKNOWN if client.last_packet > server.trouble.untaken else "SYN_RECEIVED"
        return OPEN_STATES.get(connection.opened) or (midstream(client), midstream(server))
    if close.first == "both":
        return simultaneous(client, server), simultaneous(server, client)
    if close.first == "client":
        first, second = ordered(client, server)
        return first, second
    first, second = ordered(server, client)
    return second, first


def has_not_taken_ack(server: Side) -> bool:
    """Whether a SYN-ACK came again after its acknowledgement, and nothing else from its sender.

    The acknowledgement got lost, or there was no room for one more connection: then another one may be of no use.
    """
    return server.trouble.untaken > 0 and not server.scaled


def after_reset(connection: Connection, reset: Close) -> tuple[str, str]:
    """The states after a RST that counts; where that is in doubt, one end may know nothing of it.

    Nor may a receiver that was silent before: nobody sends a RST again.
    """
    by = connection.side(reset.side)
    heedless = reset.doubt == INEXACT and not by.peer.parting.rst_count
    sender = UNKNOWN if reset.doubt in {WENT_ON, OTHER_WAY, UNASKED} else "CLOSED"
    receiver = UNKNOWN if heedless or is_unheard(connection, by, by.peer) else "CLOSED"
    return (sender, receiver) if reset.side == connection.client_side else (receiver, sender)


def is_reset_unheeded(connection: Connection) -> bool:
    """Whether a RST that lies ahead of what was captured, and in the window, is the last that its sender said.

    Its receiver asked whether that was meant (RFC 5961 3.2). Who had sent it is gone, and answers with one that counts;
    who had not stays silent, being as it was.
    """
    reset = connection.early_reset
    if reset is None:
        return False
    sender = connection.side(reset.side)
    ahead = distance(reset.seq, sender.next_seq)
    return sender.last_packet == reset.packet and ahead < max(sender.peer.room, 1)


def is_hidden(side: Side) -> bool:
    """Whether a side said more than was captured at its end, which may have been a FIN."""
    return side.trouble.hidden_at != NOWHERE and not side.parting.closed


def midstream(side: Side) -> str:
    """The state of one end of a connection whose SYN is not in the capture, and which nobody closed in it.

    Who has only acknowledged may have closed before the capture began, and its peer have heard of that.
    """
    if not (is_begun(side) and is_begun(side.peer)):
        return UNKNOWN
    if side.scaled or (side.isn >= 0 and side.acked_rel >= 0):  # it sent more than SYNs and RSTs, or its SYN arrived
        return "ESTABLISHED"
    return "SYN_RECEIVED" if side.isn >= 0 else UNKNOWN


def ordered(first: Side, second: Side) -> tuple[str, str]:
    """States of the first and the second closer."""
    if is_guessed(first, second):
        return UNKNOWN, UNKNOWN
    if second.parting.closed and had_fin(second, first) == HAD_NOT:  # it had come behind a hole
        return simultaneous(first, second), simultaneous(second, first)
    if second.parting.closed:
        return ("TIME_WAIT", "CLOSED") if second.parting.fin_acked else (UNKNOWN, "LAST_ACK")
    if first.parting.fin_acked:
        hidden = is_hidden(second) or not is_whole(second)
        return (UNKNOWN, UNKNOWN) if hidden else ("FIN_WAIT_2", "CLOSE_WAIT")
    return "FIN_WAIT_1", UNKNOWN


def is_guessed(first: Side, second: Side) -> bool:
    """Whether no number tells which FIN was sent first: that of the second closer was not captured."""
    if not second.parting.fin_inferred or answered_by_the_open(first, second):
        return False
    return first.parting.fin_inferred or may_have_been_told(first)


def simultaneous(side: Side, peer: Side) -> str:
    """The state of one end when neither FIN's sender had taken the other's."""
    if not peer.parting.fin_acked:  # whether the peer's FIN arrived is not known
        return UNKNOWN
    return "TIME_WAIT" if side.parting.fin_acked else "CLOSING"
