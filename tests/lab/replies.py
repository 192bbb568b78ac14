"""What a healthy gateway answers to each request: invented data of plausible shape, the same on every run.

A request comes in, (answer name, values) pairs go out, in the order a gateway sends them.
"""

import time
from collections.abc import Callable, Iterator
from typing import Any

from tests.lab.invented import (
    ACCOUNT,
    ACCOUNT_VALUES,
    EXECUTION_TIME,
    PERM_ID,
    POSITIONS,
    STOCKS,
    TICK_STREAM,
    Reply,
    bar,
    error,
    stock,
    tick,
)
from tests.lab.messages import Request


def _symbol(request: Request) -> str:
    contract = request.values.get("contract", {})
    by_id = {str(con_id): symbol for symbol, (con_id, *_) in STOCKS.items()}
    return str(contract.get("symbol") or by_id.get(str(contract.get("conId"))) or "AAPL")


def _market_data(request: Request) -> Iterator[Reply]:
    key = request.key
    yield "tickReqParams", {"reqId": key, "minTick": "0.01", "bboExchange": "9c0001", "snapshotPermissions": 3}
    yield "marketDataType", {"reqId": key, "marketDataType": 1}
    for number in range(len(TICK_STREAM)):
        yield tick(key, number)
    yield "tickGeneric", {"reqId": key, "tickType": 49, "value": 0.0}
    yield "tickString", {"reqId": key, "tickType": 45, "value": "1759760130"}


def _account_updates(request: Request) -> Iterator[Reply]:
    if str(request.values.get("subscribe", "0")) not in {"1", "True"}:
        return
    for name, value, currency in ACCOUNT_VALUES:
        yield "acctValue", {"key": name, "value": value, "currency": currency, "accountName": ACCOUNT}
    for symbol, size, cost in POSITIONS:
        worth = float(size) * (cost + 2)
        values = {"position": size, "marketPrice": cost + 2, "marketValue": worth, "averageCost": cost}
        gain = {"unrealizedPNL": float(size) * 2, "realizedPNL": 0.0, "accountName": ACCOUNT}
        yield "portfolioValue", {"contract": stock(symbol), **values, **gain}
    yield "acctUpdateTime", {"timeStamp": "10:15"}
    yield "acctDownloadEnd", {"accountName": ACCOUNT}


def _executions(request: Request) -> Iterator[Reply]:
    yield from _fill(request.key, 7, "IBM", "SLD", "50", 141.5)
    yield "executionDataEnd", {"reqId": request.key}


def _fill(req_id: int, order_id: int, symbol: str, side: str, shares: str, price: float) -> Iterator[Reply]:
    exec_id = f"00025b46.68e3a{order_id:03x}.01.01"
    what = {"orderId": order_id, "execId": exec_id, "time": EXECUTION_TIME, "acctNumber": ACCOUNT, "exchange": "ISLAND"}
    how = {"side": side, "shares": shares, "price": price, "permId": PERM_ID, "clientId": 1, "isLiquidation": False}
    total = {"cumQty": shares, "avgPrice": price, "lastLiquidity": 2}
    yield "executionData", {"reqId": req_id, "contract": stock(symbol), "execution": {**what, **how, **total}}
    yield "commissionReport", {"execId": exec_id, "commissionAndFees": 1.0, "currency": "USD", "realizedPNL": 57.5}


