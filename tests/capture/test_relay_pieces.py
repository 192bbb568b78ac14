"""Datagrams of tunnels that came in pieces, through the relay."""

from __future__ import annotations

import struct

import pytest

from tests.capture.tunnels import ADDRESSES, analysed, file_of, talk, vxlan
from tests.capture.wrappers import (
    WRAPPERS,
    carrier4,
    ethernet,
    gre,
)
from tests.conversation import Conversation


def in_pieces(frame: bytes, size: int, identification: int) -> list[bytes]:
    """An Ethernet frame's IP datagram in fragments of up to ``size`` octets, a multiple of 8."""
    head = 20 if frame[14] >> 4 == 4 else 40
    body, found = frame[14 + head :], []
    for at in range(0, len(body), size):
        part, more = body[at : at + size], at + size < len(body)
        if head == 20:
            place = struct.pack(">HHH", 20 + len(part), identification, at // 8 | more << 13)
            found.append(frame[:16] + place + frame[22:34] + part)
        else:
            fragment = struct.pack(">BBHI", frame[20], 0, at | more, identification)
            length = struct.pack(">HB", 8 + len(part), 44)
            found.append(frame[:18] + length + frame[21:54] + fragment + part)
    return found


FRAGMENTED = [
    *((name, 4) for name in ("GRE", "GRE in IPv6", "IP in IPv4", "IP in IPv6", "AH", "EtherIP", "VXLAN", "Geneve")),
    *(("GTP-U", 4), ("LISP", 4), ("AH", 6)),
]


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("engine", ["auto", "tshark"])
@pytest.mark.parametrize(("name", "version"), FRAGMENTED)
def test_a_tunnel_whose_datagrams_are_fragmented_is_told_as_if_they_were_not(
    name: str, version: int, engine: str, turned: bool
) -> None:
    whole = [(1, one.ts_ns, WRAPPERS[name](one.datagram())[1]) for one in talk(7, version).packets]
    frames = []
    for number, (_, ns, frame) in enumerate(whole):
        pieces = in_pieces(frame, 24, number)
        frames += [(1, ns, piece) for piece in (pieces[::-1] if turned and number else pieces)]

    report = analysed(file_of(frames), engine)

    (found,), (expected,) = report["connections"], analysed(file_of(whole), engine)["connections"]
    same = ("client_bytes", "server_bytes", "missing", "states", "packets", "history", "first_ts_ns", "last_ts_ns")
    assert [found[key] for key in same] == [expected[key] for key in same]
    assert report["capture"]["packets"] == len(frames)
    assert report["capture"]["skipped"] == {}
    assert found["last_packet"] == len(frames)


def test_a_tunnels_datagram_that_never_becomes_whole_is_counted() -> None:
    whole = [(one.ts_ns, ethernet(carrier4(47, gre(one.datagram())))) for one in talk(7).packets]
    pieces = [(1, ns, piece) for at, (ns, frame) in enumerate(whole) for piece in in_pieces(frame, 40, at)]

    report = analysed(file_of(pieces[:-1]), "auto")

    assert [one["packets"] for one in report["connections"]] == [8]
    assert report["capture"]["skipped"] == {"IP fragment of a datagram that is not whole": 1}
    assert report["capture"]["packets"] == len(pieces) - 1


@pytest.mark.parametrize("version", [4, 6])
def test_the_first_piece_tells_of_a_datagram_that_tshark_alone_could_find(version: int) -> None:
    """Behind a link layer that is Wireshark's nothing is put together: octets count by the inner headers."""
    session = Conversation((ADDRESSES[version][0], 7), (ADDRESSES[version][1], 4001)).open()
    session.server.data(bytes(900)).client.ack().client.fin().server.fin().client.ack()
    carried = [(1, one.ts_ns, ethernet(carrier4(47, gre(one.datagram())))) for one in session.packets]
    frames = [
        (1, ns, WRAPPERS["PPPoE"](piece[14:])[1])
        for number, (_, ns, frame) in enumerate(carried)
        for piece in in_pieces(frame, 512, number)
    ]

    (found,) = analysed(file_of(frames), "auto")["connections"]

    assert len(frames) == len(carried) + 1
    (expected,) = analysed(file_of(carried), "auto")["connections"]
    same = ("client_bytes", "server_bytes", "missing", "states", "packets", "history", "opened")
    assert [found[key] for key in same] == [expected[key] for key in same]


def test_fragments_of_tunnels_are_counted_by_the_tunnel_where_nothing_unwraps_it() -> None:
    frame = ethernet(carrier4(47, gre(talk(7).packets[3].datagram())))

    report = analysed(file_of([(1, 1, piece) for piece in in_pieces(frame, 24, 1)]), "native")

    assert report["capture"]["skipped"] == {"wrapped in GRE": 3}


@pytest.mark.parametrize("stretch", [1, 2, 3, 7])
def test_the_relay_is_not_left_while_a_datagram_waits_for_pieces(stretch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("capanalyze.capture.relay.STRETCH", stretch)
    monkeypatch.setattr("capanalyze.capture.relay.SPARSE", 1 / 50)
    frames = [
        (1, one.ts_ns, piece)
        for at, one in enumerate(talk(7).packets)
        for piece in in_pieces(ethernet(vxlan(3)(one.datagram())), 96, at)
    ]

    report = analysed(file_of(frames), "auto")

    assert [one["packets"] for one in report["connections"]] == [9]
