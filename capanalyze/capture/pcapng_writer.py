"""Facts in, pcapng blocks out: each function returns the bytes of one whole block.

Used live (scapy's packets become a stream that the one pcapng reader parses) and to write a capture again
(redacted, annotated). All blocks are little-endian; a reader learns that from the Section Header Block.

Layouts: draft-ietf-opsawg-pcapng, sections 3.5 (options), 4.1 (SHB), 4.2 (IDB), 4.3 (EPB), 4.6 (ISB).
"""

import struct
from collections.abc import Iterable
from typing import Final

from capanalyze.capture.pcapng_codes import (
    BYTE_ORDER_MAGIC,
    COMMENT,
    EPB,
    EPB_FLAGS,
    IDB,
    IF_DESCRIPTION,
    IF_FILTER,
    IF_NAME,
    IF_OS,
    IF_TSRESOL,
    ISB,
    ISB_ENDTIME,
    ISB_IFDROP,
    ISB_IFRECV,
    ISB_OSDROP,
    ISB_STARTTIME,
    NANOSECONDS,
    SHB,
    SHB_HARDWARE,
    SHB_OS,
    SHB_USERAPPL,
)

MAX_OPTION: Final = 0xFFFF
"""Octets of an option's value: its length field has 16 bits."""

_LENGTH_UNKNOWN: Final = -1
_LIBPCAP_FILTER: Final = b"\0"
_PADDING: Final = (b"", b"\0\0\0", b"\0\0", b"\0")
_END_OF_OPTIONS: Final = bytes(4)
_HEAD: Final = struct.Struct("<II")
_TAIL: Final = struct.Struct("<I")
_OPTION: Final = struct.Struct("<HH")
_EPB: Final = struct.Struct("<IIIIIII")
_EPB_OVERHEAD: Final = _EPB.size + _TAIL.size


def block(block_type: int, body: bytes) -> bytes:
    """Wrap a block's body: type, total length, body padded to 32 bits, total length again."""
    padding = _PADDING[len(body) & 3]
    length = 12 + len(body) + len(padding)
    return b"".join((_HEAD.pack(block_type, length), body, padding, _TAIL.pack(length)))


def option(code: int, value: bytes) -> bytes:
    """One option, padded to 32 bits.

    Raises:
        ValueError: the value is longer than MAX_OPTION.
    """
    if len(value) > MAX_OPTION:
        raise ValueError(f"option {code} of {len(value)} octets, at most {MAX_OPTION} fit")
    return _OPTION.pack(code, len(value)) + value + _PADDING[len(value) & 3]


def text_option(code: int, text: str) -> bytes:
    """One option of UTF-8 text, cut at a character's boundary where it is longer than MAX_OPTION; none for ""."""
    if not text:
        return b""
    value = text.encode("utf-8", "replace")
    if len(value) > MAX_OPTION:
        value = value[:MAX_OPTION].decode("utf-8", "ignore").encode()
    return option(code, value)


def options(*encoded: bytes) -> bytes:
    """A block's options with opt_endofopt after them; nothing at all where there are none."""
    joined = b"".join(encoded)
    return joined + _END_OF_OPTIONS if joined else b""


def _comments(texts: Iterable[str]) -> bytes:
    return b"".join(text_option(COMMENT, text) for text in texts)


def section_header(*, hardware: str = "", os: str = "", application: str = "", comments: Iterable[str] = ()) -> bytes:
    """Section Header Block, version 1.0, of a section whose length is not known yet."""
    body = struct.pack("<IHHq", BYTE_ORDER_MAGIC, 1, 0, _LENGTH_UNKNOWN)
    return block(
        SHB,
        body
        + options(
            _comments(comments),
            text_option(SHB_HARDWARE, hardware),
            text_option(SHB_OS, os),
            text_option(SHB_USERAPPL, application),
        ),
    )