def _open_order(order_id: int, contract: dict[str, Any], order: dict[str, Any], status: str) -> list[Reply]:
    quantity = str(order.get("totalQuantity") or "100")
    limit = float(order.get("lmtPrice") or 0)
    known = {"orderId": order_id, "clientId": 1, "permId": PERM_ID, "action": order.get("action", "BUY")}
    terms = {"totalQuantity": quantity, "orderType": order.get("orderType", "LMT"), "lmtPrice": limit, "auxPrice": 0.0}
    rest = {"tif": "DAY", "account": ACCOUNT, "openClose": "", "origin": 0}
    state = {"status": status}
    shares = f"{PERM_ID}.0/{ACCOUNT}/{quantity}"  # the slot in which a real server repeats the account
    opened = {"contract": contract, "order": {**known, **terms, **rest}, "state": state, "sharesAllocation": shares}
    filled = quantity if status == "Filled" else "0"
    remaining = "0" if status == "Filled" else quantity
    price = limit if status == "Filled" else 0.0
    progress = {"status": status, "filled": filled, "remaining": remaining, "avgFillPrice": price, "permId": PERM_ID}
    details = {"parentId": 0, "lastFillPrice": price, "clientId": 1, "whyHeld": "", "mktCapPrice": 0.0}
    return [
        ("openOrder", {"orderId": order_id, **opened}),
        ("orderStatus", {"orderId": order_id, **progress, **details}),
    ]


def _place_order(request: Request) -> Iterator[Reply]:
    order = request.values.get("order", {})
    contract = stock(_symbol(request))
    yield from _open_order(request.key, contract, order, "Submitted")
    if str(order.get("orderType")) == "MKT":
        yield from _open_order(request.key, contract, {**order, "lmtPrice": 190.12}, "Filled")
        side = "BOT" if order.get("action") == "BUY" else "SLD"
        quantity = str(order.get("totalQuantity"))
        yield from _fill(-1, request.key, contract["symbol"], side, quantity, 190.12)


def _cancel_order(request: Request) -> Iterator[Reply]:
    yield error(202, "Order Canceled - reason:", request.key)
    status = {"status": "Cancelled", "filled": "0", "remaining": "100", "avgFillPrice": 0.0, "permId": PERM_ID}
    rest = {"parentId": 0, "lastFillPrice": 0.0, "clientId": 1, "whyHeld": "", "mktCapPrice": 0.0}
    yield "orderStatus", {"orderId": request.key, **status, **rest}


def _open_orders(_: Request) -> Iterator[Reply]:
    order = {"action": "BUY", "totalQuantity": "100", "orderType": "LMT", "lmtPrice": 120.5}
    yield from _open_order(0, stock("MSFT"), order, "PreSubmitted")
    yield "openOrderEnd", {}


def _contract_details(request: Request) -> Iterator[Reply]:
    symbol = _symbol(request)
    if symbol not in STOCKS:
        yield error(200, "No security definition has been found for the request", request.key)
        return
    _, name, _, trading_class = STOCKS[symbol]
    details = {
        "marketName": trading_class,
        "minTick": "0.01",
        "orderTypes": "ACTIVETIM,LMT,MKT,STP",
        "validExchanges": "SMART,ISLAND,NYSE",
        "priceMagnifier": 1,
        "underConId": 0,
        "longName": name,
        "industry": "Technology",
        "category": "Computers",
        "subcategory": "Computers",
        "timeZoneId": "US/Eastern",
        "tradingHours": "20251006:0400-20251006:2000;20251007:0400-20251007:2000",
        "liquidHours": "20251006:0930-20251006:1600;20251007:0930-20251007:1600",
        "aggGroup": 1,
        "marketRuleIds": "26,26,26",
        "stockType": "COMMON",
        "minSize": "0.0001",
        "sizeIncrement": "0.0001",
        "suggestedSizeIncrement": "100",
    }
    yield "contractData", {"reqId": request.key, "contract": stock(symbol), "details": details}
    yield "contractDataEnd", {"reqId": request.key}


def _depth(request: Request) -> Iterator[Reply]:
    for side, price in ((1, 190.10), (0, 190.12)):
        row = {"position": 0, "operation": 0, "side": side, "price": price, "size": "300"}
        smart = {"marketMaker": "NSDQ", "isSmartDepth": True}
        yield "marketDepthL2", {"reqId": request.key, "depth": {**row, **smart}}


