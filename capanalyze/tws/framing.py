"""One direction of a TWS session as frames: ``length:u32be | payload``, counted in place.

In: the in-order octets of one side, piece by piece, and the gaps between them. Out: a count per message id,
a call of ``FrameHandler.frame`` for the frames that the session watches, and an exact account of every octet.
Most frames are read where they lie, without a copy and without a call; a frame of which a piece holds only
the beginning is kept until its end comes. Framing that makes no sense is reported, and found again (waiting.py).
A FrameStream is made in layers: the loop that counts (walker.py), what is known of the side (stream_state.py), what
waits (waiting.py), and here how they go together.
protocol.md 1.5 (framing), 2.1 and 2.2 (the three forms of the message id).
"""

from typing import Final

from mypy_extensions import i64

from capanalyze.packets.common import COMPILED
from capanalyze.tcp.listener import REST
from capanalyze.tws.frames import IMPLAUSIBLE, MAX_FRAME, SHOWN, UNDECIDED, identify, implausible_at
from capanalyze.tws.held import EMPTY, NOTHING
from capanalyze.tws.pieces import Pieces
from capanalyze.tws.resync import NO_PARTS, Part
from capanalyze.tws.stream_state import FIELDS, FRAMES, HOLDING, OPAQUE, OPENING, SEARCHING
from capanalyze.tws.tail import LONG_KEPT
from capanalyze.tws.waiting import WaitingStream

BLOCK: Final = 4096
"""A longer piece is walked in blocks of so many octets, of which the tail gets the last."""

NOT_WALKED: Final = -1
"""``walked`` where nobody has counted frames yet."""

_WALKED: Final = 4 + 255  # octets of the longest frame that walk() takes
_RUN: Final = 2080  # octets that hold at least 8 of those


