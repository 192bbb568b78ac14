"""What all sessions of a capture may keep together, so that a thousand of them need no more memory than a few.

In: what each session is about to keep. Out: whether there is room. The limits beside the sessions (state.py, held.py,
resync.py, pairing.py) are those of one session; these are the sums.
"""

from typing import Final

from mypy_extensions import i64

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
    """How much of it is taken."""

    def __init__(self, most_held: i64 = HELD_IN_ALL) -> None:
        self.most_held: i64 = most_held
        self.kept: i64 = 0
        self.held: i64 = 0
        self.waiting: i64 = 0
        self.followed: i64 = 0

    def keep(self, octets: i64) -> bool:
        """Whether a message may be kept; it is counted then."""
        if self.kept + octets + KEPT_COST > KEPT_IN_ALL:
            return False
        self.kept += octets + KEPT_COST
        return True

    def hold(self, before: i64, now: i64) -> bool:
        """Whether a side may hold back ``now`` octets in place of ``before``; they are counted then."""
        if now > before and self.held + now - before > self.most_held:
            return False
        self.held += now - before
        return True

    def scarce(self) -> bool:
        """Whether what waits may soon find no room: of one stretch of packets it is less than half of all."""
        return 2 * self.held > self.most_held

    def full(self) -> bool:
        """Whether no further request may wait."""
        return self.waiting >= WAITING_IN_ALL

    def follow(self) -> bool:
        """Whether one more request may be followed; it is counted then."""
        if self.followed >= FOLLOWED_IN_ALL:
            return False
        self.followed += 1
        return True
