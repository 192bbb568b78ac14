"""What is told of a connection's close, and how most conversations begin. A helper of the tests, not a test."""

from capanalyze.tcp.connection import Connection
from tests.conversation import Conversation
from tests.follow import follow


def closed(connection: Connection) -> tuple[str, str, int] | None:
    """Who closed first, how, in which packet."""
    close = connection.close
    return None if close is None else (close.first, close.kind, close.packet)


def states(connection: Connection) -> tuple[str, str]:
    return connection.client_state, connection.server_state


def hello() -> Conversation:
    """Handshake (packets 1 to 3), the client's hello and its acknowledgement (4, 5)."""
    talk = Conversation().open()
    return talk.client.data(b"API\0\0\0\0\x09v100..187").server.ack()


def story(connection: Connection) -> tuple[str | None, tuple[str, str, int, bool, str] | None, tuple[str, str]]:
    """opened, close (first, kind, packet, inferred, certainty), states of client and server."""
    close = connection.close
    told = None if close is None else (close.first, close.kind, close.packet, close.inferred, close.certainty)
    return connection.opened, told, (connection.client_state, connection.server_state)


def notes(connection: Connection) -> dict[tuple[str, str], list[int]]:
    """Side and word -> packets."""
    return {(connection.side_name(note.side), note.note): note.packets for note in connection.notes}


def told(talk: Conversation) -> tuple[str, str, int, bool, str] | None:
    """First, kind, packet, inferred, certainty."""
    return story(follow(talk.pcap()).only)[1]


def with_a_gap() -> Conversation:
    """A connection of which the capture lacks octets of the server's; the next packet is number 7."""
    talk = hello()
    return talk.server.data(b"lost", unseen=True).client.ack()
