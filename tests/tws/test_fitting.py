"""Which server versions a text message can be of, by its form: every message that a gateway sent says the truth."""

from __future__ import annotations

import pytest

from capanalyze.tws.fitting import fitting_versions
from capanalyze.tws.schema import SEVERAL, key_fields, messages
from tests.lab import invented, replies
from tests.lab import messages as lab

TEXT = (100, 200)
BARS = ("20260102", 1.0, 2.0, 0.5, 1.5, 100, 1.2)


def versions(payload: bytes, from_client: bool = False, *, whole: bool = True) -> tuple[int, int] | None:
    return fitting_versions(from_client, int(payload.partition(b"\0")[0]), payload, *TEXT, whole=whole)


def payload(*fields: object) -> bytes:
    return b"".join(str(field).encode() + b"\0" for field in fields)


@pytest.mark.parametrize(
    ("octets", "from_client", "expected"),
    [
        (payload(4, 2, 7, 200, "no"), False, (100, 165)),
        (payload(4, 2, 7, 200, "no", ""), False, (166, 193)),
        (payload(4, 7, 200, "no", "", 1767225600000), False, (194, 200)),
        (payload(4, 1, 7), True, (100, 168)),
        (payload(4, 7, "", "", 2147483647), True, (192, 200)),
        (payload(17, 3, 7, "a", "b", 1, *BARS, "false", 9), False, (100, 123)),
        (payload(17, 7, "a", "b", 1, *BARS, 9), False, (124, 195)),
        (payload(17, 7, 1, *BARS, 9), False, (196, 200)),
        (payload(21, 6, 12, 10, 0.2, 0.5, 4.5, 0, 0.1, 0.2, -0.1, 190), False, (100, 155)),
        (payload(21, 12, 10, 1, 0.2, 0.5, 4.5, 0, 0.1, 0.2, -0.1, 190), False, (156, 200)),
        (payload(4, "x"), False, None),
        (payload(300, 1), False, None),
    ],
)
def test_the_form_of_a_message_tells_its_versions(
    octets: bytes, from_client: bool, expected: tuple[int, int] | None
) -> None:
    assert versions(octets, from_client) == expected


def test_what_is_not_whole_is_judged_by_what_there_is() -> None:
    octets = payload(17, 7, "a", "b", 900, *BARS, 9, *BARS, 9)[:-3]

    assert versions(octets) is None
    assert versions(octets, whole=False) == (124, 195)


def test_what_is_too_long_to_be_tried_tells_nothing() -> None:
    octets = payload(17, 7, "a", "b", 20000, *(*BARS, 9) * 20000)

    assert versions(octets) is None


@pytest.mark.parametrize("version", range(TEXT[0], TEXT[1] + 1))
def test_every_answer_of_the_scripted_gateway_has_the_form_of_its_version(version: int) -> None:
    requests = [lab.Request(number, "text", {"reqId": "7", "orderId": "7"}) for number in replies.REPLIES]
    answers = [answer for request in requests for answer in replies.answer(request)]
    for name, values in [*answers, *invented.start_up(), invented.error(200, "no such contract", 7)]:
        if version >= messages(False)[lab.ANSWERS[name].id].since:
            octets, _ = lab.encode(name, version, values)
            found = versions(octets)

            assert found is not None, name
            assert found[0] <= version <= found[1], name
            assert key_fields(False, *found).of(lab.ANSWERS[name].id) != SEVERAL, name


def test_ids_lie_in_one_place_in_all_versions_whose_ids_are_binary() -> None:
    for from_client in (False, True):
        places = key_fields(from_client, 201, 226)

        assert [number for number in messages(from_client) if places.of(number) == SEVERAL] == []
