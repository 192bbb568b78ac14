"""scapy's listening socket where it is not Linux's own: BPF devices on macOS and the BSDs, libpcap or Npcap elsewhere.

Only what these sockets share is used: ``select``, ``recv_raw`` (octets, no dissection) and the filter that scapy has
libpcap compile. It is tested on Linux with scapy's libpcap socket; BPF devices and Npcap could not be tested there.
"""

import struct
from typing import Any, Final

from capanalyze.capture.pcapng_writer import enhanced_packet

# DLT_ numbers that are not the LINKTYPE_ number of the same thing (tcpdump.org/linktypes.html).
_LINKTYPE_OF_DLT: Final = {12: 101, 14: 101}
_BIOCGDLT: Final = 0x4004426A  # net/bpf.h: _IOR('B', 106, u_int)


def _link_type(listening: Any) -> int:  # noqa: ANN401 - scapy is not typed
    if hasattr(listening, "pcap_fd"):
        dlt = int(listening.pcap_fd.datalink())
    else:
        import fcntl  # noqa: PLC0415 - not on Windows, where the branch above is taken

        dlt = int(struct.unpack("I", fcntl.ioctl(listening.fileno(), _BIOCGDLT, bytes(4)))[0])
    return _LINKTYPE_OF_DLT.get(dlt, dlt)


class PcapSocket:
    """scapy's L2bpfListenSocket or L2pcapListenSocket as a source of Enhanced Packet Blocks, times to the µs."""

    delay_ns = 250_000_000
    """libpcap hands packets over 100 ms after the first (scapy's ``to_ms``); the rest is room for a busy host."""

    def __init__(self, listening: Any) -> None:  # noqa: ANN401 - scapy is not typed
        """Set ``listening`` (open, with its filter) up so that reading it never waits."""
        self._listening = listening
        self._stopped = False
        if hasattr(listening, "pcap_fd"):
            listening.pcap_fd.setnonblock(True)
        else:
            listening.set_nonblock(True)
        self.link_type = _link_type(listening)

    def read_packet(self) -> bytes | None:
        """The next packet's block without waiting, None where none is there."""
        _, data, seconds = self._listening.recv_raw()
        if data is None:
            return None
        # The float holds the microseconds of today's times exactly, when rounded to them.
        return enhanced_packet(data, round((seconds or 0.0) * 1_000_000) * 1000)

    def wait(self, seconds: float) -> bool:
        """Whether a packet may be there within ``seconds``."""
        return bool(self._listening.select([self._listening], seconds))

    def stop(self) -> None:
        """Nothing to do: the buffer is finite, and reading it ends where it is empty."""

    def dropped(self) -> int | None:
        """Packets lost so far, where the system's socket can tell."""
        if hasattr(self._listening, "get_stats"):
            counts: tuple[int | None, int | None] = self._listening.get_stats()
            return counts[1]
        return None

    def close(self) -> None:
        """Close scapy's socket."""
        self._listening.close()
