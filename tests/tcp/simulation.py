"""A small TCP between two ends over a bad network, and a bad capture of it: random connections with known truth.

Simulation: cumulative acknowledgements, retransmission after a time-out, out-of-order segments kept by the receiver,
FIN, RST, half-close; the network delays (so reorders), loses and doubles packets. Capture: taken at one host, it may
lose packets, hold some twice, swap neighbours and cut them short. Time is in microseconds.
"""

from __future__ import annotations

import heapq
import random
from dataclasses import dataclass, field, replace

from tests.conversation import ACK, FIN, MASK, MSS, PSH, RST, START_NS, SYN, Packet, ahead, window_scale

RTO = 200_000
LARGEST = 1400


@dataclass
class Weather:
    """How bad network and capture are; shares of packets."""

    lost: float = 0.0
    doubled: float = 0.0
    jitter: int = 50
    capture_lost: float = 0.0
    capture_copied: float = 0.0
    capture_swapped: float = 0.0
    snaplen: int = 262144


@dataclass
class Host:
    """One end: what it has to send, how it ends, and its sequence numbers as offsets from the initial one."""

    name: str
    address: tuple[str, int]
    isn: int
    to_send: bytes
    ends: str  # "fin", "rst" or "stays"
    ends_at: int
    peer: Host = field(init=False)
    sent: int = 0  # offset of the next number to send: 0 is the SYN
    acked: int = 0
    received: int = 0  # offset of the next number expected of the peer
    early: dict[int, Packet] = field(default_factory=dict)
    fin_sent: bool = False
    fin_knew: bool = False  # the peer's FIN had arrived when the first FIN was sent
    had_fin: bool = False
    dead: bool = False
    reset_sent: bool = False
    ip_id: int = 1
    timer: int = 0
    scale: int = 7

    @property
    def last(self) -> int:
        """Offset behind the last octet."""
        return 1 + len(self.to_send)