def _historical_data(request: Request) -> Iterator[Reply]:
    when = {"start": "20251001 10:15:30 US/Eastern", "end": "20251006 10:15:30 US/Eastern"}
    yield "historicalData", {"reqId": request.key, **when, "bars": [bar(number) for number in range(5)]}
    yield "historicalDataEnd", {"reqId": request.key, **when}
    if str(request.values.get("keepUpToDate", "0")) in {"1", "True"}:
        yield "historicalDataUpdate", {"reqId": request.key, "bar": bar(5)}


def _real_time_bars(request: Request) -> Iterator[Reply]:
    prices = {"open": 190.0, "high": 190.5, "low": 189.75, "close": 190.25}
    yield (
        "realTimeBars",
        {"reqId": request.key, "time": 1759760130, **prices, "volume": "800", "WAP": "190.1", "count": 9},
    )


def _option_computation(request: Request) -> Iterator[Reply]:
    greeks = {"impliedVol": 0.25, "delta": 0.5, "optPrice": 4.5, "pvDividend": 0.0, "gamma": 0.04, "vega": 0.2}
    yield "tickOptionComputation", {"reqId": request.key, "tickType": 53, **greeks, "theta": -0.1, "undPrice": 190.0}


def _positions(_: Request) -> Iterator[Reply]:
    for symbol, size, cost in POSITIONS:
        yield "position", {"account": ACCOUNT, "contract": stock(symbol), "position": size, "avgCost": cost}
    yield "positionEnd", {}


def _account_summary(request: Request) -> Iterator[Reply]:
    for name, value, currency in ACCOUNT_VALUES[1:]:
        values = {"account": ACCOUNT, "tag": name, "value": value, "currency": currency}
        yield "accountSummary", {"reqId": request.key, **values}
    yield "accountSummaryEnd", {"reqId": request.key}


def _positions_multi(request: Request) -> Iterator[Reply]:
    for symbol, size, cost in POSITIONS:
        values = {"account": ACCOUNT, "contract": stock(symbol), "position": size, "avgCost": cost, "modelCode": ""}
        yield "positionMulti", {"reqId": request.key, **values}
    yield "positionMultiEnd", {"reqId": request.key}


def _account_updates_multi(request: Request) -> Iterator[Reply]:
    for name, value, currency in ACCOUNT_VALUES:
        values = {"account": ACCOUNT, "modelCode": "", "key": name, "value": value, "currency": currency}
        yield "accountUpdateMulti", {"reqId": request.key, **values}
    yield "accountUpdateMultiEnd", {"reqId": request.key}


def _option_chain(request: Request) -> Iterator[Reply]:
    strikes = [185.0, 190.0, 195.0]
    dates = ["20251017", "20251121"]
    groups = {
        "expirationGroups": [{"expiration": date} for date in dates],
        "strikeGroups": [{"strike": strike} for strike in strikes],
    }
    chain = {"exchange": "SMART", "underlyingConId": 265598, "tradingClass": "AAPL", "multiplier": "100"}
    yield "secDefOptParameter", {"reqId": request.key, **chain, "expirations": dates, "strikes": strikes, **groups}
    yield "secDefOptParameterEnd", {"reqId": request.key}


def _symbol_samples(request: Request) -> Iterator[Reply]:
    samples = [
        {"contract": {**stock(symbol), "description": STOCKS[symbol][1]}, "derivativeSecTypes": ["OPT"]}
        for symbol in ("AAPL", "IBM")
    ]
    yield "symbolSamples", {"reqId": request.key, "samples": samples}


def _news(request: Request) -> Iterator[Reply]:
    item = {"time": "2025-10-06 09:31:00.0", "providerCode": "BRFG", "articleId": "BRFG$0a1b2c3d"}
    yield "historicalNews", {"reqId": request.key, **item, "headline": "An invented headline"}
    yield "historicalNewsEnd", {"reqId": request.key, "hasMore": False}


