import json
import struct
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capanalyze.tws.decode import Decoded, decode
from capanalyze.tws.protobuf import MAX_DEPTH, MAX_VALUES, Reader, decode_body
from capanalyze.tws.schema.protobuf_rows import rows
from tests.tws.oracle.generate import varint


def answer(message_id: int, body: bytes) -> Decoded:
    payload = (message_id + 200).to_bytes(4, "big") + body
    return decode(payload, from_client=False, server_version=226, encoding="protobuf")


def delimited(number: int, octets: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(octets)) + octets


def test_a_field_that_is_there_with_zero_is_told_from_one_that_is_not() -> None:
    assert answer(2, bytes.fromhex("0807")).fields == {"reqId": 7}
    assert answer(2, bytes.fromhex("08071000")).fields == {"reqId": 7, "tickType": 0}


def test_a_negative_request_id_takes_ten_octets() -> None:
    decoded = answer(4, bytes.fromhex("08ffffffffffffffffff01"))

    assert (decoded.fields, decoded.request_id) == ({"id": -1}, -1)


def test_the_largest_double_and_integer_are_unset() -> None:
    body = varint(3 << 3 | 1) + struct.pack("<d", 1.7976931348623157e308) + bytes.fromhex("10ffffffff07")

    assert answer(1, body).fields == {"price": None, "tickType": None}


@pytest.mark.parametrize(
    ("value", "shown"), [(150.25, "150.25"), (float("inf"), "Infinity"), (float("nan"), "NaN"), (0.1, "0.1")]
)
def test_a_double_is_the_shortest_decimal_that_means_it(value: float, shown: str) -> None:
    body = varint(3 << 3 | 1) + struct.pack("<d", value)

    assert answer(1, body).fields == {"price": shown}


def test_packed_and_unpacked_numbers_read_alike() -> None:
    strikes = [1.5, 2.5]
    packed = delimited(7, struct.pack("<2d", *strikes))
    single = b"".join(varint(7 << 3 | 1) + struct.pack("<d", strike) for strike in strikes)

    assert answer(75, packed).fields == answer(75, single).fields == {"strikes": ["1.5", "2.5"]}


def test_a_packed_run_that_does_not_come_out_even_is_shown() -> None:
    decoded = answer(75, delimited(7, struct.pack("<d", 1.5) + b"\1\2"))

    assert decoded.fields == {"strikes": ["1.5", "0x0102"]}
    assert decoded.problem == "strikes (field 7) is no packed field"


def test_a_map_is_a_list_of_tags_and_values() -> None:
    entry = delimited(1, b"ISIN") + delimited(2, b"US0378331005")
    details = delimited(3, delimited(17, entry))

    assert answer(10, details).fields == {"contractDetails": {"secIdList": [{"tag": "ISIN", "value": "US0378331005"}]}}


def test_an_empty_submessage_is_an_empty_object() -> None:
    assert answer(5, bytes.fromhex("12001a00")).fields == {"contract": {}, "order": {}}


def test_a_field_newer_than_the_schema_is_kept_and_said() -> None:
    decoded = answer(9, bytes.fromhex("0811") + delimited(99, b"later"))

    assert decoded.fields == {"orderId": 17, "field_99": "later"}
    assert decoded.problem == "field_99 is newer than known"


def test_a_field_of_another_wire_type_is_kept_and_said() -> None:
    decoded = answer(9, delimited(1, b"17"))

    assert (decoded.fields, decoded.problem) == ({"field_1": "17"}, "orderId (field 1) is of another type")


def test_an_unknown_message_is_walked_without_a_schema() -> None:
    inner = delimited(2, b"ES") + varint(1 << 3) + varint(495512552)
    body = bytes.fromhex("0807") + delimited(3, inner) + varint(4 << 3 | 1) + struct.pack("<d", 1.5)

    decoded = answer(199, body)

    assert decoded.fields == {"field_1": 7, "field_3": {"field_2": "ES", "field_1": 495512552}, "field_4": "1.5"}
    assert (decoded.name, decoded.problem) == ("message_199", "unknown message id")


def test_octets_that_are_no_protobuf_are_kept_in_hexadecimal() -> None:
    decoded = answer(9, b"\x08\x11\x03\xff")

    assert decoded.fields == {"orderId": 17, "undecoded": "03ff"}
    assert decoded.problem == "not protobuf from octet 2 on"