class Network:
    """Runs one connection to its end."""

    def __init__(self, chance: random.Random, client: Host, server: Host, weather: Weather, at: str) -> None:
        self.chance = chance
        self.client, self.server = client, server
        client.peer, server.peer = server, client
        self.weather = weather
        self.at = at  # "client" or "server": where the capture is taken
        self.now = 0
        self.queue: list[tuple[int, int, str, Host, Packet | None]] = []
        self.serial = 0
        self.tape: list[Packet] = []

    def later(self, delay: int, what: str, host: Host, packet: Packet | None = None) -> None:
        self.serial += 1
        heapq.heappush(self.queue, (self.now + delay, self.serial, what, host, packet))

    def run(self) -> list[Packet]:
        """Play until nothing is left to happen; the packets that the capturing host saw."""
        self.later(0, "connect", self.client)
        for host in (self.client, self.server):
            self.later(host.ends_at, "end", host)
        while self.queue and self.now < 20_000_000 and len(self.tape) < 400:
            self.now, _, what, host, packet = heapq.heappop(self.queue)
            if what == "arrive":
                assert packet is not None
                if self.at == host.name:
                    self.tape.append(replace(packet, ts_ns=START_NS + self.now * 1000))
                self.arrive(host, packet)
            elif what == "connect":
                self.send(host, 0, SYN)
            elif what == "end":
                self.end(host)
            elif what == "timer":
                self.timeout(host)
        return self.tape

    def send(self, host: Host, offset: int, flags: int, payload: bytes = b"") -> None:
        """Put a segment on the wire."""
        options = MSS + window_scale(host.scale) if flags & SYN else b""
        packet = Packet(
            host.name,
            host.address,
            host.peer.address,
            (host.isn + offset) & MASK,
            (host.peer.isn + host.received) & MASK if flags & ACK else 0,
            flags,
            payload,
            window=64000 if flags & SYN else 64000 >> host.scale,
            options=options,
            ip_id=host.ip_id & 0xFFFF or 1,
            ts_ns=START_NS + self.now * 1000,
        )
        host.ip_id += 1
        if self.at == host.name:
            self.tape.append(packet)
        if self.chance.random() >= self.weather.lost:
            self.later(200 + self.chance.randrange(self.weather.jitter + 1), "arrive", host.peer, packet)
            if self.chance.random() < self.weather.doubled:
                self.later(300 + self.chance.randrange(self.weather.jitter + 1), "arrive", host.peer, packet)
        if packet.payload or flags & (SYN | FIN):
            host.timer += 1
            self.later(RTO, "timer", host)

    def pump(self, host: Host) -> None:
        """Send what has not been sent: payload while it lasts, then the FIN where the application has closed."""
        if host.dead or host.received == 0 or host.sent == 0:
            return
        while host.sent < host.last and host.sent - host.acked < 6 * LARGEST:
            size = min(self.chance.randrange(1, LARGEST + 1), host.last - host.sent)
            self.send(host, host.sent, ACK | PSH, host.to_send[host.sent - 1 : host.sent - 1 + size])
            host.sent += size
        if host.sent == host.last and host.ends == "fin" and self.now >= host.ends_at and not host.fin_sent:
            host.fin_sent, host.fin_knew = True, host.had_fin
            self.send(host, host.sent, ACK | FIN)
            host.sent += 1

    def end(self, host: Host) -> None:
        """The application closes, or aborts."""
        if host.dead:
            return
        if host.ends == "rst" and host.received and host.sent:
            host.reset_sent = host.dead = True
            self.send(host, host.sent, RST | ACK)
        elif host.ends == "fin":
            self.pump(host)

    def timeout(self, host: Host) -> None:
        """Send the oldest unacknowledged segment again."""
        host.timer -= 1
        if host.dead or host.timer or host.acked >= host.sent:
            return
        if host.acked == 0:
            self.send(host, 0, SYN | (ACK if host.received else 0))
        elif host.acked <= len(host.to_send):
            size = min(self.chance.randrange(1, LARGEST + 1), host.last - host.acked, host.sent - host.acked)
            with_fin = host.fin_sent and host.acked + size == host.last
            flags = ACK | PSH | (FIN if with_fin and self.chance.random() < 0.5 else 0)
            self.send(host, host.acked, flags, host.to_send[host.acked - 1 : host.acked - 1 + size])
        else:
            self.send(host, host.acked, ACK | FIN)

    def arrive(self, host: Host, packet: Packet) -> None:
        """A segment reaches a host."""
        if host.dead:
            if not packet.flags & RST:
                self.refuse(host, packet)
            return
        offset = ahead(packet.seq, host.peer.isn)
        if packet.flags & RST:
            if offset == host.received:
                host.dead = True
            return
        if packet.flags & SYN:
            host.sent = max(host.sent, 1)
            if not host.received:
                host.received = 1
            if not packet.flags & ACK:
                self.send(host, 0, SYN | ACK)
                return
        elif host.received == 0:
            return
        if packet.flags & ACK:
            host.acked = max(host.acked, ahead(packet.ack, host.isn))
        if host is self.client and host.sent == 0:
            host.sent = 1
        advanced = self.take(host, packet, offset)
        if advanced or packet.payload or packet.flags & (SYN | FIN):
            self.send_ack(host)
        self.pump(host)

    def send_ack(self, host: Host) -> None:
        self.send(host, host.sent, ACK)

    def take(self, host: Host, packet: Packet, offset: int) -> bool:
        """Put payload and FIN in order."""
        before = host.received
        if packet.payload or packet.flags & FIN:
            host.early[offset] = packet
        for start in sorted(host.early):
            held = host.early[start]
            if start > host.received:
                break
            end = start + len(held.payload) + bool(held.flags & FIN)
            host.received = max(host.received, end)
            if held.flags & FIN:
                host.had_fin = True
        return host.received != before

    def refuse(self, host: Host, packet: Packet) -> None:
        """A closed socket answers with a RST (RFC 9293 3.5.2)."""
        seq = packet.ack if packet.flags & ACK else 0
        answer = Packet(
            host.name, host.address, host.peer.address, seq, 0, RST, window=0, ip_id=0, ts_ns=START_NS + self.now * 1000
        )
        if self.at == host.name:
            self.tape.append(answer)
        self.later(200, "arrive", host.peer, answer)


