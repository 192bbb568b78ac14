"""Every small world: all that two ends and the network can do in a few steps, and what a capture sees of it.

A world begins with an open connection, or with a client that wants one. In each step one end asks, speaks, closes or
aborts, the oldest packet of a direction arrives or is lost, or an end sends again. The capture is taken at one host and
may miss packets. Worlds that leave the same packets but not the same truth cannot be told apart by anyone. A helper of
the tests, not a test.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Final

from capanalyze.api import read_files
from capanalyze.capture.files import from_bytes
from capanalyze.report.report import Report
from tests.conversation import ACK, CLIENT_PORT, RST, SERVER_PORT, START_NS, SYN, Packet, pcap_of_frames
from tests.tcp.small_stack import (
    ABORTS,
    ACCEPTS,
    CLIENT,
    CLOSED,
    ENDS,
    IGNORES,
    IS_FULL,
    LISTEN,
    OPEN,
    REFUSES,
    SERVER,
    SYN_SENT,
    Answered,
    End,
    Sent,
    Tape,
    aborts,
    asks,
    asks_again,
    closes,
    receives,
    speaks,
)

OPENING: Final = (Sent(CLIENT, SYN, 0, 0), Sent(SERVER, SYN | ACK, 0, 1), Sent(CLIENT, ACK, 1, 1))

SAYS: Final = {CLIENT: b"API\0\0\0\0\x09v100..178", SERVER: b"\0\0\0\x0d178\x0020261122\0"}
"""What an end says: its hello."""

OPENED: Final = End()

ROUND_TRIP_NS: Final = 60_000_000

OLD_SENT, OLD_RECEIVED = 1_500_000_000, 700_000_000
"""Where the numbers of a connection lie that only the server's host still has."""


@dataclass(frozen=True)
class World:
    """Both ends, the packets on their way, and those that the capturing host saw."""

    at: str
    client: End = OPENED
    server: End = OPENED
    from_client: Tape = ()
    from_server: Tape = ()
    tape: Tape = ()
    lost: int = 0
    reset_lost: bool = False  # nobody sends a RST again

    def end(self, name: str) -> End:
        return self.client if name == CLIENT else self.server

    def on_the_way(self, name: str) -> Tape:
        return self.from_client if name == CLIENT else self.from_server

    def with_end(self, name: str, end: End) -> World:
        return replace(self, client=end) if name == CLIENT else replace(self, server=end)

    def with_way(self, name: str, way: Tape) -> World:
        return replace(self, from_client=way) if name == CLIENT else replace(self, from_server=way)

    def after(self, name: str, answered: Answered) -> World:
        """An end has changed, and packets leave it."""
        end, sent = answered
        world = self.with_end(name, end).with_way(name, (*self.on_the_way(name), *sent))
        return replace(world, tape=(*world.tape, *sent)) if self.at == name else world

    @property
    def at_rest(self) -> bool:
        """Whether nothing more has to happen: who waits for an answer has asked again, and that was not lost."""
        waiting = [end for end in (self.client, self.server) if end.unacknowledged and not end.gone]
        waits = any(self.lost or not end.again for end in waiting)
        return not (self.from_client or self.from_server or waits)

    @property
    def closers(self) -> frozenset[str | None]:
        """Who closed first: who acted alone, or not knowing of the other one's act; anyone where a reset crosses."""
        refused = self.server.refused and not self.client.was_open
        acted = [name for name in ENDS if self.end(name).act or (refused and name == SERVER)]
        if len(acted) < 2:
            return frozenset(acted or [None])
        for name, other in ((CLIENT, SERVER), (SERVER, CLIENT)):
            if self.end(name).knew:
                return frozenset([other])
        return frozenset(["both"]) if self.client.act == self.server.act == "FIN" else frozenset(["both", *ENDS])


def programs(world: World, name: str) -> Iterator[World]:
    """What the program of an end can do next: connect, speak once, close or abort; or accept at last."""
    end = world.end(name)
    if end.listener in {REFUSES, IGNORES, IS_FULL} and not end.was_open:
        yield world.with_end(name, replace(end, listener=ACCEPTS))
    if end.gone or end.act:
        return
    if end.stage == CLOSED:
        yield world.after(name, asks(end, name))
    if end.stage == SYN_SENT:
        yield world.after(name, aborts(end, name))
    if end.stage != OPEN or not end.was_open:
        return
    if not end.spoken:
        yield world.after(name, speaks(end, name))
        yield world.after(name, closes(end, name, speaking=True))
    yield world.after(name, closes(end, name))
    yield world.after(name, aborts(end, name))


