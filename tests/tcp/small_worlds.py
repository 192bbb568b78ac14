"""Every small world: all that two ends and the network can do in a few steps, and what a capture sees of it.

A world begins with an open connection. In each step one end speaks, closes or aborts, the oldest packet of a
direction arrives or is lost, or an end sends again. The capture is taken at one host and may miss packets. Worlds
that leave the same packets but not the same truth cannot be told apart by anyone. A helper of the tests, not a test.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Final

from tests.conversation import ACK, FIN, PSH, RST, START_NS, SYN, Packet

CLIENT, SERVER = "client", "server"
ENDS: Final = (CLIENT, SERVER)

OCTETS: Final = 7
"""What an end sends at a time."""


@dataclass(frozen=True)
class Sent:
    """A segment; its numbers count octets from 1, and a FIN as one."""

    sender: str
    flags: int
    seq: int
    ack: int
    length: int = 0

    @property
    def end(self) -> int:
        """The number behind it."""
        return self.seq + self.length + bool(self.flags & FIN)


Tape = tuple[Sent, ...]


@dataclass(frozen=True)
class End:
    """One end: what it sent, what it received, and what its program has done."""

    sent: int = 1
    received: int = 1
    unacknowledged: Tape = ()
    early: Tape = ()
    spoken: bool = False
    act: str = ""  # "FIN" or "RST"
    knew: bool = False  # the other end's act had arrived before
    told: bool = False  # it has arrived by now
    gone: bool = False  # the socket is
    again: bool = False


@dataclass(frozen=True)
class World:
    """Both ends, the packets on their way, and those that the capturing host saw."""

    at: str
    client: End = End()
    server: End = End()
    from_client: Tape = ()
    from_server: Tape = ()
    tape: Tape = ()
    lost: int = 0

    def end(self, name: str) -> End:
        return self.client if name == CLIENT else self.server

    def on_the_way(self, name: str) -> Tape:
        return self.from_client if name == CLIENT else self.from_server

    def with_end(self, name: str, end: End) -> World:
        return replace(self, client=end) if name == CLIENT else replace(self, server=end)

    def with_way(self, name: str, way: Tape) -> World:
        return replace(self, from_client=way) if name == CLIENT else replace(self, from_server=way)

    def sends(self, name: str, sent: Sent) -> World:
        """A packet leaves an end."""
        world = self.with_way(name, (*self.on_the_way(name), sent))
        return replace(world, tape=(*world.tape, sent)) if self.at == name else world

    @property
    def at_rest(self) -> bool:
        """Whether nothing more has to happen."""
        waits = any(end.unacknowledged and not end.gone for end in (self.client, self.server))
        return not (self.from_client or self.from_server or waits)

    @property
    def closers(self) -> frozenset[str | None]:
        """Who closed first: who acted alone, or not knowing of the other one's act; anyone where a reset crosses."""
        acted = [name for name in ENDS if self.end(name).act]
        if len(acted) < 2:
            return frozenset(acted or [None])
        for name, other in ((CLIENT, SERVER), (SERVER, CLIENT)):
            if self.end(name).knew:
                return frozenset([other])
        return frozenset(["both"]) if self.client.act == self.server.act == "FIN" else frozenset(["both", *ENDS])

    def state(self, name: str) -> str:
        """The state of an end's socket (RFC 9293 3.3.2)."""
        end = self.end(name)
        acknowledged = not any(sent.flags & FIN for sent in end.unacknowledged)
        if end.gone:
            return "CLOSED"
        if not end.act:
            return "CLOSE_WAIT" if end.told else "ESTABLISHED"
        if end.knew:
            return "CLOSED" if acknowledged else "LAST_ACK"
        if end.told:
            return "TIME_WAIT" if acknowledged else "CLOSING"
        return "FIN_WAIT_2" if acknowledged else "FIN_WAIT_1"


def act(world: World, name: str, sent: Sent, **changes: object) -> World:
    """An end sends something of its own accord, and keeps it until it is acknowledged."""
    end = world.end(name)
    kept = () if sent.flags & RST else (*end.unacknowledged, sent)
    changed = replace(end, sent=sent.end, unacknowledged=kept, **changes)  # type: ignore[arg-type]
    return world.with_end(name, changed).sends(name, sent)


