"""Merged: recordings of the same time as one capture, their packets in order of time as mergecap has them.

In: the windows of several files, one file after the other as its time comes. Out: a RawPackets cursor. Each recording
has interfaces of its own, so what two of them have is known as copies (tcp/copies.py).
"""

from collections.abc import Iterator
from typing import Final

from mypy_extensions import i64

from capanalyze.capture.decoder import Decoder
from capanalyze.packets.common import COMPILED
from capanalyze.packets.raw import NO_TIME, RawPackets

STRETCH: Final = 4096
"""Packets after which the cursor pauses, so that somebody may tell how far it is."""

INTERFACES: Final = 1 << 32
"""More than a recording has: a section of pcapng numbers its interfaces with 32 bits."""

FOREVER: Final = (1 << 63) - 1


class Recording:
    """The next packet of one file.

    Attributes:
        rank: its place among those given. Of packets of the same time the last file's is first, as mergecap has it; a
            packet without a time is at once behind the one before it.
        ts_ns: when it came, by the clock of the capture. ahead: how far the file's own clock is ahead of that.
        counted: packets of the file that have their number in the capture.
        first: the number in the capture of its first one, 0 none.
    """

    def __init__(self, decoder: Decoder, windows: Iterator[Decoder], rank: int, ahead: int) -> None:
        self.decoder = decoder
        self.windows = windows
        self.rank: i64 = rank
        self.ahead: i64 = ahead
        self.ts_ns: i64 = NO_TIME
        self.counted: i64 = 0
        self.first: i64 = 0

    def step(self) -> bool:
        """Go to the next packet; False at the file's end."""
        while not self.decoder.advance():
            if next(self.windows, None) is None:
                return False
        self.ts_ns = self.decoder.ts_ns
        if self.ahead and self.ts_ns != NO_TIME:
            self.ts_ns = max(self.ts_ns - self.ahead, 0)
        return True


class Merged(RawPackets):
    """The cursor; it pauses after STRETCH packets, and before ``until``, when the next file is to be added.

    Attributes:
        holds, held: as those of a Decoder.
    """

    def __init__(self, number: int) -> None:
        """``number``: packets of the capture before these."""
        super().__init__()
        self.number = number
        self.holds: bool = False
        self._until: i64 = 0
        self._left: i64 = 0
        self._recordings: list[Recording] = []
        self._current: Recording | None = None

    def add(self, recording: Recording, until: int = FOREVER) -> None:
        """One more file; the next one begins at ``until`` (ns since the epoch)."""
        self._until = until
        if recording.step():
            self._recordings.append(recording)
        else:
            self._count(recording)

    def more(self) -> bool:
        """Whether there are packets before the next file's; ``advance`` goes to them."""
        self._left = STRETCH
        earliest = self._earliest()
        return earliest is not None and earliest.ts_ns < self._until

    def advance(self) -> bool:
        """Go to the next packet; False at a pause."""
        if self.held:
            return False
        if self._current is not None:
            self._pass(self._current)
        earliest = self._earliest()
        if earliest is None or earliest.ts_ns >= self._until or self._left == 0:
            return False
        self._left -= 1
        self._current = earliest
        self._count(earliest)
        if earliest.first == 0:
            earliest.first = self.number
        decoder = earliest.decoder
        self.ts_ns, self.interface = earliest.ts_ns, earliest.rank * INTERFACES + decoder.interface
        self.link_type, self.data, self.offset = decoder.link_type, decoder.data, decoder.offset
        self.captured, self.original = decoder.captured, decoder.original
        return True

    def hold(self, wrapping: str) -> bool:
        """Stop at the current packet: there is nothing more until ``resume``."""
        if not self.holds:
            assert self._current is not None
            return self._current.decoder.hold(wrapping)
        self.held = True
        return True

    def resume(self) -> None:
        """Go on after the packet that was held."""
        self.held = False

    def _pass(self, recording: Recording) -> None:
        """Leave the current packet behind."""
        self._current = None
        if not recording.step():
            self._count(recording)
            self._recordings.remove(recording)

    def _count(self, recording: Recording) -> None:
        """Number the packets of a file up to its next one, or to its end: some may be of no use to anybody."""
        self.number += recording.decoder.number - recording.counted
        recording.counted = recording.decoder.number

    def _earliest(self) -> Recording | None:
        """Whose packet is next."""
        found: Recording | None = None
        for one in self._recordings:
            if found is None or one.ts_ns < found.ts_ns or (one.ts_ns == found.ts_ns and one.rank > found.rank):
                found = one
        return found


def last_in(window: Decoder, before: i64) -> i64:
    """The time of the last packet of a window that has one, or ``before``; the window is used up."""
    found = before
    while window.advance():
        if window.ts_ns >= 0:
            found = window.ts_ns
        if not COMPILED and (places := window.places(1)[0]):
            found = window.time_at(places[-1])
    return found
