"""Sessions from before version 100: fields without lengths, where a message ends is known by counting them.

In: a side's octets after the legacy hello. Out: the same frames as elsewhere, as far as the schema can count, and
the client id that old clients send alone. protocol.md 1.3; recorded from npm ib 0.2.9.
"""

from typing import Final

from mypy_extensions import i64

from capanalyze.tws import hello
from capanalyze.tws.decode import unframed_length
from capanalyze.tws.frames import MAX_KEPT
from capanalyze.tws.framing import OPAQUE, FrameStream
from capanalyze.tws.greeting import Greeting

_WINDOW: Final = 1024  # octets of the stream that are split into fields at first; most messages are shorter
_LONGEST_ID: Final = 10


class Legacy(Greeting):
    """A session that can be unframed."""

    def fields(self, stream: FrameStream, data: bytes, start: i64, end: i64) -> None:
        """Take octets of a side that sends no lengths."""
        if stream.held_octets == 0:
            stream.held = bytearray()
            stream.held_packet = stream.packet
            stream.held_offset = stream.shift + start
        stream.held += data[start:end]
        known = bytes(stream.held)
        at: i64 = 0
        while at < len(known):
            size = self._unframed(stream, known, at)
            if size <= 0:
                if size < 0 or len(known) - at > MAX_KEPT:
                    stream.mode = OPAQUE
                break
            at += size
            stream.held_packet = stream.packet
        stream.held_offset += at
        stream.held = stream.held[at:]
        stream.held_octets = len(stream.held)
        if stream.mode == OPAQUE:
            stream.remainder += stream.held_octets
            stream.held_octets = 0

    def _unframed(self, stream: FrameStream, known: bytes, at: i64) -> i64:
        """Take the message at ``at``; its size, 0 where it is not whole, -1 where it is none."""
        if stream.from_client and self.client_id is None and not self._sends_start_api(known, at):
            return self._lone_client_id(stream, known, at)
        version = self.server_version if self.server_version != 0 else hello.LEGACY_SERVER_VERSION
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
            stream.counts[index] += 1
            stream.frame_size = size + 4
            stream.frame_packet = stream.held_packet
            stream.frame_offset = stream.held_offset + at
            stream.frame_missing = 0
            self.frame(stream, index, known, at, at + size)
        return size

    def _sends_start_api(self, known: bytes, at: i64) -> bool:
        version = self.legacy_version or ""
        return not version.isdigit() or (int(version) >= hello.LEGACY_START_API and known.startswith(b"71\0", at))

    def _lone_client_id(self, stream: FrameStream, known: bytes, at: i64) -> i64:
        """Old clients send the id alone, in place of startApi."""
        nul: i64 = known.find(b"\0", at)
        if nul < 0:
            return 0 if len(known) - at <= _LONGEST_ID else -1
        digits = known[at:nul]
        if not digits.isdigit() or len(digits) > _LONGEST_ID:
            return -1
        self.client_id = int(digits)
        self.all_milestones.reach("start_api_sent", stream.packet, stream.ts_ns)
        stream.hello_octets += nul + 1 - at
        return nul + 1 - at