def networks(world: World, name: str, losses: int) -> Iterator[World]:
    """What can become of the oldest packet from an end; and that it sends again where nothing is on its way."""
    way = world.on_the_way(name)
    if way:
        rest = world.with_way(name, way[1:])
        yield arrives(rest, SERVER if name == CLIENT else CLIENT, way[0])
        if world.lost < losses:
            reset_lost = world.reset_lost or bool(way[0].flags & RST)
            yield replace(rest, lost=world.lost + 1, reset_lost=reset_lost)
    end = world.end(name)
    if end.unacknowledged and not (end.gone or end.again or world.from_client or world.from_server):
        yield world.after(name, asks_again(end))


def arrives(world: World, name: str, sent: Sent) -> World:
    """A packet reaches an end."""
    if world.at == name:
        world = replace(world, tape=(*world.tape, sent))
    return world.after(name, receives(world.end(name), name, sent))


def worlds(steps: int, beginnings: Iterable[World], losses: int) -> Iterator[World]:
    """Every world of at most so many steps, each once."""
    newest = set(beginnings)
    seen = set(newest)
    for _ in range(steps + 1):
        yield from newest
        following = {
            after
            for world in newest
            for name in ENDS
            for after in (*programs(world, name), *networks(world, name, losses))
        }
        newest = following - seen
        seen |= newest


def unopened(at: str) -> Iterator[World]:
    """The beginnings of an opening: what the server's host does with who asks, and the ways of the client's system."""
    client = End(CLOSED, was_open=False)
    windows = replace(client, retries=2)
    for listener in (ACCEPTS, REFUSES, IGNORES, IS_FULL, ABORTS):
        server = End(LISTEN, 0, 0, listener=listener, was_open=False)
        yield World(at, client, server)
        if listener == REFUSES:
            yield World(at, windows, server)
    old = End(OPEN, OLD_SENT, OLD_RECEIVED, listener=ACCEPTS, was_open=False)
    yield World(at, client, old)


def report(tape: Tape, *, rest: bool) -> Report:
    """What is told of a capture that ends with the last packet, or long after it."""
    packets = captured(tape)
    frames = [(packet.ts_ns, packet.frame(), len(packet.frame())) for packet in packets]
    if rest:
        frames.append((frames[-1][0] + 10**10, b"\xff" * 12 + b"\x08\x06" + bytes(46), 60))  # ARP, much later
    return read_files([from_bytes(pcap_of_frames(frames), "world.pcap")])


def seen_of(world: World, misses: int, swapped: bool) -> Iterator[Tape]:
    """What a capture holds of a world that misses so many packets, or fewer, and may have two neighbours swapped."""
    for missing in range(misses + 1):
        for gone in combinations(range(len(world.tape)), missing):
            tape = tuple(sent for place, sent in enumerate(world.tape) if place not in gone)
            yield tape
            if swapped:
                yield from (swap(tape, place) for place in range(len(tape) - 1))


def swap(tape: Tape, place: int) -> Tape:
    """The same with two neighbours in the other order."""
    return (*tape[:place], tape[place + 1], tape[place], *tape[place + 2 :])


def captured(tape: Tape) -> list[Packet]:
    """The packets of a capture between hosts that are ROUND_TRIP_NS apart."""
    addresses = {CLIENT: ("10.0.0.1", CLIENT_PORT), SERVER: ("10.0.0.2", SERVER_PORT)}
    numbers = {CLIENT: 1_000, SERVER: 7_000}
    packets, ts_ns = [], START_NS
    for place, sent in enumerate(tape):
        other = SERVER if sent.sender == CLIENT else CLIENT
        again = sent.end > sent.seq and any(_repeats(sent, one) for one in tape[:place])
        ts_ns += ROUND_TRIP_NS if place < 3 and sent in OPENING else 250_000_000 if again else 1_000_000
        unnumbered = sent.flags & RST and not sent.seq  # a refusal, which has no number of its own
        packets.append(
            Packet(
                sent.sender,
                addresses[sent.sender],
                addresses[other],
                0 if unnumbered else numbers[sent.sender] + sent.seq,
                numbers[other] + sent.ack if sent.flags & ACK else 0,
                sent.flags,
                SAYS[sent.sender] if sent.length else b"",
                window=0 if sent.flags & RST else 65000,
                ip_id=100 + place,
                ts_ns=ts_ns,
            )
        )
    return packets


def _repeats(sent: Sent, before: Sent) -> bool:
    return (sent.sender, sent.seq, sent.end) == (before.sender, before.seq, before.end)
