"""One accepted connection of the scripted gateway: what it reads, what it sends, and a log of both.

A scenario is a function that gets a Connection and calls its methods; the log, one JSON object per event, is the
witness against which a capture of the same connection is checked.
"""

import contextlib
import json
import select
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from tests.lab import invented, messages, wire

# Unframed requests end where their fields end; these are the ones that the legacy driver sends, at server version 76.
LEGACY_FIELD_COUNTS = {5: 2, 8: 3, 17: 2, 49: 2, 61: 2, 62: 5, 63: 3, 64: 2, 71: 4}


class Log:
    """JSON lines, kept in a list and, where a path is given, in a file as well."""

    def __init__(self, path: Path | None = None) -> None:
        self.events: list[dict[str, Any]] = []
        self._file = path.open("w", encoding="utf-8") if path else None
        self._lock = threading.Lock()

    def write(self, event: str, **facts: Any) -> None:  # noqa: ANN401 - JSON values
        line = {"t": round(time.time(), 6), "event": event, **facts}
        with self._lock:
            self.events.append(line)
            if self._file:
                self._file.write(json.dumps(line) + "\n")
                self._file.flush()

    def named(self, event: str) -> list[dict[str, Any]]:
        return [line for line in self.events if line["event"] == event]

    def close(self) -> None:
        if self._file:
            self._file.close()


