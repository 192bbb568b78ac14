"""scapy's engine against sockets that misbehave, and the classic BPF programs that filter for it."""

import errno
import os
import socket
import struct

import pytest

from capanalyze.capture import packet_socket, scapy_raw
from capanalyze.capture.engine import ICMP_ERRORS, Source
from capanalyze.capture.pcapng_writer import enhanced_packet
from capanalyze.capture.scapy_raw import ScapyRaw
from capanalyze.capture.socket_filter import MAX_INSTRUCTIONS, Instruction, tcp_filter
from capanalyze.errors import NoAccessError, ToolError
from tests.capture.tiny_pcapng import Block, blocks, packets


class Scripted:
    """A socket that delivers what it is given: packets, and errors to raise."""

    link_type = 1
    delay_ns = 0

    def __init__(self, *script: bytes | OSError | None) -> None:
        self.script = list(script)
        self.drops: int | None = 3

    def read_packet(self) -> bytes | None:
        step = self.script.pop(0) if self.script else None
        if isinstance(step, OSError):
            raise step
        return step

    def wait(self, _: float) -> bool:
        return bool(self.script)

    def stop(self) -> None:
        self.script.append(packet(b"late"))

    def dropped(self) -> int | None:
        if self.drops is None:
            raise OSError(errno.ENETDOWN, "down")
        return self.drops

    def close(self) -> None:
        pass


def packet(data: bytes) -> bytes:
    return enhanced_packet(data, 1)


def engine(monkeypatch: pytest.MonkeyPatch, scripted: Scripted, interface: str = "lo") -> ScapyRaw:
    monkeypatch.setattr(scapy_raw, "_open", lambda _: scripted)
    return ScapyRaw(Source(interface=interface, ports=(4001, 7497)))


def read_all(capture: ScapyRaw) -> bytes:
    pieces = []
    while (piece := capture.read(0)) is not None:
        pieces.append(piece)
        if not piece:
            capture.finish()
    return b"".join(pieces)