def _historical_ticks(request: Request) -> Iterator[Reply]:
    if request.values.get("whatToShow") == "BID_ASK":
        quote = {"time": 1759760130, "priceBid": 190.1, "priceAsk": 190.12, "sizeBid": "300", "sizeAsk": "500"}
        yield "historicalTicksBidAsk", {"reqId": request.key, "ticks": [quote], "isDone": True}
        return
    trade = {"time": 1759760130, "price": 190.11, "size": "100", "exchange": "ISLAND", "specialConditions": ""}
    yield "historicalTicksLast", {"reqId": request.key, "ticks": [trade, {**trade, "price": 190.12}], "isDone": True}


def _tick_by_tick(request: Request) -> Iterator[Reply]:
    if request.values.get("tickType") == "BidAsk":
        quote = {"time": 1759760130, "priceBid": 190.1, "priceAsk": 190.12, "sizeBid": "300", "sizeAsk": "500"}
        yield "tickByTickBidAsk", {"reqId": request.key, "tickType": 3, "bidAsk": quote}
        return
    trade = {"time": 1759760130, "price": 190.11, "size": "100", "exchange": "ISLAND", "specialConditions": ""}
    yield "tickByTickLast", {"reqId": request.key, "tickType": 1, "last": trade}


def _pnl(request: Request) -> Iterator[Reply]:
    yield "pnl", {"reqId": request.key, "dailyPnL": 125.5, "unrealizedPnL": 300.0, "realizedPnL": 57.5}


def _pnl_single(request: Request) -> Iterator[Reply]:
    values = {"position": "100", "dailyPnL": 75.25, "unrealizedPnL": 200.0, "realizedPnL": 0.0, "value": 18925.0}
    yield "pnlSingle", {"reqId": request.key, **values}


def _one(name: str, **values: Any) -> Callable[[Request], Iterator[Reply]]:  # noqa: ANN401
    def reply(request: Request) -> Iterator[Reply]:
        yield name, {"reqId": request.key, **values}

    return reply


def _clock(name: str, factor: int) -> Callable[[Request], Iterator[Reply]]:
    def reply(_: Request) -> Iterator[Reply]:
        yield name, {name: int(time.time() * factor)}

    return reply


def _market_rule(request: Request) -> Iterator[Reply]:
    increments = [{"lowEdge": 0.0, "increment": 0.01}]
    yield "marketRule", {"marketRuleId": request.key, "increments": increments}


REPLIES: dict[int, Callable[[Request], Iterator[Reply]]] = {
    1: _market_data,
    3: _place_order,
    4: _cancel_order,
    5: _open_orders,
    6: _account_updates,
    7: _executions,
    8: _one("nextValidId", orderId=1),
    9: _contract_details,
    10: _depth,
    16: _open_orders,
    17: _one("managedAccts", accountsList=ACCOUNT),
    20: _historical_data,
    49: _clock("currentTime", 1),
    50: _real_time_bars,
    54: _option_computation,
    55: _option_computation,
    61: _positions,
    62: _account_summary,
    74: _positions_multi,
    76: _account_updates_multi,
    78: _option_chain,
    80: _one("familyCodes", familyCodes=[{"accountId": ACCOUNT, "familyCode": ""}]),
    81: _symbol_samples,
    85: _one("newsProviders", providers=[{"providerCode": "BRFG", "providerName": "Briefing.com General"}]),
    86: _news,
    87: _one("headTimestamp", headTimestamp="19801212-14:30:00"),
    91: _market_rule,
    92: _pnl,
    94: _pnl_single,
    96: _historical_ticks,
    97: _tick_by_tick,
    99: _one("completedOrdersEnd"),
    104: _one("userInfo", whiteBrandingId=""),
    105: _clock("currentTimeInMillis", 1000),
}


def answer(request: Request) -> list[Reply]:
    """The answers to a request, none where a gateway answers nothing (cancels, settings, unknown requests)."""
    make = REPLIES.get(request.id)
    return list(make(request)) if make else []