def programs(world: World, name: str) -> Iterator[World]:
    """What the program of an end can do next: speak once, close or abort."""
    end = world.end(name)
    if end.gone or end.act:
        return
    if not end.spoken:
        yield act(world, name, Sent(name, ACK | PSH, end.sent, end.received, OCTETS), spoken=True)
        speaks_and_closes = Sent(name, ACK | PSH | FIN, end.sent, end.received, OCTETS)
        yield act(world, name, speaks_and_closes, spoken=True, act="FIN", knew=end.told)
    yield act(world, name, Sent(name, ACK | FIN, end.sent, end.received), act="FIN", knew=end.told)
    yield act(world, name, Sent(name, ACK | RST, end.sent, end.received), act="RST", knew=end.told, gone=True)


def networks(world: World, name: str, losses: int) -> Iterator[World]:
    """What can become of the oldest packet from an end; and that it sends again where nothing is on its way."""
    way = world.on_the_way(name)
    if way:
        rest = world.with_way(name, way[1:])
        yield arrives(rest, SERVER if name == CLIENT else CLIENT, way[0])
        if world.lost < losses:
            yield replace(rest, lost=world.lost + 1)
    end = world.end(name)
    if end.unacknowledged and not (end.gone or end.again or world.from_client or world.from_server):
        first = end.unacknowledged[0]
        yield world.with_end(name, replace(end, again=True)).sends(name, replace(first, ack=end.received))


def arrives(world: World, name: str, sent: Sent) -> World:
    """A packet reaches an end."""
    if world.at == name:
        world = replace(world, tape=(*world.tape, sent))
    end = world.end(name)
    if end.gone:
        return world if sent.flags & RST else world.sends(name, Sent(name, RST, sent.ack, 0))
    if sent.flags & RST:
        killed = replace(end, gone=True, told=True)
        return world.with_end(name, killed) if sent.seq == end.received else world
    waiting = tuple(one for one in end.unacknowledged if one.end > sent.ack)
    end = replace(end, unacknowledged=waiting)
    if sent.length and sent.end > end.received and end.act:  # nobody will read that (RFC 9293 3.10.7.4)
        return world.with_end(name, replace(end, gone=True)).sends(name, Sent(name, RST, sent.ack, 0))
    if not sent.length and not sent.flags & FIN:
        return world.with_end(name, end)
    end = in_order(end, sent)
    return world.with_end(name, end).sends(name, Sent(name, ACK, end.sent, end.received))


def in_order(end: End, sent: Sent) -> End:
    """What an end has received, with one more segment, which may fill a hole."""
    received, told, early = end.received, end.told, sorted((*end.early, sent), key=lambda one: one.seq)
    for one in early:
        if one.seq <= received < one.end:
            received, told = one.end, told or bool(one.flags & FIN)
    return replace(end, received=received, told=told, early=tuple(one for one in early if one.seq > received))


def worlds(steps: int, at: str, losses: int) -> Iterator[World]:
    """Every world of at most so many steps, each once."""
    newest = {World(at)}
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


def captured(tape: Tape, port: int, round_trip_ns: int) -> list[Packet]:
    """The packets of a capture, handshake first, between hosts so far apart."""
    addresses = {CLIENT: ("10.0.0.1", port), SERVER: ("10.0.0.2", 4001)}
    numbers = {CLIENT: 1_000, SERVER: 7_000}
    opening = (Sent(CLIENT, SYN, 0, 0), Sent(SERVER, SYN | ACK, 0, 1), Sent(CLIENT, ACK, 1, 1))
    packets, ts_ns = [], START_NS
    for place, sent in enumerate((*opening, *tape)):
        other = SERVER if sent.sender == CLIENT else CLIENT
        again = sent.length + (sent.flags & FIN) and any(_repeats(sent, one) for one in tape[: max(0, place - 3)])
        ts_ns += round_trip_ns if place < 3 else 250_000_000 if again else 1_000_000
        packets.append(
            Packet(
                sent.sender,
                addresses[sent.sender],
                addresses[other],
                numbers[sent.sender] + sent.seq,
                numbers[other] + sent.ack if sent.flags & ACK else 0,
                sent.flags,
                b"x" * sent.length,
                window=0 if sent.flags & RST else 65000,
                ip_id=100 + place,
                ts_ns=ts_ns,
            )
        )
    return packets


def _repeats(sent: Sent, before: Sent) -> bool:
    return (sent.sender, sent.seq, sent.end) == (before.sender, before.seq, before.end)
