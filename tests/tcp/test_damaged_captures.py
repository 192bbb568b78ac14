"""1,500 random connections of which the capture lost a fifth to two fifths: no certain answer contradicts the truth."""

import random
from collections import Counter
from collections.abc import Iterable

import pytest

from capanalyze.tcp.connection import Connection
from tests.conversation import ACK, FIN, RST, Packet, ahead, pcap_of_frames
from tests.follow import follow
from tests.tcp.simulation import Host, Network, Truth, Weather, octets, spoil

RUNS = 1500
AT_A_TIME = 400
"""As many as are told in full, and some more connections that stray packets make."""

FIRST_PORT = 20000
ENDS = ("fin", "fin", "rst", "stays")


def damaged(seed: int) -> Truth:
    """A connection and what a bad capture holds of it; some begin late, some hold few packets of the server's."""
    chance = random.Random(f"damaged {seed}")
    weather = Weather(
        lost=chance.choice((0, 0, 0.02, 0.1)),
        doubled=chance.choice((0, 0, 0.05)),
        jitter=chance.choice((0, 50, 1000)),
        capture_lost=chance.choice((0.2, 0.3, 0.4)),
        capture_copied=chance.choice((0, 0, 0.1, 1.0)),
        capture_swapped=chance.choice((0, 0, 0.1, 0.3)),
        snaplen=chance.choice((262144, 96, 54)),
    )
    hosts = [
        Host(name, address, chance.getrandbits(32), octets(chance), chance.choice(ENDS), chance.randrange(3_000_000))
        for name, address in (("client", ("127.0.0.1", FIRST_PORT + seed)), ("server", ("127.0.0.1", 4001)))
    ]
    client, server = hosts
    if chance.random() < 0.3:
        server.ends_at = client.ends_at + chance.randrange(-400, 400)
    tape = Network(chance, client, server, weather, chance.choice(("client", "server"))).run()
    held = spoil(chance, tape, weather)
    damage = chance.choice(("", "", "begins late", "one side"))
    if damage == "begins late":
        held = held[chance.randrange(1, 8) :]
    elif damage == "one side":
        held = [packet for packet in held if packet.sender == "client" or chance.random() < 0.1]
    return Truth(client, server, tape, held, weather)


def first_of(tape: Iterable[Packet], host: Host, flag: int) -> Packet | None:
    """The first FIN that came by the capturing host, or the first RST that an application made."""
    return next((one for one in tape if one.sender == host.name and one.flags & flag and one.ip_id), None)


def had_fin(packet: Packet, peer: Host) -> bool:
    return bool(packet.flags & ACK) and peer.fin_sent and ahead(packet.ack, peer.isn) > peer.last


def closers(truth: Truth) -> set[str | None]:
    """Who ended a direction first; more than one answer where the network, too, hides it."""
    found: set[str | None] = set()
    client, server = truth.client, truth.server
    fins = {host.name: first_of(truth.tape, host, FIN) for host in (client, server)}
    if any(fins.values()):
        found.add(truth.closer())
    late = {host.name for host in (client, server) if (fin := fins[host.name]) and had_fin(fin, host.peer)}
    seen = [name for name, fin in fins.items() if fin and name not in late]
    found |= {"both"} if len(seen) == 2 else set(seen)
    for host in (client, server):
        reset = first_of(truth.tape, host, RST)
        if reset is not None and fins[host.name] is None:
            found.add(host.peer.name if had_fin(reset, host.peer) else host.name)
        if host.reset_sent and reset is None:  # it was lost before it came by
            found |= {"client", "server", "both"}
    return found or {None}


@pytest.fixture(scope="module")
def played() -> list[tuple[int, Truth, Connection]]:
    truths = [(seed, truth) for seed in range(RUNS) if (truth := damaged(seed)).captured]
    found = []
    for at in range(0, len(truths), AT_A_TIME):
        batch = truths[at : at + AT_A_TIME]
        connections = followed([truth for _, truth in batch])
        found += [(seed, truth, connections[truth.client.address[1]]) for seed, truth in batch]
    return found


def followed(truths: list[Truth]) -> dict[int, Connection]:
    """The connections of a capture of them all, by the client's port; the first one where there are two."""
    captured = []
    for truth in truths:
        for packet in truth.captured:
            frame = packet.frame()
            captured.append((packet.ts_ns, frame[: truth.weather.snaplen], len(frame)))
    found: dict[int, Connection] = {}
    for connection in follow(pcap_of_frames(captured)).connections:
        found.setdefault(max(connection.client.port, connection.server.port), connection)
    return found


def answer(connection: Connection) -> str | None:
    """Who closed first, by the port that listens."""
    close = connection.close
    if close is None or close.first == "both":
        return close.first if close is not None else None
    return "server" if getattr(connection, close.first).port == 4001 else "client"


def test_what_is_certain_is_true(played: list[tuple[int, Truth, Connection]]) -> None:
    wrong = [
        (seed, answer(connection), closers(truth))
        for seed, truth, connection in played
        if connection.close is not None
        and connection.close.certainty == "certain"
        and answer(connection) not in closers(truth)
    ]

    assert wrong == []


def test_damage_alone_makes_nothing_uncertain(played: list[tuple[int, Truth, Connection]]) -> None:
    certainties = Counter(connection.close.certainty for _, _, connection in played if connection.close is not None)

    assert certainties["certain"] > RUNS / 4


def test_a_captured_fin_is_a_close(played: list[tuple[int, Truth, Connection]]) -> None:
    asked = [
        (seed, connection.close is not None)
        for seed, truth, connection in played
        if truth.holds(truth.client, FIN) or truth.holds(truth.server, FIN)
    ]

    assert [seed for seed, closed in asked if not closed] == []
    assert len(asked) > RUNS / 4
