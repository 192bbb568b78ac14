"""Linux packet sockets, opened by scapy and read here as raw octets, with the kernel's time stamps to the nanosecond.

scapy's own ``recv_raw`` returns the time as a float, which holds a time of today to a quarter of a microsecond only,
and sees each packet of ``lo`` twice. Both are avoided by reading its socket directly.

Numbers: linux/if_packet.h (SOL_PACKET options, tpacket_auxdata), asm-generic/socket.h, linux/if_arp.h.
"""

import select
import socket
import struct
import time
from typing import Any, Final

from capanalyze.capture.engine import BUFFER_MIB, Source
from capanalyze.capture.pcapng_writer import enhanced_packet
from capanalyze.capture.socket_filter import attach, drop_all, tcp_filter
from capanalyze.errors import CapanalyzeError, ToolError

MAX_PACKET: Final = 1 << 18
"""Octets kept of a packet; TCP on loopback hands over up to 64 KiB at once."""

_SO_RCVBUF: Final = 8
_SO_RCVBUFFORCE: Final = 33
_SO_TIMESTAMPNS: Final = 35
_SOL_PACKET: Final = 263
_PACKET_STATISTICS: Final = 6
_PACKET_AUXDATA: Final = 8
_STATUS_VLAN_VALID: Final = 0x10
_STATUS_VLAN_TPID_VALID: Final = 0x40
_ETH_P_8021Q: Final = 0x8100
_ANCILLARY: Final = 256

_AUXDATA: Final = struct.Struct("=IIIHHHH")  # status, len, snaplen, mac, net, vlan_tci, vlan_tpid
_TIMESPEC: Final = {16: struct.Struct("=qq"), 8: struct.Struct("=ii")}
_COUNTS: Final = struct.Struct("=II")

_ARPHRD_LOOPBACK: Final = 772
_LINKTYPE_ETHERNET: Final = 1
_LINKTYPE_RAW: Final = 101
LINK_TYPES: Final = {
    1: _LINKTYPE_ETHERNET,
    _ARPHRD_LOOPBACK: _LINKTYPE_ETHERNET,
    512: _LINKTYPE_RAW,  # PPP
    65534: _LINKTYPE_RAW,  # none: tun, WireGuard
}
"""ARPHRD_ number of an interface -> LINKTYPE_ number of what a SOCK_RAW packet socket delivers from it."""


def _timestamp(ancillary: list[tuple[int, int, bytes]]) -> int:
    """The kernel's time stamp in ns; the present where the kernel gave none."""
    for level, kind, value in ancillary:
        if level == socket.SOL_SOCKET and kind == _SO_TIMESTAMPNS and len(value) in _TIMESPEC:
            seconds, nanoseconds = _TIMESPEC[len(value)].unpack(value)
            return int(seconds * 1_000_000_000 + nanoseconds)
    return time.time_ns()


def _vlan_tag(ancillary: list[tuple[int, int, bytes]]) -> bytes:
    """The 802.1Q tag that the kernel took out of the frame, b"" where there was none."""
    for level, kind, value in ancillary:
        if level == _SOL_PACKET and kind == _PACKET_AUXDATA and len(value) >= _AUXDATA.size:
            status, _, _, _, _, tci, tpid = _AUXDATA.unpack_from(value)
            if status & _STATUS_VLAN_VALID:
                return struct.pack(">HH", tpid if status & _STATUS_VLAN_TPID_VALID else _ETH_P_8021Q, tci)
    return b""


class PacketSocket:
    """scapy's Linux listening socket as a source of Enhanced Packet Blocks."""

    delay_ns = 0

    def __init__(self, listening: Any, source: Source) -> None:  # noqa: ANN401 - scapy is not typed
        """Set ``listening`` (scapy's L2ListenSocket, open) up.

        Raises:
            CapanalyzeError: more ports than a socket filter holds.
            ToolError: the interface's link type is not known here.
        """
        self._listening = listening
        self._socket: socket.socket = listening.ins
        self._dropped = 0
        self._waiting = select.poll()
        self._waiting.register(self._socket, select.POLLIN)
        hardware = int(self._socket.getsockname()[3])
        if hardware not in LINK_TYPES:
            raise ToolError(f"{source.interface}: hardware type {hardware} is not supported", "use --engine dumpcap")
        self.link_type = LINK_TYPES[hardware]
        self._buffer = bytearray(MAX_PACKET)
        self._view = memoryview(self._buffer)
        try:
            program = tcp_filter(source.ports, skip_outgoing=hardware == _ARPHRD_LOOPBACK)
        except ValueError as error:
            raise CapanalyzeError(str(error), "name fewer ports") from error
        self._set_options()
        # What came before the filter must not stay: close the door, empty the room, open it to the wanted.
        drop_all(self._socket)
        while self.read_packet() is not None:
            pass
        self.dropped()
        self._dropped = 0
        attach(self._socket, program)

    def _set_options(self) -> None:
        size = BUFFER_MIB << 20
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, size)
        except OSError:  # needs CAP_NET_ADMIN; without it net.core.rmem_max is the limit
            self._socket.setsockopt(socket.SOL_SOCKET, _SO_RCVBUF, size)
        self._socket.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        self._socket.setsockopt(_SOL_PACKET, _PACKET_AUXDATA, 1)

    def read_packet(self) -> bytes | None:
        """The next packet's block without waiting, None where none is there."""
        try:
            # With MSG_TRUNC the length is the packet's, not that of what fitted.
            original, ancillary, _, _ = self._socket.recvmsg_into(
                [self._buffer], _ANCILLARY, socket.MSG_DONTWAIT | socket.MSG_TRUNC
            )
        except BlockingIOError:
            return None
        data: bytes | memoryview = self._view[: min(original, MAX_PACKET)]
        if self.link_type == _LINKTYPE_ETHERNET and (tag := _vlan_tag(ancillary)):
            data = b"".join((data[:12], tag, data[12:]))
            original += len(tag)
        return enhanced_packet(data, _timestamp(ancillary), original=original)

    def wait(self, seconds: float) -> bool:
        """Whether a packet is there within ``seconds``."""
        return bool(self._waiting.poll(seconds * 1000))

    def stop(self) -> None:
        """Let nothing more in, so that what is queued has an end."""
        drop_all(self._socket)

    def dropped(self) -> int:
        """Packets lost so far for want of buffer."""
        # Reading PACKET_STATISTICS sets the kernel's counters to 0.
        _, drops = _COUNTS.unpack(self._socket.getsockopt(_SOL_PACKET, _PACKET_STATISTICS, _COUNTS.size))
        self._dropped += drops
        return self._dropped

    def close(self) -> None:
        """Close scapy's socket."""
        self._listening.close()
