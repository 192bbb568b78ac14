"""How facts are written down: durations, lists, addresses, and what the wire may not do to a reader."""

import ipaddress
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capanalyze.timeline.words import (
    clean,
    count,
    endpoint,
    host,
    listing,
    octets_as_text,
    octets_for_programs,
    packets,
    quote,
    sentence,
    span,
    spans,
)
from capanalyze.tws.not_tws import describe

UNESCAPED = {"\\": "\\", "0": "\0"}


@pytest.mark.parametrize(
    ("ns", "expected"),
    [
        (0, "0 ms"),
        (999, "under 0.001 ms"),
        (34_000, "0.034 ms"),
        (340_000, "0.34 ms"),
        (1_040_000, "1.0 ms"),
        (45_400_000, "45 ms"),
        (300_391_000, "300 ms"),
        (999_600_000, "1.0 s"),
        (4_003_000_000, "4.0 s"),
        (59_940_000_000, "59.9 s"),
        (59_960_000_000, "1 min"),
        (125_000_000_000, "2 min 5 s"),
        (3_599_700_000_000, "1 h"),
        (3_720_000_000_000, "1 h 2 min"),
        (-45_000_000, "-45 ms"),
    ],
)
def test_a_duration_is_as_exact_as_a_reader_needs(ns: int, expected: str) -> None:
    actual = span(ns)

    assert expected == actual


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([4_000_000_000], "4.0 s"),
        ([4_000_000_000, 4_010_000_000], "4.0 s"),
        ([10_000_000_000, 4_000_000_000], "4.0 s and 10.0 s"),
        ([10_000_000_000, 4_000_000_000, 7_000_000_000], "4.0 s to 10.0 s"),
    ],
)
def test_several_durations_are_one_phrase(values: list[int], expected: str) -> None:
    actual = spans(values)

    assert expected == actual


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ([], "no packet"),
        ([5], "packet 5"),
        ([7, 5], "packets 5 and 7"),
        ([1, 2, 3, 4], "packets 1 to 4"),
        ([9, 1, 3, 5, 7, 11, 13, 15], "packets 1, 3, 5, 7, 9, 11 ... 2 more"),
    ],
)
def test_packet_numbers_are_listed_in_order_and_bounded(numbers: list[int], expected: str) -> None:
    actual = packets(numbers)

    assert expected == actual


def test_counts_and_lists_read_like_english() -> None:
    assert count(1, "packet") == "1 packet"
    assert count(1200, "packet") == "1,200 packets"
    assert listing(["a"]) == "a"
    assert listing(["a", "b", "c"]) == "a, b and c"
    assert sentence("a b") == "A b."


@given(st.integers(0, 2**128 - 1))
def test_an_ipv6_address_is_written_as_rfc_5952_says(number: int) -> None:
    address = ipaddress.IPv6Address(number)
    expected = f"::ffff:{address.ipv4_mapped}" if address.ipv4_mapped else str(address)

    actual = host(address.packed)

    assert expected == actual


@given(st.lists(st.sampled_from([0, 0, 0, 1, 0xFFFF]), min_size=8, max_size=8))
def test_the_longest_run_of_zeros_is_shortened(groups: list[int]) -> None:
    octets = b"".join(group.to_bytes(2, "big") for group in groups)
    address = ipaddress.IPv6Address(octets)
    expected = f"::ffff:{address.ipv4_mapped}" if address.ipv4_mapped else str(address)

    actual = host(octets)

    assert expected == actual


def test_an_endpoint_is_unambiguous() -> None:
    assert endpoint(b"\x7f\0\0\1", 4001) == "127.0.0.1:4001"
    assert endpoint(bytes(15) + b"\1", 4001) == "[::1]:4001"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\rb\nc\td", "a\\x0db\\x0ac\\x09d"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        ("\U000e0041", "\\U000e0041"),
        ("\x9b31m", "\\x9b31m"),
        ("Zürich", "Zürich"),
    ],
)
def test_what_would_act_on_a_terminal_is_spelled_out(text: str, expected: str) -> None:
    actual = clean(text)

    assert expected == actual


@given(st.text(max_size=300))
def test_clean_text_holds_nothing_that_acts_or_hides(text: str) -> None:
    actual = clean(text)

    assert not any(unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"} for character in actual)


def test_a_long_wire_text_is_cut_and_says_so() -> None:
    actual = clean("x" * 300)

    assert actual == "x" * 200 + "... (100 more)"


@given(st.text(max_size=60))
def test_a_quotation_cannot_be_left_by_what_it_quotes(text: str) -> None:
    actual = quote(text)

    assert actual.count("`") == 2
    assert actual.startswith("`")
    assert actual.endswith("`")


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"178\x0020", r"178\x0020"),
        (b"\0\x000", r"\0\x000"),
        (b"API\0\0\t", r"API\0\0\x09"),
        (b"1\0", r"1\0"),
        (b"\\\x001", r"\\\x001"),
        (b"\\01", r"\\01"),
    ],
)
def test_a_nul_before_a_digit_is_not_written_as_if_it_were_octal(data: bytes, text: str) -> None:
    assert octets_as_text(data) == text


def test_a_misread_nul_is_not_quoted_of_what_is_no_tws_either() -> None:
    assert describe(b"178\x0020", from_client=True).startswith(r'the client sent "178\x0020", which')
    assert describe(b"a\0\0b", from_client=True).startswith(r'the client sent "a\0\0b", which')


def test_what_programs_read_has_every_nul_alike() -> None:
    assert octets_for_programs(b"178\x0020") == r"178\020"


@given(st.binary(max_size=40))
def test_octets_as_text_lose_nothing(data: bytes) -> None:
    text = octets_as_text(data)

    actual = re.sub(r"\\(\\|0|x..)", lambda found: UNESCAPED.get(found[1]) or chr(int(found[1][1:], 16)), text)

    assert data.decode("latin-1") == actual
