import pytest

from capanalyze.tws.decode import decode
from capanalyze.tws.summary import MAX_LENGTH, summary


def line(text: str, *, from_client: bool, version: int = 178) -> str:
    payload = text.replace("|", "\0").encode()
    return summary(decode(payload, from_client=from_client, server_version=version, encoding="text"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("71|2|7||", "startApi client 7"),
        (
            "1|11|1001|495512552|ES|FUT|20261218|0.0||50|CME||USD|ESZ6|ES|0|233|0|0||",
            "reqMktData #1001 ES FUT 20261218 CME",
        ),
        ("2|2|1001|", "cancelMktData #1001"),
        ("6|2|1|DU0000000|", "reqAccountUpdates on DU0000000"),
        ("5|1|", "reqOpenOrders"),
        ("4|1|13||", "cancelOrder #13"),
    ],
)
def test_what_a_client_asked(text: str, expected: str) -> None:
    assert line(text, from_client=True) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("9|1|1|", "nextValidId 1"),
        ("15|1|DU0000000|", "managedAccounts DU0000000"),
        ("4|2|-1|2104|Market data farm connection is OK:usfarm||",
         'error -1 code 2104 "Market data farm connection is OK:usfarm"'),
        ("4|2|-1|1300|TWS socket port has been reset.\nPlease reconnect||",
         'error -1 code 1300 "TWS socket port has been reset. Please reconnect"'),
        ("1|6|7|4|150.25|100|0|", "tickPrice #7 last 150.25"),
        ("61|3|DU0000000|1|TSLA|STK||0|||SMART|USD|TSLA|NMS|100|196.5|", "position TSLA STK SMART 100"),
        ("6|2|NetLiquidation|1000000|USD|DU0000000|", "updateAccountValue NetLiquidation 1000000 USD"),
        ("58|1|7|3|", "marketDataType #7 delayed"),
        ("46|6|7|999|x|", "tickString #7 999 x"),
        ("52|1|9|", "contractDetailsEnd #9"),
        ("199|x|", "message_199"),
    ],
)  # fmt: skip
def test_what_the_gateway_answered(text: str, expected: str) -> None:
    assert line(text, from_client=False) == expected


def test_a_long_text_is_cut() -> None:
    cut = line(f"4|2|-1|399|{'x' * 5000}||", from_client=False)

    assert len(cut) <= MAX_LENGTH
    assert "…" in cut


def test_what_is_unset_or_not_there_is_left_out() -> None:
    assert line("1|6|7|4||100|0|", from_client=False) == "tickPrice #7 last"
    assert line("61|3|", from_client=False) == "position"
