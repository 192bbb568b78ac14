"""A conversation as both of its hosts capture it, with a path between them. A helper of the tests, not a test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from capanalyze.api import read
from capanalyze.report.report import Report
from tests.conversation import Conversation, Packet, pcapng

BOTH, CLIENT, GATEWAY = 0, 1, 2
"""Who captures a packet; it is given as its ``interface``."""

DELAY_NS = 300_000


def seen_by(packets: Sequence[Packet], who: int, *, hops: int, clock_ns: int, ppm: int) -> list[Packet]:
    """What a host captures; ``clock_ns``: how far its clock is ahead when it begins, ``ppm``: how it runs away."""
    found = []
    for one in packets:
        if one.interface not in {BOTH, who}:
            continue
        sent = (one.sender == "client") == (who == CLIENT)
        late = 0 if sent or one.interface != BOTH else DELAY_NS
        ttl = one.ttl if sent or one.interface != BOTH else one.ttl - hops
        late += clock_ns + (one.ts_ns - packets[0].ts_ns) * ppm // 1_000_000
        found.append(replace(one, ts_ns=one.ts_ns + late, ttl=ttl, interface=0))
    return found


def captured(
    folder: Path, *talks: Conversation, hops: int = 1, clock_ns: int = 0, ppm: int = 0, until: int | None = None
) -> tuple[Path, Path]:
    """The captures of both hosts; the gateway's ends with packet ``until`` of all, and its clock is so far ahead."""
    packets = sorted((packet for talk in talks for packet in talk.packets), key=lambda packet: packet.ts_ns)
    client, gateway = folder / "client.pcapng", folder / "gateway.pcapng"
    client.write_bytes(pcapng(seen_by(packets, CLIENT, hops=hops, clock_ns=0, ppm=0)))
    gateway.write_bytes(pcapng(seen_by(packets[:until], GATEWAY, hops=hops, clock_ns=clock_ns, ppm=ppm)))
    return client, gateway


def report_of_both(folder: Path, *talks: Conversation, **how: int) -> Report:
    """The report of both."""
    return read(captured(folder, *talks, **how))