class FrameStream(WaitingStream):
    """One side's octets, taken apart."""

    __slots__ = ()

    def hear(self, data: bytes, start: i64, end: i64, packet: i64, ts_ns: i64) -> i64:
        """Take the next octets of the side, ``data[start:end]``, which ``packet`` brought; mostly whole frames."""
        at: i64 = NOT_WALKED
        if self.mode == FRAMES and end - start <= BLOCK:
            at = self.walk_octets(data, start, end) if COMPILED else self.walk_heads(data, start, end)
            if at == end:
                tail = self.tail
                if tail is not None:
                    tail.add(data[start:end], self.offset, packet, ts_ns)
                self.offset += end - start
                return end
        return REST if self.handler.heard(self, data, start, at, end, packet, ts_ns) else end

    def feed(self, data: bytes, start: i64, walked: i64, end: i64, packet: i64, ts_ns: i64) -> None:
        """Take the next octets of the side, ``data[start:end]``; walk() stopped at ``walked``, or NOT_WALKED."""
        self._take(data, start, walked, end, packet, ts_ns)
        if len(self.backlog) != 0:
            self._drain()
        if not self.told:  # nobody asks; interpreted, each is an object of its own in every stream
            self.frame_packet = self.frame_offset = self.shift = self.begin = 0
            if self.held is NOTHING:  # else who brought that is told, should its rest be missing
                self.packet = 0
                self.ts_ns = -1

    def feed_pieces(self, pieces: Pieces) -> None:
        """Take the octets of several packets as one, while ``mode`` is FRAMES: the same as one after the other."""
        data = pieces.joined
        end: i64 = len(data)
        walked: i64 = NOT_WALKED
        if end <= BLOCK:
            walked = self.walk(data, 0, end)
            if walked == end:
                if self.tail is not None:
                    self.tail.add_pieces(pieces, 0, end, self.offset)
                self.offset += end
                return
        self.pieces = pieces
        _, packet, ts_ns = pieces.piece(len(pieces) - 1)
        self._take(data, 0, walked, end, packet, ts_ns)
        self.pieces = None
        self.packet, self.ts_ns = packet, ts_ns
        if len(self.backlog) != 0:
            self._drain()

    def _find(self, at: i64) -> None:
        """Say in ``packet`` and ``ts_ns`` who brought the octet at ``at``."""
        if self.pieces is not None:
            _, self.packet, self.ts_ns = self.pieces.brought(at)

    def _parts(self, data: bytes, at: i64, end: i64) -> list[Part]:
        """The octets ``data[at:end]`` as the packets brought them, oldest first."""
        if self.pieces is not None:
            return self.pieces.parts(at, end)
        return [Part(data, at, end, self.packet, self.ts_ns)]

    def _drain(self) -> None:
        while len(self.backlog) != 0:
            part = self.backlog.pop()
            self._take(part.data, part.start, NOT_WALKED, part.end, part.packet, part.ts_ns)
        self.backlog = NO_PARTS

    def _take(self, data: bytes, start: i64, walked: i64, end: i64, packet: i64, ts_ns: i64) -> None:
        self.packet = packet
        self.ts_ns = ts_ns
        self.shift = self.offset - start
        self.offset += end - start
        at: i64 = start
        self.begin = start
        if walked != NOT_WALKED:
            at = self._stopped(data, walked, end)
        elif self.mode != FRAMES:
            at = self._prepare(data, start, end)
            self.begin = at
        if end - at > BLOCK:
            at = self._walk_blocks(data, at, end)
        while at < end:
            after: i64 = self.walk(data, at, end)
            at = after if after == end else self._stopped(data, after, end)
        if self.begin < end:
            self._keep_run(data, end)

    def _walk_blocks(self, data: bytes, start: i64, end: i64) -> i64:
        """Walk all but the last block of a long piece; leave ``begin`` where its newest frames begin."""
        at: i64 = start
        mark: i64 = start
        while end - at > BLOCK:
            after: i64 = self.walk(data, at, at + BLOCK)
            at = self._stopped(data, after, end)
            mark = max(mark, self.begin)
            if at - mark > _RUN and at < end:
                self.begin = mark
                mark = at
        return at

    def _keep_run(self, data: bytes, upto: i64) -> None:
        """The whole frames since ``begin`` go to the tail; the next run begins at ``upto``."""
        if self.tail is not None and self.begin < upto:
            offset: i64 = self.begin + self.shift
            if self.pieces is None:
                self.tail.add(data[self.begin : upto], offset, self.packet, self.ts_ns)
            else:
                self.tail.add_pieces(self.pieces, self.begin, upto, offset)
        self.begin = upto

    def _stopped(self, data: bytes, at: i64, end: i64) -> i64:
        """Take the frame at ``at`` that walk() left; return the index after it, or ``end`` where it is not whole."""
        size: i64 = 0
        index: i64 = UNDECIDED
        if self.pieces is not None:
            self._find(at)
        if end - at >= 4:
            length: i64 = (data[at] * 256 + data[at + 1]) * 65536 + data[at + 2] * 256 + data[at + 3]
            size = length + 4
            if length == 0:
                self._keep_run(data, at)
                self.begin = at + 4
                self._find(at + 3)
                self.handler.lost(self, at + self.shift, "a frame of length 0")
                return at + 4
            index = IMPLAUSIBLE
            if length <= MAX_FRAME:
                index = identify(data, at + 4, min(end, at + size), length)
            if index == IMPLAUSIBLE:
                self._keep_run(data, at)
                self.begin = end
                self.again(list(reversed(self._parts(data, at, end))))
                self._find(at + implausible_at(data, at, length))
                self.lose(at + self.shift, length)
                return end
        if index == UNDECIDED or at + size > end:
            self._hold(data, at, end, size, index)
            return end
        after: i64 = at + size
        if size > _WALKED:
            self._keep_run(data, at)
            self.begin = after
        self.frame_size = size
        self.frame_packet = self.packet
        self.frame_offset = at + self.shift
        self.frame_missing = 0
        if self.pieces is not None:
            self._find(after - 1)
        self._whole(index, data, at, after if size <= self.limit else at + self.limit, size > _WALKED)
        return after

    def _whole(self, index: i64, data: bytes, at: i64, end: i64, alone: bool) -> None:
        """Count a frame of which ``data[at:end]`` was kept, and tell who wants to know; ``alone``: in no run."""
        self.count(index, 1)
        if alone and self.tail is not None:
            upto: i64 = at + 4 + LONG_KEPT
            run = self.tail.add(data[at : min(end, upto)], self.frame_offset, self.packet, self.ts_ns)
            run.first_packet = self.frame_packet
            run.size = self.frame_size
            run.missing = self.frame_missing
        if self.watch[index] != 0:
            self.handler.frame(self, index, data, at + 4, end)

    def _hold(self, data: bytes, at: i64, end: i64, size: i64, index: i64) -> None:
        """Keep the beginning of a frame, ``data[at:end]``, until the rest comes."""
        self._keep_run(data, at)
        self.begin = end
        self.mode = HOLDING
        held = self.hold()
        held.begin(at + self.shift, self.packet)
        held.need = size
        if index == UNDECIDED:
            for part in self._parts(data, at, end):
                held.remember(data[part.start : part.end], part.packet, part.ts_ns)
        else:
            held.index = index
            held.add(data, at, end)

    def _prepare(self, data: bytes, start: i64, end: i64) -> i64:
        """Take octets that do not begin with a frame; return where frames begin, or ``end``."""
        at: i64 = start
        if self.told and self.mode != FRAMES and len(self.shown) < SHOWN and self.shift + start == len(self.shown):
            self.shown += data[start : min(end, start + SHOWN - len(self.shown))]
        if self.mode == OPENING:
            at = self.handler.opening(self, data, start, end)
        if self.mode == HOLDING:
            at = self._complete(data, at, end)
        if at < end and self.mode not in (FRAMES, HOLDING):
            if self.mode == SEARCHING:
                if self.begins_again(data, at, end):
                    return at
                self.search(data, at, end)
            elif self.mode == FIELDS:
                self.handler.fields(self, data, at, end)
            else:
                self.remainder += end - at
            at = end
        return at

    def _complete(self, data: bytes, start: i64, end: i64) -> i64:
        """Add to the frame that is held; return the index after its end, or ``end``."""
        held = self.held
        if held.index == UNDECIDED:
            index = held.decide(data, start, end)
            if index == EMPTY:
                self.mode = FRAMES
                self.handler.lost(self, held.offset, "a frame of length 0")
                return start + 4 - held.forget()
            if index == IMPLAUSIBLE:
                self.again([Part(data, start, end, self.packet, self.ts_ns), *reversed(held.parts)])
                held.forget()
                self.lose(held.offset, held.length)
                return end
            if index == UNDECIDED:
                held.remember(data[start:end], self.packet, self.ts_ns)
                return end
            held.index = index
        after: i64 = min(end, start + held.need - held.octets)
        held.add(data, start, after)
        if held.octets == held.need:
            self._release()
        return after

    def _release(self) -> None:
        """The held frame is whole, or the rest of it is missing in the capture."""
        held = self.held
        kept = bytes(held.kept)
        self.frame_size = held.need
        self.frame_packet = held.packet
        self.frame_offset = held.offset
        self.frame_missing = held.missing
        self.held = NOTHING
        self.mode = FRAMES
        self._whole(held.index, kept, 0, len(kept), alone=True)

    def gap(self, length: i64, packet: i64, ts_ns: i64) -> None:
        """``length`` octets of the side are not in the capture: the end of a known frame is found all the same.

        What ends in the hole is told with the packet that brought the last of it that is there: ``packet``, which
        tells of the hole, may be the peer's acknowledgement, or come long after.
        """
        at: i64 = self.offset
        self.offset += length
        self.missing += length
        if self.mode == OPAQUE:
            return
        held = self.held
        if self.mode == HOLDING and held.index != UNDECIDED:
            left: i64 = held.need - held.octets
            held.octets += min(left, length)
            held.missing += min(left, length)
            if length >= left:
                self._release()
            if length <= left:
                return
        opening = self.mode == OPENING
        if opening:
            self.handler.opening_cut(self, length)
        self.packet = packet
        self.ts_ns = ts_ns
        self.handler.lost(self, at, f"{length} octets missing in the capture")
        if opening and self.mode == FRAMES:
            return
        self.skipped += self.unread()
        if self.mode == FIELDS:
            self.mode = OPAQUE
        else:
            self.search_from(self.offset)

    def finish(self) -> None:
        """Nothing follows; what is no whole frame is the remainder (the held fields still tell what it begins)."""
        while self.scanner is not None and self.scanner.finish():
            self.found_at(self.scanner)
            self._drain()
        if self.scanner is not None:
            self.remainder += self.scanner.octets
        self.remainder += self.held.octets - self.held.missing
