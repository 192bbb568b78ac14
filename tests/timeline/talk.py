"""Words of the TWS protocol for conversations, and the Report of a conversation. A helper of the tests, not a test."""

from __future__ import annotations

from collections.abc import Sequence

from capanalyze import API_PORTS
from capanalyze.analyzer import Analyzer
from capanalyze.api import read_files
from capanalyze.capture.files import from_bytes
from capanalyze.report.report import Report
from capanalyze.timeline.ends import Moment
from capanalyze.timeline.facts import Facts
from capanalyze.timeline.findings import Finding
from tests.conversation import SERVER_PORT, Conversation

HELLO = b"API\0\x00\x00\x00\x09v157..178"


def frame(*fields: str) -> bytes:
    """A text message: its length, then every field with a NUL."""
    body = b"".join(field.encode() + b"\0" for field in fields)
    return len(body).to_bytes(4, "big") + body


def answer(version: int = 178, when: str = "20261122 17:42:22 EST") -> bytes:
    """The server's hello."""
    return frame(str(version), when)


START_API = frame("71", "2", "1", "")
MANAGED_ACCOUNTS = frame("15", "1", "DU0000000")
NEXT_VALID_ID = frame("9", "1", "1")


def error(code: int, text: str = "text", request: int = -1) -> bytes:
    """An error message as server version 178 sends it."""
    return frame("4", "2", str(request), str(code), text, "")


def opened(**options: object) -> Conversation:
    """A connection that is open."""
    return Conversation(**options).open()  # type: ignore[arg-type]


def asked_twice(**options: object) -> Conversation:
    """A client whose SYNs nothing answers."""
    return Conversation(**options).client.syn().after(1).client.syn()  # type: ignore[arg-type]


def greeted(**options: object) -> Conversation:
    """An open connection on which the hello was sent and acknowledged by the host."""
    return opened(**options).client.data(HELLO).server.ack()


def answered(version: int = 178, **options: object) -> Conversation:
    """A connection on which the hello was answered."""
    return greeted(**options).server.data(answer(version)).client.ack()


def started(**options: object) -> Conversation:
    """A connection on which startApi was sent."""
    return answered(**options).client.data(START_API).server.ack()


def ready(**options: object) -> Conversation:
    """A session that is ready."""
    return started(**options).server.data(MANAGED_ACCOUNTS + NEXT_VALID_ID).client.ack()


def to_itself(**options: object) -> Conversation:
    """A client whose own port is the gateway's, and nothing else listens there: what it sends comes back to it."""
    talk = Conversation(client_address=("127.0.0.1", SERVER_PORT), **options)  # type: ignore[arg-type]
    talk.server = talk.client
    return talk.client.syn().client.syn_ack().client.ack().client.data(HELLO).client.ack()


def report(*talks: Conversation, ports: Sequence[int] = API_PORTS, all_connections: bool = False) -> Report:
    """The Report of conversations captured together, in order of time."""
    packets = sorted((packet for talk in talks for packet in talk.packets), key=lambda packet: packet.ts_ns)
    whole = Conversation(packets=packets)
    return read_files([from_bytes(whole.pcap(), "talk.pcap")], ports=ports, all_connections=all_connections)


def verdict(*talks: Conversation) -> str:
    """The capture's verdict."""
    return report(*talks).verdict


def findings(*talks: Conversation) -> list[tuple[int | None, str]]:
    """Connection and id of every finding."""
    return [(conn, finding.id) for conn, finding in report(*talks).all_findings()]


def facts(talk: Conversation) -> Facts:
    """The Facts of the first connection."""
    analyzer = Analyzer()
    file = from_bytes(talk.pcap(), "talk.pcap")
    for decoder in file.windows():
        analyzer.feed(decoder)
    analyzer.finish()
    ended = Moment(int(analyzer.packets), int(analyzer.last_ts))
    return Facts(analyzer.connections[0], analyzer.sessions[0], API_PORTS, ended)


def found(name: str, *talks: Conversation) -> Finding:
    """The finding of that name on the last of its connections."""
    return [finding for _, finding in report(*talks).all_findings() if finding.id == name][-1]
