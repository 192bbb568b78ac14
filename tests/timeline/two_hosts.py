"""A conversation as both of its hosts capture it, with a path between them. A helper of the tests, not a test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from capanalyze.api import read
from capanalyze.report.report import Report
from tests.conversation import Conversation, Packet, block, pcapng
from tests.timeline.talk import frame, ready

BOTH, CLIENT, GATEWAY = 0, 1, 2
"""Who captures a packet; it is given as its ``interface``."""

REQUEST = frame("49", "1")
TIME = frame("49", "1", "1700000000")
DROPPED_3 = block(5, bytes(12) + b"\x05\x00\x08\x00" + (3).to_bytes(8, "little") + bytes(4))
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


def cut_off(*, ttl: int = 64) -> Conversation:
    """A session in which the path resets the client in the gateway's name; the request does not arrive."""
    talk = ready().after(1).client.data(REQUEST, interface=CLIENT, undelivered=True)
    return talk.server.bare_rst(seq=talk.server.next, interface=CLIENT, ttl=ttl)


def goes_on(talk: Conversation) -> Conversation:
    """The gateway, which knows of nothing, speaks on, and the client's host has no such connection any more."""
    return talk.after(2).server.data(TIME).client.bare_rst(seq=talk.client.next)


def another(talk: Conversation) -> Conversation:
    """A later session to the same gateway."""
    return ready(client_address=("127.0.0.1", 50001), clock=talk.clock + 5_000_000_000)


def ids(report: Report) -> dict[str, str]:
    """Every finding of a report and how sure it is."""
    return {finding.id: finding.certainty for _, finding in report.all_findings()}
