"""What people pass instead of a pcap or pcapng file, by its first octets, and what to tell them of it."""

from typing import Final

from capanalyze.errors import NotACaptureError

OTHERS: Final = (
    (b"\x1f\x9d", "a compress (.Z) file", "uncompress it first"),
    (b"\x5d\0\0", "an .lzma file", "expand it first: xz -d"),
    (b"\x02\x21\x4c\x18", "an lz4 file of the old kind", "expand it first: lz4 -d"),
    (b"PK\x03\x04", "a ZIP archive", "unpack it and give the capture inside"),
    (b"<?xml", "XML text", "give the capture itself, not an export of it"),
    (b"[\n  {\n", "JSON text", "give the capture itself, not an export of it"),
    (b"\x1f\x8b", "gzip data inside compressed data", "expand it once"),
    (b"BZh", "bzip2 data inside compressed data", "expand it once"),
    (b"\xfd7zXZ\0", "xz data inside compressed data", "expand it once"),
    (b"%PDF", "a PDF document", "give the capture itself"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", "unpack it and give the capture inside"),
    (b"Rar!\x1a\x07", "a RAR archive", "unpack it and give the capture inside"),
)
"""First octets of what people pass instead -> what it is, what to do."""

TAR: Final = b"ustar"
TAR_AT: Final = 257
"""Where a tar archive says that it is one: behind the first file's name and attributes."""

NO_CAPTURES: Final = tuple(magic for magic, _, _ in OTHERS)


def unknown(name: str, head: bytes) -> NotACaptureError:
    """The error for octets that are no capture's, as helpful as their beginning allows."""
    for magic, what, advice in OTHERS:
        if head.startswith(magic):
            return NotACaptureError(f"{name}: {what}, not pcap or pcapng", advice)
    if head[TAR_AT : TAR_AT + len(TAR)] == TAR:
        return NotACaptureError(f"{name}: a tar archive, not pcap or pcapng", "unpack it and give the captures inside")
    hint = "record with dumpcap, Wireshark, tcpdump -w or capanalyze live -w"
    if head.isascii() and head.decode("ascii").replace("\n", " ").replace("\r", " ").replace("\t", " ").isprintable():
        hint = "it is text: give the capture itself, not a listing or a log of it"
    if name.lower().endswith(".etl"):  # of Windows' pktmon and netsh trace
        hint = f"convert it on Windows: pktmon etl2pcap {name}"
    return NotACaptureError(f"{name}: not a pcap or pcapng capture (it begins with {head[:8].hex(' ')})", hint)
