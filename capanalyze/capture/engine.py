"""What an engine of live capture is. An engine is a file beside this one and a row in ``live.ENGINES``."""

from dataclasses import dataclass
from typing import Final, Protocol

from capanalyze.errors import CapanalyzeError

BUFFER_MIB: Final = 16
"""Kernel buffer of a live capture: about 20,000 small packets on Linux while we are busy."""

ICMP_ERRORS: Final = (
    "((icmp[0] == 3 or icmp[0] == 11) and icmp[17] == 6) or (icmp6 and (ip6[40] == 1 or ip6[40] == 3) and ip6[54] == 6)"
)
"""Unreachable and time exceeded (RFC 792, RFC 4443), where what they quote is TCP: how a firewall's REJECT and a
router answer. Numbers and not names: libpcap knows those of ICMPv6 since 1.10 only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What to capture: an interface by the system's name and the TCP ports (all of TCP where there are none).

    ICMP errors about TCP come too.
    """

    interface: str
    ports: tuple[int, ...]

    @property
    def capture_filter(self) -> str:
        """The filter in libpcap's language."""
        tcp = " or ".join(f"tcp port {port}" for port in self.ports) or "tcp"
        return f"{tcp} or {ICMP_ERRORS}"


class Engine(Protocol):
    """A capture that runs from the moment it is made, and delivers a pcapng byte stream.

    Attributes:
        name: as ``--engine`` names it.
        interface: the system's name of the interface.
        latency_ns: a packet reaches ``read`` at most this long after its time stamp, unless the host is overloaded.
        drain_ns: how long after a moment everything captured before it has left the engine's buffers.
        received: packets that passed the filter, where the engine can say so while it runs.
        dropped: packets lost for want of buffers, the same.
    """

    name: str
    interface: str
    latency_ns: int
    drain_ns: int
    received: int | None
    dropped: int | None

    def read(self, wait_s: float) -> bytes | None:
        """A piece of the stream; b"" when ``wait_s`` seconds passed without any; None after its end."""

    def finish(self) -> None:
        """Capture nothing more; ``read`` delivers what is buffered, then None. Idempotent."""

    def close(self) -> None:
        """Release everything, end every process started. Idempotent."""

    def trouble(self) -> CapanalyzeError | None:
        """Why the stream ended, where it ended without ``finish``; None after a normal end."""
