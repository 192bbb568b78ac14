"""Sessions in tunnels, as captures. A helper of the tests, not a test."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from capanalyze.api import read_files
from capanalyze.capture.files import from_bytes
from tests.capture.octets import interface, option, packet, section
from tests.capture.wrappers import (
    carrier4,
    ethernet,
    gre,
    udp,
)
from tests.conversation import Conversation, Packet

Tunnel = Callable[[bytes], bytes]
ADDRESSES = {4: ("10.0.0.1", "10.0.0.2"), 6: ("2001:db8:1::1", "2001:db8:1::2")}


def talk(port: int, version: int = 4, **fields: int) -> Conversation:
    """A session of nine packets: hello, answer, the client closes."""
    client, server = ADDRESSES[version]
    found = Conversation((client, port), (server, 4001), **fields).open()
    found.client.data(b"API\0\0\0\0\x09v100..187").server.data(b"\0\0\0\x1a" + b"187\x0020240102 00:00:00 EST\0")
    found.client.ack().client.fin().server.fin().client.ack()
    return found


def file_of(frames: list[tuple[int, int, bytes]]) -> bytes:
    """A pcapng file of (link type, ns, frame)."""
    links = list(dict.fromkeys(link for link, _, _ in frames))
    head = section("<") + b"".join(interface("<", link, options=option("<", 9, b"\x09")) for link in links)
    return head + b"".join(packet("<", frame, ns, links.index(link)) for link, ns, frame in frames)


def analysed(data: bytes, engine: str) -> dict[str, Any]:
    return read_files([from_bytes(data)], all_connections=True, engine=engine).to_dict()


def in_tunnel(tunnel: Tunnel, packets: list[Packet]) -> list[tuple[int, int, bytes]]:
    return [(1, one.ts_ns, ethernet(tunnel(one.datagram()))) for one in packets]


def vxlan(number: int) -> Tunnel:
    return lambda datagram: udp(4789, b"\x08\0\0\0" + number.to_bytes(3, "big") + b"\0" + ethernet(datagram))


def keyed(key: int, kind: bytes = b"") -> Tunnel:
    def wrap(datagram: bytes) -> bytes:
        body = ethernet(datagram) if kind == b"\x65\x58" else datagram
        return carrier4(47, gre(body, 0x2000, key.to_bytes(4, "big"), kind))

    return wrap
