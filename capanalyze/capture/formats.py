"""What people pass instead of a pcap or pcapng file, by its first octets, and what to tell them of it.

Other formats of captures are here by their names only: tshark reads them (foreign.py).
"""

from codecs import getincrementaldecoder
from typing import Final

from capanalyze.capture.pcapng_codes import BYTE_ORDER_MAGIC
from capanalyze.errors import NotACaptureError

REDIRECTED: Final = "record with the program's own option for a file (tcpdump -w FILE), without >"

DECODE: Final = "decode it first: base64 -d IN > OUT"

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
    (b"\xff\xfe", "UTF-16 text, as PowerShell's > writes whatever a program gives", REDIRECTED),
    (b"\xef\xbf\xbd", "octets that were converted to text (UTF-8)", REDIRECTED),
    (b"1MOyoQ", "a capture in base64", DECODE),
    (b"TTyyoQ", "a capture in base64", DECODE),
    (b"Cg0NC", "a capture in base64", DECODE),
    (b"tcpdump: ", "messages of tcpdump first", "keep them apart: leave out 2>&1, and -t of ssh"),
)
"""First octets of what people pass instead -> what it is, what to do."""

TAR: Final = b"ustar"
TAR_AT: Final = 257
"""Where a tar archive says that it is one: after the first file's name and attributes."""

NO_CAPTURES: Final = tuple(magic for magic, _, _ in OTHERS)

FORMATS: Final = (
    (b"snoop\0\0\0", "snoop"),
    (b"GMBU", "Network Monitor 2"),
    (b"RTSS", "Network Monitor 1"),
    (b"iptrace ", "AIX iptrace"),
    (b"XCP\0", "NetXray"),
    (b"TRSNIFF data", "Sniffer"),
    (b"ObserverPktBuffe", "Observer"),
    (b"\x05VNF", "Visual Networks"),
    (b"\x7fver", "Peek (tagged)"),
    (b"\x1c\x00\x01\xac", "Ixia hardware pcap"),
    (b"\xac\x01\x00\x1c", "Ixia hardware pcap"),
    (b"\xaa\xaa\xaa\xaa", "5View"),
    (b"TR\0d\0", "HP-UX nettl"),
    (b"\x01\x10\x4c\0", "LANalyzer"),
)
"""First octets of formats that people have -> their names; tshark knows dozens more, some without a magic."""

CONVERT: Final = "convert it: editcap -F pcapng IN OUT"


def format_name(head: bytes) -> str:
    """The name of the format whose files begin so, where it is one of FORMATS, else ""."""
    return next((name for magic, name in FORMATS if head.startswith(magic)), "")


def copied_as_text(head: bytes) -> bool:
    """Whether it is a pcapng file whose line ends were converted: it begins with some so that this shows."""
    magic = (BYTE_ORDER_MAGIC.to_bytes(4, "little"), BYTE_ORDER_MAGIC.to_bytes(4, "big"))
    return not head[:2].strip(b"\r\n") and any(order in head[:16] for order in magic)


def unknown(name: str, head: bytes) -> NotACaptureError:
    """The error for octets that are no capture's, as helpful as their beginning allows."""
    if copied_as_text(head):
        return NotACaptureError(
            f"{name}: a pcapng file that was copied as text, which changed its line ends",
            "copy it again in binary mode, or record it with -w FILE and without >",
        )
    for magic, what, advice in OTHERS:
        if head.startswith(magic):
            return NotACaptureError(f"{name}: {what}, not pcap or pcapng", advice)
    if head[TAR_AT : TAR_AT + len(TAR)] == TAR:
        return NotACaptureError(f"{name}: a tar archive, not pcap or pcapng", "unpack it and give the captures inside")
    hint = "record with dumpcap, Wireshark, tcpdump -w or capanalyze live -w"
    if _is_text(head):
        hint = "it is text: give the capture itself, not a listing or a log of it"
    if name.lower().endswith(".etl"):  # of Windows' pktmon and netsh trace
        hint = f"convert it on Windows: pktmon etl2pcap {name}"
    return NotACaptureError(f"{name}: not a pcap or pcapng capture (it begins with {head[:8].hex(' ')})", hint)


def _is_text(head: bytes) -> bool:
    """Whether it is readable as UTF-8; its last character may be cut. tshark prints arrows between addresses."""
    try:
        text = getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return text.replace("\n", " ").replace("\r", " ").replace("\t", " ").isprintable()


def refused(name: str, head: bytes) -> NotACaptureError:
    """The error for octets that the native reader does not know, where it alone was asked for."""
    known = format_name(head)
    if not known:
        return unknown(name, head)
    return NotACaptureError(
        f"{name}: a {known} capture, which tshark reads and --engine native does not",
        f"leave --engine native out, or {CONVERT}",
    )
