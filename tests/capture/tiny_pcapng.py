"""An independent reader of little-endian pcapng for tests: strict, so that a malformed block fails the test."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass
class Block:
    kind: int
    fixed: bytes
    options: list[tuple[int, bytes]] = field(default_factory=list)


@dataclass
class Packet:
    ticks: int
    data: bytes
    original: int
    interface: int
    options: list[tuple[int, bytes]]


FIXED = {0x0A0D0D0A: 16, 1: 8, 5: 12}


def split(stream: bytes) -> Iterator[tuple[int, bytes]]:
    """Type and body of each block; anything not whole is an error."""
    offset = 0
    while offset < len(stream):
        kind, length = struct.unpack_from("<II", stream, offset)
        assert length % 4 == 0
        assert length >= 12
        assert struct.unpack_from("<I", stream, offset + length - 4) == (length,)
        yield kind, stream[offset + 8 : offset + length - 4]
        offset += length


def whole(stream: bytes) -> bytes:
    """The stream up to the end of its last whole block."""
    end = 0
    while len(stream) - end >= 12 and (size := struct.unpack_from("<I", stream, end + 4)[0]) <= len(stream) - end:
        end += size
    return stream[:end]


def read_options(data: bytes) -> list[tuple[int, bytes]]:
    found = []
    while data:
        code, length = struct.unpack_from("<HH", data)
        if code == 0:
            assert data == bytes(4)
            return found
        assert len(data) >= 4 + length
        padded = 4 + (length + 3) // 4 * 4
        assert not any(data[4 + length : padded])
        found.append((code, data[4 : 4 + length]))
        data = data[padded:]
    assert not found, "options without opt_endofopt"
    return found


def blocks(stream: bytes) -> list[Block | Packet]:
    found: list[Block | Packet] = []
    for kind, body in split(stream):
        if kind == 6:
            interface, high, low, captured, original = struct.unpack_from("<IIIII", body)
            end = 20 + (captured + 3) // 4 * 4
            assert len(body) >= end
            assert not any(body[20 + captured : end])
            found.append(
                Packet(high << 32 | low, body[20 : 20 + captured], original, interface, read_options(body[end:]))
            )
        else:
            fixed = FIXED[kind]
            found.append(Block(kind, body[:fixed], read_options(body[fixed:])))
    return found


def packets(stream: bytes) -> list[Packet]:
    return [block for block in blocks(stream) if isinstance(block, Packet)]


def tcp_flags(packet: Packet) -> int:
    """The flags octet of an untagged Ethernet frame with IPv4 or IPv6 and TCP."""
    if packet.data[12:14] == b"\x08\x00":
        return packet.data[14 + (packet.data[14] & 15) * 4 + 13]
    return packet.data[54 + 13]