def test_a_length_beyond_the_frame_is_not_followed() -> None:
    decoded = answer(15, b"\x0a\xff\xff\xff\xff\x0fDU0000000")

    assert decoded.fields == {"undecoded": "0affffffff0f445530303030303030"}


def test_nesting_beyond_the_limit_is_shown_in_hexadecimal() -> None:
    body = b"\1"
    for _ in range(3000):
        body = delimited(1, body)
    began = time.perf_counter()

    fields, _ = decode_body(body, "")

    depth, inner = 0, fields
    while isinstance(inner, dict):
        inner = next(iter(inner.values()))
        depth += 1
    assert depth <= MAX_DEPTH + 1
    assert time.perf_counter() - began < 2


def test_more_values_than_the_limit_are_kept_undecoded() -> None:
    body = bytes.fromhex("0801") * (MAX_VALUES + 1000)
    began = time.perf_counter()

    decoded = answer(9, body)

    assert decoded.fields == {"orderId": 1, "undecoded": "0801" * 1000}
    assert time.perf_counter() - began < 5


@given(body=st.binary(max_size=300), name=st.sampled_from(["", *sorted(rows())]))
@settings(max_examples=1500, deadline=None)
def test_any_octets_as_any_message_give_plain_json(body: bytes, name: str) -> None:
    fields, _ = decode_body(body, name)

    assert json.dumps(fields, allow_nan=False, ensure_ascii=False).encode("utf-8")


@pytest.mark.deep
@given(body=st.binary(max_size=3000), name=st.sampled_from(["", *sorted(rows())]))
@settings(max_examples=30000, deadline=None)
def test_any_octets_at_length_as_any_message(body: bytes, name: str) -> None:
    fields, _ = decode_body(body, name)

    assert json.dumps(fields, allow_nan=False, ensure_ascii=False).encode("utf-8")


def test_an_integer_beyond_32_bits_is_shown_and_flagged() -> None:
    decoded = answer(9, b"\x08" + varint(2**40))

    assert (decoded.fields["orderId"], decoded.problem) == (2**40, "orderId (field 1) is no 32-bit integer")


def test_a_varint_of_eleven_octets_is_shown_and_flagged() -> None:
    decoded = answer(9, b"\x08" + b"\x80" * 10 + b"\x01")

    assert decoded.fields == {"orderId": "0x8080808080808080808001"}
    assert decoded.problem == "orderId (field 1) is no varint of 64 bits"


def test_a_quantity_that_is_no_number_is_shown_and_flagged() -> None:
    decoded = answer(2, delimited(3, b"many"))

    assert (decoded.fields, decoded.problem) == ({"size": "many"}, "size (field 3) is not a number")


def test_a_long_string_is_read_whole() -> None:
    assert answer(15, delimited(1, b"DU0000000," * 20)).fields == {"accountsList": "DU0000000," * 20}


def test_unknown_fields_that_come_twice_make_a_list() -> None:
    body = b"".join(delimited(99, text) for text in (b"a", b"b", b"c"))

    assert answer(9, body).fields == {"field_99": ["a", "b", "c"]}


@pytest.mark.parametrize(
    ("octets", "shown"),
    [(b"two\nlines", "two\nlines"), (b"\xff\xfe\xfd", "0xfffefd"), (b"\x00\x01", "0x0001"), (b"", ""), (b"ES", "ES")],
)
def test_octets_of_unknown_meaning_look_like_what_they_are(octets: bytes, shown: str) -> None:
    assert answer(9, delimited(99, octets)).fields == {"field_99": shown}


def test_four_octets_of_an_unknown_field_are_hexadecimal() -> None:
    assert answer(9, varint(99 << 3 | 5) + b"\1\2\3\4").fields == {"field_99": "0x01020304"}


def test_an_unknown_varint_of_eleven_octets_is_hexadecimal() -> None:
    assert answer(9, varint(99 << 3) + b"\x80" * 10 + b"\x01").fields == {"field_99": "0x8080808080808080808001"}


def test_a_known_message_at_the_depth_limit_is_not_opened() -> None:
    body = delimited(2, delimited(2, b"ES"))

    assert Reader(body).message("OpenOrder", 0, len(body), MAX_DEPTH, "") == {"contract": "0x12024553"}


def test_quantities_and_booleans_are_read() -> None:
    assert answer(2, delimited(3, b"0.5")).fields == {"size": "0.5"}
    assert answer(66, b"\x08\x01").fields == {"isSuccessful": True}
