"""The invented account, prices and orders that the gateway's answers speak of.

Contract ids of listed stocks are public; all else is made up.
"""

import time
from typing import Any

ACCOUNT = "DU0000000"
Reply = tuple[str, dict[str, Any]]

STOCKS = {
    "AAPL": (265598, "APPLE INC", "NASDAQ", "NMS"),
    "MSFT": (272093, "MICROSOFT CORP", "NASDAQ", "NMS"),
    "IBM": (8314, "INTL BUSINESS MACHINES CORP", "NYSE", "IBM"),
}
POSITIONS = (("AAPL", "100", 187.25), ("IBM", "-50", 141.5))
ACCOUNT_VALUES = (
    ("AccountCode", ACCOUNT, ""),
    ("NetLiquidation", "100250.75", "USD"),
    ("TotalCashValue", "81525.75", "USD"),
    ("BuyingPower", "325000.00", "USD"),
)
FARM_STATUS = (
    (2104, "Market data farm connection is OK:usfarm"),
    (2106, "HMDS data farm connection is OK:ushmds"),
    (2158, "Sec-def data farm connection is OK:secdefil"),
)
TICK_STREAM = ((1, 1, 190.10, "300"), (1, 2, 190.12, "500"), (1, 4, 190.11, "100"), (2, 8, None, "1250300"))
EXECUTION_TIME = "20251006 10:15:30 US/Eastern"
PERM_ID = 1073741901


def stock(symbol: str, exchange: str = "SMART") -> dict[str, Any]:
    """A contract by its symbol; an unknown symbol gets contract id 0."""
    con_id, _, primary, trading_class = STOCKS.get(symbol, (0, symbol, "", symbol))
    return {
        "conId": con_id,
        "symbol": symbol,
        "secType": "STK",
        "strike": 0.0,
        "exchange": exchange,
        "primaryExch": primary,
        "currency": "USD",
        "localSymbol": symbol,
        "tradingClass": trading_class,
    }


def error(code: int, message: str, about: int = -1) -> Reply:
    """An errMsg; the time that servers from 194 on add is now."""
    return "errMsg", {"id": about, "errorCode": code, "errorMsg": message, "errorTime": int(time.time() * 1000)}


def start_up(next_order_id: int = 1) -> list[Reply]:
    """What follows START_API: accounts, the next order id, the state of the farms."""
    accounts: list[Reply] = [("managedAccts", {"accountsList": ACCOUNT}), ("nextValidId", {"orderId": next_order_id})]
    return accounts + [error(code, message) for code, message in FARM_STATUS]


def tick(req_id: int, number: int) -> Reply:
    """The numbered tick of a market data subscription; the numbers go round."""
    kind, tick_type, price, size = TICK_STREAM[number % len(TICK_STREAM)]
    if kind == 1:
        return "tickPrice", {"reqId": req_id, "tickType": tick_type, "price": price, "size": size, "attrMask": 0}
    return "tickSize", {"reqId": req_id, "tickType": tick_type, "size": size}


def bar(number: int) -> dict[str, Any]:
    """The numbered bar of an invented price series."""
    price = 190.0 + number / 4
    prices = {"open": price, "high": price + 0.75, "low": price - 0.5, "close": price + 0.25}
    return {"date": f"2025100{number + 1}", **prices, "volume": "120345", "WAP": "190.2", "barCount": 512 + number}
