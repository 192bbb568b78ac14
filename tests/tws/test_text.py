import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capanalyze.tws.decode import decode
from capanalyze.tws.encode import encode_text
from capanalyze.tws.scalars import SHORT, identifier, short_identifier
from capanalyze.tws.schema import by_name, messages
from capanalyze.tws.schema.grammar import parse
from capanalyze.tws.text import MAX_FIELDS, MAX_SURPLUS, Reader, plan
from tests.tws import recorded

VERSIONS = st.one_of(st.none(), st.integers(-1, 400), st.sampled_from([38, 76, 100, 144, 145, 157, 178, 200, 203, 226]))
ENCODINGS = st.sampled_from(["text", "binary_id", "protobuf", "unframed"])
FIELD = st.one_of(
    st.binary(max_size=12),
    st.integers(-(10**12), 10**12).map(lambda number: str(number).encode()),
    st.sampled_from(
        [b"", b"0", b"1", b"BAG", b"PEG BENCH", b"0.5", b"1.7976931348623157E308", b"2147483647", b"\\ud83d"]
    ),
)


def answer(*fields: object, version: int | None = 178) -> dict[str, object]:
    return decode(
        b"".join(str(field).encode() + b"\0" for field in fields),
        from_client=False,
        server_version=version,
        encoding="text",
    ).fields


@pytest.mark.parametrize("name", recorded.MESSAGES)
def test_what_a_real_gateway_sent_is_consumed_to_the_last_field(name: str) -> None:
    version, text = recorded.MESSAGES[name]

    decoded = decode(recorded.payload(text), from_client=False, server_version=version, encoding="text")

    assert (decoded.name, decoded.problem) == (name.partition(",")[0], None)


@pytest.mark.parametrize("name", recorded.MESSAGES)
def test_what_a_real_gateway_sent_is_named_without_the_handshake_too(name: str) -> None:
    version, text = recorded.MESSAGES[name]
    payload = recorded.payload(text)
    known = decode(payload, from_client=False, server_version=version, encoding="text")

    unknown = decode(payload, from_client=False, server_version=None, encoding="text")

    assert unknown.fields == known.fields


@pytest.mark.parametrize("name", recorded.MESSAGES)
def test_what_a_real_gateway_sent_is_encoded_again_with_unset_spelled_as_empty(name: str) -> None:
    version, text = recorded.MESSAGES[name]
    payload = recorded.payload(text)
    message_id, _, body = payload.partition(b"\0")
    decoded = decode(payload, from_client=False, server_version=version, encoding="text")

    again = encode_text(messages(False)[int(message_id)], decoded.fields, version)

    unset = {b"1.7976931348623157E308", b"2147483647"}
    assert again.split(b"\0") == [b"" if field in unset else field for field in body.split(b"\0")]


def test_the_open_order_of_a_real_gateway_names_what_a_user_looks_for() -> None:
    version, text = recorded.MESSAGES["openOrder, filled"]

    fields = decode(recorded.payload(text), from_client=False, server_version=version, encoding="text").fields

    order, state = fields["order"], fields["orderState"]
    assert isinstance(order, dict)
    assert isinstance(state, dict)
    assert order["sharesAllocation"] == "1376327563.0/DU0000000/100"
    assert (order["permId"], order["cashQty"], order["dontUseAutoPriceForHedge"]) == (1376327563, "0", True)
    assert (state["status"], state["commissionAndFees"], state["commissionAndFeesCurrency"]) == ("Filled", "1.0", "USD")
    assert state["initMarginBefore"] is None


@pytest.mark.parametrize(
    ("spelled", "value"),
    [("", None), ("2147483647", None), ("1.7976931348623157E308", None), ("1.5", "1.5"), ("1.0E-4", "1.0E-4")],
)
def test_every_spelling_of_unset_is_none_and_decimals_stay_as_they_are(spelled: str, value: object) -> None:
    assert answer(2, 6, 1, 0, spelled)["size"] == value


def test_an_identifier_may_be_the_largest_integer() -> None:
    assert answer(9, 1, 2147483647)["orderId"] == 2147483647


@given(st.one_of(st.from_regex(rb"[-+]?[0-9]{1,17}", fullmatch=True), st.binary(min_size=1, max_size=SHORT)))
def test_an_identifier_reads_the_same_octet_by_octet(raw: bytes) -> None:
    assert short_identifier(raw) == identifier(raw)


@pytest.mark.parametrize("spelled", ["Infinity", "-Infinity", "NaN"])
def test_what_json_has_no_number_for_is_a_string(spelled: str) -> None:
    assert answer(45, 6, 1, 49, spelled)["value"] == spelled


def test_the_infinity_that_ib_async_writes_is_shown_and_flagged() -> None:
    payload = b"45\x006\x001\x0049\x00Infinite\0"

    decoded = decode(payload, from_client=False, server_version=178, encoding="text")

    assert (decoded.fields["value"], decoded.problem) == ("Infinite", "value (field 4) is not a number")


def test_escapes_are_resolved_from_server_153_on() -> None:
    text = "Gr\\u00fc\\u00dfe"

    assert answer(4, 2, -1, 399, text, version=152)["errorMsg"] == text
    assert answer(4, 2, -1, 399, text, version=153)["errorMsg"] == "Grüße"


def test_an_escaped_surrogate_stays_escaped() -> None:
    assert answer(4, 2, -1, 399, "\\ud83d\\ude00", version=153)["errorMsg"] == "\\ud83d\\ude00"