@dataclass
class Truth:
    """What is known of a connection without looking at the capture, and of what the capture holds."""

    client: Host
    server: Host
    tape: list[Packet]
    captured: list[Packet]
    weather: Weather

    def octets(self, host: Host) -> int:
        """Octets of a side that are in the capture, each once."""
        held: set[int] = set()
        for packet in self.captured:
            if packet.sender == host.name and not packet.flags & RST:
                start = ahead(packet.seq, host.isn) + bool(packet.flags & SYN)
                held.update(range(start, start + len(packet.payload)))
        return len(held)

    def missing(self, host: Host) -> int:
        """Octets of a side acknowledged in the capture and not in it."""
        acked = max(
            (
                ahead(packet.ack, host.isn)
                for packet in self.captured
                if packet.sender != host.name and packet.flags & ACK and not packet.flags & RST
            ),
            default=0,
        )
        held: set[int] = set()
        for packet in self.captured:
            if packet.sender == host.name and not packet.flags & RST:
                start = ahead(packet.seq, host.isn) + bool(packet.flags & SYN)
                held.update(range(start, start + len(packet.payload)))
        return sum(offset not in held for offset in range(1, min(acked, host.last)))

    def holds(self, host: Host, flag: int) -> bool:
        """Whether the capture has a segment of that side with that flag."""
        return any(packet.sender == host.name and packet.flags & flag for packet in self.captured)

    def hides_fin(self, host: Host) -> bool:
        """A FIN was sent and is not in the capture: an acknowledgement of it cannot be told from one of octets."""
        return host.fin_sent and not self.holds(host, FIN)

    def first_fin_is_held(self, host: Host) -> bool:
        """Whether the capture has the first transmission of the side's FIN, or there was none."""
        if not host.fin_sent:
            return True
        first = next((p for p in self.tape if p.sender == host.name and p.flags & FIN), None)
        return first is not None and any(
            p.sender == host.name and p.flags & FIN and p.ip_id == first.ip_id for p in self.captured
        )

    def closer(self) -> str | None:
        """Who sent the first FIN: "client", "server", "both" or None."""
        closed = [host for host in (self.client, self.server) if host.fin_sent]
        if len(closed) == 2:
            first = [host for host in closed if not host.fin_knew]
            return "both" if len(first) == 2 else first[0].name
        return closed[0].name if closed else None

    def copies(self) -> int:
        """Packets that the capture holds again."""
        names = [(p.sender, p.ip_id, p.seq, p.ack, p.flags, len(p.payload)) for p in self.captured if p.ip_id]
        return len(names) - len(set(names))


def play(seed: int, port: int = 50000) -> Truth:
    """A random connection from that port, under random weather."""
    chance = random.Random(seed)
    weather = Weather(
        lost=chance.choice((0, 0, 0.02, 0.1)),
        doubled=chance.choice((0, 0, 0.05)),
        jitter=chance.choice((0, 50, 1000)),
        capture_lost=chance.choice((0, 0, 0, 0.03, 0.15)),
        capture_copied=chance.choice((0, 0, 0, 0.1, 1.0)),
        capture_swapped=chance.choice((0, 0, 0.1)),
        snaplen=chance.choice((262144, 262144, 96, 54)),
    )
    ends = [chance.choice(("fin", "fin", "rst", "stays")), chance.choice(("fin", "fin", "rst", "stays"))]
    client = Host(
        "client", ("127.0.0.1", port), chance.getrandbits(32), octets(chance), ends[0], chance.randrange(3_000_000)
    )
    server = Host(
        "server", ("127.0.0.1", 4001), chance.getrandbits(32), octets(chance), ends[1], chance.randrange(3_000_000)
    )
    if chance.random() < 0.2:
        server.ends_at = client.ends_at + chance.randrange(-200, 200)
    tape = Network(chance, client, server, weather, chance.choice(("client", "server"))).run()
    return Truth(client, server, tape, spoil(chance, tape, weather), weather)


def octets(chance: random.Random) -> bytes:
    return chance.randbytes(chance.choice((0, 17, 500, 5000, 20000)))


def spoil(chance: random.Random, tape: list[Packet], weather: Weather) -> list[Packet]:
    """What a bad capture makes of it."""
    held: list[Packet] = []
    for packet in tape:
        if chance.random() < weather.capture_lost:
            continue
        held.append(packet)
        if packet.ip_id and chance.random() < weather.capture_copied:
            held.append(replace(packet, ts_ns=packet.ts_ns + 3000))
    for at in range(len(held) - 1):
        if chance.random() < weather.capture_swapped:
            held[at], held[at + 1] = held[at + 1], held[at]
    return held
