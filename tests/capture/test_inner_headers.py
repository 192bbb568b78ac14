"""Which headers in a tunnel are the innermost, and authentication headers that are taken out."""

from __future__ import annotations

import pytest

from capanalyze.capture.pdml import Header
from capanalyze.capture.relay import (
    holds,
    innermost,
    is_there,
    without_ah,
)
from tests.capture.tunnels import talk
from tests.capture.wrappers import (
    ah,
    carrier4,
    carrier6,
)

INNER = talk(7).packets[0].datagram()


@pytest.mark.parametrize(
    ("octets", "headers", "expected"),
    [
        (INNER, [(0, "10.0.0.1")], [0]),
        (carrier4(4, INNER), [(0, "192.0.2.1"), (20, "10.0.0.1")], [20]),
        (INNER + INNER, [(0, "10.0.0.1"), (len(INNER), "10.0.0.1")], [0, len(INNER)]),
        (carrier4(4, INNER), [(0, "192.0.2.1"), (0, "10.0.0.1")], [0]),  # the second lies in decrypted octets
        (carrier4(4, INNER), [(0, "192.0.2.1"), (20, "10.9.9.9")], [0]),
        (INNER[:16], [(0, "")], [0]),
        (INNER, [(5000, "")], []),
        (b"\xff" * 40, [(0, "")], []),
        (INNER, [], []),
    ],
)
def test_the_innermost_headers_of_those_that_are_really_there(
    octets: bytes, headers: list[tuple[int, str]], expected: list[int]
) -> None:
    assert expected == innermost(octets, tuple(Header(*one) for one in headers))


def test_a_header_is_there_if_its_source_address_is() -> None:
    assert is_there(INNER, Header(0, "10.0.0.1"))
    assert not is_there(INNER, Header(0, "10.0.0.3"))
    assert not is_there(INNER, Header(0, "no address"))


def test_a_datagram_without_a_length_holds_what_follows() -> None:
    offloaded = INNER[:2] + b"\0\0" + INNER[4:]

    assert holds(offloaded, 0, 30)


@pytest.mark.parametrize("version", [4, 6])
def test_an_authentication_header_is_taken_out(version: int) -> None:
    datagram = talk(7, version).packets[3].datagram()

    plain_again, missing = without_ah(ah(datagram))

    assert (plain_again, missing) == (datagram, 24)


def test_an_authentication_header_is_taken_out_from_behind_ipv6_extension_headers() -> None:
    datagram = talk(7, 6).packets[3].datagram()
    before = b"\x3c\0" + bytes(6) + b"\x2b\1" + bytes(14) + b"\x87\0" + bytes(6) + b"\x2c\0" + bytes(6)
    whole_fragment, with_ah = bytes((6,)) + bytes(7), bytes((51,)) + bytes(7)

    plain, missing = without_ah(carrier6(0, before + with_ah + ah(datagram)[40:]))

    assert (plain, missing) == (carrier6(0, before + whole_fragment + datagram[40:]), 24)


@pytest.mark.parametrize("cut", range(80))
def test_a_cut_authentication_header_does_no_harm(cut: int) -> None:
    for version in (4, 6):
        octets, missing = without_ah(ah(talk(7, version).packets[3].datagram())[:cut])

        assert len(octets) + missing >= cut
