"""Request ids are read in place; the two spellings of that agree, and with Python's own integers."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from capanalyze.tws.pairing import NO_KEY
from capanalyze.tws.watch import read_digits, read_number

fields = st.one_of(st.integers(-(10**18), 10**18).map(str), st.text("-0123456789 \0x", max_size=20)).map(str.encode)


@given(fields, st.binary(max_size=3), st.integers(0, 4))
def test_both_spellings_read_the_same_number(field: bytes, before: bytes, lacks: int) -> None:
    data = before + field + b"\0"
    end = len(data) - lacks
    assert read_digits(data, len(before), end) == read_number(data, len(before), end)


@given(st.integers(-(10**17) + 1, 10**17 - 1))
def test_a_whole_field_is_its_number_and_a_cut_one_is_none(number: int) -> None:
    field = str(number).encode() + b"\0more"
    assert read_digits(field, 0, len(field)) == read_number(field, 0, len(field)) == number
    assert read_digits(field, 0, len(field) - 5) == read_number(field, 0, len(field) - 5) == NO_KEY
