"""Request ids are read in place; the two spellings of that agree, and with Python's own integers."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from capanalyze.tws.keys import read_digits, read_number
from capanalyze.tws.running import NO_KEY

fields = st.one_of(st.integers(-(10**18), 10**18).map(str), st.text("-0123456789 \0x", max_size=20)).map(str.encode)


@given(st.lists(fields, min_size=1, max_size=4), st.binary(max_size=3), st.integers(0, 4), st.integers(0, 5))
def test_both_spellings_read_the_same_number(several: list[bytes], before: bytes, lacks: int, skip: int) -> None:
    data = before + b"\0".join(several) + b"\0"
    end = len(data) - lacks
    assert read_digits(data, len(before), end, skip) == read_number(data, len(before), end, skip)


@given(st.integers(-(10**17) + 1, 10**17 - 1))
def test_a_whole_field_is_its_number_and_a_cut_one_is_none(number: int) -> None:
    fields = b"1\0" + str(number).encode() + b"\0more"
    assert read_digits(fields, 0, len(fields), 1) == read_number(fields, 0, len(fields), 1) == number
    assert read_digits(fields, 0, len(fields) - 5, 1) == read_number(fields, 0, len(fields) - 5, 1) == NO_KEY