def interface_description(
    link_type: int,
    *,
    snap_length: int = 0,
    name: str = "",
    description: str = "",
    resolution: int = NANOSECONDS,
    capture_filter: str = "",
    os: str = "",
    comments: Iterable[str] = (),
) -> bytes:
    """Interface Description Block; the first one of a section describes interface 0.

    Args:
        link_type: LINKTYPE_ number, 0 to 65535.
        snap_length: octets kept of a packet at most; 0 for no limit.
        name: the operating system's name of the interface.
        description: what a person calls it.
        resolution: if_tsresol as the file holds it: 6 µs, 9 ns, bit 7 set for a power of two.
        capture_filter: in libpcap's language.
        os: the system that the interface is part of.
        comments: one opt_comment each.
    """
    filter_value = capture_filter.encode("utf-8", "replace")[: MAX_OPTION - 1]
    return block(
        IDB,
        struct.pack("<HHI", link_type, 0, snap_length)
        + options(
            _comments(comments),
            text_option(IF_NAME, name),
            text_option(IF_DESCRIPTION, description),
            option(IF_TSRESOL, bytes((resolution,))),
            option(IF_FILTER, _LIBPCAP_FILTER + filter_value) if filter_value else b"",
            text_option(IF_OS, os),
        ),
    )


def enhanced_packet(
    data: bytes | bytearray | memoryview,
    ticks: int,
    *,
    interface: int = 0,
    original: int = -1,
    flags: int | None = None,
    comments: Iterable[str] = (),
) -> bytes:
    """Enhanced Packet Block.

    Args:
        data: the octets captured.
        ticks: the time since the epoch in the unit of the interface's if_tsresol; nanoseconds with the default of
            ``interface_description``.
        interface: index of the interface in its section.
        original: octets on the wire; as many as captured where it is negative.
        flags: epb_flags (section 4.3.1: direction in bits 0 and 1).
        comments: one opt_comment each.
    """
    captured = len(data)
    trailer = b""
    if comments or flags is not None:
        trailer = options(
            _comments(comments),
            b"" if flags is None else option(EPB_FLAGS, struct.pack("<I", flags)),
        )
    padding = _PADDING[captured & 3]
    length = _EPB_OVERHEAD + captured + len(padding) + len(trailer)
    head = _EPB.pack(
        EPB,
        length,
        interface,
        ticks >> 32 & 0xFFFFFFFF,
        ticks & 0xFFFFFFFF,
        captured,
        captured if original < 0 else original,
    )
    return b"".join((head, data, padding, trailer, _TAIL.pack(length)))


def interface_statistics(
    ticks: int,
    *,
    interface: int = 0,
    start: int | None = None,
    end: int | None = None,
    received: int | None = None,
    dropped: int | None = None,
    dropped_by_os: int | None = None,
    comments: Iterable[str] = (),
) -> bytes:
    """Interface Statistics Block; times in the interface's ticks, as in ``enhanced_packet``.

    Args:
        ticks: when the counters were read.
        interface: index of the interface in its section.
        start: isb_starttime, when the capture began.
        end: isb_endtime, when it ended.
        received: isb_ifrecv, packets that came in on the interface.
        dropped: isb_ifdrop, packets that the interface dropped for want of resources.
        dropped_by_os: isb_osdrop, packets that the operating system dropped, for want of buffers.
        comments: one opt_comment each.
    """
    times = ((ISB_STARTTIME, start), (ISB_ENDTIME, end))
    counts = ((ISB_IFRECV, received), (ISB_IFDROP, dropped), (ISB_OSDROP, dropped_by_os))
    return block(
        ISB,
        struct.pack("<III", interface, ticks >> 32 & 0xFFFFFFFF, ticks & 0xFFFFFFFF)
        + options(
            _comments(comments),
            *(
                option(code, struct.pack("<II", when >> 32 & 0xFFFFFFFF, when & 0xFFFFFFFF))
                for code, when in times
                if when is not None
            ),
            *(option(code, struct.pack("<Q", count)) for code, count in counts if count is not None),
        ),
    )
