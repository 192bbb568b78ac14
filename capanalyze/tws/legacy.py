"""Sessions from before version 100: fields without lengths, where a message ends is known by counting them.

In: a side's octets after the legacy hello. Out: the same frames as elsewhere, as far as the schema can count, and
the client id that old clients send alone. protocol.md 1.3; recorded from npm ib 0.2.9.
"""

from typing import Final

from mypy_extensions import i64

from capanalyze.tcp.room import PART_COST
from capanalyze.tws import hello
from capanalyze.tws.decode import LAST_UNFRAMED, unframed_length
from capanalyze.tws.frames import MAX_KEPT
from capanalyze.tws.framing import FrameStream
from capanalyze.tws.greeting import Greeting
from capanalyze.tws.stream_state import FIELDS, OPAQUE
from capanalyze.tws.tail import LONG_KEPT
from capanalyze.tws.unframed import NO_UNFRAMED, Unframed
from capanalyze.tws.untold import BITS

_WINDOW: Final = 1024  # octets that are split into fields at first; most messages are shorter
_LONG: Final = 2048  # a longer message is tried again only when it has grown by a sixteenth
_TRIES: Final = 64  # or when a packet ends with a NUL, as often as that
_LONGEST_ID: Final = 10


class Legacy(Greeting):
    """A session that may have no lengths."""

    __slots__ = ()

    def fields(self, stream: FrameStream, data: bytes, start: i64, end: i64) -> None:
        """Take octets of a side that sends no lengths."""
        waiting = self.unframed[stream.side]
        if waiting is None:
            waiting = Unframed(stream.shift + start)
            if self.unframed is NO_UNFRAMED:
                self.unframed = [None, None]
            self.unframed[stream.side] = waiting
        waiting.add(data[start:end], stream.packet, stream.ts_ns)
        stream.hold().octets = len(waiting.octets)
        if len(waiting.octets) < waiting.enough:
            if data[end - 1] != 0 or waiting.tries == _TRIES:
                return
            waiting.tries += 1
        self.read_fields(stream, waiting)

    def waiting_octets(self, side: i64) -> i64:
        """Octets of an unframed side that are no whole message yet, with what their packets take."""
        waiting = self.unframed[side]
        return 0 if waiting is None else len(waiting.octets) + PART_COST * len(waiting.marks)

    def drop_fields(self, stream: FrameStream) -> None:
        """There is no room for what waits of an unframed side: it is not read any more."""
        if self.unframed[stream.side] is not None:
            self.unframed[stream.side] = None

    def finish_fields(self) -> None:
        """Nothing follows: try once more what was left waiting for more octets."""
        self._finish_fields(self.first)
        self._finish_fields(self.second)

    def _finish_fields(self, stream: FrameStream) -> None:
        waiting = self.unframed[stream.side]
        if waiting is not None and stream.mode == FIELDS:
            self.read_fields(stream, waiting)

    def read_fields(self, stream: FrameStream, waiting: Unframed) -> None:
        """Take the messages that are whole."""
        known = bytes(waiting.octets)
        at: i64 = 0
        size: i64 = 1
        while at < len(known) and size > 0:
            size = self._unframed(stream, waiting, known, at)
            at += max(size, 0)
        if at > 0:
            waiting.tries = 0
        del waiting.octets[:at]
        waiting.base += at
        left: i64 = len(waiting.octets)
        waiting.enough = left + left // 16 if left > _LONG else 0
        if size < 0 or left > MAX_KEPT:
            stream.mode = OPAQUE
            stream.remainder += left
            self.unframed[stream.side] = None
            left = 0
        stream.hold().octets = left

    def _unframed(self, stream: FrameStream, waiting: Unframed, known: bytes, at: i64) -> i64:
        """Take the message at ``at``; its size, 0 where it is not whole, -1 where it is none."""
        started = self.progress & BITS["start_api_sent"] != 0
        if stream.from_client and not started and not self._sends_start_api(known, at):
            return self._lone_client_id(stream, waiting, known, at)
        version = self.server_version if self.server_version != 0 else LAST_UNFRAMED
        window: i64 = _WINDOW
        size: i64 = 0
        while size == 0:
            piece = known[at : at + window]
            size = unframed_length(piece, 0, from_client=stream.from_client, server_version=version)
            if len(piece) < window:
                break
            window *= 8
        if size > 0:
            index: i64 = int(known[at : known.index(b"\0", at)])
            stream.frame_size = size + 4
            stream.frame_offset = waiting.base + at
            stream.frame_packet = waiting.mark(stream.frame_offset).packet
            stream.frame_missing = 0
            last = waiting.mark(stream.frame_offset + size - 1)
            stream.packet = last.packet
            stream.ts_ns = last.ts_ns
            stream.count(index, 1)
            self._remember(stream, known[at : at + min(size, LONG_KEPT)], size)
            self.frame(stream, index, known, at, at + size)
        return size

    def _remember(self, stream: FrameStream, kept: bytes, size: i64) -> None:
        """Put a message in the tail, after the length that it would have had as a frame."""
        if stream.tail is not None:
            length = int(size).to_bytes(4, "big")
            run = stream.tail.add(length + kept, stream.frame_offset, stream.packet, stream.ts_ns)
            run.first_packet = stream.frame_packet
            run.size = size + 4
            run.missing = 0

    def _sends_start_api(self, known: bytes, at: i64) -> bool:
        version = self.legacy_version or ""
        return not version.isdigit() or (int(version) >= hello.LEGACY_START_API and known.startswith(b"71\0", at))

    def _lone_client_id(self, stream: FrameStream, waiting: Unframed, known: bytes, at: i64) -> i64:
        """Old clients send the id alone, in place of startApi."""
        nul: i64 = known.find(b"\0", at)
        if nul < 0:
            return 0 if len(known) - at <= _LONGEST_ID else -1
        digits = known[at:nul]
        if not digits.isdigit() or len(digits) > _LONGEST_ID:
            return -1
        self.client_id = int(digits)
        last = waiting.mark(waiting.base + nul)
        self.reach("start_api_sent", last.packet, last.ts_ns)
        stream.hello_octets += nul + 1 - at
        return nul + 1 - at
