"""Views: what each of two interfaces captured of one connection, as where both of its hosts were recorded.

In: the packets of a connection of which another interface gave copies. Out: which of the two is nearer to which side,
how far their clocks are apart, and what only one of them has. A router on the way takes one off the time to live. Where
there is none a packet takes its time all the same, so those of one side lie later at an interface than those of the
other, whatever the clocks say. Clocks drift, and are set, while a connection goes on: so packets of the two sides are
compared that came soon after each other, and the newest tell how far the clocks are apart.
"""

from typing import Final

from mypy_extensions import i64

from capanalyze.packets.segment import RST, Segment

NEAR_NS: Final = 10_000
"""What a packet has to take from one interface to the other and back for it to be known which side is nearer to which:
two interfaces of one host may capture at the same moment."""

SOON_NS: Final = 1_000_000_000
"""How soon after each other packets of the two sides come that are compared."""

DRIFT: Final = 10_000
"""The part of a time by which two clocks may run apart in it: quartz is good for half of that (50 ppm)."""

REMEMBERED: Final = 100
"""Packets of a side that one interface has, and the other one not yet, that are told from each other."""

UNKNOWN: Final = -1


class Views:
    """The two interfaces of a connection, by what both have captured.

    Attributes:
        more: a third one captured it too, so nothing is known.
        lost, lost_from, lost_ns: packets of each side (0, 1) at each interface (0, 1) since the newest that both have,
            and the first of them with its time; at ``2 * side + interface``.
        last_ts, ttl: when the newest packet of each side that is no RST was captured at each interface, and its time to
            live; -1 none.
    """

    __slots__ = (
        "_first",
        "_lacking",
        "_lag_ts",
        "_lags",
        "_pairs",
        "_second",
        "_votes",
        "last_ts",
        "lost",
        "lost_from",
        "lost_ns",
        "more",
        "ttl",
    )

    def __init__(self, first: i64, second: i64) -> None:
        self._first: i64 = first
        self._second: i64 = second
        self.more: bool = False
        self.lost: list[int] = [0] * 4
        self.lost_from: list[int] = [0] * 4
        self.lost_ns: list[int] = [-1] * 4
        self.last_ts: list[int] = [-1] * 4
        self.ttl: list[int] = [-1] * 4
        self._lacking: list[list[tuple[int, int]]] = [[], [], [], []]  # the first of them: packets and times
        self._lags: list[int] = [0] * 2  # how much later the second interface captured the newest packet of a side,
        self._lag_ts: list[int] = [-1] * 2  # and when that was
        self._pairs: i64 = 0  # how often packets of the two sides were compared,
        self._votes: i64 = 0  # and told that the first interface is nearer to side 0 (1), or to side 1 (-1)

    def take(self, side: i64, seg: Segment, packet: i64, ts_ns: i64) -> None:
        """A packet of a side that is no copy."""
        at = self._see(side, seg, ts_ns)
        if at < 0:
            return
        self.lost[at] += 1
        if len(self._lacking[at]) < REMEMBERED:
            self._lacking[at].append((int(packet), int(ts_ns)))
        self.lost_from[at], self.lost_ns[at] = self._lacking[at][0]

    def copy(self, side: i64, seg: Segment, ts_ns: i64, before_ns: i64) -> None:
        """A packet that the other interface captured at ``before_ns``; -1: that is not known."""
        at = self._see(side, seg, ts_ns)
        if at < 0:
            return
        self._have(at, -1)
        self._have(4 * side + 1 - at, before_ns)
        if ts_ns >= 0 and before_ns >= 0:
            self._lags[side] = int(before_ns - ts_ns if at == 2 * side else ts_ns - before_ns)
            self._lag_ts[side] = int(ts_ns)
            self._compare()

    def _have(self, at: i64, until_ns: i64) -> None:
        """Both have the packets at a place in the lists that were captured until then; -1: all of them.

        What was captured after that may come, and be captured by the other one, later in the file.
        """
        lacking = self._lacking[at]
        while lacking and (until_ns < 0 or lacking[0][1] <= until_ns):
            lacking.pop(0)
            self.lost[at] -= 1
        if lacking:
            self.lost_from[at], self.lost_ns[at] = lacking[0]
        else:
            self.lost[at] = 0

    def _compare(self) -> None:
        """The newest packets of the two sides: which interface do they say is nearer to which side?"""
        between_ns = abs(self._lag_ts[0] - self._lag_ts[1])
        if min(self._lag_ts) < 0 or between_ns > SOON_NS:
            return
        self._pairs += 1
        trip = self._lags[0] - self._lags[1]
        if abs(trip) >= NEAR_NS + between_ns // DRIFT:
            self._votes += 1 if trip > 0 else -1

    @property
    def interfaces(self) -> list[int]:
        """The one that gave a packet first, and the one that gave its copy."""
        return [int(self._first), int(self._second)]

    def near(self, side: i64) -> int:
        """The interface that is nearer to a side: 0 or 1, UNKNOWN."""
        if self.more or min(self._lag_ts) < 0:
            return UNKNOWN
        here, there = self.ttl[2 * side], self.ttl[2 * side + 1]
        if here != there and here >= 0 and there >= 0:
            return 0 if here > there else 1
        if 2 * self._votes > self._pairs:
            return int(side)
        return 1 - int(side) if 2 * self._votes < -self._pairs else UNKNOWN

    def there(self, at: i64, ts_ns: i64) -> int:
        """When an interface would have captured what the other one did at ``ts_ns``, at the latest."""
        first, second = self._lags
        ahead = (first + second) // 2 if at == 1 else -((first + second) // 2)
        since: int = int(ts_ns) - max(self._lag_ts)
        return int(ts_ns) + ahead + abs(first - second) + abs(since) // DRIFT

    def usual_ttl(self, side: i64, interface: i64) -> int:
        """The time to live with which packets of a side came to an interface, -1 not known."""
        return self.ttl[2 * side + self.interfaces.index(interface)] if interface in self.interfaces else -1

    def _see(self, side: i64, seg: Segment, ts_ns: i64) -> i64:
        """Where a packet belongs in the lists; UNKNOWN of a third interface."""
        interface = seg.interface
        at = 2 * side
        if interface == self._second:
            at += 1
        elif interface != self._first:
            self.more = True
            return UNKNOWN
        if not seg.flags & RST:
            self.last_ts[at] = int(ts_ns)
            self.ttl[at] = int(seg.ttl)
        return at
