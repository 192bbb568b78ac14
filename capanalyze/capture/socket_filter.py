"""``Source.capture_filter`` as a classic BPF program for a Linux packet socket: scapy needs no libpcap to filter.

It looks at the same octets as libpcap's compilation of the filter: with ports, first fragments of IPv4 and of IPv6
without extension headers; without ports, fragments too; and ICMP errors that quote TCP. It reads them relative to the
network header, so one program fits every link type.

Numbers: linux/filter.h, linux/bpf_common.h (codes, SKF_ offsets), linux/if_ether.h, linux/if_packet.h,
RFC 791, RFC 792, RFC 4443, RFC 8200.
"""

import array
import socket
import struct
from typing import Final

MAX_INSTRUCTIONS: Final = 4096
"""BPF_MAXINSNS: with two instructions a port in each of four places, some 500 ports fit."""

_SO_ATTACH_FILTER: Final = 26

_LD_H_ABS: Final = 0x28
_LD_B_ABS: Final = 0x30
_LD_H_IND: Final = 0x48
_LD_B_IND: Final = 0x50
_LDX_MSH: Final = 0xB1
_JA: Final = 0x05
_JEQ: Final = 0x15
_JSET: Final = 0x45
_RET: Final = 0x06

_AD_PROTOCOL: Final = 0xFFFFF000  # SKF_AD_OFF + SKF_AD_PROTOCOL
_AD_PKTTYPE: Final = 0xFFFFF004  # SKF_AD_OFF + SKF_AD_PKTTYPE
_NET: Final = 0xFFF00000  # SKF_NET_OFF
_PACKET_OUTGOING: Final = 4
_TYPE_IPV4: Final = 0x0800
_TYPE_IPV6: Final = 0x86DD
_TCP: Final = 6
_ICMP: Final = 1
_ICMP_6: Final = 58
_IPV6_FRAGMENT: Final = 44
_FRAGMENT_OFFSET: Final = 0x1FFF

Instruction = tuple[int, int, int, int]
_ACCEPT: Final[Instruction] = (_RET, 0, 0, 0x7FFFFFFF)
_DROP: Final[Instruction] = (_RET, 0, 0, 0)
_FIRST_FRAGMENT: Final = [(_LD_H_ABS, 0, 0, _NET + 6), (_JSET, 0, 1, _FRAGMENT_OFFSET), _DROP]
_ICMP_ERROR: Final = [  # of the protocol that was loaded last: unreachable or time exceeded, and TCP is quoted
    (_JEQ, 1, 0, _ICMP),
    _DROP,
    *_FIRST_FRAGMENT,
    (_LDX_MSH, 0, 0, _NET),
    (_LD_B_IND, 0, 0, _NET),
    (_JEQ, 2, 0, 3),
    (_JEQ, 1, 0, 11),
    _DROP,
    (_LD_B_IND, 0, 0, _NET + 17),
    (_JEQ, 0, 1, _TCP),
    _ACCEPT,
    _DROP,
]
_ICMP_6_ERROR: Final = [
    (_JEQ, 1, 0, _ICMP_6),
    _DROP,
    (_LD_B_ABS, 0, 0, _NET + 40),
    (_JEQ, 2, 0, 1),
    (_JEQ, 1, 0, 3),
    _DROP,
    (_LD_B_ABS, 0, 0, _NET + 54),
    (_JEQ, 0, 1, _TCP),
    _ACCEPT,
    _DROP,
]
_IPV4: Final = [(_LD_B_ABS, 0, 0, _NET + 9), (_JEQ, len(_ICMP_ERROR), 0, _TCP), *_ICMP_ERROR]
"""An error is decided here; TCP goes on after it."""
_IPV6: Final = [(_LD_B_ABS, 0, 0, _NET + 6), (_JEQ, len(_ICMP_6_ERROR), 0, _TCP), *_ICMP_6_ERROR]
_IPV6_TCP: Final = [
    (_LD_B_ABS, 0, 0, _NET + 6),
    (_JEQ, 0, 4, _IPV6_FRAGMENT),
    (_LD_B_ABS, 0, 0, _NET + 40),
    (_JEQ, 0, 1, _TCP),
    _ACCEPT,
    _DROP,
    *_IPV6[1:],
    _ACCEPT,
]


def _ports(load: int, at: int, ports: tuple[int, ...]) -> list[Instruction]:
    """Accept where the source or the destination port (two words from ``at`` on) is one of ``ports``, else drop."""
    program = []
    for offset in (0, 2):
        program.append((load, 0, 0, at + offset))
        for port in ports:
            program += [(_JEQ, 0, 1, port), _ACCEPT]
    return [*program, _DROP]


def _ipv4_ports(ports: tuple[int, ...]) -> list[Instruction]:
    return [*_IPV4, *_FIRST_FRAGMENT, (_LDX_MSH, 0, 0, _NET), *_ports(_LD_H_IND, _NET, ports)]


def _ipv6_ports(ports: tuple[int, ...]) -> list[Instruction]:
    return [*_IPV6, *_ports(_LD_H_ABS, _NET + 40, ports)]


def tcp_filter(ports: tuple[int, ...], *, skip_outgoing: bool) -> list[Instruction]:
    """The program that accepts TCP from or to ``ports`` (any TCP where there are none), and ICMP errors about TCP.

    Args:
        ports: TCP ports.
        skip_outgoing: drop the outgoing copy; a loopback interface shows each packet going out and coming in.

    Raises:
        ValueError: too many ports for one program.
    """
    ipv4, ipv6 = (_ipv4_ports(ports), _ipv6_ports(ports)) if ports else ([*_IPV4, _ACCEPT], _IPV6_TCP)
    outgoing = [(_LD_B_ABS, 0, 0, _AD_PKTTYPE), (_JEQ, 0, 1, _PACKET_OUTGOING), _DROP] if skip_outgoing else []
    program = [
        *outgoing,
        (_LD_H_ABS, 0, 0, _AD_PROTOCOL),
        (_JEQ, 1, 0, _TYPE_IPV4),
        (_JA, 0, 0, len(ipv4)),
        *ipv4,
        (_JEQ, 1, 0, _TYPE_IPV6),
        _DROP,
        *ipv6,
    ]
    if len(program) > MAX_INSTRUCTIONS:
        raise ValueError(f"{len(ports)} ports need {len(program)} instructions, at most {MAX_INSTRUCTIONS} fit")
    return program


def attach(sock: socket.socket, program: list[Instruction]) -> None:
    """Make ``program`` the filter of ``sock`` (SO_ATTACH_FILTER); the kernel copies it. OSError where it refuses."""
    # struct sock_filter: code, jt, jf, k; struct sock_fprog: their number and their address.
    memory = array.array("B", b"".join(struct.pack("=HBBI", *instruction) for instruction in program))
    address, _ = memory.buffer_info()
    sock.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("@HP", len(program), address))


def drop_all(sock: socket.socket) -> None:
    """Let nothing more into ``sock``; what it has queued stays."""
    attach(sock, [_DROP])
