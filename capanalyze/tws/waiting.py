"""What one side has sent and nobody understands yet: the beginning of a frame, or octets without a known boundary.

In: octets of a FrameStream (framing.py) that are no whole frame. Out: the octets to be read again, once it is known
where a frame begins (resync.py finds that), and how many wait.
"""

from mypy_extensions import i64

from capanalyze.tcp.room import PART_COST
from capanalyze.tws.frames import MAX_FRAME
from capanalyze.tws.held import NOTHING, Held
from capanalyze.tws.resync import Part, Scanner
from capanalyze.tws.stream_state import FRAMES, OPAQUE, SEARCHING, StreamState


class WaitingStream(StreamState):
    """One side's octets, as far as they wait."""

    __slots__ = ()

    def again(self, parts: list[Part]) -> None:
        """Read these, the newest first, again before anything else."""
        if len(self.backlog) == 0:
            self.backlog = parts
        else:
            self.backlog.extend(parts)

    def hold(self) -> Held:
        """What the stream holds, to be written to."""
        if self.held is NOTHING:
            self.held = Held(self.limit)
        return self.held

    def waiting_octets(self) -> i64:
        """Octets that wait to be understood, with what it takes to keep them."""
        octets: i64 = len(self.held.kept) + PART_COST * len(self.held.parts)
        scanner = self.scanner
        if scanner is not None:
            octets += len(scanner.buffer) + PART_COST * (len(scanner.marks) + len(scanner.chains))
        return octets

    def give_up(self) -> None:
        """There is no room for what waits: the side is counted only, and not understood any more."""
        self.remainder += self.unread()
        self.held = NOTHING
        self.mode = OPAQUE

    def search_from(self, offset: i64) -> None:
        """Nothing is known of the boundaries from ``offset`` on."""
        self.mode = SEARCHING
        self.scanner = Scanner(offset, offset, self.eager)

    def unread(self) -> i64:
        """How many octets wait to be understood; they are forgotten."""
        octets: i64 = self.held.forget()
        if self.scanner is not None:
            octets += self.scanner.octets
            self.scanner = None
        return octets

    def lose(self, offset: i64, length: i64) -> None:
        """Framing makes no sense at ``offset``; what follows is in the backlog, to be searched."""
        reason = "no message id where the payload begins" if length <= MAX_FRAME else f"a length of {length}"
        self.handler.lost(self, offset, reason)
        self.mode = SEARCHING
        self.scanner = Scanner(offset, offset + 1, b"")
        self.offset = offset

    def begins_again(self, data: bytes, start: i64, end: i64) -> bool:
        """Whether frames begin again with the first octet since they were lost: then no search is needed."""
        scanner = self.scanner
        assert scanner is not None
        if not scanner.begins(data, start, end):
            return False
        self.mode = FRAMES
        self.scanner = None
        self.found = scanner.origin
        self.handler.found(self)
        return True

    def search(self, data: bytes, start: i64, end: i64) -> None:
        """Take the next octets while ``mode`` is SEARCHING."""
        scanner = self.scanner
        assert scanner is not None
        at: i64 = scanner.add(data, start, end, self.packet, self.ts_ns)
        if scanner.found >= 0:
            if at < end:
                self.again([Part(data, at, end, self.packet, self.ts_ns)])
            self.found_at(scanner)

    def found_at(self, scanner: Scanner) -> None:
        """Read the octets again from the boundary that the scanner found."""
        self.mode = FRAMES
        self.scanner = None
        self.skipped += scanner.found - scanner.origin
        self.offset = scanner.found
        self.found = scanner.found
        self.handler.found(self)
        self.again(list(reversed(scanner.take())))
