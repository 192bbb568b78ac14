"""What hosts record whose connection passes a NAT, a relay, or a path with faults (real/README.md)."""

from pathlib import Path
from typing import Any

import pytest

import capanalyze

REAL = Path(__file__).with_name("real")
ONE = "; connections 1 and 2 are one, captured on both sides of a NAT."


def read(name: str) -> dict[str, Any]:
    """The report on a recording."""
    return capanalyze.read(REAL / f"{name}.pcapng").to_dict()


def closers(name: str) -> list[str | None]:
    """Who closed first, as each place shows it."""
    return [one["close"] and one["close"]["first"] for one in read(name)["connections"]]


def finding(name: str, which: str) -> dict[str, Any]:
    """The finding of that name."""
    told = read(name)
    every = [*told["findings"], *(one for connection in told["connections"] for one in connection["findings"])]
    return next(one for one in every if one["id"] == which)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("nat-silent", ["client", "client"]),
        ("nat-forgot", ["server", None]),
        ("nat-drops", [None, None]),
        ("nat-drops-answers", [None, None]),
        ("haproxy-idle", ["server", "client"]),
        ("socat-in-container", ["server", "server"]),
    ],
)
def test_each_place_shows_who_closed_there(name: str, expected: list[str | None]) -> None:
    assert closers(name) == expected


@pytest.mark.parametrize("name", ["nat-silent", "nat-forgot", "nat-drops", "nat-drops-answers"])
def test_a_nat_is_told(name: str) -> None:
    assert read(name)["verdict"].endswith(ONE)
    assert finding(name, "captured-twice")["certainty"] == "certain"


@pytest.mark.parametrize("name", ["haproxy-idle", "socat-in-container"])
def test_a_relay_is_no_nat(name: str) -> None:
    assert [one["id"] for one in read(name)["findings"]] == ["relay-legs"]


def test_a_silent_gateway_behind_a_nat_is_one_silent_gateway() -> None:
    told = read("nat-silent")["verdict"]

    assert told.startswith(
        "The client closed first (FIN in packet 16), 4.0 s after the gateway's host had acknowledged"
    )


def test_a_rst_that_the_gateway_s_side_of_the_nat_does_not_have_is_likely_the_host_s_own() -> None:
    found = finding("nat-forgot", "injected-rst")

    assert found["certainty"] == "likely"
    assert found["evidence"][0] == (
        "the RST in packet 38 is not in the capture of connection 2, the same one nearer to the gateway, "
        "which goes on for 1.0 s"
    )
    assert read("nat-forgot")["verdict"].startswith(
        "The client received a reset on connection 1 in the gateway's name (RST in packet 38) that the gateway's host "
        "probably did not send (connection 2, nearer to it, has none), 0.040 ms after the last message"
    )


@pytest.mark.parametrize(
    ("name", "title", "there", "told"),
    [
        (
            "nat-drops",
            "What the client sent was lost between the two places of the capture",
            "lacks them",
            "; what the client sent again and again did not reach the gateway's host",
        ),
        (
            "nat-drops-answers",
            "What the gateway's host answered was lost between the two places of the capture",
            "has those octets",
            "; what the gateway's host answered did not reach the client",
        ),
    ],
)
def test_what_is_lost_in_between_is_not_blamed_on_the_gateway_s_host(
    name: str, title: str, there: str, told: str
) -> None:
    found = finding(name, "peer-vanished")

    assert (found["title"], found["certainty"]) == (title, "certain")
    assert found["evidence"][-1] == f"connection 2, the same one nearer to the gateway, {there}"
    assert told in read(name)["verdict"]


def of_hosts(name: str, *hosts: str) -> dict[str, Any]:
    """The report on the captures of one host or both."""
    return capanalyze.read([next(REAL.glob(f"{name}-{host}.pcap*")) for host in hosts]).to_dict()


def close_of(name: str, *hosts: str) -> tuple[str, str]:
    """Who closed the only connection first, and how sure that is."""
    (connection,) = of_hosts(name, *hosts)["connections"]
    return connection["close"]["first"], connection["close"]["certainty"]


def test_a_fin_whose_copies_were_lost_but_the_last_is_not_taken_for_an_answer() -> None:
    assert close_of("fins-cross", "client", "gateway") == ("both", "certain")
    assert close_of("fins-cross", "client") == ("client", "likely")


def test_a_path_that_is_cut_is_told_from_either_end_and_from_both() -> None:
    found = {hosts: of_hosts("cut-both-ways", *hosts) for hosts in (("client",), ("gateway",), ("client", "gateway"))}
    titles = [[one["title"] for one in told["connections"][0]["findings"]] for told in found.values()]

    assert titles == [
        ["The gateway's host stopped acknowledging what the client sent"],
        ["The client's host stopped acknowledging what the gateway sent"],
        ["Nothing got through any more between the client's host and the gateway's"],
    ]


def test_a_host_that_was_reset_on_the_way_answers_without_an_ack() -> None:
    assert close_of("reset-on-the-way", "client") == ("server", "certain")
    assert (
        "that RST has no ACK, as the answer of a host that does not know"
        in (of_hosts("reset-on-the-way", "client")["verdict"])
    )
    assert of_hosts("reset-on-the-way", "client", "gateway")["verdict"].startswith(
        "The gateway received a reset in the client's name (RST in packet 21) that the client's host did not send"
    )
