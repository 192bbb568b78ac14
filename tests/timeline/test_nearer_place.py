"""What the place nearer to a side proves, where a connection was captured at two."""

import struct
from dataclasses import replace
from pathlib import Path

import pytest

from capanalyze.api import read
from capanalyze.report.report import Report
from tests.conversation import ETHERNET, Conversation, block, pcapng
from tests.timeline.talk import (
    HELLO,
    ready,
    report,
)
from tests.timeline.two_hosts import CLIENT, GATEWAY, captured
from tests.timeline.two_places import LATER, beside


@pytest.mark.parametrize(("seen", "ids"), [(False, ["injected-rst"]), (True, [])])
def test_a_rst_that_did_not_come_by_the_gateway_s_side_was_likely_made_between(seen: bool, ids: list[str]) -> None:
    talk = ready().client.data(HELLO).server.rst()
    twin = beside(talk)
    twin.packets[-1].ts_ns -= 2 * LATER
    if not seen:
        del twin.packets[-1]

    every = [one for _, one in report(talk, twin).all_findings() if one.id == "injected-rst"]

    assert [one.id for one in every] == ids
    assert {one.certainty for one in every} <= {"likely"}


def test_a_place_that_lacks_other_packets_may_lack_the_rst_as_well() -> None:
    talk = ready().client.data(HELLO).server.ack().server.rst()
    twin = beside(talk)
    twin.packets[-1:] = []
    twin.packets = [packet for packet in twin.packets if packet.payload != HELLO]

    assert [one.close.made_between for one in report(talk, twin).connections if one.close is not None] == [False]


OUTSIDE = ("203.0.113.5", 4001)


def of_two_hosts(folder: Path, talk: Conversation, ahead_ns: int) -> Report:
    """The report of both hosts' captures, with a NAT between them; the clock of the gateway's is so far ahead."""
    client, gateway = captured(folder, talk, clock_ns=ahead_ns)
    gateway.write_bytes(gateway.read_bytes().replace(bytes((203, 0, 113, 5)), bytes((10, 0, 0, 2))))
    return read([client, gateway])


def reset_in_vain(sender: str) -> Conversation:
    """A session that one side resets; the other one does not get that RST, and speaks on."""
    talk = ready(client_address=("198.51.100.7", 50000), server_address=OUTSIDE).after(5)
    end, peer = (talk.client, talk.server) if sender == "client" else (talk.server, talk.client)
    end.rst(undelivered=True, interface=CLIENT if sender == "client" else GATEWAY)
    for _ in range(3):
        talk.after(1)
        peer.data(HELLO, undelivered=True, interface=GATEWAY if sender == "client" else CLIENT)
    return talk


@pytest.mark.parametrize("ahead_ns", [-600_000_000, -10_000_000, 0, 10_000_000, 600_000_000])
@pytest.mark.parametrize("sender", ["client", "server"])
def test_clocks_do_not_tell_which_place_is_nearer(tmp_path: Path, sender: str, ahead_ns: int) -> None:
    found = of_two_hosts(tmp_path, reset_in_vain(sender), ahead_ns)

    closers = [(one.close.first, one.close.made_between) for one in found.connections if one.close is not None]
    assert closers == [(sender, False)]
    assert found.verdict.endswith("; connections 1 and 2 are one, captured on both sides of a NAT.")


@pytest.mark.parametrize("last", [False, True], ids=["goes on", "had ended"])
def test_a_place_that_was_not_recorded_to_the_end_proves_nothing(tmp_path: Path, last: bool) -> None:
    talk = ready(client_address=("198.51.100.7", 50000), server_address=OUTSIDE).after(5)
    talk.server.rst(interface=CLIENT)
    if not last:
        talk.after(1).server.keep_alive(interface=GATEWAY)

    found = of_two_hosts(tmp_path, talk, 0)

    assert found.verdict.startswith("The gateway probably closed first") is last
    assert [one.close.made_between for one in found.connections if one.close is not None] == [not last]


@pytest.mark.parametrize("ahead_ns", [-500_000_000, 500_000_000])
def test_nor_does_one_whose_file_was_read_before_or_after_the_other(tmp_path: Path, ahead_ns: int) -> None:
    talk = ready(client_address=("198.51.100.7", 50000), server_address=OUTSIDE).server.rst(interface=CLIENT)

    found = of_two_hosts(tmp_path, talk, ahead_ns)

    assert [one.close.made_between for one in found.connections if one.close is not None] == [False]


def statistics(interface: int, ended_ns: int) -> bytes:
    """How dumpcap says when it ended."""
    ended = struct.pack("<II", *divmod(ended_ns // 1000, 1 << 32))
    return block(5, struct.pack("<I", interface) + ended + b"\x03\0\x08\0" + ended + bytes(4))


@pytest.mark.parametrize("of_one", [False, True])
def test_a_place_that_was_recorded_apart_may_have_ended_before(of_one: bool, tmp_path: Path) -> None:
    talk = ready().after(9).client.data(HELLO).server.rst()
    twin = beside(talk)
    del twin.packets[-1]
    path = tmp_path / "merged.pcapng"
    packets = [*talk.packets, *(replace(packet, interface=1) for packet in twin.packets)]
    octets = pcapng(sorted(packets, key=lambda packet: packet.ts_ns), [ETHERNET] * 2)
    ends = [talk.clock, talk.clock + 5_000] if of_one else []
    path.write_bytes(octets + b"".join(statistics(at, end) for at, end in enumerate(ends)))

    verdict = read(path).verdict

    assert verdict.startswith("The gateway closed first on connection 1 by a reset") is not of_one
    assert ("that the gateway's host probably did not send" in verdict) is of_one


def received(ended_ns: int, packets: int) -> bytes:
    """The same of a file's only interface, and how many packets came."""
    ended = struct.pack("<II", *divmod(ended_ns // 1000, 1 << 32))
    options = b"\x03\0\x08\0" + ended + b"\x04\0\x08\0" + struct.pack("<Q", packets) + bytes(4)
    return block(5, bytes(4) + ended + options)


@pytest.mark.parametrize(("known", "seconds"), [((5, 8), 5), ((8, 5), 5), ((8, None), 0)])
def test_of_two_captures_the_one_that_ended_first_tells_until_when_nothing_came(
    known: tuple[int, int | None], seconds: int, tmp_path: Path
) -> None:
    talk = ready()
    paths = captured(tmp_path, talk)
    for path, after in zip(paths, known, strict=True):
        if after is not None:
            path.write_bytes(path.read_bytes() + received(talk.clock + after * 1_000_000_000, len(talk.packets)))

    capture = read(paths).capture

    until = None if capture.ended_ts_ns is None else round((capture.ended_ts_ns - talk.clock) / 1e9)
    assert until == (seconds or None)


@pytest.mark.parametrize("apart_ns", [LATER, 7 * LATER])
def test_of_captures_of_two_hosts_the_clocks_do_not_tell_which_is_nearer(apart_ns: int, tmp_path: Path) -> None:
    talk = ready().client.data(HELLO)
    twin = beside(talk)
    paths = [tmp_path / name for name in ("client.pcapng", "gateway.pcapng")]
    paths[1].write_bytes(pcapng([replace(packet, ts_ns=packet.ts_ns + apart_ns) for packet in twin.packets]))
    paths[0].write_bytes(pcapng(talk.after(1).server.rst().packets))

    assert read(paths).verdict.startswith("The gateway closed first on connection 1 by a reset")
