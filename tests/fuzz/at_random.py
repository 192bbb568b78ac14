"""Stories of TWS sessions at random: no end says anything behind its FIN, so what each segment belongs to is known."""

from __future__ import annotations

from random import Random

from tests.fuzz.stories import BESIDE, ODD, Step, written
from tests.tws.talk import HELLO, NEXT_ID, START_API, binary, hello, text

SAID = (
    text(1, 6, 7, 1, "1.5", 3, 0),
    text(17, 1, "x" * 300),
    text(5, 1, "y" * 90) * 3,
    text(49, 1),
    text(61, 1) + text(62, 1),
    text(4, 2, 1, 200, "No security"),
    text(1, 11, 1001, 0, "ES", "FUT"),
    binary(54, "hello"),
    b"\0\0\0\x021\0",
    b"\xff" * 30,
)
"""What is said behind the handshake: messages, one that ends too early, and octets that are none."""

FLAGS = (16, 16, 24, 4, 20)
"""Of an odd segment: those that there are in a connection that is open."""

OFFS = (0, 0, -1, 1, 28, -28, 100)
"""How far the numbers of an odd segment are from those that would be next."""


class Teller:
    """Tells one story."""

    def __init__(self, chance: Random) -> None:
        self.chance = chance
        like = chance.choice([0, 0, 0, 1, 2, 3]) | chance.choice([0, 0, 4]) | chance.choice([0, 8])
        like |= chance.choice([0, 0, 0, 16]) | chance.choice([0, 32, 64, 96]) | chance.choice([0, 128])
        self.steps = [bytes([like])]
        self.at = 0
        self.begun: set[int] = set()
        self.ended: set[tuple[int, bool]] = set()
        self.trouble = chance.choice([0.02, 0.1, 0.3])

    def tell(self) -> bytes:
        """The octets of the story (stories.py)."""
        self.begin()
        for _ in range(self.chance.randrange(10, 160)):
            self.go_on(self.chance.random() < 0.5)
        return b"".join(self.steps)

    def add(self, step: Step, server: bool, octets: bytes = b"") -> None:
        """One step more."""
        self.steps.append(written(step, server, octets))

    def begin(self) -> None:
        """Most connections are sessions; of others the gateway says nothing, or nobody does."""
        self.begun.add(self.at)
        kind = self.chance.random()
        if kind < 0.85:
            self.add(Step.DATA, False, HELLO)
        if kind < 0.7:
            self.add(Step.DATA, True, hello(176))
            self.add(Step.DATA, False, START_API)
            self.add(Step.ACK, True)
            self.add(Step.DATA, True, NEXT_ID)
            self.add(Step.ACK, False)

    def go_on(self, server: bool) -> None:
        """Whatever comes next; of an end that has closed nothing but acknowledgements, and a RST."""
        kind = self.chance.random()
        if kind < self.trouble:
            self.go_wrong(server)
        elif kind < self.trouble + 0.15:
            self.at = self.chance.randrange(BESIDE)
            self.add(Step.SWITCH, False, bytes([self.at]))
            if self.at not in self.begun:
                self.begin()
        elif kind < self.trouble + 0.6 and (self.at, server) not in self.ended:
            self.add(Step.DATA, server, self.chance.choice(SAID))
        else:
            self.add(Step.ACK, server)

    def go_wrong(self, server: bool) -> None:
        """A close, silence, another connection of the same ports; on an open one loss and odd segments too."""
        chance = self.chance
        steps = [Step.FIN, Step.FIN, Step.RST, Step.WAIT, Step.REUSE]
        if (self.at, server) in self.ended:
            steps = [Step.RST, Step.WAIT, Step.REUSE]
        elif (self.at, not server) not in self.ended:
            steps += [Step.UNSEEN, Step.UNDELIVERED, Step.ODD, Step.ODD, Step.SWAP]
        step = chance.choice(steps)
        octets = chance.choice((b"", b"", b"\0", SAID[0]))
        if step in {Step.UNSEEN, Step.UNDELIVERED}:
            octets = chance.choice(SAID)
        elif step is Step.ODD:
            octets = self.odd()
        elif step is Step.WAIT:
            octets = chance.choice([1, 20, 1000, 65535]).to_bytes(2)
        elif step is Step.REUSE:
            octets = chance.randbytes(8)
        self.add(step, server, octets)
        if step is Step.FIN:
            self.ended.add((self.at, server))
        elif step is Step.REUSE:
            self.ended -= {(self.at, False), (self.at, True)}
            self.begin()

    def odd(self) -> bytes:
        """An odd segment."""
        chance = self.chance
        seq, ack = (chance.choice((*OFFS, chance.randrange(-32768, 32767))) for _ in range(2))
        window = chance.choice([65535, 0, 1000, chance.randrange(65536)])
        return ODD.pack(chance.choice(FLAGS), seq, ack, window) + chance.choice((b"", b"\0", SAID[0], SAID[3]))


def at_random(seed: int) -> bytes:
    """The story of that number."""
    return Teller(Random(seed)).tell()
