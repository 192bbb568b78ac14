"""The shipped recordings are described, are those that were checked, and the real clients understood them."""

import hashlib
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.lab.recordings import RECORDINGS

CAPTURES = Path(__file__).resolve().parents[2] / "captures"
EXPECTED: dict[str, Any] = json.loads(Path(__file__).with_name("expected.json").read_text(encoding="utf-8"))
SHIPPED = sorted(path.name for path in CAPTURES.glob("*.pcapng"))
# The callback of IB's client that a message of the server ends in, once for each message.
CALLBACKS = {
    1: "tickPrice",
    3: "orderStatus",
    5: "openOrder",
    6: "updateAccountValue",
    7: "updatePortfolio",
    8: "updateAccountTime",
    9: "nextValidId",
    10: "contractDetails",
    11: "execDetails",
    13: "updateMktDepthL2",
    15: "managedAccounts",
    45: "tickGeneric",
    46: "tickString",
    49: "currentTime",
    52: "contractDetailsEnd",
    53: "openOrderEnd",
    54: "accountDownloadEnd",
    58: "marketDataType",
    61: "position",
    62: "positionEnd",
    63: "accountSummary",
    64: "accountSummaryEnd",
    75: "securityDefinitionOptionParameter",
    76: "securityDefinitionOptionParameterEnd",
    78: "familyCodes",
    79: "symbolSamples",
    81: "tickReqParams",
    88: "headTimestamp",
    93: "marketRule",
    94: "pnl",
}
FULL_SESSIONS_OF_IBAPI = [
    "ibapi-9.81-healthy-157.pcapng",
    "ibapi-stable-mixed-203.pcapng",
    "ibapi-latest-protobuf-226.pcapng",
    "ibapi-latest-binary-id-202.pcapng",
    "ibapi-latest-text-100.pcapng",
]


def test_each_capture_has_a_recording_an_entry_and_a_row() -> None:
    rows = re.findall(r"^\| `([^`]+\.pcapng)`", (CAPTURES / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    recorded = [f"{recording.name}.pcapng" for recording in RECORDINGS]

    assert sorted(recorded) == SHIPPED
    assert sorted(EXPECTED) == SHIPPED
    assert sorted(rows) == SHIPPED


@pytest.mark.parametrize("name", SHIPPED)
def test_each_capture_is_the_one_that_was_checked_when_recorded(name: str) -> None:
    digest = hashlib.sha256((CAPTURES / name).read_bytes()).hexdigest()

    assert EXPECTED[name]["sha256"] == digest


def test_no_capture_says_which_machine_made_it() -> None:
    paths = [str(CAPTURES / name) for name in SHIPPED]

    facts = subprocess.run(["capinfos", *paths], capture_output=True, text=True, check=True).stdout

    systems = re.findall(r"(?:Capture oper-sys|Operating system)\s*[:=]\s+(.*)", facts)
    assert ["Linux"] * 2 * len(SHIPPED) == systems
    assert "Capture hardware" not in facts


@pytest.mark.parametrize("name", FULL_SESSIONS_OF_IBAPI)
def test_ibs_client_called_back_for_each_message_of_the_gateway(name: str) -> None:
    entry = EXPECTED[name]
    called = entry["clients"][0]["told"][-1]["callbacks"]
    sent = entry["connections"][0]["messages"]["server"]

    expected = {CALLBACKS[int(number)]: count for number, count in sent.items() if int(number) in CALLBACKS}
    assert {callback: called.get(callback, 0) for callback in expected} == expected
    assert called["historicalData"] == 5  # the bars of the one message


@pytest.mark.parametrize("name", ["ib_async-healthy-178.pcapng", "ib_insync-healthy-176.pcapng"])
def test_the_asyncio_clients_could_read_every_message(name: str) -> None:
    told = EXPECTED[name]["clients"][0]["told"]

    unread = [line for line in told if line["event"] == "log" and "Error handling fields" in line["text"]]
    assert unread == []
    assert {"positions": 2, "trades": 3, "fills": 2}.items() <= told[-3].items()
