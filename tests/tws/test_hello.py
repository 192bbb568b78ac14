"""Hellos as clients and servers send them."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capanalyze.tws.clients import client_library
from capanalyze.tws.hello import (
    FRAMES_ONLY,
    LEGACY,
    MORE,
    OTHER,
    REDIRECT,
    RIGHT_HELLO,
    client_opening,
    server_opening,
)
from capanalyze.tws.hello import HELLO as KNOWN
from tests.tws.talk import HELLO, frame, hello, text


def client_hello(words: str) -> bytes:
    return b"API\0" + struct.pack(">I", len(words)) + words.encode()


# ranges and clients: recorded, or read in the clients' own sources
@pytest.mark.parametrize(
    ("words", "low", "high", "options", "library"),
    [
        ("v157..176", 157, 176, "", "ib_insync 0.9.86"),
        ("v157..178 +PACEAPI", 157, 178, "+PACEAPI", "ib_async 1.x to 2.1"),
        ("v100..157", 100, 157, "", "ibapi 9.81.1"),
        ("v100..176", 100, 176, "", "ibapi 10.19 or 10.20"),
        ("v100..193", 100, 193, "", "@stoqey/ib 1.6"),
        ("v100..203", 100, 203, "", "ibapi 10.37"),
        ("v100..226", 100, 226, "", "ibapi 10.50 or 10.51"),
        ("v213..225", 213, 225, "", "rust-ibapi 3"),
        ("v100..144", 100, 144, "", None),
        ("v176", 176, 176, "", None),
        ("v100..1000 a b", 100, 1000, "a b", None),
    ],
)
def test_a_client_hello_tells_its_versions(words: str, low: int, high: int, options: str, library: str | None) -> None:
    octets = client_hello(words)
    opening = client_opening(octets + text(71, 2, 0, ""))

    assert (opening.kind, opening.octets, opening.minimum, opening.maximum, opening.options) == (
        KNOWN, len(octets), low, high, options,
    )  # fmt: skip
    named = client_library(low, high)
    assert (named[0] if named else None) == library


@pytest.mark.parametrize("length", range(1, 17))
def test_a_hello_that_is_not_whole_is_waited_for(length: int) -> None:
    assert client_opening(HELLO[:length]).kind == MORE


@pytest.mark.parametrize("length", range(1, 30))
def test_an_answer_that_is_not_whole_is_waited_for(length: int) -> None:
    assert server_opening(hello()[:length], midstream=False).kind == MORE


@pytest.mark.parametrize(
    "zone", ["EST", "British Summer Time", "China Standard Time", "Europe/Berlin", "", "M\udce9ridien"]
)
def test_an_answer_tells_version_and_time(zone: str) -> None:
    time = f"20250415 19:38:30 {zone}".encode("utf-8", "surrogateescape")
    octets = frame(b"176\0" + time + b"\0")
    opening = server_opening(octets + b"\0\0", midstream=False)

    assert (opening.kind, opening.octets, opening.server_version) == (KNOWN, len(octets), 176)
    assert opening.time == time.decode("utf-8", "backslashreplace")


def test_an_answer_with_another_address_is_a_redirect() -> None:
    opening = server_opening(text(-1, "127.0.0.1:4002"), midstream=False)

    assert (opening.kind, opening.octets, opening.server_version, opening.time) == (REDIRECT, 22, 0, "127.0.0.1:4002")


@pytest.mark.parametrize(
    "octets", [text(15, 1, "DU1"), text(53, 1), text(9, 1, 1), struct.pack(">II", 6, 0xD7) + b"\x0a\x00", b"\0\0\0\0"]
)
def test_a_message_is_not_taken_for_an_answer(octets: bytes) -> None:
    assert server_opening(octets, midstream=False).kind == FRAMES_ONLY


def test_in_mid_session_only_a_date_makes_an_answer() -> None:
    assert server_opening(text(178, "soon"), midstream=False).kind == KNOWN
    assert server_opening(text(178, "soon"), midstream=True).kind == FRAMES_ONLY
    assert server_opening(hello(178), midstream=True).kind == KNOWN


@pytest.mark.parametrize(
    ("octets", "length"), [(b"62\x005\0", 3), (b"66\0", 3), (b"176\0", 4), (b"\x001\0", 1), (b"6", 0), (b"\0", 0)]
)
def test_a_hello_from_before_version_100_is_a_number_and_a_nul(octets: bytes, length: int) -> None:
    opening = client_opening(octets)

    assert (opening.kind, opening.octets) == (LEGACY if length else MORE, length)


def test_the_answer_to_a_legacy_hello_has_no_length() -> None:
    opening = server_opening(b"76\x0020260102 03:04:05 EST\x0015\0", midstream=False)

    assert (opening.kind, opening.octets, opening.server_version) == (LEGACY, 25, 76)
    assert opening.time == "20260102 03:04:05 EST"
    assert server_opening(b"76\x0020260102 03", midstream=False).kind == MORE
    assert server_opening(b"19\0", midstream=False).octets == 3


def test_the_right_hello_is_one() -> None:
    assert RIGHT_HELLO.hex(" ") == "41 50 49 00 00 00 00 09 76 31 30 30 2e 2e 31 37 36"
    assert client_opening(RIGHT_HELLO).kind == KNOWN


def test_a_nul_counted_into_the_hello_is_noted() -> None:
    opening = client_opening(client_hello("v100..176\0"))

    assert (opening.kind, opening.octets, opening.maximum) == (KNOWN, 18, 176)
    assert "ends with a NUL" in opening.problem


@given(
    st.binary(min_size=1, max_size=300),
    st.booleans(),
    st.sampled_from([b"", b"API\0", b"\0\0\0", b"\0\0\0\x1a", b"76\0"]),
)
def test_any_octets_are_something(octets: bytes, midstream: bool, start: bytes) -> None:
    known = start + octets
    for opening in (client_opening(known), server_opening(known, midstream=midstream)):
        assert 0 <= opening.octets <= len(known)
        assert opening.kind in {MORE, KNOWN, REDIRECT, LEGACY, FRAMES_ONLY, OTHER}


def test_a_range_that_is_upside_down_is_what_is_wrong_with_a_hello() -> None:
    opening = client_opening(b"API\0\0\0\0\x09v203..100")

    assert (opening.kind, opening.problem) == (KNOWN, "its lowest version (203) is above its highest (100)")
