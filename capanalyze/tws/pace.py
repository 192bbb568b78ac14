"""Bursts: where a client sent faster than a gateway takes messages, and how the requests of each were answered.

In: the client's messages, each with its time, and the first answers to its requests. Out: a Burst for every stretch in
which more than RATE messages were sent within a second. Numbers only; of a client that sends slower nothing is kept but
the times of its newest messages.
"""

from collections import deque
from typing import Final, NamedTuple

from librt.vecs import vec
from mypy_extensions import i64

RATE: Final = 50
"""Messages a second that a gateway takes: half of its market data lines, of which there are 100 (protocol.md 5.3)."""

SECOND: Final = 1_000_000_000

MANY: Final = 60
"""Answers that are more than a gateway gives in a second which takes RATE messages, and one or another at rest."""

BURSTS: Final = 20
"""Bursts of a session that are looked at, the first ones."""

HISTORICAL: Final = frozenset((20, 52, 86, 87, 88, 96))
"""Requests for past data: IB has a queue of its own for them, and they take their time (protocol.md 5.3)."""


class Answered(NamedTuple):
    """A request and its first answer; ``number``: its place among the client's messages. ``waited`` in nanoseconds."""

    number: int
    packet: int
    waited: int
    answer: int
    ts_ns: int


NO_ANSWER: Final = Answered(0, 0, 0, 0, -1)


class Burst:
    """More than RATE messages of a client within a second, and all that followed as fast.

    Attributes:
        first: the number of its first message among the client's. messages: how many there are.
        first_*, last_*: of its first and its last message.
        answered: requests of it to which a first answer, or an error, came since it was known to be one.
        overtaken: how many of them were answered after a later one.
        least, longest, waited: how long they waited, the last one in all; ``slowest``: the one that waited longest. Of
            those answered before, ``least`` is what they waited at most.
        newest, newest_ts: the place in the burst (from 1) of the last one that was answered, and when it was.
        quickest: the shortest time in which MANY of the answers, and one more, came; -1 where there were fewer.
    """

    def __init__(self, first: i64, packet: i64, ts_ns: i64) -> None:
        self.first: i64 = first
        self.messages: i64 = 0
        self.first_packet: i64 = packet
        self.first_ts: i64 = ts_ns
        self.last_packet: i64 = packet
        self.last_ts: i64 = ts_ns
        self.answered: i64 = 0
        self.overtaken: i64 = 0
        self.least: i64 = -1
        self.longest: i64 = -1
        self.waited: i64 = 0
        self.slowest: Answered = NO_ANSWER
        self.newest: i64 = 0
        self.newest_ts: i64 = 0
        self.quickest: i64 = -1

    def answer(self, one: Answered, times: deque[int]) -> None:
        """A request of it was answered; ``times`` are those of its newest answers."""
        if self.least < 0 or one.waited < self.least:
            self.least = one.waited
        if one.waited > self.longest:
            self.longest = one.waited
            self.slowest = one
        self.answered += 1
        self.waited += one.waited
        place: i64 = one.number - self.first + 1
        if place < self.newest:
            self.overtaken += 1
        else:
            self.newest = place
            self.newest_ts = one.ts_ns
        if len(times) == MANY:
            took: i64 = max(one.ts_ns - times[0], 0)
            if self.quickest < 0 or took < self.quickest:
                self.quickest = took
        times.append(one.ts_ns)


class Pace:
    """The client's messages of one session.

    Attributes:
        sent: how many with a time there were. answered: the number of the request that was answered last.
        packets, stamps: of the last RATE of them, each at its number modulo RATE.
        timed: the burst of which a request was answered last. times: when the newest MANY of its answers came.
    """

    def __init__(self) -> None:
        self.sent: i64 = 0
        self.answered: i64 = 0
        self.bursts: list[Burst] = []
        self.packets: vec[i64] = vec[i64]([0] * RATE)
        self.stamps: vec[i64] = vec[i64]([-SECOND] * RATE)
        self.timed: Burst | None = None
        self.times: deque[int] = deque(maxlen=MANY)

    def send(self, packet: i64, ts_ns: i64) -> None:
        """The client sent a message."""
        if ts_ns < 0:
            return
        at: i64 = self.sent % RATE
        self.sent += 1
        then = self.stamps[at]
        if ts_ns - then < SECOND:
            self._fast(packet, ts_ns, self.packets[at], then)
        self.packets[at] = packet
        self.stamps[at] = ts_ns

    def _fast(self, packet: i64, ts_ns: i64, before: i64, then: i64) -> None:
        """RATE messages since the packet ``before``, and this one, came within a second; or the clock was set back."""
        if then > ts_ns:
            return
        first: i64 = self.sent - RATE
        burst = self.bursts[-1] if self.bursts else None
        if burst is None or burst.first + burst.messages <= first:
            if len(self.bursts) == BURSTS:
                return
            burst = Burst(first, before, then)
            if self.answered >= first:
                burst.least = ts_ns - then
            self.bursts.append(burst)
        burst.messages = self.sent - burst.first + 1
        burst.last_packet = packet
        burst.last_ts = ts_ns

    def answer(self, message_id: i64, one: Answered) -> None:
        """The first answer to a request came, after the first burst."""
        if message_id in HISTORICAL:
            return
        for burst in reversed(self.bursts):
            if burst.first <= one.number:
                if one.number < burst.first + burst.messages:
                    if burst is not self.timed:
                        self.times.clear()
                        self.timed = burst
                    burst.answer(one, self.times)
                return
