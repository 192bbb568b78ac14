"""Hellos as clients and servers send them, and what stands in their place when they do not."""

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
    describe,
    protocol,
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


# the two words that must be in the sentence
STRANGERS = [
    (b"GET /v1/api HTTP/1.1\r\nHost: x", "an HTTP request", 1195725856),
    (b"POST / HTTP/1.1\r\n", "an HTTP request", 1347375956),
    (b"8=FIX.4.4\x0135=A", "a FIX message", 943539785),
    (b"SSH-2.0-OpenSSH_9.2\r\n", "an SSH banner", 1397966893),
    (b"RFB 003.008\n", "a VNC (RFB) banner", 1380336160),
    (b"\x16\x03\x01\x02\x00\x01\x00", "a TLS handshake", 369295618),
    (b"HTTP/1.1 400 Bad Request\r\n", "an HTTP answer", 1213486160),
    (b"\x15\x03\x03\x00\x02\x02\x28", "a TLS alert", 352518912),
    (b"\x17\x03\x03\x00\x20", "TLS records", 386073344),
    (b"PRI * HTTP/2.0\r\n", "an HTTP/2 request", 1347569952),
]


@pytest.mark.parametrize(("octets", "name", "length"), STRANGERS)
def test_another_protocol_is_named_with_the_length_it_would_be(octets: bytes, name: str, length: int) -> None:
    assert client_opening(octets).kind == OTHER
    assert protocol(octets) == name
    for from_client in (True, False):
        sentence = describe(octets, from_client=from_client)
        assert f"sent {name}" in sentence
        assert f"as a length, its first four octets are {length}" in sentence


@pytest.mark.parametrize(
    ("octets", "words"),
    [
        (b"API=9.72\0", 'octet 3 is 3d ("=") instead of NUL, and no length follows'),
        (b"API\0\x09\0\0\0v100..176", "little-endian order (09 00 00 00)"),
        (b"API\0v100..176", "no length where one belongs: its octets 4 to 7 are 76 31 30 30"),
        (b"API\0\0\0\0\0v100..176", "no length where one belongs: its octets 4 to 7 are 00 00 00 00"),
        (b"API\0\0\0\0\x09V100..176", "no version range after the length"),
        (b"API\0", "cut: 4 of at least 17 octets"),
        (b"AP", "cut: 2 of at least 17 octets"),
        (b"API\0\0\0\0\x09v100", "cut: 12 of 17 octets"),
        (b"v157..178", "without the 8 octets before it"),
        (b"\0\0\0\x09v100..176", "lacks the magic API NUL before the length"),
        (b"hello there", "which is not the TWS protocol; read as a length, its first four octets are 1751477356"),
    ],
)
def test_a_wrong_hello_is_told_by_what_is_wrong(octets: bytes, words: str) -> None:
    sentence = describe(octets, from_client=True)

    assert words in sentence
    if "not the TWS protocol" not in words:
        assert "41 50 49 00 00 00 00 09 76 31 30 30 2e 2e 31 37 36" in sentence


def test_the_right_hello_is_one() -> None:
    assert RIGHT_HELLO.hex(" ") == "41 50 49 00 00 00 00 09 76 31 30 30 2e 2e 31 37 36"
    assert client_opening(RIGHT_HELLO).kind == KNOWN


def test_a_nul_counted_into_the_hello_is_noted() -> None:
    opening = client_opening(client_hello("v100..176\0"))

    assert (opening.kind, opening.octets, opening.maximum) == (KNOWN, 18, 176)
    assert "ends with a NUL" in opening.problem


firsts = st.one_of(st.binary(min_size=1, max_size=64), st.integers(1, 17).map(lambda size: HELLO[:size]))


@given(firsts, st.booleans(), st.integers(0, 5000))
def test_a_sentence_about_any_octets_is_short_and_printable(octets: bytes, from_client: bool, sent: int) -> None:
    sentence = describe(octets, from_client=from_client, octets=sent)

    assert sentence.isascii()
    assert sentence.isprintable()
    assert len(sentence) < 600


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