def test_a_server_newer_than_the_schema_is_named_with_its_surplus() -> None:
    payload = (9).to_bytes(4, "big") + b"1\x0017\x00new\0"

    decoded = decode(payload, from_client=False, server_version=300, encoding="binary_id")

    assert decoded.fields == {"version": 1, "orderId": 17, "field_3": "new"}
    assert decoded.problem == (
        "1 more field than known, from field 3 on; server version 300 is newer than the 226 known"
    )


def test_the_count_of_a_group_ends_with_the_fields() -> None:
    payload = b"93\x0026\x002000000000\x000.0\x000.01\0"
    began = time.perf_counter()

    decoded = decode(payload, from_client=False, server_version=178, encoding="text")

    assert decoded.fields["priceIncrements"] == [{"lowEdge": "0.0", "increment": "0.01"}]
    assert decoded.problem == "ends before priceIncrements.lowEdge (field 5)"
    assert time.perf_counter() - began < 0.5


def test_a_count_that_is_no_number_leaves_the_rest_unnamed() -> None:
    decoded = decode(b"93\x0026\x00many\x00x\0", from_client=False, server_version=178, encoding="text")

    assert decoded.fields == {"marketRuleId": 26, "priceIncrements": "many", "field_3": "x"}
    assert decoded.problem == "the count of priceIncrements (field 2) is not an integer"


def test_a_million_fields_are_kept_in_bounded_time() -> None:
    payload = b"9\0" + b"x\0" * (MAX_FIELDS + 10)
    began = time.perf_counter()

    decoded = decode(payload, from_client=False, server_version=178, encoding="text")

    assert len(decoded.fields) == 2 + MAX_SURPLUS + 1
    assert sum(str(value).count("x") for value in decoded.fields.values()) == MAX_FIELDS + 10
    assert time.perf_counter() - began < 5


def spell(value: object) -> int:
    """Fields that a decoded value took on the wire."""
    if isinstance(value, dict):
        return sum(map(spell, value.values()))
    return 1 + sum(map(spell, value)) if isinstance(value, list) else 1


def check(payload: bytes, from_client: bool, version: int | None, encoding: str) -> None:
    decoded = decode(payload, from_client=from_client, server_version=version, encoding=encoding)
    text = json.dumps(decoded.fields, allow_nan=False, ensure_ascii=False)

    assert text.encode("utf-8")
    assert decoded.name
    assert decoded.request_id is None or type(decoded.request_id) is int


@given(payload=st.binary(max_size=200), from_client=st.booleans(), version=VERSIONS, encoding=ENCODINGS)
@settings(max_examples=400, deadline=None)
def test_any_octets_decode_to_plain_json(payload: bytes, from_client: bool, version: int | None, encoding: str) -> None:
    check(payload, from_client, version, encoding)


@given(
    message_id=st.integers(1, 115),
    fields=st.lists(FIELD, max_size=60),
    from_client=st.booleans(),
    version=VERSIONS,
)
@settings(max_examples=600, deadline=None)
def test_any_fields_of_any_message_decode_to_plain_json_and_none_is_lost(
    message_id: int, fields: list[bytes], from_client: bool, version: int | None
) -> None:
    fields = [field.replace(b"\0", b"") for field in fields]
    payload = b"".join(field + b"\0" for field in [str(message_id).encode(), *fields])
    check(payload, from_client, version, "text")

    decoded = decode(payload, from_client=from_client, server_version=version or 178, encoding="text")
    assert spell(decoded.fields) == len(fields)


@pytest.mark.deep
@given(payload=st.binary(max_size=2000), from_client=st.booleans(), version=VERSIONS, encoding=ENCODINGS)
@settings(max_examples=20000, deadline=None)
def test_any_octets_at_length(payload: bytes, from_client: bool, version: int | None, encoding: str) -> None:
    check(payload, from_client, version, encoding)


@pytest.mark.deep
@given(st.data())
@settings(max_examples=5000, deadline=None)
def test_any_change_of_a_recorded_message(data: st.DataObject) -> None:
    version, text = recorded.MESSAGES[data.draw(st.sampled_from(sorted(recorded.MESSAGES)))]
    payload = bytearray(recorded.payload(text))
    for _ in range(data.draw(st.integers(1, 5))):
        payload[data.draw(st.integers(0, len(payload) - 1))] = data.draw(st.integers(0, 255))

    check(bytes(payload), False, data.draw(st.sampled_from([version, None])), "text")


def test_the_message_versions_of_old_servers_gate_their_fields() -> None:
    row = by_name("execDetails")[0]
    old = {"version": 6, "execution": {"orderId": 5}}

    body = encode_text(row, old, 50)

    assert body.startswith(b"6\x005\0")  # no request id before message version 7


def test_a_group_that_takes_no_field_ends_its_list() -> None:
    steps = plan(parse("rows[ ?flag x ]", {}), 178)

    assert Reader([b"1000000000"]).read(steps) == {"rows": []}


@pytest.mark.parametrize(("increment", "named"), [("0.5", True), ("0", False), ("-1", False), ("much", False)])
def test_a_condition_on_a_number_asks_the_number(increment: str, named: bool) -> None:
    steps = plan(parse("increment:d ?increment>0 adjust", {}), 178)

    values = Reader([increment.encode(), b"x"]).read(steps)

    assert ("adjust" in values) is named


def test_fields_left_are_not_counted_where_bodies_are_not_framed() -> None:
    steps = plan(parse("V3 a ?left>1 count ?left>0|3 options", {}), 76)
    reader = Reader([b"2", b"a", b"next", b"message"])
    reader.unframed = True

    reader.read(steps, 4)

    assert reader.position == 2
