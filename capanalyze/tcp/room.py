"""What all connections of a capture may keep together, so that 20,000 of them need no more memory than a few.

In: what each connection or session is about to keep. Out: whether there is room. The limits beside the data
(streams.py, and in tws/ state.py, held.py, resync.py, pairing.py) are those of one connection; these are the sums.
Costs are those of the interpreter; compiled, the same takes less.
"""

from typing import Final

from mypy_extensions import i64

IN_ALL: Final = 46 * 1024 * 1024
"""Octets for everything that grows with the connections: those that are counted only, what of them is odd, their
sessions, and what waits in any."""

FREED: Final = 4
"""The part of it that has to be free (a quarter), once there was no room, before there is room again: what a connection
leaves that was given up between others lies scattered in memory, where only another one like it finds room."""

CONNECTION_COST: Final = 1_900
"""Octets that a connection takes of which all goes well, with its two sides and the keys to them."""

ODD_COST: Final = 500
"""Octets that a side takes of which something is odd (its Trouble)."""

GAP_COST: Final = 160
"""Octets that a hole takes that is described."""

PARTING_COST: Final = 450
"""Octets that a side takes that ended."""

SESSION_COST: Final = 1_600
"""Octets that a session takes that is counted only and does not rest (tws/resting.py)."""

KEEPING_COST: Final = 500
"""Octets that it takes beside that where all its messages are kept, or its requests are followed."""

EXCHANGE_COST: Final = 600
"""Octets that a request takes that is followed with its answers."""

KEPT_IN_ALL: Final = 8 * 1024 * 1024
"""Octets of first messages and errors kept for reports, over all sessions."""

KEPT_COST: Final = 400
"""Octets that a message takes that is kept, beside its payload."""

HELD_IN_ALL: Final = 8 * 1024 * 1024
"""Octets that wait to be understood (hellos and frames that are not whole, searches), over all sessions."""

HELD_WHOLE: Final = 48 * 1024 * 1024
"""The same where every message is wanted whole."""

PART_COST: Final = 160
"""Octets that a packet's part of them takes, beside what it brought."""

WAITING_IN_ALL: Final = 20_000
"""Requests that wait for an answer, over all sessions."""

FOLLOWED_IN_ALL: Final = 40_000
"""Requests that are followed with all their answers, over all sessions."""


class Room:
    """How much of it is taken: ``taken`` of IN_ALL, and of the parts that have a limit of their own.

    Attributes:
        exhausted: more was taken than there is room for, and too little was given back since (FREED).
    """

    def __init__(self, most_held: i64 = HELD_IN_ALL) -> None:
        self.most_held: i64 = most_held
        self.taken: i64 = 0
        self.kept: i64 = 0
        self.held: i64 = 0
        self.waiting: i64 = 0
        self.followed: i64 = 0
        self.exhausted: bool = False

    def take(self, octets: i64) -> None:
        """Count what is taken, or given back (less than 0)."""
        self.taken += octets

    def fits(self, octets: i64) -> bool:
        """Whether there is room for so many octets more."""
        return self.taken + octets <= (IN_ALL - IN_ALL // FREED if self.exhausted else IN_ALL)

    def is_overfull(self) -> bool:
        """Whether more is taken than there is room for."""
        return self.taken > IN_ALL

    def is_exhausted(self) -> bool:
        """Find, and keep in ``exhausted``, whether connections that grow are given up: from overfull to FREED."""
        self.exhausted = not self.fits(0)
        return self.exhausted

    def keep(self, octets: i64) -> bool:
        """Whether a message may be kept; it is counted then."""
        if self.kept + octets + KEPT_COST > KEPT_IN_ALL:
            return False
        self.kept += octets + KEPT_COST
        return True

    def let_go(self, octets: i64) -> None:
        """A message that was kept is kept no longer."""
        self.kept -= octets + KEPT_COST

    def hold(self, before: i64, now: i64, told: bool = False) -> bool:
        """Whether a side may hold back ``now`` octets in place of ``before``; they are counted then.

        ``told``: of a connection that is told in full, whatever those take that are counted only.
        """
        more = now - before
        if more > 0 and (self.held + more > self.most_held or not (told or self.fits(more))):
            return False
        self.held += more
        self.taken += more
        return True

    def scarce(self) -> bool:
        """Whether what waits may soon find no room: over half is taken, and a stretch of packets may bring half."""
        return 2 * self.held > self.most_held

    def full(self) -> bool:
        """Whether no further request may wait."""
        return self.waiting >= WAITING_IN_ALL

    def follow(self) -> bool:
        """Whether one more request may be followed; it is counted then."""
        if self.followed >= FOLLOWED_IN_ALL or not self.fits(EXCHANGE_COST):
            return False
        self.followed += 1
        self.taken += EXCHANGE_COST
        return True
