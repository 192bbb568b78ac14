"""Takes the description of the machine out of a pcapng file that dumpcap wrote; packets stay as they are.

The section header's hardware option goes, its operating system and each interface's become `Linux`: the release
string of a kernel says which machine it was, and no reader needs it. Little endian files only, which is what dumpcap
writes here.
"""

import struct
from pathlib import Path

SECTION_HEADER, INTERFACE_DESCRIPTION = 0x0A0D0D0A, 0x00000001
OPTIONS_AT = {SECTION_HEADER: 24, INTERFACE_DESCRIPTION: 16}
HARDWARE, SYSTEM, INTERFACE_SYSTEM = 2, 3, 12


def scrub(path: Path) -> None:
    """Rewrite the file in place."""
    data = path.read_bytes()
    out = bytearray()
    at = 0
    while at < len(data):
        kind, length = struct.unpack_from("<II", data, at)
        block = data[at : at + length]
        out += _rewrite(kind, block) if kind in OPTIONS_AT else block
        at += length
    path.write_bytes(out)


def _rewrite(kind: int, block: bytes) -> bytes:
    at = OPTIONS_AT[kind]
    body = bytearray(block[8:at])
    while at < len(block) - 4:
        code, length = struct.unpack_from("<HH", block, at)
        value = block[at + 4 : at + 4 + length]
        at += 4 + (length + 3) // 4 * 4
        if code == HARDWARE and kind == SECTION_HEADER:
            continue
        if code == (SYSTEM if kind == SECTION_HEADER else INTERFACE_SYSTEM):
            value = b"Linux"
        body += struct.pack("<HH", code, len(value)) + value + bytes(-len(value) % 4)
    total = len(body) + 12
    return struct.pack("<II", kind, total) + bytes(body) + struct.pack("<I", total)
