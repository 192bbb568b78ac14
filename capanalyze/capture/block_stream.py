"""A pcapng byte stream in any pieces in, whole blocks out, with what they say of the capture itself.

Why not the reader: this stands before it. It lets a file be written block by block (so that a capture that is killed
leaves a half block only where the system was in the middle of writing it), ends a capture after N packets, and tells
how far the stream has come.

Layouts: draft-ietf-opsawg-pcapng, sections 3.1 (block), 3.5 (options), 4.1, 4.2, 4.3, 4.6.
"""

import struct
from typing import Final

from capanalyze.capture.options import Options
from capanalyze.capture.pcapng_codes import (
    EPB,
    IDB,
    IF_TSRESOL,
    ISB,
    MICROSECONDS,
    OPB,
    POWER_OF_TWO,
    SHB,
    SPB,
)
from capanalyze.errors import ToolError

MAX_BLOCK: Final = 1 << 20
"""Octets of one block; dumpcap's largest holds a packet of 256 KiB."""

_PACKET_BLOCKS: Final = frozenset((EPB, SPB, OPB))
_LITTLE: Final = bytes.fromhex("4d3c2b1a")
_BIG: Final = bytes.fromhex("1a2b3c4d")
_HEADS: Final = {"<": struct.Struct("<II"), ">": struct.Struct(">II")}


class BlockStream:
    """Cuts a stream of pcapng into whole blocks and counts.

    Attributes:
        packets: packet blocks passed on.
        complete: ``limit`` packets have been passed on.
        last_ts_ns: time of the latest packet passed on, in ns since the epoch; 0 before the first.
        received: packets that the interfaces report (isb_ifrecv); None before a statistics block.
        dropped: packets that were lost (isb_ifdrop and isb_osdrop); None before a statistics block.
    """

    def __init__(self, source: str, limit: int | None = None) -> None:
        """Cut what ``source`` (a name, for errors) sends, and pass on ``limit`` packets at most."""
        self.packets = 0
        self.complete = False
        self.last_ts_ns = 0
        self.received: int | None = None
        self.dropped: int | None = None
        self._source = source
        self._limit = limit
        self._rest = b""
        self._order = "<"
        self._resolutions: list[int] = []

    def feed(self, data: bytes) -> bytes:
        """Take in a piece, return the blocks that are whole now (perhaps none).

        Raises:
            ToolError: this is no pcapng.
        """
        data = self._rest + data if self._rest else data
        kept: list[bytes] = []
        start = offset = 0
        last_packet = -1
        end = len(data)
        while end - offset >= 12:
            block_type, length = self._head(data, offset)
            if end - offset < length:
                break
            if block_type in _PACKET_BLOCKS:
                if self.complete:
                    kept.append(data[start:offset])
                    start = offset + length
                else:
                    last_packet = offset if block_type == EPB else last_packet
                    self.packets += 1
                    self.complete = self.packets == self._limit
            else:
                self._describe(block_type, data[offset + 8 : offset + length - 4])
            offset += length
        if last_packet >= 0:
            self._note_time(data, last_packet)
        self._rest = data[offset:]
        kept.append(data[start:offset])
        return kept[0] if len(kept) == 1 else b"".join(kept)

    def _head(self, data: bytes, offset: int) -> tuple[int, int]:
        """Type and total length of the block at ``offset``; a section header also sets the byte order."""
        if data[offset : offset + 4] == b"\n\r\r\n":
            magic = data[offset + 8 : offset + 12]
            if magic not in (_LITTLE, _BIG):
                raise ToolError(f"{self._source}: its output is no pcapng (byte order {magic.hex()})")
            self._order = "<" if magic == _LITTLE else ">"
        block_type, length = _HEADS[self._order].unpack_from(data, offset)
        if length < 12 or length & 3 or length > MAX_BLOCK:
            raise ToolError(f"{self._source}: its output is no pcapng (a block of {length} octets)")
        return block_type, length

    def _describe(self, block_type: int, body: bytes) -> None:
        """Take what a block that is no packet says of the capture."""
        if block_type == SHB:
            self._resolutions.clear()
        elif block_type == IDB:
            resolution = self._options(body, 8).values.get(IF_TSRESOL, b"")
            self._resolutions.append(resolution[0] if resolution else MICROSECONDS)
        elif block_type == ISB:
            received, dropped = self._options(body, 12).statistics()
            if received is not None:
                self.received = received
            if dropped is not None:
                self.dropped = dropped

    def _options(self, body: bytes, at: int) -> Options:
        """The options from an offset to the end of a block's body."""
        return Options(body, at, len(body), self._order == ">")

    def _note_time(self, data: bytes, offset: int) -> None:
        """Keep the time of the Enhanced Packet Block at ``offset``."""
        if len(data) < offset + 20:
            return
        interface, high, low = struct.unpack_from(self._order + "III", data, offset + 8)
        if interface < len(self._resolutions):
            resolution = self._resolutions[interface]
            ticks = high << 32 | low
            if resolution & POWER_OF_TWO:
                self.last_ts_ns = ticks * 1_000_000_000 >> (resolution & ~POWER_OF_TWO)
            else:
                self.last_ts_ns = ticks * 1_000_000_000 // 10**resolution
