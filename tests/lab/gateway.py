"""A scripted TWS gateway: `python -m tests.lab.gateway SCENARIO [SCENARIO...] [--port 4001] [--log FILE]`.

Connection n gets the nth scenario, later ones the last. With several scenarios, `--listen-after S` lets the port refuse
for the first S seconds. Prints `ready` when it is in the state that the scenario names. Ends on SIGTERM; the kernel
then closes what is open, so a recording stops before that.
"""

import argparse
import socket
import sys
import threading
import time
from pathlib import Path
from typing import Self

from tests.lab.connection import Connection, Log
from tests.lab.scenarios import SCENARIOS

BACKLOG = 50  # the default of a Java ServerSocket


class Gateway:
    """A listener whose connections follow scenarios, usable as a context manager.

    `port` 0 takes a free port; `address` says which, after `start`.
    """

    def __init__(self, *names: str, host: str = "127.0.0.1", port: int = 0, log: Log | None = None) -> None:
        self.plan = [SCENARIOS[name] for name in names]
        self.log = log or Log()
        self.host = host
        self.port = port
        self._stopping = threading.Event()
        self._listener: socket.socket | None = None
        self._threads: list[threading.Thread] = []
        self._queued: list[socket.socket] = []

    def start(self) -> None:
        """Bind, and listen and accept as far as the first scenario does."""
        backlog = 0 if self.plan[0].queue_full else BACKLOG
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        listener = socket.create_server((self.host, self.port), family=family, backlog=backlog)
        self.port = listener.getsockname()[1]
        if self.plan[0].queue_full:
            self._fill_queue()
        if not self.plan[0].listens:
            listener.close()
            return
        self._listener = listener
        self.log.write("listening", port=self.port)
        if self.plan[0].accepts:
            self._spawn(self._accept, listener)

    def _fill_queue(self) -> None:
        """Connect until the kernel leaves a SYN unanswered: Linux queues one connection more than the backlog."""
        while True:
            sock = socket.socket()
            sock.settimeout(0.2)
            try:
                sock.connect((self.host, self.port))
            except TimeoutError:
                sock.close()
                return
            self._queued.append(sock)

    def _spawn(self, target: object, *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self, listener: socket.socket) -> None:
        number = 0
        listener.settimeout(0.05)
        while not self._stopping.is_set():
            try:
                sock, _ = listener.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.settimeout(None)
            self._spawn(self._run, sock, number)
            number += 1

    def _run(self, sock: socket.socket, number: int) -> None:
        try:
            connection = Connection(sock, number, self.log, self._stopping)
        except OSError:  # reset before accept() returned
            sock.close()
            return
        self.plan[min(number, len(self.plan) - 1)].run(connection)
        connection.close()

    def stop(self) -> None:
        """Close everything and wait for the connections' threads."""
        self._stopping.set()
        if self._listener:
            self._listener.close()
        for sock in self._queued:
            sock.close()
        for thread in self._threads:
            thread.join(timeout=5)
        self.log.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def main() -> None:
    """Run until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scenarios", nargs="+", choices=sorted(SCENARIOS), metavar="SCENARIO")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=4001)
    parser.add_argument("--listen-after", type=float, default=0.0)
    parser.add_argument("--log", type=Path)
    options = parser.parse_args()
    gateway = Gateway(*options.scenarios, host=options.host, port=options.port, log=Log(options.log))
    if options.listen_after:
        print("ready", flush=True)
        time.sleep(options.listen_after)
    gateway.start()
    print("ready", flush=True)
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        sys.exit(0)


if __name__ == "__main__":
    main()
