"""Events of connections that still go on: each once, in packet order, and nothing that only the end can tell."""

from capanalyze.analyzer import Analyzer
from capanalyze.capture.files import from_bytes
from capanalyze.timeline.happening import Follower
from tests.conversation import Conversation, Packet, pcap
from tests.timeline.talk import frame, opened, ready


def followed(packets: list[Packet], step: int, ports: tuple[int, ...] = (4001,)) -> list[str]:
    """What a follower tells of packets that arrive ``step`` at a time."""
    analyzer, follower = Analyzer(ports, keep_all=True), Follower(ports)
    told: list[str] = []
    for start in range(0, len(packets), step):
        file = from_bytes(pcap(packets[start : start + step]), "piece")
        file.decoder.number = start
        for window in file.windows():
            analyzer.feed(window)
        lines = follower.follow(analyzer.connections, analyzer.sessions, analyzer.take_messages())
        told += [f"{line.packet} {line.side} {line.text}" for line in lines]
    return told


SESSION = ready().client.rst(seq=7).client.fin().server.fin().client.ack().packets


def test_every_event_is_told_once_however_the_packets_arrive() -> None:
    expected = followed(SESSION, len(SESSION))

    assert followed(SESSION, 1) == expected
    assert followed(SESSION, 3) == expected
    assert expected == [
        "1 client SYN: asks for a connection",
        "2 server SYN-ACK: the host accepts",
        "3 client ACK: the connection is open",
        "4 client hello: v157..178",
        "6 server hello: server version 178, 20261122 17:42:22 EST",
        "8 client startApi client 1",
        "10 server managedAccounts DU0000000",
        "10 server nextValidId 1",
        "12 client RST whose sequence number does not fit: ignored",
        "13 client FIN: closes",
        "14 server FIN: closes",
    ]


def test_octets_that_are_no_tws_and_repeated_segments_are_told() -> None:
    talk = (
        Conversation()
        .client.syn()
        .after(1)
        .client.syn()
        .server.syn_ack()
        .client.ack()
        .client.data(b"GET / HTTP/1.1\r\n")
    )

    actual = followed(talk.server.fin().packets, 100)

    assert actual == [
        "1 client SYN: asks for a connection",
        "2 client SYN again: it had not been acknowledged",
        "3 server SYN-ACK: the host accepts",
        "4 client ACK: the connection is open",
        "5 client 16 octets",
        "6 server FIN: closes",
    ]


def test_connections_on_other_ports_are_followed_only_on_demand() -> None:
    talk = opened(server_address=("10.0.0.2", 80)).client.data(frame("49", "1"))

    assert followed(talk.packets, 100) == []
    assert len(followed(talk.packets, 100, ())) >= 3
