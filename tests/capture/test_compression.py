"""Compressed captures: five kinds, whole, cut, damaged, concatenated, and those that expand without end."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import lzma
import random
import sys
import time
import tracemalloc
from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capanalyze.capture import compression
from capanalyze.capture.files import from_bytes
from capanalyze.errors import CapanalyzeError, NotACaptureError, ToolError
from tests.capture.octets import pcap, read


def zstd(data: bytes) -> bytes:
    """One zstd frame with a check sum, as the program writes it."""
    module: Any = import_module("compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd")
    return bytes(module.compress(data, options={module.CompressionParameter.checksum_flag: 1}))


def lz4(data: bytes) -> bytes:
    """One lz4 frame with a check sum, as the program writes it."""
    module: Any = import_module("lz4.frame")
    return bytes(module.compress(data, content_checksum=True))


KINDS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "bzip2": lambda data: bz2.compress(data, 1),  # blocks of 100 kB
    "xz": lzma.compress,
    "zstd": zstd,
    "lz4": lz4,
}
ALL = pytest.mark.parametrize("kind", KINDS)

NOISE = random.Random(7)
PACKETS = [(1_700_000_000 + at, at, NOISE.randbytes(at * 13 % 200 + 1).hex().encode()) for at in range(3000)]
PLAIN = pcap(PACKETS)
OCTETS = [octets for _, _, octets in PACKETS]


def octets_of(data: bytes, step: int = 0) -> tuple[list[bytes], str]:
    found, file = read(data, step)
    return [one.data for one in found], file.decoder.damage


@ALL
def test_a_whole_file(kind: str) -> None:
    assert octets_of(KINDS[kind](PLAIN)) == (OCTETS, "")


@ALL
@pytest.mark.parametrize("step", [1, 7, 4096])
def test_a_file_in_reads_of_any_size(kind: str, step: int) -> None:
    small = pcap(PACKETS[:200])

    assert octets_of(KINDS[kind](small), step) == (OCTETS[:200], "")


@ALL
def test_members_one_behind_the_other_with_padding(kind: str) -> None:
    compress = KINDS[kind]
    half = len(PLAIN) // 2

    assert octets_of(compress(PLAIN[:half]) + bytes(100) + compress(PLAIN[half:]) + bytes(4099)) == (OCTETS, "")


@ALL
@pytest.mark.parametrize("step", [0, 1])
def test_something_else_behind_the_end_is_told(kind: str, step: int) -> None:
    small = pcap(PACKETS[:50])

    found, damage = octets_of(KINDS[kind](small) + b"something else", step)

    assert (OCTETS[:50], f"behind the {kind} data lies something else") == (found, damage)


@ALL
@pytest.mark.parametrize("share", [0.3, 0.9, 1.0])
def test_a_cut_file_is_read_up_to_the_cut(kind: str, share: float) -> None:
    data = KINDS[kind](PLAIN)

    found, file = read(data[: int(len(data) * share) - 3])

    assert OCTETS[: len(found)] == [one.data for one in found]
    assert len(found) >= len(OCTETS) * (share - 0.3)
    assert (file.decoder.damage, file.decoder.cut) == (f"the {kind} data are cut", True)


@ALL
def test_a_damaged_file_is_read_up_to_the_damage(kind: str) -> None:
    data = bytearray(KINDS[kind](PLAIN))
    data[len(data) // 2] ^= 0xFF
    data[len(data) // 2 + 1] ^= 0xFF

    found, file = read(bytes(data))

    good = [one.data == other for one, other in zip(found, OCTETS, strict=False)]
    assert file.decoder.damage
    assert not file.decoder.cut
    assert sum(good) > len(OCTETS) * 0.3


def test_gzip_gives_every_octet_before_the_damage_in_a_small_file() -> None:
    small = pcap(PACKETS[:40])
    data = bytearray(gzip.compress(small))
    data[-6] ^= 0xFF  # the check sum: nothing else is wrong
    damage = "the gzip data are damaged (Error -3 while decompressing data: incorrect data check)"

    assert octets_of(bytes(data)) == (OCTETS[:40], damage)


@ALL
def test_nothing_inside_is_said(kind: str) -> None:
    with pytest.raises(NotACaptureError) as caught:
        from_bytes(KINDS[kind](b""))

    assert str(caught.value) == f"octets: the {kind} data are empty"


@pytest.mark.parametrize("kind", ["gzip", "bzip2", "xz"])
def test_compressed_twice_is_said(kind: str) -> None:
    with pytest.raises(NotACaptureError) as caught:
        from_bytes(gzip.compress(KINDS[kind](PLAIN)))

    assert str(caught.value) == f"octets: {kind} data inside compressed data, not pcap or pcapng"


@pytest.mark.parametrize("step", [0, 5])
@pytest.mark.parametrize(
    ("kind", "size"),
    [("zstd", 0), ("zstd", 5), ("zstd", 3000), ("zstd", 70_000), ("lz4", 0), ("lz4", 5), ("lz4", 3000)],
)
def test_skippable_frames_before_the_data_are_skipped(kind: str, size: int, step: int) -> None:
    frame = b"\x53\x2a\x4d\x18" + size.to_bytes(4, "little") + bytes(size)
    assert octets_of(frame + frame + KINDS[kind](PLAIN), step) == (OCTETS, "")


@cache
def bomb(kind: str) -> bytes:
    return KINDS[kind](pcap([(1, 1, b"one")]) + (b"\1\0\0\0" + bytes(12)) * (3 * compression.FREE // 32))


def count(data: bytes) -> int:
    return sum(1 for window in from_bytes(data).windows() for _ in iter(window.advance, False))


def skim(data: bytes) -> None:
    for window in from_bytes(data).windows():
        window.pos = len(window.data)


BOMBS = pytest.mark.parametrize("kind", ["gzip", "bzip2", "xz", "zstd"])


@BOMBS
def test_a_bomb_is_refused_in_bounded_time(kind: str) -> None:
    data = bomb(kind)
    before = time.process_time()
    with pytest.raises(NotACaptureError) as caught:
        count(data)

    assert str(caught.value).startswith(f"octets: {len(data)} octets of {kind} expand to more than ")
    assert time.process_time() - before < 10  # for a million empty packets, interpreted


@BOMBS
def test_a_bomb_takes_no_memory(kind: str) -> None:
    data = bomb(kind)
    tracemalloc.start()
    with pytest.raises(NotACaptureError):
        skim(data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 16 * 1024 * 1024


@BOMBS
def test_what_lies_behind_damage_is_not_expanded(kind: str) -> None:
    found, damage = octets_of(KINDS[kind](pcap([(1, 1, b"one")]) + bytes(compression.FREE)))

    assert (found, damage) == ([b"one"], "nothing but zeros at octet 43, after packet 1")


def test_what_shrinks_well_but_not_absurdly_is_read() -> None:
    packets = [(1_700_000_000 + at, 0, b"the same message again and again") for at in range(400_000)]
    plain = pcap(packets)

    found, damage = octets_of(gzip.compress(plain, 9))

    assert len(plain) > compression.FREE
    assert (len(found), damage) == (400_000, "")


@pytest.mark.parametrize(("kind", "module"), [("zstd", "backports.zstd"), ("lz4", "lz4.frame")])
def test_a_missing_package_is_said_with_what_to_install(
    kind: str, module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = KINDS[kind](PLAIN)
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setitem(sys.modules, "compression.zstd", None)
    with pytest.raises(ToolError) as caught:
        from_bytes(data)

    assert str(caught.value) == f"octets: compressed with {kind}, and the Python package for it is not installed"
    assert caught.value.hint == 'pip install "capanalyze[compression]", or expand the file first'


SMALLS = {kind: compress(pcap(PACKETS[:20])) for kind, compress in KINDS.items()}


@given(
    st.sampled_from(sorted(KINDS)),
    st.lists(st.tuples(st.integers(4, 3000), st.integers(0, 255)), max_size=4),
    st.integers(1, 4000),
    st.binary(max_size=40),
)
def test_no_damage_raises(kind: str, changes: list[tuple[int, int]], cut: int, tail: bytes) -> None:
    data = bytearray(SMALLS[kind])
    for at, octet in changes:
        data[at % len(data)] = octet
    found: list[bytes] = []
    with contextlib.suppress(CapanalyzeError):
        found, _ = octets_of(bytes(data[:cut]) + tail)

    assert len(found) <= 1000
