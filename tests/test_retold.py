"""The same answer however a capture is told: other numbers, ports and link layers, packets cut, copied or mixed."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from random import Random
from typing import Any

import pytest

from capanalyze.api import read_files
from capanalyze.capture.files import from_bytes
from tests.conversation import ETHERNET, NULL, RAW, SLL2, frames, pcap_of_frames
from tests.retold import (
    Frame,
    behind,
    frames_of,
    from_other_ports,
    in_fragments,
    in_two,
    padded,
    renumbered,
    rewritten,
    twice,
)
from tests.tcp.test_damaged_captures import damaged

ROOT = Path(__file__).parents[1]
BEGINNING_NS = 1_700_000_000_000_000_000
MONTH_NS = 30 * 86_400 * 10**9
Told = Callable[[list[Frame]], list[Frame]]

THE_SAME: dict[str, tuple[Told, int]] = {
    "other sequence numbers": (lambda held: renumbered(held, Random(1)), ETHERNET),
    "a VLAN": (partial(behind, b"\x81\0\0\7", kept=12), ETHERNET),
    "two VLAN tags": (partial(behind, b"\x88\xa8\0\x09\x81\0\0\7", kept=12), ETHERNET),
    "no link layer": (partial(behind, b""), RAW),
    "BSD loopback": (lambda held: [null(frame) for frame in held], NULL),
    "Linux any": (lambda held: [sll2(frame) for frame in held], SLL2),
    "padding": (padded, ETHERNET),
    "a month later": (lambda held: [one._replace(ts_ns=one.ts_ns + MONTH_NS) for one in held], ETHERNET),
}

THE_SAME_CLOSE: dict[str, Told] = {
    "segments in two": lambda held: in_two(held, Random(2)),
    "datagrams in fragments": in_fragments,
    "every packet twice": twice,
}


def null(frame: Frame) -> Frame:
    """Behind the address family as NetBSD and OpenBSD number it."""
    family = 2 if frame.octets[12:14] == b"\x08\x00" else 24
    return rewritten(frame, family.to_bytes(4, "little") + frame.octets[14:])


def sll2(frame: Frame) -> Frame:
    """Behind a header of LINKTYPE_LINUX_SLL2: protocol, interface 1, ARPHRD_ETHER, a packet to us, and an address."""
    return rewritten(frame, frame.octets[12:14] + bytes(5) + b"\1\0\1\0\6" + bytes(8) + frame.octets[14:])


@cache
def captures() -> dict[str, list[Frame]]:
    """The recordings of real clients that can be told in another way."""
    found = {path.name: frames_of(path) for path in sorted((ROOT / "captures").glob("*.pcapng"))}
    return {name: held for name, held in found.items() if held}


def damaged_ones() -> dict[str, list[Frame]]:
    """What bad captures hold of random connections over bad networks."""
    held = {f"damaged {seed}": frames(damaged(seed).captured) for seed in range(80)}
    return {name: [Frame(ts_ns, len(octets), octets) for ts_ns, octets in found] for name, found in held.items()}


def reported(held: list[Frame], link_type: int = ETHERNET) -> dict[str, Any]:
    octets = pcap_of_frames([(one.ts_ns, one.octets, one.wire) for one in held], link_type)
    return read_files([from_bytes(octets)]).to_dict()


def without(value: object, unlike: re.Pattern[str]) -> object:
    """A part of a report but for what may differ: the times of day, and keys that match."""
    if isinstance(value, dict):
        return {key: without(inner, unlike) for key, inner in value.items() if not unlike.search(key)}
    return [without(inner, unlike) for inner in value] if isinstance(value, list) else value


WHOLE = re.compile("ts_ns$|^capture$")
ALONE = re.compile("ts_ns$|packets?$|^idle_ns$|^fins$|^resets$|^conn$|^port$|^findings$|^verdict$")
CLOSE = re.compile(
    "ts_ns$|packet|^fins$|^resets$|^events$|^notes$|^findings$|^tws$|^before_close$|^timeline$|^verdict$"
)


@pytest.mark.parametrize("name", THE_SAME)
def test_nothing_else_is_told(name: str) -> None:
    told, link_type = THE_SAME[name]
    for capture, held in (captures() | damaged_ones()).items():
        again = reported(told(held), link_type)

        assert without(again, WHOLE) == without(reported(held), WHOLE), capture


@pytest.mark.parametrize("name", THE_SAME_CLOSE)
def test_the_same_close_is_told(name: str) -> None:
    for capture, held in captures().items():
        before, again = (reported(one)["connections"] for one in (held, THE_SAME_CLOSE[name](held)))

        assert without(again, CLOSE) == without(before, CLOSE), capture


def test_what_else_is_captured_changes_nothing() -> None:
    alone, together = [], []
    for number, held in enumerate(captures().values()):
        told = from_other_ports(held, 10_000 + 100 * number)
        late = told[0].ts_ns - BEGINNING_NS
        together += [one._replace(ts_ns=one.ts_ns - late) for one in told]
        alone += reported(told)["connections"]

    mixed = reported(sorted(together, key=lambda one: one.ts_ns))["connections"]

    assert by_port(mixed) == by_port(alone)


def by_port(connections: list[dict[str, Any]]) -> dict[int, Any]:
    """What is told of each connection, by its client's port."""
    return {one["client"]["port"]: without(one, ALONE) for one in connections}
