"""Files that hold the same packets are of the same time, whatever their clocks say; the files of a ring never are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from capanalyze.api import read
from tests.capture.octets import pcap
from tests.capture.test_merged import at_both_ends, frame, session, told, written
from tests.conversation import Conversation, Packet, pcapng

HOUR_NS = 3_600_000_000_000
SILENT = tuple(Conversation(("127.0.0.1", 50000)).open().client.data(b"API\0\0\0\0\x09v100..176").packets)
REUSED = Conversation(("127.0.0.1", 50000), client_isn=7, server_isn=8).open().client.data(b"API\0\0\0\0\x09v100..176")


@pytest.mark.parametrize("behind_ns", [3 * HOUR_NS + 120_000_000_000, -HOUR_NS, 900_000_000])
@pytest.mark.parametrize("order", [1, -1])
def test_a_connection_is_told_once_though_one_clock_is_hours_off(behind_ns: int, order: int, tmp_path: Path) -> None:
    talk = session()
    client, gateway = at_both_ends(talk.packets, tmp_path, behind_ns)

    report = read([client, gateway][::order])

    (connection,) = report.connections
    assert (connection.notes, connection.history) == ((), "ShADdfFa")
    assert len([one for one in report.capture.remarks if one.startswith("the clock of")]) == 1
    if order == 1:
        (whole,) = read(client).connections
        times = [one.close.ts_ns for one in (connection, whole) if one.close is not None and one.close.ts_ns]
        assert max(times) - min(times) <= 300_000


def test_a_vlan_at_one_of_the_hosts_hides_neither_the_clock_nor_that_it_is_one_connection(tmp_path: Path) -> None:
    talk = session()
    client, gateway = at_both_ends(talk.packets, tmp_path, HOUR_NS)
    tagged = [replace(one, ts_ns=one.ts_ns + HOUR_NS, vlans=(7,)) for one in talk.packets]

    verdict = read([client, written(tmp_path, gateway.name, pcapng(tagged))]).verdict

    assert verdict.endswith("connections 1 and 2 are one, captured in several VLANs or tunnels.")


def test_the_remark_names_both_files_and_the_difference(tmp_path: Path) -> None:
    paths = at_both_ends(session().packets, tmp_path, -3 * HOUR_NS - 120_000_000_000)

    (_, remark) = read(paths).capture.remarks

    assert remark == (
        "the clock of gateway.pcapng is 3 h 2 min behind that of client.pcapng, by packets that both hold: "
        "it is taken to be set right, as by editcap -t 10919.999700"
    )


def test_three_packets_that_are_the_same_are_enough(tmp_path: Path) -> None:
    report = read(at_both_ends(SILENT, tmp_path, HOUR_NS))

    assert [one.history for one in report.connections] == ["ShAD"]
    assert report.connections[0].notes == ()


def test_a_file_after_one_whose_clock_is_off_keeps_its_own(tmp_path: Path) -> None:
    client, gateway = at_both_ends(session().packets, tmp_path, HOUR_NS)
    later = written(tmp_path, "later", pcap([(2_000_000_000, 0, b"packet")]))

    capture = read([client, gateway, later]).capture

    assert [Path(one.name).name for one in capture.files] == ["client.pcapng", "gateway.pcapng", "later"]
    assert capture.last_ts_ns == 2_000_000_000_000_000_000


def again(packets: Sequence[Packet], later_ns: int, ip_id: Callable[[Packet], int]) -> list[Packet]:
    return [replace(one, ts_ns=one.ts_ns + later_ns, ip_id=ip_id(one)) for one in packets]


@pytest.mark.parametrize(
    ("name", "second"),
    [
        ("sent again, with other identifications", again(SILENT, HOUR_NS, lambda one: one.ip_id + 99)),
        ("a SYN and its answer again", again(SILENT[:2], HOUR_NS, lambda one: one.ip_id)),
        ("the ports used again", again(REUSED.packets, HOUR_NS, lambda one: one.ip_id)),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_what_a_ring_holds_is_not_the_same_packet(name: str, second: list[Packet], tmp_path: Path) -> None:  # noqa: ARG001
    ring = [written(tmp_path, str(at), pcapng(packets)) for at, packets in enumerate((SILENT, second))]

    report = read(ring)

    assert report.capture.remarks == ()
    assert report.capture.last_ts_ns == second[-1].ts_ns


def test_keep_alives_without_identification_are_alike_and_of_different_times(tmp_path: Path) -> None:
    idle = []
    for port in range(50000, 50006):
        talk = Conversation(("fd00::1", port), ("fd00::2", 4001)).open()
        talk.client.data(b"x").server.ack()
        alive = talk.client.segment(0x10, b"\0", seq=talk.client.next - 1).server.ack()
        idle += alive.packets[-2:]
    later = again(idle, HOUR_NS, lambda _: 0)
    ring = [written(tmp_path, str(at), pcapng(packets)) for at, packets in enumerate((idle, later))]

    assert read(ring).capture.remarks == ()


@pytest.mark.parametrize("later", [0.3, 10])
def test_what_got_lost_and_is_sent_again_without_identification_is_of_another_time(
    later: float, tmp_path: Path
) -> None:
    talk = Conversation(("fd00::1", 50000), ("fd00::2", 4001)).open()
    said = [frame(b"49\x00%d\0" % number) for number in range(5)]
    number = talk.client.next
    for message in said:
        talk.client.data(message, undelivered=True)
    seam = len(talk.packets)
    talk.after(later)
    for message in said:
        talk.client.data(message, seq=number)
        number += len(message)
    talk.server.ack().after(1).server.rst()
    ring = [
        written(tmp_path, str(at), pcapng(part)) for at, part in enumerate((talk.packets[:seam], talk.packets[seam:]))
    ]

    report = read(ring)

    assert report.capture.remarks == ()
    assert [(note.note, note.count) for note in report.connections[0].notes] == [("retransmission", 5)]


def test_both_ends_over_ipv6_are_of_the_same_time(tmp_path: Path) -> None:
    talk = Conversation(("fd00::1", 50000), ("fd00::2", 4001)).open()
    for number in range(3):
        talk.client.data(frame(b"49\x00%d\0" % number)).server.data(frame(b"49\x001\x00%d\0" % number))

    assert len(read(at_both_ends(talk.packets, tmp_path, HOUR_NS)).connections) == 1


def test_what_cannot_be_looked_at_first_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    client, gateway = at_both_ends(session().packets, tmp_path)
    timeless = written(tmp_path, "timeless", pcapng([replace(one, ts_ns=0) for one in SILENT]))

    with client.open("rb") as stream:
        monkeypatch.setattr("sys.stdin", type("Stdin", (), {"buffer": stream, "isatty": lambda: False}))
        assert read([gateway, "-"]).capture.remarks[0] == (
            "the files are read one after the other, as given: standard input cannot be read twice"
        )
    assert read([client, timeless]).capture.remarks[0].endswith("as given: timeless has no times")


def test_both_ends_of_a_session_with_an_hour_between_are_told_as_without(tmp_path: Path) -> None:
    packets = session().packets
    (tmp_path / "right").mkdir()
    right = at_both_ends(packets, tmp_path / "right")
    wrong = at_both_ends(packets, tmp_path, HOUR_NS)

    apart = told(read(wrong))

    assert apart["verdict"] == told(read(right))["verdict"]
    assert apart["findings"] == told(read(right))["findings"]


@pytest.mark.parametrize("behind_ns", [20_000_000, -20_000_000, 900_000_000, -900_000_000])
def test_a_short_connection_is_told_once_though_the_clocks_are_further_apart_than_it_is_long(
    behind_ns: int, tmp_path: Path
) -> None:
    paths = at_both_ends(SILENT, tmp_path, behind_ns)

    (connection,) = read(paths).connections

    assert (connection.history, connection.notes) == ("ShAD", ())


def test_of_many_clocks_not_all_are_named(tmp_path: Path) -> None:
    client, gateway = at_both_ends(session().packets, tmp_path)
    more = [
        written(tmp_path, str(at), pcapng(again(session().packets, at * HOUR_NS, lambda one: one.ip_id)))
        for at in range(1, 8)
    ]

    remarks = read([client, gateway, *more]).capture.remarks

    assert len([one for one in remarks if one.startswith("the clock of")]) == 4
    assert remarks[-1] == "so are the clocks of 3 more files"
