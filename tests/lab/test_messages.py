"""The scripted gateway writes what a server of that version writes: our decoder misses no field and finds none over."""

import pytest

from capanalyze.tws.decode import decode
from tests.lab.messages import ANSWERS, EARLIEST, encode

VALUES = {
    "id": 1, "reqId": 1, "orderId": 1, "tickType": 1, "marketRuleId": 1, "errorCode": 1, "contract": {"conId": 1},
    "order": {"orderId": 1, "clientId": 1, "permId": 1}, "execution": {"orderId": 1, "clientId": 1, "permId": 1},
    "bars": [{}], "ticks": [{"time": 1}], "samples": [{"contract": {"conId": 1}}],
    "depth": {"position": 1, "operation": 1, "side": 1},
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(ANSWERS))
def test_an_answer_has_the_fields_of_the_server_version(name: str) -> None:
    problems: dict[str, list[int]] = {}
    for version in range(max(100, EARLIEST.get(name, 0)), 227):
        payload, encoding = encode(name, version, VALUES)
        found = decode(payload, from_client=False, server_version=version, encoding=encoding).problem
        if found is not None and not found.endswith("is empty"):
            problems.setdefault(found, []).append(version)

    assert problems == {}
