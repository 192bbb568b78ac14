"""The pcapng writer against Wireshark, scapy's reader and an independent strict parser."""

import io
import struct
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capanalyze.capture.pcapng import PcapngDecoder
from capanalyze.capture.pcapng_codes import COMMENT, EPB_FLAGS, IF_FILTER, IF_NAME, IF_TSRESOL
from capanalyze.capture.pcapng_writer import (
    MAX_OPTION,
    enhanced_packet,
    interface_description,
    interface_statistics,
    option,
    section_header,
    text_option,
)
from tests.capture.live_lab import tshark
from tests.capture.tiny_pcapng import Block, Packet, blocks, packets

START_NS = 1_700_000_000_123_456_789
FRAME = bytes(12) + b"\x08\x00" + bytes.fromhex("4500001400000000400600007f0000017f000001") + b"data"

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


def whole_file() -> bytes:
    return b"".join(
        (
            section_header(hardware="abacus", os="an OS", application="capanalyze 1.2", comments=["of the section"]),
            interface_description(
                1, name="lo", description="Loopback", capture_filter="tcp port 4001", os="Linux", snap_length=262144
            ),
            interface_description(101, name="tun0", resolution=6),
            enhanced_packet(FRAME, START_NS, original=1000, flags=2, comments=["first", "zweiter, größer"]),
            enhanced_packet(FRAME[14:], START_NS // 1000, interface=1),
            interface_statistics(START_NS, start=START_NS - 5, end=START_NS, received=7, dropped=2, dropped_by_os=1),
        )
    )


def test_wireshark_reads_times_lengths_interfaces_flags_and_comments(tmp_path: Path) -> None:
    path = tmp_path / "written.pcapng"
    path.write_bytes(whole_file())

    seen = tshark(
        path,
        *("frame.time_epoch", "frame.cap_len", "frame.len", "frame.interface_name", "frame.packet_flags"),
        *("frame.comment", "frame.protocols"),
    )

    assert seen == [
        ["1700000000.123456789", "38", "1000", "lo", "0x00000002", "first,zweiter, größer", "eth:ethertype:ip"],
        ["1700000000.123456000", "24", "24", "tun0", "", "", "raw:ip"],
    ]


def test_capinfos_reads_the_section_and_the_interfaces(tmp_path: Path) -> None:
    path = tmp_path / "written.pcapng"
    path.write_bytes(whole_file())

    listed = subprocess.run(["capinfos", path], capture_output=True, check=True, text=True)

    facts = {line.strip() for line in listed.stdout.replace("  ", "").splitlines()}
    assert listed.stderr.replace('Running as user "root" and group "root". This could be dangerous.\n', "") == ""
    assert {
        "Capture hardware:abacus",
        "Capture oper-sys:an OS",
        "Capture application: capanalyze 1.2",
        "Capture comment: of the section",
        "Number of interfaces in file: 2",
        "Name = lo",
        "Description = Loopback",
        "Encapsulation = Ethernet (1 - ether)",
        "Capture length = 262144",
        "Filter string = tcp port 4001",
        "Operating system = Linux",
        "Time precision = nanoseconds (9)",
        "Number of stat entries = 1",
        "Name = tun0",
        "Encapsulation = Raw IP (7 - rawip)",
        "Time precision = microseconds (6)",
    } <= facts


def test_wireshark_writes_its_packets_again_with_nothing_lost(tmp_path: Path) -> None:
    path, again = tmp_path / "written.pcapng", tmp_path / "again.pcapng"
    path.write_bytes(whole_file())

    subprocess.run(["editcap", path, again], capture_output=True, check=True)

    assert packets(again.read_bytes()) == packets(path.read_bytes())


def test_scapys_reader_sees_the_same_packets() -> None:
    from scapy.utils import RawPcapNgReader

    reader = RawPcapNgReader(io.BytesIO(whole_file()))

    seen = [(data, meta.wirelen, meta.tshigh << 32 | meta.tslow) for data, meta in reader]
    assert seen == [(FRAME, 1000, START_NS), (FRAME[14:], 24, START_NS // 1000)]


def test_our_own_reader_sees_the_same_packets_interfaces_and_counts() -> None:
    decoder = PcapngDecoder()
    decoder.feed(whole_file())
    seen = []

    while decoder.advance():
        data = decoder.data[decoder.offset : decoder.offset + decoder.captured]
        seen.append((data, decoder.original, decoder.ts_ns, decoder.interface, decoder.link_type))

    assert seen == [(FRAME, 1000, START_NS, 0, 1), (FRAME[14:], 24, START_NS // 1000 * 1000, 1, 101)]
    assert (decoder.application, decoder.os, decoder.hardware) == ("capanalyze 1.2", "an OS", "abacus")
    assert [(each.name, each.filter, each.received, each.dropped) for each in decoder.interfaces] == [
        ("lo", "tcp port 4001", 7, 3),
        ("tun0", "", -1, -1),
    ]


@given(
    data=st.binary(max_size=70),
    ticks=st.integers(0, (1 << 64) - 1),
    interface=st.integers(0, (1 << 32) - 1),
    more=st.integers(0, 9),
    flags=st.none() | st.integers(0, (1 << 32) - 1),
    comments=st.lists(texts, max_size=3),
)
def test_an_independent_parser_reads_back_every_packet(
    data: bytes, ticks: int, interface: int, more: int, flags: int | None, comments: list[str]
) -> None:
    stream = enhanced_packet(
        data, ticks, interface=interface, original=len(data) + more, flags=flags, comments=comments
    )

    options = [(COMMENT, text.encode()) for text in comments if text]
    if flags is not None:
        options.append((EPB_FLAGS, struct.pack("<I", flags)))
    assert blocks(stream) == [Packet(ticks, data, len(data) + more, interface, options)]


@given(link_type=st.integers(0, 0xFFFF), name=texts, capture_filter=texts, resolution=st.integers(0, 255))
def test_an_independent_parser_reads_back_every_interface(
    link_type: int, name: str, capture_filter: str, resolution: int
) -> None:
    stream = interface_description(link_type, name=name, capture_filter=capture_filter, resolution=resolution)

    options = {IF_TSRESOL: bytes((resolution,))}
    options |= {IF_NAME: name.encode()} if name else {}
    options |= {IF_FILTER: b"\0" + capture_filter.encode()} if capture_filter else {}
    (block,) = blocks(stream)
    assert isinstance(block, Block)
    assert (block.fixed, dict(block.options)) == (struct.pack("<HHI", link_type, 0, 0), options)


@given(st.lists(texts, max_size=3), texts)
def test_an_independent_parser_reads_back_every_section(comments: list[str], application: str) -> None:
    (block,) = blocks(section_header(comments=comments, application=application))

    assert isinstance(block, Block)
    assert block.fixed == bytes.fromhex("4d3c2b1a 0100 0000 ffffffffffffffff")
    expected = [(1, text.encode()) for text in comments if text] + ([(4, application.encode())] if application else [])
    assert block.options == expected


counts = st.none() | st.integers(0, (1 << 64) - 1)


@given(ticks=st.integers(0, (1 << 64) - 1), numbers=st.tuples(counts, counts, counts, counts, counts))
def test_an_independent_parser_reads_back_every_statistics_block(ticks: int, numbers: tuple[int | None, ...]) -> None:
    start, end, received, dropped, by_os = numbers

    (block,) = blocks(
        interface_statistics(
            ticks, interface=3, start=start, end=end, received=received, dropped=dropped, dropped_by_os=by_os
        )
    )

    def halves(value: int) -> bytes:
        return struct.pack("<II", value >> 32, value & 0xFFFFFFFF)

    expected = {code: halves(value) for code, value in ((2, start), (3, end)) if value is not None}
    expected |= {
        code: value.to_bytes(8, "little")
        for code, value in ((4, received), (5, dropped), (7, by_os))
        if value is not None
    }
    assert isinstance(block, Block)
    assert (block.fixed, dict(block.options)) == (struct.pack("<I", 3) + halves(ticks), expected)


def test_a_text_longer_than_an_option_is_cut_between_characters() -> None:
    encoded = text_option(COMMENT, "x" + "ö" * MAX_OPTION)

    assert encoded[4 : 4 + MAX_OPTION].decode() == "x" + "ö" * (MAX_OPTION // 2)
    assert len(encoded) == 4 + MAX_OPTION + 1


def test_a_text_that_is_no_unicode_is_written_all_the_same() -> None:
    assert text_option(COMMENT, "a\udcffb") == b"\x01\x00\x03\x00a?b\0"


def test_a_value_longer_than_an_option_is_refused() -> None:
    with pytest.raises(ValueError, match="at most 65535 fit"):
        option(2988, bytes(MAX_OPTION + 1))


def test_any_buffer_is_a_packet() -> None:
    assert enhanced_packet(bytearray(b"abc"), 1) == enhanced_packet(memoryview(b"abc"), 1) == enhanced_packet(b"abc", 1)
