import pytest

from capanalyze.tws.error_codes import meaning_of, meanings, severity_of
from capanalyze.tws.values import TABLES, TICK_TYPES, describe


@pytest.mark.parametrize(
    ("path", "value", "message", "words"),
    [
        ("tickType", 4, "tickPrice", "last"),
        ("tickType", 3, "tickByTick", "bid/ask"),
        ("tickType", 88, "tickString", "delayed last timestamp"),
        ("marketDepthData.side", 1, "updateMktDepth", "bid"),
        ("execution.side", "BOT", "execDetails", "bought"),
        ("order.conditions.type", 4, "placeOrder", "margin cushion"),
        ("contract.secType", "FOP", "reqMktData", "option on a future"),
        ("errorCode", 2104, "error", "market data farm: connected"),
        ("errorCode", 512, "error", "the client library failed to send a request"),
        ("attrMask", 5, "tickPrice", "can auto-execute, pre-open"),
        ("historicalTickBidAsk.mask", 1, "tickByTick", "bid past low"),
        ("historicalTicksBidAsk.mask", 1, "historicalTicksBidAsk", "ask past high"),
        ("impliedVol", "-1.0", "tickOptionComputation", "not computed"),
        ("impliedVol", "0.25", "tickOptionComputation", ""),
        ("contract.symbol", "ES", "reqMktData", ""),
        ("tickType", None, "tickPrice", ""),
        ("tickType", 9999, "tickPrice", ""),
        ("tickType", "many", "tickPrice", ""),
    ],
)
def test_a_value_is_put_into_words(path: str, value: object, message: str, words: str) -> None:
    assert describe(path, value, message) == words


def test_the_tick_types_are_numbered_as_ib_numbers_them() -> None:
    assert len(TICK_TYPES) == 111
    assert {TICK_TYPES[number] for number in (0, 14, 45, 62, 77, 101, 110)} == {
        "bid size", "open", "last timestamp", "news", "RT trade volume", "estimated IPO midpoint",
        "odd-lot ask exchange",
    }  # fmt: skip


def test_the_tables_have_no_empty_words() -> None:
    assert all(word for table in TABLES.values() for word in table.values())
    assert all(meanings().values())


@pytest.mark.parametrize(
    ("code", "severity"), [(2104, "notice"), (1100, "system"), (399, "warning"), (502, "local"), (200, "error")]
)
def test_the_severity_of_a_code(code: int, severity: str) -> None:
    assert severity_of(code) == severity


def test_a_code_that_is_not_known_has_no_meaning() -> None:
    assert meaning_of(99999) == ""
