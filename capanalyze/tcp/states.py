"""States: what the packets prove about both ends when the capture is over.

In: a connection whose close is decided. Out: RFC 9293 states of client and server with timers left out,
Zeek's conn_state (docs.zeek.org, base/protocols/conn/main.zeek) and its history.
"""

from typing import Final

from capanalyze.tcp.connection import Connection, Side

UNKNOWN: Final = "UNKNOWN"
OPEN_STATES: Final = {
    "complete": ("ESTABLISHED", "ESTABLISHED"),
    "midstream": ("ESTABLISHED", "ESTABLISHED"),
    "syn_ack": ("SYN_SENT", "SYN_RECEIVED"),
    "unanswered": ("SYN_SENT", UNKNOWN),
}
"""``opened`` -> states of client and server of a connection that nobody closed."""


def settle_states(connection: Connection) -> None:
    """Fill client_state, server_state, conn_state and history."""
    client, server = rfc_states(connection)
    connection.client_state = client
    connection.server_state = server
    connection.conn_state = zeek_state(connection)
    if connection.client_side == 1:
        connection.history = "^" + connection.history.swapcase()


def rfc_states(connection: Connection) -> tuple[str, str]:
    """RFC 9293 3.3.2, as far as the packets go."""
    close = connection.close
    if connection.header_cut or connection.opened is None:
        return UNKNOWN, UNKNOWN
    if connection.reset is not None:
        return "CLOSED", "CLOSED"
    if close is None:
        return OPEN_STATES.get(connection.opened, (UNKNOWN, UNKNOWN))
    client, server = connection.client, connection.server
    if close.first == "both":
        return simultaneous(client, server), simultaneous(server, client)
    if close.first == "client":
        first, second = ordered(client, server)
        return first, second
    first, second = ordered(server, client)
    return second, first


def ordered(first: Side, second: Side) -> tuple[str, str]:
    """States of the first and the second closer."""
    if second.fin_rel >= 0:
        return ("TIME_WAIT", "CLOSED") if second.fin_acked else (UNKNOWN, "LAST_ACK")
    return ("FIN_WAIT_2", "CLOSE_WAIT") if first.fin_acked else ("FIN_WAIT_1", UNKNOWN)


def simultaneous(side: Side, peer: Side) -> str:
    """The state of one end when neither FIN's sender had received the other's."""
    if side.fin_acked:
        return "TIME_WAIT" if peer.fin_acked else UNKNOWN
    return "CLOSING" if peer.fin_acked else "FIN_WAIT_1"


def zeek_state(connection: Connection) -> str:
    """Zeek's conn_state; the tests run in the order of Zeek's own script."""
    client, server = connection.client, connection.server
    server_reset = bool(valid_resets(connection, server))
    client_reset = bool(valid_resets(connection, client))
    server_spoke = server.isn >= 0 or server.packets > len(server.rst_packets)
    if server_reset:
        if connection.opened == "refused" or (client_reset and not client.octets and not server.octets):
            return "REJ"
        return "RSTR" if client.packets else "RSTRH"
    if client_reset:
        if client.isn >= 0 and not server_spoke:
            return "RSTOS0"
        return "RSTO" if server_spoke else "OTH"
    client_fin, server_fin = client.fin_rel >= 0, server.fin_rel >= 0
    if client_fin and server_fin:
        return "SF"
    if client_fin:
        return "S2" if server_spoke else "SH"
    if server_fin:
        return "S3" if client.packets else "SHR"
    if connection.opened == "unanswered":
        return "S0"
    return "S1" if connection.opened == "complete" else "OTH"


def valid_resets(connection: Connection, side: Side) -> list[int]:
    """RSTs of a side that the receiver did not ignore."""
    return [packet for packet in side.rst_packets if packet not in connection.ignored_resets]
