"""Processes: which programs of this host own the two ends of a connection, asked while it lives.

In: addresses and ports. Out: name, pid and start of the owner. A socket that its program has not accepted yet has no
owner; the program that listens on the port stands for it. Other users' programs are hidden from an ordinary user.
psutil (BSD-3-Clause) knows where each system keeps this.
"""

import ipaddress
import socket
import time
from typing import Final, NamedTuple

import psutil

PAUSE_S: Final = 0.1
"""Between two looks: each goes through every process of the host."""

LOOKS: Final = 20
"""How often the owner of one end is looked for."""

MAX_ENDS: Final = 10_000
"""Ends that are looked for in one capture."""

ANY: Final = ("", 0)
"""The far end of a listening socket."""

Address = tuple[str, int]


class Owner(NamedTuple):
    """A program: its name, its pid, and when it was started (ns since the epoch)."""

    name: str
    pid: int
    started_ns: int


class Owners:
    """Looks for the owners of ends until they are found."""

    def __init__(self) -> None:
        self._found: dict[tuple[Address, Address], Owner] = {}
        self._wanted: dict[tuple[Address, Address], int] = {}
        self._seen: set[tuple[Address, Address]] = set()
        self._next: float = 0.0
        self._own = own_addresses()

    def watch(self, near: Address, far: Address) -> None:
        """Look for the owner of the end ``near`` from now on."""
        if (near, far) not in self._seen and len(self._seen) < MAX_ENDS:
            self._seen.add((near, far))
            self._wanted[near, far] = LOOKS

    def look(self) -> None:
        """Look at the host's sockets, where something is wanted and the last look lies some time back."""
        now = time.monotonic()
        if not self._wanted or now < self._next:
            return
        sockets = sockets_now()
        for ends, looks in list(self._wanted.items()):
            pid = sockets.get(ends) or sockets.get((ends[0], ANY))
            if pid is None and ends[0][0] in self._own:
                pid = sockets.get((("", ends[0][1]), ANY))
            owner = owner_of(pid) if pid is not None else None
            if owner is not None:
                self._found[ends] = owner
            if owner is not None or looks == 1:
                del self._wanted[ends]
            else:
                self._wanted[ends] = looks - 1
        self._next = time.monotonic() + PAUSE_S

    def of(self, near: Address, far: Address) -> Owner | None:
        """The owner of the end ``near``, where it was found."""
        return self._found.get((near, far))


def own_addresses() -> frozenset[str]:
    """The addresses of this host: what listens on any address listens on these."""
    try:
        interfaces = psutil.net_if_addrs()
    except OSError:
        return frozenset({"127.0.0.1", "::1"})
    families = (socket.AF_INET, socket.AF_INET6)
    return frozenset(plain(one.address) for many in interfaces.values() for one in many if one.family in families)


def sockets_now() -> dict[tuple[Address, Address], int]:
    """Owner's pid by both ends of a TCP socket (a listening one's far end is ANY); what is hidden is left out."""
    found: dict[tuple[Address, Address], int] = {}
    try:
        table = psutil.net_connections(kind="tcp")
    except (psutil.Error, OSError):  # macOS refuses this to ordinary users
        return found
    for entry in table:
        if entry.pid and entry.laddr:
            far = (plain(entry.raddr[0]), int(entry.raddr[1])) if entry.raddr else ANY
            found[(plain(entry.laddr[0]), int(entry.laddr[1])), far] = entry.pid
    return found


def plain(address: str) -> str:
    """An address as packets have it: without a zone, IPv4 as such (Java's sockets are IPv6 for both); "" for any."""
    host = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(host, ipaddress.IPv6Address) and host.ipv4_mapped is not None:
        host = host.ipv4_mapped
    return "" if host.is_unspecified else str(host)


def owner_of(pid: int) -> Owner | None:
    """The program of a pid; None where it is gone or hidden."""
    try:
        process = psutil.Process(pid)
        return Owner(process.name(), pid, int(process.create_time() * 1_000_000_000))
    except (psutil.Error, OSError):
        return None
