"""Live capture by scapy's raw sockets, where dumpcap is not installed: octets only, scapy dissects nothing.

In: an interface and ports. Out: a pcapng stream with nanosecond times. Each packet of the loopback interface comes
once. scapy is imported here and takes 0.25 s; the import is inside the functions.
"""

import errno
import logging
import platform
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, Protocol

from capanalyze import __version__
from capanalyze.capture import interfaces
from capanalyze.capture.engine import Source
from capanalyze.capture.pcapng_writer import interface_description, interface_statistics, section_header
from capanalyze.errors import CapanalyzeError, NoAccessError, ToolError

BATCH: Final = 1 << 16
"""Octets after which a batch is handed over while packets still wait."""
MAX_DRAIN: Final = 1 << 26
"""Octets read at most after the end was asked for, where the system goes on filling its buffer meanwhile."""

_REFUSED: Final = frozenset((errno.EPERM, errno.EACCES))
_HINTS: Final = {
    "linux": "run with sudo, or give the right to a Python of your own with "
    "sudo setcap cap_net_raw=ep on it; or install dumpcap: sudo apt install wireshark-common",
    "darwin": "run with sudo, or install Wireshark with ChmodBPF",
    "win32": "install Npcap (https://npcap.com) with loopback support, and run as administrator",
}


class _Socket(Protocol):
    link_type: int
    delay_ns: int

    def read_packet(self) -> bytes | None: ...
    def wait(self, seconds: float) -> bool: ...
    def stop(self) -> None: ...
    def dropped(self) -> int | None: ...
    def close(self) -> None: ...


def _open(source: Source) -> _Socket:
    """Open scapy's listening socket of this system on the interface, with the filter on it."""
    import scapy.layers.l2  # noqa: F401, PLC0415 - scapy warns of unknown link types without it
    from scapy.config import conf  # noqa: PLC0415

    listening: Any
    if sys.platform == "linux" and not conf.use_pcap:
        from capanalyze.capture.packet_socket import PacketSocket  # noqa: PLC0415

        listening = conf.L2listen(iface=source.interface, promisc=False)
        try:
            return PacketSocket(listening, source)
        except BaseException:
            listening.close()
            raise
    from capanalyze.capture.pcap_socket import PcapSocket  # noqa: PLC0415

    return PcapSocket(conf.L2listen(iface=source.interface, promisc=False, filter=source.capture_filter))


@contextmanager
def _quiet() -> Iterator[None]:
    """Without scapy's warnings of link types that it knows no layer for: nothing is dissected here."""
    logger = logging.getLogger("scapy.runtime")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)


def _explain(interface: str, error: Exception) -> CapanalyzeError:
    """What an exception of scapy or of the system amounts to."""
    number = error.errno if isinstance(error, OSError) else None
    words = (error.strerror if isinstance(error, OSError) else None) or str(error)
    if number in _REFUSED or "ermission" in words:
        return NoAccessError(
            f"{interface}: a raw socket may not be opened ({words})", _HINTS.get(sys.platform, "run as root")
        )
    if number in (errno.ENODEV, errno.ENXIO) or "not found" in words:
        return interfaces.no_such_interface(interface, interfaces.system_interfaces())
    if number == errno.ENETDOWN and not interfaces.exists(interface):
        return NoAccessError(f"{interface}: the interface is gone", "what was captured up to there is whole")
    if number == errno.ENETDOWN:
        return NoAccessError(f"{interface}: the interface is down", f"sudo ip link set {interface} up")
    return ToolError(f"scapy on {interface}: {words}", _HINTS.get(sys.platform, ""))


class ScapyRaw:
    """A running capture; see ``engine.Engine``."""

    name = "scapy"

    def __init__(self, source: Source) -> None:
        """Open the socket; what passes the interface from now on is captured.

        Raises:
            NoAccessError: not allowed, or no such interface.
            ToolError: scapy failed, or has no sockets on this system.
        """
        self.interface = source.interface
        self.dropped: int | None = None
        self.received: int | None = None
        self._trouble: CapanalyzeError | None = None
        self._finishing = False
        self._ended = False
        self._drained = 0
        self._packets = 0
        self._started_ns = time.time_ns()
        try:
            with _quiet():
                self._socket = _open(source)
        except CapanalyzeError:
            raise
        except Exception as error:  # scapy raises OSError, ValueError, Scapy_Exception, RuntimeError
            raise _explain(source.interface, error) from error
        self.latency_ns = self.drain_ns = self._socket.delay_ns
        self._head = section_header(
            os=f"{platform.system()} {platform.release()}",
            hardware=platform.machine(),
            application=f"capanalyze {__version__}",
        ) + interface_description(
            self._socket.link_type,
            snap_length=1 << 18,
            name=source.interface,
            capture_filter=source.capture_filter,
            os=f"{platform.system()} {platform.release()}",
        )

    def read(self, wait_s: float) -> bytes | None:
        """A batch of packets, b"" after ``wait_s`` without one, None after the end."""
        if self._head:
            head, self._head = self._head, b""
            return head
        if self._ended:
            return None
        if not self._finishing and not self._socket.wait(wait_s):
            return b""
        batch = self._batch()
        if self._trouble or (self._finishing and (not batch or self._drained > MAX_DRAIN)):
            self._ended = True
            return batch + self._statistics()
        return batch

    def _batch(self) -> bytes:
        """What waits in the socket's buffer, up to about BATCH octets."""
        blocks: list[bytes] = []
        size = 0
        try:
            while size < BATCH and (block := self._socket.read_packet()) is not None:
                blocks.append(block)
                size += len(block)
        except OSError as error:
            # An interface that goes down says so once; its socket goes on when it comes up again, as with dumpcap.
            if error.errno != errno.ENETDOWN or not interfaces.exists(self.interface):
                self._trouble = _explain(self.interface, error)
        self._packets += len(blocks)
        if self._finishing:
            self._drained += size
        return b"".join(blocks)

    def _statistics(self) -> bytes:
        try:
            self.dropped = self._socket.dropped()
        except OSError:
            self.dropped = None
        now = time.time_ns()
        self.received = self._packets + (self.dropped or 0)
        return interface_statistics(
            now, start=self._started_ns, end=now, received=self.received, dropped_by_os=self.dropped
        )

    def finish(self) -> None:
        """Let nothing more in."""
        if not self._finishing:
            self._finishing = True
            self._socket.stop()

    def close(self) -> None:
        """Close the socket."""
        self._ended = True
        self._socket.close()

    def trouble(self) -> CapanalyzeError | None:
        """What ended the capture, where it ended by itself."""
        return self._trouble
