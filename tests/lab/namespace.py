"""A network namespace for one recording: its own loopback, port 4001 free, no other traffic.

Where the system refuses namespaces, a recording runs on the host's loopback and a free port instead.
"""

import shutil
import socket
import subprocess
import uuid
from pathlib import Path
from types import TracebackType
from typing import Self

GATEWAY_PORT = 4001
HOSTS_DIR = Path("/etc/netns")


class Namespace:
    """A context manager; `command` prefixes what shall run inside, `port` is the gateway's port there."""

    def __init__(self) -> None:
        self.name = f"calab-{uuid.uuid4().hex[:8]}"
        self.port = GATEWAY_PORT
        self.isolated = False

    def __enter__(self) -> Self:
        self.isolated = _ip("netns", "add", self.name)
        if self.isolated and not _ip("-n", self.name, "link", "set", "lo", "up"):
            self._remove()
        if self.isolated:
            self._name_hosts()
        else:
            with socket.create_server(("127.0.0.1", 0)) as probe:
                self.port = probe.getsockname()[1]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._remove()

    def _name_hosts(self) -> None:
        """`localhost` is ::1 first inside, as on most systems; `ip netns exec` lays this file over /etc/hosts."""
        folder = HOSTS_DIR / self.name
        folder.mkdir(parents=True)
        (folder / "hosts").write_text("::1 localhost\n127.0.0.1 localhost\n")

    def _remove(self) -> None:
        if self.isolated:
            _ip("netns", "delete", self.name)
            shutil.rmtree(HOSTS_DIR / self.name, ignore_errors=True)
            self.isolated = False

    def command(self, *words: str) -> list[str]:
        """The command line that runs these words inside."""
        return ["ip", "netns", "exec", self.name, *words] if self.isolated else list(words)

    def sockets(self) -> list[dict[str, str | int]]:
        """The kernel's TCP sockets at this moment, as `ss -tan` lists them; listeners included."""
        listed = subprocess.run(self.command("ss", "-tanH"), capture_output=True, text=True, check=True).stdout
        rows = []
        for line in listed.splitlines():
            state, received, sent, local, peer = line.split()[:5]
            if str(self.port) in {local.rpartition(":")[2], peer.rpartition(":")[2]}:
                rows.append(
                    {"state": state, "recv_q": int(received), "send_q": int(sent), "local": local, "peer": peer}
                )
        return sorted(rows, key=lambda row: (row["local"], row["peer"]))


def _ip(*words: str) -> bool:
    try:
        return subprocess.run(["ip", *words], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False