class Connection:
    """The gateway's end of one connection.

    `hello` is None until `read_hello`; then the client's range, (0, n) for a legacy client's number n, or (0, 0) for
    octets that are no hello.
    """

    def __init__(self, sock: socket.socket, number: int, log: Log, stopping: threading.Event) -> None:
        self.sock = sock
        self.number = number
        self.version = 0
        self.legacy = False
        self.client_id = -1
        self.hello: tuple[int, int] | None = None
        self.ended = False  # the client's FIN or RST was read
        self.closed = False
        self.timers: list[tuple[float, Callable[[], None]]] = []
        self._buffer = bytearray()
        self._log = log
        self._stopping = stopping
        self.peer_port: int = sock.getpeername()[1]
        self.note("accepted")

    def note(self, event: str, **facts: Any) -> None:  # noqa: ANN401 - JSON values
        self._log.write(event, conn=self.number, peer=self.peer_port, **facts)

    # Reading

    def receive(self) -> bool:
        """Wait for octets, running timers that fall due; False at the client's end of stream, a reset, or a stop."""
        while not (self.ended or self.closed or self._stopping.is_set()):
            self._run_due()
            if self.closed:
                break
            wait = min([0.05, *(max(0.0, due - time.monotonic()) for due, _ in self.timers)])
            if not select.select([self.sock], [], [], wait)[0]:
                continue
            try:
                octets = self.sock.recv(65536)
            except ConnectionResetError:
                self.note("client_reset")
                self.ended = True
                return False
            if not octets:
                self.note("client_fin")
                self.ended = True
                return False
            self.note("received", octets=len(octets))
            self._buffer += octets
            return True
        return False

    def _run_due(self) -> None:
        now = time.monotonic()
        due = [action for when, action in self.timers if when <= now]
        self.timers = [timer for timer in self.timers if timer[0] > now]
        for action in due:
            if not self.closed:
                action()

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        """Run an action so many seconds from now, while the connection waits for octets."""
        self.timers.append((time.monotonic() + seconds, action))

    def read_hello(self) -> bool:
        """Read the client's hello, V100+ or legacy; False when the stream ended or it is no hello."""
        while True:
            if self._take_hello():
                return self.hello != (0, 0)
            if not self.receive():
                return False

    def _take_hello(self) -> bool:
        buffer = self._buffer
        if buffer[:4] == wire.MAGIC and len(buffer) >= 8:
            (length,) = struct.unpack_from(">I", buffer, 4)
            if len(buffer) < 8 + length:
                return False
            versions = bytes(buffer[8 : 8 + length]).decode().removeprefix("v").split(" ")[0]
            low, _, high = versions.partition("..")
            self.hello = (int(low), int(high or low))
            del buffer[: 8 + length]
        elif buffer[:1].isdigit():
            if 0 not in buffer:
                return False
            end = buffer.index(0)
            self.hello, self.legacy = (0, int(buffer[:end])), True
            del buffer[: end + 1]
        elif not buffer or wire.MAGIC.startswith(bytes(buffer[:4])):
            return False
        else:
            self.hello = (0, 0)
        self.note("hello", range=list(self.hello))
        return True

    def read_request(self) -> messages.Request | None:
        """The next message of the client; None when the stream ended or the gateway stops."""
        while not self.closed:
            request = self._take_legacy() if self.legacy else self._take_framed()
            if request and request.encoding == "bare":
                self.note("bare_client_id", client_id=request.values["clientId"])
                return request
            if request:
                self.note("message_in", id=request.id, encoding=request.encoding)
                if request.id == 71:
                    self.note("start_api", client_id=int(request.values.get("clientId", 0)))
                return request
            if not self.receive():
                return None
        return None

    def _take_framed(self) -> messages.Request | None:
        payload = wire.take_frame(self._buffer)
        return messages.decode_request(payload, self.version) if payload else None

    def _take_legacy(self) -> messages.Request | None:
        fields = bytes(self._buffer).split(b"\0")[:-1]
        if not fields:
            return None
        if self.client_id < 0 and fields[0] != b"71":  # old clients send the bare client id
            taken, request = 1, messages.Request(71, "bare", {"clientId": fields[0].decode()})
        else:
            number = int(fields[0])
            taken = LEGACY_FIELD_COUNTS[number]
            if len(fields) < taken:
                return None
            payload = wire.text(field.decode() for field in fields[:taken])
            request = messages.decode_request(payload, self.version)._replace(encoding="unframed")
        del self._buffer[: sum(len(field) + 1 for field in fields[:taken])]
        return request

    def drain(self) -> None:
        """Read and ignore until the client ends its stream."""
        while self.receive():
            pass

    # Writing

    def send(self, octets: bytes) -> None:
        """Send octets as they are, in one segment where they fit."""
        try:
            self.sock.sendall(octets)
        except OSError as problem:
            self.note("send_failed", problem=type(problem).__name__)
            self.ended = True
            return
        self.note("sent", octets=len(octets))

    def greeting(self, version: int) -> bytes:
        """The server hello for a version, which the connection speaks from here on; unframed for a legacy client."""
        self.version = version
        clock = time.strftime("%Y%m%d %H:%M:%S EST", time.gmtime(time.time() - 5 * 3600))
        self.note("server_hello", version=version, time=clock)
        fields = wire.text([version, clock])
        return fields if self.legacy else wire.frame(fields)

    def answers(self, replies_: Iterable[invented.Reply]) -> bytes:
        """The octets of answers, each noted in the log."""
        octets = b""
        for name, values in replies_:
            if self.version < messages.EARLIEST.get(name, 0):
                continue
            payload, encoding = messages.encode(name, self.version, values)
            encoding = "unframed" if self.legacy else encoding
            self.note("message_out", id=messages.ANSWERS[name].id, encoding=encoding)
            octets += payload if self.legacy else wire.frame(payload)
        return octets

    def answer(self, replies_: Iterable[invented.Reply]) -> None:
        """Send answers, one segment for all of them."""
        if self.ended or self.closed:
            return
        if octets := self.answers(replies_):
            self.send(octets)

    # Ending

    def close(self) -> None:
        """close(): a FIN, or a RST where octets of the client lie unread."""
        if not self.closed:
            self.closed = True
            self.note("close", unread_held=len(self._buffer))
            self.sock.close()

    def reset(self) -> None:
        """Close with SO_LINGER 0: a RST."""
        if not self.closed:
            self.closed = True
            self.note("reset")
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.sock.close()

    def half_close(self) -> None:
        """Shut the writing side: a FIN, and the client's octets are still read."""
        self.note("half_close")
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_WR)

    def hold(self) -> None:
        """Do nothing with the socket until the gateway stops."""
        self._stopping.wait()
