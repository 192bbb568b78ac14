"""A plain socket that speaks the protocol by itself, for the tests of the gateway."""

import socket
import struct
from typing import Self

from tests.lab import invented, wire

PROTOBUF_START_API = 213


class Peer:
    """A plain socket that says what a test wants said."""

    def __init__(self, port: int) -> None:
        self.sock = socket.create_connection(("127.0.0.1", port), timeout=5)
        self.buffer = bytearray()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.sock.close()

    def hello(self, highest: int = 226) -> None:
        self.sock.sendall(wire.MAGIC + wire.frame(f"v100..{highest}".encode()))

    def start_api(self, version: int, client_id: int = 1) -> None:
        if version >= PROTOBUF_START_API:
            payload = struct.pack(">I", 271) + wire.proto_field(1, client_id)
        elif version >= wire.BINARY_ID_SINCE:
            payload = struct.pack(">I", 71) + wire.text([2, client_id, ""])
        else:
            payload = wire.text([71, 2, client_id, ""])
        self.sock.sendall(wire.frame(payload))

    def ask_time(self) -> None:
        self.sock.sendall(wire.frame(wire.text([49, 1])))

    def frame(self, seconds: float = 5.0) -> bytes:
        """The next frame's payload; EOFError at the end of the stream, TimeoutError after the seconds."""
        self.sock.settimeout(seconds)
        while (payload := wire.take_frame(self.buffer)) is None:
            octets = self.sock.recv(65536)
            if not octets:
                raise EOFError
            self.buffer += octets
        return payload

    def frames(self, seconds: float = 0.3) -> list[tuple[int, str]]:
        """(id, encoding) of every frame until the peer is silent for so long, or has closed."""
        found = []
        while True:
            try:
                found.append(wire.message_id(self.frame(seconds)))
            except (TimeoutError, EOFError):
                return found

    def octets(self, seconds: float = 5.0) -> bytes:
        """Everything until the end of the stream, or until silence."""
        self.sock.settimeout(seconds)
        found = bytes(self.buffer)
        while True:
            try:
                octets = self.sock.recv(1 << 20)
            except TimeoutError:
                return found
            if not octets:
                return found
            found += octets

    def log_on(self, highest: int = 178) -> None:
        """Hello and START_API; the answers to both are read."""
        self.hello(highest)
        version = int(self.frame().split(b"\0")[0])
        self.start_api(version)
        for _ in range(len(invented.start_up())):
            self.frame()
