"""Plays connections on real sockets, one after another, each end by the kernel's TCP: `real_sockets.py PORT`.

Writes a line "NAME CLIENT_PORT" when a connection is over (or as far as it goes), "capture" when recording has to
begin, and waits for a line on standard input there; in the end it waits for one more, with the last connection open.
Run by test_real_sockets.py, in a network namespace where that is allowed.
"""

import contextlib
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable

HELLO = b"API\0\0\0\0\x09v100..187"
ABORT = struct.pack("ii", 1, 0)


class Stage:
    """A listener and the means to make pairs of connected sockets."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.listener = socket.create_server(("127.0.0.1", port))
        self.kept: list[socket.socket] = []

    def pair(self, client: socket.socket | None = None) -> tuple[socket.socket, socket.socket]:
        """A connection: the client's socket and the server's."""
        client = client or socket.socket()
        client.connect(("127.0.0.1", self.port))
        server, _ = self.listener.accept()
        return client, server


def port_of(one: socket.socket) -> int:
    return int(one.getsockname()[1])


def abort(one: socket.socket) -> None:
    """Close with a RST."""
    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)
    one.close()


def silent_server(stage: Stage) -> int:
    client, server = stage.pair()
    port = port_of(client)
    client.sendall(HELLO)
    time.sleep(0.3)
    client.close()
    time.sleep(0.1)
    server.recv(100)
    server.close()
    return port


def hang_up(stage: Stage) -> int:
    client, server = stage.pair()
    port = port_of(client)
    client.sendall(HELLO)
    server.recv(100)
    time.sleep(0.3)
    server.close()
    client.recv(1)
    client.close()
    return port


def client_resets(stage: Stage) -> int:
    client, server = stage.pair()
    port = port_of(client)
    client.sendall(HELLO)
    server.recv(100)
    abort(client)
    server.close()
    return port


def server_resets(stage: Stage) -> int:
    client, server = stage.pair()
    port = port_of(client)
    client.sendall(HELLO)
    server.recv(100)
    abort(server)
    client.close()
    return port


def unread_octets(stage: Stage) -> int:
    client, server = stage.pair()
    port = port_of(client)
    client.sendall(b"x" * 45)
    time.sleep(0.05)
    server.close()
    client.close()
    return port


def refused(stage: Stage) -> int:
    with socket.socket() as client:
        client.bind(("127.0.0.1", 0))
        with contextlib.suppress(ConnectionRefusedError):
            client.connect(("127.0.0.2", stage.port))
        return port_of(client)


def half_close(stage: Stage) -> int:
    client, server = stage.pair()
    port = port_of(client)
    client.sendall(HELLO)
    client.shutdown(socket.SHUT_WR)
    server.recv(100)
    for _ in range(3):
        time.sleep(0.1)
        server.sendall(b"still here\n")
    server.close()
    while client.recv(100):
        pass
    client.close()
    return port


def written_after_close(stage: Stage) -> int:
    client, server = stage.pair()
    port = port_of(client)
    client.sendall(HELLO)
    client.close()
    time.sleep(0.05)
    server.sendall(b"too late")
    time.sleep(0.05)
    server.close()
    return port


def both_at_once(stage: Stage) -> int:
    client, server = stage.pair()
    port = port_of(client)
    gate = threading.Barrier(2)

    def shut(one: socket.socket) -> None:
        gate.wait()
        one.shutdown(socket.SHUT_WR)

    threads = [threading.Thread(target=shut, args=(one,)) for one in (client, server)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    time.sleep(0.05)
    client.close()
    server.close()
    return port


def kept_alive(stage: Stage) -> int:
    client, server = stage.pair()
    port = port_of(client)
    client.sendall(HELLO)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 1)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 1)
    time.sleep(2.3)
    client.close()
    server.recv(100)
    server.close()
    return port


def stops_reading(stage: Stage) -> int:
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client, server = stage.pair(client)
    port = port_of(client)
    server.setblocking(False)
    deadline = time.monotonic() + 1.2
    while time.monotonic() < deadline:
        try:
            server.send(b"quote " * 500)
        except BlockingIOError:
            time.sleep(0.05)
    abort(server)
    time.sleep(0.05)
    client.close()
    return port


def ports_used_twice(stage: Stage) -> int:
    port = 0
    for _ in range(2):
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        client.bind(("127.0.0.1", port))
        port = port_of(client)
        client, server = stage.pair(client)
        client.sendall(HELLO)
        server.recv(100)
        abort(server)
        time.sleep(0.02)
        client.close()
    return port


def to_itself(stage: Stage, *, read: bool = True) -> int:
    """No listener is at that address, and the client's own port is the one that it asks for."""
    with socket.socket() as client:
        client.bind(("127.0.0.3" if read else "127.0.0.4", stage.port))
        client.connect(client.getsockname())
        client.sendall(HELLO)
        time.sleep(0.05)
        if read:
            client.recv(100)
    return stage.port


def to_itself_unread(stage: Stage) -> int:
    return to_itself(stage, read=False)


def still_open(stage: Stage) -> int:
    client, server = stage.pair()
    client.sendall(HELLO)
    server.recv(100)
    stage.kept += [client, server]
    return port_of(client)


STORY: dict[str, Callable[[Stage], int]] = {
    "a": silent_server,
    "b": hang_up,
    "c": client_resets,
    "d": server_resets,
    "e": unread_octets,
    "f": refused,
    "g": half_close,
    "h": written_after_close,
    "i": both_at_once,
    "k": kept_alive,
    "l": stops_reading,
    "m": ports_used_twice,
    "o": to_itself,
    "p": to_itself_unread,
    "n": still_open,
}


def main() -> None:
    """Play them all."""
    stage = Stage(int(sys.argv[1]))
    client, server = stage.pair()
    client.sendall(HELLO)
    server.recv(100)
    print("capture", 0, flush=True)
    sys.stdin.readline()
    server.sendall(b"tick")
    server.close()
    client.recv(10)
    client.recv(10)
    print("j", port_of(client), flush=True)
    client.close()
    for name, play in STORY.items():
        print(name, play(stage), flush=True)
    sys.stdin.readline()


if __name__ == "__main__":
    main()
