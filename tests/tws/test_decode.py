import pytest

from capanalyze.tws.decode import Decoded, decode, request_key, unframed_length
from capanalyze.tws.summary import summary


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


def test_without_a_version_an_error_of_server_178_is_read_by_the_versions_that_it_fits() -> None:
    assert answer(text_of(4, 2, -1, 2104, FARM, ""), None).fields["errorCode"] == 2104


def test_request_key_is_found_without_decoding_in_text_and_protobuf() -> None:
    text = text_of(1, 11, 1001, 0, "ES")
    protobuf = binary(201, bytes.fromhex("08e907"))

    assert request_key(text, from_client=True, server_version=178, encoding="text") == 1001
    assert request_key(protobuf, from_client=True, server_version=226, encoding="protobuf") == 1001


def test_an_unframed_message_ends_where_its_layout_does() -> None:
    stream = text_of(71, 2, 7, "") + text_of(49, 1)

    assert unframed_length(stream, 0, from_client=True, server_version=76) == 8
    assert unframed_length(stream[:6], 0, from_client=True, server_version=76) == 0


def test_an_unframed_message_longer_than_the_first_look_is_found() -> None:
    stream = text_of(19, 1, 3, "x" * 9000) + text_of(49, 1)

    assert unframed_length(stream, 0, from_client=True, server_version=76) == len(stream) - 5
    assert unframed_length(stream[:9000], 0, from_client=True, server_version=76) == 0


@pytest.mark.parametrize("data", [b"GET / HTTP/1.1\r\n\0", b"999\x001\0", b"108\x001\0"])
def test_what_is_no_unframed_message_of_ours_has_no_length(data: bytes) -> None:
    assert unframed_length(data, 0, from_client=True, server_version=76) == -1


def test_octets_without_a_nul_are_an_unframed_message_that_is_not_whole() -> None:
    assert unframed_length(b"71", 0, from_client=True, server_version=None) == 0


@pytest.mark.parametrize(("payload", "encoding"), [(b"GET / HTTP", "text"), (b"\0\0", "binary_id"), (b"", "protobuf")])
def test_a_payload_without_an_id_is_kept(payload: bytes, encoding: str) -> None:
    decoded = request(payload, 178, encoding)

    assert (decoded.id, decoded.name, decoded.problem) == (-1, "not_a_message", "no message id")
    assert decoded.fields == {"field_0": payload.decode()}


def test_a_body_that_ends_in_a_field_without_nul_is_flagged() -> None:
    assert answer(b"9\x001\x0017", 178).problem == "does not end with a NUL"


def test_a_protobuf_only_message_in_text_keeps_its_fields() -> None:
    decoded = answer(text_of(110, "x"), 200)

    assert (decoded.fields, decoded.problem) == ({"field_1": "x"}, "known as protobuf only")


def test_a_text_only_message_in_protobuf_is_walked() -> None:
    decoded = answer(binary(247, bytes.fromhex("0807")), 226, "protobuf")

    assert (decoded.name, decoded.fields, decoded.problem) == ("tickEFP", {"field_1": 7}, "not known as protobuf")


def test_the_frame_says_whether_it_is_protobuf_whatever_the_session_expects() -> None:
    assert answer(binary(209, bytes.fromhex("0811")), 226, "binary_id").encoding == "protobuf"
    assert answer(binary(9, text_of(1, 17)), 226, "protobuf").encoding == "binary_id"


def test_without_a_version_fields_are_named_as_far_as_versions_agree() -> None:
    decoded = request(text_of(4, 1, 13, "now"), None)

    assert decoded.fields == {"version": 1, "orderId": 13, "orderCancel": {"manualOrderCancelTime": "now"}}
    ambiguous = answer(text_of(94, 7, "1.5", "2.5", "3.5"), None)
    assert (ambiguous.fields["realizedPnL"], ambiguous.problem) == ("3.5", None)


def test_without_a_version_what_fits_none_says_so() -> None:
    decoded = answer(text_of(9, 1, "soon"), None)

    assert decoded.problem == "server version unknown, and none fits: orderId (field 2) is not an integer"


def test_a_framed_message_to_a_server_that_told_no_version_may_have_an_old_layout() -> None:
    decoded = decode(b"71\0002\0003\0", from_client=True, server_version=None, encoding="text")  # ibapi, redirected

    assert (decoded.fields, decoded.problem) == ({"version": 2, "clientId": 3}, None)


def test_without_a_version_the_part_on_which_versions_differ_is_not_named() -> None:
    # version 2, id 5, code 10 and two texts before 194; id 2, code 5, two texts and a time from there on
    decoded = answer(text_of(4, 2, 5, 10, "7", "9"), None)

    assert decoded.fields == {f"field_{index}": value for index, value in enumerate(["2", "5", "10", "7", "9"], 1)}
    assert decoded.problem == "server version unknown: named up to field 0, where versions differ"


def test_a_message_of_very_many_fields_is_tried_at_fewer_versions() -> None:
    bars = ["20261122", 1, 2, 0.5, 1.5, 100, 1, 7] * 60000

    decoded = answer(text_of(17, 7, "", "", 60000, *bars), None)

    assert decoded.problem is not None
    assert len(decoded.fields) > 2


@pytest.mark.parametrize(
    ("payload", "from_client", "encoding", "key"),
    [
        (text_of(61, 3, "DU0000000"), False, "text", None),
        (text_of(2, 2, 1001), True, "text", 1001),
        (text_of(2, 2), True, "text", None),
        (text_of(2, 2, "many"), True, "text", None),
        (text_of(300, 1), True, "text", None),
        (binary(300, bytes.fromhex("08011002")), False, "protobuf", None),
        (binary(300, bytes.fromhex("0801100218 0d")), False, "protobuf", 13),
        (binary(202, b"\x08"), True, "protobuf", None),
        (binary(202, b"\x80"), True, "protobuf", None),
        (binary(202, b"\x0a\x00"), True, "protobuf", None),
        (binary(206, bytes.fromhex("0801")), True, "protobuf", None),
    ],
)
def test_the_key_of_a_message(payload: bytes, from_client: bool, encoding: str, key: int | None) -> None:
    assert request_key(payload, from_client=from_client, server_version=None, encoding=encoding) == key
