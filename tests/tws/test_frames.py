"""What a frame is by its first octets: the three forms of a message id, and octets that begin none."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capanalyze.tws.frames import BINARY, IMPLAUSIBLE, UNDECIDED, identify, index_encoding, index_id


@pytest.mark.parametrize("number", [1, 9, 10, 46, 99, 100, 111, 200, 999])
def test_a_text_id_is_one_to_three_digits_and_a_nul(number: int) -> None:
    payload = f"{number}\0".encode()

    assert identify(payload, 0, len(payload), len(payload)) == number
    assert (index_id(number), index_encoding(number)) == (number, "text")
    assert identify(payload[:-1], 0, len(payload) - 1, len(payload)) == UNDECIDED
    assert identify(payload[:-1], 0, len(payload) - 1, len(payload) - 1) == IMPLAUSIBLE


@pytest.mark.parametrize(
    ("raw", "number", "encoding"),
    [(1, 1, "binary_id"), (200, 200, "binary_id"), (201, 1, "protobuf"), (271, 71, "protobuf"), (511, 311, "protobuf")],
)
def test_an_id_of_4_octets_is_text_to_200_and_protobuf_above(raw: int, number: int, encoding: str) -> None:
    index = identify(struct.pack(">I", raw), 0, 4, 4)

    assert index == BINARY + raw
    assert (index_id(index), index_encoding(index)) == (number, encoding)


@pytest.mark.parametrize(
    "payload",
    [b"\0\0\0\0", b"\0\0\x02\0", b"\0\x01\0\1", b"0\0", b"1a\0", b"1234\0", b"v100", b" 1\0", b"-1\0", b"\0\0\0"],
)
def test_other_octets_begin_no_message(payload: bytes) -> None:
    assert identify(payload, 0, len(payload), len(payload)) == IMPLAUSIBLE


@given(
    st.one_of(
        st.binary(min_size=4, max_size=8),
        st.from_regex(rb"[0-9]{1,4}\0[ -~]{3}", fullmatch=True),
        st.builds(lambda n: struct.pack(">I", n), st.integers(0, 700)),
    )
)
def test_ids_are_recognised_by_the_first_octets(payload: bytes) -> None:
    index = identify(payload, 0, len(payload), len(payload))

    if payload[:1] != b"0":  # no id that can exist has a digit 0 first
        assert (index_encoding(index) if index > 0 else "") == encoding_of(payload)


def encoding_of(payload: bytes) -> str:
    """By the protocol's words: one to three digits and a NUL, or from server version 201 on a 4-octet id."""
    if len(payload) >= 4 and not payload[0]:
        number = int.from_bytes(payload[:4], "big")
        return "binary_id" if 0 < number <= 200 else "protobuf" if 0 < number < 512 else ""
    digits, nul, _ = payload[:4].partition(b"\0")
    return "text" if nul and digits.isdigit() else ""
