import pytest

from capanalyze.tws.decode import Decoded, decode, encoding_of, narrow, request_key, summary, unframed_length


def text_of(*fields: object) -> bytes:
    return b"".join(str(field).encode() + b"\0" for field in fields)


def binary(message_id: int, body: bytes) -> bytes:
    return message_id.to_bytes(4, "big") + body


def answer(payload: bytes, server_version: int | None, encoding: str = "text") -> Decoded:
    return decode(payload, from_client=False, server_version=server_version, encoding=encoding)


def request(payload: bytes, server_version: int | None, encoding: str = "text") -> Decoded:
    return decode(payload, from_client=True, server_version=server_version, encoding=encoding)


# the real bytes of the starts of ib_async 2.1.0, ibapi 10.37.2 and ibapi 10.51.1
@pytest.mark.parametrize(
    ("payload", "server_version", "encoding"),
    [
        (bytes.fromhex("3731003200310000"), 178, "text"),
        (bytes.fromhex("000000473200310000"), 203, "binary_id"),
        (bytes.fromhex("0000010f0801"), 226, "protobuf"),
    ],
)
def test_start_api_has_the_same_client_id_in_all_three_forms(
    payload: bytes, server_version: int, encoding: str
) -> None:
    decoded = request(payload, server_version, encoding)

    assert (decoded.name, decoded.fields["clientId"], decoded.problem) == ("startApi", 1, None)


@pytest.mark.parametrize(
    ("payload", "server_version", "encoding"),
    [
        (bytes.fromhex("313500310044553030303030303000"), 178, "text"),
        (bytes.fromhex("0000000f310044553030303030303000"), 203, "binary_id"),
        (bytes.fromhex("000000d70a09445530303030303030"), 226, "protobuf"),
    ],
)
def test_managed_accounts_in_all_three_forms(payload: bytes, server_version: int, encoding: str) -> None:
    decoded = answer(payload, server_version, encoding)

    assert (decoded.name, decoded.fields["accountsList"], decoded.problem) == ("managedAccounts", "DU0000000", None)


FARM = "Market data farm connection is OK:usfarm"
ERROR_PROTOBUF = bytes.fromhex("000000cc08ffffffffffffffffff01108af6c9f1a93418b8102228") + FARM.encode()


@pytest.mark.parametrize(
    ("payload", "server_version", "encoding"),
    [
        (text_of(4, 2, -1, 2104, FARM), 157, "text"),
        (text_of(4, 2, -1, 2104, FARM, ""), 178, "text"),
        (binary(4, text_of(-1, 2104, FARM, "", 1790000000000)), 203, "binary_id"),
        (ERROR_PROTOBUF, 226, "protobuf"),
    ],
)
def test_error_keeps_id_code_and_text_at_every_gate(payload: bytes, server_version: int, encoding: str) -> None:
    decoded = answer(payload, server_version, encoding)

    assert tuple(decoded.fields[name] for name in ("id", "errorCode", "errorMsg")) == (-1, 2104, FARM)
    assert decoded.problem is None
    assert summary(decoded) == f'error -1 code 2104 "{FARM}"'


def test_a_surplus_field_is_kept_and_said() -> None:
    decoded = answer(text_of(9, 1, 17, "more"), 178)

    assert decoded.fields == {"version": 1, "orderId": 17, "field_3": "more"}
    assert decoded.problem == "1 more field than known, from field 3 on"


def test_a_missing_field_is_named() -> None:
    decoded = answer(text_of(4, 2, -1), 178)

    assert decoded.problem == "ends before errorCode (field 3)"


def test_a_value_of_another_type_is_kept_as_it_is_and_named() -> None:
    decoded = answer(text_of(9, 1, "soon"), 178)

    assert (decoded.fields["orderId"], decoded.problem) == ("soon", "orderId (field 2) is not an integer")


def test_an_unknown_id_keeps_every_field() -> None:
    decoded = answer(text_of(199, "a", ""), 178)

    assert (decoded.name, decoded.fields) == ("message_199", {"field_1": "a", "field_2": ""})


def test_without_a_version_an_error_of_server_178_narrows_it() -> None:
    payload = text_of(4, 2, -1, 2104, FARM, "")

    assert narrow(payload, from_client=False, encoding="text") == (166, 193)
    assert answer(payload, None).fields["errorCode"] == 2104


def test_request_key_is_found_without_decoding_in_text_and_protobuf() -> None:
    text = text_of(1, 11, 1001, 0, "ES")
    protobuf = binary(201, bytes.fromhex("08e907"))

    assert request_key(text, from_client=True, server_version=178, encoding="text") == 1001
    assert request_key(protobuf, from_client=True, server_version=226, encoding="protobuf") == 1001


@pytest.mark.parametrize(
    ("payload", "expected"),
    [(b"71\x002\x00", "text"), (bytes(3) + b"\x04", "binary_id"), (bytes(2) + b"\x01\x0f", "protobuf"), (b"GET ", "")],
)
def test_the_encoding_shows_in_the_first_four_octets(payload: bytes, expected: str) -> None:
    assert encoding_of(payload) == expected


def test_an_unframed_message_ends_where_its_layout_does() -> None:
    stream = text_of(71, 2, 7, "") + text_of(49, 1)

    assert unframed_length(stream, 0, from_client=True, server_version=76) == 8
    assert unframed_length(stream[:6], 0, from_client=True, server_version=76) == 0
