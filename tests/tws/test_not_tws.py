"""What is told of a side that does not begin with a hello."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capanalyze.tws.hello import OTHER, client_opening
from capanalyze.tws.not_tws import describe, describe_legacy, protocol
from tests.tws.talk import HELLO

# octets, the protocol's name, and the length that they would be: both must be in the sentence
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


def test_a_legacy_client_that_asks_for_a_version_of_later_clients_is_told_how_to() -> None:
    assert "can only be asked for by a hello with a range, for instance 41 50 49 00" in describe_legacy("76")
    assert "asked for" not in describe_legacy("66")


firsts = st.one_of(st.binary(min_size=1, max_size=64), st.integers(1, 17).map(lambda size: HELLO[:size]))


@given(firsts, st.booleans(), st.integers(0, 5000))
def test_a_sentence_about_any_octets_is_short_and_printable(octets: bytes, from_client: bool, sent: int) -> None:
    sentence = describe(octets, from_client=from_client, octets=sent)

    assert sentence.isascii()
    assert sentence.isprintable()
    assert len(sentence) < 600