def test_the_stream_describes_its_interface_and_ends_with_its_statistics(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = read_all(engine(monkeypatch, Scripted(packet(b"one"), packet(b"two"))))

    section, interface, *between, statistics = blocks(stream)
    assert isinstance(section, Block)
    assert isinstance(interface, Block)
    assert isinstance(statistics, Block)
    assert dict(section.options)[4].startswith(b"capanalyze")
    assert dict(interface.options)[2] == b"lo"
    assert dict(interface.options)[11] == b"\0tcp port 4001 or tcp port 7497 or " + ICMP_ERRORS.encode()
    assert dict(interface.options)[9] == b"\x09"
    assert len(between) == 3
    assert dict(statistics.options)[4] == struct.pack("<Q", 6)
    assert dict(statistics.options)[7] == struct.pack("<Q", 3)


def test_what_came_before_an_error_is_delivered_and_the_error_ends_the_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    scripted = Scripted(packet(b"one"), OSError(errno.EIO, "Input/output error"))
    scripted.drops = None
    capture = engine(monkeypatch, scripted)

    stream = read_all(capture)

    assert [each.data for each in packets(stream)] == [b"one"]
    assert str(capture.trouble()) == "scapy on lo: Input/output error"


def test_an_interface_that_goes_down_for_a_while_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    scripted = Scripted(packet(b"one"), OSError(errno.ENETDOWN, "Network is down"), packet(b"two"))
    capture = engine(monkeypatch, scripted)

    stream = read_all(capture)

    assert [each.data for each in packets(stream)] == [b"one", b"two", b"late"]
    assert capture.trouble() is None


def test_an_interface_that_disappears_ends_the_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    capture = engine(monkeypatch, Scripted(OSError(errno.ENETDOWN, "Network is down")), "gone0")

    read_all(capture)

    assert str(capture.trouble()) == "gone0: the interface is gone"


@pytest.mark.parametrize(
    ("error", "kind", "message"),
    [
        (PermissionError(errno.EPERM, "Operation not permitted"), NoAccessError, "a raw socket may not be opened"),
        (OSError("lo0: You don't have permission to capture"), NoAccessError, "a raw socket may not be opened"),
        (OSError(errno.ENODEV, os.strerror(errno.ENODEV)), NoAccessError, "no such interface"),
        (ValueError("Interface 'eth7' not found !"), NoAccessError, "no such interface"),
        (OSError(errno.ENETDOWN, "Network is down"), NoAccessError, "the interface is down"),
        (RuntimeError("no libpcap provider"), ToolError, "no libpcap provider"),
    ],
)
def test_what_scapy_raises_becomes_one_clear_line(
    error: Exception, kind: type[Exception], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Source) -> None:
        raise error

    monkeypatch.setattr(scapy_raw, "_open", fail)

    with pytest.raises(kind, match=message):
        ScapyRaw(Source(interface="lo", ports=()))


def test_a_tag_that_the_kernel_took_out_of_a_frame_is_known_again() -> None:
    def auxiliary(status: int) -> list[tuple[int, int, bytes]]:
        return [(1, 35, b""), (263, 8, struct.pack("=IIIHHHH", status, 60, 60, 0, 14, 5, 0x88A8))]

    tags = [packet_socket._vlan_tag(auxiliary(status)) for status in (0x00, 0x10, 0x50)]

    assert tags == [b"", b"\x81\x00\x00\x05", b"\x88\xa8\x00\x05"]


@pytest.mark.parametrize("layout", ["=qq", "=ii"])
def test_time_stamps_of_both_word_sizes_are_read_to_the_nanosecond(layout: str) -> None:
    ancillary = [(socket.SOL_SOCKET, 35, struct.pack(layout, 1_700_000_000, 123_456_789))]

    assert packet_socket._timestamp(ancillary) == 1_700_000_000_123_456_789


def run(program: list[Instruction], frame: bytes, protocol: int, packet_type: int) -> bool:
    """The few instructions of classic BPF that the programs use, on a frame whose network header starts at 0."""
    accumulator = index = counter = 0
    while True:
        code, jump_true, jump_false, k = program[counter]
        counter += 1
        at = k - 0xFFF00000 + (index if code in (0x48, 0x50) else 0)
        if code in (0x28, 0x30) and k >= 0xFFFFF000:
            accumulator = {0xFFFFF000: protocol, 0xFFFFF004: packet_type}[k]
        elif code in (0x28, 0x48, 0x30, 0x50):
            size = 1 if code in (0x30, 0x50) else 2
            if at + size > len(frame):
                return False
            accumulator = int.from_bytes(frame[at : at + size])
        elif code == 0xB1:
            index = (frame[at] & 15) * 4
        elif code == 0x05:
            counter += k
        elif code == 0x15:
            counter += jump_true if accumulator == k else jump_false
        elif code == 0x45:
            counter += jump_true if accumulator & k else jump_false
        else:
            assert code == 0x06
            return k > 0


def ipv4(source: int, destination: int, options: int = 0, protocol: int = 6, fragment: int = 0) -> bytes:
    head = bytes((0x45 + options, 0, 0, 40, 0, 0, fragment >> 8, fragment & 255, 64, protocol)) + bytes(
        10 + 4 * options
    )
    return head + struct.pack(">HH", source, destination) + bytes(16)


@pytest.mark.parametrize("ports", [(4001,), tuple(range(4001, 4401))])
def test_the_program_takes_the_ports_in_either_direction_and_nothing_else(ports: tuple[int, ...]) -> None:
    program = tcp_filter(ports, skip_outgoing=True)

    def taken(frame: bytes, packet_type: int = 0) -> bool:
        return run(program, frame, 0x0800, packet_type)

    assert all(taken(ipv4(5, port)) and taken(ipv4(port, 5, options=3)) for port in ports)
    assert not taken(ipv4(5, 4000))
    assert not taken(ipv4(5, 4001), packet_type=4)
    assert not taken(ipv4(5, 4001, protocol=17))
    assert not taken(ipv4(5, 4001, fragment=1))
    assert taken(ipv4(5, 4001, fragment=0x2000))
    assert not taken(ipv4(5, 4001)[:22])


@pytest.mark.parametrize("ports", [(4001,), ()])
def test_the_program_takes_icmp_errors_about_tcp_and_no_other_icmp(ports: tuple[int, ...]) -> None:
    program = tcp_filter(ports, skip_outgoing=True)

    def taken(kind: int, quoted: int, fragment: int = 0, options: int = 0) -> bool:
        head = bytearray(ipv4(0, 0, options, 1, fragment))[: 20 + 4 * options]
        return run(program, bytes(head) + bytes((kind, 3)) + bytes(6) + ipv4(5, 4001, protocol=quoted), 0x0800, 0)

    def taken_6(kind: int, quoted: int) -> bool:
        outer, inner = (bytes(6) + bytes((protocol, 64)) + bytes(32) for protocol in (58, quoted))
        return run(program, outer + bytes((kind, 4)) + bytes(6) + inner + bytes(20), 0x86DD, 0)

    assert taken(3, 6)
    assert taken(11, 6, options=2)
    assert not any((taken(3, 17), taken(5, 6), taken(8, 6), taken(3, 6, fragment=1)))
    assert taken_6(1, 6)
    assert taken_6(3, 6)
    assert not any((taken_6(1, 17), taken_6(128, 6), taken_6(135, 6)))


def test_more_ports_than_a_program_holds_are_refused() -> None:
    assert len(tcp_filter(tuple(range(1, 500)), skip_outgoing=True)) <= MAX_INSTRUCTIONS
    with pytest.raises(ValueError, match="600 ports need"):
        tcp_filter(tuple(range(1, 601)), skip_outgoing=True)
